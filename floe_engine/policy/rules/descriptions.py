"""What a table and its columns mean is written down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import REQUIRED_TESTS
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class ModelDescription(ModelRule):
    """Every model has a description.

    Blank ones do not count. Where a layer requires ``documentation``, FLOE-E233 asks instead.
    """

    id = "FLOE-E220"
    setting = "governance.quality_gates.require_descriptions"
    asked = "gates.require_descriptions"
    reads = (*REQUIRED_TESTS, (QUALITY_GATES, "require_descriptions"))

    def applies(self, model: Model, view: View) -> bool:
        """Where no stronger rule asks."""
        return "documentation" not in view.required_tests(model)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        if not model.description.strip():
            yield self.finding(
                model,
                f"{model.label} has no description",
                expected="a description",
                actual="no properties file describes it"
                if model.properties_path is None
                else "no description",
                suggestion="say in one sentence what one row of it is",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        whole = _undocumented(make)
        if whole is not None:
            bare, name = replace(whole, description=""), whole.name
            yield of_model(
                "a model without a description is refused", f"model {name} without a description", bare, False
            )
            yield of_model("a described model passes", f"model {name}, described", whole, True)


class ColumnDescription(ModelRule):
    """Every declared column has a description.

    Blank ones do not count. Where a layer requires ``documentation``, FLOE-E233 asks instead.
    """

    id = "FLOE-E221"
    setting = "governance.quality_gates.require_column_descriptions"
    asked = "gates.require_column_descriptions"
    reads = (*REQUIRED_TESTS, (QUALITY_GATES, "require_column_descriptions"))

    def applies(self, model: Model, view: View) -> bool:
        """Where columns are declared and no stronger rule asks."""
        return bool(model.columns) and "documentation" not in view.required_tests(model)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        for column in model.columns:
            if not column.description.strip():
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} has no description",
                    column=column,
                    expected="a description",
                    actual="no description",
                    suggestion="say what it holds, in which unit",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        whole = _undocumented(make)
        if whole is not None:
            bare = replace(whole, columns=tuple(replace(each, description="") for each in whole.columns))
            name = whole.name
            yield of_model(
                "a column without a description is refused",
                f"model {name} with a column that nobody describes",
                bare,
                False,
            )
            yield of_model("described columns pass", f"model {name}, its columns described", whole, True)


def _undocumented(make: ExampleNodes) -> Model | None:
    """A model whose documentation no stronger rule asks for; None where one does everywhere."""
    platform = make.platform
    layers = [name for name, each in platform.layers.items() if "documentation" not in each.required_tests]
    if "documentation" in platform.gates.required_tests or (platform.layers and not layers):
        return None
    return make.model_of(layers[0] if layers else None)
