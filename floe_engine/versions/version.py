"""A version: SemVer 2.0.0, its order, and the tag that stands for it.

The ``semver`` package does the arithmetic. In a tag, ``+`` is written ``_`` (OCI
distribution-spec: a tag is at most 128 characters of ``[a-zA-Z0-9_.-]``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.patterns import pattern

Level = Literal["none", "patch", "minor", "major"]
"""How much a change promises, least first."""

LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")

VersionStep = Literal["same", "build", "prerelease", "patch", "minor", "major", "older"]
"""How far one version is from another."""

MAX_TAG = 128
"""Characters of an OCI tag."""

NUMBER = r"(?:0|[1-9][0-9]*+)"
_IDENTIFIER = r"(?!0[0-9]++(?![0-9A-Za-z-]))[0-9A-Za-z-]++"
PRERELEASE = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*+"
BUILD = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
"""The grammar of SemVer 2.0.0 §9 and §10, as regular expressions without groups."""

_VERSION = pattern(rf"v?({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRERELEASE}))?(?:[+_]({BUILD}))?")

Core = tuple[int, int, int]
"""Major, minor and patch."""

Key = tuple[Any, ...]
"""Sorts as versions do: (major, minor, patch, 1 for a release or 0, prerelease, build).

A shorter tuple sorts before every longer one that begins with it, which is how the bounds of a
constraint lie between versions: (2, 0, 0) is below every 2.0.0 prerelease, (2, 0, 0, 1) above them
and below 2.0.0 itself, (2, 0, 0, 2) above 2.0.0 and all its builds.
"""


class Version(Struct, frozen=True):
    """A semantic version. Ordered as SemVer 2.0.0 §11 says, then by build metadata.

    SemVer calls builds of one version equal in precedence; here the order is total, so that which
    of two tags a constraint picks never depends on the order in which a registry lists them.
    """

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``v1.2.3``, ``1.2.3-rc.1``, ``1.2.3+b2`` or a tag's ``1.2.3_b2``.

        Raises `UsageError` for anything else.
        """
        version = cls.from_tag(text)
        if version is None:
            raise UsageError(
                f"not a version: {shown(text)}",
                _why_not(text),
                hint="write three numbers, such as v1.2.3 or v1.2.3-rc.1",
            )
        return version

    @classmethod
    def from_tag(cls, tag: str) -> Version | None:
        """The version that a tag names; None for tags such as ``latest`` or ``v1``."""
        match = _VERSION.fullmatch(tag) if len(tag) <= MAX_TAG else None
        if match is None:
            return None
        major, minor, patch, prerelease, build = match.groups(default="")
        version = cls(int(major), int(minor), int(patch), prerelease, build)
        return version if len(version.tag) <= MAX_TAG else None

    @property
    def core(self) -> Version:
        """The version without prerelease and build."""
        return Version(self.major, self.minor, self.patch)

    @property
    def tag(self) -> str:
        """The OCI tag under which floe publishes it: ``v1.2.3``, ``v1.2.3-rc.1_b2``."""
        return f"v{self}".replace("+", "_")

    @property
    def key(self) -> Key:
        """A tuple that sorts as the version does."""
        return (
            self.major,
            self.minor,
            self.patch,
            0 if self.prerelease else 1,
            identifiers(self.prerelease),
            identifiers(self.build),
        )

    def bump(self, level: Level) -> Version:
        """The next version of `level`, without prerelease or build.

        A prerelease already stands for the version that it leads to: 1.3.0-rc.1 bumped by minor or
        patch is 1.3.0. ``none`` gives the version itself.
        """
        if level == "none":
            return self
        from semver import Version as SemVer

        nearest = SemVer(self.major, self.minor, self.patch, self.prerelease or None)
        bumped = nearest.next_version(level)
        return Version(bumped.major, bumped.minor, bumped.patch)

    def step_from(self, old: Version) -> VersionStep:
        """The place of the number in which this version moved on from `old`."""
        if self == old:
            return "same"
        if self < old:
            return "older"
        if self.major != old.major:
            return "major"
        if self.minor != old.minor:
            return "minor"
        if self.patch != old.patch:
            return "patch"
        return "prerelease" if self.prerelease != old.prerelease else "build"

    # All four: a struct has them all, and they refuse, so functools.total_ordering would fill in none.
    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        return self.key <= other.key

    def __gt__(self, other: Version) -> bool:
        return self.key > other.key

    def __ge__(self, other: Version) -> bool:
        return self.key >= other.key

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.build}" if self.build else text


def newest_first(tags: Iterable[str]) -> list[tuple[str, Version]]:
    """The tags that are versions with what they name, highest first; the others are left out."""
    found = [(tag, version) for tag in tags if (version := Version.from_tag(tag)) is not None]
    return sorted(found, key=lambda pair: (pair[1].key, pair[0][0] == "v"), reverse=True)


def identifiers(text: str) -> Key:
    """Dot-separated identifiers as SemVer §11.4 orders them: numbers first, and by value."""
    if not text:
        return ()
    # A build may write one number in two ways (7, 07), so its text decides last.
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part) for part in text.split("."))


def _why_not(text: str) -> str:
    if len(text) >= MAX_TAG:
        return f"a tag has at most {MAX_TAG} characters"
    if re.fullmatch(r"v?[0-9]+(\.[0-9]+)?", text):
        return "a number is missing"
    if re.match(r"v?(0[0-9]|[0-9]+\.0[0-9]|[0-9]+\.[0-9]+\.0[0-9])", text):
        return "a number has a leading zero"
    return ""


def shown(text: str) -> str:
    """Text from outside, safe for a terminal and short."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def previous_version(new: Version, published: Iterable[Version]) -> Version | None:
    """Which published version `new` has to be compared with; None where it is the first.

    The highest lower release: what a release candidate broke still has to be promised by the
    release after it. Only where there is no release yet, the highest lower prerelease.
    """
    lower = [version for version in published if version < new]
    releases = [version for version in lower if not version.prerelease]
    return max(releases or lower, default=None)
