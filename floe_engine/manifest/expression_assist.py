"""Help inside the expressions of a house rule: what could stand at the cursor, and what stands there.

Texts and offsets only; `assist` knows where in manifest.yaml an expression is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from floe_engine.cel.checking import CheckedExpression, check
from floe_engine.cel.functions import FUNCTIONS, Function
from floe_engine.cel.syntax import MACROS, Call, Macro, Name, Node, Select, walk
from floe_engine.cel.types import Object, Type, matched
from floe_engine.manifest.subjects import SUBJECTS

MACROS_SAY = {
    "all": "Whether the condition is true of every item.",
    "exists": "Whether the condition is true of some item.",
    "exists_one": "Whether the condition is true of exactly one item.",
    "filter": "The items of which the condition is true.",
    "map": "What the expression makes of each item.",
}
_HERE = "zz__here"
"""Stands for the word that is being typed, so that the checker says what is known around it."""

_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_REST = re.compile(r"\w*")
_OPENING = {"(": ")", "[": "]", "{": "}"}
_SKIPPED = re.compile(r"""'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[()\[\]{}]""")


class Offer(Struct, frozen=True):
    """A word that could stand from `start` to `end` of an expression."""

    label: str
    text: str
    start: int
    end: int
    detail: str
    documentation: str


class ExpressionHover(Struct, frozen=True):
    """What the part from `start` to `end` of an expression is."""

    start: int
    end: int
    title: str
    type: str
    says: str


def offers(source: str, offset: int, subject: str) -> tuple[Offer, ...]:
    """What could be typed at a place of an expression about a subject: fields, then functions."""
    if _quoted(source[:offset]):
        return ()
    typed = _WORD.search(source[:offset])
    start = typed.start() if typed else offset
    rest = _REST.match(source, offset)
    end = rest.end() if rest else offset
    found = _around(source[:start], source[end:], subject)
    if found is None:
        return ()
    checked, node = found
    if isinstance(node, Select):
        kind = checked.types[node.operand]
        every = _members(kind, optional=node.optional)
    else:
        every = _names(checked, node)
    word = source[start:offset].lower()
    fitting = [Offer(*each[:2], start, end, *each[2:]) for each in every if word in each[0].lower()]
    return tuple(sorted(fitting, key=lambda offer: not offer.label.lower().startswith(word)))


def told_at(source: str, offset: int, subject: str) -> ExpressionHover | None:
    """What the innermost name, field or function at a place of an expression is."""
    checked = check(source, SUBJECTS[subject])
    if checked.tree is None:
        return None
    for node in walk(checked.tree):
        told = _told(checked, node)
        if told is not None and told.start <= offset <= told.end:
            return told
    return None


def _told(checked: CheckedExpression, node: Node) -> ExpressionHover | None:
    kind = checked.types.get(node)
    if kind is None:
        return None
    match node:
        case Name(name=name):
            says = kind.says if isinstance(kind, Object) else ""
            return ExpressionHover(node.start, node.end, name, str(kind), says)
        case Select(operand=operand, field=name, at=at):
            of = checked.types[operand]
            says = of.fields[name].says if isinstance(of, Object) and name in of.fields else ""
            return ExpressionHover(at, at + len(name), f"{of}.{name}", str(kind), says)
        case Macro(macro=name, at=at):
            return ExpressionHover(at, at + len(name), name, str(kind), MACROS_SAY[name])
        case Call(function=name, at=at) if name in FUNCTIONS:
            return ExpressionHover(at, at + len(name), name, str(kind), FUNCTIONS[name].says)
    return None


def _quoted(before: str) -> bool:
    """Whether a text is open at the end of what stands before the cursor."""
    last = ""
    for match in _SKIPPED.finditer(before):
        last = match[0] if match.end() == len(before) else ""
    return last[:1] in ("'", '"') and (len(last) < 2 or last[-1] != last[0])


def _around(before: str, after: str, subject: str) -> tuple[CheckedExpression, Node] | None:
    """The word being typed as a node, with what is known around it.

    What is being written is seldom whole: where it cannot be read, what follows is left away, and what is
    open is closed; then only what is open around the cursor is kept.
    """
    closed = f"{before}{_HERE}{_closers(before)}"
    tail = re.split(r"&&|\|\||[?:]", before)[-1]
    for source in (f"{before}{_HERE}{after}", closed, f"{tail}{_HERE}{_closers(tail)}"):
        checked = check(source, SUBJECTS[subject])
        if checked.tree is None:
            continue
        for node in walk(checked.tree):
            named = node.field if isinstance(node, Select) else node.name if isinstance(node, Name) else ""
            if named == _HERE and node in checked.scopes:
                return checked, node
    return None


def _closers(text: str) -> str:
    """What closes the brackets that are open at the end of a text."""
    open_: list[str] = []
    for match in _SKIPPED.finditer(text):
        sign = match[0]
        if sign in _OPENING:
            open_.append(_OPENING[sign])
        elif open_ and sign == open_[-1]:
            open_.pop()
    return "".join(reversed(open_))


_Word = tuple[str, str, str, str]
"""Label, text, detail and documentation."""


def _members(kind: Type, *, optional: bool) -> Iterator[_Word]:
    """What may follow a dot behind a value of a type."""
    if kind.name == "nullable":
        kind = kind.of[0]
    if isinstance(kind, Object):
        for name, field in kind.fields.items():
            yield name, name, str(field.type), field.says
        return
    if optional:
        return
    if kind.name in ("list", "map"):
        for macro in MACROS:
            yield macro, f"{macro}(x, ", f"{macro}(x, …)", MACROS_SAY[macro]
    for name, function in FUNCTIONS.items():
        if function.method and any(
            way.takes and matched(way.takes[0], kind, {}) for way in function.overloads
        ):
            yield name, f"{name}(", _signature(name, function, 1), function.says


def _names(checked: CheckedExpression, node: Node) -> Iterator[_Word]:
    """What may stand where a value begins."""
    for name, kind in checked.scopes[node].items():
        yield name, name, str(kind), kind.says if isinstance(kind, Object) else ""
    for name, function in FUNCTIONS.items():
        if function.call:
            yield name, f"{name}(", _signature(name, function, 0), function.says


def _signature(name: str, function: Function, skipped: int) -> str:
    way = function.overloads[0]
    return f"{name}({', '.join(map(str, way.takes[skipped:]))}): {way.gives}"
