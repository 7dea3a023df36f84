"""The facts of what stands beside a project's nodes, and of the project as a whole."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from floe_engine.cel.values import Unknown
from floe_engine.lineage.code_text import macro_parameters
from floe_engine.policy.facts.columns import lazy, plain
from floe_engine.project.facts import Beside, Exposure, Macro, ProjectTest, SemanticModel, UnitTest

if TYPE_CHECKING:
    from floe_engine.policy.facts.nodes import NodeFacts
    from floe_engine.policy.facts.subjects import Facts


class BesideFacts:
    """What exposures, macros, semantic models and unit tests have in common."""

    def __init__(self, facts: Facts, of: Beside) -> None:
        self._facts = facts
        self.id = of.unique_id
        self.name = of.name
        self.path = of.path
        self.description = of.description
        self.meta = plain(of.meta)
        self._parents = of.parents

    @lazy
    def parents(self) -> list[Any]:
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
    source, schema, database = "", None, None
    model_children = 0

    def __init__(self, facts: Facts, of: Exposure) -> None:
        super().__init__(facts, of)
        self.tags = sorted(of.tags)
        self.parent_ids = list(of.parents)
        self.references: list[Any] = []


class ForeignFacts:
    """A node of an installed package: dbt's unique_id names it, and nothing else is known."""

    path = ""

    def __init__(self, unique_id: str) -> None:
        self._unique_id = self.id = unique_id
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
        self.text = of.code
        self.lines = len(of.code.strip().splitlines())

    @lazy
    def parameters(self) -> list[str]:
        return macro_parameters(self.text)

    @property
    def used(self) -> bool:
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


class ProjectTestFacts(BesideFacts):
    """A data test."""

    def __init__(self, facts: Facts, of: ProjectTest) -> None:
        super().__init__(facts, of)
        self.test, self.column, self.severity, self.where = of.test, of.column, of.severity, of.where
        self.tags = sorted(of.tags)


def _nodes(kind: str) -> lazy[list[NodeFacts]]:
    def found(project: ProjectFacts) -> list[NodeFacts]:
        facts = project.facts
        return [facts.of(node) for node in facts.view.project.models if node.resource_type == kind]

    return lazy(found)


def _beside(kinds: str) -> lazy[list[BesideFacts]]:
    def found(project: ProjectFacts) -> list[BesideFacts]:
        facts = project.facts
        return [facts.beside(each) for each in getattr(facts.view.project, kinds)]

    return lazy(found)


class ProjectFacts:
    """The project as a whole."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.name = facts.view.project.name
        self.adapter = facts.view.adapter

    models, seeds, snapshots = map(_nodes, ("model", "seed", "snapshot"))
    exposures, macros, semantic_models = map(_beside, ("exposures", "macros", "semantic_models"))
    unit_tests, tests = map(_beside, ("unit_tests", "tests"))

    @lazy
    def sources(self) -> list[NodeFacts]:
        return [self.facts.of(source) for source in self.facts.view.project.sources]
