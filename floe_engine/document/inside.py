"""Where the characters of a text stand that a YAML scalar means: for what is wrong inside an expression.

Quotes, escapes, folding and indentation stand between a value and its characters (YAML 1.2.2 §7.3,
§8.1). They are undone here once more, this time with the place of every character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.document import Document
from floe_engine.document.nodes import KeyPath, Kind, Node, Style

_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")

Placed = tuple[str, Position]
"""A character of the value, and where it stands."""


def places_in(document: Document, path: KeyPath) -> tuple[Position, ...] | None:
    """Where each character of the text at a path stands, and where the text ends.

    None where that cannot be told: there is no text, or it is an alias of one.
    """
    node = document.find(path)
    if (
        node is None
        or node.kind is not Kind.SCALAR
        or not isinstance(node.value, str)
        or node.via is not None
    ):
        return None
    placed = list(_placed(node, document.lines))
    text, value = "".join(character for character, _ in placed), node.value
    if node.style in (Style.LITERAL, Style.FOLDED):
        text, value = text.rstrip("\n"), value.rstrip("\n")
        placed = placed[: len(text)]
    if text != value:
        return None
    end = Position(placed[-1][1].line, placed[-1][1].column + 1) if placed else node.end
    return (*(place for _, place in placed), end)


def span_in(document: Document, path: KeyPath, start: int, end: int) -> Span | None:
    """The span of a part of the text at a path, counted in the text's characters."""
    places = places_in(document, path)
    if places is None:
        return None
    last = len(places) - 1
    first = places[min(start, last)]
    if end <= start:
        return Span(first, first)
    before = places[min(end, last) - 1] if end <= last else None
    return Span(first, Position(before.line, before.column + 1) if before else places[last])


def offset_in(document: Document, path: KeyPath, position: Position) -> int | None:
    """Which character of the text at a path a place in the document is before."""
    places = places_in(document, path)
    if places is None or not places[0] <= position:
        return None
    return next((number for number, place in enumerate(places) if position <= place), len(places) - 1)


def _placed(node: Node, lines: Sequence[str]) -> Iterator[Placed]:
    if node.style in (Style.LITERAL, Style.FOLDED):
        yield from _block(node, lines)
    else:
        yield from _flow(node, lines)


def _flow(node: Node, lines: Sequence[str]) -> Iterator[Placed]:
    """A plain or quoted scalar: breaks are folded, and the space around them does not count."""
    quote = {Style.SINGLE: "'", Style.DOUBLE: '"'}.get(node.style, "")
    breaks = 0
    at = Position(node.line, node.column)
    for number in range(node.line, node.end_line + 1):
        line = lines[number]
        start = node.column + len(quote) if number == node.line else len(line) - len(line.lstrip(" \t"))
        stop = node.end_column - len(quote) if number == node.end_line else len(line.rstrip(" \t"))
        escaped = node.style is Style.DOUBLE and number < node.end_line and _continues(line, start)
        if number > node.line:
            if start >= stop and number < node.end_line:
                breaks += 1
                continue
            if breaks >= 0:
                yield from ((" ", at),) if breaks == 0 else (("\n", at) for _ in range(breaks))
        yield from _characters(line, number, start, stop - escaped, node.style)
        breaks = -1 if escaped else 0
        at = Position(number, max(stop, start))


def _continues(line: str, start: int) -> bool:
    """Whether a line of a double-quoted scalar ends with a backslash that takes the break away."""
    text = line[start:]
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _characters(line: str, number: int, start: int, stop: int, style: Style) -> Iterator[Placed]:
    at = start
    while at < stop:
        place = Position(number, at)
        if style is Style.SINGLE and line.startswith("''", at):
            yield "'", place
            at += 2
        elif style is Style.DOUBLE and (escape := _ESCAPE.match(line, at)):
            yield _meant(escape.group()), place
            at = escape.end()
        else:
            yield line[at], place
            at += 1


_MEANT = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def _meant(escape: str) -> str:
    kind = escape[1]
    if kind in "xuU":
        return chr(int(escape[2:], 16))
    return _MEANT.get(kind, kind)


def _block(node: Node, lines: Sequence[str]) -> Iterator[Placed]:
    """A literal or folded scalar: below its header, each line without the indentation."""
    last = min(node.end_line + (node.end_column > 0), len(lines))
    rows = [(number, lines[number]) for number in range(node.line + 1, last)]
    filled = [len(text) - len(text.lstrip(" ")) for _, text in rows if text.strip(" ")]
    indent = min(filled, default=0)
    while rows and not rows[-1][1].strip(" "):
        rows.pop()
    for place, (number, text) in enumerate(rows):
        for column in range(indent, len(text)):
            yield text[column], Position(number, column)
        end = Position(number, len(text))
        following = rows[place + 1][1] if place + 1 < len(rows) else None
        if node.style is Style.FOLDED and following is not None:
            yield from _folded(text[indent:], following[indent:], end)
        else:
            yield "\n", end


def _folded(text: str, following: str, end: Position) -> Iterator[Placed]:
    """What a break between two lines of a folded scalar means."""
    if not text or not following or text[0] in " \t" or following[0] in " \t":
        if text and not following and text[0] not in " \t":
            return  # the empty line that follows is the break
        yield "\n", end
    else:
        yield " ", end
