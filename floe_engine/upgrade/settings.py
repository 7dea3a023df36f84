"""Where in manifest.yaml a place of the artifact is set.

Read off the declarations of all settings, so that a change can be shown where its author wrote it.
Paths are those of `floe_engine.manifest`; no file is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    FILES,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMING_RULES,
)
from floe_engine.artifact.shape import Path, Pattern, published
from floe_engine.document.diagnostics import Span
from floe_engine.document.document import Document
from floe_engine.upgrade.change import Change

_BESIDE: tuple[tuple[Pattern, Path], ...] = (
    ((MANIFEST,), ()),
    ((MANIFEST, "architecture", "pattern"), ("data_architecture", "pattern")),
    ((MANIFEST, "architecture", "enforcement"), ("data_architecture", "naming", "enforcement")),
    ((CLASSIFICATION, "nameDefaults"), ("governance", "classification", "name_patterns")),
    ((ACCESS_CONTROL, "roles", "*"), ("governance", "access_control", "roles", "*")),
    ((NAMING_RULES, "aliases"), ("data_architecture", "layers")),
    ((LAYER_CONSTRAINTS, "_meta", "order"), ("data_architecture", "layers")),
    ((LAYER_CONSTRAINTS, "_meta"), ("apiVersion",)),
)
"""Places that say a setting a second time, or what follows from several."""

_WHOLE: frozenset[Path] = frozenset(
    {
        ("parent", "ref"),
        ("plugins", "*"),
        ("security", "trusted_keys"),
        ("security", "trusted_identities"),
        ("security", "revoked_keys"),
        ("security", "delegated_keys", "*"),
        ("governance", "access_control", "permissions"),
        ("apiVersion",),
    }
)
"""Settings that are published in parts of another shape, so that no part of them can be named."""


def manifest_path(change: Change) -> Path:
    """The setting of manifest.yaml behind a change: ``("plugins", "compute", "type")``.

    Items of lists are named by what identifies them (a waiver's id, a test's name), not by their
    index; `locate` finds them in a document. Empty for a file that is new or gone.
    """
    path = change.path
    for pattern, setting in _backwards().get(path[0], ()):
        if len(pattern) <= len(path) and all(
            part in ("*", key) for part, key in zip(pattern, path, strict=False)
        ):
            names = (key for part, key in zip(pattern, path, strict=False) if part == "*")
            filled = tuple(next(names) if part in ("*", "[]") else part for part in setting)
            return filled if setting in _WHOLE else (*filled, *path[len(pattern) :])
    return ()


@cache
def _backwards() -> Mapping[str, tuple[tuple[Pattern, Path], ...]]:
    """File to the places in it and the settings they come from, the longest place first."""
    from floe_engine.manifest.declarations import sections, settings

    declared = ((each.path, each.place) for each in settings())
    above = ((path, place) for path, place in sections() if path != ("plugins",))
    details = ((MANIFEST, "pluginDetails", "*"), ("plugins", "*"))
    rows = [(published(place), path) for path, place in (*declared, *reversed([*above]))]
    rows += [*_BESIDE, details]
    rows.sort(key=lambda row: -len(row[0]))
    return {file: tuple(row for row in rows if row[0][:1] == (file,)) for file in FILES}


def locate(path: Path, document: Document) -> Span | None:
    """Where a manifest.yaml writes a setting, or the deepest part of its path that it does write.

    None where not even the first key is written: the setting is a default.
    """
    found: list[str | int] = []
    current: Any = document.value
    for key in path:
        step = _step(current, key)
        if step is None:
            break
        found.append(step)
        current = current[step]
    return document.locate(tuple(found), key=len(found) < len(path)) if found else None


def _step(value: object, key: str) -> str | int | None:
    if isinstance(value, Mapping):
        return key if key in value else None
    if isinstance(value, list):
        for index, item in enumerate(value):
            named = item.values() if isinstance(item, Mapping) else (item,)
            if any(str(inner) == key for inner in named if not isinstance(inner, list | Mapping)):
                return index
    return None
