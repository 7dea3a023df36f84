"""Permitted exceptions: who may make one, how long it holds, and whether it is still needed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.policy.enforcement import overridable
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import WAIVERS
from floe_engine.policy.rule import Examined, Example, ExampleAnswer, Rule, spelt
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

Origin = Literal["platform", "product"]


class WaiverPlace(NamedTuple):
    """Where a waiver stands: the path of floe.yaml from the dbt project's directory, and its line."""

    path: str = "floe.yaml"
    line: int = 1


_HERE = WaiverPlace()


class JudgedWaiver(Struct, frozen=True):
    """A waiver, where it comes from, and why it does not hold (empty: it holds)."""

    waiver: Waiver
    origin: Origin
    place: WaiverPlace = _HERE
    expired: bool = False
    refused: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a finding on it is about."""
        return f"waiver {self.waiver.id}"

    @property
    def holds(self) -> bool:
        """Whether it may take findings out of the count."""
        return not self.expired and not self.refused

    @property
    def why(self) -> str:
        """Why it does not hold; empty where it does."""
        return f"expired on {self.waiver.expires}" if self.expired else "; ".join(self.refused)

    def covers(self, finding: Finding, node: Model | Source | None, platform: Platform) -> bool:
        """Whether it is about a finding. `node` is the finding's subject, None for a layer or project."""
        if self.waiver.rules and finding.rule not in {spelt(rule) for rule in self.waiver.rules}:
            return False
        if self.origin == "product" and not overridable(finding.rule, platform):
            return False
        if node is None:
            return fnmatchcase(finding.subject, self.waiver.pattern)
        from floe_engine.policy.selection import matches  # which nobody needs who has no waivers

        return matches(self.waiver.pattern, node)


class Waivers:
    """All waivers of an evaluation, with a memory of which were used."""

    def __init__(
        self,
        platform: Platform,
        product: Iterable[Waiver],
        today: date,
        places: Mapping[str, WaiverPlace] = {},
    ) -> None:
        self.platform = platform
        self.today = today
        self.entries = [
            *(self._entry(waiver, "platform") for waiver in platform.gates.waivers),
            *(self._entry(waiver, "product", places.get(waiver.id, _HERE)) for waiver in product),
        ]
        self._used: set[int] = set()

    def of(self, finding: Finding, node: Model | Source | None) -> Waiver | None:
        """The first waiver that covers a finding and holds; it counts as used from now on."""
        for place, entry in enumerate(self.entries):
            if entry.holds and entry.covers(finding, node, self.platform):
                self._used.add(place)
                return entry.waiver
        return None

    @property
    def own(self) -> list[JudgedWaiver]:
        """The data team's. The platform's are its own affair: nobody else can mend them."""
        return [entry for entry in self.entries if entry.origin == "product"]

    def unused(self) -> list[JudgedWaiver]:
        """Waivers that hold and cover nothing."""
        return [e for place, e in enumerate(self.entries) if e.holds and place not in self._used]

    def _entry(self, waiver: Waiver, origin: Origin, place: WaiverPlace = _HERE) -> JudgedWaiver:
        expires = _day(waiver.expires)
        return JudgedWaiver(
            waiver,
            origin,
            place,
            expired=expires is not None and expires < self.today,
            refused=tuple(self._objections(waiver, origin, expires)),
        )

    def _objections(self, waiver: Waiver, origin: Origin, expires: date | None) -> Iterator[str]:
        policy = self.platform.gates.waiver_policy
        if origin == "product":
            if policy.allow_in_product == "never":
                yield "the platform allows no waivers in a data product"
            if not (waiver.owner or "").strip():
                yield "it names no owner"
            fixed = sorted(r for r in map(spelt, waiver.rules) if not overridable(r, self.platform))
            if fixed:
                yield f"the platform marks {', '.join(fixed)} as not overridable"
        if not waiver.reason.strip():
            yield "it gives no reason"
        if waiver.expires is None:
            if policy.require_expiry:
                yield "it has no expiry"
        elif expires is None:
            yield f"its expiry {waiver.expires} is no date (YYYY-MM-DD)"
        elif expires > self.today + timedelta(days=policy.max_days):
            yield f"it expires on {expires}, more than {policy.max_days} days ahead"


_TODAY = date(2025, 6, 1)
"""The day of the examples."""


def _example_waiver(expires: date = _TODAY, reason: str = "it was so before") -> Waiver:
    """A waiver that every policy permits which permits any."""
    return Waiver(id="example", pattern="*", reason=reason, owner="core", expires=expires.isoformat())


