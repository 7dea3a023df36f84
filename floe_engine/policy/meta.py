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
        # A dict as a rule, which is known at once.
        if not isinstance(value, (dict, Mapping)) or part not in value:
            return None
        value = value[part]
    return value


def with_key(meta: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`meta` with a value where `lookup` finds it; with None there is none."""
    head, _, rest = key.partition(".")
    if key in meta or not rest:
        left = {name: inner for name, inner in meta.items() if name != key}
        return left if value is None else {**left, key: value}
    inner = meta.get(head)
    inside = with_key(inner if isinstance(inner, Mapping) else {}, rest, value)
    left = {name: each for name, each in meta.items() if name != head}
    return {**left, head: inside} if inside else left


def truthy(value: Any) -> bool:
    """Whether a flag is set: YAML's true, or the word in a string."""
    return value is True or (isinstance(value, str) and value.strip().casefold() in {"true", "yes", "on"})
