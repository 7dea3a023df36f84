"""Constraints that choose one of a platform's tags.

They are ours, for no package reads ``v1.2.*``. Resolving looks at every tag of a repository, so it
works on the plain columns of `VersionTags`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.versions.comparator import Comparator, comparators_of, refusal
from floe_engine.versions.tags import VersionTags, tag_of
from floe_engine.versions.version import MAX_TAG, Key, Version

_ABOVE_ALL: Key = (10**MAX_TAG,)
"""Above every version that a tag has room for; comparing with an infinite float would be slow."""


class Resolution(Struct, frozen=True):
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


class Constraint(Struct, frozen=True, dict=True):
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
        listed = VersionTags.among(tags)
        releases = listed.releases
        low, high, named = self._low, self._high, self._named
        first, last = low[:3], high[:3]
        # Between the numbers of the bounds every release is allowed, and no prerelease is named.
        within = [core for core in releases if first < core < last]
        # At a bound, and among tags that share the highest numbers, the whole key decides; then the
        # tag as floe writes it wins over its twin without the v.
        highest = max(within, default=())
        finalists = [
            (key, mark, suffix)
            for key, mark, suffix in listed.with_keys({first, last, highest})
            if low <= key < high and (key[3] or key[:3] in named)
        ]
        best, mark, suffix = max(finalists, default=((), "", ""))
        tag = tag_of(mark, best[:3], suffix) if best else None
        newest = max(releases, default=None)
        return Resolution(
            tag=tag,
            version=Version.from_tag(tag) if tag else None,
            candidates=len(within) + sum(key[:3] != highest for key, _, _ in finalists),
            ignored=listed.ignored,
            newer=Version(*newest) if newest and (*newest, 1) > best[:4] else None,
            conflicts=listed.twins,
        )

    @cached_property
    def _low(self) -> Key:
        return max(comparator.low for comparator in self.comparators)

    @cached_property
    def _high(self) -> Key:
        highs = [comparator.high for comparator in self.comparators if comparator.high is not None]
        return min(highs, default=_ABOVE_ALL)

    @cached_property
    def _named(self) -> frozenset[tuple[int, int, int]]:
        versions = (comparator.version for comparator in self.comparators)
        return frozenset((v.major, v.minor, v.patch) for v in versions if v is not None and v.prerelease)