class WaiverRule(Rule):
    """A rule about waivers themselves. `evaluate` asks it after all others, with `examine_waivers`."""

    setting = "governance.waiver_policy"
    reads = WAIVERS

    def examine(self, view: View) -> Iterator[Examined]:
        yield from ()

    def examine_waivers(
        self, entries: Sequence[JudgedWaiver], unused: Sequence[JudgedWaiver]
    ) -> Iterator[Examined]:
        """Every waiver, and what is wrong with it."""
        for entry in entries:
            yield entry.name, tuple(self.check(entry, entry in unused))

    @abstractmethod
    def check(self, entry: JudgedWaiver, unused: bool) -> Iterator[Finding]:
        """What is wrong with one waiver."""

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Waivers of a data product that it passes and refuses, where the platform permits such."""
        for waiver, unused, passes in self.told_apart(make.platform):
            yield Example(
                f"{self.title}: {'met' if passes else 'not met'}",
                f"a waiver until {waiver.expires} that covers {'nothing' if unused else 'something'}: "
                f"{waiver.reason or 'no reason'}",
                f"waiver {waiver.id}",
                (),
                passes,
                ask=partial(self._asked, waiver, unused),
            )

    @abstractmethod
    def told_apart(self, platform: Platform) -> Iterator[tuple[Waiver, bool, bool]]:
        """Waivers on the day of the examples, whether each covers nothing, and whether it passes."""

    def _asked(self, waiver: Waiver, unused: bool, platform: Platform) -> ExampleAnswer:
        entries = Waivers(platform, (waiver,), _TODAY).own
        found = [finding for entry in entries for finding in self.check(entry, unused)]
        return ExampleAnswer(not found, "; ".join(finding.message for finding in found))


class WaiverExpired(WaiverRule):
    """No waiver has expired.

    What it excused counts again, and the waiver itself fails until somebody renews or removes it. Of
    the platform's own waivers the platform team hears, in `floe platform check`, `test` and `publish`;
    a data team is told in a line that they excuse nothing any more.
    """

    id = "FLOE-E290"

    def check(self, entry: JudgedWaiver, unused: bool) -> Iterator[Finding]:
        if entry.expired:
            waiver = entry.waiver
            yield self.finding(
                entry.name,
                f"waiver {waiver.id} expired on {waiver.expires}: {waiver.reason}",
                expected="a day that has not passed",
                actual=str(waiver.expires),
                suggestion=f"mend what it excused, or ask {waiver.owner or 'the platform team'} to renew it",
                at=entry.place,
            )

    def told_apart(self, platform: Platform) -> Iterator[tuple[Waiver, bool, bool]]:
        yield _example_waiver(), False, True
        yield _example_waiver(_TODAY - timedelta(days=1)), False, False


class WaiverUnused(WaiverRule):
    """Every waiver is needed.

    One that covers nothing may have a typo in its pattern, or its cause is gone and it only
    waits to hide something else.
    """

    id = "FLOE-E291"

    def check(self, entry: JudgedWaiver, unused: bool) -> Iterator[Finding]:
        if unused:
            yield self.finding(
                entry.name,
                f"waiver {entry.waiver.id} ({entry.waiver.pattern}) covers nothing",
                expected="at least one finding that it covers",
                actual="none",
                suggestion="remove it, or correct its pattern and rules",
                at=entry.place,
            )

    def told_apart(self, platform: Platform) -> Iterator[tuple[Waiver, bool, bool]]:
        """One that covers something, and one that does not."""
        yield _example_waiver(), False, True
        yield _example_waiver(), True, False


class WaiverNotPermitted(WaiverRule):
    """Every waiver is one that the platform's policy permits.

    The policy says whether a data product may have waivers at all, how far ahead they may expire,
    and whether they must; rules that are not ``overridable`` cannot be waived below the platform.
    A waiver that is not permitted covers nothing.
    """

    id = "FLOE-E292"

    def check(self, entry: JudgedWaiver, unused: bool) -> Iterator[Finding]:
        if entry.refused:
            yield self.finding(
                entry.name,
                f"waiver {entry.waiver.id} does not hold: {'; '.join(entry.refused)}",
                expected="a waiver that the platform's waiver_policy permits",
                actual="; ".join(entry.refused),
                suggestion="correct it, or ask the platform team for a waiver in manifest.yaml",
                at=entry.place,
            )

    def told_apart(self, platform: Platform) -> Iterator[tuple[Waiver, bool, bool]]:
        """One with all that the policy asks for, where it permits any, and one without a reason."""
        yield _example_waiver(), False, platform.gates.waiver_policy.allow_in_product != "never"
        yield _example_waiver(reason=""), False, False


class WaiverOfProduct(WaiverRule):
    """Waivers of a data product are visible where the platform wants to see them.

    With ``allow_in_product: warn`` a product may have waivers, and each one is reported.
    """

    id = "FLOE-E293"

    def active(self, platform: Platform) -> bool:
        return platform.gates.waiver_policy.allow_in_product == "warn"

    def check(self, entry: JudgedWaiver, unused: bool) -> Iterator[Finding]:
        """Name each of the product's waivers that holds."""
        if entry.origin == "product" and entry.holds:
            yield self.finding(
                entry.name,
                f"waiver {entry.waiver.id} is the product's own: {entry.waiver.reason}",
                expected="waivers in the platform's manifest.yaml",
                actual=f"a waiver in floe.yaml until {entry.waiver.expires or 'further notice'}",
                suggestion="ask the platform team to take it over",
                at=entry.place,
            )

    def told_apart(self, platform: Platform) -> Iterator[tuple[Waiver, bool, bool]]:
        yield _example_waiver(), False, False
        yield _example_waiver(reason=""), False, True


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
