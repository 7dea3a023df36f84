"""Colours. Nothing is told by colour alone: every state also has its glyph, given here."""

from __future__ import annotations

import os
from typing import Final

from textual.theme import Theme

from floe_tui.themes.tokens import ANSI, COLOUR_BLIND, DARK, LIGHT, theme, variables

GLYPHS: Final = {
    "done": "✓",
    "passed": "✓",
    "failed": "✗",
    "error": "✗",
    "warned": "!",
    "warning": "!",
    "info": "i",
    "skipped": "-",
    "added": "+",
    "removed": "-",
    "changed": "~",
    "moved": "↕",
    "same": " ",
}
"""State to the one-cell sign that tells it in every theme."""

DEFAULT: Final = "floe-dark"


FALLBACK: Final = variables(DARK)
"""The tokens where a theme that is not ours is put on: style sheets name them."""


def themes() -> tuple[Theme, ...]:
    """The workbench's own themes, in the order in which they are cycled."""
    return (
        theme("floe-dark", DARK, dark=True),
        theme("floe-light", LIGHT, dark=False),
        theme("floe-ansi", ANSI, dark=True),
        theme("floe-colour-blind", COLOUR_BLIND, dark=True),
    )


def fitting_theme() -> str:
    """The theme for this terminal, where nobody chose one: without 256 colours, the terminal's own."""
    terminal = os.environ.get("TERM", "")
    few = "256" not in terminal and terminal.partition("-")[0] in (
        "linux",
        "screen",
        "vt100",
        "vt220",
        "ansi",
    )
    return "floe-ansi" if few and not os.environ.get("COLORTERM") else DEFAULT
