"""For a terminal, without colour: the old value of each change on the left, the new one on the right.

Values that are lists, mappings or long stand on several lines, aligned line by line. Nothing is
cut off: what is wider than its column goes on in the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from floe_engine.output.changes.places import Sides, safe_value, value_text
from floe_engine.output.changes.text import heading, in_file_order, unified
from floe_engine.text import cells, printable
from floe_engine.upgrade.rows import CONTEXT, DiffRow, RowKind, side_by_side
from floe_engine.upgrade.rules import Assessment

NARROWEST = 60
"""Columns of a terminal below which two columns of text are no help."""

MOST_ROWS = 400
"""Lines of one change that are shown."""

_MARKS: Mapping[RowKind, str] = {"same": " ", "changed": "~", "removed": "-", "added": "+", "folded": " "}

_UNIT = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\n|.", re.DOTALL)
"""What no line break may split: a character, or the escape that `printable` shows in its stead."""


def two_columns(assessment: Assessment, sides: Sides, *, width: int = 100) -> Iterator[str]:
    """Changes in the order of the files, both values beside each other, in lines of at most `width` cells.

    Below `NARROWEST` cells they are unified instead.
    """
    if width < NARROWEST:
        yield from unified(assessment, sides)
        return
    column = (width - 5) // 2
    yield from _row(DiffRow(1, printable(sides.old), 1, printable(sides.new), "same"), column)
    yield f"{'─' * (column + 3)}┼{'─' * (column + 1)}"
    for entry in in_file_order(assessment):
        change = entry.change
        yield from _wrapped(printable(heading(entry, sides)), width)
        left = "" if change.kind == "added" else _text(change.old, change.path)
        right = "" if change.kind == "removed" else _text(change.new, change.path)
        rows = side_by_side(left, right, context=CONTEXT)
        for row in rows[:MOST_ROWS]:
            yield from _row(row, column)
        if len(rows) > MOST_ROWS:
            yield f"  … {len(rows) - MOST_ROWS:,} more lines"


def _text(value: Any, path: tuple[str, ...]) -> str:
    """A value over as many lines as it has parts, safe for a terminal, with secrets masked."""
    return "\n".join(_block(safe_value(value, path)))


def _block(value: Any) -> Iterator[str]:
    """The lines of a value, written as YAML would write it in blocks."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _item(f"{printable(str(key))}: ", inner)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from _item("- ", inner)
    elif isinstance(value, str) and "\n" in value:
        yield from printable(value, lines=True).replace("\t", "  ").split("\n")
    elif isinstance(value, str):
        yield printable(value).replace("\t", "  ")
    else:
        yield value_text(value, ())


def _item(lead: str, value: Any) -> Iterator[str]:
    lines = list(_block(value))
    if lead == "- " or (len(lines) == 1 and not (isinstance(value, Mapping | list) and value)):
        yield f"{lead}{lines[0]}"
        lines = lines[1:]
    else:
        yield lead.rstrip()
    yield from (f"  {line}" for line in lines)


def _row(row: DiffRow, column: int) -> Iterator[str]:
    """A row over as many lines as its longer side needs."""
    if row.kind == "folded":
        yield f"  ⋯ {row.hidden:,} equal"
        return
    for left, right in zip_longest(_wrapped(row.left, column), _wrapped(row.right, column), fillvalue=""):
        yield f"{_MARKS[row.kind]} {left}{' ' * (column - cells(left))} │ {right}".rstrip()


def _wrapped(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` cells, broken after a space where there is one."""
    line: list[str] = []
    used = 0
    for unit in _UNIT.findall(text):
        size = cells(unit)
        if used + size > width:
            spaces = [
                place for place, each in enumerate(line) if each == " " and "".join(line[:place]).strip()
            ]
            end = spaces[-1] + 1 if spaces else len(line)
            yield "".join(line[:end]).rstrip()
            line = line[end:]
            used = sum(map(cells, line))
        line.append(unit)
        used += size
    yield "".join(line)
