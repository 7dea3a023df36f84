"""The values of the facts that house rules ask: what `manifest.subjects` declares, of a real project.

Each fact is worked out when it is asked for, once. What a reader cannot know is `Unknown`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from floe_engine.cel.values import Unknown
from floe_engine.policy.literal_tables import CodeShape, code_shape, literal_tables
from floe_engine.policy.meta import lookup
from floe_engine.policy.view import View
from floe_engine.project.facts import (
    Beside,
    Column,
    DataTest,
    Exposure,
    Macro,
    Model,
    SemanticModel,
    Source,
    UnitTest,
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

    @cached_property
    def hidden(self) -> str:
        """A model that may select from anything, because only dbt could follow its code; empty: none."""
        return next(
            (f"{model.label}: {model.unread}" for model in self.view.project.models if model.unread), ""
        )

    @cached_property
    def depths(self) -> dict[str, int]:
        """unique_id to how many models lie above it on the longest way."""
        view = self.view
        parents = {node.unique_id: node.parents for node in view.project.models}
        found: dict[str, int] = {}
        for unique_id in view.order:
            above = [found.get(parent, -1) for parent in parents[unique_id] if parent.startswith("model.")]
            found[unique_id] = max(above, default=-1) + 1
        return found


class TestFacts:
    """A data test."""

    __slots__ = ("arguments", "column", "name", "package", "severity")
    __test__ = False  # pytest, this is no test

    def __init__(self, test: DataTest) -> None:
        self.package, _, self.name = test.name.rpartition(".")
        self.column = test.column
        self.arguments = dict(test.arguments)
        self.severity = test.severity


class ColumnFacts:
    """A declared column of a node."""

    def __init__(self, column: Column, owner: NodeFacts) -> None:
        self._column = column
        self._owner = owner
        self.name = column.name
        self.description = column.description
        self.data_type = column.data_type

    @cached_property
    def meta(self) -> dict[str, Any]:
        """Its meta."""
        return dict(self._column.meta)

    @cached_property
    def tags(self) -> list[str]:
        """Its tags."""
        return sorted(self._column.tags)

    @cached_property
    def level(self) -> str:
        """Its classification."""
        declared = self._owner.view.declared_columns[self._owner.node.unique_id].get(self._column.folded)
        return (declared or self._owner.view.levels.default).level

    @cached_property
    def constraints(self) -> list[str]:
        """Kinds of its constraints."""
        return [constraint.kind for constraint in self._column.constraints]

    @cached_property
    def tests(self) -> list[TestFacts]:
        """The tests on it."""
        return self._owner.tests_by_column.get(self._column.folded, [])


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

    @cached_property
    def meta(self) -> dict[str, Any]:
        """Its meta."""
        return dict(self.node.meta)

    @cached_property
    def tags(self) -> list[str]:
        """Its tags."""
        return sorted(self.node.tags)

    @cached_property
    def columns(self) -> list[ColumnFacts]:
        """Its declared columns."""
        return [ColumnFacts(column, self) for column in self.node.columns]

    @cached_property
    def tests(self) -> list[TestFacts]:
        """The tests on it and its columns."""
        return [TestFacts(test) for test in self.node.tests]

    @cached_property
    def tests_by_column(self) -> dict[str, list[TestFacts]]:
        """Folded column name to the tests on it."""
        found: dict[str, list[TestFacts]] = {}
        for test in self.tests:
            if test.column is not None:
                found.setdefault(folded(test.column), []).append(test)
        return found

    @cached_property
    def level(self) -> str:
        """Its most sensitive classification."""
        return self.view.highest[self.node.unique_id].level

    @cached_property
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

    @cached_property
    def folder(self) -> str:
        """The folder of its file."""
        return posixpath.dirname(self.path)

    @cached_property
    def file(self) -> str:
        """The name of its file."""
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @cached_property
    def layer(self) -> str | None:  # type: ignore[override]
        """Its layer."""
        return self.view.layer(self.node)

    @cached_property
    def materialized(self) -> str:  # type: ignore[override]
        """How dbt builds it."""
        return self.node.materialized or {"seed": "seed", "snapshot": "snapshot"}.get(self.type, "view")

    @cached_property
    def code(self) -> CodeFacts:
        """What its file says."""
        return CodeFacts(self.node)

    @cached_property
    def schema(self) -> str | None:
        """The schema it is built in."""
        return self._placed(self.node.schema, "schema")

    @cached_property
    def database(self) -> str | None:
        """The database it is built in."""
        return self._placed(self.node.database, "database")

    def _placed(self, known: str | None, what: str) -> str | None:
        if known is None and self.view.project.reader == "static":
            raise Unknown(f"only dbt could tell its {what}, which the profile gives")
        return known

    @cached_property
    def owner(self) -> str | None:
        """Who answers for it."""
        told = lookup(self.node.meta, "owner")
        if isinstance(told, str) and told:
            return told
        return self.facts.owners.get(self.node.group or "") or None

    @cached_property
    def grants(self) -> dict[str, list[str]]:
        """Privilege to those who have it."""
        return {privilege: list(roles) for privilege, roles in self.node.grants.items()}

    @cached_property
    def parents(self) -> list[Any]:
        """What it selects from."""
        if self.node.unread:
            raise Unknown(f"only dbt could follow {self.node.unread}")
        return [self.facts.at(parent) for parent in self.node.parents]

    @cached_property
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

    @cached_property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self._text.strip().splitlines())

    @cached_property
    def hard_coded(self) -> list[str]:
        """Tables that it names itself."""
        return [table for table, _ in literal_tables(self._sql)]

    @cached_property
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


class BesideFacts:
    """What exposures, macros, semantic models and unit tests have in common."""

    def __init__(self, facts: Facts, of: Beside) -> None:
        self._facts = facts
        self.name = of.name
        self.path = of.path
        self.description = of.description
        self.meta = dict(of.meta)
        self._parents = () if isinstance(of, Macro) else of.parents

    @cached_property
    def parents(self) -> list[Any]:
        """What it is made on."""
        return [self._facts.at(parent) for parent in self._parents]


class ExposureFacts(BesideFacts):
    """An exposure."""

    def __init__(self, facts: Facts, of: Exposure) -> None:
        super().__init__(facts, of)
        self.type = of.type
        self.label = of.label_text
        self.maturity = of.maturity
        self.url = of.url
        self.owner = of.owner_email or of.owner_name
        self.owner_name = of.owner_name
        self.owner_email = of.owner_email
        self.tags = sorted(of.tags)


class ExposureNode(BesideFacts):
    """An exposure, as a child."""

    type, layer, materialized, access = "exposure", None, None, ""

    def __init__(self, facts: Facts, of: Exposure) -> None:
        super().__init__(facts, of)
        self.tags = sorted(of.tags)


class ForeignFacts:
    """A node of an installed package: dbt's unique_id names it, and nothing else is known."""

    path = ""

    def __init__(self, unique_id: str) -> None:
        self._unique_id = unique_id
        self.type = unique_id.partition(".")[0]
        self.name = unique_id.rpartition(".")[2]

    def __getattr__(self, name: str) -> Any:
        raise Unknown(f"{self._unique_id} is of an installed package, and only its name is known")


