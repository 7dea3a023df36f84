"""Colours. Nothing is told by colour alone: every state also has its glyph, given here."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

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
    "same": " ",
}
"""State to the one-cell sign that tells it in every theme."""

DEFAULT: Final = "floe-dark"


def themes() -> tuple[Theme, ...]:
    """The workbench's own themes, in the order in which they are cycled."""
    return (
        Theme(
            name="floe-dark",
            primary="#5fb3ce",
            secondary="#3f7f99",
            accent="#e0b050",
            foreground="#d7dde2",
            background="#12181d",
            surface="#182027",
            panel="#22303a",
            success="#7fbf7f",
            warning="#e0b050",
            error="#ef7f7f",
            dark=True,
            variables={
                **_syntax("#7fc4de", "#b5cf8f", "#e0a878", "#c49be0", "#7d8b96"),
                **_scroll_bar("#1f2b34", "#55889d", "#6ea6bd"),
            },
        ),
        Theme(
            name="floe-light",
            primary="#0b5f80",
            secondary="#3f7f99",
            accent="#8a5a00",
            foreground="#1c2429",
            background="#f7f8f8",
            surface="#ffffff",
            panel="#e3e9ec",
            success="#1f6f2f",
            warning="#855600",
            error="#b0202f",
            dark=False,
            variables={
                **_syntax("#0b5f80", "#3f6212", "#9a4a10", "#6f3fa0", "#66727a"),
                **_scroll_bar("#e3e9ec", "#5f8797", "#3f6f83"),
            },
        ),
        Theme(
            name="floe-ansi",
            ansi=True,
            primary="ansi_blue",
            secondary="ansi_cyan",
            accent="ansi_magenta",
            foreground="ansi_default",
            background="ansi_default",
            surface="ansi_default",
            panel="ansi_default",
            boost="ansi_default",
            success="ansi_green",
            warning="ansi_yellow",
            error="ansi_red",
            dark=True,
            variables={
                **_syntax("ansi_cyan", "ansi_green", "ansi_yellow", "ansi_magenta", "ansi_bright_black"),
                **_scroll_bar("ansi_default", "ansi_cyan", "ansi_bright_cyan"),
                "ansi-background": "ansi_black",
                "ansi-foreground": "ansi_white",
                "border-blurred": "ansi_bright_black",
                "block-cursor-foreground": "ansi_black",
                "block-cursor-background": "ansi_white",
                "input-cursor-background": "ansi_white",
                "input-cursor-foreground": "ansi_black",
                "input-selection-background": "ansi_bright_blue",
                "input-selection-foreground": "ansi_black",
                "screen-selection-background": "ansi_bright_blue",
                "screen-selection-foreground": "ansi_black",
            },
        ),
        # Okabe and Ito's palette: told apart with any of the common colour deficiencies.
        Theme(
            name="floe-colour-blind",
            primary="#56b4e9",
            secondary="#0072b2",
            accent="#f0e442",
            foreground="#e6e6e6",
            background="#101418",
            surface="#171d23",
            panel="#26313b",
            success="#56b4e9",
            warning="#f0e442",
            error="#e69f00",
            dark=True,
            variables={
                **_syntax("#56b4e9", "#f0e442", "#e69f00", "#cc79a7", "#8c979f"),
                **_scroll_bar("#222c35", "#4a86aa", "#6aa7cc"),
            },
        ),
    )


def _syntax(key: str, string: str, number: str, reference: str, comment: str) -> dict[str, str]:
    return {
        "yaml-key": key,
        "yaml-string": string,
        "yaml-number": number,
        "yaml-reference": reference,
        "yaml-comment": comment,
    }


def _scroll_bar(ground: str, bar: str, hover: str) -> dict[str, str]:
    """Textual's own ground is darker than the background: nearly black, in a dark theme."""
    return {
        "scrollbar": bar,
        "scrollbar-hover": hover,
        "scrollbar-background": ground,
        "scrollbar-background-hover": ground,
        "scrollbar-background-active": ground,
        "scrollbar-corner-color": ground,
    }
