"""What a pin could be moved to, and how a constraint is written after the move.

Arithmetic on versions and on the text of constraints only: which tags there are, what an upgrade
would break, and where floe.yaml keeps its pin is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from floe_engine.versions import (
    Comparator,
    Constraint,
    Precision,
    Resolution,
    Version,
    VersionStep,
    newest_first,
)


class PinStatus(Struct, frozen=True):
    """Where a pin stands among the published versions."""

    constraint: Constraint
    current: Version | None
    """The locked version; None where nothing is locked yet."""
    resolution: Resolution
    """What the constraint chooses now."""
    latest: Version | None
    """The highest release; of a prerelease, the highest version, where that is higher."""

    @property
    def wanted(self) -> Version | None:
        """The highest version within the constraint; None where no tag satisfies it."""
        return self.resolution.version

    @property
    def wanted_step(self) -> VersionStep:
        """How far `wanted` is from `current`."""
        return _step(self.wanted, self.current)

    @property
    def latest_step(self) -> VersionStep:
        """How far `latest` is from `current`."""
        return _step(self.latest, self.current)

    @property
    def outdated(self) -> bool:
        """Whether anything newer than `current` is published, within the constraint or not."""
        return self.wanted_step not in ("same", "older") or self.latest_step not in ("same", "older")


def pin_status(constraint: Constraint, current: Version | None, tags: Iterable[str]) -> PinStatus:
    """Where `current` stands among `tags` under `constraint`."""
    listed = list(tags)
    versions = [version for _, version in newest_first(listed)]
    releases = [version for version in versions if not version.prerelease]
    latest = next(iter(releases), None)
    if current is not None and current.prerelease and versions and (latest is None or latest < current):
        latest = versions[0]
    return PinStatus(constraint, current, constraint.resolve(listed), latest)


def pinned(version: Version, precision: Precision) -> str:
    """The constraint that pins `version` to a precision: ``v1.2.3``, ``v1.2.*`` or ``v1.*.*``.

    A prerelease is always pinned exactly: no wildcard admits one.
    """
    if precision == "pinned" or version.prerelease:
        return version.tag
    if precision == "patch":
        return f"v{version.major}.{version.minor}.*"
    return f"v{version.major}.*.*"


def rewrite(text: str, version: Version) -> str:
    """The constraint `text` moved so that it admits `version`, as precise as it was.

    Renovate's ``replace``: what admits the version already stays as it is, everything else keeps
    its operators, its number of places, its wildcards and its ``v``. Raises `UsageError` where
    `text` is no constraint.
    """
    constraint = Constraint.parse(text)
    if constraint.allows(version):
        return text
    position = 0
    parts: list[str] = []
    for comparator in constraint.comparators:
        place = text.index(comparator.text, position)
        parts += (text[position:place], _moved(comparator, version))
        position = place + len(comparator.text)
    moved = "".join((*parts, text[position:]))
    if Constraint.parse(moved).allows(version):
        return moved
    return version.tag if text.lstrip("^~<>= \t").startswith("v") else version.tag.removeprefix("v")


def _moved(comparator: Comparator, version: Version) -> str:
    """The operand of one comparator, as it is after the move."""
    holds = Constraint(comparator.text, (comparator,)).allows(version.core)
    if holds and comparator.operator in (">=", ">", "<", "<="):
        return comparator.text
    numbers = (version.major, version.minor, version.patch)[: len(comparator.numbers)]
    if comparator.operator == "<":
        numbers = _above(comparator.numbers, numbers)
    v = "v" if comparator.text.startswith("v") else ""
    if comparator.version is not None and comparator.operator not in ("<", ">", "<="):
        full = version.tag if "_" in comparator.text else str(version)
        return f"{v}{full.removeprefix('v')}"
    wildcards = comparator.text.removeprefix("v").split(".")[len(comparator.numbers) :]
    return v + ".".join((*map(str, numbers), *wildcards))


def _above(bound: tuple[int, ...], numbers: tuple[int, ...]) -> tuple[int, ...]:
    """An upper end above `numbers` that is as round as the one before: <2.0.0 becomes <3.0.0."""
    place = max((index for index, number in enumerate(bound) if number), default=0)
    return (*numbers[:place], numbers[place] + 1, *(0 for _ in bound[place + 1 :]))


def _step(version: Version | None, current: Version | None) -> VersionStep:
    if version is None or version == current:
        return "same"
    return "major" if current is None else version.step_from(current)
