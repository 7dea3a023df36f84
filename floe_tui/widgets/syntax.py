"""Syntax colours of one line at a time: of JSON, YAML and SQL, for texts that are read and not edited.

A line is coloured by itself, so that ten thousand cost what those that are seen do. What spans lines (a
block scalar, a comment of several lines) is plain. Pure: columns and names, no colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath
from typing import Final

from rich.style import Style

NAMES: Final = ("key", "string", "number", "word", "comment")

SYNTAX_CLASSES: Final = frozenset(f"syntax--{name}" for name in NAMES)

SYNTAX_CSS: Final = """
    .syntax--key { color: $syntax-key; }
    .syntax--string { color: $syntax-string; }
    .syntax--number { color: $syntax-number; }
    .syntax--word { color: $syntax-word; }
    .syntax--comment { color: $faint; text-style: italic; }
"""

LONGEST: Final = 2_000
"""A longer line is left without colours: nobody reads it."""

_SQL_WORDS: Final = (
    "select|from|where|and|or|not|as|on|join|left|right|inner|full|outer|cross|group|by|order|having|limit|"
    "with|union|all|distinct|case|when|then|else|end|in|is|null|between|like|over|partition|qualify|using|"
    "insert|into|values|update|set|delete|create|table|view|cast|exists|asc|desc|interval|lateral|true|false"
)

_PATTERNS: Final = {
    "json": re.compile(
        r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*")'
        r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?P<word>\b(?:true|false|null)\b)"
    ),
    "yaml": re.compile(
        r"(?P<comment>(?:^|(?<=\s))#.*)"
        r"|(?P<key>(?:(?<=^)|(?<=[\s{,\-]))[A-Za-z_][\w./ -]{0,60}?(?=\s*:(?:\s|$)))"
        r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')"
        r"|(?P<word>[&*!][\w./!-]+|\{\{.*?\}\}|(?<=[\s:\[,])(?:true|false|null|~)(?=[\s,\]}]|$))"
        r"|(?P<number>(?<=[\s:\[,])-?\d+(?:\.\d+)?(?=[\s,\]}]|$))"
    ),
    "sql": re.compile(
        r"(?P<comment>--.*|/\*.*?\*/|\{#.*?#\})|(?P<key>\{\{.*?\}\}|\{%.*?%\})|(?P<string>'(?:[^']|'')*')"
        rf"|(?P<number>\b\d+(?:\.\d+)?\b)|(?P<word>\b(?:{_SQL_WORDS})\b)",
        re.IGNORECASE,
    ),
}

Span = tuple[int, int, str]
"""First column, the one behind the last, and a name of `NAMES`."""


def language_of(name: str) -> str:
    """The language of a file by its name; empty where it has none here."""
    suffix = PurePath(name).suffix.lower()
    return {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".sql": "sql"}.get(suffix, "")


@lru_cache(maxsize=4096)
def spans(language: str, line: str) -> tuple[Span, ...]:
    """What of a line has a colour."""
    pattern = _PATTERNS.get(language)
    if pattern is None or len(line) > LONGEST:
        return ()
    return tuple((*match.span(), match.lastgroup or "") for match in pattern.finditer(line))


def layered(
    start: int, end: int, base: Style, layers: Sequence[tuple[int, int, Style]]
) -> Iterator[tuple[int, int, Style]]:
    """The pieces from `start` to `end` with the styles of all layers that cover them, later ones on top."""
    edges = {start, end}
    for first, last, _ in layers:
        edges |= {max(start, min(end, first)), max(start, min(end, last))}
    points = sorted(edges)
    for left, right in pairwise(points):
        style = base
        for first, last, layer in layers:
            if first <= left and right <= last:
                style = style + layer
        yield left, right, style
