"""The first place: open, see what is wrong, mend it, save it, never lose a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from floe_engine import Severity
from floe_tui.app import Workbench
from floe_tui.panels.ask import AskPanel
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.problems import Problems
from floe_tui.widgets.row_view import RowView
from floe_tui.widgets.status_bar import StatusBar

from .conftest import MANIFEST, Start, place, settle, until


def editor(app: Workbench) -> ManifestEditor:
    return app.screen_stack[0].query_one(ManifestEditor)


def problems(app: Workbench) -> list[str]:
    found = app.screen_stack[0].query_one(Problems).diagnostics
    return [item.message for item in found if item.severity is Severity.ERROR]


async def checked(pilot: Pilot[None], app: Workbench) -> None:
    await settle(pilot)
    await until(pilot, lambda: "checking" not in app.screen_stack[0].query_one(StatusBar).text)


async def test_a_typing_mistake_is_seen_mended_saved_and_compiled(workbench: Start, platform: Path) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd"))
    app = workbench(platform)
    async with app.run_test() as pilot:
        await checked(pilot, app)
        assert len(problems(app)) == 1
        assert "duckbd" in problems(app)[0]
        await pilot.press("f8")
        assert editor(app).cursor_location == (9, 10)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: not problems(app))
        assert "type: duckdb" in editor(app).text
        await pilot.press("f10")
        await until(pilot, lambda: (platform / ".floe/artifacts/manifest.json").exists())
        assert (platform / "manifest.yaml").read_text() == MANIFEST
        await until(pilot, lambda: len(app._notifications) == 1)


async def test_the_eight_files_are_rebuilt_while_typing_and_changed_ones_are_marked(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await checked(pilot, app)
        files = app.screen.query_one("#files", RowView)
        assert len(files.rows) == 8
        assert {row.glyph for row in files.rows} == {" "}
        text = editor(app).text.replace("enforcement: strict", "enforcement: warn")
        editor(app).set_text(text)
        await until(pilot, lambda: any(row.glyph == "~" for row in files.rows))
        assert {row.key for row in files.rows if row.glyph == "~"} == {
            "manifest.json",
            "architecture/naming-rules.json",
        }


async def test_a_syntax_error_keeps_the_last_good_files_dimmed(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await checked(pilot, app)
        files = app.screen.query_one("#files", RowView)
        editor(app).insert('"', (2, 0))
        await until(pilot, lambda: bool(problems(app)))
        assert len(files.rows) == 8
        assert {row.tone for row in files.rows} == {"dim"}


async def test_without_an_editor_set_a_panel_says_so(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await checked(pilot, app)
        await pilot.press("f9")
        assert isinstance(app.screen, ProblemPanel)
        assert "EDITOR" in app.screen.error.message


async def test_read_only_neither_types_nor_saves(workbench: Start, platform: Path) -> None:
    app = workbench(platform, read_only=True)
    async with app.run_test() as pilot:
        await checked(pilot, app)
        await pilot.press("x", "ctrl+s")
        assert editor(app).text == MANIFEST
        assert "READ-ONLY" in app.screen.query_one(StatusBar).render().plain


async def test_lines_and_sections_are_gone_to(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await checked(pilot, app)
        await pilot.press("ctrl+g")
        assert isinstance(app.screen, AskPanel)
        await pilot.press("9", "enter")
        assert editor(app).cursor_location == (8, 0)
        await pilot.press("ctrl+end")
        assert editor(app).cursor_location == editor(app).document.end
        await pilot.press("ctrl+home")
        assert editor(app).cursor_location == (0, 0)
        await app.run_action("select_all", place(app))
        assert editor(app).selected_text == MANIFEST
        await pilot.press("ctrl+b")
        assert isinstance(app.screen, ChoosePanel)
        await pilot.press("/", *"naming", "enter", "enter")
        assert editor(app).cursor_location == (15, 0)


async def test_without_problems_the_text_has_the_room_and_slips_while_typing_do_not_make_it_jump(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await checked(pilot, app)
        tall = editor(app).size.height
        assert tall == 24 - 6  # context, tabs, frame, status, keys
        await pilot.press("x")
        await until(pilot, lambda: bool(problems(app)))
        await pilot.pause()
        low = editor(app).size.height
        assert low < tall
        await pilot.press("backspace")
        await until(pilot, lambda: not problems(app))
        await pilot.pause()
        assert editor(app).size.height == low
        await pilot.press("ctrl+s")
        await until(pilot, lambda: editor(app).size.height == tall)


async def test_the_cursor_comes_back_without_moving_the_text_aside(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await checked(pilot, app)
        await pilot.press("down", "down", "end", "ctrl+q")
    again = workbench(platform)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: editor(again).cursor_location == (2, 9))
        await pilot.pause()
        assert editor(again).scroll_offset.x == 0


async def test_typing_lays_the_screen_out_only_where_a_line_outgrows_it(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = []
    lay_out = Screen._refresh_layout

    def counted(screen: Screen[Any], *arguments: Any, **options: Any) -> None:
        layouts.append(screen)
        lay_out(screen, *arguments, **options)

    monkeypatch.setattr(Screen, "_refresh_layout", counted)
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await checked(pilot, app)
        await pilot.press("ctrl+end", "#")
        await checked(pilot, app)
        layouts.clear()
        await pilot.press(*"a comment")
        await checked(pilot, app)
        assert not layouts
        await pilot.press(*"b" * 90)
        await checked(pilot, app)
        assert 0 < len(layouts) < 10
        assert editor(app).scroll_offset.x > 0
        assert editor(app).cursor_screen_offset.x < 80
