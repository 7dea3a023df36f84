"""One line from the user: a value, or a password that is never shown or kept."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.field import Field


class AskPanel(Panel[str]):
    """Asks for a line; Enter answers it, Escape gives None."""

    def __init__(self, question: str, *, hint: str = "", value: str = "", masked: bool = False) -> None:
        super().__init__()
        self.question = question
        self.hint = hint
        self.value = value
        self.masked = masked

    def compose(self) -> ComposeResult:
        """Question, field, hint."""
        with Vertical(id="panel"):
            yield Static(plain(self.question), classes="title")
            yield Field(self.value, password=self.masked, compact=True)
            if self.hint:
                yield Static(plain(self.hint), classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The answer; the field is emptied so that a password leaves the screen with it."""
        answer = event.value
        event.input.clear()
        self.dismiss(answer)


class PasswordPanel(AskPanel):
    """A masked line. The answer goes to the caller and is kept nowhere."""

    def __init__(self, question: str, *, hint: str = "") -> None:
        super().__init__(question, hint=hint, masked=True)
