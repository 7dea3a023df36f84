"""Another text, to read: where an inherited setting is written."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from floe_engine import FloeError, Span
from floe_tui.panels.panel import Panel
from floe_tui.text import homely, plain
from floe_tui.widgets.manifest_editor import ManifestEditor


class SourcePanel(Panel[None]):
    """A text at a place. Where it is a file's, ``e`` opens that there in $EDITOR."""

    BINDINGS = [("e", "external", "$EDITOR"), ("q", "close", "Close"), ("enter", "close", "Close")]

    def __init__(self, title: str, file: Path | None, text: str, span: Span) -> None:
        super().__init__()
        self.heading = title
        self.file = file
        self.text = text
        self.span = span

    def compose(self) -> ComposeResult:
        """Where it is, the text, and what can be done."""
        where, keys = self.heading, "Escape closes"
        if self.file is not None:
            where = f"{where}  {self.file}:{self.span.start.line + 1}"
            keys = f"e opens it in $EDITOR, {keys}"
        with Vertical(id="panel", classes="-wide"):
            yield Static(plain(homely(where)), classes="title")
            yield ManifestEditor(self.text, read_only=True)
            yield Static(plain(keys), classes="hint")

    def on_mount(self) -> None:
        """Go to the place."""
        editor = self.query_one(ManifestEditor)
        editor.focus()
        start, end = self.span.start, self.span.end
        self.call_after_refresh(
            editor.go_to,
            start.line,
            start.column,
            end=(end.line, end.column) if end.line == start.line else None,
        )

    def action_external(self) -> None:
        """Open the file at the line in the user's editor."""
        from floe_tui.external import editor_command, open_at

        if self.file is None:
            return
        try:
            editor_command()
            with self.workbench.stepped_out():
                open_at(self.file, self.span.start.line + 1)
        except FloeError as error:
            self.workbench.show_problem(error)
