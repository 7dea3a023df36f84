"""How much of a text one entry of a mapping or item of a list takes, and how to take it out.

Works on lines and nodes alone, so that both the fix of a duplicate key and `edit.remove` use it.
"""

from __future__ import annotations

import re
from typing import Final

from floe_engine.document.diagnostics import Position, Span, TextEdit
from floe_engine.document.nodes import Node
from floe_engine.patterns import pattern

_PROPERTIES: Final = pattern(r"(?:\?[ \t]+)?(?:[&!][^\s,\[\]{}]*[ \t]+)*$")


def entry_start(lines: list[str], first: Node) -> Position:
    """Where the entry begins whose key (or flow item) is `first`: at its anchor, tag or ``?``."""
    found = _PROPERTIES.search(lines[first.line][: first.column])
    return Position(first.line, found.start() if found else first.column)


def end_of_content(lines: list[str], node: Node) -> Position:
    """The end of `node` without the line break that a block scalar ends with."""
    if node.end_column == 0 and node.end_line > node.line:
        return Position(node.end_line - 1, len(lines[node.end_line - 1]))
    return node.end


def last_line(lines: list[str], first: Node, last: Node) -> int:
    """The last line that the entry from `first` (its key) to `last` (its value) takes."""
    return max(end_of_content(lines, first).line, end_of_content(lines, last).line)


def comments_below(lines: list[str], line: int, column: int) -> int:
    """The last line of the comments right below `line` that begin in `column` or further in; else `line`.

    So far in, they speak of what stands above them. Blank lines between them count, those behind them do not.
    """
    last = line
    for number in range(line + 1, len(lines)):
        content = lines[number].lstrip(" ")
        if content.startswith("#") and len(lines[number]) - len(content) >= column:
            last = number
        elif content.strip():
            break
    return last


def block_removal(lines: list[str], start: Position, end_line: int) -> TextEdit:
    """Take out the block entry from `start` to the end of line `end_line`, which is not the only one.

    Its whole lines go, with a comment at their end. An entry that stands behind a dash
    (``- first: 1``) leaves its place to the next one.
    """
    if not lines[start.line][: start.column].strip(" "):
        return TextEdit(whole_lines(lines, start.line, end_line + 1), "")
    following = next(
        (
            number
            for number in range(end_line + 1, len(lines))
            if (content := lines[number].strip()) and not content.startswith("#")
        ),
        end_line,
    )
    return TextEdit(Span(start, Position(following, start.column)), "")


def whole_lines(lines: list[str], first: int, end: int) -> Span:
    """The span to delete so that lines `first` up to, not including, `end` are gone with their breaks."""
    if end < len(lines):
        return Span.at(first, 0, end, 0)
    # The break in front stays: a `|` text above may need it.
    return Span.at(first, 0, len(lines) - 1, len(lines[-1]))


def flow_removal(lines: list[str], start: Position, end: Position) -> TextEdit:
    """Take out the flow entry from `start` to `end` with the comma behind it, or else before it."""
    rest = lines[end.line][end.column :]
    comma = re.match(r"[ \t]*,[ \t]*", rest)
    if comma is not None:
        return TextEdit(Span(start, Position(end.line, end.column + comma.end())), "")
    line = start.line
    before = lines[line][: start.column].rstrip(" \t")
    while not before and line > 0:
        line -= 1
        before = lines[line].rstrip(" \t")
    if before.endswith(","):
        start = Position(line, len(before) - 1)
    return TextEdit(Span(start, end), "")
