"""A waiver of manifest.yaml or floe.yaml in the artifact's words.

Apart from `build`, because a data team's own waivers need it and nothing else of a manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe_engine.artifact.model import Waiver

if TYPE_CHECKING:
    from floe_engine.manifest import waiver as source


def as_waiver(waiver: source.Waiver, *, unnamed: str = "") -> Waiver:
    """A waiver of manifest.yaml or floe.yaml as the artifact writes it; `unnamed` stands in for its id."""
    return Waiver(
        id=waiver.id or unnamed,
        pattern=waiver.target,
        rules=waiver.rules,
        action=waiver.action,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat() if waiver.expires else None,
    )
