"""Two expressions beside each other, and an expression that asks for less: for versions and for mutants."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.cel.syntax import Call, Literal, Logic, Macro, Node, canonical, parse
from floe_engine.cel.tokens import Malformed

MOST = 20
"""Weaker expressions of one."""

_EASIER = {"_<_": "<=", "_>_": ">=", "_==_": None, "_!=_": None}


def clauses(source: str) -> frozenset[str]:
    """What must all be true for an expression to be, each in one spelling.

    What is no expression is one clause: itself.
    """
    try:
        tree = parse(source)
    except Malformed:
        return frozenset((source,))
    joined = tree.clauses if isinstance(tree, Logic) and tree.operator == "&&" else (tree,)
    return frozenset(map(canonical, joined))


def weaker(source: str) -> Iterator[str]:
    """Expressions that are true wherever `source` is, and elsewhere too: what a careless edit would write."""
    try:
        tree = parse(source)
    except Malformed:
        return
    found = dict.fromkeys(text for text in _weaker(source, tree) if text != source)
    yield from list(found)[:MOST]


def _weaker(source: str, tree: Node) -> Iterator[str]:
    for node, asked in _asked(tree, wanted=True):
        easier = "true" if asked else "false"
        if isinstance(node, Logic):
            for clause in node.clauses if (node.operator == "&&") is asked else ():
                yield _with(source, clause, easier)
        elif isinstance(node, Macro) and node.macro in ("all", "exists"):
            yield _with(source, node.arguments[0], easier)
        elif isinstance(node, Call) and asked and (sign := _EASIER.get(node.function)):
            yield source[: node.at] + sign + source[node.at + len(node.function.strip("_")) :]
    if not isinstance(tree, Literal):
        yield "true"


def _asked(node: Node, *, wanted: bool) -> Iterator[tuple[Node, bool]]:
    """The parts of an expression of which it depends, each with whether it is wanted true or false."""
    yield node, wanted
    match node:
        case Logic(clauses=inner):
            for clause in inner:
                yield from _asked(clause, wanted=wanted)
        case Call(function="!_", arguments=(inner,)):
            yield from _asked(inner, wanted=not wanted)
        case Macro(macro="all" | "exists"):
            yield from _asked(node.arguments[0], wanted=wanted)


def _with(source: str, node: Node, text: str) -> str:
    return source[: node.start] + text + source[node.end :]
