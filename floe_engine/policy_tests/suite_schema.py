"""What the artifact's schema registry and custom rules mean, as cases of the quality suite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate
from itertools import islice

from msgspec.structs import replace

from floe_engine.artifact.model import CustomRule, TypeRule
from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.cases import Case, Expectation
from floe_engine.policy.data_types import a_counterexample, agrees, an_example
from floe_engine.policy.example_models import example_model, without_meta
from floe_engine.policy.rules.required_tests import is_named
from floe_engine.policy.words import MOST, words
from floe_engine.policy_tests.made_cases import case, compliance, violation
from floe_engine.project.facts import Column, DataTest, Model

_WELL_SPELT = {"snake": "order_total", "camel": "orderTotal", "upper": "ORDER_TOTAL"}
_MISSPELT = {"snake": "OrderTotal", "camel": "order_total", "upper": "order_total"}


def schema_cases(platform: Platform) -> Iterator[Case]:
    """Spelling, reserved and required columns, types, contracts, and the custom rules."""
    layer = next(iter(platform.layers), None)
    schemas = platform.schemas
    complete = example_model(platform, layer)
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
        model = example_model(platform, home)
        declared = tuple(Column(c.name, data_type=an_example(c.type) if c.type else None) for c in columns)
        for place, column in enumerate(columns):
            title = f"{home} requires column {column.name}"
            left = declared[:place] + declared[place + 1 :]
            yield from _pair(
                platform, "FLOE-E272", title, replace(model, columns=declared), replace(model, columns=left)
            )
            if column.type:
                wrong = (*left, Column(column.name, data_type=a_counterexample(column.type)))
                title = f"{home} requires column {column.name} to be {column.type}"
                yield from _pair(platform, "FLOE-E272", title, None, replace(model, columns=wrong))
    for rule in schemas.type_rules:
        suspect = _name_for(rule, platform)
        if suspect is not None:
            yield from _pair(
                platform,
                "FLOE-E273",
                f"{rule.pattern} is {rule.type}",
                replace(complete, columns=(Column(suspect, data_type=an_example(rule.type)),)),
                replace(complete, columns=(Column(suspect, data_type=a_counterexample(rule.type)),)),
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
            model = example_model(platform, home)
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


def _name_for(rule: TypeRule, platform: Platform) -> str | None:
    """A column name that a type rule is about and no other contradicts; None where none was found."""
    others = [other for other in platform.schemas.type_rules if not agrees(an_example(rule.type), other.type)]
    suspects = (
        "created_at",
        "order_date",
        "is_active",
        "has_email",
        "order_id",
        "id",
        "amount",
        "total_amount",
    )
    return next(
        (
            word
            for word in (*suspects, *islice(words(rule.pattern), MOST))
            if fullmatch(rule.pattern, word, ignore_case=True)
            and not any(fullmatch(other.pattern, word, ignore_case=True) for other in others)
        ),
        None,
    )


def _custom(platform: Platform, custom: CustomRule, complete: Model) -> Iterator[Case]:
    """One of the three templates: a model that meets every custom rule, and one that lacks this one's."""
    name = _name_of(custom)
    if name is None:
        return
    named = replace(complete, name=name, unique_id=f"{complete.unique_id}.{name}")
    good = _meeting(platform, replace(named, tests=(), tags=frozenset()))
    title = custom.id or f"{custom.type} on {custom.applies_to}"
    if custom.type == "require_tags_for_prefix" and custom.tags:
        yield from _pair(platform, "FLOE-E280", title, good, None)
        for tag in custom.tags:
            bad = replace(good, tags=good.tags - {tag})
            lacks = title if len(custom.tags) == 1 else f"{title}, {tag}"
            yield from _pair(platform, "FLOE-E280", lacks, None, bad)
    elif custom.type == "require_meta_field" and custom.field:
        bad = without_meta(good, custom.field)
        yield from _pair(platform, "FLOE-E281", title, good, bad)
    elif custom.type == "require_tests_of_type" and custom.test_types:
        others = tuple(t for t in good.tests if not any(is_named(t, kind) for kind in custom.test_types))
        too_few = tuple(DataTest(custom.test_types[0]) for _ in range(custom.min_count - 1))
        yield from _pair(platform, "FLOE-E282", title, good, replace(good, tests=(*others, *too_few)))


def _meeting(platform: Platform, model: Model) -> Model:
    """A model with the tags, the meta and the tests that all custom rules together ask for."""
    rules = platform.gates.custom_rules
    meta = {rule.field: "given" for rule in rules if rule.field}
    return replace(
        model,
        tags=model.tags.union(*(rule.tags for rule in rules)),
        meta={**model.meta, **meta},
        tests=tuple(DataTest(kind) for rule in rules for kind in rule.test_types[:1] * rule.min_count),
    )


def _name_of(custom: CustomRule) -> str | None:
    """A model name that a custom rule is about; None where its prefix and its glob have none in common."""
    prefix, stem = custom.prefix or "", "orders"
    names = (prefix + stem, *words(f"{re.escape(prefix)}.*"), *words(translate(custom.applies_to)))
    return next((n for n in names if n.startswith(prefix) and fnmatchcase(n, custom.applies_to)), None)
