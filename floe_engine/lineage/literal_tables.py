"""What a model's SQL says as text: tables that it names itself. Runs nothing.

Only what the model's own file says counts: a table that a macro writes is the macro's affair, and a
name without a schema may be a common table expression that a macro made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HOLE = "\ufffc"  # where Jinja stood: nobody can know what it writes
# What is opened and never closed goes to the end of the text, or else each opening would be looked for again.
_JINJA = re.compile(r"\{#.*?(?:#\}|\Z)|\{%.*?(?:%\}|\Z)|\{\{.*?(?:\}\}|\Z)", re.S)
_TOKEN = re.compile(
    rf"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"[^\"]+\"|`[^`]+`|\[[^\[\]\s]+\]|[\w$\-{_HOLE}]+|\S", re.S
)
_WORD = re.compile(rf"[\w{_HOLE}\"`\[]")
_SYSTEM = frozenset({"information_schema", "pg_catalog", "sys", "system"})
_BEFORE_TABLE = ("from", "join")
_AFTER_TABLE = frozenset(
    {"where", "join", "on", "using", "group", "order", "limit", "union", "inner", "left", "right", "full"}
    | {"cross", "natural", "lateral", "having", "qualify", "window", "tablesample", "intersect", "except"}
    | {"as", "select", "pivot", "unpivot", "final", "sample", "asof", "semi", "anti", "prewhere", "array"}
)


def literal_tables(sql: str) -> tuple[tuple[str, int], ...]:
    """The tables that raw SQL names with their schema, each once, and the line of the first mention."""
    if "." not in sql or not re.search(r"\b(?:from|join)\b", sql, re.I):
        return ()
    tokens = list(tokens_of(sql))
    words = [token.casefold() for token, _ in tokens]
    aliases = _aliases(words)
    found: dict[str, int] = {}
    selects: list[bool] = [True]  # whether each open parenthesis holds a query
    for place, word in enumerate(words):
        if word == "(":
            selects.append(False)
        elif word == ")":
            if len(selects) > 1:
                selects.pop()
        elif word in ("select", "delete"):
            selects[-1] = True
        elif (
            word in _BEFORE_TABLE and selects[-1] and (not place or words[place - 1] not in ("distinct", "."))
        ):
            for name, line in _names(tokens, words, place + 1):
                parts = _parts(name)
                if len(parts) > 1 and parts[0] not in aliases and not _SYSTEM.intersection(parts):
                    found.setdefault(name, line)
    return tuple(found.items())


def tokens_of(sql: str) -> Iterator[tuple[str, int]]:
    """What SQL is made of with its line, without comments; Jinja is one hole."""
    plain = _JINJA.sub(lambda match: _blank(match[0]), sql)
    line, end = 1, 0
    for match in _TOKEN.finditer(plain):
        line += plain.count("\n", end, match.start())
        end = match.start()
        if not match[0].startswith(("--", "/*")):
            yield match[0], line


def _blank(jinja: str) -> str:
    lines = "\n" * jinja.count("\n")
    return f"{_HOLE}{lines}" if jinja.startswith("{{") else f" {lines}"


def _aliases(words: Sequence[str]) -> frozenset[str]:
    """Names that a query gives to what it reads or makes: they are no schema."""
    found = set()
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if word == "as" and place and following == "(":
            found.add(_bare(words[place - 1]))
        elif word == "as":
            found.add(_bare(following))
        elif (
            _WORD.match(word)
            and place
            and (words[place - 1] == ")" or _WORD.match(words[place - 1]))
            and words[place - 1] not in ("from", "join", "select", "distinct")
            and following != "."
        ):
            found.add(_bare(word))
    return frozenset(found)


def _names(tokens: Sequence[tuple[str, int]], words: Sequence[str], place: int) -> Iterator[tuple[str, int]]:
    """The tables of one FROM or JOIN: the first, and after commas the next ones."""
    while place < len(words) and _WORD.match(words[place]) and words[place] not in _BEFORE_TABLE:
        line, parts = tokens[place][1], [tokens[place][0]]
        place += 1
        while place + 1 < len(words) and words[place] == "." and _WORD.match(words[place + 1]):
            parts.append(tokens[place + 1][0])
            place += 2
        if place < len(words) and words[place] == "(":
            return  # a function
        if any(_HOLE not in part for part in parts):
            yield ".".join("…" if _HOLE in part else part for part in parts), line
        if place < len(words) and words[place] == "as":
            place += 1
        if place < len(words) and _WORD.match(words[place]) and words[place] not in _AFTER_TABLE:
            place += 1
        if place >= len(words) or words[place] != ",":
            return
        place += 1


def _parts(name: str) -> list[str]:
    """``a.b`` and ```a.b``` alike as their parts, for comparing."""
    return [_bare(part) for part in re.split(r"\.", name.replace("`", "")) if part]


def _bare(word: str) -> str:
    return word.strip('"`[]').casefold()
