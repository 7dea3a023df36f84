"""Constraints that choose one of a platform's tags.

They are ours, for no package reads ``v1.2.*``. Resolving looks at every tag of a repository, so it
works on plain tuples: `Version` objects are made for the few versions that are answered, never for
the ten thousand that are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from floe_engine.errors import UsageError
from floe_engine.versions.comparator import Comparator, Precision, comparators_of, refusal
from floe_engine.versions.version import MAX_TAG, TAG_LINES, Key, Version, identifiers


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a constraint makes of a repository's tags."""

    tag: str | None
    """The highest tag that the constraint allows; None where there is none."""
    version: Version | None
    candidates: int
    """How many tags the constraint allows."""
    ignored: int
    """How many tags are no versions (``latest``, ``sha-0a1b``, ``v1``)."""
    newer: Version | None
    """The highest release above `version` (or of all, where there is none): what the constraint
    keeps away."""
    conflicts: tuple[tuple[str, str], ...] = ()
    """Pairs of tags that name one version (``1.2.3`` and ``v1.2.3``). Whoever knows digests must
    refuse a pair that differs: which of the two is meant cannot be told."""


@dataclass(frozen=True)
class Constraint:
    """Which versions a consumer accepts: every comparator must hold.

    A version alone is exact: it admits no other build. A prerelease is admitted only where a
    comparator names a prerelease of the same three numbers (as npm does).
    """

    text: str
    comparators: tuple[Comparator, ...]

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Read ``v1.2.3``, ``v1.2.*``, ``v1.2``, ``^1.2``, ``~1.2.3`` or ``>=1.2 <2``.

        Spaces or commas mean *and*. Raises `UsageError` with the place of the mistake.
        """
        if len(text) > 2 * MAX_TAG:
            raise UsageError("version constraint is too long", f"{len(text)} characters")
        comparators = tuple(comparators_of(text))
        if not comparators:
            raise refusal(text, 0, "it is empty")
        return cls(text.strip(), comparators)

    def __str__(self) -> str:
        return self.text

    @property
    def is_exact(self) -> bool:
        """Whether it names one version, so that no list of tags is needed to resolve it."""
        return self.exact is not None

    @property
    def exact(self) -> Version | None:
        """The one version that it names; None for a range."""
        only = self.comparators[0]
        return only.version if len(self.comparators) == 1 and only.operator in ("", "=") else None

    @property
    def precision(self) -> Precision:
        """What it lets move; several comparators, or one without an upper end, are a range."""
        if self.is_exact:
            return "pinned"
        return self.comparators[0].precision if len(self.comparators) == 1 else "range"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a careful colleague would say of it."""
        if all(comparator.high is None for comparator in self.comparators):
            return (f"{self.text} accepts every future major version, and majors break projects",)
        if (*self._low, 0)[0] == 0 and self._high > (*self._low[:1], (*self._low, 0, 0)[1] + 1, 0):
            return (f"{self.text} accepts every 0.y version, and before 1.0 a minor version may break",)
        return ()

    def allows(self, version: Version) -> bool:
        """Whether the constraint accepts `version`."""
        named = not version.prerelease or (version.major, version.minor, version.patch) in self._named
        return named and self._low <= version.key < self._high

    def resolve(self, tags: Iterable[str]) -> Resolution:
        """Choose the highest tag that it allows. Linear; ten thousand tags take some milliseconds."""
        listed = list(tags)
        usable = [tag for tag in listed if len(tag) <= MAX_TAG]
        lines = "\n".join(usable)
        if lines.count("\n") != max(len(usable) - 1, 0):
            usable = [tag for tag in usable if "\n" not in tag]
            lines = "\n".join(usable)
        rows = TAG_LINES.findall(lines)

        low, high, named = self._low, self._high, self._named
        # The major alone settles most tags: outside the bounds, and lower than one seen before.
        lowest, highest = (*low, 0)[0], (*high, -1)[0]
        best: Key = ()
        best_tag: str | None = None
        newest: Key = (0,)
        candidates = 0
        for tag, major, minor, patch, prerelease, build in rows:
            place = int(major)
            if place < newest[0] and not lowest <= place <= highest:
                continue
            key: Key = (place, int(minor), int(patch), 1, (), ())
            if prerelease or build:
                key = (*key[:3], 0 if prerelease else 1, identifiers(prerelease), identifiers(build))
            if key > newest and not prerelease:
                newest = key
            if low <= key < high and (not prerelease or key[:3] in named):
                candidates += 1
                # The tag as floe writes it wins over its twin without the v.
                if key > best or (key == best and tag[0] == "v"):
                    best, best_tag = key, tag
        return Resolution(
            tag=best_tag,
            version=Version.parse(best_tag) if best_tag else None,
            candidates=candidates,
            ignored=len(listed) - len(rows),
            newer=Version(*newest[:3]) if newest[:4] > best[:4] and len(newest) > 1 else None,
            conflicts=_conflicts([row[0] for row in rows]),
        )

    @cached_property
    def _low(self) -> Key:
        return max(comparator.low for comparator in self.comparators)

    @cached_property
    def _high(self) -> Key:
        highs = [comparator.high for comparator in self.comparators if comparator.high is not None]
        return min(highs, default=(float("inf"),))

    @cached_property
    def _named(self) -> frozenset[tuple[int, int, int]]:
        versions = (comparator.version for comparator in self.comparators)
        return frozenset((v.major, v.minor, v.patch) for v in versions if v is not None and v.prerelease)


def _conflicts(tags: list[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of tags that differ in their ``v`` alone."""
    bare = [tag for tag in tags if tag[0] != "v"]
    present = set(tags) if bare else set()
    return tuple((tag, f"v{tag}") for tag in sorted(set(bare)) if f"v{tag}" in present)
