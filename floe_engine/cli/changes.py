"""How reports of changes, and of what they do to projects, are printed."""

from __future__ import annotations

from collections.abc import Iterable

from floe_engine.cli.command import Context
from floe_engine.cli.output import Painted

_COLOURS = {
    "MAJOR": "31", "MINOR": "33", "PATCH": "36", "@@": "36", "---": "2", "+++": "2", "-": "31", "+": "32",
    "~": "33", "✗": "31", "?": "33",
}  # fmt: skip
"""What a line begins with → its colour."""


def show_lines(context: Context, lines: Iterable[str]) -> None:
    """Print the lines of a report, coloured by what they begin with."""
    for line in lines:
        mark = next((mark for mark in _COLOURS if line.startswith(mark)), "")
        context.output.answer(Painted(line, _COLOURS.get(mark, "")))
