"""How many steps Python's `re` can need for an expression at most.

It tries one way after the other, so the steps are those of all ways together. For most expressions that
people write and a text as long as a name they are few, and `re` is much quicker than an automaton in
Python. Whatever is not plain enough to be counted here has no answer.

Nothing of floe may enter.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from msgspec import Struct

_parser: Any = import_module("re._parser")

_CHARACTERS = {_parser.LITERAL, _parser.NOT_LITERAL, _parser.ANY, _parser.IN}
_PLACES = {
    _parser.AT_BEGINNING,
    _parser.AT_BEGINNING_STRING,
    _parser.AT_END,
    _parser.AT_END_STRING,
    _parser.AT_BOUNDARY,
    _parser.AT_NON_BOUNDARY,
}


class Cost(Struct, frozen=True):
    """What an expression, or a part of it, costs from one place of a text."""

    steps: int
    """To try all of its ways."""
    ways: int
    """In how many ways it can match: what comes after is tried after each."""
    places: int
    """At which a character can stand, as `expressions` counts them."""


def cost_of(tree: Any, length: int) -> Cost | None:
    """The most that an expression costs in a text of `length` characters; None where that is not plain.

    `tree` is what CPython's parser made of it. What has no answer: repetitions of what can match in more
    than one way, or of nothing, by a number other than 0 and 1; flags in groups; what looks elsewhere.
    """
    try:
        return _sequence(tree, length)
    except RecursionError:
        return None


def _sequence(items: Any, length: int) -> Cost | None:
    steps, ways, places = 1, 1, 0
    for operation, argument in items.data:  # the list itself: its parser's own way round is slow
        if operation in _CHARACTERS:
            steps += ways
            places += 1
            continue
        cost = _item(operation, argument, length)
        if cost is None:
            return None
        steps += ways * cost.steps
        ways *= cost.ways
        places += cost.places
    return Cost(steps, ways, places)


def _item(operation: Any, argument: Any, length: int) -> Cost | None:
    """What is no character."""
    if operation is _parser.AT and argument in _PLACES:
        return Cost(1, 1, 0)
    if operation is _parser.SUBPATTERN:
        _, added, removed, inner = argument
        return None if added or removed else _sequence(inner, length)
    if operation is _parser.BRANCH:
        return _choice(argument[1], length)
    if operation in (_parser.MAX_REPEAT, _parser.MIN_REPEAT):
        least, most, body = argument
        return _repeated(least, most, body, length)
    return None


def _choice(branches: Any, length: int) -> Cost | None:
    """Several ways, of which a text follows those whose beginnings are beginnings of one another."""
    known = []
    for branch in branches:
        cost = _sequence(branch, length)
        if cost is None:
            return None
        known.append((_beginning(branch), cost))
    known.sort(key=lambda each: each[0])
    steps = ways = 0
    followed: list[tuple[str, int, int]] = []
    for beginning, cost in known:
        while followed and not beginning.startswith(followed[-1][0]):
            followed.pop()
        before = followed[-1][1:] if followed else (0, 0)
        followed.append((beginning, before[0] + cost.steps, before[1] + cost.ways))
        steps, ways = max(steps, followed[-1][1]), max(ways, followed[-1][2])
    tried = sum(len(beginning) + 1 for beginning, _ in known)
    return Cost(tried + steps, ways, sum(cost.places for _, cost in known))


def _beginning(items: Any) -> str:
    """The letters that it begins with, in lower case: no character is two letters of ASCII, case apart."""
    found = ""
    for operation, argument in items.data:
        if operation is not _parser.LITERAL or argument > 127:
            break
        found += chr(argument).lower()
    return found


def _repeated(least: int, most: Any, body: Any, length: int) -> Cost | None:
    cost = _sequence(body, length)
    if cost is None or least > 1:
        return None
    if most == 1:
        return Cost(cost.steps + 1, cost.ways + 1 - least, cost.places)
    if most is not _parser.MAXREPEAT or cost.ways > 1 or not cost.places:
        return None
    return Cost((cost.steps + 1) * (length + 1), length + 1, cost.places * (1 + least))
