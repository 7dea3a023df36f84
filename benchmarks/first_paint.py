"""How long the workbench takes to paint, beside posting and harlequin, and whether typing is smooth.

    python benchmarks/first_paint.py [--rounds N] [--lines N] [--tags N] [--strict]

Each program is started in a pseudo-terminal of 120×36, one after the other in every round, with warm
files and a home of its own. The clock runs from the start of the process to the first output that
leaves text on the screen, and to the last that changes the screen's text before it is quiet for a
second. Two last lines tell the longest that the event loop did not get its turn: while somebody types
into a manifest of 2,000 lines, and while somebody walks through 10,000 versions of a registry (an OCI
layout in the folder, so that all reading costs this process). The last tells beside it how much of that
the loop itself worked, by the thread's clock, which other programs do not disturb.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pyte
from goals import Goals, version_beside
from textual.app import App
from textual.events import Key
from textual.screen import Screen
from validation import manifest

from floe_tui.__main__ import SWITCH

ROWS, COLUMNS = 36, 120
QUIET, LONGEST, PATIENCE = 1.0, 15.0, 60.0
GOAL_MS, GAP_MS, LIST_GAP_MS = 250.0, 16.0, 50.0

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
plugins:
  compute:
    type: duckdb
  orchestrator:
    type: dagster
"""


def start(command: list[str], folder: Path) -> tuple[int, int, float]:
    """Process id, its terminal, and when it was started."""
    started = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(folder.parent)}
        settings = [name for name in os.environ if name.startswith("XDG_")]
        # Bytecode is kept, as an installation has it.
        for name in ("LINES", "COLUMNS", "PYTHONDONTWRITEBYTECODE", *settings):
            os.environ.pop(name, None)
        try:
            os.execv(command[0], command)
        finally:
            os._exit(127)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    return process, terminal, started


