"""Models for generated cases: one that a layer has nothing to say against, to take things away from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.cases import Case, Expectation, Result
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.layering import LAYER_META
from floe_engine.policy.required_tests import BUILT_IN, required_anywhere
from floe_engine.policy.rules import rule_by_id
from floe_engine.project.facts import Column, Constraint, DataTest, Group, Model, Project, Source

PROJECT = "specimen"
STEMS = ("orders", "ORDERS", "Orders", "orders_daily", "order", "o", "orders1", "sales-orders")
"""Names that a platform's pattern may take; the first that it takes is used."""
MISSPELT = ("Bad Name!", "Bad-Name", "BadName", "bad_name", "9", "ünïcode", "x")
"""Names that a platform's pattern should refuse; the first that it refuses is used."""
KEY = "order_id"
_ENFORCED: Mapping[Enforcement, Result] = {"strict": "fail", "warn": "warn", "off": "skip"}


def violation(platform: Platform, rule_id: str) -> Result:
    """What a violation of a rule is on this platform: `fail`, `warn`, or `skip` where it is off."""
    rule = rule_by_id(rule_id)
    if rule is None or not rule.active(platform):
        return "skip"
    return _ENFORCED[enforcement_of(rule, platform)]


def compliance(platform: Platform, rule_id: str) -> Result:
    """What a rule says of a resource that has nothing wrong: `pass`, or `skip` where it is off."""
    return "skip" if violation(platform, rule_id) == "skip" else "pass"


def stem(platform: Platform) -> str:
    """A name that the platform's pattern takes, or the likeliest one."""
    return next((s for s in STEMS if re.fullmatch(platform.naming.name_pattern, s)), STEMS[0])


def name_in(platform: Platform, layer: str, prefix: str | None = None) -> str:
    """The name of a model of a layer."""
    first = platform.naming.prefixes_of(layer)[:1]
    return (prefix if prefix is not None else "".join(first)) + stem(platform)


def specimen(platform: Platform, layer: str | None, *, name: str | None = None, **fields: Any) -> Model:
    """A complete model of a layer: a held key, described, fresh, related, contracted, unit-tested."""
    named = name or (name_in(platform, layer) if layer else stem(platform))
    meta: dict[str, Any] = {"floe": {"primary_key": KEY}}
    if layer is not None:
        meta["floe"]["layer"] = layer
    settings: dict[str, Any] = {
        "path": f"models/{named}.sql",
        "properties_path": "models/schema.yml",
        "description": "One row an order.",
        "columns": (Column(KEY, description="The order.", data_type="integer"),),
        "tests": (
            DataTest("not_null", KEY),
            DataTest("unique", KEY),
            DataTest("relationships", KEY, {"to": "ref('customers')", "field": "id"}),
            DataTest("dbt_utils.recency", arguments={"field": "loaded_at"}),
            *(DataTest(name) for name in sorted(required_anywhere(platform) - BUILT_IN)),
        ),
        "meta": meta,
        "contract_enforced": True,
        "constraints": (Constraint("check"),),
        "unit_tests": 1,
        "parents": (SOURCE_ID,),
    } | fields
    return Model(f"model.{PROJECT}.{named}", named, **settings)


SOURCE_ID = f"source.{PROJECT}.raw.orders"


def raw_orders(**fields: Any) -> Source:
    """A watched source."""
    settings: dict[str, Any] = {"path": "models/sources.yml", "has_freshness": True} | fields
    return Source(SOURCE_ID, "raw", "orders", **settings)


def with_meta(model: Model, meta: Mapping[str, Any]) -> Model:
    """A model with more meta (dotted keys)."""
    return replace(model, meta={**model.meta, **meta})


def placed(layer: str) -> dict[str, str]:
    """Meta that places a model in a layer."""
    return {LAYER_META: layer}


def case(
    name: str,
    given: str,
    models: Iterable[Model],
    *expect: Expectation,
    sources: Sequence[Source] = (),
    groups: Sequence[Group] = (),
) -> Case:
    """A generated case, judged by the rules that it names alone."""
    return Case(
        name,
        Project(PROJECT, Path(), tuple(models), tuple(sources), groups=tuple(groups), adapter="duckdb"),
        expect,
        given=given,
        rules=tuple(dict.fromkeys(entry.rule for entry in expect)),
    )
