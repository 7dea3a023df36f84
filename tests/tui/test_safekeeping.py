"""Nobody's change and no crash loses text: kept, recovered, followed on disk, compared, merged."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from floe_engine import side_by_side
from floe_tui.app import Workbench
from floe_tui.kept import Keeper, folder_of
from floe_tui.merging import hunks, merged
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.differing import DifferencePanel
from floe_tui.panels.leave import LeavePanel
from floe_tui.places.manifest.file import Opened
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.status_bar import StatusBar

from .conftest import MANIFEST, Start, idle, kept_texts, left_behind, settle, until
from .terminal import floe_tui


def editor(app: Workbench) -> ManifestEditor:
    return app.screen_stack[0].query_one(ManifestEditor)


async def ready(pilot: Pilot[None], app: Workbench) -> None:
    await settle(pilot)
    await until(pilot, lambda: "checking" not in app.screen_stack[0].query_one(StatusBar).text)


async def asked(pilot: Pilot[None], app: Workbench) -> DifferencePanel:
    await until(pilot, lambda: isinstance(app.screen, DifferencePanel) and app.focused is not None)
    assert isinstance(app.screen, DifferencePanel)
    return app.screen


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe_tui.places.manifest.safekeeping.LOOK", 0.05)


def on_disk(platform: Path) -> list[str]:
    """The texts that lie in the swap folder now, whoever's they are, with nobody asked."""
    folder = folder_of(platform / "manifest.yaml")
    values = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    return [value["text"] for value in values if value["text"]]


def words_of(text: str) -> list[str]:
    """What was typed before the manifest."""
    return text.removesuffix(MANIFEST).split()


# --- after a crash -----------------------------------------------------------------------------


