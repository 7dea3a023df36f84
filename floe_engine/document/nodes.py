"""The tree of a YAML text: what each value is, where it stands and how it came to be there.

Only the shapes. Who builds them is `composing`; who asks about them is `document`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from floe_engine.document.diagnostics import Position, Span
from floe_engine.patterns import pattern

KeyPath = tuple[str | int, ...]
"""A way through a document: a text is a key, a number the place in a list."""


class Kind(StrEnum):
    """The three kinds of YAML node (YAML 1.2.2 §3.2.1.1)."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"


class Style(StrEnum):
    """How a node is written (YAML 1.2.2 §3.2.3.1)."""

    PLAIN = "plain"
    SINGLE = "single"
    DOUBLE = "double"
    LITERAL = "literal"
    FOLDED = "folded"
    BLOCK = "block"
    FLOW = "flow"


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Node:
    """One value of a document and its place, zero-based, in code points.

    Read-only by agreement: thousands are made at every key press, so they are plain slots.
    The span leaves out anchor and tag. A block mapping or sequence ends with its last value,
    a block scalar with the line break of its last line of content.

    `value` is plain Python data: dict, list, str, int, float, bool or None. Keys are always
    text, as in JSON: ``1:`` and ``true:`` are the keys "1" and "true".
    """

    __slots__ = ("column", "end_column", "end_line", "line", "style", "value")

    kind: Kind
    line: int
    column: int
    end_line: int
    end_column: int
    value: Any
    style: Style

    raw: str = ""
    """A scalar's text before it became a value (``1.10``); quotes and escapes are undone."""
    keys: Mapping[str, Node] = _NONE
    """A mapping's keys as nodes, those of merged entries included."""
    children: Mapping[str, Node] = _NONE
    """A mapping's values, in the order of the text; merged entries come last."""
    items: Sequence[Node] = ()
    """A sequence's values."""
    origins: Mapping[str, Node] = _NONE
    """Key → the mapping behind ``<<`` that an entry came from; entries written here are not in it."""
    anchor: str | None = None
    tag: str | None = None
    via: Node | None = None
    """Where this node is an alias: the anchored node it stands for (it shares that node's children)."""
    size: int = 1
    """Nodes in this subtree with every alias expanded."""
    height: int = 0
    """Levels below this node with every alias expanded."""

    def __repr__(self) -> str:
        return f"<{self.kind} {self.span.start}-{self.span.end} {self.value!r:.60}>"

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)

    @property
    def start(self) -> Position:
        """Its first character."""
        return Position(self.line, self.column)

    @property
    def end(self) -> Position:
        """Behind its last character."""
        return Position(self.end_line, self.end_column)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written there, as behind ``key:``."""
        return self.line == self.end_line and self.column == self.end_column


class Scalar(Node):
    """A text, number, boolean or null."""

    __slots__ = ("raw",)
    kind = Kind.SCALAR

    def __init__(
        self, line: int, column: int, end_line: int, end_column: int, value: Any, raw: str, style: Style
    ) -> None:
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.value = value
        self.raw = raw
        self.style = style


class MarkedScalar(Scalar):
    """A scalar with an anchor or a tag, or an alias of one: rare, so others need not carry these."""

    __slots__ = ("anchor", "tag", "via")


class Collection(Node):
    """What mappings and sequences have in common."""

    __slots__ = ("anchor", "height", "size", "tag", "via")

    def __init__(self, line: int, column: int, style: Style, value: Any) -> None:
        self.line = line
        self.column = column
        self.end_line = -1
        self.end_column = -1
        self.style = style
        self.value = value
        self.anchor = None
        self.tag = None
        self.via = None
        self.size = 1
        self.height = 1


class MappingNode(Collection):
    """A mapping; `value` is its dict."""

    __slots__ = ("children", "keys", "origins")
    kind = Kind.MAPPING
    keys: dict[str, Node]
    children: dict[str, Node]
    origins: Mapping[str, Node]
    value: dict[str, Any]

    def __init__(self, line: int, column: int, style: Style) -> None:
        super().__init__(line, column, style, {})
        self.keys = {}
        self.children = {}
        self.origins = _NONE


class SequenceNode(Collection):
    """A sequence; `value` is its list."""

    __slots__ = ("items",)
    kind = Kind.SEQUENCE
    items: list[Node]
    value: list[Any]

    def __init__(self, line: int, column: int, style: Style) -> None:
        super().__init__(line, column, style, [])
        self.items = []


def alias_of(target: Node, place: tuple[int, int, int, int]) -> Node:
    """A node at `place` that stands for `target` and shares its value and children."""
    line, column, end_line, end_column = place
    node: MarkedScalar | MappingNode | SequenceNode
    if isinstance(target, MappingNode):
        node = MappingNode(line, column, target.style)
        node.keys, node.children, node.origins = target.keys, target.children, target.origins
        node.value = target.value
        node.size, node.height = target.size, target.height
    elif isinstance(target, SequenceNode):
        node = SequenceNode(line, column, target.style)
        node.items, node.value = target.items, target.value
        node.size, node.height = target.size, target.height
    else:
        node = MarkedScalar(line, column, end_line, end_column, target.value, target.raw, target.style)
    node.end_line, node.end_column = end_line, end_column
    node.anchor, node.tag, node.via = None, None, target
    return node


# The core schema, YAML 1.2.2 §10.3.2. Unlike YAML 1.1 it has no yes/no/on/off, no base 60 and
# no dates: `enforcement: off` is the text "off".

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: float("inf") for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER_START: Final = frozenset("0123456789+-.")
_INT: Final = pattern(r"[-+]?[0-9]+")
_FLOAT: Final = pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OCTAL: Final = pattern(r"0o[0-7]+")
_HEX: Final = pattern(r"0x[0-9a-fA-F]+")
_LONGEST_NUMBER: Final = 300
"""Longer digits stay text: Python refuses to print integers beyond 4,300 digits."""


def core_value(text: str) -> Any:
    """What a plain scalar means in YAML 1.2's core schema: None, bool, int, float or the text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_START and len(text) <= _LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _OCTAL.fullmatch(text):
            return int(text[2:], 8)
        if _HEX.fullmatch(text):
            return int(text, 16)
    return text
