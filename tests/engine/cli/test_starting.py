"""The first instructions of the programs: Ctrl-C, output that cannot be written, and foreign modules."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from floe_engine.cli.command import invoke
from floe_engine.cli.output import Output
from floe_engine.events import CancelToken
from tests.cli import MANIFEST

BIN = Path(sys.executable).parent
PROGRAMS = ("floe", "floe-engine", "floe-tui")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    return tmp_path


# --- Ctrl-C ------------------------------------------------------------------------------------


def interrupted(command: list[str], cwd: Path, *, after: int) -> tuple[int, list[str], float]:
    """Send SIGINT when `after` more modules have been imported since floe's first one.

    Returns the exit code, what was said beside Python's list of imports, and the seconds until the end.
    """
    process = subprocess.Popen(
        [sys.executable, "-v", *command],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said, seen = [], 0
    sent = 0.0
    for line in process.stderr:
        if seen or "import 'floe_engine.starting'" in line:
            seen += line.startswith("import ")
        if not sent and seen > after:
            process.send_signal(signal.SIGINT)
            sent = time.monotonic()
        if not line.startswith(("import ", "# ", "Python ", "[GCC", "Type ")):
            said.append(line)
    code = process.wait(30)
    return code, said, time.monotonic() - sent if sent else 0.0


@pytest.mark.parametrize("program", PROGRAMS)
def test_ctrl_c_ends_a_command_at_any_import_with_130_and_no_traceback(team: Path, program: str) -> None:
    moments = random.Random(7).sample(range(2, 120), 6)
    for moment in moments:
        arguments = [] if program == "floe-tui" else ["platform", "compile", "--quiet"]
        code, said, seconds = interrupted([str(BIN / program), *arguments], team, after=moment)
        # Without a terminal floe-tui may be over before this has read its imports; Python gives the signal
        # back to the system as it goes, and a shell tells that end as 130 too.
        assert code in (130, *((2, -signal.SIGINT) if program == "floe-tui" else (0,))), (moment, code, said)
        assert not any("Traceback" in line or "KeyboardInterrupt" in line for line in said), (moment, said)
        assert seconds < 10  # with Python's list of imports, on a machine that is busy


def test_ctrl_c_at_any_time_leaves_no_traceback(team: Path) -> None:
    """Python itself prints one until it has come to floe's first line; from there on nothing does."""
    delays = random.Random(11)
    for _ in range(12):
        delay = delays.uniform(0, 0.5)
        process = subprocess.Popen(
            [str(BIN / "floe"), "platform", "compile", "-o", "json"],
            cwd=team, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:  # Python says when it has come so far, however busy the machine is
            if line.endswith(" floe_engine\n"):
                break
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        said = "".join(line for line in told.splitlines(True) if not line.startswith("import time:"))
        assert process.returncode in (0, 130), said
        assert "Traceback" not in said and "Exception ignored" not in said, (delay, said)


def test_an_error_that_a_library_makes_of_ctrl_c_is_no_crash(capsys: pytest.CaptureFixture[str]) -> None:
    """pydantic builds models while it is imported; a Ctrl-C there comes back as its SchemaError."""

    def body(_: CancelToken) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("Error building a validator: KeyboardInterrupt") from None
        return 0

    assert invoke(body, Output("platform compile")) == 130
    assert "error[cancelled]" in capsys.readouterr().err


def test_who_starts_a_command_with_ctrl_c_ignored_has_it_ignored(team: Path) -> None:
    line = f"trap '' INT; exec {BIN / 'floe'} platform compile --quiet"
    process = subprocess.Popen(["sh", "-c", f"kill -INT $$ 2>/dev/null; {line}"], cwd=team)
    for _ in range(20):
        time.sleep(0.02)
        if process.poll() is None:
            os.kill(process.pid, 0)
    assert process.wait(60) in (0, -signal.SIGINT)


# --- output ------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("option", ["--version", "--help"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_full_disk_is_told_and_no_traceback(program: str, option: str, unbuffered: str) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [str(BIN / program), option], stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.returncode == 2
    assert "the output could not be written" in done.stderr and "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-", "| true"])
