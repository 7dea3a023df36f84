"""The values of the facts that house rules ask: what `manifest.subjects` declares, of a real project.

Each fact is worked out when it is asked for, once. What a reader cannot know is `Unknown`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from floe_engine.cel.values import Unknown
from floe_engine.policy.beside_facts import (
    BesideFacts,
    ExposureFacts,
    ExposureNode,
    ForeignFacts,
    MacroFacts,
    ProjectFacts,
    SemanticModelFacts,
    UnitTestFacts,
)
from floe_engine.policy.column_facts import ColumnFacts, TestFacts, lazy, plain, told
from floe_engine.policy.literal_tables import CodeShape, code_shape, literal_tables
from floe_engine.policy.meta import lookup
from floe_engine.policy.view import View
from floe_engine.project.facts import (
    Beside,
    Column,
    Exposure,
    Macro,
    Model,
    SemanticModel,
    Source,
    folded,
)


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
        """The facts of an exposure, macro, semantic model or unit test."""
        match of:
            case Exposure():
                return ExposureFacts(self, of)
            case Macro():
                return MacroFacts(self, of)
            case SemanticModel():
                return SemanticModelFacts(self, of)
        return UnitTestFacts(self, of)

    def at(self, unique_id: str) -> NodeFacts | ExposureNode | ForeignFacts:
        """The facts of what a unique_id names: a node of an installed package is known by its name alone."""
        node = self.view.project.by_id.get(unique_id)
        if node is not None:
            return self.of(node)
        exposure = self._exposures.get(unique_id)
        return ExposureNode(self, exposure) if exposure is not None else ForeignFacts(unique_id)

    @lazy
    def hidden(self) -> str:
        """A model that may select from anything, because only dbt could follow its code; empty: none."""
        return next(
            (f"{model.label}: {model.unread}" for model in self.view.project.models if model.unread), ""
        )

    @lazy
    def depths(self) -> dict[str, int]:
        """unique_id to how many models lie above it on the longest way."""
        view = self.view
        parents = {node.unique_id: node.parents for node in view.project.models}
        found: dict[str, int] = {}
        for unique_id in view.order:
            above = [found.get(parent, -1) for parent in parents[unique_id] if parent.startswith("model.")]
            found[unique_id] = max(above, default=-1) + 1
        return found


_NO_TESTS: list[TestFacts] = []  # no expression changes a list


class NodeFacts:
    """What models, seeds, snapshots and sources have in common."""

    type: str
    layer: str | None = None
    materialized: str | None = None
    access = ""

    def __init__(self, facts: Facts, node: Model | Source) -> None:
        self.facts = facts
        self.view = facts.view
        self.node: Model | Source = node
        self.name = node.name
        self.path = node.path
        self.description = node.description

    @lazy
    def meta(self) -> dict[str, Any]:
        """Its meta."""
        return plain(self.node.meta)

    @lazy
    def tags(self) -> list[str]:
        """Its tags."""
        return sorted(self.node.tags)

    @lazy
    def columns(self) -> list[ColumnFacts]:
        """Its declared columns."""
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
    def tests(self) -> list[TestFacts]:
        """The tests on it and its columns."""
        return list(map(told, self.node.tests))

    @lazy
    def tests_by_column(self) -> dict[str, list[TestFacts]]:
        """Folded column name to the tests on it."""
        found: dict[str, list[TestFacts]] = {}
        for test in self.tests:
            if test.column is not None:
                found.setdefault(folded(test.column), []).append(test)
        return found

    @lazy
    def level(self) -> str:
        """Its most sensitive classification."""
        return self.view.highest[self.node.unique_id].level

    @lazy
    def children(self) -> list[Any]:
        """What selects from it."""
        if self.facts.hidden:
            raise Unknown(f"only dbt could tell all that selects from it ({self.facts.hidden})")
        return [self.facts.at(child) for child in self.view.project.children.get(self.node.unique_id, ())]


class SourceFacts(NodeFacts):
    """A table of a source."""

    type = "source"

    def __init__(self, facts: Facts, node: Source) -> None:
        super().__init__(facts, node)
        self.source = node.source_name
        self.loader = node.loader
        self.has_freshness = node.has_freshness
        self.freshness = FreshnessFacts(node)
        self.tells_age = node.tells_age


class FreshnessFacts:
    """How old the rows of a source may be."""

    __slots__ = ("_limits",)

    def __init__(self, node: Source) -> None:
        self._limits = node.freshness

    @property
    def warn_after_hours(self) -> float | None:
        """Hours after which dbt warns."""
        return self._hours("warn_after")

    @property
    def error_after_hours(self) -> float | None:
        """Hours after which dbt fails."""
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


class ModelFacts(NodeFacts):
    """A model, a seed or a snapshot."""

    node: Model

    def __init__(self, facts: Facts, node: Model) -> None:
        super().__init__(facts, node)
        self.type = node.resource_type
        self.access = node.access if node.resource_type == "model" else ""
        self.version = node.version
        self.language = node.language
        self.group = node.group
        self.properties_path = node.properties_path
        self.unit_tests = node.unit_tests
        self.singular_tests = node.singular_tests
        self.has_freshness = node.has_freshness
        self.contract = ContractFacts(node)

    @lazy
    def folder(self) -> str:
        """The folder of its file."""
        return posixpath.dirname(self.path)

    @lazy
    def file(self) -> str:
        """The name of its file."""
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @lazy
    def layer(self) -> str | None:
        """Its layer."""
        return self.view.layer(self.node)

    @lazy
    def materialized(self) -> str:
        """How dbt builds it."""
        return self.node.materialized or {"seed": "seed", "snapshot": "snapshot"}.get(self.type, "view")

    @lazy
    def code(self) -> CodeFacts:
        """What its file says."""
        return CodeFacts(self.node)

    @lazy
    def schema(self) -> str | None:
        """The schema it is built in."""
        return self._placed(self.node.schema, "schema")

    @lazy
    def database(self) -> str | None:
        """The database it is built in."""
        return self._placed(self.node.database, "database")

    def _placed(self, known: str | None, what: str) -> str | None:
        if known is None and self.view.project.reader == "static":
            raise Unknown(f"only dbt could tell its {what}, which the profile gives")
        return known

    @lazy
    def owner(self) -> str | None:
        """Who answers for it."""
        told = lookup(self.node.meta, "owner")
        if isinstance(told, str) and told:
            return told
        return self.facts.owners.get(self.node.group or "") or None

    @lazy
    def grants(self) -> dict[str, list[str]]:
        """Privilege to those who have it."""
        return {privilege: list(roles) for privilege, roles in self.node.grants.items()}

    @lazy
    def parents(self) -> list[Any]:
        """What it selects from."""
        if self.node.unread:
            raise Unknown(f"only dbt could follow {self.node.unread}")
        return [self.facts.at(parent) for parent in self.node.parents]

    @lazy
    def depth(self) -> int:
        """How many models lie above it."""
        if self.facts.hidden:
            raise Unknown(f"only dbt could tell all that lies above it ({self.facts.hidden})")
        return self.facts.depths[self.node.unique_id]


class ContractFacts:
    """What a model promises of its shape."""

    __slots__ = ("constraints", "enforced")

    def __init__(self, node: Model) -> None:
        self.enforced = node.contract_enforced
        self.constraints = [constraint.kind for constraint in node.constraints]


class CodeFacts:
    """What a model's own file says."""

    def __init__(self, node: Model) -> None:
        self._text = node.raw_code if node.compiled else node.code
        self._sql = self._text if node.language == "sql" else ""
        if not self._text:
            raise Unknown("the manifest has no code of it")

    @lazy
    def lines(self) -> int:
        """How many lines it has."""
        return len(self._text.strip().splitlines())

    @lazy
    def hard_coded(self) -> list[str]:
        """Tables that it names itself."""
        return [table for table, _ in literal_tables(self._sql)]

    @lazy
    def _shape(self) -> CodeShape:
        return code_shape(self._sql)

    @property
    def select_star(self) -> bool:
        """Whether some query takes all columns."""
        return self._shape.select_star

    @property
    def joins(self) -> int:
        """How many joins it writes."""
        return self._shape.joins


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
    elif kind in ("exposure", "macro", "semantic_model", "unit_test"):
        found: tuple[Beside, ...] = getattr(view, f"{kind}s")
        for each in found:
            yield each, None, (facts.beside(each),)
    else:
        for node in view.resources:
            if node.resource_type == kind:
                yield node, None, (facts.of(node),)
