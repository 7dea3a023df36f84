"""Opening, going about, keys, help, palette, and leaving."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from textual._compositor import Compositor
from textual.command import CommandPalette
from textual.css.stylesheet import Stylesheet

from floe_engine import Cancelled, CancelToken, FloeError
from floe_tui.actions import ACTIONS, SIX, Place
from floe_tui.keys_page import markdown
from floe_tui.panels.ask import PasswordPanel
from floe_tui.panels.confirm import ConfirmPanel
from floe_tui.panels.help import HelpPanel
from floe_tui.panels.jump import JumpPanel
from floe_tui.panels.leave import LeavePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.panels.too_small import TooSmall
from floe_tui.places.place import PlaceScreen
from floe_tui.places.policy.screen import PolicyScreen
from floe_tui.session import log_path
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.key_footer import KeyFooter
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.place_tabs import PlaceTabs
from floe_tui.widgets.row_view import RowView
from floe_tui.widgets.split_diff import SplitDiff
from floe_tui.widgets.status_bar import StatusBar
from floe_tui.widgets.text_view import TextView

from .conftest import MANIFEST, Start, idle, kept_texts, settle, until
from .terminal import Terminal


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("manifest.yaml", Place.MANIFEST),
        ("floe.yaml", Place.PROJECT),
        ("dbt_project.yml", Place.PROJECT),
        ("", Place.START),
    ],
)
async def test_it_opens_at_the_place_that_fits_the_directory(
    workbench: Start, directory: Path, file: str, place: Place
) -> None:
    if file:
        (directory / file).write_text("name: x\n")
    app = workbench(directory)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.place_screen is not None
        assert app.place_screen.place == place


async def test_function_keys_go_to_the_places_even_while_the_editor_has_the_focus(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert isinstance(app.focused, ManifestEditor)
        for place in reversed(SIX):
            await pilot.press(place.key)
            assert app.place_screen is not None
            assert app.place_screen.place == place


async def test_digits_go_to_the_places_but_are_typed_into_text(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("5")
        assert app.place_screen is not None
        assert app.place_screen.place == Place.MANIFEST
        assert app.screen.query_one(ManifestEditor).text.startswith("5")
        await pilot.press("f4", "5")
        assert app.place_screen.place == Place.REGISTRY


async def test_a_place_on_its_way_is_told_nothing_and_reads_what_there_is(
    workbench: Start, platform: Path
) -> None:
    """Somebody leaves for it while the manifest is still being written."""
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        app._screen_stacks["on its way"] = [PolicyScreen()]
        app.manifest_saved()
        app.orient()
        del app._screen_stacks["on its way"]
        await settle(pilot)


async def test_the_place_is_found_again_on_return(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("down", "down", "right", "f6")
        await pilot.press("ctrl+q")
    again = workbench(platform)
    async with again.run_test() as pilot:
        await settle(pilot)
        assert again.place_screen is not None
        assert again.place_screen.place == Place.REGISTRY
        await pilot.press("f2")
        await settle(pilot)
        assert again.screen.query_one(ManifestEditor).cursor_location == (2, 1)


async def test_garbage_is_collected_from_the_first_paint_on(workbench: Start, platform: Path) -> None:
    gc.disable()  # as the command line does
    try:
        app = workbench(platform)
        async with app.run_test() as pilot:
            await until(pilot, gc.isenabled)
    finally:
        gc.enable()


async def test_help_lists_the_keys_of_the_place_and_takes_no_others(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpPanel)
        await pilot.press("f5")
        assert isinstance(app.screen, HelpPanel)
        await pilot.press("escape")
        assert isinstance(app.screen, PlaceScreen)


async def test_a_terminal_that_is_too_small_ignores_keys_until_it_grows(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        assert isinstance(app.screen, TooSmall)
        await pilot.press("x", "f5", "ctrl+s")
        assert isinstance(app.screen, TooSmall)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert isinstance(app.screen, PlaceScreen)
        assert not app.screen.query_one(ManifestEditor).text.startswith("x")


async def test_it_may_start_too_small(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(50, 14)) as pilot:
        await settle(pilot)
        await pilot.press("f6", "x")
        assert isinstance(app.screen, TooSmall)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert app.screen is app.place_screen
        assert app.place_screen.place == Place.MANIFEST


async def test_ctrl_c_copies_what_is_selected_and_else_says_how_to_leave(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "home/config/floe/tui.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[keys]\n"quit" = "f11"\n')
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("ctrl+c")
        (told,) = app._notifications
        assert "To leave floe, press F11" in told.message
        app.clear_notifications()
        await pilot.press("shift+end", "ctrl+c")
        assert app.clipboard == "apiVersion: floe.dev/v1"
        await until(pilot, lambda: len(app._notifications) == 1)
        (told,) = app._notifications
        assert told.message.startswith("Copied")
        await pilot.press("ctrl+f", *"kind", "shift+home", "ctrl+c")
        assert app.clipboard == "kind"


async def test_ctrl_c_never_copies_a_password(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.push_screen(PasswordPanel("Password of the key"))
        await pilot.press(*"secret", "shift+home", "ctrl+c")
        assert app.clipboard == ""
        assert isinstance(app.screen, PasswordPanel)


async def test_leaving_with_unsaved_text_asks_and_enter_stays(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("x", "ctrl+q")
        assert isinstance(app.screen, LeavePanel)
        await pilot.press("enter")
        assert isinstance(app.screen, PlaceScreen)
        await pilot.press("ctrl+q", "y")
        await pilot.pause()
        assert not app.is_running


async def test_leaving_while_important_work_runs_asks_and_leaving_stops_it(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    stopped = Event()

    def work(report: object, cancel: CancelToken) -> None:
        try:
            cancel.sleep(60)
        finally:
            stopped.set()

    async with app.run_test() as pilot:
        await settle(pilot)
        app.jobs.start(
            app.screen, work, title="Publishing v1.2.3", group="x", done=lambda _: None, important=True
        )
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, LeavePanel)
        assert app.screen.losses == ("Publishing v1.2.3 is running",)
        await pilot.press("y")
        await until(pilot, stopped.is_set)
        assert not app.is_running


async def test_what_runs_is_shown_and_can_be_stopped(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    answers: list[FloeError] = []
    async with app.run_test() as pilot:
        await settle(pilot)
        app.jobs.start(
            app.screen,
            lambda report, cancel: cancel.sleep(60),
            title="Pulling v1.2.3",
            group="x",
            done=lambda _: None,
            failed=answers.append,
        )
        await pilot.pause()
        line = app.screen.query_one(StatusBar)
        assert "Pulling v1.2.3  F12  stops it" in line.render().plain
        await pilot.press("f12")
        assert [type(answer) for answer in answers] == [Cancelled]
        assert "Pulling" not in line.render().plain


async def test_a_mistake_of_ours_in_a_worker_is_a_calm_panel_and_a_log(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)

    def work(report: object, cancel: CancelToken) -> None:
        raise LookupError("a mistake of ours")

    async with app.run_test() as pilot:
        await settle(pilot)
        app.jobs.start(
            app.screen, work, title="x", group="x", done=lambda _: None, command="floe platform list"
        )
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
        assert isinstance(app.screen, ProblemPanel)
        assert app.screen.command == "floe platform list"
        assert str(log_path()) in app.screen.error.hint
        await pilot.press("escape")
        assert isinstance(app.screen, PlaceScreen)
    assert "a mistake of ours" in log_path().read_text()


async def test_jump_mode_focuses_the_part_under_a_letter_and_any_other_key_leaves_it(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+o")
        assert isinstance(app.screen, JumpPanel)
        letters = {widget.id: letter for letter, widget in app.screen.targets.items()}
        await pilot.press(letters["outline"])
        assert app.focused is app.screen.query_one("#outline")
        await pilot.press("ctrl+o", "escape")
        assert isinstance(app.screen, PlaceScreen)
        assert app.focused is app.screen.query_one("#outline")


async def test_places_keys_and_sections_can_be_clicked(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await pilot.click("#outline", offset=(6, 7))
        await pilot.click("#outline", offset=(6, 7))
        assert app.screen.query_one(ManifestEditor).cursor_location == (8, 0)
        await pilot.click(KeyFooter, offset=(150, 0))
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press("escape")
        await pilot.click(PlaceTabs, offset=(55, 0))
        await until(pilot, lambda: app.place_screen is not None and app.place_screen.place == Place.REGISTRY)


def test_an_error_in_the_workbench_gives_the_terminal_back_keeps_the_text_and_says_where_to_look(
    platform: Path,
) -> None:
    code = """
