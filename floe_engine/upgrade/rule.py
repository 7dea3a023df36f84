"""What an upgrade rule is: an ID, what it costs and why, what to do about it, and an example.

The sentences are in ``rules.json``, and the costs where they are others than the law of the setting
implies; which change is whose is in `catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.artifact.shape import Path, Pattern
from floe_engine.manifest.terms import Access
from floe_engine.upgrade.change import Change

if TYPE_CHECKING:
    from floe_engine.manifest.plugins import Catalogue

Direction = Literal["demand", "promise", "neutral"]
"""A demand is what the platform requires (tightening breaks); a promise is what it provides
(shrinking breaks); neutral changes break nobody or everybody, whichever way they go."""

Bump = Literal["major", "minor", "patch", "none", "gated", "marked"]
"""A `Level`, or ``gated``: as bad as the strictest of the policy rules that read the place makes it on the
new platform: major where it stops a build, minor where it warns, patch where it is off. What domain
platforms make of it cannot be seen, so under ``scope: enterprise`` it is major. ``marked``: major
where the plugin's config schema marks the setting as breaking, minor elsewhere."""

Axis = Literal["", "security", "governance"]
"""What a change touches beside compatibility. Security is shown and acknowledged at any bump."""

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "(absent)"})()
"""In an example: the key is not there."""


class Context(Struct, frozen=True, dict=True):
    """The two platforms between which a change lies, and the plugins that are known."""

    old: Platform
    new: Platform
    known: Catalogue | None = None
    revoked: frozenset[str] = frozenset()
    """Fingerprints of keys that whoever asks believes no more."""

    @cached_property
    def access_lost(self) -> bool:
        """Whether some role of both platforms may do less somewhere under the new one."""
        from floe_engine.policy.rules.access import Roles

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


class Precondition(Struct, frozen=True, forbid_unknown_fields=True):
    """A setting without which an example would not show what it is for."""

    at: Path
    value: Any


class ChangeExample(Struct, frozen=True, forbid_unknown_fields=True):
    """The smallest example of a change: the value at a place before and after it.

    The tests apply it to a platform and demand the rule; taken backwards they demand the mirror.
    """

    at: Path
    before: Any = ABSENT
    after: Any = ABSENT
    given: tuple[Precondition, ...] = ()

    @property
    def backwards(self) -> ChangeExample:
        """The way back."""
        return ChangeExample(self.at, self.after, self.before, self.given)


class ChangeRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way in which a platform can change, and what that costs its projects."""

    id: str = ""
    """Stable, such as ``COV001``; never used again for another change."""
    title: str
    """What changed, in general: ``test coverage raised``."""
    says: str
    """What changed, in one case: a format over ``{0}`` … (what ``*`` stood for), ``{rest}`` (what ``**``
    did), ``{old}``, ``{new}``."""
    bump: Bump
    direction: Direction = "demand"
    reason: str = ""
    """Why it costs that."""
    remedy: str = ""
    """What a project does about it; empty where there is nothing to do."""
    example: ChangeExample | None = None
    """Unwritten: that of the way back, backwards."""
    mirror: tuple[str, ...] = ()
    """The rules for the way back; its own ID where that is a change of the same kind."""
    axis: Axis = ""
    below: bool = False
    """Whether a domain platform may have something of its own there, beside which it no longer fits."""
    undecidable: bool = False
    """Whether only people can tell what it breaks; the bump is then the least that is honest."""
    paths: tuple[Pattern, ...] = ()
    """Places whose changes it judges."""
