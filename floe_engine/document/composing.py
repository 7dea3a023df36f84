"""libyaml's events to a tree of nodes, in one pass, with what the pass can see is wrong.

Syntax errors are only noted here; `recovery` puts them in words. Nothing raises for bad YAML.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

# It imports PyYAML as it should be imported.
from floe_engine.document.libyaml import MAX_DEPTH, Event, Parser, SyntaxFault, SyntaxProblem, event_parser

# isort: split
from msgspec import Struct
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from floe_engine.document.codes import (
    ALIAS_IN_ITSELF,
    ALIASES_TOO_LARGE,
    KEY_NOT_SCALAR,
    MERGE_NOT_MAPPING,
    TAG_MISMATCH,
)
from floe_engine.document.diagnostics import Diagnostic, Span
from floe_engine.document.nodes import (
    Kind,
    MappingNode,
    MarkedScalar,
    Node,
    Scalar,
    SequenceNode,
    Style,
    alias_of,
    core_value,
)
from floe_engine.document.problems import CORE_TAG, CORE_TYPES, PROPERTY, Problems, first_line
from floe_engine.document.text import shown

MAX_EXPANDED: Final = 1_000_000
"""Nodes that aliases may add: nine of them to depth six already stand for five million."""

_new_scalar: Final = Scalar.__new__
_STYLES: Final = {
    None: Style.PLAIN,
    "": Style.PLAIN,
    "'": Style.SINGLE,
    '"': Style.DOUBLE,
    "|": Style.LITERAL,
    ">": Style.FOLDED,
}
# An enum's members are slow to look up, and these are asked for at every node.
_PLAIN: Final = Style.PLAIN
_FLOW: Final = Style.FLOW
_BLOCK_SCALARS: Final = (Style.LITERAL, Style.FOLDED)
_SCALAR: Final = Kind.SCALAR
_SPECIAL: Final = frozenset(("", *"~nNtTfF0123456789+-."))
"""How a plain scalar begins that may be more than text."""


class Composed(Struct, frozen=True):
    """A tree as far as the text could be read, and what is wrong with it."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    problem: SyntaxProblem | None


def compose(text: str, lines: list[str]) -> Composed:
    """The tree of the first document of `text`, whose lines are `lines`.

    `text` must hold only characters that YAML permits.
    """
    composer = _Composer(lines)
    parser = event_parser(text)
    problem = None
    try:
        composer.read(parser)
    except SyntaxFault as error:
        problem = SyntaxProblem.of(error)
        composer.close_open_nodes(problem.line, problem.column)
    finally:
        parser.dispose()
    if problem is None:
        composer.note_unused_anchors()
    return Composed(composer.root, tuple(composer.problems.found), problem)


class _Frame:
    """An open collection: the key that waits for its value, what is merged in, where it ends so far."""

    __slots__ = ("key", "last", "mapping", "merged", "sequence")

    def __init__(self, mapping: MappingNode | None, sequence: SequenceNode | None) -> None:
        self.mapping = mapping
        self.sequence = sequence
        self.key: Node | None = None
        self.merged: list[Node] | None = None
        self.last: Node | None = None

    @property
    def node(self) -> MappingNode | SequenceNode:
        node = self.mapping if self.mapping is not None else self.sequence
        assert node is not None
        return node


