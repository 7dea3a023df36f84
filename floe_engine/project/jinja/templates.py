"""The templates of one project: what each says to dbt, and what its SQL looks like without Jinja."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from floe_engine.patterns import pattern
from floe_engine.project.jinja.calls import CONFIGS, Calls, Gap, Named, Unreadable, reference
from floe_engine.project.jinja.macros import Macros
from floe_engine.project.jinja.reading import Reading, TooMuch
from floe_engine.project.jinja.syntax import BrokenTemplate, is_template, parse, parsed
from floe_engine.project.jinja.values import known

if TYPE_CHECKING:
    from jinja2 import nodes

_TOO_MUCH = "Jinja that writes too much or is nested too deeply"


class Block(Struct, frozen=True):
    """A ``{% snapshot %}`` or a generic test of a file."""

    name: str
    line: int
    """Of its first line, 1-based."""
    calls: Calls
    code: str
    """What stands between its tags."""


class Templates(Struct, frozen=True):
    """What the templates of a project are read with: ``var``, ``env_var`` and macros."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    macros: Macros = field(default_factory=Macros)

    # --- SQL -----------------------------------------------------------------------------------

    def calls(self, text: str) -> Calls:
        """The config, ref and source calls of a SQL file, those of the macros that it calls included.

        What only dbt could tell stands among the gaps.
        """
        reading = self._reading()
        parts = None if self.macros.defines(_RELATIONS) else _expressions(text)
        if parts is None:
            self._read(reading, text)
            return reading.settle()
        for line, part in parts:
            if (found := _literal(part)) is None:
                self._read(reading, part, line=line)
            elif found not in reading.calls.parents:
                reading.calls.parents.append(found)
        return reading.settle()

    def blocks(self, text: str, *kinds: str) -> Iterator[Block]:
        """Each snapshot (`kinds` ``snapshot``) or generic test (``test``, ``data_test``) of a file.

        A macro called ``test_…`` is a generic test too. Raises `BrokenTemplate`.
        """
        from jinja2 import nodes

        tests = "test" in kinds
        lines = [0, 0, *(match.end() for match in _NEWLINE.finditer(text))]
        for node in parse(text).find_all(nodes.Macro):
            kind, _, name = node.name.partition(" ")
            if tests and not name and kind.startswith("test_"):
                kind, name = "test", kind.removeprefix("test_")
            if kind in kinds and name:
                reading = self._reading()
                self._read(reading, text, node.body)
                yield Block(
                    name, node.lineno, reading.settle(), _between(text, lines[node.lineno], kind, name)
                )

    def plain(self, code: str) -> tuple[str, dict[str, str]]:
        """SQL that a parser takes, and what its stand-in table names stand for.

        Those are ``ref:orders``, ``source:raw.orders`` (folded) and ``this``. Of a condition that
        cannot be decided the first branch stays; an incremental model is taken as on its first run,
        which is how ``dbt compile`` shows it too. Raises `BrokenTemplate`, `TooMuch`.
        """
        reading = self._reading(runtime=True)
        return reading.text(code), reading.tables

    # --- YAML ----------------------------------------------------------------------------------

    def render(self, text: str) -> Any:
        """A YAML string with its Jinja filled in; one that is nothing else keeps its type.

        Raises `Unreadable` where any part is not to be known, or it names a relation: that is a hook, which
        dbt renders for the model it stands at.
        """
        if not is_template(text):
            return text
        reading = self._reading()
        try:
            value = reading.value(text)
        except BrokenTemplate:
            raise Unreadable from None
        if not known(value) or reading.calls.parents:
            raise Unreadable
        return value

    def render_or_keep(self, text: str) -> Any:
        """Like `render`, but what only dbt could tell stays as it is written."""
        try:
            return self.render(text)
        except Unreadable:
            return text

    def parent_of(self, text: str) -> Named:
        """``ref('x')`` or ``source('a', 'b')`` as exposures and YAML snapshots write it, in braces or
        without. Raises `Unreadable`."""
        calls = self.calls(text if is_template(text) else f"{{{{ {text} }}}}")
        if len(calls.parents) != 1:
            raise Unreadable
        return calls.parents[0]

    # --- inside --------------------------------------------------------------------------------

    def _reading(self, *, runtime: bool = False) -> Reading:
        return Reading(self.macros, self.variables, self.environ, runtime=runtime)

    def _read(
        self, reading: Reading, text: str, body: list[nodes.Node] | None = None, *, line: int = 1
    ) -> None:
        try:
            if body is None and is_template(text):
                body = (parsed if len(text) < 500 else parse)(text).body
            reading.text(text, body, line=line)
        except BrokenTemplate as error:
            reading.calls.gaps.append(Gap(f"broken Jinja ({error})", line + error.line - 1, parents=True))
        except TooMuch:
            reading.calls.gaps.append(Gap(_TOO_MUCH, line, parents=True))


