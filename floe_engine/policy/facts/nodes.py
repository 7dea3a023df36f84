"""The facts of what data comes from and goes to: what models and sources have in common, and sources'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from floe_engine.cel.values import Unknown
from floe_engine.policy.facts.columns import ColumnFacts, TestFacts, lazy, plain, told
from floe_engine.project.facts import Model, Source, folded

if TYPE_CHECKING:
    from floe_engine.policy.facts.subjects import Facts


_NO_TESTS: list[TestFacts] = []  # no expression changes a list


class ReferenceFacts(NamedTuple):
    """A ref as written."""

    name: str
    version: str | None


class NodeFacts:
    """What models, seeds, snapshots and sources have in common."""

    type: str
    layer: str | None = None
    materialized: str | None = None
    access = ""
    source = ""

    def __init__(self, facts: Facts, node: Model | Source) -> None:
        self.facts = facts
        self.view = facts.view
        self.node: Model | Source = node
        self.id = node.unique_id
        self.name = node.name
        self.path = node.path
        self.description = node.description

    @lazy
    def meta(self) -> dict[str, Any]:
        return plain(self.node.meta)

    @lazy
    def tags(self) -> list[str]:
        return sorted(self.node.tags)

    @lazy
    def columns(self) -> list[ColumnFacts]:
        levels, tests = self.view.declared_columns[self.node.unique_id], self.tests_by_column
        default = self.view.levels.default
        level = default.level
        return [
            ColumnFacts(
                column.name,
                column.description,
                column.data_type,
                levels.get(folded(column.name), default).level if levels else level,
                tests.get(folded(column.name), _NO_TESTS) if tests else _NO_TESTS,
                column,
            )
            for column in self.node.columns
        ]

    @lazy
    def table_columns(self) -> list[str]:
        project = self.view.project
        if (columns := project.table_columns(self.node)) is None:
            raise Unknown(f"nothing tells the columns of its table: {project.no_tables}")
        return list(columns)

    @lazy
    def tests(self) -> list[TestFacts]:
        return list(map(told, self.node.tests))

    @lazy
    def tests_by_column(self) -> dict[str, list[TestFacts]]:
        found: dict[str, list[TestFacts]] = {}
        for test in self.tests:
            if test.column is not None:
                found.setdefault(folded(test.column), []).append(test)
        return found

    @lazy
    def level(self) -> str:
        return self.view.highest[self.node.unique_id].level

    @lazy
    def children(self) -> list[Any]:
        if self.facts.hidden:
            raise Unknown(f"only dbt could tell all that selects from it ({self.facts.hidden})")
        return [self.facts.at(child) for child in self.view.project.children.get(self.node.unique_id, ())]

    @lazy
    def model_children(self) -> int:
        return sum(child.type == "model" for child in self.children)


class SourceFacts(NodeFacts):
    """A table of a source."""

    type = "source"
    node: Source
    parent_ids: list[str] = []  # noqa: RUF012  (no expression changes a list)
    references: list[ReferenceFacts] = []  # noqa: RUF012

    def __init__(self, facts: Facts, node: Source) -> None:
        super().__init__(facts, node)
        self.source = node.source_name
        self.loader = node.loader
        self.has_freshness = node.has_freshness
        self.freshness = FreshnessFacts(node)
        self.tells_age = node.tells_age
        self.source_description = node.source_description
        self.schema, self.identifier = node.schema, node.identifier

    @lazy
    def labels(self) -> dict[str, Any]:
        within = self.node.meta.get("labels")
        return {**self.node.labels, **(within if isinstance(within, dict) else {})}

    @lazy
    def database(self) -> str | None:
        if self.node.database is None and self.view.project.reader == "static":
            raise Unknown("only dbt could tell its database, which the profile gives")
        return self.node.database

    @lazy
    def duplicates(self) -> list[str]:
        same = self.facts.sources_by_table.get((self.schema, self.identifier), [])
        others = [each for each in same if each is not self.node]
        if any((each.database is None) is not (self.node.database is None) for each in others):
            raise Unknown("only dbt could tell its database, which the profile gives")
        return [each.label for each in others if each.database == self.node.database]


class FreshnessFacts:
    """How old the rows of a source may be."""

    __slots__ = ("_limits",)

    def __init__(self, node: Source) -> None:
        self._limits = node.freshness

    @property
    def warn_after_hours(self) -> float | None:
        return self._hours("warn_after")

    @property
    def error_after_hours(self) -> float | None:
        return self._hours("error_after")

    def _hours(self, key: str) -> float | None:
        limit = self._limits.get(key)
        if limit is None:
            return None
        count, period = limit["count"], _HOURS.get(str(limit["period"]))
        if isinstance(count, bool) or not isinstance(count, int | float) or period is None:
            raise Unknown(f"only dbt could tell what {key} of {count} {limit['period']} is")
        return count * period


_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
