"""The settings of a plugin that move data, or change what it is known by, when they change.

A plugin's config schema marks them with `x-floe-breaking`, an annotation of ours that JSON Schema
lets stand (JSON Schema 2020-12 Core, §6.5). What such a change costs is judged in `upgrade`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BREAKING = "x-floe-breaking"

_OURS = "x-floe-"

_MANY = {"items", "additionalProperties"}
"""What a schema says of entries that it does not name."""


def check_annotations(schema: Any, where: str) -> None:
    """Raise ValueError, naming the place, for an annotation of ours that floe cannot understand."""
    if isinstance(schema, bool):  # JSON Schema's own short forms of anything and nothing
        return
    if not isinstance(schema, Mapping):
        raise ValueError(f"{where}: expected a mapping with text keys")
    for key, value in schema.items():
        if str(key).startswith(_OURS) and key != BREAKING:
            raise ValueError(f"{where}: unknown annotation {key!r}; there is only {BREAKING}")
        if key == BREAKING and not isinstance(value, bool):
            raise ValueError(f"{where}.{BREAKING}: expected true or false")
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        raise ValueError(f"{where}.properties: expected a mapping with text keys")
    for key, inner in properties.items():
        check_annotations(inner, f"{where}.properties.{key}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            check_annotations(schema[key], f"{where}.{key}")


def is_breaking(schema: Mapping[str, Any], path: Sequence[str], old: Any, new: Any) -> bool:
    """Whether a change from `old` to `new` (None: not written) at `path` touches a marked setting.

    The nearest mark above a setting counts for it. A written default is no change, and what joins a
    list, or a mapping of any names, moves nothing that was there, unless that itself is marked.
    """
    marked = schema.get(BREAKING, False)
    if not path:
        return _touched(schema, old, new, marked=marked)
    for key in path[:-1]:
        schema = _inner(schema, key)
        marked = schema.get(BREAKING, marked)
    return _touched_in(schema, path[-1], old, new, marked=marked)


def _touched_in(schema: Mapping[str, Any], key: str, old: Any, new: Any, *, marked: bool) -> bool:
    """Whether a change of one key or item of a `marked` (or not) whole touches a marked setting."""
    if old is None and key not in schema.get("properties", {}) and _MANY & schema.keys():
        return marked
    return _touched(_inner(schema, key), old, new, marked=marked)


def _touched(schema: Mapping[str, Any], old: Any, new: Any, *, marked: bool) -> bool:
    marked = schema.get(BREAKING, marked)
    old, new = (schema.get("default") if value is None else value for value in (old, new))
    if old == new:
        return False
    before, after = ((value if isinstance(value, Mapping) else {}) for value in (old, new))
    if any(
        _touched_in(schema, key, before.get(key), after.get(key), marked=marked)
        for key in before.keys() | after.keys()
    ):
        return True
    if isinstance(old, list):
        kept = new if isinstance(new, list) else []
        inner = _inner(schema, "")
        if any(_touched(inner, item, None, marked=False) for item in old if item not in kept):
            return True
    return marked and not (before or after)


def _inner(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema of a key of a mapping, or of an item of a list; empty where nothing is said."""
    found = schema.get("items") or schema.get("properties", {}).get(key) or schema.get("additionalProperties")
    return found if isinstance(found, Mapping) else {}
