"""Where a dbt properties file declares a name: a scan over its lines, no YAML parser.

A manifest names the file that describes a model but not the line. This finds the lines of a
whole project in milliseconds; a file too odd for it gives no line, never a wrong file. What the
YAML means does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from floe_engine.patterns import pattern

Path = tuple[str, ...]
"""``("models", "orders", "id")``: section, then the names down to a column."""

_SECTIONS = (
    *("models", "seeds", "snapshots", "sources"),
    *("exposures", "macros", "semantic_models", "unit_tests"),
)
_LEVELS = frozenset({*_SECTIONS, "tables", "columns", "versions"})
_SWALLOWED = frozenset(
    {"tests", "data_tests", "constraints", "meta", "config", "arguments", "depends_on"}
    | {"entities", "dimensions", "measures", "given", "expect", "overrides"}
)
_LINE = pattern(r"^(?P<indent> *)(?P<dash>-[ ]+(?:\{ *)?)?(?P<key>[A-Za-z_]+) *:(?P<value>[^\n]*)", re.M)
_INLINE = pattern(r"\{ *name *: *(\"[^\"\n]*\"|'[^'\n]*'|[^,}\n]+)")


def declared_lines(text: str) -> Mapping[Path, int]:
    """The 1-based line of each model, seed, snapshot, source, source table and column, and of what else
    stands in YAML: exposures, macros, semantic models, unit tests."""
    found: dict[Path, int] = {}
    # One entry per open section: column of its key, its kind, column of its items' keys, item name.
    stack: list[tuple[int, str, int, str]] = []
    line, seen = 1, 0
    for match in _LINE.finditer(text):
        key = match["key"]
        start = len(match["indent"])
        column = start + len(match["dash"] or "")
        if key == "name":
            while stack and stack[-1][0] > start:
                stack.pop()
            if not stack:
                continue
            opened, kind, items, _ = stack[-1]
            if match["dash"]:
                items = column
            elif column != items:
                continue
            value = match["value"]
            if (match["dash"] or "").endswith(("{", "{ ")):
                value = value.split(",", 1)[0].rstrip(" }")
            name = _scalar(value)
            stack[-1] = (opened, kind, items, name)
            path = _path(stack)
            if path is not None:
                line += text.count("\n", seen, match.start())
                seen = match.start()
                if len(path) > 2 and all(entry[1] != "versions" for entry in stack):
                    found[path] = line  # of a column that is declared twice dbt takes the later
                else:
                    found.setdefault(path, line)
        elif key in _LEVELS or key in _SWALLOWED:
            while stack and stack[-1][0] >= column:
                stack.pop()
            if match["dash"] and stack:  # the item begins with this key; its name comes later
                opened, kind, _, name = stack[-1]
                stack[-1] = (opened, kind, column, "")
            stack.append((column, key, -1, ""))
            if "{" in match["value"]:
                line += text.count("\n", seen, match.start())
                seen = match.start()
                for inline in _INLINE.finditer(match["value"]):
                    path = _path([*stack[:-1], (column, key, -1, _scalar(inline[1]))])
                    if path is not None:
                        found.setdefault(path, line)
        elif match["dash"]:
            while stack and stack[-1][0] > start:
                stack.pop()
            if stack:
                opened, kind, _, _ = stack[-1]
                stack[-1] = (opened, kind, column, "")
    return found


def _path(stack: list[tuple[int, str, int, str]]) -> Path | None:
    # A version's own columns are columns of the model as well.
    stack = [entry for entry in stack if entry[1] != "versions"]
    kinds = [entry[1] for entry in stack]
    if not kinds or kinds[0] not in _SECTIONS:
        return None
    expected = ["sources", "tables", "columns"] if kinds[0] == "sources" else [kinds[0], "columns"]
    if kinds != expected[: len(kinds)]:
        return None
    return (kinds[0], *(entry[3] for entry in stack))


def _scalar(value: str) -> str:
    text = value.strip()
    if text[:1] in {'"', "'"}:
        return text[1:].split(text[0], 1)[0]
    return text.split(" #", 1)[0].strip()
