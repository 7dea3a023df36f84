"""A change: one difference between two artifacts, as a value."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from floe_engine.artifact.shape import Path

ChangeKind = Literal["added", "removed", "changed", "renamed", "moved"]


class Change(Struct, frozen=True):
    """One difference.

    `path` is the file and the keys below it; an item of a list is named by its identity (a
    waiver's id, a pattern, a key's fingerprint). `old` is None where it was added, `new` where it
    was removed; for a rename they are the two names, for a move the two orders.
    """

    kind: ChangeKind
    path: Path
    old: Any = None
    new: Any = None
    also: tuple[Path, ...] = ()
    """Other places that changed for the same reason: a removed layer's prefix and namespace."""

    @property
    def file(self) -> str:
        """The artifact file it is in."""
        return self.path[0]

    @property
    def name(self) -> str:
        """What changed, as one line: ``policies/classification.json levels.phi``."""
        return " ".join((self.path[0], ".".join(self.path[1:]))).rstrip()
