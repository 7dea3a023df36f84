"""Colours: what is written stands out from what it is written on, in every theme of fixed colours."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from floe_tui.themes import themes

READABLE = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of body text."""

ON_EVERY_GROUND = ("foreground", "primary", "accent", "warning", "error")
ON_THE_SURFACE = ("success", "yaml-key", "yaml-string", "yaml-number", "yaml-reference", "yaml-comment")


def luminance(color: Color) -> float:
    """WCAG's relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Color, other: Color) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "theme", [theme for theme in themes() if not theme.ansi], ids=lambda theme: theme.name
)
def test_every_text_is_readable_on_its_ground(theme: Theme) -> None:
    values = {**theme.to_color_system().generate(), **theme.variables}
    pairs = [(name, ground) for name in ON_EVERY_GROUND for ground in ("surface", "panel")]
    pairs += [(name, "surface") for name in ON_THE_SURFACE]
    pairs += [("background", "primary"), ("background", "accent")]  # the row under the cursor, a jump letter
    weak = [
        f"{name} on {ground}"
        for name, ground in pairs
        if contrast(Color.parse(values[name]), Color.parse(values[ground])) < READABLE
    ]
    assert weak == []


def test_the_terminals_own_theme_names_no_color_of_its_own() -> None:
    (theme,) = (theme for theme in themes() if theme.ansi)
    named = [theme.primary, theme.error, theme.warning, theme.background, *theme.variables.values()]
    assert all(str(name).startswith("ansi_") for name in named)
