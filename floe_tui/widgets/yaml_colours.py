"""YAML colours for the lines that are seen, and for no others.

Textual's own highlighting queries the whole tree after every key, which takes 20 ms at 2,000
lines and 215 ms at 20,000. Here tree-sitter parses a window of some hundred lines, when a line of
it is first drawn after an edit. The window begins at a line that begins a top-level key, so that
the fragment is YAML by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Parser, QueryCursor

AHEAD: Final = 120
"""Lines parsed from the one asked for downwards."""

BACK: Final = 400
"""Lines looked back at most for the beginning of a top-level key."""

LONGEST_LINE: Final = 2_000
"""A longer line is left without colours: nobody reads it, and it would cost every key."""

NAMES: Final = ("key", "string", "number", "reference", "comment")

# Later names win where two cover the same text, so keys stand after strings.
_QUERY: Final = """
[(double_quote_scalar) (single_quote_scalar) (block_scalar)] @string
[(integer_scalar) (float_scalar) (boolean_scalar) (null_scalar)] @number
[(anchor) (alias) (tag)] @reference
(comment) @comment
(block_mapping_pair key: (_) @key)
(flow_pair key: (_) @key)
"""

_KEY: Final = re.compile(r"[ ]*(?:-[ ]+)*([^\s#:{\[\]},\"'&*!|>%@`-][^#:{\[\]},]*?)[ ]*:(?=[ ]|$)")

Span = tuple[int, int, str]
"""First and end column in code points, and a name of `NAMES`."""


class YamlColours:
    """The coloured spans of the lines of one text; told when the text changes."""

    def __init__(self) -> None:
        self._parts: tuple[Parser, QueryCursor] | None = None
        self._window = range(0)
        self._spans: dict[int, list[Span]] = {}

    def forget(self) -> None:
        """The text changed."""
        self._window = range(0)

    def line(self, lines: Sequence[str], row: int) -> Sequence[Span]:
        """The spans of line `row` of `lines`."""
        if row not in self._window:
            self._parse(lines, row)
        return self._spans.get(row, ())

    def _parse(self, lines: Sequence[str], row: int) -> None:
        first = _beginning(lines, row)
        self._window = range(first, min(len(lines), row + AHEAD))
        self._spans = {}
        texts = [line if len(line) <= LONGEST_LINE else "" for line in lines[first : self._window.stop]]
        try:
            parser, cursor = self._tools()
        except ImportError:  # this Python has no wheels of tree-sitter: the keys alone are coloured
            self._add_bare_keys(texts, first)
            return
        tree = parser.parse("\n".join(texts).encode("utf-8", "replace"))
        captures = cursor.captures(tree.root_node)
        for name in ("string", "number", "reference", "comment", "key"):
            for node in captures.get(name, ()):
                self._add(texts, first, node.start_point, node.end_point, name)
        if tree.root_node.has_error:
            self._add_bare_keys(texts, first)

    def _add_bare_keys(self, texts: list[str], first: int) -> None:
        """What a line that is still being typed took out of the tree keeps its colour."""
        for row, text in enumerate(texts, first):
            if row not in self._spans and (found := _KEY.match(text)):
                self._spans[row] = [(*found.span(1), "key")]

    def _add(
        self, texts: list[str], first: int, start: tuple[int, int], end: tuple[int, int], name: str
    ) -> None:
        for index in range(start[0], min(end[0], len(texts) - 1) + 1):
            text = texts[index]
            begin = _column(text, start[1]) if index == start[0] else 0
            stop = _column(text, end[1]) if index == end[0] else len(text)
            if stop > begin:
                self._spans.setdefault(first + index, []).append((begin, stop, name))

    def _tools(self) -> tuple[Parser, QueryCursor]:
        if self._parts is None:
            import tree_sitter_yaml
            from tree_sitter import Language, Parser, Query, QueryCursor

            language = Language(tree_sitter_yaml.language())
            self._parts = Parser(language), QueryCursor(Query(language, _QUERY))
        return self._parts


def _beginning(lines: Sequence[str], row: int) -> int:
    """A line at or above `row` where a top-level key or item begins, or the least indented near it."""
    best, least = row, 1_000_000
    for index in range(row, max(-1, row - BACK), -1):
        line = lines[index]
        stripped = line.lstrip(" ")
        if not stripped or stripped.startswith("#"):
            continue
        indent = len(line) - len(stripped)
        if indent == 0 and stripped[0] not in "]}":
            return index
        if indent < least:
            best, least = index, indent
    return best


def _column(text: str, byte: int) -> int:
    """A byte column of UTF-8 as one of code points."""
    return byte if text.isascii() else len(text.encode("utf-8", "replace")[:byte].decode("utf-8", "ignore"))
