"""The settings of a plugin that move data, or change what it is known by, when they change.

A plugin's config schema marks them with `x-floe-breaking`, an annotation of ours that JSON Schema
lets stand (JSON Schema 2020-12 Core, §6.5). What such a change costs is judged in `upgrade`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BREAKING = "x-floe-breaking"

_OURS = "x-floe-"


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

    The nearest mark above a setting counts for it. A written default is no change, and an item that
    joins a list moves nothing that was there, unless the list itself is marked.
    """
    marked, joins = False, False
    for key in path:
        marked = schema.get(BREAKING, marked)
        joins = "items" in schema and old is None
        schema = _inner(schema, key)
    return marked if joins else _touched(schema, old, new, marked=marked)


def _touched(schema: Mapping[str, Any], old: Any, new: Any, *, marked: bool) -> bool:
    marked = schema.get(BREAKING, marked)
    old, new = (schema.get("default") if value is None else value for value in (old, new))
    if old == new:
        return False
    before, after = ((value if isinstance(value, Mapping) else {}) for value in (old, new))
    if any(
        _touched(_inner(schema, key), before.get(key), after.get(key), marked=marked)
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
