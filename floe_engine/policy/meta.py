"""Reading dotted keys out of dbt's free-form ``meta``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lookup(meta: Mapping[str, Any], key: str) -> Any:
    """The value of ``floe.layer`` whether written so or as nested mappings; None where absent."""
    if not meta:
        return None
    if key in meta:
        return meta[key]
    value: Any = meta
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def truthy(value: Any) -> bool:
    """Whether a flag is set: YAML's true, or the word in a string."""
    return value is True or (isinstance(value, str) and value.strip().casefold() in {"true", "yes", "on"})