_MAX_DOTS = 1_000
_IMPORT = pattern(r"\b(?:from|import)\b")
_NEWLINE = pattern(r"\r\n|\r|\n")  # as jinja2 counts lines
_RELATIONS = frozenset({"ref", "source"})
_PLAIN_STRING = r"""'[^'\\{}]*'|"[^"\\{}]*\""""
_PLAIN = rf"""[^{{}}'"\\]|{_PLAIN_STRING}"""
_MAPPING = rf"\{{(?:{_PLAIN}|\{{(?:{_PLAIN})*+\}})*+\}}"
_PART = pattern(rf"(?s:\{{\#.*?\#\}})|\{{\{{(?:{_PLAIN}|{_MAPPING})*+\}}\}}")
"""A comment, or an expression, which may have mappings in it: ``config(meta={'owner': 'a'})``."""
_BEGINS = pattern(r"\{[{%#]")
_LITERAL = pattern(
    rf"\{{\{{-?\s*(ref|source)\(\s*({_PLAIN_STRING})\s*(?:,\s*({_PLAIN_STRING})\s*)?\)\s*-?\}}\}}"
)


def _expressions(text: str) -> list[tuple[int, str]] | None:
    """Line and text of each ``{{ … }}`` of a template that has nothing else, so that each stands alone.

    None where there are statements, or backslashes or odd braces within an expression: most models are
    without, and their expressions are the same over and over. Comments say nothing.
    """
    if "{%" in text or "return" in text:
        return None
    parts, line, counted, end = [], 1, 0, 0
    while begun := _BEGINS.search(text, end):
        start = begun.start()
        match = _PART.match(text, start)
        if match is None:  # nor is it looked for any further on, each time to the end
            return None
        end = match.end()
        if text.startswith("{{", start):
            if _BEGINS.search(text, start + 2, end):
                return None
            line += text.count("\n", counted, start)
            counted = start
            parts.append((line, match[0]))
    return parts


def _literal(expression: str) -> Named | None:
    """What a ``ref`` or ``source`` with nothing but text in it names."""
    match = _LITERAL.fullmatch(expression)
    if match is None:
        return None
    args = [argument[1:-1] for argument in (match[2], match[3]) if argument is not None]
    return reference(match[1], args, {}) if match[1] == "ref" or len(args) == 2 else None


def python_calls(source: str) -> Calls:
    """The ``dbt.config``, ``dbt.ref`` and ``dbt.source`` calls of a Python model.

    Raises `SyntaxError` where it is not Python.
    """
    calls = Calls()
    # CPython joins a dotted name of an import anew at each dot: ten thousand of them would take minutes.
    for line in source.replace("\\\n", "").splitlines():
        if line.count(".") > _MAX_DOTS and _IMPORT.search(line):
            raise SyntaxError("a name of too many parts")
    try:
        tree = ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("dbt"), "config" | "ref" | "source" as name)):
                _take_python(calls, name, node)
    return calls


def _take_python(calls: Calls, name: str, node: ast.Call) -> None:
    named: dict[str, Any] = {}
    try:
        for keyword in node.keywords:
            try:
                named[keyword.arg or ""] = ast.literal_eval(keyword.value)
            except (ValueError, TypeError, RecursionError):
                if name != "config":
                    raise
                calls.unread.add(keyword.arg or "*")
                if keyword.arg in CONFIGS:
                    calls.gaps.append(Gap(f"config({keyword.arg}=…)", node.lineno))
        if name == "config":
            calls.configure(named)
            return
        found = reference(name, [ast.literal_eval(argument) for argument in node.args], named)
    except (Unreadable, ValueError, TypeError, RecursionError):
        calls.gaps.append(Gap(f"dbt.{name}()", node.lineno, parents=True))
        return
    if found not in calls.parents:
        calls.parents.append(found)


def _between(text: str, begins: int, kind: str, name: str) -> str:
    """The source between a block's tags. Where its line `begins` is known; where in it is looked up here."""
    opening = re.compile(rf"\{{%[-+]?\s*{kind}\s+{re.escape(name)}\b[^%]*%\}}").search(text, begins)
    if opening is None:
        return ""
    closing = re.compile(rf"\{{%[-+]?\s*end{kind}\s*[-+]?%\}}").search(text, opening.end())
    return text[opening.end() : closing.start()].strip() if closing is not None else ""
