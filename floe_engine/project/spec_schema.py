"""The JSON Schema of floe.yaml."""

from __future__ import annotations

from typing import Any

from floe_engine.manifest.reference import json_schema
from floe_engine.project.spec import Spec


def spec_json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of floe.yaml, with every key's meaning as its description."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://floe.dev/schemas/v1/floe.json",
        **json_schema(Spec),
        "title": "floe.yaml",
    }
