"""A box over a place. Escape always closes it without doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import ModalScreen
from textual.widgets import Button

if TYPE_CHECKING:
    from floe_tui.app import Workbench

Answer = TypeVar("Answer")


class Panel(ModalScreen[Answer]):
    """Base of the boxes; the box itself is the child ``#panel``."""

    CSS_PATH = "panels.tcss"
    BINDINGS = [
        ("escape", "close", "Close"),
        ("left", "next_button(-1)", "Previous button"),
        ("right", "next_button(1)", "Next button"),
    ]

    @property
    def workbench(self) -> Workbench:
        """The app, as what it is."""
        return cast("Workbench", self.app)

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def action_next_button(self, step: int) -> None:
        """Move between the buttons, as they stand beside each other."""
        buttons = list(self.query(Button))
        places = [place for place, button in enumerate(buttons) if button.has_focus]
        if places and 0 <= places[0] + step < len(buttons):
            buttons[places[0] + step].focus()