def record(command: list[str], folder: Path) -> list[tuple[float, bytes]]:
    """What the program wrote and when, in seconds from its start, until it is quiet."""
    process, terminal, started = start(command, folder)
    written: list[tuple[float, bytes]] = []
    try:
        last: float | None = None
        look = started + LONGEST
        while time.perf_counter() - started < PATIENCE:
            # Quiet, or never quiet; but what has only asked the terminal something may have to wait its turn.
            if time.perf_counter() > look or (last is not None and time.perf_counter() - last > QUIET):
                if drawn(written):
                    break
                last, look = None, time.perf_counter() + QUIET
            if not select.select([terminal], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:  # Linux's way to say that nobody holds the other end any more
                data = b""
            if not data:
                said = b"".join(part for _, part in written).decode("utf-8", "replace").strip()
                raise RuntimeError(f"it ended by itself: {said[-200:]}")
            now = time.perf_counter()
            # A blinking cursor writes for ever, but little; a screen is more than that.
            last = now if len(data) > 200 else last
            written.append((now - started, data))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # a program may have started others
        os.waitpid(process, 0)
        os.close(terminal)
    return written


def drawn(written: list[tuple[float, bytes]]) -> bool:
    """Whether there is text on the screen."""
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(b"".join(data for _, data in written))
    return any(line.strip() for line in screen.display)


def milestones(written: list[tuple[float, bytes]]) -> tuple[float, float]:
    """Milliseconds to the first text on the screen, and to the last change of the text."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    first, last, shown = 0.0, 0.0, ""
    for at, data in written:
        stream.feed(data)
        now = "".join(screen.display)
        if now != shown:
            first, last, shown = first or (at if now.strip() else 0.0), at, now
    assert first, "the program drew nothing"
    return first * 1e3, last * 1e3


async def until(there: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something on the screen; a busy machine takes its time."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it does not come: is a question in its way?"
        await asyncio.sleep(0.05)


async def cleared(app: App[Any], place: Screen[Any]) -> None:
    """Make `place` the screen that keys go to: Escape sends away, and stderr names, what asks before it."""
    while app.screen is not place:
        asking = app.screen
        print(f"sent away: {type(asking).__name__}", file=sys.stderr)
        app.post_message(Key("escape", None))
        await until(lambda asking=asking: app.screen is not asking)


async def worst_gap(folder: Path, text: str, keys: int) -> tuple[float, float, float]:
    """The event loop's longest wait and longest turn while `keys` characters are typed into `text`, and its
    longest wait while none are.
    """
    from floe_tui.app import Workbench
    from floe_tui.settings import Options
    from floe_tui.widgets.manifest_editor import ManifestEditor

    (folder / "manifest.yaml").write_text(text)
    gc.disable()  # as floe-tui starts; the workbench turns it on
    app = Workbench(Options(folder))
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.app.workers.wait_for_complete()
        await until(lambda: app.screen.query(ManifestEditor))
        place = app.screen
        editor = place.query_one(ManifestEditor)
        await pilot.pause(1.0)
        editor.go_to(text.count("\n") // 2)
        await pilot.pause(0.2)
        await cleared(app, place)
        idle = await _gap(asyncio.sleep(1.0))

        async def type_away() -> None:
            length = len(editor.text)
            for _ in range(keys):
                app.post_message(Key("x", "x"))  # a pilot would wait a second for every widget's leave
                await asyncio.sleep(0.03)  # as fast as keys repeat; a check begins between them
            await until(lambda: len(editor.text) >= length + keys)
            await asyncio.sleep(0.5)
            assert len(editor.text) == length + keys, "keys went elsewhere"

        # Another program can take the processor at any time; the quietest of three runs tells most.
        gaps = []
        for _ in range(3):
            await cleared(app, place)
            gaps.append(await _gaps(type_away()))
        return *min(gaps), idle


async def list_gaps(folder: Path, tags: int) -> dict[str, tuple[float, float]]:
    """The event loop's longest wait, and its longest turn, while a long list of versions is walked.

    Versions are described as they come near the cursor, so rows arrive all the while.
    """
    from floe_engine import Workspace, publish
    from floe_tui.app import Workbench
    from floe_tui.settings import Options
    from floe_tui.widgets.filter_list import FilterList

    (folder / "manifest.yaml").write_text(MANIFEST)
    publish(Workspace.open(folder), "v1.2.3")
    _many_tags(Workspace.open(folder).embedded_registry.root or folder, tags)
    gc.disable()  # as floe-tui starts; the workbench turns it on
    app = Workbench(Options(folder))
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.press("f6")
        await until(lambda: app.screen.query("#list").filter("FilterList"))
        place = app.screen
        listing = place.query_one("#list", FilterList)
        await until(lambda: sum(not row.heading for row in listing.view.rows) == tags)
        await pilot.pause(1.0)

        async def hold(key: str, times: int, rest: float = 0.6) -> None:
            for _ in range(times):
                app.post_message(Key(key, key if len(key) == 1 else None))
                await asyncio.sleep(0.03)  # as fast as keys repeat
            await asyncio.sleep(rest)  # what the cursor came near is described now

        async def there_and_back() -> None:
            await hold("end", 1)
            await hold("home", 1)

        async def filter_by(words: str) -> None:
            for letter in f"/{words}":
                names = {"/": "slash", ".": "full_stop"}
                app.post_message(Key(names.get(letter, letter), letter))
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.6)
            assert 0 < len(listing.view.rows) < tags, "nothing was filtered"
            await hold("escape", 1)

        found = {}
        for name, work in {
            "down held": lambda: hold("down", 60),
            "page down held": lambda: hold("pagedown", 30),
            "to the end and back": there_and_back,
            "filtering": lambda: filter_by("v1.9"),
            "listing anew": lambda: hold("r", 1, 1.5),
        }.items():
            # Another program can take the processor at any time; the quietest of three runs tells most.
            runs = []
            for _ in range(3):
                await cleared(app, place)
                runs.append(await _gaps(work()))
            found[name] = min(runs)
        return found


def _many_tags(root: Path, tags: int) -> None:
    """Let the one version of a layout stand under many tags."""
    index = json.loads((root / "index.json").read_text())
    [entry] = index["manifests"]
    name = "org.opencontainers.image.ref.name"
    index["manifests"] = [
        {**entry, "annotations": {name: f"v1.{number // 100}.{number % 100}"}} for number in range(tags)
    ]
    (root / "index.json").write_text(json.dumps(index))


async def _gap(work: Awaitable[object]) -> float:
    """Milliseconds: the longest that the loop let a one-millisecond timer wait while `work` runs."""
    return (await _gaps(work))[0]


async def _gaps(work: Awaitable[object]) -> tuple[float, float]:
    """The same, and the longest that the loop's own thread worked between two turns of the timer."""
    task = asyncio.ensure_future(work)
    worst, longest = 0.0, 0.0
    last, worked = time.perf_counter(), time.thread_time()
    while not task.done():
        await asyncio.sleep(0.001)
        now, used = time.perf_counter(), time.thread_time()
        worst, longest = max(worst, now - last), max(longest, used - worked)
        last, worked = now, used
    await task
    return worst * 1e3, longest * 1e3


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lines", type=int, default=2_000)
    parser.add_argument("--tags", type=int, default=10_000)
    goals = Goals(parser)
    options = parser.parse_args()
    programs = {"floe-tui": Path(sys.executable).with_name("floe-tui")}
    for name in ("posting", "harlequin"):
        found = shutil.which(name)
        known = version_beside(found, name) if found else None
        if goals.peer(name, known, f"pip install {name}, into an environment of its own") and found:
            programs[name] = Path(found)
    print(f"medians of {options.rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        paint(programs, Path(scratch), options.rounds, goals)
        os.environ["HOME"] = scratch
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        sys.setswitchinterval(SWITCH)  # as the workbench runs
        # Each in a folder of its own: in one where somebody typed before, the workbench asks about the draft.
        typing, walking = Path(scratch) / "typing", Path(scratch) / "walking"
        typing.mkdir()
        walking.mkdir()
        gap, worked, idle = asyncio.run(worst_gap(typing, manifest(options.lines), 40))
        print(
            f"typing at {options.lines:,} lines: worst gap of the event loop {gap:.0f} ms"
            f" {goals.at_most('worst gap while typing, ms', gap, GAP_MS)},"
            f" of which it worked {worked:.0f} ms; {idle:.0f} ms when nobody types",
            flush=True,
        )
        walked = asyncio.run(list_gaps(walking, options.tags))
    longest = max(work for _, work in walked.values())
    print(
        f"walking {options.tags:,} versions: worst gap of the event loop"
        f" {max(gap for gap, _ in walked.values()):.0f} ms, of which it worked {longest:.0f} ms"
        f" {goals.at_most('longest turn while walking, ms', longest, LIST_GAP_MS)}"
    )
    print("  " + ", ".join(f"{name} {gap:.0f} ({work:.0f})" for name, (gap, work) in walked.items()))
    goals.end(options.strict)


def paint(programs: dict[str, Path], scratch: Path, rounds: int, goals: Goals) -> None:
    """Start every program in turn, and print when each showed something."""
    folder = scratch / "work"
    folder.mkdir()
    (folder / "manifest.yaml").write_text(MANIFEST)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, program in list(programs.items()):
            try:
                found = milestones(record([str(program)], folder))
            except RuntimeError as problem:
                if name == "floe-tui":
                    raise
                print(f"{name} is left out: {problem}")
                del programs[name], times[name]
                continue
            if turn:  # the first one warms the files, and writes first-run settings
                times[name].append(found)
    print(f"{'':<10} {'first paint':>12} {'fastest':>9} {'complete':>9} {'fastest':>9} {'ratio':>7}")
    own = statistics.median(first for first, _ in times["floe-tui"])
    for name, pairs in times.items():
        firsts, lasts = zip(*pairs, strict=True)
        first, last = statistics.median(firsts), statistics.median(lasts)
        ratio = "" if name == "floe-tui" else f"{first / own:.2f}×"
        print(
            f"{name:<10} {first:>9.0f} ms {min(firsts):>6.0f} ms"
            f" {last:>6.0f} ms {min(lasts):>6.0f} ms {ratio:>7}"
        )
    print(f"first paint: {own:.0f} ms {goals.at_most('first paint, ms', own, GOAL_MS)}", flush=True)


if __name__ == "__main__":
    main()
