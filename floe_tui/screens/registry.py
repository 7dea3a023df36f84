"""Registry: not built yet."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from floe_tui.actions import Place, bindings
from floe_tui.screens.place import PlaceScreen


class RegistryScreen(PlaceScreen):
    """The place, until it is built."""

    place = Place.REGISTRY
    BINDINGS = [*bindings(Place.REGISTRY)]

    def compose_body(self) -> ComposeResult:
        """One honest line."""
        yield Static("This place is not built yet.", classes="pane")
