"""What a harness is, and what may come of an input: a value, or an error of floe's own within two seconds."""

from __future__ import annotations

import gc
import re
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType

from floe_engine.errors import FloeError

SECONDS = 2.0
"""Processor time that one input may take; other work on the machine does not count."""
CRASHED = 70
CORPUS = Path(__file__).with_name("corpus")
ENGINE = "/floe_engine/"


@dataclass(frozen=True)
class Harness:
    """One parser: `run` reads bytes as a command would. `seeds` gives good inputs of it.

    `run` returns, or raises a `FloeError`; anything else that it raises has fallen. `slow` is for
    those that run whole commands: they get fewer inputs where time is short.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes], None]
    slow: bool = False

    @property
    def corpus(self) -> list[Path]:
        """Inputs that fell once, as files."""
        return sorted((CORPUS / self.name).glob("*"))


class TooSlow(BaseException):
    """An input took longer than `SECONDS`. No `Exception`: nobody's handler may swallow it."""


@dataclass(frozen=True)
class Fall:
    """Why an input fell, and where: two inputs that fall at one place fall for one cause."""

    place: str
    told: str


@cache
def seeds_of(harness: Harness) -> tuple[bytes, ...]:
    """The good inputs of a harness, made once."""
    return tuple(harness.seeds())


def attempt(harness: Harness, data: bytes) -> tuple[bool, Fall | None]:
    """Whether an input was taken for good, and how it fell where it did."""
    try:
        with _bounded():
            harness.run(data)
    except FloeError as error:
        return False, _unfit(error)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return False, Fall(_place(error), "".join(traceback.format_exception(error)))
    return True, None


def _unfit(error: FloeError) -> Fall | None:
    """An error that could not be shown, or that says floe crashed, is a fall too."""
    name = type(error).__name__
    if error.exit_code == CRASHED:
        return Fall(f"{name}: {error.message.partition(':')[0]}", str(error))
    try:
        # A file's name may hold bytes that are no text; `output` escapes those. What is said may not.
        f"{error.title}{error.hint}".encode()
    except UnicodeEncodeError as unfit:
        return Fall(f"{name}: no text", f"{unfit}: {error!r}")
    return None


def _place(error: BaseException) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if ENGINE in frame.filename
    ] or traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f"{Path(last.filename).name}:{last.name}" if last else "?"
    return f"{type(error).__name__} in {where}"


@contextmanager
def _bounded() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS:g} s of processor time")

    before = signal.signal(signal.SIGPROF, late)
    # A full collection over what all harnesses hold would be charged to whoever comes by then.
    gc.disable()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        gc.enable()


def file_name(fall: Fall) -> str:
    """A name for the input of a fall, from its place."""
    return re.sub(r"[^A-Za-z0-9]+", "-", fall.place).strip("-").lower()[:60]
