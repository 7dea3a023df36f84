"""The real binary in a real pseudo-terminal, as a user at 80×24 meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from .conftest import MANIFEST
from .terminal import floe_tui, program

LOCAL_MODES = termios.ICANON | termios.ECHO | termios.ISIG
"""What a shell needs of its terminal: lines, echo, and Ctrl-C."""


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        ("manifest.yaml", MANIFEST, "manifest.yaml 1:1"),
        ("dbt_project.yml", "name: customers\n", "floe.yaml not found"),
        ("", "", "Begin a platform"),
    ],
    ids=["a platform team's", "a data team's", "an empty one"],
)
def test_it_opens_at_the_place_that_fits_the_directory(
    directory: Path, file: str, text: str, shown: str
) -> None:
    if file:
        (directory / file).write_text(text)
    with floe_tui(directory) as terminal:
        terminal.shows(shown, "F1  Help")


def test_function_keys_go_to_every_place_while_the_editor_has_the_focus(platform: Path) -> None:
    own = {
        "f3": "Two versions are needed",
        "f4": "What no case looks at",
        "f5": "Preflight of",
        "f6": "No versions",
        "f7": "floe.yaml not found",
        "f2": "manifest.yaml 1:1",
    }
    with floe_tui(platform) as terminal:
        terminal.shows("manifest.yaml 1:1")
        for key, text in own.items():
            terminal.press(key)
            terminal.shows(text)


def test_a_policy_case_shows_what_was_given_expected_and_found(platform: Path) -> None:
    with floe_tui(platform, columns=120) as terminal:
        terminal.shows("manifest.yaml 1:1")
        terminal.press("f4")
        terminal.shows("Naming convention enforcement")
        terminal.press("j")
        terminal.shows("Given", "Expected and found", "expected pass, found pass")


def test_typing_an_error_shows_the_problem_and_mending_it_takes_it_away(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("kinds: Manifest", "enter")
        terminal.shows("1 error", "✗ 1:1", "kinds")
        terminal.press("\x7f" * len("kinds: Manifest\n"))
        terminal.shows("no problems")


def test_saving_writes_the_file_and_then_it_leaves_without_a_question(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("# ours", "enter")
        terminal.shows("●")
        terminal.press("ctrl+s")
        terminal.shows(" saved")
        terminal.press("ctrl+q")
        assert terminal.ends() == 0
    assert (platform / "manifest.yaml").read_text() == "# ours\n" + MANIFEST


def test_quitting_with_unsaved_work_asks_and_enter_stays(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("# mine", "enter", "ctrl+q")
        terminal.shows("Leave floe?", "unsaved changes")
        terminal.press("enter")
        terminal.until(lambda: "Leave floe?" not in terminal.text)
        terminal.press("ctrl+q")
        terminal.shows("Leave floe?")
        terminal.press("y")
        assert terminal.ends() == 0
        assert terminal.leftovers == []
    assert (platform / "manifest.yaml").read_text() == MANIFEST


def test_the_users_own_editor_has_the_terminal_and_gives_text_and_terminal_back(
    platform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "own-editor"
    script.write_text(
        '#!/bin/sh\nprintf "a line, please: "; read line\n'
        '{ echo "# $line"; cat "$1"; } > "$1.new" && mv "$1.new" "$1"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("f9")
        terminal.shows("a line, please:")
        terminal.press("from outside", "enter")
        terminal.shows("1  # from outside", "●")
        terminal.press("ctrl+z")
        terminal.until(lambda: "from outside" not in terminal.text)
        terminal.shows("1  apiVersion")


def test_a_terminal_that_is_too_small_says_so_and_ignores_keys(platform: Path) -> None:
    with floe_tui(platform, columns=50, rows=14) as terminal:
        terminal.shows("60", "16")
        assert "apiVersion" not in terminal.text
        terminal.press("typed unseen", "f6", "ctrl+s")
        terminal.rests()
        terminal.resize(80, 24)
        terminal.shows("manifest.yaml 1:1", "apiVersion: floe.dev/v1", "no problems")
    assert (platform / "manifest.yaml").read_text() == MANIFEST


def test_ctrl_c_ends_nothing_and_says_how_to_leave(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("# mine", "enter", "ctrl+c")
        terminal.shows("To leave floe, press ^q")
        assert terminal.child.isalive()
        terminal.press("ctrl+q")
        terminal.shows("Leave floe?")
        terminal.press("y")
        assert terminal.ends() == 0
        assert terminal.leftovers == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(platform: Path, number: signal.Signals) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        # Unsaved text of the last moment is kept too: the signal leaves time for that.
        terminal.press("# mine", "enter")
        terminal.shows("●")
        terminal.kill(number)
        assert terminal.ends() == 128 + number
        assert terminal.leftovers == []
        assert terminal.line_modes & LOCAL_MODES == LOCAL_MODES
    with floe_tui(platform) as terminal:
        terminal.shows("Recover unsaved text")


def test_a_word_to_go_on_that_nothing_stopped_for_changes_nothing(platform: Path) -> None:
    """A debugger, a container that thaws and a shell may all say it; leaving then waited for ever."""
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        for _ in range(3):
            terminal.kill(signal.SIGCONT)
            terminal.rests(seconds=0.2)
        terminal.press("# one", "enter")
        terminal.shows("# one", "●")
        terminal.press("ctrl+q")
        terminal.shows("Leave floe?")
        terminal.press("y")
        assert terminal.ends() == 0
        assert terminal.leftovers == []


def test_after_a_kill_the_unsaved_text_is_offered_again(platform: Path) -> None:
    swaps = Path(os.environ["XDG_STATE_HOME"]) / "floe/tui/swap"
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("# precious", "enter")
        terminal.until(lambda: any(r"# precious\n" in file.read_text() for file in swaps.glob("*/*.json")))
        terminal.kill(signal.SIGKILL)
        assert terminal.ends() == -signal.SIGKILL
    assert (platform / "manifest.yaml").read_text() == MANIFEST
    with floe_tui(platform) as terminal:
        terminal.shows("Recover unsaved text of manifest.yaml?")
        terminal.press("r")
        terminal.shows("# precious", "●")
        terminal.press("ctrl+s")
        terminal.shows(" saved")
    assert (platform / "manifest.yaml").read_text() == "# precious\n" + MANIFEST


def test_read_only_is_shown_and_writes_nothing(platform: Path) -> None:
    with floe_tui(platform, "--read-only") as terminal:
        terminal.shows("no problems", "READ-ONLY")
        terminal.press("# mine", "enter", "ctrl+s", "ctrl+q")
        assert terminal.ends() == 0
    assert (platform / "manifest.yaml").read_text() == MANIFEST


def test_without_a_terminal_it_says_what_to_use_instead(platform: Path) -> None:
    done = subprocess.run(program(), cwd=platform, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "floe-tui: needs a terminal; in scripts, use floe-engine\n"


def test_a_directory_that_is_not_there_is_told_in_one_line(directory: Path) -> None:
    done = subprocess.run([*program(), "--dir", str(directory / "gone")], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith("gone: not a directory\n")
    assert done.stderr.count("\n") == 1


def test_the_first_paint_imports_nothing_that_is_needed_later(platform: Path) -> None:
    script = """
import asyncio, json, sys
from pathlib import Path
from floe_tui.app import Workbench
from floe_tui.settings import Options

async def main() -> None:
    app = Workbench(Options(Path("."), False, ""))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=platform, capture_output=True, text=True, check=True
    )
    late = {"oras", "sigstore", "deepdiff", "cryptography", "nacl", "sqlglot", "requests", "click"}
    assert not late & set(json.loads(done.stdout))
