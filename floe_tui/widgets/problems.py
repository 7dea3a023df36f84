"""The list of problems under an editor; choosing one goes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label

from floe_engine import Diagnostic, Severity
from floe_tui.themes import GLYPHS
from floe_tui.widgets.row_view import Column, Row, RowView


class Problems(Vertical):
    """Diagnostics by line, with their number above."""

    DEFAULT_CSS = """
    Problems {
        height: 8; border-top: solid $panel;
        #problem-count { height: 1; padding: 0 1; background: $panel; width: 1fr; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Go to this problem."""

        diagnostic: Diagnostic

    def __init__(self) -> None:
        super().__init__()
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self._rows = RowView(
            (Column(width=9), Column(), Column(width=11, wide_only=True)), empty="No problems."
        )

    def compose(self) -> ComposeResult:
        """The count and the rows."""
        yield Label("", id="problem-count", markup=False)
        yield self._rows

    def show(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show these."""
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: (found.span, found.code)))
        self._rows.show(
            [
                Row(
                    str(index),
                    (
                        str(found.span.start),
                        f"{found.message} → {found.hint}" if found.hint else found.message,
                        found.code,
                    ),
                    GLYPHS[found.severity],
                    found.severity.value,
                )
                for index, found in enumerate(self.diagnostics)
            ]
        )
        self.query_one("#problem-count", Label).update(summary(self.diagnostics))

    def after(self, line: int, column: int, step: int) -> Diagnostic | None:
        """The next problem after (or before, where `step` is -1) a place, around the end."""
        found = self.diagnostics if step > 0 else self.diagnostics[::-1]
        for diagnostic in found:
            start = (diagnostic.span.start.line, diagnostic.span.start.column)
            if (start > (line, column)) if step > 0 else (start < (line, column)):
                return diagnostic
        return found[0] if found else None

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        """Hand the row on as its diagnostic."""
        event.stop()
        self.post_message(self.Chosen(self.diagnostics[int(event.row.key)]))


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``✗ 2 errors  ! 1 warning``, or ``✓ no problems``."""
    parts = []
    for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "hint")):
        count = sum(1 for found in diagnostics if found.severity is severity)
        if count:
            parts.append(f"{GLYPHS[severity]} {count} {noun}{'s' if count > 1 else ''}")
    return "  ".join(parts) or "✓ no problems"
