"""Models for generated cases: one that a layer has nothing to say against, to take things away from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.data_types import an_example
from floe_engine.policy.keys import KEY_META
from floe_engine.policy.layering import LAYER_META, Layering
from floe_engine.policy.levels import Levels
from floe_engine.policy.rules.required_tests import BUILT_IN, required_anywhere
from floe_engine.policy.rules.schema_registry import well_spelt
from floe_engine.policy.words import words
from floe_engine.project.facts import (
    Column,
    Constraint,
    DataTest,
    Model,
    Source,
    folded,
)

PROJECT = "specimen"
STEMS = ("orders", "ORDERS", "Orders", "orders_daily", "order", "o", "orders1", "sales-orders")
"""Names that a platform's pattern may take; where it takes none, words are made from the pattern."""
MISSPELT = ("Bad Name!", "Bad-Name", "BadName", "bad_name", "9", "ünïcode", "x")
"""Names that a platform's pattern should refuse; the first that it refuses is used."""
KEYS = ("order_id", "orderId", "ORDER_ID", "id", "ID", "key", "KEY", "code", "CODE")
"""Names for a key column; the first that the platform's columns may have is used."""


def unused(name: str, taken: Collection[str]) -> str:
    """A name that is none of those taken, whatever their case: ``no_such_level``."""
    folds = {each.casefold() for each in taken}
    while name.casefold() in folds:
        name += "_x"
    return name


def stems(platform: Platform) -> Iterator[str]:
    """Names that the platform's pattern takes, the likeliest first."""
    pattern = platform.naming.name_pattern
    yield from (stem for stem in STEMS if fullmatch(pattern, stem))
    yield from words(pattern)


def well_named(platform: Platform, layer: str, prefix: str) -> str | None:
    """A name with a prefix that places a model in a layer and is right there; None where none was found."""
    layering, prefixes = platform.once(Layering), platform.naming.prefixes_of(layer)
    for stem in stems(platform):
        name = prefix + stem
        placed_by = layering.prefix_of(name)
        longest = max((p for p in prefixes if name.startswith(p)), key=len)
        rest = name[len(longest) :]
        if placed_by and placed_by[1] == layer and fullmatch(platform.naming.name_pattern, rest):
            return name
    return None


def name_in(platform: Platform, layer: str) -> str:
    """The name of a model of a layer, right where any is."""
    prefix = "".join(platform.naming.prefixes_of(layer)[:1])
    found = well_named(platform, layer, prefix) if prefix else next(stems(platform), None)
    return found or prefix + STEMS[0]


def key_of(platform: Platform) -> str:
    """A name for a key column that the platform's column rules take."""
    schemas = platform.schemas
    reserved = {folded(name) for name in schemas.reserved_columns}
    numbered = (f"{key}{number}" for number in range(2, 100) for key in KEYS)
    return next(
        (
            name
            for name in chain(KEYS, numbered)
            if folded(name) not in reserved and well_spelt(name, schemas.column_case)
        ),
        KEYS[0],
    )


def column(platform: Platform, name: str, **fields: Any) -> Column:
    """A described column of the type that the platform wants of its name."""
    types = [
        an_example(rule.type)
        for rule in platform.schemas.type_rules
        if fullmatch(rule.pattern, name, ignore_case=True)
    ]
    return Column(name, **{"description": f"The {name}.", "data_type": next(iter(types), "integer")} | fields)


def labelled(platform: Platform, level: str) -> dict[str, Any]:
    """What makes a column or model declare a level: meta, or a tag where no key can say it."""
    policy = platform.classification
    levels = Levels(policy)
    for key in levels.keys:
        said = levels.declared({key: level}, ())
        if key != policy.propagation.declassify_meta and said is not None and said.level == level:
            return {"meta": {key: level}}
    return {"tags": frozenset({level})}


def example_model(platform: Platform, layer: str | None, *, name: str | None = None, **fields: Any) -> Model:
    """A complete model of a layer: a held key, described, fresh, related, contracted, unit-tested."""
    named = name or (name_in(platform, layer) if layer else next(stems(platform), STEMS[0]))
    key = key_of(platform)
    meta: dict[str, Any] = {KEY_META: key}
    if layer is not None:
        meta[LAYER_META] = layer
    settings: dict[str, Any] = {
        "path": f"models/{named}.sql",
        "properties_path": "models/schema.yml",
        "description": "One row an order.",
        "columns": (column(platform, key),),
        "tests": (
            DataTest("not_null", key),
            DataTest("unique", key),
            DataTest("relationships", key, {"to": "ref('customers')", "field": "id"}),
            DataTest("dbt_utils.recency", arguments={"field": "loaded_at"}),
            *(DataTest(name) for name in sorted(required_anywhere(platform) - BUILT_IN)),
        ),
        "meta": meta,
        "contract_enforced": True,
        "constraints": (Constraint("check"),),
        "unit_tests": 1,
        "parents": (SOURCE_ID,),
        "unique_id": f"model.{PROJECT}.{named}",
    } | fields
    return Model(name=named, **settings)


SOURCE_ID = f"source.{PROJECT}.raw.orders"


def raw_orders(**fields: Any) -> Source:
    """A watched source."""
    settings: dict[str, Any] = {
        "unique_id": SOURCE_ID,
        "source_name": "raw",
        "path": "models/sources.yml",
        "has_freshness": True,
    } | fields
    return Source(name="orders", **settings)


def without_meta(model: Model, key: str) -> Model:
    """A model that says nothing under a key."""
    return replace(model, meta={name: value for name, value in model.meta.items() if name != key})


def with_meta(model: Model, meta: Mapping[str, Any]) -> Model:
    """A model with more meta (dotted keys)."""
    return replace(model, meta={**model.meta, **meta})


def placed(layer: str) -> dict[str, str]:
    """Meta that places a model in a layer."""
    return {LAYER_META: layer}
