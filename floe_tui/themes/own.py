"""Themes of the user's own: a TOML file each, in a folder beside the settings file.

base = "floe-dark"
focus = "#7aa2f7"
error = "#f7768e"

A token that is not given is the base's.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import asdict, replace
from textual.theme import Theme

from floe_engine import ConfigurationError, read_bounded, strict_toml
from floe_tui.themes.tokens import COLOUR_BLIND, DARK, LIGHT, Tokens, theme

LIMIT = 64_000
"""Bytes that a theme's file may have."""

BASES: dict[str, tuple[Tokens, bool]] = {
    "floe-dark": (DARK, True),
    "floe-light": (LIGHT, False),
    "floe-colour-blind": (COLOUR_BLIND, True),
}

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def read_themes(folder: Path) -> tuple[tuple[Theme, ...], tuple[str, ...]]:
    """The themes of a folder, and a sentence for each file that is none. Never raises."""
    found: list[Theme] = []
    wrong: list[str] = []
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError:
        paths = []
    for path in paths:
        try:
            found.append(read_theme(path))
        except ConfigurationError as error:
            wrong.append(f"{path.name}: {error.message or error.title}")
    return tuple(found), tuple(wrong)


def read_theme(path: Path) -> Theme:
    """A theme by its file; it has the file's name. Raises `ConfigurationError` with every mistake."""
    try:
        values = strict_toml(read_bounded(path, LIMIT, what="theme"))
    except ValueError as error:
        raise ConfigurationError("theme is not TOML", str(error), where=str(path)) from None
    mistakes = []
    if not _NAME.fullmatch(path.stem) or path.stem in BASES or path.stem == "floe-ansi":
        mistakes.append("the file's name must be lower-case words joined by hyphens, and not one of floe's")
    base = values.pop("base", "floe-dark")
    if base not in BASES:
        mistakes.append(f"base: one of {', '.join(BASES)}")
    names = [*asdict(DARK)]
    for name, value in values.items():
        if name not in names:
            mistakes.append(f"{name} is no colour's name; they are {', '.join(names)}")
        elif not (isinstance(value, str) and _COLOUR.fullmatch(value)):
            mistakes.append(f"{name}: a colour such as #5cc8f2")
    if mistakes:
        raise ConfigurationError("theme is not valid", "; ".join(mistakes), where=str(path))
    tokens, dark = BASES[base]
    return theme(path.stem, replace(tokens, **values), dark=dark)
