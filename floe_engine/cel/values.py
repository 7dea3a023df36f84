"""What values do: equality, order, numbers and text, as CEL means them, and what they cost.

A value is Python's None, bool, int, float, str, list or dict, `Maybe`, or an object of whoever asks.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from floe_engine.cel.tokens import LARGEST


class Failed(Exception):
    """An expression gives no value here: a key is missing, a number too large, the work too much."""


class Unknown(Failed):
    """What an expression asks for cannot be known here."""


class CostExceeded(Failed):
    """An expression costs more than it may."""


class Maybe(Struct, frozen=True):
    """An optional value: there, or not."""

    value: Any = None
    there: bool = False


class Frame:
    """What an expression is run on: the steps that are left, and the variables by place."""

    __slots__ = ("left", "values")

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.values: list[Any] = []

    def spend(self, steps: int) -> None:
        """Pay for work that is about to be done."""
        self.left -= steps
        if self.left < 0:
            raise CostExceeded("it costs too much: it looks at more than a rule may")


def kind_of(value: Any) -> str:
    """What a value is, in CEL's word."""
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[Any, str], ...] = (
    (type(None), "null"),
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (list, "list"),
    (dict, "map"),
    (Maybe, "optional"),
)
_SCALARS = (str, int, float, bool, type(None))


