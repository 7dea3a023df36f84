"""Blocks that stand elsewhere now: removed in one place of a text and added, line for line, in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from floe_engine import DiffRow

LEAST = 2
"""Lines of a block that is worth being called moved: one alone may be alike by chance."""

WORTH = 12
"""Letters and digits that such a block has at least: two brackets moved nowhere."""

MOST = 20_000
"""Lines that are looked at; in more of them nobody looks for what moved."""

ALIKE = 30
"""Places that a line is looked for in: one that stands everywhere, such as a bracket, tells nothing."""


class Moved(Struct, frozen=True):
    """Lines (from 1) of moved blocks, each with the line where its block's begin is in the other text.

    Only a block's first line has a place; of the others it is 0.
    """

    old: Mapping[int, int]
    new: Mapping[int, int]
    blocks: int = 0


NOTHING = Moved({}, {})


def moved_blocks(rows: Sequence[DiffRow]) -> Moved:
    """What moved between the two texts of aligned rows; indentation may have changed on the way."""
    changed = [row for row in rows if row.kind not in ("same", "folded")]
    gone = {row.left_no: row.left.strip() for row in changed if row.left_no is not None}
    come = {row.right_no: row.right.strip() for row in changed if row.right_no is not None}
    if not gone or not come or len(gone) + len(come) > MOST:
        return NOTHING
    places: dict[str, list[int]] = {}
    for number, text in come.items():
        places.setdefault(text, []).append(number)
    old: dict[int, int] = {}
    new: dict[int, int] = {}
    blocks = 0
    for number, text in gone.items():
        if number in old:
            continue
        candidates = places.get(text, ())
        if not text or len(candidates) > ALIKE:
            continue
        size, at = max(((_length(gone, come, number, to, new), to) for to in candidates), default=(0, 0))
        lines = [gone[number + step] for step in range(size)]
        if size < LEAST or sum(sign.isalnum() for line in lines for sign in line) < WORTH:
            continue
        for step in range(size):
            old[number + step], new[at + step] = 0, 0
        old[number], new[at] = at, number
        blocks += 1
    return Moved(old, new, blocks)


def _length(
    gone: Mapping[int, str], come: Mapping[int, str], old: int, new: int, taken: Mapping[int, int]
) -> int:
    """How many lines from these two on are alike."""
    size = 0
    while (
        old + size in gone
        and new + size in come
        and new + size not in taken
        and gone[old + size] == come[new + size]
    ):
        size += 1
    return size
