"""The question before something that cannot be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain


class ConfirmPanel(Panel[bool]):
    """Names what will happen to what; Cancel has the focus, and Enter therefore does nothing.

    `facts` are label and value, such as the target reference and its digest. `key` confirms; it
    is never the key that led here, so that a repeated key press cannot confirm.
    """

    def __init__(
        self,
        question: str,
        facts: Sequence[tuple[str, str]] = (),
        *,
        verb: str = "Confirm",
        key: str = "y",
        cancel: str = "Cancel",
    ) -> None:
        super().__init__()
        self.cancel = cancel
        self.question = question
        self.facts = tuple(facts)
        self.verb = verb
        self.key = key

    def compose(self) -> ComposeResult:
        """Question, facts, and Cancel before the verb."""
        width = max((len(label) for label, _ in self.facts), default=0)
        with Vertical(id="panel", classes="-danger"):
            yield Static(plain(self.question), classes="title")
            for label, value in self.facts:
                yield Static(plain(f"{label:<{width}}  {value}"), classes="facts")
            with Horizontal(id="buttons"):
                yield Button(self.cancel, id="cancel", compact=True)
                yield Button(f"{self.verb} ({self.key})", id="confirm", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Cancel is the default."""
        self.query_one("#cancel", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """The confirming key."""
        if event.key == self.key:
            event.stop()
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Either button."""
        self.dismiss(event.button.id == "confirm")

    def action_close(self) -> None:
        """Escape is Cancel."""
        self.dismiss(False)
