"""A check of another tool as a rule of a platform: one row of a table says how.

A row is a template: ``$name`` in it stands for what the check is given, written as a value of CEL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field

PeerName = Literal["dbt-bouncer", "dbt-checkpoint", "dbt-project-evaluator"]
Arguments = Mapping[str, Any]

_NAME = re.compile(r"\$([a-z_]+)")


class NotCarried(Exception):
    """Why a check cannot be said as a rule, as a clause: ``it needs the warehouse's catalog``."""


class Takes(Struct, frozen=True):
    """What a check is given under one name: how it is written in an expression, and what it is unset."""

    name: str
    kind: str = "text"
    """A key of `_WRITTEN`, or ``keys``: nested names."""
    default: Any = None
    required: bool = False


class Check(Struct, frozen=True):
    """A check of a peer and its equal here: a rule in CEL, or why there is none. `built_in` has the settings
    that ask the same."""

    name: str
    """As the peer's configuration names it."""
    subject: str = "model"
    expr: str = ""
    """What holds of each subject, with ``$name`` for what the check takes; empty: a setting alone
    asks it, or see `why`."""
    says: str = ""
    """What a subject must do, as people read it: ``has a description``; ``$name`` as above."""
    when: str = ""
    """Which subjects it is about; empty: all."""
    takes: tuple[Takes, ...] = ()
    code: str = ""
    """The peer's short name of it."""
    why: str = ""
    """Why floe cannot ask it."""
    near: str = ""
    """Where the meanings differ, as a sentence."""
    filled: Callable[[Arguments], str] | None = None
    """Writes `expr` where a template cannot."""

    @property
    def carried(self) -> bool:
        """Whether floe can ask the same."""
        return not self.why


class ConfiguredCheck(Struct, frozen=True):
    """A check as somebody's configuration asks for it."""

    check: str
    given: Mapping[str, Any] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    """Regular expressions, one of which a path must begin with; none: all paths."""
    exclude: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Conditions in CEL that a subject must meet to be asked."""
    severity: Literal["warning", "error"] = "error"
    description: str = ""
    searched: bool = False
    """Whether `include` and `exclude` are found anywhere in a path, not at its beginning alone."""
    line: int = 0
    why: str = ""
    """Why this use of the check cannot be carried, whatever the check is."""


def literal(value: Any) -> str:
    """A value as CEL writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        if "'" in value and '"' not in value and "\\" not in value and value.isprintable():
            return f'"{value}"'
        if "\\" in value and "'" not in value and value.isprintable():
            return f"r'{value}'"
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"
    return "[" + ", ".join(literal(item) for item in value) + "]"


def expression(pattern: str, *, begin: str = "", end: str = "", flags: str = "") -> str:
    """A regular expression of a peer as CEL's ``matches`` takes it.

    Raises `NotCarried` where it is none, or needs what is not matched in linear time.
    """
    from floe_engine.expressions import BadExpression, NotLinear, compiled

    plain = begin == "^" and not end and not flags and "|" not in pattern
    whole = f"^{pattern.removeprefix('^')}" if plain else f"{begin}(?{flags}:{pattern}){end}"
    if not (begin or end or flags):
        whole = pattern
    try:
        compiled(whole)
    except (BadExpression, NotLinear) as error:
        raise NotCarried(f"the expression {pattern} is not one that floe takes: {error}") from None
    return literal(whole)


def texts(value: Any, wanted: str = "it wants a list of names") -> list[str]:
    """One text, or a list of them. Raises `NotCarried`, with what was `wanted`, for anything else."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return list(value)
    raise NotCarried(wanted)


_LARGEST = 2**53
"""Whole numbers below this are the same as CEL's int and as its double."""


def _plain(kinds: Any, otherwise: str, write: Callable[[Any], str] = literal) -> Callable[[Any], str]:
    def written(value: Any) -> str:
        if not isinstance(value, kinds):
            raise NotCarried(f"{value!r} is {otherwise}")
        return write(value)

    return written


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise NotCarried(f"{value!r} is no number that a rule can hold")
    return literal(value)


def _counts(value: Any) -> str:
    if isinstance(value, dict) and all(type(count) is int for count in value.values()):
        return literal(list(value))
    raise NotCarried("it wants names with numbers, as `unique=1`")


