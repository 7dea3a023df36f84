"""Between the engine's positions and the protocol's, for one text.

Both count lines from zero. The engine's columns are code points and its lines end where libyaml's
do; the protocol's columns are code units of the encoding that was agreed on, and its lines end at
LF, CRLF and CR alone (LSP 3.17, Text Documents).
"""

from __future__ import annotations

from bisect import bisect_right

from lsprotocol import types

from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.text import BOM, LINE_BREAK, split_lines

_WIDTHS = {
    types.PositionEncodingKind.Utf8: lambda text: len(text.encode("utf-8", "surrogatepass")),
    types.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    types.PositionEncodingKind.Utf32: len,
}
"""Code units of a text in each encoding."""


class Positions:
    """Converts positions of `text` (as the editor sent it, byte order mark included)."""

    def __init__(self, text: str, encoding: str = types.PositionEncodingKind.Utf16) -> None:
        self._width = _WIDTHS[types.PositionEncodingKind(encoding)]
        self._lines = split_lines(text.removeprefix(BOM))
        self._starts = self._find_starts(text)

    def range(self, span: Span) -> types.Range:
        """A span as the protocol's range."""
        return types.Range(self.position(span.start), self.position(span.end))

    def position(self, position: Position) -> types.Position:
        """A place as the protocol counts; past the end of the text, its end."""
        line = min(position.line, len(self._lines) - 1)
        number, before = self._starts[line]
        return types.Position(number, before + self._width(self._lines[line][: position.column]))

    def span(self, range_: types.Range) -> Span:
        """The protocol's range as a span."""
        return Span(self.place(range_.start), self.place(range_.end))

    def place(self, position: types.Position) -> Position:
        """The protocol's position as a place; inside of a character, before it."""
        line = max(0, bisect_right(self._starts, (position.line, position.character)) - 1)
        text = self._lines[line]
        number, before = self._starts[line]
        if number < position.line:  # past the last line
            return Position(line, len(text))
        units = position.character - before
        if text.isascii():
            return Position(line, max(0, min(units, len(text))))
        column = 0
        for character in text:
            units -= self._width(character)
            if units < 0:
                break
            column += 1
        return Position(line, column)

    def _find_starts(self, text: str) -> list[tuple[int, int]]:
        """For each of the engine's lines, the protocol's line and where in it the line begins."""
        mark = self._width(BOM) if text.startswith(BOM) else 0
        starts = [(0, mark)]
        found = LINE_BREAK.finditer(text.removeprefix(BOM))
        for line, match in zip(self._lines, found, strict=False):
            number, before = starts[-1]
            if match.group() in ("\n", "\r\n", "\r"):
                starts.append((number + 1, 0))
            else:
                starts.append((number, before + self._width(line + match.group())))
        return starts
