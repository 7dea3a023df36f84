"""The six places, made when they are first visited, and the small screens over them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from floe_tui.actions import Place
    from floe_tui.screens.place import PlaceScreen


def create(place: Place) -> PlaceScreen:
    """The screen of a place: the class ``<Place>Screen`` of the module of its name."""
    module = import_module(f"floe_tui.screens.{place.value}")
    return cast("PlaceScreen", getattr(module, f"{place.title}Screen")())