async def test_unsaved_text_is_kept_while_typing_goes_on(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press(*"# wor")
        for _ in range(200):
            await pilot.press("x")
            await pilot.pause(0.1)  # no rest as long as the period
            if any(text.startswith("# worx") for text in on_disk(platform)):
                break
        else:
            raise AssertionError("while somebody types nothing is kept")
        app.exit()  # no question asked: as good as a crash
    (kept,) = kept_texts(platform / "manifest.yaml")
    assert kept.startswith("# worx")


async def test_recovered_text_is_kept_until_it_is_saved(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    left_behind(file, "# mine\n" + MANIFEST)
    app = workbench(platform)
    async with app.run_test() as pilot:
        panel = await asked(pilot, app)
        assert panel.diff.changes == 1, "what differs is shown"
        await pilot.press("r")
        await until(pilot, lambda: editor(app).text == "# mine\n" + MANIFEST)
        app.exit()
    assert kept_texts(file) == ["# mine\n" + MANIFEST]
    again = workbench(platform)
    async with again.run_test() as pilot:
        await asked(pilot, again)
        await pilot.press("r")
        await until(pilot, lambda: editor(again).text == "# mine\n" + MANIFEST)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: file.read_text() == "# mine\n" + MANIFEST)
        await until(pilot, lambda: kept_texts(file) == [])


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_an_offer_that_is_not_answered_is_made_again(
    workbench: Start, platform: Path, key: str
) -> None:
    left_behind(platform / "manifest.yaml", "# mine\n" + MANIFEST)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await asked(pilot, app)
        await pilot.press(key)
        await ready(pilot, app)
        await pilot.press("x", "backspace")
        await idle(pilot, app)
        assert editor(app).text == MANIFEST
    assert kept_texts(platform / "manifest.yaml") == ["# mine\n" + MANIFEST]


async def test_discarding_the_kept_text_leaves_it_to_undo(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    left_behind(file, "kept: text\n")
    app = workbench(platform)
    async with app.run_test() as pilot:
        await asked(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: not kept_texts(file))
        assert editor(app).text == MANIFEST
        assert editor(app).cursor_location == (0, 0)
        await pilot.press("x", "ctrl+z", "ctrl+z")
        assert editor(app).text == "kept: text\n"


async def test_two_instances_know_of_each_other_and_each_keeps_its_own(
    workbench: Start, platform: Path
) -> None:
    file = platform / "manifest.yaml"
    other = Keeper(file)
    other.keep("# theirs\n", "")
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await until(pilot, lambda: "also open" in app.screen.query_one(StatusBar).text)
        assert not isinstance(app.screen, DifferencePanel), "what is open is not there to be recovered"
        await pilot.press(*"# mine")
        await until(pilot, lambda: any(text.startswith("# mine") for text in on_disk(platform)))
        app.exit()
    other.end()
    assert sorted(text[:8] for text in kept_texts(file)) == ["# mineap", "# theirs"]


def test_killed_while_the_offer_stands_nothing_is_lost(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        terminal.press("# precious ")
        terminal.until(lambda: any(text.startswith("# precious ") for text in on_disk(platform)))
        terminal.kill(signal.SIGKILL)
        terminal.ends()
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
        with floe_tui(platform) as terminal:
            terminal.shows("Recover unsaved text")
            terminal.rests(seconds=1.5)
            terminal.kill(number)
            terminal.ends()
        assert kept_texts(platform / "manifest.yaml") == ["# precious " + MANIFEST], number


def test_a_text_is_kept_within_moments_of_being_typed_and_then_killed_it_is_there(platform: Path) -> None:
    with floe_tui(platform) as terminal:
        terminal.shows("no problems")
        for number in range(20):
            terminal.press(f"{number:03} ")
            terminal.until(lambda: f"{number:03} " in terminal.text)  # noqa: B023  # at once
        terminal.until(lambda: any(len(words_of(text)) == 20 for text in on_disk(platform)))
        terminal.kill(signal.SIGKILL)
        terminal.ends()
    assert [words_of(text) for text in kept_texts(platform / "manifest.yaml")] == [
        [f"{number:03}" for number in range(20)]
    ]


@pytest.mark.parametrize("seed", range(int(os.environ.get("FLOE_CRASHES", "3"))))
def test_killed_at_any_moment_of_typing_the_next_start_has_the_text(platform: Path, seed: int) -> None:
    chance = random.Random(seed)  # the moments, not a secret
    typed = 0
    seen: list[int] = []
    with floe_tui(platform) as terminal:
        terminal.shows("apiVersion")
        ends = time.monotonic() + chance.uniform(0.8, 4.0)
        while time.monotonic() < ends:
            terminal.press(f"{typed:03} ")
            typed += 1
            terminal.rests(seconds=chance.uniform(0.0, 0.15))
            seen.append(max((len(words_of(text)) for text in on_disk(platform)), default=0))
        terminal.kill(signal.SIGKILL)
        terminal.ends()
    # What was kept at any moment is there afterwards, or more; a busy machine keeps it later, never less.
    sure = max(seen)
    assert seen == sorted(seen), "a later text never gives way to an earlier one"
    kept = kept_texts(platform / "manifest.yaml")
    text = kept[0] if kept else MANIFEST
    words = words_of(text)
    assert text.endswith(MANIFEST)
    assert words[:-1] == [f"{number:03}" for number in range(len(words[:-1]))]
    assert len(words) >= sure, f"{len(words)} of {sure} words that were kept before"
    if words:
        with floe_tui(platform) as terminal:
            terminal.shows("Recover unsaved text")
            terminal.press("r")
            terminal.shows("000 ")


# --- what others write -------------------------------------------------------------------------


async def test_a_text_without_changes_follows_the_file(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        (platform / "manifest.yaml").write_text("# theirs\n" + MANIFEST)
        await until(pilot, lambda: editor(app).text == "# theirs\n" + MANIFEST)
        assert not app.screen_stack[0].query_one(ManifestEditor).read_only
        assert "●" not in app.screen.query_one(StatusBar).text
        await pilot.press("ctrl+z")
        assert editor(app).text == MANIFEST, "undo brings back what was here"


async def changed_on_both_sides(pilot: Pilot[None], app: Workbench, file: Path) -> DifferencePanel:
    await ready(pilot, app)
    await pilot.press(*"# mine", "enter")
    file.write_text(MANIFEST.replace("duckdb", "spark"))
    await until(pilot, lambda: "changed on disk" in app.screen.query_one(StatusBar).text)
    assert editor(app).text == "# mine\n" + MANIFEST, "nothing is taken from whoever types"
    await pilot.press("ctrl+s")
    panel = await asked(pilot, app)
    assert panel.diff.changes == 2
    return panel


async def test_saving_over_somebody_elses_change_shows_it_and_does_nothing_by_default(
    workbench: Start, platform: Path
) -> None:
    file = platform / "manifest.yaml"
    app = workbench(platform)
    async with app.run_test() as pilot:
        await changed_on_both_sides(pilot, app, file)
        await pilot.press("enter")
        await settle(pilot)
        assert file.read_text() == MANIFEST.replace("duckdb", "spark")
        assert editor(app).text == "# mine\n" + MANIFEST


async def test_mine_is_kept(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    app = workbench(platform)
    async with app.run_test() as pilot:
        await changed_on_both_sides(pilot, app, file)
        await pilot.press("k")
        await until(pilot, lambda: file.read_text() == "# mine\n" + MANIFEST)


async def test_theirs_is_taken_and_undo_has_mine(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await changed_on_both_sides(pilot, app, platform / "manifest.yaml")
        await pilot.press("t")
        await until(pilot, lambda: editor(app).text == MANIFEST.replace("duckdb", "spark"))
        await pilot.press("ctrl+z")
        assert editor(app).text == "# mine\n" + MANIFEST


async def test_hunks_are_merged_and_saved_without_another_question(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    app = workbench(platform)
    both = "# mine\n" + MANIFEST.replace("duckdb", "spark")
    async with app.run_test() as pilot:
        await changed_on_both_sides(pilot, app, file)
        await pilot.press("n", "space", "m")  # the second hunk is theirs
        await until(pilot, lambda: editor(app).text == both)
        assert file.read_text() == MANIFEST.replace("duckdb", "spark"), "merging does not save"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: file.read_text() == both)


async def test_a_file_that_was_deleted_is_written_anew(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        file.unlink()
        await until(pilot, lambda: "gone from disk" in app.screen.query_one(StatusBar).text)
        assert editor(app).text == MANIFEST
        await pilot.press("ctrl+s")
        await until(pilot, file.exists)
        assert file.read_text() == MANIFEST


@pytest.mark.parametrize("sides", [("mine", "mine"), ("theirs", "theirs"), ("theirs", "mine")])
def test_a_merge_has_of_each_hunk_the_side_that_was_chosen(sides: tuple[str, str]) -> None:
    theirs, mine = "a\nB\nc\nd\n", "a\nb\nc\nd\ne\n"
    rows = side_by_side(theirs, mine)
    assert hunks(rows) == 2
    first = "b" if sides[0] == "mine" else "B"
    last = "e\n" if sides[1] == "mine" else ""
    assert merged(rows, sides) == f"a\n{first}\nc\nd\n{last}"  # type: ignore[arg-type]


def test_a_merge_can_have_both() -> None:
    rows = side_by_side("a\nB\n", "a\nb\n")
    assert merged(rows, ["both"], newline=False) == "a\nB\nb"


# --- encodings ---------------------------------------------------------------------------------


async def test_what_is_not_utf_8_is_shown_and_not_saved_until_an_encoding_is_chosen(
    workbench: Start, platform: Path
) -> None:
    file = platform / "manifest.yaml"
    data = b"# caf\xe9\n" + MANIFEST.encode()
    file.write_bytes(data)
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot, app)
        assert editor(app).text == "# caf\ufffd\n" + MANIFEST
        assert "not UTF-8" in app.screen.query_one(StatusBar).text
        await pilot.press("x", "f10")
        await settle(pilot)
        assert file.read_bytes() == data
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel))
        assert isinstance(app.screen, ChoosePanel)
        assert ("Windows, western Europe", "# café") in [row.cells for row in app.screen.rows]
        await pilot.press("escape")
        await settle(pilot)
        assert file.read_bytes() == data
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel))
        await pilot.press("enter")
        await until(pilot, lambda: editor(app).text == "# café\n" + MANIFEST)
        assert file.read_bytes() == data
        await pilot.press("ctrl+s")
        await until(pilot, lambda: file.read_bytes() == ("# café\n" + MANIFEST).encode())


@pytest.mark.parametrize(
    ("data", "likeliest"),
    [
        (b"# caf\xe9: 1\n", "cp1252"),
        (b"# caf\xe9: 12\n", "cp1252"),
        ("# café: 1\n".encode("utf-16"), "utf-16"),
    ],
)
def test_the_likeliest_encoding_is_offered_first(data: bytes, likeliest: str) -> None:
    readings = Opened("", "", (0, 0, 0), "", data).readings()
    assert readings[0][0] == likeliest
    assert "café" in readings[0][2]
    assert likeliest == "utf-16" or "utf-16" not in [encoding for encoding, *_ in readings]


async def test_a_byte_order_mark_stays(workbench: Start, platform: Path) -> None:
    file = platform / "manifest.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MANIFEST.encode())
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        assert editor(app).text == MANIFEST
        await pilot.press("#", "ctrl+s")
        await until(pilot, lambda: file.read_bytes() == b"\xef\xbb\xbf#" + MANIFEST.encode())


# --- leaving -----------------------------------------------------------------------------------


async def test_leaving_can_save_first(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("#", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeavePanel))
        await pilot.press("s")
        await until(pilot, lambda: not app.is_running)
    assert (platform / "manifest.yaml").read_text() == "#" + MANIFEST
    assert kept_texts(platform / "manifest.yaml") == []


async def test_leaving_without_saving_is_a_choice_that_lets_the_text_go(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await ready(pilot, app)
        await pilot.press("#")
        await until(pilot, lambda: any(text.startswith("#") for text in on_disk(platform)))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeavePanel))
        await pilot.press("y")
        await until(pilot, lambda: not app.is_running)
    assert (platform / "manifest.yaml").read_text() == MANIFEST
    assert kept_texts(platform / "manifest.yaml") == []
