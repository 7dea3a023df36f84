"""Colours: what is written stands out from what it is written on, in every theme of fixed colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import asdict, fields
from textual.color import Color

from floe_tui.themes import fitting_theme, themes
from floe_tui.themes.own import BASES, read_themes
from floe_tui.themes.tokens import ANSI, Tokens

from .conftest import Start, settle

READABLE = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of body text."""

VISIBLE = 3.0
"""WCAG 2.2, 1.4.11: the least contrast of a part that is no text."""

SEEN = 2.0
"""What a frame needs that only parts the screen."""

STATES = ("error", "warning", "success")
SYNTAX = ("key", "string", "number", "word")

PAIRS = (
    *((text, ground) for text in ("text", "muted") for ground in ("ground", "raised", "cursor")),
    *((state, ground) for state in STATES for ground in ("ground", "raised", "cursor", f"{state}_soft")),
    *((text, f"{state}_soft") for text in ("text", "muted", *SYNTAX) for state in STATES),
    *((hue, "ground") for hue in SYNTAX),
    ("faint", "ground"),
    ("focus", "ground"),
    ("ground", "focus"),  # a button in focus
)
"""What is drawn on what."""


def luminance(color: Color) -> float:
    """WCAG's relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted(luminance(Color.parse(color)) for color in (one, other))
    return (light + 0.05) / (dark + 0.05)


FIXED = pytest.mark.parametrize("tokens", [tokens for tokens, _ in BASES.values()], ids=[*BASES])


@FIXED
def test_every_text_is_readable_on_every_ground_that_it_is_drawn_on(tokens: Tokens) -> None:
    values = asdict(tokens)
    weak = [
        f"{text} on {ground}: {found:.1f}"
        for text, ground in PAIRS
        if (found := contrast(values[text], values[ground])) < READABLE
    ]
    assert weak == []


@FIXED
def test_the_focus_stands_out_and_frames_and_scroll_bars_do_not_outshine_it(tokens: Tokens) -> None:
    focus, frame = contrast(tokens.focus, tokens.ground), contrast(tokens.frame, tokens.ground)
    assert focus >= VISIBLE
    assert SEEN <= frame < focus
    assert contrast(tokens.cursor, tokens.ground) > 1.1
    assert contrast(tokens.raised, tokens.ground) > 1.1


@FIXED
def test_no_two_tokens_that_mean_something_else_look_the_same(tokens: Tokens) -> None:
    meaning = [tokens.focus, tokens.error, tokens.warning, tokens.success, tokens.text]
    assert len(set(meaning)) == len(meaning)


def test_the_terminals_own_theme_names_no_color_of_its_own() -> None:
    assert all(value.startswith("ansi_") for value in asdict(ANSI).values())
    (theme,) = (theme for theme in themes() if theme.ansi)
    assert all(str(value).startswith("ansi_") for value in theme.variables.values())


async def test_a_theme_that_is_put_on_elsewhere_is_seen_on_return(workbench: Start, platform: Path) -> None:
    app = workbench(platform, theme="floe-dark")
    async with app.run_test() as pilot:
        await pilot.press("f4")
        await settle(pilot)
        app.action_next_theme()
        await settle(pilot)
        for key, place in (("f2", "manifest"), ("f3", "versions"), ("f4", "policy")):
            await pilot.press(key)
            await settle(pilot)
            assert app.screen.styles.background == Color.parse(BASES["floe-light"][0].ground), place


# --- themes of one's own -----------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "config" / "floe" / "themes"
    folder.mkdir(parents=True)
    return folder


async def test_a_theme_of_ones_own_is_put_on_by_its_files_name(
    workbench: Start, platform: Path, own: Path
) -> None:
    (own / "night.toml").write_text('base = "floe-dark"\nground = "#000000"\n')
    app = workbench(platform, theme="night")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.theme == "night"
        assert app.screen.styles.background == Color.parse("#000000")


def test_every_mistake_of_a_theme_is_told_and_the_others_are_taken(own: Path) -> None:
    (own / "good.toml").write_text('focus = "#ff00ff"\n')
    (own / "bad.toml").write_text('base = "nowhere"\nfocuss = "#ff00ff"\nerror = "red"\n')
    (own / "floe-dark.toml").write_text("")
    (own / "torn.toml").write_text("= =")
    found, wrong = read_themes(own)
    assert [theme.name for theme in found] == ["good"]
    assert len(wrong) == 3
    (bad,) = (said for said in wrong if said.startswith("bad.toml"))
    assert all(part in bad for part in ("base", "focuss", "error", fields(Tokens)[0].name))


@pytest.mark.parametrize(
    ("terminal", "true", "theme"),
    [("linux", "", "floe-ansi"), ("screen", "", "floe-ansi"), ("screen-256color", "", "floe-dark"),
     ("xterm-256color", "", "floe-dark"), ("linux", "truecolor", "floe-dark")],
)  # fmt: skip
def test_a_terminal_of_few_colours_gets_its_own(
    monkeypatch: pytest.MonkeyPatch, terminal: str, true: str, theme: str
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("COLORTERM", true)
    assert fitting_theme() == theme
