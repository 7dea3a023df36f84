"""Versions of a platform, and constraints that choose one of its tags.

A version is SemVer 2.0.0; the ``semver`` package does its arithmetic. A constraint is ours, for no
package reads ``v1.2.*``. In a tag, ``+`` is written ``_`` (OCI distribution-spec: a tag is at most
128 characters of ``[a-zA-Z0-9_.-]``). Nothing here knows a registry, a file or an artifact.

Resolving looks at every tag of a repository, so it works on plain tuples: `Version` objects are
made for the few versions that are answered, never for the ten thousand that are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, total_ordering
from typing import Any, Literal

from floe_engine.errors import UsageError

Level = Literal["none", "patch", "minor", "major"]
"""How much a change promises, least first."""

LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")

Step = Literal["same", "build", "prerelease", "patch", "minor", "major", "older"]
"""How far one version is from another."""

Precision = Literal["pinned", "patch", "minor", "range"]
"""What a constraint lets move: nothing, the patch, the minor, or more."""

MAX_TAG = 128
"""Characters of an OCI tag."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_CORE = rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
_PRERELEASE = rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
_BUILD = r"(?:[+_]([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
_VERSION = re.compile(rf"{_CORE}{_PRERELEASE}{_BUILD}")
_TAG_LINES = re.compile(rf"^({_CORE}{_PRERELEASE}{_BUILD})$", re.MULTILINE)

Key = tuple[Any, ...]
"""Sorts as versions do: (major, minor, patch, 1 for a release or 0, prerelease, build).

A shorter tuple sorts before every longer one that begins with it, which is how the bounds of a
constraint lie between versions: (2, 0, 0) is below every 2.0.0 prerelease, (2, 0, 0, 1) above them
and below 2.0.0 itself, (2, 0, 0, 2) above 2.0.0 and all its builds.
"""

_ABOVE_ANY_BUILD: Key = ((9,),)
_AFTER: Key = (0,)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
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
                f"not a version: {_shown(text)}",
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
            _identifiers(self.prerelease),
            _identifiers(self.build),
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

    def step_from(self, old: Version) -> Step:
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

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.build}" if self.build else text


@dataclass(frozen=True, slots=True)
class Comparator:
    """One part of a constraint: an operator and the numbers that it was given.

    `operator` is ``""`` for a version or wildcard alone; `numbers` are the one to three numbers
    before the first wildcard; `version` is there when all three are. It holds for sort keys from
    `low` up to, not including, `high` (None: no upper end).
    """

    operator: str
    numbers: tuple[int, ...]
    text: str
    """As written, without the operator: ``v1.2.*``."""
    version: Version | None
    low: Key
    high: Key | None

    @property
    def precision(self) -> Precision:
        """What it lets move."""
        places = len(self.numbers)
        if self.operator == "^":
            return "minor" if self.numbers[:1] != (0,) or places == 1 else "patch"
        if self.operator == "~":
            return "patch" if places > 1 else "minor"
        if self.operator in ("", "="):
            return ("range", "minor", "patch", "pinned")[places]
        return "range"


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
        comparators = tuple(_comparators(text))
        if not comparators:
            raise _refusal(text, 0, "it is empty")
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
        rows = _TAG_LINES.findall(lines)

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
                key = (*key[:3], 0 if prerelease else 1, _identifiers(prerelease), _identifiers(build))
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


def newest_first(tags: Iterable[str]) -> list[tuple[str, Version]]:
    """The tags that are versions with what they name, highest first; the others are left out."""
    found = [(tag, version) for tag in tags if (version := Version.from_tag(tag)) is not None]
    return sorted(found, key=lambda pair: (pair[1].key, pair[0][0] == "v"), reverse=True)


def _identifiers(text: str) -> Key:
    """Dot-separated identifiers as SemVer §11.4 orders them: numbers first, and by value."""
    if not text:
        return ()
    # A build may write one number in two ways (7, 07), so its text decides last.
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part) for part in text.split("."))


