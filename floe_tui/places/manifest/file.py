"""Reading and saving the edited file, safely, and reading the file that it inherits from.

Plain functions, run by jobs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine import Directory, read_bounded

if TYPE_CHECKING:
    from floe_engine import Checked, Position, Span

LIMIT = 16_000_000
AT_ONCE = 250_000
"""Bytes that are read before anything is drawn: some milliseconds, and no editor without its text."""

UTF8, WITH_MARK = "utf-8", "utf-8-sig"

READINGS = (
    ("utf-16", "UTF-16"),
    ("cp1252", "Windows, western Europe"),
    ("iso8859-15", "Latin-9, western Europe"),
    ("cp1250", "Windows, central Europe"),
    ("cp1251", "Windows, Cyrillic"),
    ("shift_jis", "Shift JIS, Japanese"),
    ("gb18030", "GB 18030, Chinese"),
)
"""What a file that is not UTF-8 usually is."""

Stamp = tuple[int, int, int]
"""What tells that a file was written again, without reading it: time, size, inode; zeros: absent."""


class Opened(Struct, frozen=True):
    """What a file held at one moment."""

    text: str
    digest: str
    """Of its bytes; empty where it is absent."""
    stamp: Stamp
    encoding: str = UTF8
    """How it is written; empty where it is not UTF-8 and nobody has said what else."""
    data: bytes = b""
    """Its bytes, where the encoding is not known."""

    def read_as(self, encoding: str) -> str:
        """The text, if it were in `encoding`. Raises `UnicodeError` where it cannot be."""
        return self.data.decode(encoding)

    def readings(self) -> list[tuple[str, str, str]]:
        """Encodings that it may be in, the likeliest first: name, what people call it, and the first strange
        line so read.

        An even number of any bytes is some UTF-16; keys and colons in it have a zero beside each letter,
        which a text in another encoding never has.
        """
        found = []
        wide = b"\0" in self.data
        for encoding, title in READINGS:
            if (encoding == "utf-16") is not wide:
                continue
            try:
                text = self.read_as(encoding)
            except UnicodeError:
                continue
            line = next((line for line in text.splitlines() if not line.isascii()), "")
            found.append((encoding, title, line.strip()))
        return found


def is_short(file: Path) -> bool:
    """Whether reading a file takes no time worth mentioning."""
    return stamp_of(file)[1] <= AT_ONCE


def stamp_of(file: Path) -> Stamp:
    """The file's stamp now."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def open_file(file: Path) -> Opened:
    """Read a file; an absent one is empty. Raises `ConfigurationError`."""
    stamp = stamp_of(file)  # before the bytes: what is written in between is noticed then
    if not file.exists():
        return Opened("", "", (0, 0, 0))
    data = read_bounded(file, LIMIT, what="manifest")
    digest = hashlib.sha256(data).hexdigest()
    encoding = WITH_MARK if data.startswith(b"\xef\xbb\xbf") else UTF8
    try:
        return Opened(data.decode(encoding), digest, stamp, encoding)
    except UnicodeDecodeError:
        return Opened(data.decode(UTF8, "replace"), digest, stamp, "", data)


def look(file: Path, before: Stamp) -> Opened | None:
    """What the file holds now; None where it was not written since `before`."""
    return open_file(file) if stamp_of(file) != before else None


def save_file(file: Path, text: str, expected: str, encoding: str = UTF8) -> tuple[bool, Opened]:
    """Write `text`, unless the bytes there are others than `expected`, and not `text`'s either.

    Says whether it was written, and what the file holds now. A file that is gone is written anew.
    Raises `FloeError`.
    """
    data = text.encode(encoding, "surrogatepass")
    found = open_file(file)
    if found.digest not in ("", expected, hashlib.sha256(data).hexdigest()):
        return False, found
    Directory(file.parent).write(file.name, data)  # the name itself may not be a link
    return True, Opened(text, hashlib.sha256(data).hexdigest(), stamp_of(file), encoding)


class Definition(Struct, frozen=True):
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
        return Definition(target.span, open_file(target.file).text, "Inherited from", target.file)
    above = inherited(checked, position)
    return Definition(above.span, above.text, f"Inherited from {above.origin}") if above else None
