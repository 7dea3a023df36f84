"""What can be read from Jinja without running it: config, ref and source calls, and plain values.

dbt runs every file to learn this. Here a call with literal arguments is read, a `var` or
`env_var` is looked up, a condition over such values is decided, and everything else is `Unknown`:
the caller says what it does without it. No macro is ever run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

COMMENT = (re.compile(r"\{#"), re.compile(r"#\}"))
RAW = (re.compile(r"\{%-?\s*raw\s*-?%\}"), re.compile(r"\{%-?\s*endraw\s*-?%\}"))
_OPENING = re.compile(r"\{\{|\{%")
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[({\[]|%\}|[)}\]]""", re.S)
_CALL = re.compile(r"(?<![\w.])(?:builtins\.)?(config|ref|source|var)\s*\(")
_SNAPSHOT = (
    re.compile(r"\{%-?\s*snapshot\s+(\w+)\s*-?%\}"),
    re.compile(r"\{%-?\s*endsnapshot\s*-?%\}"),
)
_TEST = (
    re.compile(r"\{%-?\s*(?:test\s+|data_test\s+|macro\s+test_)(\w+)\s*\("),
    re.compile(r"\{%-?\s*end(?:test|data_test|macro)\s*-?%\}"),
)
_MAX_EXPRESSION = 4_000
_MAX_INDIRECTION = 5
"""Variables whose value is Jinja with another such variable in it."""

CONFIGS = frozenset(
    {"enabled", "meta", "tags", "schema", "target_schema", "database", "project", "materialized"}
    | {"access", "group", "grants", "contract", "freshness"}
)
"""The config keys that facts are made from; of others nobody misses the value."""

_CONSTANTS = {"true": True, "false": False, "none": None, "True": True, "False": False, "None": None}


class Unknown(Exception):
    """A value that only dbt itself could tell."""


@dataclass(frozen=True, slots=True)
class Ref:
    """``ref('model')``, ``ref('package', 'model')``, ``ref('model', v=2)``."""

    name: str
    package: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRef:
    """``source('crm', 'orders')``."""

    source_name: str
    name: str


@dataclass
class Calls:
    """What a file says to dbt."""

    config: dict[str, Any] = field(default_factory=dict)
    parents: list[Ref | SourceRef] = field(default_factory=list)
    unknown: list[tuple[str, int]] = field(default_factory=list)
    """Calls and `CONFIGS` keys that could not be read, with their line (1-based)."""


