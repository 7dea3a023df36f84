"""The question before leaving where something would be lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain

Leaving = Literal["save", "leave"]


class LeavePanel(Panel[Leaving]):
    """Names what would be lost; Stay has the focus, and Enter therefore does nothing."""

    def __init__(self, losses: Sequence[str], *, savable: bool) -> None:
        super().__init__()
        self.losses = tuple(losses)
        self.savable = savable

    def compose(self) -> ComposeResult:
        """Question, losses, and the ways."""
        with Vertical(id="panel", classes="-danger"):
            yield Static("Leave floe?", classes="title")
            for loss in self.losses:
                yield Static(plain(f"!  {loss}"), classes="facts")
            with Horizontal(id="buttons"):
                yield Button("Stay", id="stay", compact=True)
                if self.savable:
                    yield Button("Save and leave (s)", id="save", variant="primary", compact=True)
                label = "Leave without saving (y)" if self.savable else "Leave (y)"
                yield Button(label, id="leave", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Staying is the default."""
        self.query_one("#stay", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """The two keys that leave."""
        if event.key == "y" or (event.key == "s" and self.savable):
            event.stop()
            self.dismiss("leave" if event.key == "y" else "save")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Any of them."""
        match event.button.id:
            case "save" | "leave" as way:
                self.dismiss(way)
            case _:
                self.dismiss(None)
