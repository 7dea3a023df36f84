"""Policy: not built yet."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from floe_tui.actions import Place, bindings
from floe_tui.screens.place import PlaceScreen


class PolicyScreen(PlaceScreen):
    """The place, until it is built."""

    place = Place.POLICY
    BINDINGS = [*bindings(Place.POLICY)]

    def compose_body(self) -> ComposeResult:
        """One honest line."""
        yield Static("This place is not built yet.", classes="pane")
