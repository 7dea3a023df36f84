"""One of several: fixes of a problem, sections of a manifest, versions of a platform."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row, RowView


class ChoosePanel(Panel[str]):
    """Answers with the key of the row chosen; Escape takes a filter off, and then gives None."""

    def __init__(self, title: str, rows: Sequence[Row], columns: Sequence[Column] = (Column(),)) -> None:
        super().__init__()
        self.question = title
        self.rows = tuple(rows)
        self.list = FilterList(columns)

    def compose(self) -> ComposeResult:
        """Title and rows."""
        with Vertical(id="panel", classes="-list"):
            yield Static(plain(self.question), classes="title")
            yield self.list

    def on_mount(self) -> None:
        """Fill and focus."""
        self.list.set_rows(self.rows)
        self.list.styles.height = min(16, len(self.rows) + 1)
        self.list.view.focus()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        """The answer."""
        self.dismiss(event.row.key)
