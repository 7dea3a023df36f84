"""The ways of sensitive columns as a picture: a tree from left to right, in SVG."""

from __future__ import annotations

from collections.abc import Sequence

from floe_engine.output.page import Html, tag, text
from floe_engine.policy.overview import Reached, State

MOST = 150
"""Columns that one picture holds; more can be read by nobody."""

CHILDREN = 5
"""Of the places that a column goes to, how many are drawn; those where something is wrong come first."""

DEEPEST = 6
"""Steps of a way that are drawn."""

_WIDTH, _HEIGHT, _GAP, _ROW = 250, 40, 50, 52
_LONGEST = 32
_SIGNS: dict[State, str] = {"declared": "✓", "too low": "✗ too low,", "passes": "→", "stopped": "⊘ stopped,"}
_CLASSES: dict[State, str] = {"declared": "", "too low": "bad", "passes": "", "stopped": "good"}


def drawn(roots: Sequence[Reached]) -> tuple[Html, int]:
    """The picture, and how many of `roots` are left out of it: those with the least to see come last."""
    ranked = sorted(roots, key=lambda root: (-_count(root, "too low"), -_count(root), root.place))
    chosen: list[Reached] = []
    room = MOST
    for root in ranked:
        if (size := _size(root)) <= room:
            chosen.append(root)
            room -= size
    left = len(roots) - len(chosen)
    parts: list[Html] = []
    row = 0
    for root in chosen:
        row = _place(root, 0, row, parts)
    width = max((_depth(root) for root in chosen), default=0) * (_WIDTH + _GAP)
    label = f"{len(chosen)} sensitive columns and where they go"
    height = max(row * _ROW, 1)
    picture = tag(
        "svg",
        tag("title", text(label)),
        *parts,
        role="img",
        width=width,
        height=height,
        viewBox=f"0 0 {max(width, 1)} {height}",
    )
    return picture, left


def _place(at: Reached, depth: int, row: int, parts: list[Html]) -> int:
    """Draw a column at a row and all that it reaches; the next row that is free."""
    x, y = depth * (_WIDTH + _GAP), row * _ROW
    note = " (see above)" if at.again else ""
    table, _, column = at.place.rpartition(".")
    under = f"{_cut(column, _LONGEST - 12)} {_SIGNS[at.state]} {at.level}{note}"
    parts.append(
        tag(
            "g",
            tag("title", text(f"{at.place}: {at.level}, {at.state} ({at.path}:{at.line})")),
            tag("rect", x=x + 1, y=y + 2, width=_WIDTH - 2, height=_HEIGHT, rx=4),
            tag("text", text(_cut(table, _LONGEST)), x=x + 10, y=y + 19),
            tag("text", text(under), x=x + 10, y=y + 35, class_="soft"),
            class_=_CLASSES[at.state] or None,
        )
    )
    following = row
    shown, hidden = _shown(at, depth)
    for child in shown:
        _way(parts, x, y, following)
        following = _place(child, depth + 1, following, parts)
    if hidden:
        _way(parts, x, y, following)
        label = text(f"… and {hidden} more")
        parts.append(tag("text", label, x=x + _WIDTH + _GAP + 4, y=following * _ROW + 26, class_="soft"))
        following += 1
    return max(following, row + 1)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most - most // 2 - 1) :]}"


def _way(parts: list[Html], x: int, y: int, row: int) -> None:
    """A line from a column at (x, y) to the row where the next one stands."""
    start, end, middle = y + 22, row * _ROW + 22, x + _WIDTH + _GAP // 2
    way = f"M{x + _WIDTH} {start}C{middle} {start} {middle} {end} {x + _WIDTH + _GAP} {end}"
    parts.append(tag("path", d=way))


def _shown(at: Reached, depth: int) -> tuple[Sequence[Reached], int]:
    """The places after a column that are drawn, and how many are not."""
    if depth + 1 >= DEEPEST:
        return (), len(at.onward)
    ranked = sorted(at.onward, key=lambda child: (-_count(child, "too low"), -_count(child), child.place))
    return ranked[:CHILDREN], max(len(ranked) - CHILDREN, 0)


def _size(at: Reached, depth: int = 0) -> int:
    shown, hidden = _shown(at, depth)
    return 1 + sum(_size(child, depth + 1) for child in shown) + bool(hidden)


def _count(at: Reached, state: State | None = None) -> int:
    return (state is None or at.state == state) + sum(_count(child, state) for child in at.onward)


def _depth(at: Reached, depth: int = 0) -> int:
    shown, hidden = _shown(at, depth)
    return 1 + max([int(bool(hidden)), *(_depth(child, depth + 1) for child in shown)])