@pytest.mark.parametrize("option", ["--version", "--help"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_who_closes_the_output_gets_no_traceback(program: str, option: str, redirection: str) -> None:
    line = f"set -o pipefail; {BIN / program} {option} {redirection}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


# --- the end -----------------------------------------------------------------------------------

ENDING = """
import atexit, sys, threading, time
sys.argv = ["floe", *sys.argv[1:]]
from floe_engine.cli import run
atexit.register(print, "asked for at the end")
if "thread" in sys.argv:
    sys.argv.remove("thread")
    threading.Thread(target=lambda: (time.sleep(0.5), print("and the thread has ended"))).start()
run()
"""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["explain", "PLG001"], 0, "asked for at the end"),
        (["explain", "NOPE"], 2, "asked for at the end"),
        (["--help"], 0, "asked for at the end"),
        (["explain", "PLG001", "thread"], 0, "and the thread has ended"),
    ],
)
def test_a_command_ends_with_its_code_and_leaves_nothing_undone(
    arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDING, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout


# --- foreign modules ---------------------------------------------------------------------------

LIBRARY = ("json", "typing", "re", "enum", "dataclasses", "pathlib", "yaml", "msgspec", "pydantic", "click")
"""Modules that floe or what it imports asks for by these names."""


def plant(directory: Path, *names: str) -> Path:
    """Put modules there that say that they were run; returns the file in which they would."""
    ran = directory / "ran.txt"
    says = f"open({str(ran)!r}, 'a').write(__name__ + chr(10))\n"
    for name in names:
        (directory / f"{name}.py").write_text(says)
    information = directory / "evil-1.0.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    groups = ("floe.plugins", "pydantic", "hypothesis", "textual")
    entries = "".join(f"[{group}]\nevil = evil\n" for group in groups)
    (information / "entry_points.txt").write_text(entries)
    (directory / "evil.py").write_text(says)
    return ran


def starts() -> Iterator[tuple[str, list[str], dict[str, str], tuple[str, ...]]]:
    """How a program may be started, and which modules of the working directory must not run then."""
    own = ("floe_engine", "floe_tui", "sitecustomize", "runpy", "encodings", "os", "sys")
    for program in PROGRAMS:
        yield program, [str(BIN / program)], {}, (*LIBRARY, *own)
        # Python looks for its own modules and for floe there before floe's first line is run, and the
        # launcher that an older pip writes begins with `re`, which brings `enum` and others along.
        launched = subprocess.run(
            [sys.executable, "-I", "-c", "import re, sys; print(*sys.modules)"],
            capture_output=True,
            text=True,
        ).stdout.split()
        left = tuple(name for name in LIBRARY if name not in launched)
        yield f"PYTHONPATH=: {program}", [str(BIN / program)], {"PYTHONPATH": ":"}, left
    for module in ("floe_engine", "floe_tui"):
        yield f"python -m {module}", [sys.executable, "-m", module], {}, LIBRARY
        yield f"python -P -m {module}", [sys.executable, "-P", "-m", module], {}, (*LIBRARY, *own)


@pytest.mark.parametrize(
    ("command", "env", "names"), [pytest.param(*rest, id=name) for name, *rest in starts()]
)
def test_no_module_of_the_working_directory_is_run(
    team: Path, command: list[str], env: dict[str, str], names: tuple[str, ...]
) -> None:
    ran = plant(team, *names)
    arguments = [] if "floe-tui" in command[-1] or "floe_tui" in command[-1] else ["platform", "compile"]
    done = subprocess.run(
        [*command, *arguments], cwd=team, env={**os.environ, **env}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert not ran.exists(), ran.read_text()
    assert done.returncode == (0 if arguments else 2), done.stderr
    assert "needs a terminal" in done.stderr or arguments


def test_floe_runs_from_its_own_checkout(tmp_path: Path) -> None:
    """There the working directory is where floe itself is."""
    checkout = Path(__file__).parents[3]
    for command in ([str(BIN / "floe")], [sys.executable, "-m", "floe_engine"]):
        done = subprocess.run([*command, "schema", "floe"], cwd=checkout, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr


def test_a_program_that_uses_the_library_keeps_its_import_path_and_its_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("answer = 42\n")
    script = (
        "import signal, sys; before = list(sys.path), signal.getsignal(signal.SIGINT); "
        "import floe_engine, own; assert own.answer == 42; "
        "assert (sys.path, signal.getsignal(signal.SIGINT)) == before"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
