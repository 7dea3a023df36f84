"""The places, each in a folder of its own: what it knows lies beside how it looks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from floe_tui.actions import Place
    from floe_tui.places.place import PlaceScreen


def create(place: Place) -> PlaceScreen:
    """The screen of a place: the class ``<Place>Screen`` of its folder."""
    module = import_module(f"floe_tui.places.{place.value}.screen")
    return cast("PlaceScreen", getattr(module, f"{place.title}Screen")())
