"""The real ``floe-tui`` in a pty, and what a terminal of that size would show of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte

KEYS = {
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "enter": "\r",
    "escape": "\x1b",
    "ctrl+c": "\x03",
    "ctrl+q": "\x11",
    "ctrl+s": "\x13",
    "ctrl+z": "\x1a",
}
"""As xterm sends them."""


class Terminal:
    """A child process in a pty, with everything that it wrote drawn on a screen of `columns` by `rows`."""

    def __init__(self, command: list[str], folder: Path, columns: int, rows: int) -> None:
        # The child must read the pty's size: LINES and COLUMNS would overrule it.
        environment = {
            name: value for name, value in os.environ.items() if name not in {"LINES", "COLUMNS", "CI"}
        }
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.written = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(folder),
            env=environment,
            dimensions=(rows, columns),
            timeout=None,
        )
        # pexpect waits before each write for programs that read passwords; this one does not.
        self.child.delaybeforesend = None

    # --- looking ---------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The screen, a line a row."""
        return "\n".join(self._screen.display)

    def read(self, seconds: float = 0.05) -> bool:
        """Draw what was written within `seconds`; False: the child closed its end."""
        try:
            data = self.child.read_nonblocking(65536, seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += data
        self._stream.feed(data)
        return True

    def until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Read until `condition` holds. Fails with the screen after `seconds`, or where the child ended."""
        deadline = time.monotonic() + seconds
        while not condition():
            alive = self.read()
            if not condition() and (not alive or time.monotonic() > deadline):
                raise AssertionError(f"{'waited in vain' if alive else 'the child ended'}:\n{self.text}")

    def shows(self, *parts: str, seconds: float = 30.0) -> None:
        """Wait until the screen shows every part."""
        self.until(lambda: all(part in self.text for part in parts), seconds=seconds)

    def rests(self, *, seconds: float = 1.0) -> None:
        """Give keys that must change nothing the time in which they would have done so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read()

    def ends(self, *, seconds: float = 30.0) -> int:
        """Wait for the end: the exit code, or minus the signal's number."""
        deadline = time.monotonic() + seconds
        while self.read() or self.child.isalive():
            assert time.monotonic() < deadline, f"it still runs:\n{self.text}"
        if self.child.signalstatus is not None:
            return -int(self.child.signalstatus)
        assert self.child.exitstatus is not None
        return int(self.child.exitstatus)

    # --- acting ----------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Send keys: names of `KEYS`, or text as it is typed."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal another size."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.child.kill(number)

    @property
    def line_modes(self) -> int:
        """The pty's local modes, as `termios` numbers them."""
        return int(termios.tcgetattr(self.child.child_fd)[3])

    @property
    def leftovers(self) -> list[str]:
        """What a shell after it would suffer from: modes that were switched on and never off again."""
        modes = {
            "the alternate screen": (b"\x1b[?1049h", b"\x1b[?1049l"),
            "a hidden cursor": (b"\x1b[?25l", b"\x1b[?25h"),
            "mouse reports": (b"\x1b[?1000h", b"\x1b[?1000l"),
            "mouse movements": (b"\x1b[?1003h", b"\x1b[?1003l"),
            "bracketed paste": (b"\x1b[?2004h", b"\x1b[?2004l"),
        }
        return [name for name, (on, off) in modes.items() if self.written.rfind(on) > self.written.rfind(off)]


def program() -> list[str]:
    """The installed ``floe-tui``, beside the interpreter that runs the tests."""
    script = Path(sys.executable).with_name("floe-tui")
    return [str(script)] if script.exists() else [sys.executable, "-m", "floe_tui"]


@contextmanager
def floe_tui(folder: Path, *arguments: str, columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """Run ``floe-tui`` in `folder`; it is gone afterwards, whatever happened."""
    terminal = Terminal([*program(), *arguments], folder, columns, rows)
    try:
        yield terminal
    finally:
        with contextlib.suppress(pexpect.ExceptionPexpect, OSError):
            terminal.child.close(force=True)
