"""Words that a regular expression takes, the plainest first: names for examples of a platform's rules.

Walks the expression as Python itself parses it and takes a few ways through it. What it proposes
is tried with the expression before it is used, so look-arounds and back-references cost proposals,
never a wrong word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from re import _constants  # type: ignore[attr-defined]  # private, and there is no other
from typing import Any

from floe_engine.expressions import BadExpression, NotLinear, compiled, parsed
from floe_engine.patterns import pattern

MOST = 40
"""Proposals for one part of an expression; more would only repeat."""

LONGEST = 200
"""Characters; a longer word is no name."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "


def words(expression: str) -> Iterator[str]:
    """Words that `expression` matches as a whole; none where none was found, or it is no expression."""
    try:
        regex, tree = compiled(expression), parsed(expression, 0)
    except (BadExpression, NotLinear):
        return
    for proposal in _sequence(tree):
        if proposal and regex.fullmatch(proposal) is not None:
            yield proposal


def _sequence(items: Iterable[tuple[Any, Any]]) -> list[str]:
    parts = [_proposals(kind, value) for kind, value in items]
    return _few("".join(choice) for choice in _diagonally(parts))


def _diagonally(parts: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """The first choice everywhere, then each other choice alone, then combinations."""
    if not all(parts):
        return
    first = tuple(part[0] for part in parts)
    yield first
    for place, part in enumerate(parts):
        for choice in part[1:]:
            yield (*first[:place], choice, *first[place + 1 :])
    yield from islice(product(*parts), MOST)


def _proposals(kind: Any, value: Any) -> list[str]:
    if kind is _constants.LITERAL:
        return [chr(value)]
    if kind is _constants.SUBPATTERN:
        return _sequence(value[3])
    if kind is _constants.ATOMIC_GROUP:
        return _sequence(value)
    if kind is _constants.BRANCH:
        return _few(word for branch in value[1] for word in _sequence(branch))
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        least, most, inner = value
        counts = dict.fromkeys(min(most, count) for count in (max(least, 1), least, least + 1, least + 4))
        repeated = [(word, count) for count in counts for word in _sequence(inner)[:4] or [""]]
        return _few(word * count for word, count in repeated if len(word) * count <= LONGEST)
    if kind is _constants.ANY:
        return ["a", "_"]
    if kind is _constants.NOT_LITERAL:
        return [letter for letter in _LETTERS if letter != chr(value)][:8]
    if kind is _constants.IN:
        return _class(value)
    return [""]  # an anchor or a look-around stands between characters; trying the whole decides


def _class(items: Sequence[tuple[Any, Any]]) -> list[str]:
    """A few characters of a class such as ``[a-z_]``."""
    named = [chr(value if kind is _constants.LITERAL else value[0]) for kind, value in items
             if kind in (_constants.LITERAL, _constants.RANGE)]  # fmt: skip
    taken = [letter for letter in _LETTERS if _in_class(items, letter)]
    return list(dict.fromkeys(taken[:6] + taken[26:30] + [one for one in named if _in_class(items, one)]))


def _in_class(items: Sequence[tuple[Any, Any]], letter: str) -> bool:
    inside = False
    for kind, value in items:
        if kind is _constants.LITERAL:
            inside |= letter == chr(value)
        elif kind is _constants.RANGE:
            inside |= value[0] <= ord(letter) <= value[1]
        elif kind is _constants.CATEGORY:
            inside |= _CATEGORIES[str(value)].match(letter) is not None
    return inside != any(kind is _constants.NEGATE for kind, _ in items)


_CATEGORIES = {
    f"CATEGORY_{name}": pattern(text)
    for name, text in {
        "DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s",
        "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W",
    }.items()
}  # fmt: skip


def _few(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(islice(found, MOST)))
