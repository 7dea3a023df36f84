"""What an upgrade rule is: one declarative row with an ID, a reason, a remedy and a witness.

The rows are in `catalogue`; matching them against changes is in `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Access
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.shape import Path, Pattern
from floe_engine.versions import Level

if TYPE_CHECKING:
    from floe_engine.manifest.plugins import Catalogue

Direction = Literal["demand", "promise", "neutral"]
"""A demand is what the platform requires (tightening breaks); a promise is what it provides
(shrinking breaks); neutral changes break nobody or everybody, whichever way they go."""

Bump = Level | Literal["gated", "marked"]
"""``gated``: as bad as the strictest of the policy rules that read the place makes it on the new
platform: major where it stops a build, minor where it warns, patch where it is off. What domain
platforms make of it cannot be seen, so under ``scope: enterprise`` it is major. ``marked``: major
where the plugin's config schema marks the setting as breaking, minor elsewhere."""

Axis = Literal["", "security", "governance"]
"""What a change touches beside compatibility. Security is shown and acknowledged at any bump."""

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "(absent)"})()
"""In a witness: the key is not there."""


@dataclass(frozen=True)
class Context:
    """The two platforms between which a change lies, and the plugins that are known."""

    old: Platform
    new: Platform
    known: Catalogue | None = None

    @cached_property
    def access_lost(self) -> bool:
        """Whether some role of both platforms may do less somewhere under the new one."""
        from floe_engine.policy.access import Roles

        old, new = Roles(self.old), Roles(self.new)
        spaces = {*self.old.namespaces.namespaces, *self.new.namespaces.namespaces, None}
        accesses: tuple[Access, ...] = ("READ", "WRITE", "ADMIN")
        return any(
            old.permits(role, access, space, level) and not new.permits(role, access, space, level)
            for role in old.names
            if role in new.names
            for level in self.new.classification.levels
            for space in spaces
            for access in accesses
        )

    @cached_property
    def enterprise(self) -> bool:
        """Whether domain platforms may build on the platform, before and after."""
        return all(each.manifest.metadata.scope == "enterprise" for each in (self.old, self.new))

    @cached_property
    def catalogue(self) -> Catalogue:
        """Read where a change needs it: of most, nothing has to be known of plugins."""
        if self.known is not None:
            return self.known
        from floe_engine.manifest.plugins import Catalogue

        return Catalogue.load()


Condition = Callable[[Change, Context], bool]


@dataclass(frozen=True, slots=True)
class Witness:
    """The smallest example of a change: the value at a place before and after it.

    The tests apply it to a platform and demand the rule; taken backwards they demand the mirror.
    """

    at: Path
    before: Any
    after: Any
    given: Mapping[Path, Any] | None = None
    """Other settings without which the example would not show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way in which a platform can change, and what that costs its projects."""

    id: str
    """Stable, such as ``COV001``; never used again for another change."""
    title: str
    """What changed, in general: ``test coverage raised``."""
    says: str
    """What changed, in one case: a format over ``{0}`` … (what ``*`` stood for), ``{rest}`` (what ``**``
    did), ``{old}``, ``{new}``."""
    paths: tuple[Pattern, ...]
    when: Condition
    bump: Bump
    direction: Direction
    reason: str
    """Why it costs that."""
    remedy: str
    """What a project does about it; empty where there is nothing to do."""
    witness: Witness
    mirror: tuple[str, ...] = ()
    """The rules for the way back; its own ID where that is a change of the same kind."""
    unmirrored: str = ""
    """Why there is no mirror, where there is none."""
    axis: Axis = ""
    gated_if: Condition | None = None
    """Where it holds, the bump is ``gated`` whatever it is elsewhere."""
    below: bool = False
    """Whether a domain platform may have something of its own there, beside which it no longer fits."""
    undecidable: bool = False
    """Whether only people can tell what it breaks; the bump is then the least that is honest."""


def demand(
    tightened: str,
    loosened: str,
    *paths: Pattern,
    titles: tuple[str, str],
    says: tuple[str, str],
    when: tuple[Condition, Condition],
    reason: str,
    remedy: str,
    witness: Witness,
    bump: Bump = "gated",
    loosened_bump: Bump = "minor",
    loosened_reason: str = "nothing that passed can fail",
    loosened_gated_if: Condition | None = None,
    axis: Axis = "",
) -> tuple[Rule, Rule]:
    """A rule for more being required and its mirror; `axis` is what the loosening touches."""
    return (
        Rule(
            id=tightened,
            title=titles[0],
            says=says[0],
            paths=paths,
            when=when[0],
            bump=bump,
            direction="demand",
            reason=reason,
            remedy=remedy,
            witness=witness,
            mirror=(loosened,),
        ),
        Rule(
            id=loosened,
            title=titles[1],
            says=says[1],
            paths=paths,
            when=when[1],
            bump=loosened_bump,
            direction="demand",
            reason=loosened_reason,
            remedy="",
            witness=_reversed(witness),
            mirror=(tightened,),
            axis=axis,
            gated_if=loosened_gated_if,
        ),
    )


def promise(
    shrunk: str,
    grown: str,
    *paths: Pattern,
    titles: tuple[str, str],
    says: tuple[str, str],
    when: tuple[Condition, Condition],
    reason: str,
    remedy: str,
    witness: Witness,
    bump: Level = "major",
    grown_bump: Bump = "minor",
    grown_reason: str = "projects may use it and need not",
    grown_gated_if: Condition | None = None,
    below: bool = False,
    axis: Axis = "",
    shrunk_axis: Axis = "",
) -> tuple[Rule, Rule]:
    """A rule for less being provided and its mirror.

    `axis` is what the growth touches (exposure), `shrunk_axis` what the shrinking does (protection
    that goes).
    """
    return (
        Rule(
            id=shrunk,
            title=titles[0],
            says=says[0],
            paths=paths,
            when=when[0],
            bump=bump,
            direction="promise",
            reason=reason,
            remedy=remedy,
            witness=witness,
            mirror=(grown,),
            axis=shrunk_axis,
        ),
        Rule(
            id=grown,
            title=titles[1],
            says=says[1],
            paths=paths,
            when=when[1],
            bump=grown_bump,
            direction="promise",
            reason=grown_reason,
            remedy="",
            witness=_reversed(witness),
            mirror=(shrunk,),
            axis=axis,
            gated_if=grown_gated_if,
            below=below,
        ),
    )


def either_way(
    id: str,  # the word of the domain, and keyword arguments stay free of a second name for it
    *paths: Pattern,
    title: str,
    says: str,
    when: Condition,
    bump: Bump,
    reason: str,
    witness: Witness,
    remedy: str = "",
    axis: Axis = "",
    gated_if: Condition | None = None,
    below: bool = False,
    undecidable: bool = False,
) -> tuple[Rule]:
    """A rule for a change whose way back is a change of the same kind."""
    return (
        Rule(
            id=id,
            title=title,
            says=says,
            paths=paths,
            when=when,
            bump=bump,
            direction="neutral",
            reason=reason,
            remedy=remedy,
            witness=witness,
            mirror=(id,),
            axis=axis,
            gated_if=gated_if,
            below=below,
            undecidable=undecidable,
        ),
    )


def _reversed(witness: Witness) -> Witness:
    return Witness(witness.at, witness.after, witness.before, witness.given)
