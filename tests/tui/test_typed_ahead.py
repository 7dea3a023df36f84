"""Keys typed faster than what they are for comes up: none is lost, and none reaches what is below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event

import pytest
from textual import events
from textual.keys import _character_to_key as key_of
from textual.pilot import Pilot
from textual.widgets import Input

from floe_tui.actions import Place
from floe_tui.app import Workbench
from floe_tui.panels.differing import DifferencePanel
from floe_tui.places.manifest import file as manifest_file
from floe_tui.places.manifest.file import Opened
from floe_tui.widgets.find_bar import FindBar
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.split_diff import SplitDiff

from .conftest import MANIFEST, Start, idle, left_behind, place, rows, until
from .terminal import floe_tui

Ready = Callable[[Pilot[None], Workbench], Awaitable[None]]


def rush(app: Workbench, *keys: str) -> None:
    """Put keys into the app's queue at once, as a terminal does: nothing can be drawn between them."""
    for key in keys:
        for part in (key,) if key in ("enter", "escape") or key[1:].isdigit() or "+" in key else key:
            single = len(part) == 1
            app.post_message(events.Key(key_of(part) if single else part, part if single else None))


def editor(app: Workbench) -> ManifestEditor:
    return app.screen_stack[0].query_one(ManifestEditor)


async def test_what_is_typed_while_it_starts_is_in_the_text(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    rush(app, "# mine", "enter")
    async with app.run_test() as pilot:
        await until(pilot, lambda: editor(app).text == "# mine\n" + MANIFEST)


async def test_what_is_typed_while_a_long_file_is_read_is_put_into_it_in_its_order(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_file, "AT_ONCE", 0)
    read, real = Event(), manifest_file.open_file

    def slow(file: Path) -> Opened:
        assert read.wait(20)
        return real(file)

    monkeypatch.setattr(manifest_file, "open_file", slow)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await pilot.press(*"# one", "enter")
        app.post_message(events.Paste("# two"))
        await pilot.press("enter", "right", "left")
        assert editor(app).text == ""
        assert "still being read" in place(app).why_not("manifest.save")
        read.set()
        await until(pilot, lambda: editor(app).text == "# one\n# two\n" + MANIFEST)
        await idle(pilot, app)
        assert editor(app).text == "# one\n# two\n" + MANIFEST
        assert editor(app).cursor_location == (2, 0)
        assert place(app).why_not("manifest.save") == ""


async def test_a_file_that_cannot_be_read_is_told_and_nothing_is_saved_over_it(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_file, "LIMIT", 10)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen is not app.place_screen)
        await pilot.press("escape", "x", "ctrl+s")
        assert editor(app).text == ""
        assert "could not be read" in place(app).why_not("manifest.save")


async def test_what_is_typed_right_after_find_is_what_is_found(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await idle(pilot, app)
        for _ in range(2):  # the bar is made the first time, and only opened the second
            rush(app, "ctrl+f", "compute")
            await until(pilot, lambda: bool(app.screen.query(FindBar)))
            await until(pilot, lambda: app.screen.query_one(FindBar).needle == "compute")
            rush(app, "escape")
            await until(pilot, lambda: app.focused is editor(app))
        assert editor(app).text == MANIFEST


async def test_what_is_typed_right_after_a_slash_is_the_filter(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await pilot.press("f4")
        await idle(pilot, app)
        rush(app, "/", "refused", "enter")
        await until(
            pilot, lambda: len(rows(app)) > 1 and all("refused" in row.cells[0] for row in rows(app)[1:2])
        )
        assert place(app).place == Place.POLICY
        await idle(pilot, app)  # nothing that was typed began a job which stays


async def test_what_is_typed_right_after_the_search_key_is_searched(
    workbench: Start, published: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f3")
        await idle(pilot, app)
        rush(app, "ctrl+f", "snowflake")
        await until(pilot, lambda: app.screen.query_one("#words", Input).value == "snowflake")
        await until(pilot, lambda: "1 of" in app.screen.query_one(SplitDiff).found)


async def test_a_place_and_a_panel_take_what_is_typed_after_their_key(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await idle(pilot, app)
        rush(app, "ctrl+g", "9", "enter", "# here", "enter")
        await until(
            pilot, lambda: "\n# hereplugins:" not in editor(app).text and "# here\n" in editor(app).text
        )
        assert editor(app).document.get_line(8) == "# here"
        rush(app, "f4", "/", "gold", "f2", "f4")
        await until(pilot, lambda: [field.value for field in place(app).query(Input)] == ["gold"])
        await idle(pilot, app)
        assert place(app).place == Place.POLICY


async def test_keys_of_the_start_do_not_answer_the_offer_to_recover(workbench: Start, platform: Path) -> None:
    left_behind(platform / "manifest.yaml", "kept: text\n")
    app = workbench(platform)
    rush(app, "# or", "enter")
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, DifferencePanel))
        await idle(pilot, app)
        assert isinstance(app.screen, DifferencePanel)
        assert editor(app).text == "# or\n" + MANIFEST


def test_in_a_terminal_keys_may_come_before_the_first_paint(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.press("# early ")  # no Enter: the terminal itself still makes something else of it
        terminal.shows("1  # early apiVersion", "●")
        terminal.press("\x06" + "compute")  # Ctrl-F, in one write
        terminal.shows("Find", "compute", "1 found")
        assert "computeapiVersion" not in terminal.text


def test_in_a_terminal_keys_that_are_typed_while_it_ends_change_nothing(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("f4")
        terminal.shows(" cases ")
        terminal.press("ctrl+q", *"jkjkjkjkjkjkjkjkjkjkjkjk")
        assert terminal.ends() == 0
        assert terminal.leftovers == []


async def test_of_places_that_are_rushed_through_only_the_last_is_made(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await idle(pilot, app)
        rush(app, "f3", "f4", "f5", "f7", "f6")
        await until(pilot, lambda: place(app).place == Place.REGISTRY)
        await idle(pilot, app)  # it is still coming up
        visited = {screen.place for screen in app._places()}
        assert not visited & {Place.POLICY, Place.PUBLISH, Place.PROJECT}
