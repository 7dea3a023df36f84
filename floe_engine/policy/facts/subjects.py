"""The values of the facts that house rules ask: what `manifest.subjects` declares, of a real project.

Each fact is worked out when it is asked for, once. What a reader cannot know is `Unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from floe_engine.policy.facts.beside import (
    BesideFacts,
    ExposureFacts,
    ExposureNode,
    ForeignFacts,
    MacroFacts,
    ProjectFacts,
    ProjectTestFacts,
    SemanticModelFacts,
    UnitTestFacts,
)
from floe_engine.policy.facts.columns import lazy
from floe_engine.policy.facts.models import ModelFacts
from floe_engine.policy.facts.nodes import NodeFacts, SourceFacts
from floe_engine.policy.view import View
from floe_engine.project.facts import Beside, Column, Model, Source

_BESIDE: Mapping[str, Callable[[Facts, Any], BesideFacts]] = {
    "exposure": ExposureFacts,
    "macro": MacroFacts,
    "semantic_model": SemanticModelFacts,
    "unit_test": UnitTestFacts,
    "test": ProjectTestFacts,
}


class Facts:
    """All subjects of one view, each made once."""

    def __init__(self, view: View) -> None:
        self.view = view
        project = view.project
        self._made: dict[str, NodeFacts] = {}
        self._exposures = {each.unique_id: each for each in project.exposures}
        self.owners = {group.name: group.owner for group in project.groups}

    def of(self, node: Model | Source) -> NodeFacts:
        """The facts of a model, seed, snapshot or source."""
        found = self._made.get(node.unique_id)
        if found is None:
            found = SourceFacts(self, node) if isinstance(node, Source) else ModelFacts(self, node)
            self._made[node.unique_id] = found
        return found

    def beside(self, of: Beside) -> BesideFacts:
        """The facts of an exposure, macro, semantic model, unit test or test."""
        return _BESIDE[of.kind](self, of)

    def at(self, unique_id: str) -> NodeFacts | ExposureNode | ForeignFacts:
        """The facts of what a unique_id names: a node of an installed package is known by its name alone."""
        node = self.view.project.by_id.get(unique_id)
        if node is not None:
            return self.of(node)
        exposure = self._exposures.get(unique_id)
        return ExposureNode(self, exposure) if exposure is not None else ForeignFacts(unique_id)

    @lazy
    def sources_by_table(self) -> dict[tuple[str, str], list[Source]]:
        found: dict[tuple[str, str], list[Source]] = {}
        for source in self.view.project.sources:
            found.setdefault((source.schema, source.identifier), []).append(source)
        return found

    @lazy
    def view_chains(self) -> dict[str, int]:
        views = {
            node.unique_id
            for node in self.view.project.models
            if node.resource_type == "model" and (node.materialized or "view") in ("view", "ephemeral")
        }
        found: dict[str, int] = {}
        for node in self.view.order:
            chains = [found.get(parent, 0) + 1 for parent in node.parents if parent in views]
            found[node.unique_id] = max(chains, default=0)
        return found

    @lazy
    def hidden(self) -> str:
        return next(
            (f"{model.label}: {model.unread}" for model in self.view.project.models if model.unread), ""
        )

    @lazy
    def depths(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for node in self.view.order:
            above = [found.get(parent, -1) for parent in node.parents if parent.startswith("model.")]
            found[node.unique_id] = max(above, default=-1) + 1
        return found


def subjects(
    facts: Facts, kind: str
) -> Iterator[tuple[Model | Source | Beside | str, Column | None, tuple[Any, ...]]]:
    """Everything that a rule of a kind is asked of: the node, the column of it, and the values to ask."""
    view = facts.view
    if kind == "project":
        if not view.narrowed:
            yield view.project.name, None, (ProjectFacts(facts),)
    elif kind == "source":
        for source in view.sources:
            yield source, None, (facts.of(source),)
    elif kind == "column":
        for model in view.models:
            of = facts.of(model)
            for column, told in zip(model.columns, of.columns, strict=True):
                yield model, column, (told, of)
    elif kind in _BESIDE:
        found: tuple[Beside, ...] = getattr(view, f"{kind}s")
        for each in found:
            yield each, None, (facts.beside(each),)
    else:
        for node in view.resources:
            if node.resource_type == kind:
                yield node, None, (facts.of(node),)