def _pattern(begin: str = "", end: str = "", flags: str = "") -> Callable[[Any], str]:
    def write(value: str) -> str:
        return expression(value.strip(), begin=begin, end=end, flags=flags)

    return _plain(str, "no regular expression", write)


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "text": _plain(str | int | float, "no text", lambda value: literal(str(value))),
    "string": _plain(str, "no text"),
    "flag": _plain(bool, "neither true nor false"),
    "texts": lambda value: literal(texts(value)),
    "number": _number,
    "counts": _counts,
    "share": lambda value: literal(float(_number(value))),
    "match": _pattern("^"),
    "dotall": _pattern("^", flags="s"),
    "full": _pattern("^", "$"),
    "search": _pattern(),
    "criteria": lambda value: {"all": "all", "any": "exists", "one": "exists_one"}[str(value).lower()],
}
"""Kinds of what a check takes, and how they are written: `match` holds at the beginning of a text alone."""


def arguments(check: Check, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a check is given, with what is unset.

    Raises `NotCarried` where something is missing or is nothing that the check takes.
    """
    known = {each.name for each in check.takes}
    strange = sorted(set(given) - known)
    if strange:
        raise NotCarried(f"the check takes no {', '.join(strange)}")
    filled = {each.name: given.get(each.name) for each in check.takes}
    for each in check.takes:
        if filled[each.name] is None:
            if each.required:
                raise NotCarried(f"{each.name} is missing")
            filled[each.name] = each.default
    return filled


def written(check: Check, given: Mapping[str, Any]) -> dict[str, str]:
    """What a check is given, as an expression writes it; what is unset is not there."""
    found = {}
    for each in check.takes:
        if (value := given[each.name]) is not None and each.kind in _WRITTEN:
            try:
                found[each.name] = _WRITTEN[each.kind](value)
            except (KeyError, ValueError):
                raise NotCarried(f"{each.name} cannot be {value!r}") from None
    return found


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with what its names stand for."""
    return _NAME.sub(lambda found: values[found[1]], template)


def rule_of(check: Check, wanted: ConfiguredCheck) -> dict[str, Any]:
    """The house rule that asks what `wanted` asks, as manifest.yaml writes it, without an ID.

    Raises `NotCarried` with the reason where there is none.
    """
    if wanted.why or check.why:
        raise NotCarried(wanted.why or check.why)
    if not (check.expr or check.filled):
        raise NotCarried("floe asks it of all models, and all of them alike; set it, and waive the others")
    given = arguments(check, wanted.given)
    values = written(check, given)
    expr = check.filled(given) if check.filled else fill(check.expr, values)
    node = "model" if check.subject == "column" else check.subject
    conditions = [fill(check.when, values)] if check.when else []
    conditions += _places(node, wanted)
    conditions += wanted.also
    name = "{model.name}.{column.name}" if check.subject == "column" else f"{{{check.subject}.name}}"
    said = " ".join(wanted.description.split()) or f"it must {fill(check.says, values)}"
    rule: dict[str, Any] = {"type": "cel"}
    if check.subject != "model":
        rule["subject"] = check.subject
    if conditions:
        rule["when"] = " && ".join(f"({each})" if "||" in each else each for each in conditions)
    rule["expr"] = expr
    rule["message"] = f"{name}: {said.replace('{', '{{').replace('}', '}}')}"
    if wanted.severity == "warning":
        rule["severity"] = "warning"
    from floe_engine.manifest.house_rule import troubles  # what it is given may be of any size and type

    if (trouble := next(troubles({"id": "rule", **rule}), None)) is not None:
        raise NotCarried(f"the rule would not be one: {trouble.problem.message}")
    return rule


_DESCRIBED = ("model", "seed", "snapshot", "macro")


def _places(node: str, wanted: ConfiguredCheck) -> Iterator[str]:
    begin = "" if wanted.searched else "^"
    if (wanted.include or wanted.exclude) and node == "project":
        raise NotCarried("it asks the project as a whole, and include or exclude would narrow it")
    asked = [f"{node}.path.matches({expression(each, begin=begin)})" for each in wanted.include]
    if wanted.searched and node in _DESCRIBED:  # a hook is run for either file of a model
        told = f"{node}.properties_path"
        asked += [f"({told} != null && {told}.matches({expression(each)}))" for each in wanted.include]
    if asked:
        yield " || ".join(asked)
    for each in wanted.exclude:
        yield f"!{node}.path.matches({expression(each, begin=begin)})"
