"""A resource of each kind for examples of rules: complete, but for what an example says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from floe_engine.artifact.platform import Platform
from floe_engine.policy.example_models import PROJECT, column, example_model, key_of, raw_orders
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

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def model(self, **fields: Any) -> Model:
        """A model of the first layer."""
        return example_model(self.platform, next(iter(self.platform.layers), None), **fields)

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
                only = column(self.platform, key_of(self.platform), **fields("column"))
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
