"""What the artifact's schema registry and custom rules mean, as cases of the quality suite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from floe_engine.artifact.model import CustomRule
from floe_engine.artifact.platform import Platform
from floe_engine.policy.cases import Case, Expectation
from floe_engine.policy.specimens import case, compliance, specimen, violation, with_meta
from floe_engine.project.facts import Column, DataTest, Model

_WELL_SPELT = {"snake": "order_total", "camel": "orderTotal", "upper": "ORDER_TOTAL"}
_MISSPELT = {"snake": "OrderTotal", "camel": "order_total", "upper": "order_total"}
_NO_TYPE = "no_such_type"


def schema_cases(platform: Platform) -> Iterator[Case]:
    """Spelling, reserved and required columns, types, contracts, and the custom rules."""
    layer = next(iter(platform.layers), None)
    schemas = platform.schemas
    complete = specimen(platform, layer)
    if schemas.column_case != "any":
        good, bad = _WELL_SPELT[schemas.column_case], _MISSPELT[schemas.column_case]
        yield from _pair(
            platform,
            "FLOE-E270",
            f"columns are in {schemas.column_case} case",
            replace(complete, columns=(Column(good),)),
            replace(complete, columns=(Column(bad),)),
        )
    for name in schemas.reserved_columns:
        yield from _pair(
            platform,
            "FLOE-E271",
            f"column {name} is reserved",
            complete,
            replace(complete, columns=(Column(name),)),
        )
    for home, columns in schemas.required_columns.items():
        model = specimen(platform, home)
        declared = tuple(Column(column.name, data_type=column.type) for column in columns)
        for place, column in enumerate(columns):
            title = f"{home} requires column {column.name}"
            left = declared[:place] + declared[place + 1 :]
            yield from _pair(
                platform, "FLOE-E272", title, replace(model, columns=declared), replace(model, columns=left)
            )
            if column.type:
                wrong = (*left, Column(column.name, data_type=_NO_TYPE))
                title = f"{home} requires column {column.name} to be {column.type}"
                yield from _pair(platform, "FLOE-E272", title, None, replace(model, columns=wrong))
    for rule in schemas.type_rules:
        suspect = _name_for(rule.pattern)
        if suspect is not None:
            yield from _pair(
                platform,
                "FLOE-E273",
                f"{rule.pattern} is {rule.type}",
                replace(complete, columns=(Column(suspect, data_type=rule.type),)),
                replace(complete, columns=(Column(suspect, data_type=_NO_TYPE),)),
            )
    if schemas.require_data_types:
        yield from _pair(
            platform,
            "FLOE-E274",
            "columns have a data type",
            complete,
            replace(complete, columns=(Column("total"),)),
        )
    for home in schemas.require_contract:
        if home in platform.layers and "contract" not in _required(platform, home):
            model = specimen(platform, home)
            title = f"{home} has contracts"
            yield from _pair(platform, "FLOE-E275", title, model, replace(model, contract_enforced=False))
    for custom in platform.gates.custom_rules:
        yield from _custom(platform, custom, complete)


def _pair(platform: Platform, rule: str, title: str, good: Model | None, bad: Model | None) -> Iterator[Case]:
    """The same demand, once met and once not."""
    if good is not None:
        yield case(
            f"{title}: met",
            f"model {good.name} with {_columns(good)}",
            [good],
            Expectation(rule, good.name, compliance(platform, rule)),
        )
    if bad is not None:
        yield case(
            f"{title}: not met, and refused",
            f"model {bad.name} with {_columns(bad)}",
            [bad],
            Expectation(rule, bad.name, violation(platform, rule)),
        )


def _columns(model: Model) -> str:
    return (
        ", ".join(f"{column.name} {column.data_type or ''}".strip() for column in model.columns)
        or "no columns"
    )


def _required(platform: Platform, layer: str) -> tuple[str, ...]:
    return (*platform.gates.required_tests, *platform.layers[layer].required_tests)


def _name_for(pattern: str) -> str | None:
    """A column name that a type rule is about, where one of the usual suspects is."""
    words = ("created_at", "order_date", "is_active", "has_email", "order_id", "id", "amount", "total_amount")
    return next((word for word in words if re.fullmatch(pattern, word, re.IGNORECASE)), None)


def _custom(platform: Platform, custom: CustomRule, complete: Model) -> Iterator[Case]:
    """One of the three templates. The model's name is made for the rule's own pattern."""
    name = (
        (custom.prefix or "") + "orders" if custom.applies_to == "*" else custom.applies_to.replace("*", "x")
    )
    if not name.startswith(custom.prefix or "") or any(character in name for character in "?["):
        return
    bare = replace(complete, name=name, unique_id=f"{complete.unique_id}.{name}", tests=(), tags=frozenset())
    title = custom.id or f"{custom.type} on {custom.applies_to}"
    if custom.type == "require_tags_for_prefix":
        yield from _pair(platform, "FLOE-E280", title, replace(bare, tags=frozenset(custom.tags)), bare)
    elif custom.type == "require_meta_field" and custom.field:
        yield from _pair(platform, "FLOE-E281", title, with_meta(bare, {custom.field: "given"}), bare)
    elif custom.type == "require_tests_of_type" and custom.test_types:
        tests = tuple(DataTest(custom.test_types[0]) for _ in range(custom.min_count))
        fewer = replace(bare, tests=tests[1:])
        yield from _pair(platform, "FLOE-E282", title, replace(bare, tests=tests), fewer)
