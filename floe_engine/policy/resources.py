"""A resource of each kind for examples of rules: complete, but for what an example says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy.example_models import (
    PROJECT,
    column,
    example_model,
    key_of,
    labelled,
    name_in,
    raw_orders,
    unused,
)
from floe_engine.project.facts import (
    Argument,
    Beside,
    Exposure,
    Macro,
    Model,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
)

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
        self.key = key_of(platform)

    def model(self, **fields: Any) -> Model:
        """A model of the first layer."""
        return self.model_of(self.layers[0], **fields)

    def model_of(self, layer: str | None, **fields: Any) -> Model:
        """A model of a layer; of none where there are none."""
        return example_model(self.platform, layer, **fields)

    unused = staticmethod(unused)

    def name_in(self, layer: str) -> str:
        """The name of a model of a layer, right where any is."""
        return name_in(self.platform, layer)

    def holding(self, layer: str | None, level: str) -> Model:
        """A model of a layer whose key is of a level."""
        model = self.model_of(layer)
        return replace(model, columns=(replace(model.columns[0], **self.labelled(level)),))

    def labelled(self, level: str) -> dict[str, Any]:
        """What makes a column or a model declare a level: meta, or a tag where no key can say it."""
        return labelled(self.platform, level)

    def sensitive(self) -> Iterator[str]:
        """The levels above the default."""
        levels, default = self.platform.classification.levels, self.platform.classification.default
        return (level for level in levels if self.platform.rank(level) > self.platform.rank(default))

    def other(self, **fields: Any) -> Model:
        """A model beside that one."""
        model = self.model()
        return self.model(name=f"{model.name}_2", **fields)

    def source(self, **fields: Any) -> Source:
        """A watched table of a source, whose place is known; a model selects from it."""
        return raw_orders(**{"database": "db", "schema": "raw", "identifier": "orders"} | fields)

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

    def whole(self, kind: str, fields: Callable[[str], dict[str, Any]]) -> Model | Source | Beside:
        """A resource of a kind (`terms.Described`) with what belongs to it; each kind has its `fields`."""
        match kind:
            case "model" | "column":
                only = column(self.platform, self.key, **fields("column"))
                return self.model(columns=(only,), **fields("model"))
            case "macro" | "argument":
                return self.macro(arguments=(Argument("amount", **fields("argument")),), **fields("macro"))
            case "source" | "source_group":
                return self.source(**fields("source"), **fields("source_group"))
        return self.of(kind, **fields(kind))

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
