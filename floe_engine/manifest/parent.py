"""Which platform a manifest's text names above its own: read before, and without, its models."""

from __future__ import annotations

from typing import Any

from floe_engine.document.document import Document


def parent_reference(document: Document) -> str:
    """What a manifest's text names as its parent, empty where it names none."""
    return named_parent(document.value if isinstance(document.value, dict) else {})[1]


def named_parent(value: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Where a manifest names its parent, and what it says there; empty where it names none."""
    for key in ("parent", "parent_manifest"):
        given = value.get(key)
        if isinstance(given, str):
            return (key,), given
        if isinstance(given, dict) and isinstance(given.get("ref"), str):
            return (key, "ref"), given["ref"]
    return (), ""
