"""Where a dbt properties file declares a name: a scan over its lines, no YAML parser.

A manifest names the file that describes a model but not the line. This finds the lines of a
whole project in milliseconds; a file too odd for it gives no line, never a wrong file. What the
YAML means does not belong here.
"""

from __future__ import annotations

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
_TELLING = frozenset({"name", *_LEVELS, *_SWALLOWED})
"""Keys that say where a name belongs; any other does only where an item begins with it."""
_LINE = pattern(
    r"\n( *+)(?:(-[ ]++(?:\{ *+)?+)([A-Za-z_]++)|(" + "|".join(sorted(_TELLING)) + r")) *+:([^\n]*+)"
)
"""Indent, what begins an item with its key, or another key that tells, and the value."""
_INLINE = pattern(r"\{ *name *: *(\"[^\"\n]*\"|'[^'\n]*'|[^,}\n]+)")


def declared_lines(text: str) -> Mapping[Path, int]:
    """The 1-based line of each model, seed, snapshot, source, source table and column, and of what else
    stands in YAML: exposures, macros, semantic models, unit tests."""
    found: dict[Path, int] = {}
    # One entry per open section: column of its key, its kind, column of its items' keys, item name.
    stack: list[tuple[int, str, int, str]] = []
    above: Path | None = None  # what the path of an item of the innermost section begins with
    moved = False  # since then
    line, seen = 0, 0
    text = f"\n{text}"
    for match in _LINE.finditer(text):
        indent, dash, first, key, value = match.groups()
        key = key or first
        start = len(indent)
        column = start + len(dash or "")
        if key == "name":
            while stack and stack[-1][0] > start:
                stack.pop()
                moved = True
            if not stack:
                continue
            opened, kind, items, _ = stack[-1]
            if dash:
                items = column
                if dash.endswith(("{", "{ ")):
                    value = value.split(",", 1)[0].rstrip(" }")
            elif column != items:
                continue
            name = _scalar(value)
            stack[-1] = (opened, kind, items, name)
            if moved:
                above, moved = _above(stack), False
            if above is not None:
                line += text.count("\n", seen, match.start() + 1)
                seen = match.start() + 1
                path = above if kind == "versions" else (*above, name)
                if len(path) > 2 and all(entry[1] != "versions" for entry in stack):
                    found[path] = line  # of a column that is declared twice dbt takes the later
                else:
                    found.setdefault(path, line)
        elif key in _TELLING:
            while stack and stack[-1][0] >= column:
                stack.pop()
            if dash and stack:  # the item begins with this key; its name comes later
                opened, kind, _, name = stack[-1]
                stack[-1] = (opened, kind, column, "")
            stack.append((column, key, -1, ""))
            moved = True
            if "{" in value and (above := _above(stack)) is not None:
                line += text.count("\n", seen, match.start() + 1)
                seen = match.start() + 1
                for inline in _INLINE.finditer(value):
                    path = above if key == "versions" else (*above, _scalar(inline[1]))
                    found.setdefault(path, line)
        else:
            while stack and stack[-1][0] > start:
                stack.pop()
                moved = True
            if stack:
                opened, kind, _, _ = stack[-1]
                stack[-1] = (opened, kind, column, "")
    return found


def _above(stack: list[tuple[int, str, int, str]]) -> Path | None:
    """Section and names down to the innermost section's items; None where nobody asks for their lines."""
    # A version's own columns are columns of the model as well.
    kept = [entry for entry in stack if entry[1] != "versions"]
    kinds = [entry[1] for entry in kept]
    if not kinds or kinds[0] not in _SECTIONS:
        return None
    expected = ["sources", "tables", "columns"] if kinds[0] == "sources" else [kinds[0], "columns"]
    if kinds != expected[: len(kinds)]:
        return None
    names = [entry[3] for entry in kept]
    return (kinds[0], *(names if stack[-1][1] == "versions" else names[:-1]))


def _scalar(value: str) -> str:
    text = value.strip()
    if text[:1] in {'"', "'"}:
        return text[1:].split(text[0], 1)[0]
    return text.split(" #", 1)[0].strip()
