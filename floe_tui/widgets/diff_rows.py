"""Which line of one text stands beside which of another. Pure data; made in a worker.

`difflib` with its junk heuristic: without it, repetitive YAML of 5,000 lines takes half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed", "changed", "folded"]

CONTEXT = 3
"""Equal lines kept around a change where the rest is folded away."""


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of a side-by-side view: zero-based line numbers, None where a side has nothing.

    A ``folded`` row stands for `hidden` equal lines.
    """

    kind: Kind
    old: int | None = None
    new: int | None = None
    hidden: int = 0


def align(old: Sequence[str], new: Sequence[str]) -> tuple[DiffRow, ...]:
    """The rows of the side-by-side view of two texts' lines."""
    rows: list[DiffRow] = []
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            rows += [DiffRow("same", old_start + i, new_start + i) for i in range(old_end - old_start)]
            continue
        olds, news = range(old_start, old_end), range(new_start, new_end)
        both = min(len(olds), len(news))
        rows += [DiffRow("changed", olds[i], news[i]) for i in range(both)]
        rows += [DiffRow("removed", line, None) for line in olds[both:]]
        rows += [DiffRow("added", None, line) for line in news[both:]]
    return tuple(rows)


def fold(rows: Sequence[DiffRow], context: int = CONTEXT) -> tuple[DiffRow, ...]:
    """`rows` without the equal lines that are farther than `context` from a change."""
    near = [False] * len(rows)
    for index, row in enumerate(rows):
        if row.kind != "same":
            for at in range(max(0, index - context), min(len(rows), index + context + 1)):
                near[at] = True
    result: list[DiffRow] = []
    hidden = 0
    for row, keep in zip(rows, near, strict=True):
        if not keep:
            hidden += 1
            continue
        if hidden:
            result.append(DiffRow("folded", hidden=hidden))
            hidden = 0
        result.append(row)
    if hidden:
        result.append(DiffRow("folded", hidden=hidden))
    return tuple(result)


def unify(rows: Sequence[DiffRow]) -> tuple[DiffRow, ...]:
    """`rows` for one column: of each run of changes, the removed lines and then the added ones."""
    return tuple(_unified(rows))


def _unified(rows: Sequence[DiffRow]) -> Iterator[DiffRow]:
    removed: list[DiffRow] = []
    added: list[DiffRow] = []
    for row in rows:
        if row.kind in ("same", "folded"):
            yield from removed
            yield from added
            removed, added = [], []
            yield row
            continue
        if row.old is not None:
            removed.append(DiffRow("removed", row.old, None))
        if row.new is not None:
            added.append(DiffRow("added", None, row.new))
    yield from removed
    yield from added


def changed_part(old: str, new: str) -> tuple[int, int, int]:
    """Where two lines differ: columns before which and after which (from the end, both) they agree.

    Returns the common prefix's length and the ends of the differing parts of `old` and of `new`.
    """
    limit = min(len(old), len(new))
    prefix = next((i for i in range(limit) if old[i] != new[i]), limit)
    rest = limit - prefix
    suffix = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    return prefix, len(old) - suffix, len(new) - suffix
