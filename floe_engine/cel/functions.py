"""Every function and operator: what it takes and gives, what it does, and what a person is told of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any

from msgspec import Struct

from floe_engine.cel import values
from floe_engine.cel.syntax import Call, Name, Node
from floe_engine.cel.types import BOOL, DOUBLE, DYN, INT, STRING, A, B, Type, list_of, map_of, optional
from floe_engine.cel.values import Failed, Frame, Maybe, equal, no_overload, spoken


class Overload(Struct, frozen=True):
    """One way to call a function. A method's first argument is what stands before the dot."""

    takes: tuple[Type, ...]
    gives: Type


class Function(Struct, frozen=True):
    """A function, by its ways to be called and by what it does with values."""

    overloads: tuple[Overload, ...]
    run: Callable[..., Any]
    says: str
    call: bool = False
    """Whether it is called by its name alone: ``size(x)``."""
    method: bool = False
    """Whether it is called on a value: ``x.size()``."""


def _ways(*signatures: tuple[tuple[Type, ...], Type]) -> tuple[Overload, ...]:
    return tuple(Overload(takes, gives) for takes, gives in signatures)


def _text(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A function of texts alone."""

    def run(frame: Frame, *given: Any) -> Any:
        if not all(isinstance(each, str) for each in given):
            raise no_overload(name, *given)
        frame.spend(len(given[0]) // 64 + 1)
        return work(*given)

    return run


def _ascii(source: range, shift: int) -> dict[int, int]:
    return {point: point + shift for point in source}


_LOWER, _UPPER = _ascii(range(65, 91), 32), _ascii(range(97, 123), -32)


def _size(frame: Frame, value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise no_overload("size", value)


def _matches(frame: Frame, text: Any, pattern: Any) -> bool:
    from floe_engine.expressions import BadExpression, NotLinear, compiled

    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_overload("matches", text, pattern)
    frame.spend(len(text) // 16 + 1)
    try:
        return _found(pattern, text) if len(text) <= _NAME else compiled(pattern).found_in(text)
    except (BadExpression, NotLinear) as error:
        raise Failed(str(error)) from None


_NAME = 200
"""Characters of a text that is a name or a path: many rules ask the same of it."""


@lru_cache(maxsize=16_384)
def _found(pattern: str, text: str) -> bool:
    from floe_engine.expressions import compiled

    return compiled(pattern).found_in(text)


def _split(frame: Frame, text: Any, by: Any) -> list[str]:
    if not isinstance(text, str) or not isinstance(by, str):
        raise no_overload("split", text, by)
    frame.spend(len(text) // 8 + 1)
    return text.split(by) if by else list(text)


def _join(frame: Frame, items: Any, by: Any = "") -> str:
    if not isinstance(items, list) or not isinstance(by, str) or not all(isinstance(i, str) for i in items):
        raise no_overload("join", items, by)
    frame.spend((sum(map(len, items)) + len(items) * (len(by) + 1)) // 8 + 1)
    return by.join(items)


def _replace(frame: Frame, text: Any, old: Any, new: Any) -> str:
    if not all(isinstance(each, str) for each in (text, old, new)):
        raise no_overload("replace", text, old, new)
    frame.spend(len(text) // 8 + 1)
    frame.spend(text.count(old) * len(new) // 8 + 1)
    return str(text.replace(old, new))


def _place(text: str, at: Any, name: str) -> int:
    if type(at) is not int:
        raise no_overload(name, text, at)
    if not 0 <= at <= len(text):
        raise Failed(f"`{name}` has no place {at} in a text of {len(text)} characters")
    return at


def _substring(frame: Frame, text: Any, start: Any, end: Any = None) -> str:
    if not isinstance(text, str):
        raise no_overload("substring", text)
    first = _place(text, start, "substring")
    last = len(text) if end is None else _place(text, end, "substring")
    if last < first:
        raise Failed("`substring` ends before it begins")
    frame.spend((last - first) // 8 + 1)
    return text[first:last]


def _char_at(frame: Frame, text: Any, at: Any) -> str:
    if not isinstance(text, str):
        raise no_overload("charAt", text)
    place = _place(text, at, "charAt")
    return text[place : place + 1]


def _format(frame: Frame, text: Any, items: Any) -> str:
    if not isinstance(text, str) or not isinstance(items, list):
        raise no_overload("format", text, items)
    parts = text.replace("%%", "\0").split("%")
    if len(parts) - 1 != len(items):
        raise Failed(f"`format` has {len(parts) - 1} places and {len(items)} values")
    out = [parts[0]]
    for part, item in zip(parts[1:], items, strict=True):
        if part[:1] not in ("s", "d"):
            raise Failed(f"`format` knows %s and %d, not %{part[:1]}")
        told = spoken(frame, item)
        out.append((f"[{told}]" if isinstance(item, list) else told) + part[1:])
    result = "".join(out).replace("\0", "%")
    frame.spend(len(result) // 8 + 1)
    return result


def _list(frame: Frame, name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise no_overload(name, value)
    frame.spend(len(value) + 1)
    return value


def _distinct(frame: Frame, items: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(frame, "distinct", items):
        if not values.contained(frame, item, found):
            found.append(item)
    return found


def _sort(frame: Frame, items: Any) -> list[Any]:
    listed = _list(frame, "sort", items)
    if len({type(item) for item in listed}) > 1 or not all(isinstance(i, str | int | float) for i in listed):
        raise Failed("`sort` is for texts, or numbers of one type")
    return sorted(listed)


def _flatten(frame: Frame, items: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(frame, "flatten", items):
        found += _list(frame, "flatten", item) if isinstance(item, list) else [item]
    return found


def _or_value(frame: Frame, value: Any, other: Any) -> Any:
    if not isinstance(value, Maybe):
        raise no_overload("orValue", value)
    return value.value if value.there else other


def _has_value(frame: Frame, value: Any) -> bool:
    if not isinstance(value, Maybe):
        raise no_overload("hasValue", value)
    return value.there


def _holds(frame: Frame, one: Any, other: Any) -> bool:
    listed = _list(frame, "sets.contains", one)
    return all(values.contained(frame, item, listed) for item in _list(frame, "sets.contains", other))


def _same(frame: Frame, one: Any, other: Any) -> bool:
    return _holds(frame, one, other) and _holds(frame, other, one)


def _meets(frame: Frame, one: Any, other: Any) -> bool:
    listed = _list(frame, "sets.intersects", one)
    return any(values.contained(frame, item, listed) for item in _list(frame, "sets.intersects", other))


def _extreme(name: str, pick: Callable[..., Any]) -> Callable[..., Any]:
    def run(frame: Frame, *given: Any) -> Any:
        items = _list(frame, name, given[0]) if len(given) == 1 and isinstance(given[0], list) else given
        if not items or not all(isinstance(i, int | float) and not isinstance(i, bool) for i in items):
            raise no_overload(name, *given)
        return pick(items)

    return run


def _order(name: str, test: Callable[[Any, Any], bool]) -> Function:
    takes = tuple(((kind, kind), BOOL) for kind in (INT, DOUBLE, STRING, BOOL))
    return Function(_ways(*takes), values.compare(name, test), f"Whether the left is {name} the right.")


_NUMBERS: tuple[tuple[tuple[Type, ...], Type], ...] = (((INT, INT), INT), ((DOUBLE, DOUBLE), DOUBLE))
_BOTH = (STRING, STRING)

OPERATORS: dict[str, Function] = {
    "_==_": Function(_ways(((A, A), BOOL)), equal, "Whether both are the same."),
    "_!=_": Function(
        _ways(((A, A), BOOL)), lambda frame, a, b: not equal(frame, a, b), "Whether they differ."
    ),
    "_<_": _order("<", operator.lt),
    "_<=_": _order("<=", operator.le),
    "_>_": _order(">", operator.gt),
    "_>=_": _order(">=", operator.ge),
    "_in_": Function(
        _ways(((A, list_of(A)), BOOL), ((A, map_of(B, A)), BOOL)), values.contained, "An item, or a key."
    ),
    "_+_": Function(
        _ways(*_NUMBERS, (_BOTH, STRING), ((list_of(A), list_of(A)), list_of(A))), values.add, "The sum."
    ),
    "_-_": Function(_ways(*_NUMBERS), values.subtract, "The difference."),
    "_*_": Function(_ways(*_NUMBERS), values.multiply, "The product."),
    "_/_": Function(_ways(*_NUMBERS), values.divide, "The quotient."),
    "_%_": Function(_ways(_NUMBERS[0]), values.modulo, "The remainder."),
    "-_": Function(_ways(((INT,), INT), ((DOUBLE,), DOUBLE)), values.negate, "The number, negative."),
    "_?_:_": Function(_ways(((BOOL, A, A), A)), lambda frame, *given: None, "One of two values."),
    "!_": Function(_ways(((BOOL,), BOOL)), lambda frame, given: None, "Not."),
}
"""Operators by cel-spec's names; the last two are run by `running`, for they do not ask both sides."""

FUNCTIONS: dict[str, Function] = {
    "size": Function(
        _ways(((STRING,), INT), ((list_of(A),), INT), ((map_of(B, A),), INT)),
        _size,
        "How many characters, items or entries.",
        call=True,
        method=True,
    ),
    "matches": Function(
        _ways((_BOTH, BOOL)),
        _matches,
        "Whether a regular expression is found in the text; `^…$` for all of it.",
        call=True,
        method=True,
    ),
    "int": Function(
        _ways(((INT,), INT), ((DOUBLE,), INT), ((STRING,), INT)),
        values.to_int,
        "As a whole number.",
        call=True,
    ),
    "double": Function(
        _ways(((DOUBLE,), DOUBLE), ((INT,), DOUBLE), ((STRING,), DOUBLE)),
        values.to_double,
        "As a number with a fraction.",
        call=True,
    ),
    "string": Function(
        _ways(*(((kind,), STRING) for kind in (STRING, INT, DOUBLE, BOOL))),
        values.to_string,
        "As text.",
        call=True,
    ),
    "bool": Function(
        _ways(((BOOL,), BOOL), ((STRING,), BOOL)), values.to_bool, "As true or false.", call=True
    ),
    "dyn": Function(
        _ways(((A,), DYN)), lambda frame, value: value, "The same, of any type to the checker.", call=True
    ),
    "contains": Function(
        _ways((_BOTH, BOOL)), _text("contains", lambda a, b: b in a), "Whether it holds a text.", method=True
    ),
    "startsWith": Function(
        _ways((_BOTH, BOOL)), _text("startsWith", str.startswith), "Whether it begins so.", method=True
    ),
    "endsWith": Function(
        _ways((_BOTH, BOOL)), _text("endsWith", str.endswith), "Whether it ends so.", method=True
    ),
    "lowerAscii": Function(
        _ways(((STRING,), STRING)),
        _text("lowerAscii", lambda a: a.translate(_LOWER)),
        "With a–z for A–Z.",
        method=True,
    ),
    "upperAscii": Function(
        _ways(((STRING,), STRING)),
        _text("upperAscii", lambda a: a.translate(_UPPER)),
        "With A–Z for a–z.",
        method=True,
    ),
    "trim": Function(
        _ways(((STRING,), STRING)), _text("trim", str.strip), "Without space at both ends.", method=True
    ),
    "indexOf": Function(
        _ways((_BOTH, INT)),
        _text("indexOf", str.find),
        "Where a text first begins; -1: nowhere.",
        method=True,
    ),
    "lastIndexOf": Function(
        _ways((_BOTH, INT)),
        _text("lastIndexOf", str.rfind),
        "Where a text last begins; -1: nowhere.",
        method=True,
    ),
    "split": Function(
        _ways((_BOTH, list_of(STRING))), _split, "The parts between occurrences of a text.", method=True
    ),
    "join": Function(
        _ways(((list_of(STRING),), STRING), ((list_of(STRING), STRING), STRING)),
        _join,
        "One text of many, with a text between.",
        method=True,
    ),
    "replace": Function(
        _ways(((STRING, STRING, STRING), STRING)),
        _replace,
        "With one text in the place of another.",
        method=True,
    ),
    "substring": Function(
        _ways(((STRING, INT), STRING), ((STRING, INT, INT), STRING)),
        _substring,
        "From one place, up to another.",
        method=True,
    ),
    "charAt": Function(_ways(((STRING, INT), STRING)), _char_at, "The character at a place.", method=True),
    "format": Function(
        _ways(((STRING, list_of(DYN)), STRING)),
        _format,
        "With values in the places of %s and %d.",
        method=True,
    ),
    "distinct": Function(_ways(((list_of(A),), list_of(A))), _distinct, "Each item once.", method=True),
    "sort": Function(_ways(((list_of(A),), list_of(A))), _sort, "In order.", method=True),
    "flatten": Function(
        _ways(((list_of(list_of(A)),), list_of(A))), _flatten, "The items of the lists in it.", method=True
    ),
    "orValue": Function(
        _ways(((optional(A), A), A)), _or_value, "The value, or another where there is none.", method=True
    ),
    "hasValue": Function(_ways(((optional(A),), BOOL)), _has_value, "Whether there is a value.", method=True),
    "sets.contains": Function(
        _ways(((list_of(A), list_of(A)), BOOL)),
        _holds,
        "Whether all of the second are in the first.",
        call=True,
    ),
    "sets.equivalent": Function(
        _ways(((list_of(A), list_of(A)), BOOL)), _same, "Whether each holds the other.", call=True
    ),
    "sets.intersects": Function(
        _ways(((list_of(A), list_of(A)), BOOL)), _meets, "Whether they have an item in common.", call=True
    ),
    "math.greatest": Function(
        _ways(*_NUMBERS, ((list_of(INT),), INT), ((list_of(DOUBLE),), DOUBLE)),
        _extreme("math.greatest", max),
        "The greatest number.",
        call=True,
    ),
    "math.least": Function(
        _ways(*_NUMBERS, ((list_of(INT),), INT), ((list_of(DOUBLE),), DOUBLE)),
        _extreme("math.least", min),
        "The least number.",
        call=True,
    ),
}
"""Functions and methods by name."""

NAMESPACES = frozenset(name.partition(".")[0] for name in FUNCTIONS if "." in name)
"""Names before the dot of functions that have one."""


def called(node: Call, variables: Container[str]) -> tuple[str, tuple[Node, ...], bool]:
    """The name of what a call calls, what it is given, and whether as a method.

    What stands before the dot is a value, or the first part of a name: ``sets.contains(a, b)``.
    """
    target = node.target
    if target is None:
        return node.function, node.arguments, False
    if isinstance(target, Name) and target.name in NAMESPACES and target.name not in variables:
        return f"{target.name}.{node.function}", node.arguments, False
    return node.function, (target, *node.arguments), True
