"""Where a long line is broken, so that all of it is seen: pure arithmetic, nothing is drawn here."""

from __future__ import annotations

from rich.cells import cell_len

from floe_tui.text import visible

NEWLINE = "\\n"
"""A line's end as JSON writes it inside a string: a good place to break, for the value breaks there too."""


def hanging(text: str, room: int) -> int:
    """Cells by which the further lines of `text` are indented, two more than its first."""
    return min(len(text) - len(text.lstrip(" ")) + 2, room // 3)


def broken(text: str, room: int) -> tuple[tuple[int, int], ...]:
    """Start and end of each part of `text` that stands in a line of its own; the first has `room` cells,
    the others as many less as they are indented. At least one part, and every character in one of them.
    """
    plain = text.isascii() and text.isprintable()
    if plain and len(text) <= room and NEWLINE not in text:
        return ((0, len(text)),)
    widths = [1] * len(text) if plain else [cell_len(visible(character)) for character in text]
    parts: list[tuple[int, int]] = []
    start, left, rest = 0, max(1, room), max(1, room - hanging(text, room))
    at = 0
    while at < len(text):
        if widths[at] > left and at > start:
            at = _word_start(text, start, at)
            parts.append((start, at))
            start, left = at, rest
            continue
        left -= widths[at]
        at += 1
        # `at` is behind an "n" here; a backslash before the backslash would make it no line's end.
        if text[at - 2 : at] == NEWLINE and _ends_line(text, at) and at < len(text):
            parts.append((start, at))
            start, left = at, rest
    return (*parts, (start, len(text)))


def _ends_line(text: str, at: int) -> bool:
    before = text[: at - 1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _word_start(text: str, start: int, at: int) -> int:
    """The beginning of the word that does not fit, unless that would leave most of the line empty."""
    space = text.rfind(" ", start, at)
    return space + 1 if space > start + (at - start) // 2 else at
