"""A change of files before it is made: what it does in a line or two, its diff, and a question."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.text_view import TextView

READ_ONLY = "floe-tui was started with --read-only: this is what it would do, and nothing is written."

KEY = "y"
"""The key that makes the change; never one that led here."""


class ChangePanel(Panel[bool]):
    """Answers whether to write it. Cancel has the focus."""

    def __init__(
        self, question: str, said: Sequence[str], diff: str, *, verb: str = "Write", read_only: bool = False
    ) -> None:
        super().__init__()
        self.question = question
        self.said = tuple(said)
        self.diff = diff
        self.verb = verb
        self.takable = bool(diff) and not read_only
        self.read_only = read_only

    def compose(self) -> ComposeResult:
        """Question, what it does, the diff, and Cancel before the verb."""
        with Vertical(id="panel", classes="-wide -danger"):
            yield Static(plain(self.question), classes="title")
            yield Static(plain("\n".join(self.said)), classes="section")
            yield TextView(self.diff, language="diff")
            if self.read_only:
                yield Static(plain(READ_ONLY), classes="hint")
            with Horizontal(id="buttons"):
                yield Button("Cancel" if self.takable else "Close", id="cancel", compact=True)
                if self.takable:
                    yield Button(f"{self.verb} ({KEY})", id="confirm", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Cancel is the default."""
        self.query_one("#cancel", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """The confirming key, and the keys that scroll."""
        view = self.query_one(TextView)
        match event.key:
            case "y" if self.takable:
                self.dismiss(True)
            case "j" | "down":
                view.action_down()
            case "k" | "up":
                view.action_up()
            case "pagedown" | "pageup":
                view.scroll_relative(y=10 if event.key == "pagedown" else -10, animate=False)
            case _:
                return
        event.stop()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Either button."""
        self.dismiss(event.button.id == "confirm")

    def action_close(self) -> None:
        """Escape is Cancel."""
        self.dismiss(False)
