"""What went wrong, calmly: title, reason, hint, and the command that shows it without the workbench."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from floe_engine import FloeError
from floe_tui.panels.panel import Panel
from floe_tui.text import plain


class ProblemPanel(Panel[None]):
    """An error of the engine, explained. ``c`` copies the command."""

    BINDINGS = [("c", "copy", "Copy command"), ("enter", "close", "Close")]

    def __init__(self, error: FloeError, command: str = "") -> None:
        super().__init__()
        self.error = error
        self.command = command

    def compose(self) -> ComposeResult:
        """Only the parts that say something."""
        error = self.error
        with Vertical(id="panel", classes="-problem"):
            yield Static(plain(f"✗ {error.title}"), classes="title")
            with VerticalScroll():
                if error.where:
                    yield Static(plain(error.where))
                if error.message:
                    yield Static(plain(error.message, multiline=True))
                if error.hint:
                    yield Static(plain(f"→ {error.hint}"), classes="hint")
                if self.command:
                    yield Static(plain(f"$ {self.command}"), classes="command")
            with Horizontal(id="buttons"):
                yield Button("Close", id="close", compact=True)
                if self.command:
                    yield Button("Copy command (c)", id="copy", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Either button."""
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.action_close()

    def action_copy(self) -> None:
        """Put the command on the clipboard and say how that went."""
        from floe_tui.clipboard import copy

        if self.command:
            copy(self.app, self.command)
