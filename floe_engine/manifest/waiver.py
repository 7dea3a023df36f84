"""A waiver as manifest.yaml and floe.yaml both write it; apart, for floe.yaml needs no other section."""

from typing import Annotated, Literal

from floe_engine.manifest.base import Day, Settings, Text
from floe_engine.manifest.laws import AtMost, Ranked, Special

_OWN = Special(where="not inherited")
_WORDS = Special(where="not inherited", other="DOC001")


class Waiver(Settings, frozen=True, kw_only=True):
    """A permitted, explained and dated exception."""

    id: Annotated[Text | None, _OWN] = None
    """Name of the waiver in reports; unset: its place in the list."""

    pattern: Annotated[Text | None, Special(where="not inherited", other="WAI010")] = None
    """Glob over model names, such as `legacy_*`. Either this or `select`."""

    select: Annotated[Text | None, _OWN] = None
    """Selection by `path:models/legacy/*` or `tag:legacy`. Either this or `pattern`."""

    rules: Annotated[tuple[Text, ...], _OWN] = ()
    """IDs of the waived rules; empty: every rule."""

    action: Annotated[
        Literal["downgrade", "exclude"],
        Special(
            where=_OWN.where,
            moves=Ranked(order=("exclude", "downgrade"), tighter="WAI008", looser="WAI009", provided=True),
        ),
    ] = "exclude"
    """Turn findings into warnings, or leave them out."""

    reason: Annotated[Text, _WORDS]
    """Why; it stands in every report."""

    owner: Annotated[Text | None, _WORDS] = None
    """Who answers for it."""

    expires: Annotated[
        Day | None, Special(where=_OWN.where, moves=AtMost(tighter="WAI006", looser="WAI007", provided=True))
    ] = None
    """Last day on which it holds, `YYYY-MM-DD`."""

    @property
    def target(self) -> str:
        """`pattern` or `select`, whichever is given."""
        return self.pattern or self.select or ""
