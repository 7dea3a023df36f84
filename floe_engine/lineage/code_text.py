"""What can be told of SQL and macros from their text alone: stars, joins, arguments. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from floe_engine.lineage.literal_tables import tokens_of
from floe_engine.project.jinja.syntax import BrokenTemplate, parse


class CodeShape(NamedTuple):
    """What can be counted in SQL."""

    select_star: bool
    joins: int
    cross_joins: int
    open_joins: int
    """Without a condition, or a comma in the place of a join."""
    constant_joins: int
    """With a condition that names no column."""


_AFTER_STAR = frozenset({"", "from", ",", ")", ";", "except", "exclude", "replace", "rename", "ilike"})
_JOINS = frozenset(
    {"join", "inner", "left", "right", "full", "cross", "natural", "asof", "semi", "anti", "lateral"}
)
_CLAUSES = frozenset(
    {"where", "group", "order", "having", "qualify", "window", "limit", "union", "intersect", "except"}
    | {"select", "from", "fetch", "offset", "minus", "prewhere", "settings", ";", ""}
)
_CONSTANT = frozenset(
    {"true", "false", "null", "and", "or", "not", "is", "=", "<", ">", "!", "+", "-", "(", ")"}
)


def code_shape(sql: str) -> CodeShape:
    """What raw SQL takes all columns of, and how it joins.

    A star that multiplies has an operand behind it, and that of ``count(*)`` a parenthesis before it.
    """
    words = [token.casefold() for token, _ in tokens_of(sql)]
    stars = (place for place, word in enumerate(words) if word == "*")
    kinds = list(_joins(words))
    return CodeShape(
        select_star=any(
            words[max(place - 1, 0)] != "(" and "".join(words[place + 1 : place + 2]) in _AFTER_STAR
            for place in stars
        ),
        joins=words.count("join"),
        cross_joins=kinds.count("cross"),
        open_joins=kinds.count("open"),
        constant_joins=kinds.count("constant"),
    )


def _joins(words: Sequence[str]) -> Iterator[str]:
    """How each join of a query is bound: ``cross``, ``open``, ``constant``; those that are well bound not."""
    selects = [False]  # whether each open parenthesis holds a query
    for place, word in enumerate(words):
        if word == "(":
            selects.append(False)
        elif word == ")" and len(selects) > 1:
            selects.pop()
        elif word == "select":
            selects[-1] = True
        elif word == "join":
            before = words[max(place - 3, 0) : place]
            if before[-1:] == ["cross"]:
                yield "cross"
            elif "natural" not in before and before[-1:] != ["array"]:
                yield from _bound(words, place + 1)
        elif word == "from" and selects[-1] and words[place - 1 : place] != ["distinct"]:
            yield from ["open"] * _commas(words, place + 1)


def _bound(words: Sequence[str], place: int) -> Iterator[str]:
    """What is wrong with the condition of a join whose table stands at `place`."""
    end = _until(words, place, {"on", "using", ","} | _JOINS | _CLAUSES)
    while end < len(words) and words[end] == "lateral":
        end = _until(words, end + 1, {"on", "using", ","} | _JOINS | _CLAUSES)
    if words[end : end + 1] not in (["on"], ["using"]):
        rest = list(_level(words, place))  # of `a join b join c on … on …` the conditions stand behind
        if rest.count("on") + rest.count("using") <= rest.count("join"):
            yield "open"
    elif words[end] == "on":
        condition = words[end + 1 : _until(words, end + 1, {","} | _JOINS | _CLAUSES)]
        if condition and all(word in _CONSTANT or word[0].isdigit() or word[0] == "'" for word in condition):
            yield "constant"


def _commas(words: Sequence[str], place: int) -> int:
    """Commas between the tables of a FROM whose first stands at `place`."""
    found = 0
    while (place := _until(words, place, {","} | _CLAUSES)) < len(words) and words[place] == ",":
        found += 1
        place += 1
    return found


def _until(words: Sequence[str], place: int, ends: set[str] | frozenset[str]) -> int:
    """The first place of one of `ends` outside parentheses that open after `place`, or where they close."""
    depth = 0
    for at in range(place, len(words)):
        word = words[at]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth < 0:
                return at
        elif depth == 0 and word in ends:
            return at
    return len(words)


def _level(words: Sequence[str], place: int) -> Iterator[str]:
    """The words that join, up to the next clause."""
    every = {"on", "using", "join"} | _CLAUSES
    while (place := _until(words, place, every)) < len(words) and words[place] in ("on", "using", "join"):
        yield words[place]
        place += 1


def macro_parameters(code: str) -> list[str]:
    """The names of a macro's arguments; a materialization has none, nor what is no Jinja."""
    from jinja2 import nodes  # for those who ask for it

    try:
        macro = parse(code).find(nodes.Macro)
    except BrokenTemplate:
        return []
    return [argument.name for argument in macro.args] if macro is not None else []