def equal(frame: Frame, one: Any, other: Any) -> bool:
    """CEL's ``==``: numbers by value whatever their type, all else only within its type."""
    if type(one) in _SCALARS or type(other) in _SCALARS:
        if isinstance(one, bool) is not isinstance(other, bool):
            return False
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return False
        frame.spend(len(one) + 1)
        return all(equal(frame, a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        if len(one) != len(other):
            return False
        frame.spend(len(one) + 1)
        return all(key in other and equal(frame, value, other[key]) for key, value in one.items())
    if isinstance(one, Maybe) and isinstance(other, Maybe):
        return one.there is other.there and equal(frame, one.value, other.value)
    return one is other


def contained(frame: Frame, item: Any, holder: Any) -> bool:
    """``item in holder``: an item of a list, or a key of a map."""
    if isinstance(holder, dict):
        return not isinstance(item, bool | list | dict) and item in holder
    if not isinstance(holder, list):
        raise no_overload("in", item, holder)
    frame.spend(len(holder) // 8 + 1)
    if isinstance(item, str):
        return item in holder
    return any(equal(frame, item, each) for each in holder)


def no_overload(name: str, *values: Any) -> Failed:
    """What is said where an operation is not for such values."""
    return Failed(f"`{name}` is not for {' and '.join(kind_of(value) for value in values) or 'nothing'}")


def _whole(value: int) -> int:
    if not -LARGEST <= value < LARGEST:
        raise Failed("the number is too large")
    return value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(name: str, test: Callable[[Any, Any], bool]) -> Callable[[Frame, Any, Any], bool]:
    """An order: numbers by value, text by code points, false before true."""

    def ordered(frame: Frame, one: Any, other: Any) -> bool:
        if type(one) is type(other) and isinstance(one, str | int | float):
            return test(one, other)
        if _number(one) and _number(other):
            return test(one, other)
        raise no_overload(name, one, other)

    return ordered


def arithmetic(name: str, work: Callable[[Any, Any], Any]) -> Callable[[Frame, Any, Any], Any]:
    """What `work` makes of two numbers of one type."""

    def result(frame: Frame, one: Any, other: Any) -> Any:
        if type(one) is not type(other) or not _number(one):
            raise no_overload(name, one, other)
        return _whole(work(one, other)) if isinstance(one, int) else work(one, other)

    return result


_sum = arithmetic("+", operator.add)


def add(frame: Frame, one: Any, other: Any) -> Any:
    """The sum of two numbers of one type, or two texts or lists one after the other."""
    if isinstance(one, str | list) and type(one) is type(other):
        frame.spend((len(one) + len(other)) // 8 + 1)
        return operator.add(one, other)
    return _sum(frame, one, other)


def divide(frame: Frame, one: Any, other: Any) -> Any:
    """The quotient, of integers towards zero."""
    if type(one) is not type(other) or not _number(one):
        raise no_overload("/", one, other)
    if isinstance(one, float):
        if other:
            return one / other
        return (
            math.nan
            if one == 0 or math.isnan(one)
            else math.copysign(math.inf, one) * math.copysign(1, other)
        )
    if other == 0:
        raise Failed("a division by zero")
    quotient = abs(one) // abs(other)
    return _whole(quotient if (one < 0) is (other < 0) else -quotient)


def modulo(frame: Frame, one: Any, other: Any) -> Any:
    """The remainder, with the sign of the first."""
    if type(one) is not int or type(other) is not int:
        raise no_overload("%", one, other)
    if other == 0:
        raise Failed("a division by zero")
    return int(math.copysign(1, one)) * (abs(one) % abs(other))


def negate(frame: Frame, one: Any) -> Any:
    """The number with the other sign."""
    if not _number(one):
        raise no_overload("-", one)
    return _whole(-one) if isinstance(one, int) else -one


# --- parts of values ---------------------------------------------------------------------------


def listed_in(value: Any) -> list[Any]:
    """The items that a macro goes through: those of a list, or the keys of a map."""
    if isinstance(value, dict):
        return list(value)
    if not isinstance(value, list):
        raise Failed(f"{kind_of(value)} has no items")
    return value


def held(holder: Any, field: str) -> bool:
    """``has(holder.field)``."""
    if isinstance(holder, dict):
        return field in holder
    raise Failed(f"{kind_of(holder)} has no keys")


def maybe(holder: Any, key: Any) -> Maybe:
    """``holder[?key]``."""
    if isinstance(holder, Maybe):
        if not holder.there:
            return holder
        holder = holder.value
    if isinstance(holder, dict):
        if isinstance(key, str | int | float) and not isinstance(key, bool) and key in holder:
            return Maybe(holder[key], there=True)
        return Maybe()
    if isinstance(holder, list):
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        if type(key) is not int:
            raise Failed(f"{kind_of(key)} is no place in a list")
        return Maybe(holder[key], there=True) if 0 <= key < len(holder) else Maybe()
    raise Failed(f"{kind_of(holder)} has no keys")


def field(holder: Any, key: str) -> Any:
    """``holder.key``."""
    if isinstance(holder, dict) and key in holder:
        return holder[key]
    raise _no_key(holder, key)


def item(holder: Any, key: Any) -> Any:
    """``holder[key]``."""
    found = maybe(holder, key)
    if not found.there:
        raise _no_key(holder, key)
    return found.value


def _no_key(holder: Any, key: Any) -> Failed:
    if isinstance(holder, dict):
        return Failed(f"there is no key `{key}`")
    if isinstance(holder, list):
        return Failed(f"there is no item {key}")
    return Failed(f"{kind_of(holder)} has no key `{key}`")


def sure(value: object) -> bool:
    """The answer to a question; all else fails."""
    if value is True or value is False:
        return bool(value)
    raise Failed(f"{kind_of(value)} is neither true nor false")


# --- conversions -------------------------------------------------------------------------------

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_REAL = re.compile(r"[+-]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}


def to_int(frame: Frame, value: Any) -> int:
    """A number without its fraction, or the number that a text says."""
    if type(value) is int:
        return value
    if isinstance(value, float) and -LARGEST < value < LARGEST:
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return _whole(int(value))
    raise Failed(f"{shown(value)} is no int")


def to_double(frame: Frame, value: Any) -> float:
    """A number, or the number that a text says."""
    if _number(value):
        return float(value)
    if isinstance(value, str) and _REAL.fullmatch(value):
        return float(value)
    raise Failed(f"{shown(value)} is no double")


def to_bool(frame: Frame, value: Any) -> bool:
    """True or false, or the one that a text says."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    raise Failed(f"{shown(value)} is no bool")


def to_string(frame: Frame, value: Any) -> str:
    """A text, number or bool as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return real(value)
    raise no_overload("string", value)


def real(value: float) -> str:
    """A double as CEL writes it: ``1``, ``1.5``, ``1e+20``."""
    if math.isnan(value) or math.isinf(value):
        return {"inf": "+infinity", "-inf": "-infinity"}.get(str(value), "nan")
    for digits in range(6, 18):
        text = f"{value:.{digits}g}"
        if float(text) == value:
            return text
    return repr(value)


def shown(value: Any, deep: int = 3) -> str:
    """A value in a sentence, short."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, list):
        more = [shown(item, deep - 1) for item in value[:5]] if deep else ["…"] if value else []
        return f"[{', '.join(more + (['…'] if deep and len(value) > 5 else []))}]"
    if isinstance(value, dict):
        entries = (
            [f"{key}: {shown(item, deep - 1)}" for key, item in list(value.items())[:5]] if deep else ["…"]
        )
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, Maybe):
        return shown(value.value) if value.there else "none"
    if isinstance(value, bool | int | float):
        return to_string(Frame(0), value)
    name = getattr(value, "name", None)
    return f'"{name}"' if isinstance(name, str) else kind_of(value)


def spoken(frame: Frame, value: Any) -> str:
    """A value inside a text for people: text as it is, lists joined by commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        frame.spend(len(value) + 1)
        return ", ".join(spoken(frame, item) for item in value)
    return shown(value)
