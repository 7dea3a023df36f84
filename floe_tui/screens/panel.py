"""A box over a place. Escape always closes it without doing anything."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Panel(ModalScreen[Answer]):
    """Base of the boxes; the box itself is the child ``#panel``."""

    CSS_PATH = "panels.tcss"
    BINDINGS = [("escape", "close", "Close")]

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
