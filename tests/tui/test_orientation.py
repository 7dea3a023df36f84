"""Where one is: context line, counts, focus, zoom, splits, the palette, commands and their log."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine import CancelToken
from floe_tui.actions import ACTIONS, Place
from floe_tui.app import Workbench
from floe_tui.floe_command import complete, run
from floe_tui.orientation import look_around
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.command import CommandPanel
from floe_tui.widgets.context_line import ContextLine
from floe_tui.widgets.field import Field
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.place_tabs import PlaceTabs
from floe_tui.widgets.text_view import TextView

from .conftest import MANIFEST, Start, idle, place, rows, until


def context(app: Workbench) -> str:
    return place(app).query_one(ContextLine).render().plain


def tabs(app: Workbench) -> str:
    return place(app).query_one(PlaceTabs).render().plain


async def test_the_first_line_says_where_one_is_in_every_place(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        await idle(pilot, app)
        await pilot.press("f6")
        await idle(pilot, app)
        for key in ("f6", "f7", "f3"):
            await pilot.press(key)
            await idle(pilot, app)
            said = context(app)
            assert all(part in said for part in ("acme-data-platform", "pin v1.2.3", "last v2.0.0", "online"))
        assert "5 Registry 3" in tabs(app)
        assert "6 Project ✗" in tabs(app)


async def test_unsaved_text_and_its_errors_are_seen_from_every_place(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("x")
        await until(pilot, lambda: "1 Manifest ✗" in tabs(app))
        await pilot.press("f4")
        await idle(pilot, app)
        assert "●" in context(app)
        assert "1 Manifest ✗" in tabs(app)


async def test_a_warning_stands_on_the_tab_where_nothing_stops(workbench: Start, platform: Path) -> None:
    manifest = platform / "manifest.yaml"
    manifest.write_text(MANIFEST.replace("type: duckdb", "type: duckdb\n    config:\n      thraeds: 1"))
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "1 Manifest !1" in tabs(app))


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_place_that_is_up_keeps_its_name_at_every_width(
    workbench: Start, platform: Path, width: int
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(width, 24)) as pilot:
        await idle(pilot, app)
        for key, name in (("f2", "1 Manifest"), ("f7", "6 Project")):
            await pilot.press(key)
            await idle(pilot, app)
            assert name in tabs(app)
            assert len(context(app)) <= width


async def test_the_key_of_the_place_that_is_up_goes_back_to_its_main_pane(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("ctrl+l")
        assert not isinstance(app.focused, ManifestEditor)
        await pilot.press("f2")
        assert isinstance(app.focused, ManifestEditor)


async def test_exactly_one_frame_shows_the_focus_and_every_pane_is_reached(
    workbench: Start, published: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        for key in ("f3", "f4", "f5", "f6"):
            await pilot.press(key)
            await idle(pilot, app)
            reached = set()
            for _ in place(app).panes:
                await pilot.press("ctrl+l")
                await pilot.pause()
                focused = [frame.id for frame in place(app).query(Frame) if frame.has_focus_within]
                assert len(focused) == 1, key
                reached |= set(focused)
            assert reached == {pane.id for pane in place(app).panes}


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)])
async def test_no_frame_reaches_beyond_the_screen(
    workbench: Start, published: Path, size: tuple[int, int]
) -> None:
    app = workbench(published)
    async with app.run_test(size=size) as pilot:
        await idle(pilot, app)
        for key in ("f2", "f3", "f4", "f5", "f6", "f7"):
            await pilot.press(key)
            await idle(pilot, app)
            seen = [frame for frame in place(app).query(Frame) if frame.region.area]
            assert seen, key
            assert all(frame.region in app.screen.region for frame in seen), key


async def test_a_pane_is_zoomed_and_back_and_the_border_is_moved_and_remembered(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        findings, source = place(app).query_one("#findings"), place(app).query_one("#source")
        await pilot.press("z")
        await pilot.pause()
        assert (findings.size.width, source.region.area) == (118, 0)
        await pilot.press("z")
        await pilot.pause()
        before = findings.size.width
        assert source.region.area
        await pilot.press("greater_than_sign", "greater_than_sign")
        await pilot.pause()
        wide = findings.size.width
        assert wide > before
        await pilot.press("ctrl+q")
    again = workbench(project)
    async with again.run_test(size=(120, 36)) as pilot:
        await idle(pilot, again)
        assert place(again).query_one("#findings").size.width == wide


async def test_the_mouse_moves_the_border_between_the_two_parts(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        left, right = place(app).query_one("#findings"), place(app).query_one("#source")
        for column in (80, 40, 2):
            border = left.region.right - 1
            await pilot.mouse_down(offset=(border, 12))
            await pilot.hover(offset=(column, 20))
            await pilot.mouse_up(offset=(column, 20))
            await pilot.pause()
            assert abs(left.region.right - max(column, 18)) <= 2
            assert right.region.width >= 18
        await pilot.mouse_down(offset=(5, 12))
        await pilot.hover(offset=(60, 20))
        await pilot.mouse_up(offset=(60, 20))
        assert left.region.right <= 20, "only the border is taken hold of"


async def test_the_palette_goes_to_the_place_and_does_it(workbench: Start, published: Path) -> None:
    app = workbench(published)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        action = next(action for action in ACTIONS if action.id == "registry.verify")
        assert app.why_not(action) == ""
        await app.perform(action)
        await idle(pilot, app)
        await until(pilot, lambda: not any(worker.group == "palette" for worker in app.workers))
        await idle(pilot, app)
        assert place(app).place == Place.REGISTRY
        assert "# Signatures" in place(app).query_one("#facts", TextView).text


async def test_a_command_is_run_and_shows_what_it_says(workbench: Start, published: Path) -> None:
    app = workbench(published)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, CommandPanel) and isinstance(app.focused, Field))
        await pilot.press(*"platform list", "enter")
        panel = app.screen
        await until(pilot, lambda: "exit 0" in str(panel.query_one("#said").render()), seconds=60)
        assert "v2.0.0" in panel.query_one("#output", TextView).text
        await pilot.press("escape")
        assert app.ran[-1].command == "floe platform list"


def test_commands_are_completed_as_in_a_shell(platform: Path) -> None:
    assert "publish" in complete(platform, "platform pu")
    assert complete(platform, "platform publi") == ("publish",)


def test_a_command_that_fails_says_why_and_nothing_is_a_script(platform: Path) -> None:
    said: list[str] = []
    done = run(platform, "platform pull v9.9.9; touch x", said.append, CancelToken())
    assert done.code != 0
    assert done.output
    assert not (platform / "x").exists()


async def test_what_was_done_is_listed_as_commands_that_can_be_copied(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("at")
        assert isinstance(app.screen, ChoosePanel)
        assert app.screen.rows[0].cells[0] == "floe compile"
        await pilot.press("enter")
        assert app.clipboard == "floe compile"


async def test_ctrl_z_undoes_in_the_text_and_suspends_outside_of_it(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended: list[bool] = []
    monkeypatch.setattr(Workbench, "action_suspend_process", lambda app: suspended.append(True))
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("x", "ctrl+z")
        assert app.screen.query_one(ManifestEditor).text == MANIFEST
        assert not suspended
        await pilot.press("ctrl+l", "ctrl+z")
        assert suspended == [True]


async def test_a_list_is_sorted_by_its_columns_and_says_which(workbench: Start, published: Path) -> None:
    app = workbench(published)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        await pilot.press("comma")
        keys = [row.key for row in rows(app) if not row.heading]
        assert keys == ["v2.0.0", "v1.2.3", "v1.3.0"], "within each major version"
        assert "Version ↑" in place(app).query_one("#list-rows").render_line(0).text  # type: ignore[attr-defined]


def test_a_data_team_reads_the_platforms_name_before_anything_was_judged(project: Path) -> None:
    found = look_around(project, CancelToken())
    assert (found["platform"], found["version"], found["pin"]) == ("acme-data-platform", "1.2.3", "v1.2.3")


async def test_what_ends_before_the_first_look_around_leaves_the_registry_in_the_line(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(160, 45)) as pilot:
        app.has_run("floe compile", 0.1, "")  # which looks again, in the place of the first look
        await until(pilot, lambda: bool(app.orientation.pin))
        assert app.orientation.registry
