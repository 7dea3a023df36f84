"""Columns are spelt, typed and present as the platform's schema registry says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from floe_engine.artifact.paths import SCHEMA_REGISTRY
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import TypeRule
from floe_engine.expressions import fullmatch
from floe_engine.patterns import pattern
from floe_engine.policy.data_types import a_counterexample, agrees, an_example
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import PLACEMENT, REQUIRED_TESTS
from floe_engine.policy.rule import Example, ModelRule, met_and_not
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, folded

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_CASES = {
    "snake": pattern(r"[a-z_][a-z0-9_]*"),
    "camel": pattern(r"[a-z][a-zA-Z0-9]*"),
    "upper": pattern(r"[A-Z_][A-Z0-9_]*"),
    "any": pattern(r".*"),
}


_EXAMPLES_OF_CASE = {
    "snake": ("order_total", "OrderTotal"),
    "camel": ("orderTotal", "order_total"),
    "upper": ("ORDER_TOTAL", "order_total"),
}
"""A name in each case, and one that is not."""

_TYPED_BY_NAME = (
    "created_at", "order_date", "is_active", "has_email", "order_id", "id", "amount", "total_amount",
)  # fmt: skip
"""Names that type rules are often about."""


def well_spelt(name: str, case: str) -> bool:
    """Whether a column name is in a case (``any`` takes all)."""
    return _CASES[case].fullmatch(name) is not None


class ColumnRule(ModelRule):
    """A rule that looks at declared columns."""

    def applies(self, model: Model, view: View) -> bool:
        """Where columns are declared."""
        return bool(model.columns)


class ColumnCase(ColumnRule):
    """Declared columns are spelt in the platform's case.

    ``snake`` is lower case with underscores, ``camel`` starts lower, ``upper`` is upper case with
    underscores.
    """

    id = "FLOE-E270"
    setting = "catalog.schema_registry.column_case"
    reads = ((SCHEMA_REGISTRY, "columnCase"),)

    def active(self, platform: Platform) -> bool:
        return platform.schemas.column_case != "any"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        case = view.platform.schemas.column_case
        for column in model.columns:
            if not well_spelt(column.name, case):
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} is not in {case} case",
                    column=column,
                    expected=f"{case} case",
                    actual=column.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        case = make.platform.schemas.column_case
        good, bad = _EXAMPLES_OF_CASE[case]
        met, not_met = (make.model(columns=(Column(name),)) for name in (good, bad))
        yield from met_and_not(f"columns are in {case} case", met, not_met)


class ReservedColumn(ColumnRule):
    """No column takes a name that the platform reserves."""

    id = "FLOE-E271"
    setting = "catalog.schema_registry.reserved_columns"
    asked = "schemas.reserved_columns"
    reads = ((SCHEMA_REGISTRY, "reservedColumns"),)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        reserved = {folded(name) for name in view.platform.schemas.reserved_columns}
        for column in model.columns:
            if column.folded in reserved:
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} takes a reserved name",
                    column=column,
                    expected=f"none of {', '.join(view.platform.schemas.reserved_columns)}",
                    actual=column.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for name in make.platform.schemas.reserved_columns:
            yield from met_and_not(
                f"column {name} is reserved", make.model(), make.model(columns=(Column(name),))
            )


class RequiredColumns(ModelRule):
    """A model declares the columns that its layer requires.

    With the required type, where the registry names one.
    """

    id = "FLOE-E272"
    setting = "catalog.schema_registry.required_columns"
    reads = (*PLACEMENT, (SCHEMA_REGISTRY, "requiredColumns"))

    def active(self, platform: Platform) -> bool:
        return any(platform.schemas.required_columns.values())

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's layer does."""
        layer = view.layer(model)
        return layer is not None and bool(view.platform.schemas.required_columns.get(layer))

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        layer = view.layer(model) or ""
        for wanted in view.platform.schemas.required_columns[layer]:
            column = model.columns_by_name.get(folded(wanted.name))
            expected = f"{wanted.name} {wanted.type or ''}".rstrip()
            if column is None:
                yield self.finding(
                    model,
                    f"{model.label} does not declare {wanted.name}, which layer {layer} requires",
                    expected=expected,
                    actual="absent",
                    parameter=wanted.name,
                )
            elif wanted.type and not has_type(column.data_type, wanted.type, view.project.adapter):
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} has another type than layer {layer} requires",
                    column=column,
                    expected=wanted.type,
                    actual=column.data_type or "undeclared",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """All columns of a layer, and each left out or of another type."""
        for layer, columns in make.platform.schemas.required_columns.items():
            declared = tuple(
                Column(each.name, data_type=an_example(each.type) if each.type else None) for each in columns
            )
            for place, column in enumerate(columns):
                title, others = (
                    f"{layer} requires column {column.name}",
                    declared[:place] + declared[place + 1 :],
                )
                whole, without = (make.model_of(layer, columns=given) for given in (declared, others))
                yield from met_and_not(title, whole, without)
                if column.type:
                    other = Column(column.name, data_type=a_counterexample(column.type))
                    wrong = make.model_of(layer, columns=(*others, other))
                    yield from met_and_not(f"{title} to be {column.type}", None, wrong)