class _Composer:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.root: Node | None = None
        self.problems = Problems(lines)
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node] = {}
        self.anchor_spans: list[tuple[str, Node, Span]] = []
        self.used: set[Node] = set()
        self.expanded = 0

    # The loop

    def read(self, parser: Parser) -> None:
        documents = 0
        get_event = parser.get_event
        while (event := get_event()) is not None:
            kind: Any = event.__class__  # PyYAML's classes, of which Event is the sum
            if kind is ScalarEvent:
                self.attach(self.scalar(event))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(self.stack) == MAX_DEPTH:
                    mark = event.start_mark
                    self.problems.too_deep(Span.at(mark.line, mark.column, mark.line, mark.column + 1))
                    self.close_open_nodes(mark.line, mark.column)
                    return
                self.open(event, is_mapping=kind is MappingStartEvent)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self.close(event)
            elif kind is AliasEvent:
                self.attach(self.alias(event))
            elif kind is DocumentStartEvent:
                documents += 1
                if documents == 2:
                    self.problems.second_document(event)
                    return
            elif kind is StreamEndEvent:
                return
            else:
                assert kind is StreamStartEvent or kind is DocumentEndEvent

    def attach(self, node: Node) -> None:
        """Give `node` to the collection that is open: as item, key, value or what to merge."""
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.last = node
        mapping = frame.mapping
        if mapping is None:
            sequence = frame.sequence
            assert sequence is not None
            sequence.items.append(node)
            sequence.value.append(node.value)
            return
        key = frame.key
        if key is None:
            frame.key = node
            return
        frame.key = None
        name = key.raw
        if key.kind is not _SCALAR:
            self.problems.error(
                KEY_NOT_SCALAR, first_line(key), "a key must be one text, not a list or mapping"
            )
        elif name == "<<" and key.style is _PLAIN:
            self.merge(frame, node)
        elif name in mapping.children:
            self.problems.duplicate(mapping, key, node)
        else:
            mapping.keys[name] = key
            mapping.children[name] = node
            mapping.value[name] = node.value

    # Nodes

    def scalar(self, event: Event) -> Node:
        if event.anchor is not None or event.tag is not None:
            return self.marked_scalar(event)
        start, end = event.start_mark, event.end_mark
        # Nine of ten nodes are made here; filling the slots in place halves the cost of one.
        node = _new_scalar(Scalar)
        node.line = start.line
        node.column = start.column
        node.end_line = end.line
        node.end_column = end.column
        node.raw = node.value = raw = event.value
        node.style = style = _STYLES[event.style]
        if style is _PLAIN:
            if raw[:1] in _SPECIAL:
                node.value = core_value(raw)
                if node.line == len(self.lines):
                    return self.empty(*self.end_of_text)
        elif style in _BLOCK_SCALARS:
            node.end_line, node.end_column = self.block_scalar_end(node.line, end.line, end.column)
        return node

    def marked_scalar(self, event: Event) -> Node:
        """A scalar behind an anchor, a tag or both."""
        start, end = event.start_mark, event.end_mark
        style = _STYLES[event.style]
        raw = event.value
        tag = event.tag
        line, column = self.skip_properties(start.line, start.column, end.line, end.column)
        end_line, end_column = end.line, end.column
        if style in _BLOCK_SCALARS:
            end_line, end_column = self.block_scalar_end(line, end_line, end_column)
        value = core_value(raw) if style is _PLAIN else raw
        node = MarkedScalar(line, column, end_line, end_column, value, raw, style)
        node.anchor, node.tag, node.via = event.anchor, tag, None
        if tag is not None:
            node.value = self.tagged_value(node, tag, start.line, start.column)
        if event.anchor is not None:
            self.define(event.anchor, node, start.line, start.column)
        return node

    def tagged_value(self, node: Scalar, tag: str, line: int, column: int) -> Any:
        name = tag.removeprefix(CORE_TAG)
        if tag in ("!", CORE_TAG + "str"):
            return node.raw
        if name == tag or name not in CORE_TYPES:
            self.problems.tag_error(tag, node, line, column)
            return node.raw
        value = core_value(node.raw)
        kinds = CORE_TYPES[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self.problems.error(
                TAG_MISMATCH, node.span, f"`{shown(node.raw)}` is no !!{name}", "remove the tag"
            )
            return node.raw
        return float(cast("float", value)) if name == "float" else value

    def open(self, event: Event, *, is_mapping: bool) -> None:
        mark = event.start_mark
        style = _FLOW if event.flow_style else Style.BLOCK
        node: MappingNode | SequenceNode
        if is_mapping:
            node = mapping = MappingNode(mark.line, mark.column, style)
            frame = _Frame(mapping, None)
        else:
            node = sequence = SequenceNode(mark.line, mark.column, style)
            frame = _Frame(None, sequence)
        if event.anchor is not None or event.tag is not None:
            if style is _FLOW:
                end = event.end_mark
                node.line, node.column = end.line, end.column - 1
            else:
                node.line, node.column = self.skip_properties(
                    mark.line, mark.column, len(self.lines) - 1, len(self.lines[-1])
                )
            node.anchor, node.tag = event.anchor, event.tag
            if event.tag not in (None, "!", CORE_TAG + ("map" if is_mapping else "seq")):
                self.problems.tag_error(event.tag or "", node, mark.line, mark.column)
            if event.anchor is not None:
                self.define(event.anchor, node, mark.line, mark.column)
        self.stack.append(frame)

    def close(self, event: Event) -> None:
        frame = self.stack.pop()
        node = frame.node
        if node.style is _FLOW or frame.last is None:
            node.end_line, node.end_column = event.end_mark.line, event.end_mark.column
        else:
            node.end_line, node.end_column = frame.last.end_line, frame.last.end_column
        self.finish(frame)

    def finish(self, frame: _Frame) -> None:
        """A collection is complete: merge what `<<` named, measure it, attach it."""
        node = frame.node
        if frame.mapping is not None and frame.merged is not None:
            self.merge_entries(frame.mapping, frame.merged)
        node.size += len(node.items) + len(node.children)
        if self.stack:
            self.grow(self.stack[-1].node, node)
        self.attach(node)

    @staticmethod
    def grow(parent: MappingNode | SequenceNode, child: Node) -> None:
        """Tell the collection around how large a collection in it is; scalars are counted when it ends."""
        parent.size += child.size - 1
        if child.height >= parent.height:
            parent.height = child.height + 1

    def alias(self, event: Event) -> Node:
        start, end = event.start_mark, event.end_mark
        place = (start.line, start.column, end.line, end.column)
        span = Span.at(*place)
        name = shown(event.anchor or "")
        target = self.anchors.get(event.anchor or "")
        if target is None:
            self.problems.undefined_alias(event.anchor or "", span, self.anchors)
            return Scalar(*place, None, "", _PLAIN)
        self.used.add(target)
        if target.end_line < 0:
            message = f"*{name} stands inside &{name}, so it would never end"
            self.problems.error(ALIAS_IN_ITSELF, span, message, "write the value out instead")
            return Scalar(*place, None, "", _PLAIN)
        if len(self.stack) + target.height > MAX_DEPTH:
            self.problems.too_deep(span)
            return Scalar(*place, None, "", _PLAIN)
        if self.expanded + target.size > MAX_EXPANDED:
            if self.expanded <= MAX_EXPANDED:
                self.expanded = MAX_EXPANDED + 1
                message = f"the aliases of this file stand for more than {MAX_EXPANDED:,} values"
                self.problems.error(
                    ALIASES_TOO_LARGE, span, message, "use fewer aliases inside anchored values"
                )
            return Scalar(*place, None, "", _PLAIN)
        self.expanded += target.size
        if self.stack:
            self.grow(self.stack[-1].node, target)
        return alias_of(target, place)

    def merge(self, frame: _Frame, node: Node) -> None:
        sources = node.items if node.kind is Kind.SEQUENCE else (node,)
        wrong = next((source for source in sources if source.kind is not Kind.MAPPING), None)
        if wrong is not None:
            # An alias that could not be resolved was reported already.
            if wrong.raw or wrong.is_empty or wrong.via is not None:
                message = "<< merges mappings: its value must be an alias of a mapping, or a list of them"
                self.problems.error(MERGE_NOT_MAPPING, first_line(wrong), message)
            return
        frame.merged = [*(frame.merged or ()), *sources]

    @staticmethod
    def merge_entries(node: MappingNode, sources: list[Node]) -> None:
        """Explicit entries win, then earlier sources (YAML merge key, yaml.org/type/merge.html)."""
        origins: dict[str, Node] = {}
        for source in sources:
            for name, child in source.children.items():
                if name not in node.children:
                    node.keys[name] = source.keys[name]
                    node.children[name] = child
                    node.value[name] = child.value
                    node.size += child.size - 1
                    origins[name] = source
        node.origins = origins

    def note_unused_anchors(self) -> None:
        for anchor, node, span in self.anchor_spans:
            if node not in self.used:
                self.problems.unused_anchor(anchor, span)

    def define(self, anchor: str, node: Node, line: int, column: int) -> None:
        begin = self.lines[line].find(f"&{anchor}", column)
        width = 1 + len(anchor) if begin >= 0 else 1  # it may stand below its tag
        begin = max(begin, column)
        self.anchors[anchor] = node
        self.anchor_spans.append((anchor, node, Span.at(line, begin, line, begin + width)))

    # Places

    def skip_properties(self, line: int, column: int, end_line: int, end_column: int) -> tuple[int, int]:
        """Where the value begins whose anchor and tag begin at (line, column); at most the end given."""
        while (line, column) < (end_line, end_column):
            text = self.lines[line]
            if found := PROPERTY.match(text, column):
                column = found.end()
            elif column >= len(text) or (
                text[column] == "#" and text[column - 1 : column] in ("", " ", "\t")
            ):
                line, column = line + 1, 0
            elif text[column] in " \t":
                column += 1
            else:
                return line, column
        return end_line, end_column

    def block_scalar_end(self, line: int, end_line: int, end_column: int) -> tuple[int, int]:
        """The end of `|` or `>` without the empty lines that chomping drops."""
        if end_column:
            return end_line, end_column
        last = end_line - 1
        header = self.lines[line]
        if not re.search(r"[|>][0-9]*\+", header):
            while last > line and not self.lines[last].strip(" "):
                last -= 1
        return last + 1, 0

    @property
    def end_of_text(self) -> tuple[int, int]:
        """Where the text ends; libyaml calls it the start of a line more."""
        return len(self.lines) - 1, len(self.lines[-1])

    @staticmethod
    def empty(line: int, column: int) -> Scalar:
        """Nothing, at a place where something could be."""
        return Scalar(line, column, line, column, None, "", _PLAIN)

    def close_open_nodes(self, line: int, column: int) -> None:
        """End every collection that is still open at (line, column), where reading stopped."""
        line, column = min((line, column), self.end_of_text)
        while self.stack:
            frame = self.stack.pop()
            frame.node.end_line, frame.node.end_column = line, column
            if frame.key is not None and frame.node.__class__ is MappingNode:
                key, frame.key = frame.key, None
                if key.kind is _SCALAR and key.raw not in frame.node.children:
                    empty = self.empty(key.end_line, key.end_column)
                    frame.node.keys[key.raw] = key
                    frame.node.children[key.raw] = empty
                    frame.node.value[key.raw] = None
            self.finish(frame)
