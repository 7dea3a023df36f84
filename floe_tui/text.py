"""How text from outside is shown: as text, with nothing hidden and nothing interpreted.

A tag, a file name or an error of a registry may hold terminal escapes, markup, or characters that
reverse or hide what follows. Everything that floe did not write itself passes through here, to the
engine's escaper.
"""

from __future__ import annotations

import re
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from floe_engine import plural as count
from floe_engine import printable

__all__ = ["count", "fitted", "homely", "marked", "plain", "shorten", "visible"]

_LEAST = 4
"""Cells in which something of a word can stand beside ` …`; a text in fewer loses its middle."""

_MARKS = re.compile(r"(\*\*[^*\n]+\*\*|`[^`\n]+`)")


def visible(text: str, *, multiline: bool = False) -> str:
    """`text` as the engine's escaper shows it, a tab as four spaces."""
    return printable(text, lines=multiline).replace("\t", "    ")


def plain(text: str, *, multiline: bool = False) -> Content:
    """`text` as content that Textual draws as it stands, without reading markup in it."""
    return Content(visible(text, multiline=multiline))


def marked(text: str) -> Content:
    """The engine's small Markdown as content: ``**bold**`` and `` `code` ``, and nothing else of it."""
    parts: list[Content] = []
    for index, piece in enumerate(_MARKS.split(visible(text, multiline=True))):
        part = Content(piece.strip("*`") if index % 2 else piece)
        parts.append(part.stylize("bold") if index % 2 else part)
    return Content("").join(parts)


def homely(text: str) -> str:
    """`text` with the user's home directory as ``~``, as people write paths."""
    home = str(Path.home())
    return text.replace(f"{home}/", "~/") if len(home) > 1 else text


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` cells, with ``…`` in the middle where it lost some.

    The middle goes because names, paths, references and digests are told apart by their ends.
    """
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head = (width - 1) // 2
    start = len(text) - (width - 1 - head)
    while cell_len(text[start:]) > width - 1 - head:
        start += 1
    return f"{set_cell_size(text, head)}…{text[start:]}"


def fitted(text: str, width: int) -> str:
    """`text` in at most `width` cells: a sentence loses its last words, and a name its middle.

    No word is broken off: half a name may be that of something else.
    """
    if cell_len(text) <= width:
        return text
    if width < _LEAST:
        return shorten(text, width)
    kept = set_cell_size(text, width - 1)
    if not text.startswith(kept):
        kept = kept[:-1]  # half of a wide character is a space
    if text[len(kept)] == " ":
        return f"{kept.rstrip()}…"
    at = kept.rfind(" ")
    start, (word, more, _) = text[: at + 1], text[at + 1 :].partition(" ")
    room = width - cell_len(start) - (2 if more else 0)
    if at > 0 and (cell_len(start) > width // 2 + 1 or room < _LEAST - 1):
        return f"{kept[:at].rstrip()} …"
    return f"{start}{shorten(word, room)}{' …' if more else ''}"