from floe_tui.__main__ import run
from floe_tui.panels.help import HelpPanel
def compose(self):
    raise LookupError("a mistake of ours")
HelpPanel.compose = compose
raise SystemExit(run([]))
"""
    terminal = Terminal([sys.executable, "-c", code], platform, 100, 30)
    terminal.shows("no problems")
    terminal.press("# mine", "enter")
    terminal.shows("●")
    terminal.press("f1")
    assert terminal.ends() == 70
    assert terminal.leftovers == []
    said = terminal.written.rpartition(b"\x1b[?1049l")[2].decode()
    assert "ended by an error inside floe: LookupError" in said
    assert said.count("\n") == 1
    assert kept_texts(platform / "manifest.yaml") == ["# mine\n" + MANIFEST]
    assert "a mistake of ours" in log_path().read_text()


async def test_an_error_in_the_workbench_is_raised_to_whoever_drives_it(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    with pytest.raises(LookupError):
        async with app.run_test() as pilot:
            await settle(pilot)

            def fail() -> None:
                raise LookupError("a mistake of ours")

            app.call_later(fail)
            await until(pilot, lambda: not app.is_running)
    assert str(log_path()) in app.crash
    assert app.return_code == 70


async def test_the_settings_file_gives_an_action_another_key(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "home/config/floe/tui.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('theme = "floe-light"\n[keys]\n"go.registry" = "ctrl+t"\n')
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.theme == "floe-light"
        await pilot.press("ctrl+t")
        assert app.place_screen is not None
        assert app.place_screen.place == Place.REGISTRY


@pytest.mark.parametrize("text", ["theme = ", "colour = 1", "[keys]\nnothing = 'x'", "theme = 3"])
async def test_a_broken_settings_file_is_told_once_and_stops_nothing(
    workbench: Start, platform: Path, tmp_path: Path, text: str
) -> None:
    settings = tmp_path / "home/config/floe/tui.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(text)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert len(app._notifications) == 1
        assert app.screen.query_one(ManifestEditor).text


async def test_every_action_is_in_the_palette_and_a_disabled_one_says_why(
    workbench: Start, platform: Path
) -> None:
    from floe_tui.commands import ActionProvider

    app = workbench(platform, read_only=True)
    async with app.run_test() as pilot:
        await settle(pilot)
        offers = {action.id: about for action, _, about in ActionProvider(app.screen)._offers()}
        assert set(offers) == {
            a.id for a in ACTIONS if a.id != "palette" and not a.part and not a.id.endswith(".digit")
        }
        assert "--read-only" in offers["manifest.save"]
        assert "nothing is running" in offers["work.cancel"]


async def test_the_footer_stays_as_it_was_under_a_panel(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        footer = app.screen.query_one(KeyFooter)
        before = footer.render().plain
        await pilot.press("f1")
        assert isinstance(app.screen, HelpPanel)
        await settle(pilot)
        assert footer.render().plain == before


async def test_the_footer_says_how_many_keys_did_not_fit(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        line = app.screen.query_one(KeyFooter).render().plain
        assert "Help" in line
        assert "Commands" in line
        assert "+" in line
        assert len(line) <= 60


def test_every_action_has_an_id_of_its_own_and_a_method() -> None:
    from floe_tui.app import Workbench
    from floe_tui.places import create

    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    parts = {"list": RowView, "filter": FilterList, "diff": SplitDiff, "text": TextView}
    for action in ACTIONS:
        place = Workbench if action.place is None else type(create(action.place))
        owner = parts.get(action.part, place)
        _, dot, method = action.target.rpartition("screen.")
        owners = [type(create(at)) for at in Place] if dot else [owner]
        assert any(hasattr(owner, f"action_{method}") for owner in owners), action.id


def test_no_key_means_two_things_in_one_place() -> None:
    for place in Place:
        keys = [
            key
            for a in ACTIONS
            if a.place in (None, place) and not a.part and a.id != "suspend"  # outside the text
            for key in a.keys.split(",")
            if key
        ]
        assert len(keys) == len(set(keys)), place


def test_the_keys_page_is_the_table(request: pytest.FixtureRequest) -> None:
    page = request.config.rootpath / "docs" / "keys.md"
    assert page.read_text() == markdown(), "run scripts/keys_reference.py"


def test_starting_loads_neither_the_network_nor_the_signing_libraries() -> None:
    code = "import floe_tui.app, sys, json; print(json.dumps(sorted(sys.modules)))"
    names = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    roots = {name.partition(".")[0] for name in names}
    assert not roots & {"oras", "sigstore", "deepdiff", "requests", "pydantic", "cryptography", "tree_sitter"}


def test_the_command_line_answers_without_loading_textual() -> None:
    code = "import floe_tui.__main__, sys; print('textual' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


async def test_arrows_move_between_the_buttons_of_a_question(workbench: Start, directory: Path) -> None:
    app = workbench(directory)
    answers: list[bool | None] = []
    async with app.run_test() as pilot:
        await settle(pilot)
        for keys in (("right", "right", "enter"), ("right", "left", "enter")):
            app.push_screen(ConfirmPanel("Really?"), answers.append)
            await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
            await pilot.press(*keys)
            await until(pilot, lambda: not isinstance(app.screen, ConfirmPanel))
    assert answers == [True, False]


async def test_a_copy_program_that_hangs_holds_nothing_up(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = platform.parent / "xclip"
    hanging.write_text("#!/bin/sh\nexec sleep 30\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{platform.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":99")
    for name in ("SSH_TTY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("shift+end", "ctrl+c", "x")
        assert app.screen.query_one(ManifestEditor).text.startswith("x")
        await until(pilot, lambda: len(app._notifications) == 1)
        (told,) = app._notifications
        assert "xclip failed (TimeoutExpired)" in told.message


async def test_no_style_sheet_is_read_twice_and_no_place_is_drawn_before_it_is_whole(
    workbench: Start, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[str] = []
    monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: again.append("read"))
    drawn = Compositor.render_full_update

    def draw(compositor: Compositor, simplify: bool = False) -> object:
        if app._batch_count:
            again.append("drawn for nobody")
        return drawn(compositor, simplify)

    monkeypatch.setattr(Compositor, "render_full_update", draw)
    app = workbench(published)
    async with app.run_test(size=(120, 36)) as pilot:
        for key in ("f3", "f4", "f5", "f6", "f7", "f2"):
            await pilot.press(key)
            await idle(pilot, app)
            here = app.screen_stack[0]
            assert len(here.query(".pane.-active")) == 1
            assert here.has_class("-at-main")
        assert again == []
