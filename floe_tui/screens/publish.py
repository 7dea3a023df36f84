"""Publish: not built yet."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from floe_tui.actions import Place, bindings
from floe_tui.screens.place import PlaceScreen


class PublishScreen(PlaceScreen):
    """The place, until it is built."""

    place = Place.PUBLISH
    BINDINGS = [*bindings(Place.PUBLISH)]

    def compose_body(self) -> ComposeResult:
        """One honest line."""
        yield Static("This place is not built yet.", classes="pane")
