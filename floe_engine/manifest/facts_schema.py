"""The fact model as a JSON Schema: what a house rule may ask, for editors and for programs.

Made from `manifest.subjects`. A document that holds to it is a subject with its facts, as the examples of
a rule write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floe_engine.cel.types import Object, Type
from floe_engine.manifest.subjects import DEFAULTS, OBJECTS, SUBJECTS

_PLAIN = {"string": "string", "int": "integer", "double": "number", "bool": "boolean"}


def facts_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the variables of every subject; ``x-cel-type`` is the type in CEL."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://floe.dev/schemas/v1/facts.schema.json",
        "title": "Facts of house rules",
        "description": "By the `subject` of a rule: the variables of its expressions and what each has.",
        "type": "object",
        "properties": {subject: _variables(subject, names) for subject, names in SUBJECTS.items()},
        "additionalProperties": False,
        "$defs": {kind.name: _object(kind) for kind in OBJECTS},
    }


def _variables(subject: str, names: Mapping[str, Type]) -> dict[str, Any]:
    return {
        "description": f"What a rule about a {subject} may ask.",
        "type": "object",
        "properties": {name: _of(kind) for name, kind in names.items()},
        "additionalProperties": False,
    }


def _object(kind: Object) -> dict[str, Any]:
    fields = {}
    for name, field in kind.fields.items():
        fields[name] = {**_of(field.type), "description": field.says, "x-cel-type": str(field.type)}
        if (kind.name, name) in DEFAULTS:
            fields[name]["default"] = DEFAULTS[(kind.name, name)]
    return {
        "description": kind.says,
        "type": "object",
        "properties": fields,
        "additionalProperties": False,
    }


def _of(kind: Type) -> dict[str, Any]:
    if isinstance(kind, Object):
        return {"$ref": f"#/$defs/{kind.name}"}
    match kind.name:
        case "nullable":
            return {"anyOf": [_of(kind.of[0]), {"type": "null"}]}
        case "list":
            return {"type": "array", "items": _of(kind.of[0])}
        case "map":
            return {"type": "object", "additionalProperties": _of(kind.of[1])}
    return {"type": _PLAIN[kind.name]} if kind.name in _PLAIN else {}
