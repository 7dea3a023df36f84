"""Running a command of floe beside the workbench, and completing one. Functions here run in workers.

The program is this interpreter's own floe, without a shell: what is typed is words, never a script.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from floe_engine import CancelToken, ConfigurationError, child_environment

PROGRAM = (sys.executable, "-P", "-m", "floe_engine")  # -P: nothing of the directory is run

LONGEST = 2_000_000
"""Characters of output that are kept."""

PAUSE = 0.05
"""Seconds between two looks whether it is to be stopped."""


class Finished(Struct, frozen=True):
    """How a command ended."""

    command: str
    code: int
    output: str


def words_of(line: str) -> list[str]:
    """The words of a line, without a leading ``floe``. Raises `ConfigurationError`."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ConfigurationError("the command cannot be read", str(error), hint="close the quotes") from None
    return words[1:] if words[:1] in (["floe"], ["floe-engine"]) else words


def run(directory: Path, line: str, told: Callable[[str], object], cancel: CancelToken) -> Finished:
    """Run a command in `directory`; `told` hears of the output as it grows. It is stopped with `cancel`."""
    words = words_of(line)
    # Fixed program, no shell; the words are the user's own.
    process = subprocess.Popen(  # noqa: S603
        [*PROGRAM, *words],
        cwd=directory,
        env=child_environment({**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    output = ""
    try:
        while True:
            ended = process.poll() is not None
            data = process.stdout.read()
            if data and len(output) < LONGEST:
                output += data.decode("utf-8", "replace")
                told(output)
            if ended:
                break
            cancel.sleep(PAUSE)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
    return Finished(shlex.join(["floe", *words]), process.returncode, output)


def complete(directory: Path, line: str) -> tuple[str, ...]:
    """What the last word of a line could become, as the command line's own completion knows it."""
    words = ["floe", *line.removeprefix("floe ").split(" ")]
    asked = {
        "_FLOE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    code = "import sys; sys.argv[0] = 'floe'; from floe_engine.cli import run; run()"
    try:
        done = subprocess.run(  # noqa: S603  (fixed program, no shell)
            [sys.executable, "-P", "-c", code], cwd=directory, env=child_environment({**os.environ, **asked}),
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ()
    items = (line.partition(",") for line in done.stdout.splitlines())
    return tuple(value for kind, _, value in items if kind == "plain")
