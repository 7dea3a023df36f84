"""A text as lines: where they break, which break is usual, and how a part is shown in a message.

Knows nothing of YAML but its line breaks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from floe_engine.errors import ConfigurationError
from floe_engine.files import Directory, read_bounded, stands
from floe_engine.patterns import pattern

MAX_BYTES: Final = 5 * 1024 * 1024
"""Bytes of the largest YAML file that floe reads."""

BOM: Final = "\ufeff"
"""A byte order mark at the start of a text has no width: positions count from behind it."""

LINE_BREAK: Final = pattern("\r\n|[\n\r\x85]|[\u2028-\u2029]")
"""Where libyaml and Textual break lines (YAML 1.1 §4.2; YAML 1.2 kept only CR and LF)."""

_SHOWN: Final = 40


def split_lines(text: str) -> list[str]:
    """The lines of `text` without their breaks; a text that ends with a break has a last empty line."""
    if "\r" in text or not text.isascii():
        return LINE_BREAK.split(text)
    return text.split("\n")


def newline_of(text: str) -> str:
    """The line break to use in what is added to `text`: that of its first line, else LF."""
    found = LINE_BREAK.search(text)
    return found.group() if found and found.group() in ("\n", "\r\n", "\r") else "\n"


def shown(text: str) -> str:
    """`text` as a message may show it: one line, at most 40 characters, nothing unprintable."""
    if len(text) > _SHOWN:
        text = f"{text[: _SHOWN - 1]}…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def decode(data: bytes, *, where: str = "") -> str:
    """The text of a YAML file: UTF-8, or UTF-16 where a byte order mark or NUL bytes show it.

    The mark is left out. Raises `ConfigurationError` that names line and column of the first
    bad byte; `where` is the file's name for its position (YAML 1.2.2 §5.2).
    """
    name, encoding, start = _encoding(data)
    try:
        return data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        good = split_lines(data[start : start + error.start].decode(encoding))
        position = f"{len(good)}:{len(good[-1]) + 1}"
        byte = data[start + error.start]
        raise ConfigurationError(
            f"the file is not {name} text",
            f"byte 0x{byte:02x} at line {len(good)}, column {len(good[-1]) + 1} cannot be read",
            hint="save the file as UTF-8",
            where=f"{where}:{position}" if where else position,
        ) from None


def read_text(path: Path, limit: int = MAX_BYTES, *, what: str = "") -> str:
    """The text of a file of at most `limit` bytes; `what` names it in a message, else its own name does.

    Raises `ConfigurationError`, with the file and of a bad byte the place.
    """
    return decode(read_bounded(path, limit, what=what or path.name), where=str(path))


def rewrite(directory: Directory, name: str, before: str, after: str) -> None:
    """Write `after`, encoded as the file is, where `before` stands; empty for a file that is not there yet.

    Raises `ConfigurationError` where the file was changed since `before` was read of it.
    """
    path = directory.path / name
    data = read_bounded(path, MAX_BYTES, what=path.name) if before or stands(path) else b""
    if decode(data, where=str(path)) != before:
        raise ConfigurationError(
            "the file was changed meanwhile, so nothing was written",
            hint="save your editor's buffer and run the command again",
            where=str(path),
        )
    directory.write(name, encode(after, like=data))


def encode(text: str, like: bytes) -> bytes:
    """`text` as the bytes of a file that was `like`: the same encoding, with a byte order mark or without."""
    _, encoding, start = _encoding(like)
    return like[:start] + text.encode(encoding)


def _encoding(data: bytes) -> tuple[str, str, int]:
    """Name and codec of a file's text, and how many bytes its mark takes."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "UTF-8", "utf-8", 3
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16", ("utf-16-le" if data[0] == 0xFF else "utf-16-be"), 2
    if len(data) >= 2 and 0 in data[:2] and data[:2] != b"\0\0":
        return "UTF-16", ("utf-16-be" if data[0] == 0 else "utf-16-le"), 0
    return "UTF-8", "utf-8", 0
