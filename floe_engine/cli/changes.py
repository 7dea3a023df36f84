"""How changes of a platform, and what they do to projects, are printed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from floe_engine.cli.command import Context
from floe_engine.cli.output import Painted

if TYPE_CHECKING:
    from floe_engine.platform.blast_radius import Hit

_COLOURS = {
    "MAJOR": "31", "MINOR": "33", "PATCH": "36", "@@": "36", "---": "2", "+++": "2", "-": "31", "+": "32",
    "~": "33", "✗": "31", "?": "33",
}  # fmt: skip
"""What a line begins with → its colour."""


def show_hit(context: Context, hit: Hit | None) -> None:
    """Print an impact or a blast radius; nothing where none was asked for."""
    from floe_engine.output.changes import text

    if hit is None:
        return
    context.output.section()
    if hit.impact is not None:
        show_lines(context, text.impact_lines(hit.impact))
    if hit.radius is not None:
        show_lines(context, text.blast_radius_lines(hit.radius))


def hit_facts(hit: Hit | None) -> dict[str, Any]:
    """An impact and a blast radius as JSON, null where there is none."""
    from floe_engine.output.changes.json_report import blast_radius_document, impact_document

    return {
        "impact": impact_document(hit.impact) if hit and hit.impact else None,
        "blastRadius": blast_radius_document(hit.radius) if hit and hit.radius else None,
    }


def show_lines(context: Context, lines: Iterable[str]) -> None:
    """Print the lines of a report, coloured by what they begin with."""
    for line in lines:
        mark = next((mark for mark in _COLOURS if line.startswith(mark)), "")
        context.output.answer(Painted(line, _COLOURS.get(mark, "")))