class TypeRules(ColumnRule):
    """A column whose name matches a type rule has that type.

    Such as ``.*_at`` is a timestamp. Types are compared by family, as the project's database spells
    them: ``NUMBER(38,0)``, ``INT64`` and ``bigint`` are integers, and ``timestamp`` takes one with a time
    zone too. Of a type that the user made nothing is said. Only declared types are compared;
    FLOE-E274 asks for those.
    """

    id = "FLOE-E273"
    setting = "catalog.schema_registry.type_rules"
    asked = "schemas.type_rules"
    reads = ((SCHEMA_REGISTRY, "typeRules"),)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        for column in model.columns:
            if column.data_type is None:
                continue
            for rule in view.platform.schemas.type_rules:
                named = fullmatch(rule.pattern, column.name, ignore_case=True)
                if named and not has_type(column.data_type, rule.type, view.project.adapter):
                    yield self.finding(
                        model,
                        f"{model.label}.{column.name} is {column.data_type}; {rule.pattern} is {rule.type}",
                        column=column,
                        expected=rule.type,
                        actual=column.data_type,
                        parameter=rule.pattern,
                    )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A column that each rule is about, of its type and of another."""
        rules = make.platform.schemas.type_rules
        for rule in rules:
            name = _meant_by(rule, rules)
            if name is not None:
                met, not_met = (
                    make.model(columns=(Column(name, data_type=data_type),))
                    for data_type in (an_example(rule.type), a_counterexample(rule.type))
                )
                yield from met_and_not(f"{rule.pattern} is {rule.type}", met, not_met)


class TypesDeclared(ColumnRule):
    """Every declared column has its data type."""

    id = "FLOE-E274"
    setting = "catalog.schema_registry.require_data_types"
    asked = "schemas.require_data_types"
    reads = ((SCHEMA_REGISTRY, "requireDataTypes"),)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        for column in model.columns:
            if not column.data_type:
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} has no data type",
                    column=column,
                    expected="data_type",
                    actual="absent",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield from met_and_not(
            "columns have a data type", make.model(), make.model(columns=(Column("total"),))
        )


class LayerContract(ModelRule):
    """Models of some layers have an enforced contract.

    dbt then refuses to build a table whose columns or types differ from what is declared. Where
    a layer requires the test ``contract``, FLOE-E235 asks instead.
    """

    id = "FLOE-E275"
    setting = "catalog.schema_registry.require_contract"
    asked = "schemas.require_contract"
    reads = (*REQUIRED_TESTS, (SCHEMA_REGISTRY, "requireContract"))

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's layer does, and no required test asks already."""
        return view.layer(
            model
        ) in view.platform.schemas.require_contract and "contract" not in view.required_tests(model)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        if not model.contract_enforced:
            yield self.finding(
                model,
                f"{model.label} has no enforced contract, which layer {view.layer(model)} requires",
                expected="contract: {enforced: true}",
                actual="no enforced contract",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A contract kept and not, in each layer of which no required test asks for one."""
        platform = make.platform
        for layer in platform.schemas.require_contract:
            if layer in platform.layers and "contract" not in (
                *platform.gates.required_tests,
                *platform.layers[layer].required_tests,
            ):
                met, not_met = make.model_of(layer), make.model_of(layer, contract_enforced=False)
                yield from met_and_not(f"{layer} has contracts", met, not_met)


def _meant_by(rule: TypeRule, rules: Iterable[TypeRule]) -> str | None:
    """A column name that a type rule is about and no other contradicts; None where none was found."""
    from floe_engine.policy.words import MOST, words

    others = [other for other in rules if not agrees(an_example(rule.type), other.type)]
    return next(
        (
            word
            for word in (*_TYPED_BY_NAME, *islice(words(rule.pattern), MOST))
            if fullmatch(rule.pattern, word, ignore_case=True)
            and not any(fullmatch(other.pattern, word, ignore_case=True) for other in others)
        ),
        None,
    )


def has_type(actual: str | None, wanted: str, adapter: str | None = None) -> bool:
    """Whether a declared type is one that a rule takes, or one of which nobody can say; none is neither."""
    return actual is not None and agrees(actual, wanted, adapter) is not False


def recased(name: str, case: str) -> str:
    """A name in a case, ``any`` taken for snake."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])", name) if word]
    if case == "camel":
        return words[0].lower() + "".join(word.capitalize() for word in words[1:]) if words else name
    # An underscore at an end is legal in these cases and tells the column apart.
    start = "_" if name.startswith("_") or (words[:1] and words[0][0].isdigit()) else ""
    joined = start + "_".join(words) + ("_" if words and name.endswith("_") else "")
    return joined.upper() if case == "upper" else joined.lower()
