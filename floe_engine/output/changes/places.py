"""Where the two sides of a change are written, and what of their values may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from floe_engine.document.diagnostics import Position
from floe_engine.document.document import Document
from floe_engine.text import printable
from floe_engine.upgrade.rules import Entry
from floe_engine.upgrade.settings import locate

MASK = "***"

LONGEST = 200
"""Characters of a value that are shown."""

_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|credential|private|api_?key|connection_?string", re.I
)
_NAMES_A_SECRET = re.compile(r"secret_?ref$|secret_?name$", re.I)


class WrittenManifest(Struct, frozen=True):
    """A manifest.yaml as a report refers to it."""

    path: str
    document: Document


class Location(Struct, frozen=True):
    """A position in a manifest.yaml. As text ``manifest.yaml:34:11``."""

    path: str
    position: Position

    @property
    def line(self) -> int:
        """One-based."""
        return self.position.line + 1

    @property
    def column(self) -> int:
        """One-based, in code points."""
        return self.position.column + 1

    def __str__(self) -> str:
        return f"{self.path}:{self.position}"


class Sides(Struct, frozen=True):
    """What the two sides are called, and their manifests where they have one."""

    old: str
    new: str
    old_manifest: WrittenManifest | None = None
    new_manifest: WrittenManifest | None = None

    def before(self, entry: Entry) -> Location | None:
        """Where the old side writes the changed setting."""
        return _place(entry, self.old_manifest)

    def after(self, entry: Entry) -> Location | None:
        """Where the new side writes the changed setting."""
        return _place(entry, self.new_manifest)

    def where(self, entry: Entry) -> str:
        """The best name of the place: a line of the new manifest, of the old, or the setting."""
        return str(self.after(entry) or self.before(entry) or entry.place)


def _place(entry: Entry, written: WrittenManifest | None) -> Location | None:
    if written is None:
        return None
    span = locate(entry.setting, written.document)
    return Location(written.path, span.start) if span is not None else None


def safe_value(value: Any, path: tuple[str, ...]) -> Any:
    """`value` as it may be shown: what a key calls a password or token is masked, at any depth."""
    if any(_SECRET.search(key) and not _NAMES_A_SECRET.search(key) for key in path[1:]):
        return MASK if value is not None else None
    if isinstance(value, Mapping):
        return {key: safe_value(inner, ("", str(key))) for key, inner in value.items()}
    if isinstance(value, list):
        return [safe_value(inner, ()) for inner in value]
    return value


def value_text(value: Any, path: tuple[str, ...]) -> str:
    """A value in one short line, safe for a terminal."""
    value = safe_value(value, path)
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        text = "[" + ", ".join(value_text(inner, ()) for inner in value) + "]"
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {value_text(inner, ())}" for key, inner in value.items()) + "}"
    else:
        text = str(value)
    text = printable(text).replace("\t", " ")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
