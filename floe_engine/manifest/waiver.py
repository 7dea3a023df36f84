"""A waiver as manifest.yaml and floe.yaml both write it; apart, for floe.yaml needs no other section."""

from __future__ import annotations

from typing import Annotated, Literal

from floe_engine.manifest.base import Day, Settings, Text
from floe_engine.manifest.laws import Special


class Waiver(Settings):
    """A permitted, explained and dated exception."""

    id: Annotated[Text | None, Special(where="not inherited")] = None
    """Name of the waiver in reports; unset: its place in the list."""

    pattern: Annotated[Text | None, Special(where="not inherited")] = None
    """Glob over model names, such as `legacy_*`. Either this or `select`."""

    select: Annotated[Text | None, Special(where="not inherited")] = None
    """Selection by `path:models/legacy/*` or `tag:legacy`. Either this or `pattern`."""

    rules: Annotated[tuple[Text, ...], Special(where="not inherited")] = ()
    """IDs of the waived rules; empty: every rule."""

    action: Annotated[Literal["downgrade", "exclude"], Special(where="not inherited")] = "exclude"
    """Turn findings into warnings, or leave them out."""

    reason: Annotated[Text, Special(where="not inherited")]
    """Why; it stands in every report."""

    owner: Annotated[Text | None, Special(where="not inherited")] = None
    """Who answers for it."""

    expires: Annotated[Day | None, Special(where="not inherited")] = None
    """Last day on which it holds, `YYYY-MM-DD`."""

    @property
    def target(self) -> str:
        """`pattern` or `select`, whichever is given."""
        return self.pattern or self.select or ""
