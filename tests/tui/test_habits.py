"""What people do without thinking, in the real program: suspend, drag the mouse over text, copy, Shift+F8."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from floe_tui.external import editor_command
from floe_tui.settings import settings_path

from .conftest import MANIFEST, Start, idle, until
from .terminal import Terminal, floe_tui, program


def test_ctrl_z_goes_to_the_shell_and_fg_returns_to_the_text(platform: Path) -> None:
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], platform, 80, 24)
    try:
        terminal.press(f"PS1='shell> '; {' '.join(program())}", "enter")
        terminal.shows("manifest.yaml 1:1", "no problems")
        terminal.press("# typed", "ctrl+z")  # in the text it undoes
        terminal.until(lambda: "# typed" not in terminal.text)
        terminal.press("# mine", "enter", "f5")
        terminal.shows("Preflight of")
        terminal.press("ctrl+z")
        terminal.shows("Stopped", "shell>")
        terminal.press("echo it is $((40 + 2))", "enter")
        terminal.shows("it is 42")
        terminal.press("fg", "enter")
        terminal.shows("Preflight of")
        terminal.press("f2")
        terminal.shows("# mine", "●")
        terminal.press("ctrl+q")
        terminal.shows("Leave floe?")
        terminal.press("y")
        terminal.until(lambda: terminal.leftovers == [])
    finally:
        terminal.child.close(force=True)
    assert (platform / "manifest.yaml").read_text() == MANIFEST


def test_what_the_mouse_selects_is_copied_through_the_terminal(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("apiVersion: floe.dev/v1", "no problems")
        lines = terminal.text.splitlines()
        row = next(number for number, line in enumerate(lines, 1) if "apiVersion" in line)
        column = lines[row - 1].index("apiVersion") + 1
        terminal.press(f"\x1b[<0;{column};{row}M")
        for x in range(column, column + 11):
            terminal.press(f"\x1b[<32;{x};{row}M")
        terminal.press(f"\x1b[<0;{column + 10};{row}m", "ctrl+c")
        copied = b"\x1b]52;c;" + base64.b64encode(b"apiVersion")
        terminal.until(lambda: copied in terminal.written)
        terminal.shows("Copied")


def test_the_editor_of_the_settings_file_comes_before_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDITOR", "nano")
    monkeypatch.setenv("VISUAL", "vim -p")
    assert editor_command() == ["vim", "-p"]
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("editor = 'code --wait \"a b\"'\nsoft_warp = true\n")
    assert editor_command() == ["code", "--wait", "a b"], "a mistake elsewhere in the file takes nothing away"


async def test_shift_and_a_function_key_is_what_most_terminals_send_for_it(
    workbench: Start, platform: Path
) -> None:
    from floe_tui.widgets.manifest_editor import ManifestEditor

    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd") + "governence: {}\n")
    app = workbench(platform)
    async with app.run_test() as pilot:
        editor = app.screen.query_one(ManifestEditor)
        await until(pilot, lambda: len(editor.diagnostics) >= 2)
        await pilot.press("f20")  # Shift+F8: to the problem before, around the top
        assert editor.cursor_location[0] == len(MANIFEST.splitlines())
        await pilot.press("f21")  # Shift+F9, as Ctrl+T, which a browser keeps for itself
        await until(pilot, lambda: "governance: {}" in editor.text)


async def test_a_key_that_can_do_nothing_now_says_why_and_says_it_once(
    workbench: Start, directory: Path
) -> None:
    (directory / "floe.yaml").write_text("")
    app = workbench(directory, read_only=True)
    async with app.run_test() as pilot:
        await pilot.press("f7")
        await idle(pilot, app)
        await pilot.press("c", "c", "j", "c")
        await pilot.pause()
        assert [toast.message for toast in app._notifications] == [
            "Compile: floe-tui was started with --read-only"
        ]
