"""The list of problems under an editor: all of them by line, and the whole of the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from floe_engine import Diagnostic, Severity
from floe_tui.text import count, marked
from floe_tui.themes import GLYPHS
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, Row, RowView

if TYPE_CHECKING:
    from floe_tui.app import Workbench


class Problems(Frame):
    """Diagnostics by line, counted in the title; choosing one goes there. Hidden while nothing is wrong."""

    DEFAULT_CSS = """
    Problems {
        height: 8; padding: 0; display: none;
        &.-open { display: block; }
        RowView { min-height: 2; }
        #problem { height: auto; max-height: 4; padding: 0 1; display: none; color: $muted; }
        &.-any #problem { display: block; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Go to this problem."""

        diagnostic: Diagnostic

    def __init__(self) -> None:
        super().__init__(title="Problems")
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self._told = ""
        self._rows = RowView(
            (Column(width=8, tone="dim"), Column(), Column(width=11, least=70, tone="dim")),
            empty="No problems.",
        )

    def compose(self) -> ComposeResult:
        """The rows and the whole of one."""
        yield self._rows
        yield Static("", id="problem")

    def show(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show these."""
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: (found.span, found.code)))
        self._rows.show(
            [
                Row(
                    str(index),
                    (str(found.span.start), found.message, found.code),
                    GLYPHS[found.severity],
                    found.severity.value,
                )
                for index, found in enumerate(self.diagnostics)
            ]
        )
        self.entitle("Problems", *chips(self.diagnostics))
        self.set_class(bool(self.diagnostics), "-any")
        if self.diagnostics:
            self.add_class("-open")
        self._tell()

    def settle(self) -> None:
        """Take no more room than is needed. Not done while typing: the text would jump at every slip."""
        self.set_class(bool(self.diagnostics), "-open")

    def follow(self, diagnostic: Diagnostic) -> None:
        """The text's cursor is on this problem."""
        if not self._rows.has_focus and diagnostic in self.diagnostics:
            self._rows.cursor = self.diagnostics.index(diagnostic)

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

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        """Tell the whole of it."""
        event.stop()
        self._tell()

    def _tell(self) -> None:
        row = self._rows.current
        number = len(self.diagnostics)
        self.tell(position=f"{self._rows.cursor + 1} of {number}" if number else "")
        if row is None or int(row.key) >= len(self.diagnostics):
            return
        found = self.diagnostics[int(row.key)]
        parts = [f"{found.code} {found.message}"]
        if found.hint:
            parts.append(f"→ {cast('Workbench', self.app).keyed(found.hint)}")
        parts += [f"fix: {fix.title}" for fix in found.fixes[:1]]
        if self._told != (told := "  ".join(parts)):  # another height lays the screen out
            self._told = told
            self.query_one("#problem", Static).update(marked(told))


def chips(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """How many of each severity, as chips."""
    found = []
    for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
        number = sum(1 for item in diagnostics if item.severity is severity)
        if number:
            found.append(chip(f"{GLYPHS[severity]} {number}", severity.value))
    return found


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``✗ 2 errors  ! 1 warning``, or ``✓ no problems``."""
    parts = []
    for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "hint")):
        number = sum(1 for found in diagnostics if found.severity is severity)
        if number:
            parts.append(f"{GLYPHS[severity]} {count(number, noun)}")
    return "  ".join(parts) or "✓ no problems"
