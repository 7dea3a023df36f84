"""A waiver as manifest.yaml and floe.yaml both write it; apart, for floe.yaml needs no other section."""

from __future__ import annotations

from typing import Literal

from floe_engine.manifest.base import Day, Section, Text


class Waiver(Section):
    """A permitted, explained and dated exception."""

    id: Text | None = None
    """Name of the waiver in reports; unset: its place in the list."""

    pattern: Text | None = None
    """Glob over model names, such as `legacy_*`. Either this or `select`."""

    select: Text | None = None
    """Selection by `path:models/legacy/*` or `tag:legacy`. Either this or `pattern`."""

    rules: tuple[Text, ...] = ()
    """IDs of the waived rules; empty: every rule."""

    action: Literal["downgrade", "exclude"] = "exclude"
    """Turn findings into warnings, or leave them out."""

    reason: Text
    """Why; it stands in every report."""

    owner: Text | None = None
    """Who answers for it."""

    expires: Day | None = None
    """Last day on which it holds, `YYYY-MM-DD`."""

    @property
    def target(self) -> str:
        """`pattern` or `select`, whichever is given."""
        return self.pattern or self.select or ""
