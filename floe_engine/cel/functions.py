"""Every function and operator: what it takes and gives, what it does, and what a person is told of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import Struct, structs

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


_Way: TypeAlias = tuple[tuple[Type, ...], Type]


def _operator(says: str, run: Callable[..., Any], *ways: _Way) -> Function:
    return Function(tuple(Overload(takes, gives) for takes, gives in ways), run, says)


def _called(says: str, run: Callable[..., Any], *ways: _Way) -> Function:
    return structs.replace(_operator(says, run, *ways), call=True)


def _method(says: str, run: Callable[..., Any], *ways: _Way) -> Function:
    return structs.replace(_operator(says, run, *ways), method=True)


def _either(says: str, run: Callable[..., Any], *ways: _Way) -> Function:
    return structs.replace(_operator(says, run, *ways), call=True, method=True)


def _text(name: str, work: Callable[..., Any], step: int = 64) -> Callable[..., Any]:
    """A function of texts alone, which costs a step for so many characters of the first."""

    def run(frame: Frame, *given: Any) -> Any:
        if not all(isinstance(each, str) for each in given):
            raise no_overload(name, *given)
        frame.spend(len(given[0]) // step + 1)
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
    ways = (((kind, kind), BOOL) for kind in (INT, DOUBLE, STRING, BOOL))
    return _operator(f"Whether the left is {name} the right.", values.compare(name, test), *ways)


_NUMBERS: tuple[_Way, ...] = (((INT, INT), INT), ((DOUBLE, DOUBLE), DOUBLE))
_ANY_NUMBERS: tuple[_Way, ...] = (*_NUMBERS, ((list_of(INT),), INT), ((list_of(DOUBLE),), DOUBLE))
_BOTH = (STRING, STRING)
_LISTS = (list_of(A), list_of(A))

OPERATORS: dict[str, Function] = {
    "_==_": _operator("Whether both are the same.", equal, ((A, A), BOOL)),
    "_!=_": _operator("Whether they differ.", lambda frame, a, b: not equal(frame, a, b), ((A, A), BOOL)),
    "_<_": _order("<", operator.lt),
    "_<=_": _order("<=", operator.le),
    "_>_": _order(">", operator.gt),
    "_>=_": _order(">=", operator.ge),
    "_in_": _operator(
        "An item, or a key.", values.contained, ((A, list_of(A)), BOOL), ((A, map_of(B, A)), BOOL)
    ),
    "_+_": _operator("The sum.", values.add, *_NUMBERS, (_BOTH, STRING), (_LISTS, list_of(A))),
    "_-_": _operator("The difference.", values.arithmetic("-", operator.sub), *_NUMBERS),
    "_*_": _operator("The product.", values.arithmetic("*", operator.mul), *_NUMBERS),
    "_/_": _operator("The quotient.", values.divide, *_NUMBERS),
    "_%_": _operator("The remainder.", values.modulo, _NUMBERS[0]),
    "-_": _operator("The number, negative.", values.negate, ((INT,), INT), ((DOUBLE,), DOUBLE)),
    "_?_:_": _operator("One of two values.", lambda frame, *given: None, ((BOOL, A, A), A)),
    "!_": _operator("Not.", lambda frame, given: None, ((BOOL,), BOOL)),
}
"""Operators by cel-spec's names; the last two are run by `running`, for they do not ask both sides."""

FUNCTIONS: dict[str, Function] = {
    "size": _either("How many characters, items or entries.", _size,
                    ((STRING,), INT), ((list_of(A),), INT), ((map_of(B, A),), INT)),
    "matches": _either("Whether a regular expression is found in the text; `^…$` for all of it.", _matches,
                       (_BOTH, BOOL)),
    "int": _called("As a whole number.", values.to_int, *(((kind,), INT) for kind in (INT, DOUBLE, STRING))),
    "double": _called("As a number with a fraction.", values.to_double,
                      *(((kind,), DOUBLE) for kind in (DOUBLE, INT, STRING))),
    "string": _called("As text.", values.to_string,
                      *(((kind,), STRING) for kind in (STRING, INT, DOUBLE, BOOL))),
    "bool": _called("As true or false.", values.to_bool, ((BOOL,), BOOL), ((STRING,), BOOL)),
    "dyn": _called("The same, of any type to the checker.", lambda frame, value: value, ((A,), DYN)),
    "contains": _method("Whether it holds a text.", _text("contains", lambda a, b: b in a), (_BOTH, BOOL)),
    "startsWith": _method("Whether it begins so.", _text("startsWith", str.startswith), (_BOTH, BOOL)),
    "endsWith": _method("Whether it ends so.", _text("endsWith", str.endswith), (_BOTH, BOOL)),
    "lowerAscii": _method("With a–z for A–Z.", _text("lowerAscii", lambda a: a.translate(_LOWER)),
                          ((STRING,), STRING)),
    "upperAscii": _method("With A–Z for a–z.", _text("upperAscii", lambda a: a.translate(_UPPER)),
                          ((STRING,), STRING)),
    "trim": _method("Without space at both ends.", _text("trim", str.strip), ((STRING,), STRING)),
    "indexOf": _method("Where a text first begins; -1: nowhere.", _text("indexOf", str.find), (_BOTH, INT)),
    "lastIndexOf": _method("Where a text last begins; -1: nowhere.", _text("lastIndexOf", str.rfind),
                           (_BOTH, INT)),
    "split": _method("The parts between occurrences of a text.",
                     _text("split", lambda text, by: text.split(by) if by else list(text), 8),
                     (_BOTH, list_of(STRING))),
    "join": _method("One text of many, with a text between.", _join,
                    ((list_of(STRING),), STRING), ((list_of(STRING), STRING), STRING)),
    "replace": _method("With one text in the place of another.", _replace,
                       ((STRING, STRING, STRING), STRING)),
    "substring": _method("From one place, up to another.", _substring,
                         ((STRING, INT), STRING), ((STRING, INT, INT), STRING)),
    "charAt": _method("The character at a place.", _char_at, ((STRING, INT), STRING)),
    "format": _method("With values in the places of %s and %d.", _format, ((STRING, list_of(DYN)), STRING)),
    "distinct": _method("Each item once.", _distinct, ((list_of(A),), list_of(A))),
    "sort": _method("In order.", _sort, ((list_of(A),), list_of(A))),
    "flatten": _method("The items of the lists in it.", _flatten, ((list_of(list_of(A)),), list_of(A))),
    "orValue": _method("The value, or another where there is none.", _or_value, ((optional(A), A), A)),
    "hasValue": _method("Whether there is a value.", _has_value, ((optional(A),), BOOL)),
    "sets.contains": _called("Whether all of the second are in the first.", _holds, (_LISTS, BOOL)),
    "sets.equivalent": _called("Whether each holds the other.", _same, (_LISTS, BOOL)),
    "sets.intersects": _called("Whether they have an item in common.", _meets, (_LISTS, BOOL)),
    "math.greatest": _called("The greatest number.", _extreme("math.greatest", max), *_ANY_NUMBERS),
    "math.least": _called("The least number.", _extreme("math.least", min), *_ANY_NUMBERS),
}  # fmt: skip
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
