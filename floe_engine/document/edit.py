"""Changes to a YAML text that leave everything else as it was: comments, quotes, order, line breaks.

Each function answers with edits of the text it was given; `apply` makes them. Nothing is ever
parsed and written out again.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from floe_engine.document.diagnostics import Position, Span, TextEdit
from floe_engine.document.document import Document
from floe_engine.document.entries import (
    block_removal,
    comments_below,
    end_of_content,
    entry_start,
    flow_removal,
    last_line,
    whole_lines,
)
from floe_engine.document.nodes import KeyPath, Kind, Node, Style
from floe_engine.document.rendering import STEP, block, ends_with_break, entry, flow, item
from floe_engine.document.scalars import scalar
from floe_engine.document.text import BOM, LINE_BREAK

# Edits of any text


def apply(text: str, edits: Iterable[TextEdit]) -> str:
    """`text` with `edits` made, given in any order; all refer to the text as it is now.

    Positions past the end of a line mean its end. Raises `ValueError` where edits overlap.
    """
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    offsets = _Offsets(text)
    parts = [mark]
    done = 0
    for start, end, new_text in sorted(offsets.of(edits), key=lambda edit: edit[:2]):
        if start < done:
            raise ValueError("edits overlap")
        parts += (text[done:start], new_text)
        done = end
    return "".join((*parts, text[done:]))


class _Offsets:
    """Between positions and offsets of one text."""

    def __init__(self, text: str) -> None:
        breaks = [(found.start(), found.end()) for found in LINE_BREAK.finditer(text)]
        self.starts = [0, *(end for _, end in breaks)]
        self.ends = [*(start for start, _ in breaks), len(text)]

    def offset(self, position: Position) -> int:
        if position.line >= len(self.starts):
            return self.ends[-1]
        return min(self.starts[position.line] + position.column, self.ends[position.line])

    def position(self, offset: int) -> Position:
        line = bisect_right(self.starts, offset) - 1
        return Position(line, offset - self.starts[line])

    def of(self, edits: Iterable[TextEdit]) -> list[tuple[int, int, str]]:
        return [(self.offset(edit.span.start), self.offset(edit.span.end), edit.new_text) for edit in edits]


# Edits of a document


def set_value(document: Document, path: KeyPath, value: Any) -> tuple[TextEdit, ...]:
    """Make the value at `path`, which must exist, be `value` (plain data); nothing else changes.

    Quotes stay as they are where they can, and come where a YAML 1.2 or 1.1 reader would
    otherwise misread a text. An alias is replaced by the value; an entry that came by ``<<`` is
    written out beside it. Raises `KeyError` where there is no such path.
    """
    node = _existing(document, path)
    if type(node.value) is type(value) and node.value == value and node.kind is Kind.SCALAR:
        return ()
    parent = _definition(_existing(document, path[:-1])) if path else None
    if parent is not None and str(path[-1]) in parent.origins:
        return insert_key(document, path[:-1], str(path[-1]), value)
    if parent is not None and parent.style is Style.FLOW:
        new_text = _flow(document, value)
        if (
            node.kind is Kind.SCALAR
            and isinstance(value, str)
            and node.via is None
            and not _is_json(document)
        ):
            new_text = scalar(value, style=node.style, in_flow=True)
        return _replace_inline(document, path, node, new_text)
    new_text = block(value, _column_of(document, path), document.newline, style=node.style)
    new_text += _final_break(document, last_line(document.lines, node, node), value)
    if node.kind is not Kind.SCALAR and node.style is Style.BLOCK and node.via is None:
        return _replace_block(document, path, node, new_text)
    if document.newline in new_text:
        return _replace_below(document, path, node, new_text)
    return _replace_inline(document, path, node, new_text[1:])


def insert_key(
    document: Document, mapping: KeyPath, key: str, value: Any, *, after: str | None = None
) -> tuple[TextEdit, ...]:
    """Add ``key: value`` to the mapping at path `mapping`: behind the entry `after`, or at its end.

    Comments that are indented like what they follow stay above what is new.
    An empty value (``metadata:``) or empty text becomes a mapping. Raises `KeyError` where there
    is no such path or no entry `after`, and `ValueError` where the key exists or the value at
    `mapping` is no mapping.
    """
    if not mapping and (document.root is None or document.root.is_empty):
        return _append_to_end(document, entry(key, value, 0, document.newline))
    node = _definition(_existing(document, mapping))
    if node.kind is not Kind.MAPPING and node.value is not None:
        raise ValueError(f"{_name(mapping)} is a {node.kind}, not a mapping")
    if key in node.children and key not in node.origins:
        raise ValueError(f"{_name((*mapping, key))} exists already")
    own = [name for name in node.keys if name not in node.origins]
    if after is not None and after not in own:
        raise KeyError(after)
    if not node.children:
        return set_value(document, mapping, {key: value})
    last = after if after is not None else own[-1] if own else None
    if node.style is Style.FLOW:
        end = node.children[last].end if last is not None else _inside_end(document, node)
        return (TextEdit(Span(end, end), f", {_flow(document, {key: value})[1:-1]}"),)
    if last is not None:
        line = last_line(document.lines, node.keys[last], node.children[last])
    else:
        line = last_line(document.lines, node, node)
    inside = node.column if not own or last == own[-1] else node.column + 1
    line = comments_below(document.lines, line, inside)
    text = entry(key, value, node.column, document.newline) + _final_break(document, line, value)
    return _insert_below(document, line, node.column, text)


def append(document: Document, sequence: KeyPath, value: Any) -> tuple[TextEdit, ...]:
    """Add an item to the end of the sequence at path `sequence`; nothing else changes.

    An empty value (``tests:``) becomes a sequence. Raises `KeyError` where there is no such path, and
    `ValueError` where the value there is no sequence.
    """
    node = _definition(_existing(document, sequence))
    if node.kind is not Kind.SEQUENCE and node.value is not None:
        raise ValueError(f"{_name(sequence)} is a {node.kind}, not a sequence")
    if not node.items:
        return set_value(document, sequence, [value])
    last = node.items[-1]
    if node.style is Style.FLOW:
        return (TextEdit(Span(last.end, last.end), f", {_flow(document, value)}"),)
    # In the column of the key that leads to the sequence, a comment may as well speak of the next key.
    inside = node.column + (node.column <= _column_of(document, sequence))
    line = comments_below(document.lines, last_line(document.lines, last, last), inside)
    text = item(value, node.column, document.newline) + _final_break(document, line, value)
    return _insert_below(document, line, node.column, text)


def remove(document: Document, path: KeyPath) -> tuple[TextEdit, ...]:
    """Take out the entry or item at `path`: its lines, or in a flow collection it and its comma.

    Comments above it stay. A block that loses its only entry becomes ``{}`` or ``[]``. Raises
    `KeyError` where there is no such path and `ValueError` for the whole document or for an
    entry that came by ``<<``.
    """
    node = _existing(document, path)
    if not path:
        raise ValueError("the whole document cannot be removed")
    parent = _definition(_existing(document, path[:-1]))
    step = path[-1]
    if str(step) in parent.origins:
        raise ValueError(f"{_name(path)} comes from another mapping by <<")
    lines = document.lines
    first = parent.keys[str(step)] if parent.kind is Kind.MAPPING else node
    if parent.style is Style.FLOW:
        return (flow_removal(lines, entry_start(lines, first), node.end),)
    if parent.kind is Kind.MAPPING:
        start, empty = entry_start(lines, first), " {}"
    else:
        start, empty = _dash(lines, node, parent.column), " []"
    if (parent.line, parent.end) == (start.line, node.end):
        return _replace_block(document, path[:-1], parent, empty)
    return (block_removal(lines, start, last_line(lines, first, node)),)


def _flow(document: Document, value: Any) -> str:
    """`value` as it stands in a flow collection; in a document that is JSON, as JSON, which it stays."""
    return json.dumps(value, ensure_ascii=False) if _is_json(document) else flow(value)


def _is_json(document: Document) -> bool:
    """Whether a document is written as JSON is: in braces, with keys in double quotes."""
    root = document.root
    if root is None or root.style is not Style.FLOW or root.kind is not Kind.MAPPING:
        return False
    return all(key.style is Style.DOUBLE for key in root.keys.values())


def _existing(document: Document, path: KeyPath) -> Node:
    node = document.find(path)
    if node is None:
        raise KeyError(_name(path))
    return node


def _definition(node: Node) -> Node:
    """The node itself, or the anchored one that an alias stands for: there the text is."""
    return node.via if node.via is not None else node


def _name(path: KeyPath) -> str:
    return ".".join(map(str, path)) or "the document"


def _column_of(document: Document, path: KeyPath) -> int:
    """The column of the key or dash that `path` ends with."""
    return _definition(_existing(document, path[:-1])).column if path else -STEP


def _replace_inline(document: Document, path: KeyPath, node: Node, new_text: str) -> tuple[TextEdit, ...]:
    """Write `new_text` over the value; over an empty one behind its key or dash."""
    before = document.lines[node.line][: node.column]
    if node.is_empty:
        name = document.key_node(path)
        if name is not None and ":" not in document.slice(Span(name.end, node.start)):
            new_text = f": {new_text}"
        elif before and before[-1] not in " \t":
            new_text = f" {new_text}"
    edit = TextEdit(Span(node.start, end_of_content(document.lines, node)), new_text)
    return (*_without_tag(document, node), edit)


def _replace_below(document: Document, path: KeyPath, node: Node, new_text: str) -> tuple[TextEdit, ...]:
    """Write a text of several lines over a value that stands on the line of its key.

    A comment at the end of that line stays there, and those indented below an empty value above what is new.
    """
    lines = document.lines
    head, _, rest = new_text.partition(document.newline)
    before = lines[node.line][: node.column].rstrip(" \t")
    end = end_of_content(lines, node)
    last = end.line
    if path and not head:
        last = comments_below(lines, last, _column_of(document, path) + 1)
    line_end = Position(last, len(lines[last]))
    if not path and not before:
        head = head.lstrip(" ")
        if not head and not lines[end.line][end.column :].strip():
            return (TextEdit(Span(node.start, line_end), rest),)
    return (
        *_without_tag(document, node),
        TextEdit(Span(Position(node.line, len(before)), end), head),
        TextEdit(Span(line_end, line_end), document.newline + rest),
    )


def _replace_block(document: Document, path: KeyPath, node: Node, new_text: str) -> tuple[TextEdit, ...]:
    """Write `new_text` over a block mapping or sequence, whose comments go with it."""
    lines = document.lines
    last = last_line(lines, node, node)
    end = Position(last, len(lines[last]))
    before = lines[node.line][: node.column]
    if not path and not before.strip():
        return (TextEdit(Span(node.start, end), new_text.lstrip(" ").removeprefix(document.newline)),)
    if before.strip():
        return (TextEdit(Span(Position(node.line, len(before.rstrip())), end), new_text),)
    head, _, rest = new_text.partition(document.newline)
    behind = _behind_indicator(document, path, node)
    edits = [TextEdit(Span(behind, behind), head)] if head else []
    if rest:
        edits.append(TextEdit(Span(Position(node.line, 0), end), rest))
    else:
        edits.append(TextEdit(whole_lines(lines, node.line, last + 1), ""))
    return tuple(edits)


def _behind_indicator(document: Document, path: KeyPath, node: Node) -> Position:
    """Behind the colon or dash that leads to the block `node`, and behind its anchor and tag."""
    lines = document.lines
    name = document.key_node(path)
    if name is not None:
        place = name.end
        pattern = r"[ \t]*:"
    elif path:
        place = _dash(lines, node, _column_of(document, path))
        pattern = "-"
    else:
        # A root below its `---`.
        place, pattern = Position(max(node.line - 1, 0), 0), r"---"
    found = re.compile(pattern + r"(?:[ \t]+[&!][^\s#]*)*").match(lines[place.line], place.column)
    return Position(place.line, found.end()) if found else place


def _dash(lines: list[str], node: Node, column: int) -> Position:
    """The dash in `column` that leads to the list item `node`."""
    line = node.line
    while line > 0 and not (
        lines[line].startswith("-", column) and (line < node.line or column < max(node.column, 1))
    ):
        line -= 1
    return Position(line, column)


def _without_tag(document: Document, node: Node) -> tuple[TextEdit, ...]:
    """Drop the tag of a value that gets another: it would not fit any more."""
    if node.tag is None:
        return ()
    before = document.lines[node.line][: node.column]
    found = re.search(r"!\S*[ \t]*(?=(?:&\S+[ \t]*)?$)", before)
    return (TextEdit(Span.at(node.line, found.start(), node.line, found.end()), ""),) if found else ()


def _inside_end(document: Document, node: Node) -> Position:
    """Behind the last content of a flow collection."""
    line, column = node.end_line, node.end_column - 1
    text = document.lines[line][:column].rstrip(" \t,")
    return Position(line, len(text))


def _insert_below(document: Document, line: int, column: int, text: str) -> tuple[TextEdit, ...]:
    """A new line below `line`, which may be the last one and have no break."""
    end = Position(line, len(document.lines[line]))
    return (TextEdit(Span(end, end), f"{document.newline}{' ' * column}{text}"),)


def _final_break(document: Document, line: int, value: Any) -> str:
    """The break that `value`, written at the end of `line`, needs where the file has none there."""
    return document.newline if line == len(document.lines) - 1 and ends_with_break(value) else ""


def _append_to_end(document: Document, text: str) -> tuple[TextEdit, ...]:
    last = len(document.lines) - 1
    end = Position(last, len(document.lines[last]))
    separator = document.newline if document.lines[last] else ""
    return (TextEdit(Span(end, end), f"{separator}{text}{document.newline}"),)
