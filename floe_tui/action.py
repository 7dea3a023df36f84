"""What an action is, and the places that have some. The rows are in `actions` and `place_actions`."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct
from textual.binding import Binding


class Place(StrEnum):
    """One of the six places, in the order of their keys, or Start, where one is before there is any work."""

    MANIFEST = "manifest"
    VERSIONS = "versions"
    POLICY = "policy"
    PUBLISH = "publish"
    REGISTRY = "registry"
    PROJECT = "project"
    START = "start"

    @property
    def number(self) -> int:
        """1 to 6; of Start 0."""
        return 0 if self is Place.START else list(Place).index(self) + 1

    @property
    def key(self) -> str:
        """Its function key, F2 to F7; Start has none."""
        return f"f{self.number + 1}" if self.number else ""

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is never wanted of a place
        """As it is shown."""
        return self.value.capitalize()


SIX = tuple(place for place in Place if place.number)
"""The places where work is done, as their keys and tabs count them."""


class Action(Struct, frozen=True):
    """One thing to do.

    `keys` is a comma-separated list as Textual takes it, empty where only the palette offers the
    action; `target` names the method without ``action_``, on the app where `place` is None and
    else on that place's screen, and `argument` is handed to it. `show` puts it into the footer.
    `priority` takes the key before a focused editor can. `needs_write` switches it off under
    ``--read-only``.
    """

    id: str
    keys: str
    title: str
    description: str
    target: str
    place: Place | None = None
    argument: str = ""
    show: bool = False
    priority: bool = False
    needs_write: bool = False
    part: str = ""
    """The kind of widget that it belongs to (``list``), wherever one stands; not in the palette."""

    @property
    def call(self) -> str:
        """As Textual's action language writes it: ``go('manifest')``."""
        return f"{self.target}('{self.argument}')" if self.argument else self.target

    @property
    def binding(self) -> Binding:
        """As Textual binds it; the id lets the settings file give it another key."""
        return Binding(
            as_sent(self.keys),
            self.call,
            self.title,
            show=self.show,
            priority=self.priority,
            tooltip=self.description,
            id=self.id,
        )


def as_sent(keys: str) -> str:
    """`keys` and what most terminals send for them: Shift and a function key is F13 to F24 there."""
    found = [key.strip() for key in keys.split(",") if key.strip()]
    sent = [f"f{int(key.removeprefix('shift+f')) + 12}" for key in found if _SHIFTED.fullmatch(key)]
    return ",".join([*found, *sent])


_SHIFTED = re.compile(r"shift\+f([1-9]|1[0-2])")
