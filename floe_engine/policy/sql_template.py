"""A model's SQL without its Jinja, as far as that can be had without running dbt.

For SQL that dbt has not compiled. Refs and sources become stand-in tables, literal variables,
loops and conditions are worked out, and what only dbt could tell becomes a name that the tracer
reports as unresolved. No macro is run, and no SQL is understood here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from floe_engine.project.jinja import COMMENT, RAW, Unknown, Values, blocks, segments

UNKNOWN = "floe_jinja_value"
"""What stands where only dbt could tell."""

_LIMIT = 600_000
"""Characters that may be written, where a question to `Values` costs as much as `_QUESTION`."""
_QUESTION = 20
_ROUNDS = 100
"""Items of a list that a loop goes through; a longer one is gone through once, as an unknown one."""

_REF = re.compile(r"^\s*(?:builtins\.)?ref\(\s*(?:['\"][^'\"]+['\"]\s*,\s*)?['\"]([^'\"]+)['\"]")
_SOURCE = re.compile(r"^\s*(?:builtins\.)?source\(\s*['\"]([^'\"]+)['\"]\s*,\s*['\"]([^'\"]+)['\"]")
_NOTHING = re.compile(r"^\s*(?:(?:config|log|print|return|do|set)\s*\(|dbt_utils\.group_by\s*\(|$)")
_HASHING = re.compile(r"\b(?:generate_surrogate_key|surrogate_key|hash)\s*\(")
_STAR = re.compile(r"^\s*dbt_utils\.star\s*\((?!.*\b(?:prefix|suffix)\s*=)", re.S)
_INCREMENTAL = re.compile(r"\bis_incremental\(\s*\)")
_FOR = re.compile(r"for\s+(\w+)\s+in\s+(.+)", re.S)
_SET = re.compile(r"set\s+(\w+)\s*=(?!=)(.*)", re.S)
_SKIPPED = frozenset({"macro", "call", "set", "docs", "test", "materialization"})
"""Blocks whose content is no part of the query; `set` without a value is one."""


_MAX_DEPTH = 50
"""Blocks inside each other."""


class TooMuch(Exception):
    """Its loops write more than anybody could have meant, or its blocks are nested too deeply."""


@dataclass
class _Block:
    """A statement with a body: the root, a branch, a loop, or what is skipped."""

    word: str
    head: str = ""
    body: list[Any] = field(default_factory=list)
    """Text, outputs (`_Output`), settings (`_Block` of ``set`` with a value) and blocks."""
    rest: list[_Block] = field(default_factory=list)
    """The further branches of a condition or loop."""


@dataclass(frozen=True, slots=True)
class _Output:
    expression: str


def plain(code: str) -> tuple[str, dict[str, str]]:
    """SQL that a parser takes, and what its stand-in table names stand for.

    Those are ``ref:orders``, ``source:raw.orders`` and ``this``, folded. Of a condition that cannot
    be decided the first branch stays; an incremental model is taken as on its first run, which is
    how ``dbt compile`` shows it too. Raises `TooMuch`.
    """
    if "{" not in code:
        return code, {}
    text = _unwrapped(_unwrapped(code, COMMENT, keep=False), RAW, keep=True)
    writer = _Writer()
    writer.write(_parse(text).body, {})
    return "".join(writer.parts), writer.tables


def _unwrapped(text: str, pair: tuple[re.Pattern[str], re.Pattern[str]], *, keep: bool) -> str:
    parts: list[str] = []
    end = 0
    for opening, closing in blocks(text, pair):
        parts += [text[end : opening.start()], text[opening.end() : closing.start()] if keep else " "]
        end = closing.end()
    return "".join([*parts, text[end:]]) if parts else text


def _parse(text: str) -> _Block:
    root = _Block("")
    # Each open block with the list that is being filled: its own body, or that of its last branch.
    stack: list[tuple[_Block, list[Any]]] = [(root, root.body)]
    end = 0
    for start, stop in segments(text):
        stack[-1][1].append(text[end:start])
        end = stop
        inner = text[start + 2 : stop - 2].strip().strip("-").strip()
        if text.startswith("{{", start):
            stack[-1][1].append(_Output(inner))
            continue
        word = re.match(r"\w*", inner)[0]  # type: ignore[index]  # \w* matches anything
        if word.startswith("end"):
            if len(stack) > 1:
                stack.pop()
        elif word in {"elif", "else"} and len(stack) > 1:
            branch = _Block(word, inner.removeprefix(word))
            stack[-1][0].rest.append(branch)
            stack[-1] = (stack[-1][0], branch.body)
        elif word in {"if", "for"} or word in _SKIPPED:
            block = _Block(word, inner.removeprefix("if") if word == "if" else inner)
            stack[-1][1].append(block)
            if word != "set" or "=" not in inner:
                stack.append((block, block.body))
                if len(stack) > _MAX_DEPTH:
                    raise TooMuch
    stack[-1][1].append(text[end:])
    return root


class _Writer:
    """Writes blocks out. `names` are what ``{% set %}`` and loops name, as far as it is known."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.tables: dict[str, str] = {}
        self._spent = 0

    def write(self, body: list[Any], names: dict[str, Any]) -> None:
        for item in body:
            if isinstance(item, str):
                self._add(item)
                continue
            self._spend(_QUESTION)
            if isinstance(item, _Output):
                self._add(self._output(item.expression, names))
            elif item.word == "if":
                self._condition(item, names)
            elif item.word == "for":
                self._loop(item, names)
            elif item.word == "set" and (setting := _SET.match(item.head)):
                names.pop(setting[1], None)
                for value in _known(setting[2], names):
                    names[setting[1]] = value

    def _add(self, text: str) -> None:
        self._spend(len(text) + 1)  # so that loops with nothing in them end too
        self.parts.append(text)

    def _spend(self, cost: int) -> None:
        self._spent += cost
        if self._spent > _LIMIT:
            raise TooMuch

    def _condition(self, block: _Block, names: dict[str, Any]) -> None:
        for branch in (block, *block.rest):
            head = _INCREMENTAL.sub("False", branch.head)
            verdict = next(_known(head, names), True) if branch.word != "else" else True
            if verdict:
                self.write(branch.body, names)
                return

    def _loop(self, block: _Block, names: dict[str, Any]) -> None:
        head = _FOR.match(block.head)
        items = next(_known(head[2], names), None) if head else None
        if not isinstance(items, list) or len(items) > _ROUNDS or not all(map(_scalar, items)):
            inside = {name: value for name, value in names.items() if head is None or name != head[1]}
            self.write(block.body, inside | {"loop": {"first": True, "last": True}})
            return
        for index, item in enumerate(items):
            loop = {"first": index == 0, "last": index == len(items) - 1, "index0": index, "index": index + 1}
            self.write(block.body, {**names, head[1]: item, "loop": loop} if head else dict(names))

    def _output(self, expression: str, names: Mapping[str, Any]) -> str:
        if found := _REF.match(expression):
            return self._table(f"ref:{found[1].casefold()}")
        if found := _SOURCE.match(expression):
            return self._table(f"source:{found[1]}.{found[2]}".casefold())
        if expression == "this":
            return self._table("this")
        if _NOTHING.match(expression):
            return " "
        if _STAR.match(expression):
            return "*"  # with what it leaves out: more columns, never fewer
        # A surrogate key is a hash in every package that makes one.
        if _HASHING.search(expression):
            return "NULL"
        for value in _known(expression, names):
            if _scalar(value):
                return str(value)
        return UNKNOWN

    def _table(self, meaning: str) -> str:
        name = f"floe_table_{len(self.tables)}"
        self.tables[name] = meaning
        return name


def _known(expression: str, names: Mapping[str, Any]) -> Iterator[Any]:
    """The value of an expression; nothing where only dbt could tell."""
    try:
        yield Values(names=names).evaluate(expression)
    except Unknown:
        return


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
