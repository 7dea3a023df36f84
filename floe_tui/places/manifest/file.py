"""Reading and saving the edited file, safely, and reading the file that it inherits from.

Nobody's change and no crash loses text.

Plain functions, run by jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine import Directory, read_bounded
from floe_tui.session import Swap, text_digest

if TYPE_CHECKING:
    from floe_engine import Checked, Position, Span

LIMIT = 16_000_000
AT_ONCE = 250_000
"""Bytes that are read before anything is drawn: some milliseconds, and no editor without its text."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file's text, and unsaved text of an earlier run where there is some."""

    text: str
    kept: str | None = None
    kept_is_older: bool = False
    """Whether the file changed on disk since the kept text was made from it."""


def is_short(file: Path) -> bool:
    """Whether reading a file and its swap file takes no time worth mentioning."""
    sizes = [path.stat().st_size for path in (file, Swap(file).path) if path.is_file()]
    return sum(sizes) <= AT_ONCE


def open_file(file: Path) -> Opened:
    """Read a file (an absent one is empty) and its swap file. Raises `ConfigurationError`."""
    text = _decode(read_bounded(file, LIMIT, what="manifest")) if file.exists() else ""
    swap = Swap(file).read()
    if swap is None or swap[0] == text:
        return Opened(text)
    return Opened(text, swap[0], swap[1] != text_digest(text))


def save_file(file: Path, text: str, expected: str | None) -> bool:
    """Write `text` unless the file's digest is no longer `expected` (None: whatever it is).

    False where somebody else changed it and nothing was written. Raises `FloeError`.
    """
    if expected is not None and file.exists():
        found = text_digest(_decode(read_bounded(file, LIMIT, what="manifest")))
        if found not in (expected, text_digest(text)):
            return False
    Directory(file.parent).write(file.name, text.encode("utf-8", "surrogatepass"))
    Swap(file).discard()
    return True


def keep(file: Path, text: str, base: str) -> None:
    """Keep unsaved `text` for after a crash; forget it where it is what was saved."""
    if text_digest(text) == base:
        Swap(file).discard()
    else:
        Swap(file).write(text, base)


@dataclass(frozen=True, slots=True)
class Definition:
    """Where something is written: in `text` at `span`, which is `file`'s; no text: in the same text."""

    span: Span
    text: str = ""
    title: str = ""
    file: Path | None = None


def find_definition(checked: Checked, position: Position) -> Definition | None:
    """Where the thing at a place is written; None where that is nowhere else.

    Raises `ConfigurationError` where the other file cannot be read.
    """
    from floe_engine import definition, inherited

    target = definition(checked, position)
    if target is not None:
        if target.file is None:
            return Definition(target.span)
        text = _decode(read_bounded(target.file, LIMIT, what="manifest"))
        return Definition(target.span, text, "Inherited from", target.file)
    above = inherited(checked, position)
    return Definition(above.span, above.text, f"Inherited from {above.origin}") if above else None


def _decode(data: bytes) -> str:
    """UTF-8 without its byte order mark. Bytes that are none become U+FFFD, which the check names."""
    return data.decode("utf-8-sig", "replace")
