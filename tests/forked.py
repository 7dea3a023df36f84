"""Run `floe` in a forked process: the same code as its script runs, without starting Python for each command.

Only what is asked for is shared with the process that forks: modules that are imported already. The
child has its own environment, directory and streams, and never returns into the caller.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from tests.cli import Ran


@dataclass
class Forked:
    """A command that runs, or has run."""

    process: int
    output: IO[bytes]
    errors: IO[bytes]
    code: int | None = None

    def wait(self) -> int:
        """Its exit code; minus the number of the signal that ended it."""
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        return self.code

    def kill_after(self, seconds: float) -> bool:
        """Kill it after a while; False where it had ended by then."""
        time.sleep(seconds)
        os.kill(self.process, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    @property
    def told(self) -> str:
        """What it has printed, once it has ended: stdout, then stderr."""
        return _read(self.output) + _read(self.errors)


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def floe(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """`tests.cli.floe`, forked; `env` is added to the test's environment."""
    running = start(directory, *arguments, environ={**os.environ, **(env or {})})
    ran = Ran(running.wait(), _read(running.output), _read(running.errors))
    assert "Traceback" not in ran.err, ran.err
    return ran


def start(
    directory: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> Forked:
    """Start `floe` in `directory` with the whole of `environ`; the child calls `first` before it runs."""
    importlib.import_module("floe_engine.cli.main")  # else every child would
    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed with it
    process = os.fork()
    if process == 0:
        given = os.environ if environ is None else environ
        _become(directory, arguments, given, (output.fileno(), errors.fileno()), first)
    return Forked(process, output, errors)


def _become(
    directory: Path,
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    outputs: tuple[int, int],
    first: Callable[[], None] | None,
) -> NoReturn:
    code = 70
    try:
        atexit._clear()  # what the caller tidies up at its end is not this process's: floe ends by its own
        kept = dict(environ)
        os.environ.clear()
        os.environ.update(kept)
        os.chdir(directory)
        tempfile.tempdir = None  # it depends on the environment
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        sys.argv = ["floe", *arguments]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        if first is not None:
            first()
        from floe_engine.cli import run

        try:
            run()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        if (learnt := os.environ.get("FLOE_TEST_MODULES")) is not None:
            Path(learnt).write_text("\n".join(sys.modules))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        raise
    finally:
        os._exit(code)


def preload(*commands: tuple[Path, tuple[str, ...], Mapping[str, str]]) -> None:
    """Run commands once, and import here what each of them has imported."""
    with tempfile.NamedTemporaryFile() as names:
        for directory, arguments, environ in commands:
            start(directory, *arguments, environ={**environ, "FLOE_TEST_MODULES": names.name}).wait()
            for name in Path(names.name).read_text().splitlines():
                with suppress(Exception):  # some are made by others and cannot be imported by name
                    importlib.import_module(name)
