"""One part of a constraint (``^1.2``, ``>=1.0.0``): how it is read, and the range that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.patterns import pattern
from floe_engine.versions.version import MAX_TAG, Key, Version, shown

Precision = Literal["pinned", "patch", "minor"]
"""What a pin lets move: nothing, the patch, or the minor."""

_ABOVE_ANY_BUILD: Key = ((9,),)
_AFTER: Key = (0,)

_SEPARATOR = pattern(r"[ \t]*,?[ \t]*")
_OPERATOR = pattern(r"(\^|~|>=|<=|>|<|=)?[ \t]*")
_OPERAND = pattern(r"[^\s,<>=^~|]+")
_WILDCARDS = ("*", "x", "X")
_EXAMPLES = "write v1.2.3, v1.2.*, v1.*.*, ^1.2, ~1.2.3 or >=1.2 <2"


class Comparator(Struct, frozen=True):
    """One part of a constraint: an operator and the numbers that it was given.

    `operator` is ``""`` for a version or wildcard alone; `numbers` are the one to three numbers
    before the first wildcard; `version` is there when all three are. It holds for sort keys from
    `low` up to, not including, `high` (None: no upper end).
    """

    operator: str
    numbers: tuple[int, ...]
    text: str
    """As written, without the operator: ``v1.2.*``."""
    version: Version | None
    low: Key
    high: Key | None


def comparators_of(text: str) -> Iterator[Comparator]:
    """The comparators of a constraint in their order. Raises `UsageError` with the place of a mistake."""
    position = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    while position < end:
        operator = _OPERATOR.match(text, position)
        assert operator is not None  # every part of it is optional
        operand = _OPERAND.match(text, operator.end())
        if operand is None:
            if text[operator.end() : operator.end() + 1] == "|":
                raise refusal(text, operator.end(), "alternatives (||) are not supported")
            what = f"after {operator[1]} a version is missing" if operator[1] else "a version is missing"
            raise refusal(text, operator.end(), what)
        yield _comparator(text, operator[1] or "", operand[0], operand.start())
        separator = _SEPARATOR.match(text, operand.end())
        assert separator is not None  # may be empty
        position = separator.end()
        if position >= end and "," in separator[0]:
            raise refusal(text, operand.end(), "nothing follows the comma")


def _comparator(text: str, operator: str, body: str, position: int) -> Comparator:
    version = Version.from_tag(body)
    if version is not None:
        numbers: tuple[int, ...] = (version.major, version.minor, version.patch)
    else:
        numbers = _numbers(text, body, position)
    low, high = _bounds(operator, numbers, version)
    return Comparator(operator, numbers, body, version, low, high)


def _numbers(text: str, body: str, position: int) -> tuple[int, ...]:
    """The numbers before the first wildcard of ``v1.2.*``, ``1`` or ``*``."""
    numbers: list[int] = []
    wild = False
    offset = position + (1 if body.startswith("v") else 0)
    parts = body.removeprefix("v").split(".")
    if len(parts) == 3 and not any(part in _WILDCARDS for part in parts) and all(map(_is_number, parts)):
        raise refusal(text, position, f"a version has at most {MAX_TAG} characters")
    for index, part in enumerate(parts):
        if index == 3:
            raise refusal(text, offset, "a version has three numbers")
        if part in _WILDCARDS:
            wild = True
        elif not _is_number(part):
            raise refusal(text, offset, _bad_number(part, first=index == 0))
        elif wild:
            raise refusal(text, offset, "a number may not follow a wildcard")
        else:
            numbers.append(int(part))
        offset += len(part) + 1
    return tuple(numbers)


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) < MAX_TAG and (part == "0" or part[0] != "0")


def _bad_number(part: str, *, first: bool) -> str:
    if not part:
        return "a number is missing"
    if part.isascii() and part.isdigit():
        return f"{shown(part)} has a leading zero"
    if part.startswith("!"):
        return "exclusions (!=) are not supported"
    if first and part.isascii() and part.isalpha():
        return f"{shown(part)} is a name; names can move, so only versions can be pinned"
    if "-" in part or "+" in part:
        return f"{shown(part)}: prerelease and build need all three numbers before them"
    return f"{shown(part)} is not a number"


def _bounds(operator: str, numbers: tuple[int, ...], version: Version | None) -> tuple[Key, Key | None]:
    """From (inclusive) and to (exclusive) of one comparator, as sort keys; see `Key`."""
    if not numbers:  # a lone * with any operator but < and >, which can then hold for nothing
        return ((), ()) if operator in ("<", ">") else ((), None)
    low: Key = (*numbers, 0, 0)[:3]
    if version is not None:
        low = version.key if version.build else version.key[:5]
    if operator == ">=":
        return low, None
    if operator == "<":
        if version is None:
            return (), low
        return (), low if version.prerelease or version.build else low[:4]
    if operator in (">", "<="):
        after = _just_above(numbers, version)
        return (after, None) if operator == ">" else ((), after)
    if operator == "^":
        meaning = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
        return low, _next(numbers, meaning)
    if operator == "~":
        return low, _next(numbers, min(1, len(numbers) - 1))
    if version is not None:
        return version.key, (*version.key, *_AFTER)
    return low, _next(numbers, len(numbers) - 1)


def _just_above(numbers: tuple[int, ...], version: Version | None) -> Key:
    """A bound above everything that the operand stands for, builds included."""
    if version is None:
        return _next(numbers, len(numbers) - 1)
    if version.build:
        return (*version.key, *_AFTER)
    return (*version.key[:5], _ABOVE_ANY_BUILD)


def _next(numbers: tuple[int, ...], place: int) -> Key:
    """The three numbers with the one at `place` raised and those after it zero."""
    raised = (*numbers[:place], numbers[place] + 1)
    return (*raised, 0, 0)[:3]


def refusal(text: str, position: int, reason: str) -> UsageError:
    """The error for a constraint that cannot be read, with the place of the mistake."""
    return UsageError(
        f"not a version constraint: {shown(text)}",
        f"character {position + 1}: {reason}",
        hint=_EXAMPLES,
    )
