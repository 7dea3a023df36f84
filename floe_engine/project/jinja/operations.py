"""What Jinja and dbt can do with known values: operators, filters, tests and methods, by allow-list.

Every result is bounded before it is made: a template comes from whatever repository was cloned.
`UNKNOWN` is the answer where an operation is not on the list, fails, or would give too much.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from floe_engine.project.dbt_yaml import BrokenYaml, load
from floe_engine.project.jinja.syntax import environment
from floe_engine.project.jinja.values import (
    HOLE,
    MAX_VALUE,
    UNKNOWN,
    Namespace,
    Relation,
    UnknownValue,
    known,
)

_MAX_NUMBER = 10**18
_FAILURES = (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError, RecursionError)

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}

_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}

_FILTERS = frozenset(
    {"abs", "batch", "capitalize", "center", "count", "default", "dictsort", "e", "escape", "first", "float",
     "groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
     "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort",
     "string", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount"}
)  # fmt: skip
"""Jinja's filters that give no more than they were given, or whose result `_fits` measures."""

_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {"capitalize", "casefold", "count", "endswith", "find", "format", "index", "isalnum", "isalpha"}
        | {"isdigit", "islower", "isnumeric", "isupper", "join", "lower", "lstrip", "partition"}
        | {"removeprefix", "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip", "split"}
        | {"splitlines", "startswith", "strip", "swapcase", "title", "upper"}
    ),
    Relation: frozenset({"include", "incorporate", "quote", "replace_path"}),
    list: frozenset(
        {"append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"}
    ),
    dict: frozenset({"clear", "copy", "get", "items", "keys", "pop", "setdefault", "update", "values"}),
}
CHANGING = frozenset(
    {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort", "update"}
)
"""Methods that change what they are called on."""


def compare(name: str, left: Any, right: Any) -> Any:
    """``left < right``, by jinja2's name of the comparison."""
    if not (known(left) and known(right)):
        return UNKNOWN
    return _tried(lambda: bool(_COMPARISONS[name](left, right)))


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except _FAILURES:
        return UNKNOWN


def arithmetic(name: str, left: Any, right: Any) -> Any:
    """``left + right``, by the name of jinja2's node. Text and lists can be added, nothing more."""
    numbers = _is_number(left) and _is_number(right)
    if numbers and name in _ARITHMETIC:
        result = _tried(lambda: _ARITHMETIC[name](left, right))
        return result if _is_number(result) else UNKNOWN
    if name == "Add" and isinstance(left, str) and isinstance(right, str):
        return joined([left, right])
    if name == "Add" and isinstance(left, list) and isinstance(right, list):
        return left + right if len(left) + len(right) <= MAX_VALUE else UNKNOWN
    if name == "Mod" and isinstance(left, str):
        return percent(left, right if isinstance(right, list | dict) else [right])
    if name == "Mul" and isinstance(left, str | list) and type(right) is int:
        return left * right if len(left) * max(0, right) <= MAX_VALUE else UNKNOWN
    return UNKNOWN


def percent(text: str, values: Any) -> Any:
    """``'%s_%d' % ('a', 1)`` and ``'%s' | format('a')``; widths and other letters are not followed."""
    if not (known(text) and known(values)) or _ODD_PERCENT.search(text):
        return UNKNOWN
    if len(text) + text.count("%") * len(str(values)) > MAX_VALUE:
        return UNKNOWN
    return _tried(lambda: text % (tuple(values) if isinstance(values, list) else values))


_ODD_PERCENT = re.compile(r"%(?!s|d|%|\(\w+\)[sd])")
_ODD_BRACES = re.compile(r"\{(?!\{|\w*\})|\{\{|\}\}")


def read_text(name: str, text: Any, default: Any) -> Any:
    """``fromjson`` and ``fromyaml``; `default` is what dbt gives for a broken text."""
    if not isinstance(text, str) or not known(text):
        return UNKNOWN
    try:
        value = json.loads(text) if name == "fromjson" else load(text)
    except (ValueError, RecursionError, BrokenYaml):
        return default
    return value if known(value) else UNKNOWN


def as_json(value: Any) -> Any:
    """``tojson``."""
    text = _tried(lambda: json.dumps(value)) if known(value) else UNKNOWN
    return text if known(text) else UNKNOWN


def joined(parts: Sequence[str], separator: str = "") -> Any:
    """Texts as one."""
    size = sum(map(len, parts)) + len(separator) * len(parts)
    return separator.join(parts) if size <= MAX_VALUE else UNKNOWN


def filtered(name: str, value: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """``value | name(…)``."""
    if name in DBT_FILTERS:
        return DBT_FILTERS[name](value) if known(value) else value
    if name in {"default", "d"} and isinstance(value, UnknownValue) and value.name:
        return args[0] if args else ""
    if name == "join" and isinstance(value, list) and not known(value):
        separator = args[0] if args and isinstance(args[0], str) else ""
        return joined(["" if item is None else str(item) for item in value], separator)
    if name == "d":
        name = "default"
    if name == "format" and isinstance(value, str):
        return percent(value, dict(named) if named else list(args))
    if name not in _FILTERS or not (known(value) and known(list(args)) and known(dict(named))):
        return UNKNOWN
    if not _fits(name, value, args) or (name in _SIZED and not _is_small(value, [*args, *named.values()])):
        return UNKNOWN
    try:
        return _plain(environment().call_filter(name, value, args, dict(named), context=_context()))
    except Exception:
        return UNKNOWN


def tested(name: str, value: Any, args: Sequence[Any]) -> Any:
    """``value is name``."""
    if name in {"defined", "undefined"}:
        if isinstance(value, UnknownValue):
            return (name == "undefined") if value.name else UNKNOWN
        return name == "defined"
    if name in {"none", "mapping", "string", "iterable", "sequence", "number", "boolean"}:
        if isinstance(value, UnknownValue):
            return UNKNOWN
    elif not (known(value) and known(list(args))):
        return UNKNOWN
    try:
        return bool(environment().call_test(name, value, args, context=_context()))
    except Exception:
        return UNKNOWN


def has_method(value: Any, name: str) -> bool:
    """Whether `called` knows what ``value.name(…)`` does."""
    return any(isinstance(value, kind) and name in names for kind, names in _METHODS.items())


def called(value: Any, name: str, args: Sequence[Any], named: Mapping[str, Any], *, sure: bool) -> Any:
    """``value.name(…)``; where it is not `sure` to happen, a list is left with something unknown in it."""
    if isinstance(value, Relation):  # the same table, spelled otherwise
        return value
    if isinstance(value, dict) and HOLE in value:
        return UNKNOWN
    if name in CHANGING and not sure:
        _doubt(value, name)
        return UNKNOWN
    if name == "format" and isinstance(value, str) and _ODD_BRACES.search(value):
        return UNKNOWN
    if name == "join" and args and isinstance(args[0], list):
        return joined(["" if item is None else str(item) for item in args[0]], value)
    if isinstance(value, str) and not (known(value) and known(list(args)) and known(dict(named))):
        return UNKNOWN
    if not _fits(name, value, args):
        return UNKNOWN
    return _tried(lambda: _plain(getattr(value, name)(*args, **named)))


def _doubt(value: Any, name: str) -> None:
    """Leave a list or mapping as one that may have been changed."""
    if isinstance(value, dict):
        value.clear()
        value[HOLE] = UNKNOWN
    elif isinstance(value, list):
        if name not in {"append", "extend"}:
            value[:] = [UNKNOWN] * len(value)
        value.append(UNKNOWN)


def item(value: Any, key: Any) -> Any:
    """``value[key]``."""
    if isinstance(value, dict) and HOLE in value:
        return UNKNOWN
    if isinstance(value, dict | list | str) and (known(key) or isinstance(key, slice)):
        return _tried(lambda: value[key])
    return UNKNOWN


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and -_MAX_NUMBER < value < _MAX_NUMBER


def _fits(name: str, value: Any, args: Sequence[Any]) -> bool:
    """Whether what an operation gives is about as large as what it is given."""
    if name == "replace" and len(args) >= 2 and isinstance(value, str):
        return (len(value) + 1) * max(1, len(str(args[1]))) <= MAX_VALUE
    if name == "join" and isinstance(value, list | str) and args:
        parts = args[0] if isinstance(value, str) else value
        separator = value if isinstance(value, str) else str(args[0])
        return not isinstance(parts, list | str) or len(parts) * (len(separator) + 1) <= MAX_VALUE
    if name == "format" and isinstance(value, str):
        return len(value) + value.count("{") * len(str(args)) <= MAX_VALUE
    if name in {"extend", "update", "append", "insert", "setdefault"}:
        return len(value) + (len(args[0]) if args and isinstance(args[0], list | dict) else 1) <= MAX_VALUE
    if name == "round":
        return all(type(arg) is int and abs(arg) < 20 for arg in args)  # it computes 10 to that power
    if name == "map":
        return not args or (len(args) == 1 and args[0] in _MAPPED)
    if name == "sum":
        return not isinstance(value, list) or not any(isinstance(part, list) for part in value)
    return True


_SIZED = frozenset({"batch", "center", "indent", "slice", "tojson", "truncate"})


_MAPPED = _FILTERS - _SIZED - {"map"}
"""Filters that ``map`` may name: those whose size is looked at could hide there."""


def _is_small(value: Any, args: Sequence[Any]) -> bool:
    """Whether a filter that takes a size gives no more than it may: each part of its value that often."""
    sizes = [abs(arg) if type(arg) is int else len(str(arg)) for arg in args]
    parts = len(value) if isinstance(value, str | list | dict) else 1
    return (parts + 1) * (sum(sizes) + 1) <= MAX_VALUE


def _plain(result: Any) -> Any:
    """Iterators and tuples as lists; what is no value of ours (an attribute of Python's) as unknown."""
    if isinstance(result, str):
        return str(result)  # jinja2 has a text of its own
    if result is None or isinstance(result, bool | int | float | dict | UnknownValue):
        return result
    return _tried(lambda: [list(part) if isinstance(part, tuple) else part for part in result])


def _as_bool(value: Any) -> Any:
    text = str(value).strip().lower()
    if isinstance(value, bool):
        return value
    return text == "true" if text in {"true", "false"} else UNKNOWN


def _as_number(value: Any) -> Any:
    text = str(value).strip()
    if re.fullmatch(r"[+-]?\d{1,15}", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return UNKNOWN


DBT_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "as_bool": _as_bool,
    "as_number": _as_number,
    "as_text": lambda value: str(value) if not isinstance(value, list | dict) else UNKNOWN,
    "as_native": lambda value: value,
}
"""dbt's own of YAML (docs.getdbt.com, reference/dbt-jinja-functions/as_bool and its neighbours)."""


def namespace(args: Sequence[Any], named: Mapping[str, Any]) -> Namespace:
    """``namespace(a=1)``, ``dict(a=1)``."""
    first = args[0] if args and isinstance(args[0], dict) else {}
    return Namespace({**first, **named})


def counted(args: Sequence[Any], limit: int) -> Any:
    """``range(…)`` as a list, where it has at most `limit` items."""
    if not args or not all(type(number) is int and abs(number) < _MAX_NUMBER for number in args):
        return UNKNOWN
    numbers = _tried(lambda: range(*args))
    return list(numbers) if isinstance(numbers, range) and len(numbers) <= limit else UNKNOWN


@cache
def _context() -> Any:
    return environment().from_string("").new_context()