@dataclass(frozen=True)
class Values:
    """What `var` and `env_var` give, and ``target.name`` where it is known."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Any] = field(default_factory=dict)
    """What the template itself has named, for a reader that follows ``{% set %}`` and loops."""

    def evaluate(self, expression: str) -> Any:
        """The value of a Jinja expression. Raises `Unknown`."""
        if len(expression) > _MAX_EXPRESSION:
            raise Unknown
        try:
            return self._value(ast.parse(expression.strip(), mode="eval").body)
        except (SyntaxError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
            raise Unknown from None

    def render(self, text: str) -> Any:
        """A YAML string with its ``{{ … }}`` filled in; one that is nothing else keeps its type.

        Raises `Unknown` where any part is.
        """
        if "{" not in text or ("{{" not in text and "{%" not in text):
            return text
        if "{%" in text:
            raise Unknown
        plain = text.strip()
        parts: list[str] = []
        end = 0
        for start, stop in segments(plain):
            value = self.evaluate(plain[start + 2 : stop - 2].strip("-"))
            if (start, stop) == (0, len(plain)):
                return value
            parts += [plain[end:start], str(value)]
            end = stop
        return "".join([*parts, plain[end:]])

    def render_or_keep(self, text: str) -> Any:
        """Like `render`, but what only dbt could tell stays as it is written."""
        try:
            return self.render(text)
        except Unknown:
            return text

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value):
                return value
            case ast.Name(name) if name in _CONSTANTS:
                return _CONSTANTS[name]
            case ast.Name(name) if name in self.names:
                return self.names[name]
            case ast.Attribute(ast.Name("loop"), name) if "loop" in self.names:
                return self.names["loop"][name]
            case ast.List(items) | ast.Tuple(items):
                return [self._value(item) for item in items]
            case ast.Dict(keys, values) if all(key is not None for key in keys):
                pairs = zip((key for key in keys if key), values, strict=True)
                return {self._value(key): self._value(value) for key, value in pairs}
            case ast.UnaryOp(ast.Not(), operand):
                return not self._value(operand)
            case ast.UnaryOp(ast.USub(), operand):
                return -self._value(operand)
            case ast.BoolOp(ast.And(), values):
                return all(self._value(value) for value in values)
            case ast.BoolOp(ast.Or(), values):
                return any(self._value(value) for value in values)
            case ast.IfExp(test, body, otherwise):
                return self._value(body if self._value(test) else otherwise)
            case ast.Compare(left, [operator], [right]) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._value(left), self._value(right))
            case ast.BinOp(left, ast.BitOr(), ast.Name(name)) if name in _FILTERS:
                return _FILTERS[name](self._value(left))
            case ast.Call(ast.Name("var"), [ast.Constant(str(name)), *rest], []):
                return self._lookup(self.variables, name, rest)
            case ast.Call(ast.Name("env_var"), [ast.Constant(str(name)), *rest], []):
                return self._lookup(self.environ, name, rest)
        raise Unknown

    def _lookup(self, values: Mapping[str, Any], name: str, rest: list[ast.expr]) -> Any:
        if name in values:
            return values[name]
        if not rest:
            raise Unknown
        return self._value(rest[0])


_OPERATORS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: bool(left == right),
    ast.NotEq: lambda left, right: bool(left != right),
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() in {"true", "false"}:
        return str(value).strip().lower() == "true"
    raise Unknown


def _as_number(value: Any) -> int | float:
    text = str(value)
    return int(text) if re.fullmatch(r"[+-]?\d{1,15}", text) else float(text)


_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "as_bool": _as_bool,
    "as_number": _as_number,
    "as_text": str,
    "as_native": lambda value: value,
    "int": _as_number,
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "trim": lambda value: str(value).strip(),
    "string": str,
}


def uncommented(sql: str) -> str:
    """`sql` with Jinja comments and raw blocks blanked, so that offsets and lines stay."""
    for pair in (COMMENT, RAW):
        parts: list[str] = []
        end = 0
        for opening, closing in blocks(sql, pair):
            blank = re.sub(r"[^\n]", " ", sql[opening.start() : closing.end()])
            parts += [sql[end : opening.start()], blank]
            end = closing.end()
        sql = "".join([*parts, sql[end:]]) if parts else sql
    return sql


def sql_calls(sql: str, values: Values) -> Calls:
    """The config, ref and source calls of a SQL file (uncommented, see above).

    A call inside a condition counts, as it may be taken. A variable whose value is Jinja of its
    own, as packages have it (``orders: "{{ ref('stg_orders') }}"``), counts as what stands in it.
    """
    return _calls(sql, values, _MAX_INDIRECTION)


def _calls(sql: str, values: Values, indirection: int) -> Calls:
    calls = Calls()
    for start, stop in segments(sql):
        match = _CALL.search(sql, start, stop)
        while match is not None:
            arguments, end = _arguments(sql, match.end(), stop)
            if match[1] == "var":
                value = _variable(sql[match.start() : end + 1], values)
                if "{{" in value and indirection:
                    calls.parents += _calls(value, values, indirection - 1).parents
                match = _CALL.search(sql, end, stop)
                continue
            line = sql.count("\n", 0, match.start()) + 1
            try:
                _take(calls, match[1], arguments, values, line)
            except Unknown:
                calls.unknown.append((f"{match[1]}()", line))
            match = _CALL.search(sql, end, stop)
    return calls


def inlined(sql: str, values: Values) -> str:
    """`sql` with each ``{{ var('orders') }}`` whose value is Jinja of its own replaced by that value."""
    if "var" not in sql:
        return sql
    parts: list[str] = []
    end = 0
    for start, stop in segments(sql):
        inner = sql[start + 2 : stop - 2].strip().strip("-").strip()
        if sql.startswith("{{", start) and re.match(r"var\s*\(", inner):
            value = _variable(inner, values)
            if "{{" in value:
                parts += [sql[end:start], value]
                end = stop
    return "".join([*parts, sql[end:]]) if parts else sql


def _variable(call: str, values: Values) -> str:
    """The text that ``var(…)`` gives; empty where that is no text, or not to be known."""
    try:
        value = values.evaluate(call)
    except Unknown:
        return ""
    return value if isinstance(value, str) else ""


def generic_tests(sql: str, values: Values) -> Iterator[tuple[str, Calls, int]]:
    """Name, own calls and first line of each generic test that an uncommented macro file defines."""
    for opening, closing in blocks(sql, _TEST):
        line = sql.count("\n", 0, opening.start()) + 1
        yield opening[1], sql_calls(sql[opening.end() : closing.start()], values), line


def snapshots(sql: str) -> Iterator[tuple[str, str, int]]:
    """Name, body and first line of each ``{% snapshot %}`` block of an uncommented file."""
    for opening, closing in blocks(sql, _SNAPSHOT):
        line = sql.count("\n", 0, opening.start()) + 1
        yield opening[1], sql[opening.end() : closing.start()], line


def parent_of(text: str, values: Values) -> Ref | SourceRef:
    """``ref('x')`` or ``source('a', 'b')`` as exposures and YAML snapshots write it. Raises `Unknown`."""
    match = _CALL.search(text)
    if match is None or match[1] in {"config", "var"}:
        raise Unknown
    calls = Calls()
    arguments, _ = _arguments(text, match.end(), len(text))
    _take(calls, match[1], arguments, values, 1)
    return calls.parents[0]


def python_calls(source: str, values: Values) -> Calls:
    """The ``dbt.config``, ``dbt.ref`` and ``dbt.source`` calls of a Python model.

    Raises `SyntaxError` where it is not Python.
    """
    calls = Calls()
    try:
        tree = ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("dbt"), "config" | "ref" | "source" as name)):
                arguments = [ast.unparse(argument) for argument in (*node.args, *node.keywords)]
                try:
                    _take(calls, name, arguments, values, node.lineno)
                except Unknown:
                    calls.unknown.append((f"dbt.{name}()", node.lineno))
    return calls


def _take(calls: Calls, name: str, arguments: list[str], values: Values, line: int) -> None:
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in arguments:
        keyword = re.match(r"\s*([A-Za-z_]\w*)\s*=(?!=)(.*)", argument, re.S)
        if keyword is None:
            positional.append(values.evaluate(argument))
            continue
        try:
            named[keyword[1]] = values.evaluate(keyword[2])
        except Unknown:
            if name != "config":
                raise
            if keyword[1] in CONFIGS:
                calls.unknown.append((f"config({keyword[1]}=…)", line))
    if name == "config":
        for mapping in positional:
            if isinstance(mapping, dict):
                named = {**mapping, **named}
        _merge_config(calls.config, named)
        return
    if not all(isinstance(value, str) for value in positional):
        raise Unknown
    if name == "source":
        if len(positional) != 2:
            raise Unknown
        calls.parents.append(SourceRef(*positional))
        return
    if not 1 <= len(positional) <= 2:
        raise Unknown
    version = named.get("v", named.get("version"))
    package = positional[0] if len(positional) == 2 else None
    calls.parents.append(Ref(positional[-1], package, None if version is None else str(version)))


def _merge_config(target: dict[str, Any], new: Mapping[str, Any]) -> None:
    """A second config() call adds to the first; tags add up, everything else is replaced."""
    for key, value in new.items():
        if key == "tags" and key in target:
            target[key] = [*_listed(target[key]), *_listed(value)]
        else:
            target[key] = value


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _arguments(text: str, start: int, end: int) -> tuple[list[str], int]:
    """The arguments of a call, split at its top-level commas, and where its parenthesis closes.

    `start` is behind the opening one.
    """
    arguments: list[str] = []
    depth, quote, begin, position = 0, "", start, start
    while position < end:
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            if depth == 0:
                break
            depth -= 1
        elif character == "," and depth == 0:
            arguments.append(text[begin:position])
            begin = position + 1
        position += 1
    last = text[begin:position]
    if last.strip():
        arguments.append(last)
    return arguments, min(position, end)


def segments(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each ``{{ … }}`` and ``{% … %}``; a dictionary's ``}}`` inside does not end it."""
    opening = _OPENING.search(text)
    while opening is not None:
        end = _closing(text, opening)
        yield opening.start(), end
        opening = _OPENING.search(text, end)


def _closing(text: str, opening: re.Match[str]) -> int:
    closing = "}}" if opening[0] == "{{" else "%}"
    depth = 0
    for token in _TOKEN.finditer(text, opening.end()):
        word = token[0]
        if depth == 0 and text.startswith(closing, token.start()):
            return token.start() + 2
        if word in "({[":
            depth += 1
        elif word in ")}]" and depth:
            depth -= 1
    return len(text)


def blocks(
    text: str, pair: tuple[re.Pattern[str], re.Pattern[str]]
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Each opening with its closing; searched one after the other, so that the time stays linear."""
    opening = pair[0].search(text)
    while opening is not None:
        closing = pair[1].search(text, opening.end())
        if closing is None:
            return
        yield opening, closing
        opening = pair[0].search(text, closing.end())