def _conflicts(tags: list[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of tags that differ in their ``v`` alone."""
    bare = [tag for tag in tags if tag[0] != "v"]
    present = set(tags) if bare else set()
    return tuple((tag, f"v{tag}") for tag in sorted(set(bare)) if f"v{tag}" in present)


# --- reading a constraint ----------------------------------------------------------------------

_SEPARATOR = re.compile(r"[ \t]*,?[ \t]*")
_OPERATOR = re.compile(r"(\^|~|>=|<=|>|<|=)?[ \t]*")
_OPERAND = re.compile(r"[^\s,<>=^~|]+")
_WILDCARDS = ("*", "x", "X")
_EXAMPLES = "write v1.2.3, v1.2.*, v1.*.*, ^1.2, ~1.2.3 or >=1.2 <2"


def _comparators(text: str) -> Iterator[Comparator]:
    position = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    while position < end:
        operator = _OPERATOR.match(text, position)
        assert operator is not None  # every part of it is optional
        operand = _OPERAND.match(text, operator.end())
        if operand is None:
            if text[operator.end() : operator.end() + 1] == "|":
                raise _refusal(text, operator.end(), "alternatives (||) are not supported")
            what = f"after {operator[1]} a version is missing" if operator[1] else "a version is missing"
            raise _refusal(text, operator.end(), what)
        yield _comparator(text, operator[1] or "", operand[0], operand.start())
        separator = _SEPARATOR.match(text, operand.end())
        assert separator is not None  # may be empty
        position = separator.end()
        if position >= end and "," in separator[0]:
            raise _refusal(text, operand.end(), "nothing follows the comma")


def _comparator(text: str, operator: str, body: str, position: int) -> Comparator:
    version = Version.from_tag(body)
    if version is not None:
        numbers: tuple[int, ...] = (version.major, version.minor, version.patch)
    else:
        numbers = _numbers(text, body, position)
    low, high = _bounds(operator, numbers, version)
    return Comparator(operator, numbers, body, version, low, high)


def _numbers(text: str, body: str, position: int) -> tuple[int, ...]:
    """The numbers before the first wildcard of ``v1.2.*``, ``1`` or ``*``."""
    numbers: list[int] = []
    wild = False
    offset = position + (1 if body.startswith("v") else 0)
    parts = body.removeprefix("v").split(".")
    if len(parts) == 3 and not any(part in _WILDCARDS for part in parts) and all(map(_is_number, parts)):
        raise _refusal(text, position, f"a version has at most {MAX_TAG} characters")
    for index, part in enumerate(parts):
        if index == 3:
            raise _refusal(text, offset, "a version has three numbers")
        if part in _WILDCARDS:
            wild = True
        elif not _is_number(part):
            raise _refusal(text, offset, _bad_number(part, first=index == 0))
        elif wild:
            raise _refusal(text, offset, "a number may not follow a wildcard")
        else:
            numbers.append(int(part))
        offset += len(part) + 1
    return tuple(numbers)


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) < MAX_TAG and (part == "0" or part[0] != "0")


def _bad_number(part: str, *, first: bool) -> str:
    if not part:
        return "a number is missing"
    if part.isascii() and part.isdigit():
        return f"{_shown(part)} has a leading zero"
    if part.startswith("!"):
        return "exclusions (!=) are not supported"
    if first and part.isascii() and part.isalpha():
        return f"{_shown(part)} is a name; names can move, so only versions can be pinned"
    if "-" in part or "+" in part:
        return f"{_shown(part)}: prerelease and build need all three numbers before them"
    return f"{_shown(part)} is not a number"


def _bounds(operator: str, numbers: tuple[int, ...], version: Version | None) -> tuple[Key, Key | None]:
    """From (inclusive) and to (exclusive) of one comparator, as sort keys; see `Key`."""
    if not numbers:  # a lone * with any operator but < and >, which can then hold for nothing
        return ((), ()) if operator in ("<", ">") else ((), None)
    low: Key = (*numbers, 0, 0)[:3]
    if version is not None:
        low = version.key if version.build else version.key[:5]
    if operator == ">=":
        return low, None
    if operator == "<":
        if version is None:
            return (), low
        return (), low if version.prerelease or version.build else low[:4]
    if operator in (">", "<="):
        after = _just_above(numbers, version)
        return (after, None) if operator == ">" else ((), after)
    if operator == "^":
        meaning = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
        return low, _next(numbers, meaning)
    if operator == "~":
        return low, _next(numbers, min(1, len(numbers) - 1))
    if version is not None:
        return version.key, (*version.key, *_AFTER)
    return low, _next(numbers, len(numbers) - 1)


def _just_above(numbers: tuple[int, ...], version: Version | None) -> Key:
    """A bound above everything that the operand stands for, builds included."""
    if version is None:
        return _next(numbers, len(numbers) - 1)
    if version.build:
        return (*version.key, *_AFTER)
    return (*version.key[:5], _ABOVE_ANY_BUILD)


def _next(numbers: tuple[int, ...], place: int) -> Key:
    """The three numbers with the one at `place` raised and those after it zero."""
    raised = (*numbers[:place], numbers[place] + 1)
    return (*raised, 0, 0)[:3]


def _refusal(text: str, position: int, reason: str) -> UsageError:
    return UsageError(
        f"not a version constraint: {_shown(text)}",
        f"character {position + 1}: {reason}",
        hint=_EXAMPLES,
    )


def _why_not(text: str) -> str:
    if len(text) >= MAX_TAG:
        return f"a tag has at most {MAX_TAG} characters"
    if re.fullmatch(r"v?[0-9]+(\.[0-9]+)?", text):
        return "a number is missing"
    if re.match(r"v?(0[0-9]|[0-9]+\.0[0-9]|[0-9]+\.[0-9]+\.0[0-9])", text):
        return "a number has a leading zero"
    return ""


def _shown(text: str) -> str:
    """Text from outside, safe for a terminal and short."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
