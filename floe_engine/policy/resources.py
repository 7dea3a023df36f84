"""A resource of each kind for examples of rules: complete, but for what an example says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
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
    Argument,
    Beside,
    Column,
    Constraint,
    DataTest,
    Exposure,
    Macro,
    Model,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
    folded,
)

PROJECT = "example"
STEMS = ("orders", "ORDERS", "Orders", "orders_daily", "order", "o", "orders1", "sales-orders")
"""Names that a platform's pattern may take; where it takes none, words are made from the pattern."""
MISSPELT = ("Bad Name!", "Bad-Name", "BadName", "bad_name", "9", "ünïcode", "x")
"""Names that a platform's pattern should refuse; the first that it refuses is used."""
KEYS = ("order_id", "orderId", "ORDER_ID", "id", "ID", "key", "KEY", "code", "CODE")
"""Names for a key column; the first that the platform's columns may have is used."""

_BESIDE: dict[str, type[Beside]] = {
    "semantic_model": SemanticModel,
    "unit_test": UnitTest,
    "test": ProjectTest,
}


class ExampleNodes:
    """Makes resources that a platform has nothing against, but for the fields that are given."""

    project = PROJECT
    """The name of the project that they are in."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.layers: tuple[str | None, ...] = tuple(platform.layers) or (None,)

    # --- names

    @staticmethod
    def unused(name: str, taken: Collection[str]) -> str:
        """A name that is none of those taken, whatever their case: ``no_such_level``."""
        folds = {each.casefold() for each in taken}
        while name.casefold() in folds:
            name += "_x"
        return name

    def stems(self) -> Iterator[str]:
        """Names that the platform's pattern takes, the likeliest first."""
        pattern = self.platform.naming.name_pattern
        yield from (stem for stem in STEMS if fullmatch(pattern, stem))
        yield from words(pattern)

    def well_named(self, layer: str, prefix: str) -> str | None:
        """A name with a prefix that puts a model in a layer and is right there; None where none is found."""
        naming, layering = self.platform.naming, self.platform.once(Layering)
        for stem in self.stems():
            name = prefix + stem
            placed_by, rest = layering.prefix_of(name), naming.after_prefix(name, layer) or ""
            if placed_by and placed_by[1] == layer and fullmatch(naming.name_pattern, rest):
                return name
        return None

    def name_in(self, layer: str) -> str:
        """The name of a model of a layer, right where any is."""
        prefix = "".join(self.platform.naming.prefixes_of(layer)[:1])
        found = self.well_named(layer, prefix) if prefix else next(self.stems(), None)
        return found or prefix + STEMS[0]

    @cached_property
    def key(self) -> str:
        """A name for a key column that the platform's column rules take."""
        schemas = self.platform.schemas
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

    # --- levels

    def labelled(self, level: str) -> dict[str, Any]:
        """What makes a column or a model declare a level: meta, or a tag where no key can say it."""
        policy = self.platform.classification
        levels = Levels(policy)
        for key in levels.keys:
            said = levels.declared({key: level}, ())
            if key != policy.propagation.declassify_meta and said is not None and said.level == level:
                return {"meta": {key: level}}
        return {"tags": frozenset({level})}

    def sensitive(self) -> Iterator[str]:
        """The levels above the default."""
        levels, default = self.platform.classification.levels, self.platform.classification.default
        return (level for level in levels if self.platform.rank(level) > self.platform.rank(default))

    # --- resources

    def column(self, name: str, **fields: Any) -> Column:
        """A described column of the type that the platform wants of its name."""
        types = [
            an_example(rule.type)
            for rule in self.platform.schemas.type_rules
            if fullmatch(rule.pattern, name, ignore_case=True)
        ]
        settings = {"description": f"The {name}.", "data_type": next(iter(types), "integer")}
        return Column(name, **settings | fields)

    def model(self, **fields: Any) -> Model:
        """A model of the first layer."""
        return self.model_of(self.layers[0], **fields)

    def model_of(self, layer: str | None, *, name: str | None = None, **fields: Any) -> Model:
        """A complete model of a layer (of none where there are none): a held key, described, fresh, related,
        contracted, unit-tested.
        """
        named = name or (self.name_in(layer) if layer else next(self.stems(), STEMS[0]))
        key = self.key
        meta: dict[str, Any] = {KEY_META: key}
        if layer is not None:
            meta[LAYER_META] = layer
        settings: dict[str, Any] = {
            "path": f"models/{named}.sql",
            "properties_path": "models/schema.yml",
            "description": "One row an order.",
            "columns": (self.column(key),),
            "tests": (
                DataTest("not_null", key),
                DataTest("unique", key),
                DataTest("relationships", key, {"to": "ref('customers')", "field": "id"}),
                DataTest("dbt_utils.recency", arguments={"field": "loaded_at"}),
                *(DataTest(test) for test in sorted(required_anywhere(self.platform) - BUILT_IN)),
            ),
            "meta": meta,
            "contract_enforced": True,
            "constraints": (Constraint("check"),),
            "unit_tests": 1,
            "parents": (_SOURCE,),
            "unique_id": f"model.{PROJECT}.{named}",
        } | fields
        return Model(name=named, **settings)

    def other(self, **fields: Any) -> Model:
        """A model beside that of the first layer."""
        return self.model(name=f"{self.model().name}_2", **fields)

    def holding(self, layer: str | None, level: str) -> Model:
        """A model of a layer whose key is of a level."""
        model = self.model_of(layer)
        return replace(model, columns=(replace(model.columns[0], **self.labelled(level)),))

    def source(self, **fields: Any) -> Source:
        """A watched table of a source, whose place is known; a model selects from it."""
        settings: dict[str, Any] = {
            "unique_id": _SOURCE,
            "source_name": "raw",
            "path": "models/sources.yml",
            "has_freshness": True,
            "database": "db",
            "schema": "raw",
            "identifier": "orders",
        } | fields
        return Source(name="orders", **settings)

    def exposure(self, **fields: Any) -> Exposure:
        """A report with an owner."""
        settings = {"path": "models/exposures.yml", "owner_name": "Finance", "owner_email": "f@example.com"}
        return Exposure(f"exposure.{PROJECT}.report", "report", **settings | fields)

    def macro(self, **fields: Any) -> Macro:
        """A macro of no arguments that a model calls."""
        settings: dict[str, Any] = {
            "path": "macros/cents.sql",
            "code": "{% macro cents() %}100{% endmacro %}",
            "used_by": (f"model.{PROJECT}.orders",),
        }
        return Macro(f"macro.{PROJECT}.cents", "cents", **settings | fields)

    def whole(self, kind: str, fields: Mapping[str, dict[str, Any]]) -> Model | Source | Beside:
        """A resource of a kind (`terms.Described`) with what belongs to it; a kind may have `fields`."""
        given: defaultdict[str, dict[str, Any]] = defaultdict(dict, fields)
        match kind:
            case "model" | "column":
                return self.model(columns=(self.column(self.key, **given["column"]),), **given["model"])
            case "macro" | "argument":
                return self.macro(arguments=(Argument("amount", **given["argument"]),), **given["macro"])
            case "source" | "source_group":
                return self.source(**given["source"], **given["source_group"])
        return self.of(kind, **given[kind])

    def of(self, kind: str, **fields: Any) -> Model | Source | Beside:
        """A resource of a kind."""
        match kind:
            case "source":
                return self.source(**fields)
            case "exposure":
                return self.exposure(**fields)
            case "macro":
                return self.macro(**fields)
            case "semantic_model" | "unit_test" | "test":
                return _BESIDE[kind](f"{kind}.{PROJECT}.orders", "orders", path="models/schema.yml", **fields)
        return self.model(resource_type=kind, **fields)


_SOURCE = f"source.{PROJECT}.raw.orders"
