"""Which sources a model comes from, and which of them nobody watches for staleness."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from floe_engine.project.facts import Model, Project, Source

NAMED = 3
"""Unwatched sources that are kept by name; a reader needs no longer list."""


class Roots(Struct, frozen=True):
    """The origin of a node's data: up to `NAMED` unwatched sources, and whether there are more."""

    sources: bool = False
    seeds: bool = False
    others: bool = False
    """Whether something else without parents is among the roots (a package's model, a literal)."""
    stale: frozenset[str] = frozenset()
    more: bool = False

    @property
    def only_seeds(self) -> bool:
        """Whether the data comes from seeds alone, which cannot become stale."""
        return self.seeds and not self.sources and not self.others


KNOWS_AGE = frozenset({"snowflake", "redshift", "bigquery", "databricks"})
"""Adapters that ask the warehouse when a table was last changed; with the others ``dbt source freshness``
fails where nothing in the source tells it (docs.getdbt.com, reference/resource-properties/freshness)."""


def how_to_watch(sources: str) -> str:
    """What to do about sources that nobody watches."""
    return f"declare freshness with warn_after or error_after, and loaded_at_field, on source {sources}"


def roots(project: Project, order: Iterable[Model], adapter: str | None = None) -> dict[str, Roots]:
    """unique_id of every source, model, seed and snapshot to its roots. `order` has parents first.

    A threshold watches a source where `adapter` can tell how old its rows are; None: it is taken to.
    """
    found: dict[str, Roots] = {}
    for source in project.sources:
        found[source.unique_id] = Roots(sources=True, stale=_unwatched(source, adapter))
    for model in order:
        if model.resource_type == "seed":
            found[model.unique_id] = Roots(seeds=True)
        elif not model.parents:
            found[model.unique_id] = Roots(others=True)
        else:
            found[model.unique_id] = _together(
                [found.get(parent, Roots(others=True)) for parent in model.parents]
            )
    return found


def stale_above(
    project: Project, order: Iterable[Model], adapter: str | None = None
) -> dict[str, frozenset[str]]:
    """unique_id of every node to all unwatched sources above it, by label: `Roots` without its bound."""
    found = {source.unique_id: _unwatched(source, adapter) for source in project.sources}
    for model in order:
        parents = [found[parent] for parent in model.parents if found.get(parent)]
        found[model.unique_id] = parents[0] if len(parents) == 1 else frozenset().union(*parents)
    return found


def _unwatched(source: Source, adapter: str | None) -> frozenset[str]:
    watched = source.has_freshness and (source.tells_age or adapter is None or adapter in KNOWS_AGE)
    return frozenset() if watched else frozenset({source.label})


def _together(parts: list[Roots]) -> Roots:
    first = parts[0]
    if all(part is first for part in parts):
        return first
    sources, seeds, others, more = first.sources, first.seeds, first.others, first.more
    stale = set(first.stale)
    for part in parts:
        sources, seeds, others = sources or part.sources, seeds or part.seeds, others or part.others
        stale |= part.stale
        more = more or part.more
    return Roots(
        sources=sources,
        seeds=seeds,
        others=others,
        stale=frozenset(sorted(stale)[:NAMED]),
        more=more or len(stale) > NAMED,
    )
