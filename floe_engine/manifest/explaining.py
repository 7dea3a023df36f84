"""Where a setting of a manifest came from, and what it does.

The answer behind ``floe platform explain governance.quality_gates.minimum_test_coverage`` and
behind hover: value, origin, meaning, default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from floe_engine.document.nodes import KeyPath
from floe_engine.document.rendering import flow
from floe_engine.errors import UsageError
from floe_engine.manifest.effective import InEffect, effective_layers, namespace_names
from floe_engine.manifest.inheritance import Effective
from floe_engine.manifest.nested import get
from floe_engine.manifest.reading import plain
from floe_engine.manifest.reference import SettingKey, key_at, keys, shape_at, walk
from floe_engine.manifest.root import Manifest
from floe_engine.text import did_you_mean


class Explanation(Struct, frozen=True):
    """One setting: its value in effect, who set it, what it does, and what it would be otherwise.

    `above` is the parent's value where there is a parent that has another one; else empty.
    """

    path: str
    value: Any
    origin: str
    above: str
    meaning: str
    type: str
    default: str

    def __str__(self) -> str:
        """``90, from domain sales@2.1.0; enterprise acme@1.0.0: 70``, and the meaning below."""
        line = f"{said(self.value)}, from {self.origin}"
        return f"{line}; {self.above}" if self.above else line


def explain(effective: Effective, path: str) -> Explanation:
    """A setting by its dotted path, such as ``data_architecture.layers.gold.prefix``.

    Raises `UsageError` where the schema has no such setting, with the nearest one as hint.
    """
    parts = split(path)
    shape, key = shape_at(parts), key_at(parts)
    if shape is None:
        raise _unknown(parts)
    names = tuple(str(part) for part in parts)
    value, from_default = _value(effective.manifest, parts)
    origin = " and ".join(_origins(effective, names)) or from_default
    above = ""
    if effective.parent is not None:
        held, _ = _value(effective.parent.manifest, parts)
        if held is not None and held != value:
            above = f"{effective.parent.origin}: {said(held)}"
    return Explanation(
        path=path,
        value=value,
        origin=origin,
        above=above,
        meaning=key.meaning if key else "",
        type=shape.text,
        default=(key.default or "required").replace("`", "") if key else "",
    )


def said(value: Any) -> str:
    """A setting's value on one line: words and numbers bare, mappings as YAML without what is unset."""
    if value is None:
        return "unset"
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(map(str, value)) or "none"
    return str(value) if isinstance(value, str) else flow(_set_only(value))


def _set_only(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _set_only(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in kept.items() if item not in ({}, [])}
    return [_set_only(item) for item in value] if isinstance(value, list) else value


def split(path: str) -> KeyPath:
    """``governance.waivers[0].reason`` as the parts of a path."""
    parts: list[str | int] = []
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        parts.append(int(index) if index else name)
    return tuple(parts)


def _unknown(parts: Sequence[str | int]) -> UsageError:
    known: list[str] = []
    good: list[str | int] = []
    for part in parts:
        shape = shape_at(good)
        if shape is None or shape_at([*good, part]) is None:
            known = list(keys(shape.section)) if shape and shape.section else []
            break
        good.append(part)
    where = ".".join(map(str, good))
    wrong = str(parts[len(good)]) if len(parts) > len(good) else ""
    guess = did_you_mean(wrong, known)
    full = ".".join(filter(None, [where, guess])) if guess else None
    if full is None:
        homes = [".".join(home) for home, key in walk() if key.name == str(parts[-1])] if parts else []
        full = homes[0] if len(homes) == 1 else None
    hint = f"did you mean {full}?" if full else f"known here: {', '.join(known)}" if known else ""
    return UsageError(f"a manifest has no setting {'.'.join(map(str, parts)) or '(empty)'}", hint=hint)


def _origins(effective: Effective, names: tuple[str, ...]) -> tuple[str, ...]:
    """Who wrote a path: itself, something around it (an entry of a list), or anything in it."""
    for length in range(len(names), 0, -1):
        found = effective.sources.get(names[:length])
        if found:
            return found
    inside = [
        origin
        for path, origins in effective.sources.items()
        if path[: len(names)] == names
        for origin in origins
    ]
    return tuple(dict.fromkeys(inside))


def _value(manifest: Manifest, parts: KeyPath) -> tuple[Any, str]:
    """The value in effect, and whose it is where nobody wrote it."""
    names = tuple(part for part in parts if isinstance(part, str))
    value = get(plain(manifest), parts)
    if not value and len(names) == len(parts):
        value = InEffect(manifest).at(names)
    if parts == ("catalog", "namespaces"):
        return value or list(namespace_names(manifest)), "the layers"
    if parts[:2] == ("data_architecture", "layers"):
        pattern = f"pattern {manifest.data_architecture.pattern}"
        return value if parts[2:] else value or list(effective_layers(manifest)), pattern
    return value, "floe's default"


def describe(key: SettingKey) -> str:
    """A key's meaning, type and default as the text of a hover."""
    return f"{key.meaning}\n\n{key.summary}"
