"""The colours of a theme, each named for what it means. Nothing else in the workbench names a colour.

A theme gives every token; what Textual derives from its own few colours is set from them too, so that
no shade on the screen is one that nobody chose.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict
from textual.theme import Theme


class Tokens(Struct, frozen=True):
    """Colours as CSS writes them (``#rrggbb``, or Textual's ``ansi_…``)."""

    ground: str
    """Under everything, frames included."""
    raised: str
    """Key caps, chips that tell no state, and the cursor's row where the focus is elsewhere."""
    frame: str
    """Frames, rules, scroll bars."""
    focus: str
    """The frame in focus, the place one is in, the cursor's edge; and nothing else."""
    cursor: str
    """The row under the cursor."""
    text: str
    muted: str
    """Labels and meanings."""
    faint: str
    """Line numbers and codes."""
    error: str
    """What stops."""
    error_soft: str
    warning: str
    """What does not stop."""
    warning_soft: str
    success: str
    """What is met."""
    success_soft: str
    key: str
    string: str
    number: str
    word: str
    """Four hues of syntax; comments are faint."""


DARK = Tokens(
    ground="#0f151c", raised="#1b2530", frame="#4a5a6b", focus="#5cc8f2", cursor="#153a4d",
    text="#dde5ec", muted="#9caab7", faint="#8391a0",
    error="#ff7f88", error_soft="#401f27", warning="#f2b65b", warning_soft="#3b2d14",
    success="#77d49d", success_soft="#16331f",
    key="#a3b8ff", string="#add791", number="#f0ab7c", word="#cdaefc",
)  # fmt: skip

LIGHT = Tokens(
    ground="#fbfcfd", raised="#e9eef3", frame="#98a7b5", focus="#0a6cad", cursor="#d3e8f6",
    text="#18222c", muted="#4c5a67", faint="#5b6874",
    error="#b3202e", error_soft="#fbe1e3", warning="#7f4a00", warning_soft="#fae8c8",
    success="#166638", success_soft="#d9f0e0",
    key="#3346b5", string="#356310", number="#93450a", word="#673cbb",
)  # fmt: skip

COLOUR_BLIND = Tokens(
    ground="#10141a", raised="#1e262f", frame="#4d5b69", focus="#56b4e9", cursor="#14384d",
    text="#e6e6e6", muted="#a5b0ba", faint="#8c98a4",
    error="#ff8a3c", error_soft="#40230f", warning="#f0e442", warning_soft="#35330f",
    success="#2fc79a", success_soft="#0d3327",
    key="#8ecbf5", string="#e3d98a", number="#f0ab7c", word="#e3a6c7",
)  # fmt: skip
"""After Okabe and Ito's palette: told apart with any of the common colour deficiencies."""

ANSI = Tokens(
    ground="ansi_default", raised="ansi_default", frame="ansi_bright_black", focus="ansi_cyan",
    cursor="ansi_default", text="ansi_default", muted="ansi_default", faint="ansi_bright_black",
    error="ansi_red", error_soft="ansi_default", warning="ansi_yellow", warning_soft="ansi_default",
    success="ansi_green", success_soft="ansi_default",
    key="ansi_cyan", string="ansi_green", number="ansi_yellow", word="ansi_magenta",
)  # fmt: skip
"""The terminal's own sixteen colours; the cursor is reverse there."""


def variables(tokens: Tokens) -> dict[str, str]:
    """The tokens as CSS variables (``$error-soft``), and the shades that Textual would derive."""
    # Textual has a $text of its own, which picks a contrast for itself: ours is $foreground.
    found = {name.replace("_", "-"): value for name, value in asdict(tokens).items() if name != "text"}
    found |= {f"syntax-{name}": found.pop(name) for name in ("key", "string", "number", "word")}
    found |= {
        "text-muted": tokens.muted,
        "foreground-muted": tokens.muted,
        "border": tokens.focus,
        "border-blurred": tokens.frame,
        "scrollbar": tokens.frame,
        "scrollbar-hover": tokens.muted,
        "scrollbar-active": tokens.focus,
        "scrollbar-corner-color": tokens.ground,
        "input-cursor-background": tokens.text,
        "input-cursor-foreground": tokens.ground,
        "input-selection-background": tokens.cursor,
        "block-cursor-background": tokens.cursor,
        "block-cursor-foreground": tokens.text,
        "block-cursor-blurred-background": tokens.raised,
        "block-cursor-blurred-foreground": tokens.text,
        "screen-selection-background": tokens.cursor,
        "button-color-foreground": tokens.ground,
    }
    for state in ("error", "warning", "success"):
        found |= {f"text-{state}": found[state], f"{state}-muted": found[f"{state}-soft"]}
    found |= {f"text-{state}": tokens.focus for state in ("primary", "accent")}
    found |= {f"scrollbar-background{end}": tokens.ground for end in ("", "-hover", "-active")}
    return found


def theme(name: str, tokens: Tokens, *, dark: bool) -> Theme:
    """A Textual theme of the tokens."""
    ansi = tokens.ground.startswith("ansi_")
    more = variables(tokens)
    if ansi:
        more |= {
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": "ansi_black",
            "button-color-foreground": "ansi_default",
        }
    return Theme(
        name=name,
        dark=dark,
        ansi=ansi,
        primary=tokens.focus,
        secondary=tokens.key,
        accent=tokens.focus,
        foreground=tokens.text,
        background=tokens.ground,
        surface=tokens.ground,
        panel=tokens.raised,
        boost=tokens.raised,
        error=tokens.error,
        warning=tokens.warning,
        success=tokens.success,
        variables=more,
    )