class MacroFacts(BesideFacts):
    """A macro."""

    def __init__(self, facts: Facts, of: Macro) -> None:
        super().__init__(facts, of)
        self._used_by = of.used_by
        self.file = posixpath.splitext(posixpath.basename(of.path))[0]
        self.properties_path = of.properties_path
        self.arguments = list(of.arguments)
        self.lines = len(of.code.splitlines())

    @property
    def used(self) -> bool:
        """Whether something calls it."""
        if self._used_by is None:
            raise Unknown("only dbt could tell what calls it")
        return bool(self._used_by)


class SemanticModelFacts(BesideFacts):
    """A semantic model."""

    def __init__(self, facts: Facts, of: SemanticModel) -> None:
        super().__init__(facts, of)
        self.label = of.label_text
        self.entities, self.dimensions, self.measures = map(list, (of.entities, of.dimensions, of.measures))


class InputFacts(NamedTuple):
    """A table that a unit test gives to its model."""

    name: str
    format: str


class UnitTestFacts(BesideFacts):
    """A unit test."""

    def __init__(self, facts: Facts, of: UnitTest) -> None:
        super().__init__(facts, of)
        self.tags = sorted(of.tags)
        self.given = [InputFacts(*each) for each in of.given]
        self.expected_format = of.expected_format


class ProjectFacts:
    """The project as a whole."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.name = facts.view.project.name
        self.adapter = facts.view.adapter

    def _all(self, kind: str) -> list[NodeFacts]:
        models = self._facts.view.project.models
        return [self._facts.of(node) for node in models if node.resource_type == kind]

    @cached_property
    def models(self) -> list[NodeFacts]:
        """Its models."""
        return self._all("model")

    @cached_property
    def seeds(self) -> list[NodeFacts]:
        """Its seeds."""
        return self._all("seed")

    @cached_property
    def snapshots(self) -> list[NodeFacts]:
        """Its snapshots."""
        return self._all("snapshot")

    @cached_property
    def sources(self) -> list[NodeFacts]:
        """Its sources' tables."""
        return [self._facts.of(source) for source in self._facts.view.project.sources]

    @cached_property
    def exposures(self) -> list[BesideFacts]:
        """Its exposures."""
        return [self._facts.beside(each) for each in self._facts.view.project.exposures]

    @cached_property
    def macros(self) -> list[BesideFacts]:
        """Its macros."""
        return [self._facts.beside(each) for each in self._facts.view.project.macros]

    @cached_property
    def semantic_models(self) -> list[BesideFacts]:
        """Its semantic models."""
        return [self._facts.beside(each) for each in self._facts.view.project.semantic_models]

    @cached_property
    def unit_tests(self) -> list[BesideFacts]:
        """Its unit tests."""
        return [self._facts.beside(each) for each in self._facts.view.project.unit_tests]


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
