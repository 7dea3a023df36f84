"""Stands over everything while the terminal is too small to show what a key would do."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

WIDTH, HEIGHT = 60, 16


class TooSmall(ModalScreen[None]):
    """Takes no key at all; only quitting works."""

    CSS_PATH = "panels.tcss"

    def compose(self) -> ComposeResult:
        """The one thing to say."""
        yield Static(f"floe needs {WIDTH} × {HEIGHT} cells.\nMake the terminal larger, or press Ctrl+Q.")
