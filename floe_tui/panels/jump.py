"""Jump mode: a letter on every part that can take the focus."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

LETTERS = "asdfjklghqwertyuiopzxcvbnm"


class JumpPanel(ModalScreen[Widget]):
    """Shows the letters over the screen below; the answer is the widget chosen."""

    CSS_PATH = "panels.tcss"

    def __init__(self, targets: list[Widget]) -> None:
        super().__init__()
        self.targets = dict(zip(LETTERS, targets, strict=False))

    def compose(self) -> ComposeResult:
        """One label a target, at its upper left corner."""
        for letter, target in self.targets.items():
            label = Static(f" {letter} ", markup=False)
            region = target.region
            label.absolute_offset = Offset(region.x, region.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """A letter chooses; anything else leaves."""
        event.stop()
        self.dismiss(self.targets.get(event.key))
