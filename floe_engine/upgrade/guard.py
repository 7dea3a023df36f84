"""The version guard: whether a version number promises as much change as there is.

The arithmetic is Cargo's: before 1.0 every promise moves one place to the right, so a breaking
change needs 0.(y+1).0. A prerelease is judged by the version that it leads to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from floe_engine.errors import VersionTooLow
from floe_engine.text import plural
from floe_engine.upgrade.rules import Assessment, Entry
from floe_engine.upgrade.suppressions import Suppressed, Suppressions
from floe_engine.versions import LEVELS, Level, Version

FIRST_VERSION = Version(0, 1, 0)
"""What a platform is called before anything was published."""

SHOWN_RULES = 5
"""Changes that a refusal names; the others are counted."""

NO_SUPPRESSIONS = Suppressions()


class GuardVerdict(Struct, frozen=True):
    """What the guard says of a version. `ok` or `reason`, never both."""

    version: Version
    previous: Version | None
    """What it was compared with; None for the first version."""
    assessment: Assessment
    """Every change, the suppressed ones too."""
    suppressed: Suppressed

    @property
    def required(self) -> Level:
        """What the number must promise, already shifted where the previous version is 0.y."""
        level = self.suppressed.remaining.required
        return level if self.previous is None else shifted(level, self.previous)

    @property
    def promised(self) -> Level:
        """What it does promise: the place in which the three numbers moved.

        That is ``none`` between prereleases of one version.
        """
        step = "major" if self.previous is None else self.version.core.step_from(self.previous.core)
        return step if step == "major" or step == "minor" or step == "patch" else "none"

    @property
    def suggestion(self) -> Version:
        """The least version that would do."""
        least = next_version(self.previous, self.suppressed.remaining.required)
        if self.version.prerelease and least.core != self.version.core:
            return Version(least.major, least.minor, least.patch, self.version.prerelease)
        return least

    @property
    def reason(self) -> str:
        """Why it is refused, one line without a final stop; empty where it is not."""
        new, previous = self.version, self.previous
        if new.build:
            return f"{new.tag} has build metadata, which a constraint cannot choose by"
        if previous is None:
            return ""
        if new == previous:
            return f"{new.tag} is published already" if self.suppressed.remaining.entries else ""
        if new < previous:
            return f"{new.tag} is lower than {previous.tag}, the version it is compared with"
        if (previous.prerelease and new.core == previous.core) or not self._unpromised:
            return ""  # prereleases of one version promise nothing to each other
        verb = "needs" if len(self._unpromised) == 1 else "need"
        count = plural(len(self._unpromised), "change")
        return f"{new.tag} is a {self.promised} bump; {count} {verb} {self.suggestion.tag}"

    @property
    def ok(self) -> bool:
        """Whether the version may be published."""
        return not self.reason

    @property
    def blocking(self) -> tuple[Entry, ...]:
        """The changes that need more than the number promises."""
        return () if self.ok else self._unpromised

    @property
    def _unpromised(self) -> tuple[Entry, ...]:
        if self.previous is None:
            return ()
        promised = LEVELS.index(self.promised)
        return tuple(
            entry
            for entry in self.suppressed.remaining.entries
            if LEVELS.index(shifted(entry.bump, self.previous)) > promised
        )

    @property
    def security(self) -> tuple[Entry, ...]:
        """The changes that touch security, to be shown and acknowledged whatever the bump."""
        return self.suppressed.remaining.security

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.previous is None:
            return f"{self.version.tag} is the first version"
        if not self.assessment.entries:
            return f"nothing changed since {self.previous.tag}"
        count = plural(len(self.assessment.entries), "change")
        return f"{count} since {self.previous.tag}; {self.suggestion.tag} or higher is needed"

    def explanation(self, where: Callable[[Entry], str] | None = None) -> str:
        """The changes that a refusal rests on, a line each: rule, place, what changed.

        `where` gives a change's place as text, such as ``manifest.yaml:34:11``.
        """
        place = where or (lambda entry: entry.place)
        shown = [
            f"{entry.rule.id} {place(entry)}: {entry.sentence} ({entry.rule.reason})"
            for entry in self.blocking[:SHOWN_RULES]
        ]
        rest = len(self.blocking) - len(shown)
        return "\n".join([*shown, f"and {plural(rest, 'other change')}"] if rest > 0 else shown)

    def demand(self, where: Callable[[Entry], str] | None = None) -> None:
        """Raise `VersionTooLow`, naming rules and the version that would do, unless it is `ok`."""
        if not self.ok:
            raise VersionTooLow(
                self.reason,
                self.explanation(where),
                hint=f"publish it as {self.suggestion.tag}, or suppress a change with a reason and an owner",
            )


def check_version(
    new: Version,
    previous: Version | None,
    assessment: Assessment,
    suppressions: Suppressions = NO_SUPPRESSIONS,
    *,
    today: date | None = None,
) -> GuardVerdict:
    """Judge whether `new` may follow `previous`, given what changed between the two.

    `previous` is what `previous_version` finds among the published versions. `today` (UTC) is the day on
    which suppressions are looked at.
    """
    return GuardVerdict(new, previous, assessment, suppressions.apply(assessment, today=today))


def shifted(level: Level, previous: Version) -> Level:
    """What a change of `level` has to be called after `previous`: one place less before 1.0."""
    if previous.major > 0 or level in ("none", "patch"):
        return level
    return "minor" if level == "major" else "patch"


def next_version(previous: Version | None, level: Level) -> Version:
    """The least version that may follow `previous` with changes of `level`.

    With no changes it is the next patch, for a published version is never used again.
    """
    if previous is None:
        return FIRST_VERSION
    needed = shifted(level, previous)
    return previous.bump("patch" if needed == "none" else needed)
