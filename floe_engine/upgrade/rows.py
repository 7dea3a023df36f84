"""Which line of one text stands beside which of another, for side-by-side and unified output.

Pure data: no colour, no width. `difflib` runs with its junk heuristic and never over more than
`ALIGNED_LINES` lines that differ, because repetitive YAML makes it quadratic; beyond that the rest
is put side by side as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from msgspec import Struct

RowKind = Literal["same", "changed", "removed", "added", "folded"]

CONTEXT = 3
"""Equal lines that stay around a change where the others are folded away."""

ALIGNED_LINES = 20_000
"""Lines of both sides, without what is equal at the ends, that are aligned one by one."""


class DiffRow(Struct, frozen=True):
    """One line of a comparison. Numbers are one-based; None where a side has no line.

    A ``folded`` row stands for `hidden` equal lines.
    """

    left_no: int | None
    left: str
    right_no: int | None
    right: str
    kind: RowKind
    hidden: int = 0


def side_by_side(left: str, right: str, *, context: int | None = None) -> list[DiffRow]:
    """The rows that put two texts side by side; with `context`, far equal lines are folded."""
    aligned = list(_align(_lines(left), _lines(right)))
    return aligned if context is None else folded(aligned, context)


def folded(aligned: Sequence[DiffRow], context: int = CONTEXT) -> list[DiffRow]:
    """The same rows without the equal lines that are farther than `context` from a change."""
    return list(_folded(aligned, context))


def changed_part(left: str, right: str) -> tuple[int, int, int]:
    """Where two lines differ: the length of what they begin alike, and the ends of what differs.

    What stands behind ``left[start:left_end]`` and ``right[start:right_end]`` is alike again.
    """
    limit = min(len(left), len(right))
    start = next((i for i in range(limit) if left[i] != right[i]), limit)
    rest = limit - start
    alike = next((i for i in range(rest) if left[-1 - i] != right[-1 - i]), rest)
    return start, len(left) - alike, len(right) - alike


def one_column(aligned: Sequence[DiffRow]) -> list[DiffRow]:
    """The same rows for one column: of each run of changes the removed lines, then the added."""
    result: list[DiffRow] = []
    added: list[DiffRow] = []
    for row in aligned:
        if row.kind in ("same", "folded"):
            result += (*added, row)
            added = []
            continue
        if row.left_no is not None:
            result.append(DiffRow(row.left_no, row.left, None, "", "removed"))
        if row.right_no is not None:
            added.append(DiffRow(None, "", row.right_no, row.right, "added"))
    return result + added


def _lines(text: str) -> list[str]:
    """Lines as an editor counts them; other line separators of Unicode are text."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _align(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffRow]:
    start = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    yield from _same(old, new, 0, 0, start)
    middle_old, middle_new = old[start : len(old) - tail], new[start : len(new) - tail]
    for same, i, i_end, j, j_end in _blocks(middle_old, middle_new):
        if same:
            yield from _same(old, new, start + i, start + j, i_end - i)
        else:
            yield from _different(old, new, range(start + i, start + i_end), range(start + j, start + j_end))
    yield from _same(old, new, len(old) - tail, len(new) - tail, tail)


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    if len(old) + len(new) > ALIGNED_LINES:
        yield False, 0, len(old), 0, len(new)
        return
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=True).get_opcodes():
        yield tag == "equal", i, i_end, j, j_end


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines two texts have in common at their beginning."""
    length = min(len(old), len(new))
    return next((i for i in range(length) if old[i] != new[i]), length)


def _same(old: Sequence[str], new: Sequence[str], i: int, j: int, count: int) -> Iterator[DiffRow]:
    for step in range(count):
        yield DiffRow(i + step + 1, old[i + step], j + step + 1, new[j + step], "same")


def _different(old: Sequence[str], new: Sequence[str], lefts: range, rights: range) -> Iterator[DiffRow]:
    both = min(len(lefts), len(rights))
    for i, j in zip(lefts, rights, strict=False):
        yield DiffRow(i + 1, old[i], j + 1, new[j], "same" if old[i] == new[j] else "changed")
    for i in lefts[both:]:
        yield DiffRow(i + 1, old[i], None, "", "removed")
    for j in rights[both:]:
        yield DiffRow(None, "", j + 1, new[j], "added")


def _folded(aligned: Sequence[DiffRow], context: int) -> Iterator[DiffRow]:
    near = [False] * len(aligned)
    for index, row in enumerate(aligned):
        if row.kind != "same":
            first, last = max(0, index - context), min(len(aligned), index + context + 1)
            near[first:last] = [True] * (last - first)
    hidden = 0
    for row, keep in zip(aligned, near, strict=True):
        if not keep:
            hidden += 1
            continue
        if hidden:
            yield DiffRow(None, "", None, "", "folded", hidden)
            hidden = 0
        yield row
    if hidden:
        yield DiffRow(None, "", None, "", "folded", hidden)
