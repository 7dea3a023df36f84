"""A YAML text, what it says, where it says it and what is wrong with it.

`parse` is the only YAML reader of floe. It never raises for what a text holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from floe_engine.document.codes import CHARACTER, TOO_LARGE
from floe_engine.document.composing import compose
from floe_engine.document.diagnostics import Diagnostic, Fix, Position, Severity, Span, TextEdit
from floe_engine.document.nodes import KeyPath, Kind, Node, Style
from floe_engine.document.text import BOM, MAX_BYTES, decode, newline_of, split_lines
from floe_engine.patterns import pattern

__all__ = ["MAX_BYTES", "Document", "decode", "parse"]

_FORBIDDEN: Final = pattern("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]+")
"""What YAML permits nowhere (YAML 1.2.2 §5.1, c-printable), and byte order marks inside the text."""

_UNUSUAL: Final = pattern("[^\t\n\r -~]")
"""What most texts have nothing of; the long class is compiled for the others alone."""

_SHOWN_CHARACTERS: Final = 10

_KEPT: Final = 16
_LARGEST_KEPT: Final = 128 * 1024
"""Longer texts are rare, and what is made of one is fifty times its size."""


class Document(Struct, frozen=True, eq=False):
    """A text (without byte order mark) and its tree.

    Paths lead through aliases and merges to the values they stand for, which are in another
    place of the text; `use_of` tells where such a path left its own place.
    """

    text: str
    lines: list[str]
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    newline: str = "\n"
    """The line break of this file, for text that is added to it."""
    recovered_lines: frozenset[int] = frozenset()
    """Lines (zero-based) that could not be read and were passed over."""
    uncertain: frozenset[KeyPath] = frozenset()
    """Values that lost a part to `recovered_lines`."""

    @property
    def value(self) -> Any:
        """The content as plain data; None for an empty text."""
        return self.root.value if self.root is not None else None

    def find(self, path: KeyPath) -> Node | None:
        """The node that `path` leads to."""
        node = self.root
        for step in path:
            node = _child(node, step) if node is not None else None
        return node

    def key_node(self, path: KeyPath) -> Node | None:
        """The key that `path` ends with, as a node; None for list items and unknown paths."""
        parent = self.find(path[:-1]) if path else None
        return parent.keys.get(str(path[-1])) if parent is not None else None

    def locate(self, path: KeyPath, *, key: bool = False) -> Span:
        """Where to point for a problem with `path`, always within one line.

        The value; its key where `key` is asked for, or where the value is empty, a block or of
        several lines. Where the path leads nowhere, the closest ancestor that exists.
        """
        while path and self.find(path) is None:
            path = path[:-1]
            key = True
        node, name = self.find(path), self.key_node(path)
        if node is None:
            return Span.at(0, 0, 0, len(self.lines[0]))
        if name is not None and (key or node.is_empty or self._is_block(node)):
            return self._clip(name)
        return self._clip(node)

    def use_of(self, path: KeyPath) -> Span | None:
        """The alias, or the value of ``<<``, through which `path` came to its value; None if neither."""
        node = self.root
        found: Span | None = None
        for step in path:
            if node is None:
                return None
            if node.via is not None:
                found = node.span
            origin = node.origins.get(str(step))
            if origin is not None:
                found = origin.span
            node = _child(node, step)
        return found

    def raw(self, path: KeyPath) -> str:
        """The value at `path` as it is written, quotes and line breaks included; "" if there is none."""
        node = self.find(path)
        if node is None:
            return ""
        if node.via is not None and node.kind is Kind.SCALAR:
            node = node.via
        return self.slice(node.span)

    def slice(self, span: Span) -> str:
        """The text of `span`, with this file's line breaks."""
        start, end = span.start, span.end
        if start.line == end.line:
            return self.lines[start.line][start.column : end.column]
        middle = self.lines[start.line + 1 : end.line]
        last = self.lines[end.line][: end.column]
        return self.newline.join((self.lines[start.line][start.column :], *middle, last))

    def path_at(self, position: Position) -> KeyPath:
        """The path of the innermost value or key that `position` is in, on or right behind.

        Between two entries of a block it is the mapping or list whose column fits.
        """
        path: KeyPath = ()
        node = self.root
        while node is not None and node.via is None:
            step = _step_at(node, position)
            if step is None:
                break
            path = (*path, step)
            node = _child(node, step)
        return path

    def key_at(self, position: Position) -> KeyPath | None:
        """The path of the key that `position` is on (or right behind), None elsewhere."""
        path = self.path_at(position)
        name = self.key_node(path)
        if name is not None and name.start <= position <= name.end:
            return path
        return None

    def is_uncertain(self, path: KeyPath) -> bool:
        """Whether a line that could not be read may belong to the value at `path`.

        What is missing or empty there may only be unreadable, so it is not reported.
        """
        return path in self.uncertain

    @staticmethod
    def _is_block(node: Node) -> bool:
        if node.kind is Kind.SCALAR or node.via is not None:
            return False
        return node.style is Style.BLOCK or node.line != node.end_line

    def _clip(self, node: Node) -> Span:
        if node.line == node.end_line:
            return node.span
        if node.kind is not Kind.SCALAR:
            return Span.at(node.line, node.column, node.line, node.column + 1)
        return Span.at(node.line, node.column, node.line, len(self.lines[node.line].rstrip()))


