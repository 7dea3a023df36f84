"""Two texts made one, hunk by hunk. Pure values; `panels.differing` shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from floe_engine import DiffRow

Side = Literal["mine", "theirs", "both"]

SIDES: tuple[Side, ...] = ("mine", "theirs", "both")


def hunks(rows: Sequence[DiffRow]) -> int:
    """How many runs of lines differ."""
    return sum(1 for same, _ in _runs(rows) if not same)


def merged(rows: Sequence[DiffRow], sides: Sequence[Side], *, newline: bool = True) -> str:
    """The text of aligned `rows` (theirs left, mine right) with a side chosen for each hunk.

    `newline`: it ends with one. Line ends are LF.
    """
    lines: list[str] = []
    number = 0
    for same, run in _runs(rows):
        if same:
            lines += (row.right for row in run)
            continue
        side = sides[number]
        number += 1
        if side != "mine":
            lines += (row.left for row in run if row.left_no is not None)
        if side != "theirs":
            lines += (row.right for row in run if row.right_no is not None)
    text = "\n".join(lines)
    return f"{text}\n" if newline and lines else text


def _runs(rows: Sequence[DiffRow]) -> Iterator[tuple[bool, list[DiffRow]]]:
    run: list[DiffRow] = []
    for row in rows:
        if run and (row.kind == "same") != (run[0].kind == "same"):
            yield run[0].kind == "same", run
            run = []
        run.append(row)
    if run:
        yield run[0].kind == "same", run
