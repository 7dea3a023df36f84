"""Colours: what is written stands out from what it is written on, in every theme of fixed colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from floe_tui.themes import themes

from .conftest import Start, settle

READABLE = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of body text."""

VISIBLE = 3.0
"""WCAG 2.2, 1.4.11: the least contrast of a part that is no text."""

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


FIXED = pytest.mark.parametrize(
    "theme", [theme for theme in themes() if not theme.ansi], ids=lambda theme: theme.name
)


@FIXED
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


@FIXED
def test_the_scroll_bar_stands_out_from_a_ground_that_is_no_hole_in_the_screen(theme: Theme) -> None:
    values = {**theme.to_color_system().generate(), **theme.variables}
    ground, surface = (Color.parse(values[name]) for name in ("scrollbar-background", "surface"))
    for bar in ("scrollbar", "scrollbar-hover", "scrollbar-active"):
        assert contrast(Color.parse(values[bar]), ground) >= VISIBLE
    assert contrast(ground, surface) < 1.3
    if theme.dark:
        assert luminance(ground) > luminance(surface)


def test_the_terminals_own_theme_names_no_color_of_its_own() -> None:
    (theme,) = (theme for theme in themes() if theme.ansi)
    named = [theme.primary, theme.error, theme.warning, theme.background, *theme.variables.values()]
    assert all(str(name).startswith("ansi_") for name in named)


async def test_a_theme_that_is_put_on_elsewhere_is_seen_on_return(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await pilot.press("f4")
        await settle(pilot)
        app.action_next_theme()
        await settle(pilot)
        for key, place in (("f2", "manifest"), ("f3", "versions"), ("f4", "policy")):
            await pilot.press(key)
            await settle(pilot)
            assert app.screen.styles.background == Color.parse("#f7f8f8"), place
