"""Small signs that every place composes from: chips, bars, and Textual's markup made safe."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len

from floe_tui.text import visible

Toned = tuple[str, str]
"""A piece of text and its tone: one of `TONES`, or empty for plain text."""

TONES = ("error", "warning", "success", "muted", "faint", "frame", "focus", "strong", "chip",
         "error-chip", "warning-chip", "success-chip")  # fmt: skip

TONE_CSS = """
    .tone--error { color: $error; }
    .tone--warning { color: $warning; }
    .tone--success { color: $success; }
    .tone--muted { color: $muted; }
    .tone--faint { color: $faint; }
    .tone--frame { color: $frame; }
    .tone--focus { color: $focus; }
    .tone--strong { text-style: bold; }
    .tone--chip { color: $muted; background: $raised; }
    .tone--error-chip { color: $error; background: $error-soft; }
    .tone--warning-chip { color: $warning; background: $warning-soft; }
    .tone--success-chip { color: $success; background: $success-soft; }
"""
"""For the DEFAULT_CSS of widgets that draw tones; their COMPONENT_CLASSES are `TONE_CLASSES`."""

TONE_CLASSES = frozenset(f"tone--{tone}" for tone in TONES)

NEAR = 10
"""Percent below a demand within which it is not red yet."""


def escaped(text: str) -> str:
    """`text` for Textual's markup, where nothing in it is a tag."""
    return visible(text).replace("\\", "\\\\").replace("[", "\\[")


def chip(text: str, tone: str = "") -> str:
    """A count or a state on a tint of its own colour, with a cell of air on both sides; as markup."""
    if tone in ("error", "warning", "success"):
        return f"[$text-{tone} on ${tone}-soft] {escaped(text)} [/]"
    return f"[$muted on $raised] {escaped(text)} [/]"


def toned_chip(text: str, tone: str = "") -> Toned:
    """The same for widgets that draw tones."""
    return f" {visible(text)} ", f"{tone}-chip" if tone in ("error", "warning", "success") else "chip"


def emptiness(text: str, width: int, height: int) -> list[list[Toned]]:
    """What stands where there is nothing: sentences, and below them what can be done, a key a line.

    Of ``F6  shows the versions`` (two spaces) the key is strong. It stands in the middle, a third from the
    top, where there is room.
    """
    most = max(10, min(64, width - 4))
    lines: list[list[Toned]] = []
    parts = [line.partition("  ") for line in visible(text, multiline=True).splitlines()]
    keys = max((len(key) for key, gap, _ in parts if gap), default=0)
    for key, gap, about in parts:
        if not gap:
            lines += [[(line, "muted")] for line in textwrap.wrap(key, most)] or [[]]
            continue
        if lines and len(lines[-1]) == 1:
            lines.append([])
        for number, line in enumerate(textwrap.wrap(about, max(8, most - keys - 2)) or [""]):
            lines.append([(f"{'' if number else key:<{keys}}  ", "strong"), (line, "muted")])
    if len(lines) > height:
        lines = [line for line in lines if line]
    widest = max((sum(cell_len(text) for text, _ in line) for line in lines), default=0)
    left = " " * max(1, (width - widest) // 2)
    above = max(0, min((height - len(lines)) // 3, height - len(lines)))
    return [[] for _ in range(above)] + [[(left, ""), *line] for line in lines]


def bar(percent: float, width: int, least: float) -> list[Toned]:
    """A thin bar with a mark where the demand is; its tone says whether that is met."""
    tone = "success" if percent >= least else "warning" if percent >= least - NEAR else "error"
    full, mark = round(percent * width / 100), min(width - 1, round(least * width / 100))
    pieces: list[Toned] = []
    for at in range(width):
        text, of = ("│", "muted") if at == mark and least else ("━", tone if at < full else "frame")
        if pieces and pieces[-1][1] == of:
            pieces[-1] = (pieces[-1][0] + text, of)
        else:
            pieces.append((text, of))
    return pieces