def parse(text: str) -> Document:
    """Read `text` as YAML 1.2 (core schema). Never raises: what is wrong is in `diagnostics`.

    The last few texts are remembered, so that each step of a command may ask what its file says.
    """
    return _parse(text) if len(text) > _LARGEST_KEPT else _remembered(text)


def _parse(text: str) -> Document:
    text = text.removeprefix(BOM)
    lines = split_lines(text)
    newline = newline_of(text)
    if len(text) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // (1024 * 1024)} MiB; not read"
        problem = Diagnostic(TOO_LARGE, Severity.ERROR, Span.at(0, 0, 0, 0), message)
        return Document(text, lines, None, (problem,), newline)
    diagnostics: list[Diagnostic] = []
    readable, readable_lines = text, lines
    if _UNUSUAL.search(text) and _FORBIDDEN.search(text):
        diagnostics.extend(_forbidden(lines))
        readable = _FORBIDDEN.sub(lambda found: "\ufffd" * len(found.group()), text)
        readable_lines = split_lines(readable)
    composed = compose(readable, readable_lines)
    dropped: frozenset[int] = frozenset()
    uncertain: frozenset[KeyPath] = frozenset()
    if composed.problem is not None:
        from floe_engine.document.recovery import Places, recover, uncertain_paths

        recovered = recover(readable_lines, composed.problem)
        composed = compose("\n".join(recovered.lines), recovered.lines)
        places = Places(readable_lines, recovered.lines)
        places.restore(composed.root)
        diagnostics.extend(recovered.diagnostics)
        diagnostics.extend(places.diagnostic(found) for found in composed.diagnostics)
        dropped = recovered.dropped
        uncertain = uncertain_paths(composed.root, readable_lines, dropped)
    else:
        diagnostics.extend(composed.diagnostics)
    diagnostics.sort(key=lambda diagnostic: diagnostic.span)
    return Document(
        text,
        lines,
        composed.root,
        tuple(diagnostics),
        newline,
        recovered_lines=dropped,
        uncertain=uncertain,
    )


_remembered = lru_cache(_KEPT)(_parse)


def _forbidden(lines: list[str]) -> list[Diagnostic]:
    """One diagnostic a run of forbidden characters, and how many runs more there are."""
    found = [(number, match) for number, line in enumerate(lines) for match in _FORBIDDEN.finditer(line)]
    result = []
    for index, (number, match) in enumerate(found[:_SHOWN_CHARACTERS], 1):
        span = Span.at(number, match.start(), number, match.end())
        message = f"YAML does not permit the character U+{ord(match.group()[0]):04X}"
        if index == _SHOWN_CHARACTERS < len(found):
            message += f"; {len(found) - index} more like it follow"
        fix = Fix("remove it", (TextEdit(span, ""),))
        result.append(Diagnostic(CHARACTER, Severity.ERROR, span, message, "remove it", fixes=(fix,)))
    return result


def _child(node: Node, step: str | int) -> Node | None:
    if node.kind is Kind.MAPPING:
        return node.children.get(str(step))
    if node.kind is Kind.SEQUENCE and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def _step_at(node: Node, position: Position) -> str | int | None:
    """The entry of `node` that `position` falls to: the last that begins before it, if it reaches."""
    best: tuple[str | int, Node, Node] | None = None
    if node.kind is Kind.MAPPING:
        for name, key in node.keys.items():
            if name not in node.origins and key.start <= position:
                best = (name, key, node.children[name])
    else:
        for index, item in enumerate(node.items):
            if item.start <= position:
                best = (index, item, item)
    if best is None:
        return None
    step, first, last = best
    if position <= max(first.end, last.end):
        return step
    # Behind the value: on the same line, or on a line further in than the entry begins.
    if node.style is Style.FLOW:
        return None
    column = first.column if node.kind is Kind.MAPPING else node.column
    same_line = position.line == max(first.end_line, last.end_line if last.end_column else last.end_line - 1)
    return step if same_line or position.column > column else None
