"""What is known of a repository's versions, read in workers as it is needed, and shown as rows.

Which versions there are, and what is done with one, is the registry place's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from floe_engine import Cancelled, CancelToken, FloeError, Report, human_size
from floe_tui.messages import StatusChanged
from floe_tui.places.registry import remembered
from floe_tui.places.registry.facts import Versions, age, change_cell, open_at, short_signer
from floe_tui.places.registry.remembered import Known
from floe_tui.widgets.marks import Toned, toned_chip
from floe_tui.widgets.row_view import Column, Row, Tone

if TYPE_CHECKING:
    from floe_engine import Distance
    from floe_tui.places.place import PlaceScreen

F = TypeVar("F", "Known", "Distance")

COLUMNS = (
    Column("Version", 12, ends=True),
    Column("Created", 10, tone="info"),
    Column("Change", 8),
    Column("Size", 8, right=True, least=78, tone="info"),
    Column("Signed by", tone="info"),
)
"""Who signed gets what the others leave."""


def columns_for(tags: Sequence[str]) -> tuple[Column, ...]:
    """The columns, so wide that these tags can be told apart; the size goes where there is no room for it."""
    version, created, change, size, signer = COLUMNS
    wider = max(0, min(26, max(map(len, tags), default=0)) - version.width)
    version = replace(version, width=version.width + wider)
    return version, created, change, replace(size, least=size.least + wider), signer


WORKERS = 3
"""Versions that are read at a time. With more the screen waits longer for its turn between them."""

GATHERING = 0.05
"""Seconds in which what arrives is gathered before it is drawn: a screen each would be too many."""

SIGNED = ("verified", "untrusted")
"""What a verdict says of a version that somebody signed."""

LEVEL_TONES: dict[str, Tone] = {"major": "error", "minor": "warning"}


class Describing:
    """Facts of the versions of one repository at a time. Use it on the app's own thread."""

    def __init__(self, screen: PlaceScreen, changed: Callable[[Sequence[Row]], object]) -> None:
        self._screen = screen
        self._changed = changed
        self._repository = ""
        self._versions: Versions | None = None
        self._facts: dict[str, Known] = {}
        self._before: Mapping[str, Known] = {}
        self._distances: dict[str, Distance] = {}
        self._news: set[str] = set()
        self._signed = False
        """Whether a version of this repository is signed: one that is not stands out then."""

    def look_into(self, repository: str) -> None:
        """Another repository: what is known of the last one is forgotten."""
        self._repository, self._versions = repository, None
        self._facts, self._before, self._distances = {}, {}, {}
        self._news.clear()
        self._signed = False

    def remember(self, facts: Mapping[str, Known]) -> None:
        """What was seen before: shown until it is read anew, and compared with that."""
        self._before = facts
        self._signed = self._signed or any(known.status in SIGNED for known in facts.values())

    def set_versions(self, versions: Versions) -> None:
        """The versions that there are. With another lock they are others' distances, and others' trust."""
        before = self._versions
        if before is not None and (before.locked, before.has_lock) != (versions.locked, versions.has_lock):
            self._facts, self._distances = {}, {}
        self._versions = versions

    def known(self, tag: str) -> Known | None:
        """What is known of a version, now or from before."""
        return self._facts.get(tag) or self._before.get(tag)

    def distance(self, tag: str) -> Distance | None:
        """How far a version is from the locked one; None while nobody knows."""
        return self._distances.get(tag)

    def rows(self, tags: Iterable[str]) -> list[Row]:
        """A row each, of what is known now."""
        return [self._row(tag) for tag in tags]

    def ask(self, tags: Sequence[str]) -> None:
        """Find out about those of `tags` of which something is not known yet."""
        versions = self._versions
        if versions is None or versions.cached:
            return
        unknown = [tag for tag in tags if tag not in self._facts]
        if unknown:
            self._read_facts(unknown)
        unmeasured = [tag for tag in tags if tag not in self._distances and tag != versions.locked]
        if versions.has_lock and unmeasured:
            self._measure(unmeasured)

    def badges(self, tag: str) -> list[tuple[str, str]]:
        """What must not be overlooked of a version: words and tone, the worst first."""
        versions, known = self._versions, self.known(tag)
        found: list[tuple[str, str]] = []
        if versions is None:
            return found
        if known is not None and known.digest:
            locked = versions.locked_digest if tag == versions.locked else ""
            if known.was or (locked and locked != known.digest):
                found.append(("✗ moved", "error"))
            if known.status == "untrusted":
                found.append(("! foreign", "warning"))
            elif known.status == "unsigned" and self._signed:
                found.append(("! unsigned", "warning"))
        if tag == versions.locked:
            found.append(("▸ locked", ""))
        return found

    # --- rows ------------------------------------------------------------------------------

    def _row(self, tag: str) -> Row:
        versions, known = self._versions, self.known(tag)
        locked = versions is not None and tag == versions.locked
        older = versions is not None and tag in versions.older
        change = "" if locked else change_cell(self._distances.get(tag), older)
        badges = self.badges(tag)
        tail: list[Toned] = []
        for words, tone in badges:
            tail += [toned_chip(words, tone), (" ", "")]
        if known is None:
            return Row(tag, (tag, "", change, "", ""), tail=tuple(tail[:-1]))
        if known.problem:
            tones: tuple[Tone, ...] = ("", "", "", "", "error")
            return Row(tag, (tag, "", change, "", known.problem), "✗", "error", tones=tones)
        sign, tone = known.sign, known.tone
        if badges and badges[0][1]:
            sign, tone = badges[0][0][0], badges[0][1]
        size = human_size(known.size)
        names = versions.names if versions is not None and known.status == "verified" else {}
        cells = (tag, known.created[:10], change, size, short_signer(known.signer, names))
        level = LEVEL_TONES.get(change.removeprefix("↓ "), "info")
        tones = ("strong" if locked else "", "", level)
        order = ("", known.created, "", float(known.size))
        search = f"{known.name} {known.signer} {known.digest} {' '.join(words for words, _ in badges)}"
        return Row(tag, cells, sign, _tone(tone), search, tones=tones, tail=tuple(tail[:-1]), order=order)

    # --- in workers ------------------------------------------------------------------------

    def _read_facts(self, tags: Sequence[str]) -> None:
        directory, repository = self._screen.workbench.options.directory, self._repository
        known = self._facts

        def work(report: Report, cancel: CancelToken) -> None:
            from floe_engine import describe_versions

            workspace = open_at(directory, repository)
            describe_versions(
                workspace,
                workspace.registry.reference,
                tags,
                on_facts=lambda facts: self._screen.call_later(self._described, Known.of(facts), known),
                cancel=cancel,
                workers=WORKERS,
            )

        self._quietly(work, "Reading signatures", "registry.describe", self._write_down)

    def _measure(self, tags: Sequence[str]) -> None:
        directory, repository = self._screen.workbench.options.directory, self._repository
        known = self._distances

        def work(report: Report, cancel: CancelToken) -> None:
            from floe_engine import assess_versions

            workspace = open_at(directory, repository)
            assess_versions(
                workspace,
                workspace.registry.reference,
                tags,
                on_distance=lambda distance: self._screen.call_later(self._measured, distance, known),
                cancel=cancel,
                workers=WORKERS,
            )

        self._quietly(work, "Comparing with the locked version", "registry.assess", lambda: None)

    def _quietly(
        self,
        work: Callable[[Report, CancelToken], None],
        title: str,
        group: str,
        done: Callable[[], object],
    ) -> None:
        def failed(error: FloeError) -> None:
            if not isinstance(error, Cancelled):
                self._screen.post_message(StatusChanged(f"✗ {title}: {error.title}"))

        self._screen.job(
            work, title=title, group=group, done=lambda _: done(), failed=failed, timeout=120, quiet=True
        )

    def _write_down(self) -> None:
        """Remember what was seen, in a worker."""
        versions, facts = self._versions, {**self._before, **self._facts}
        if versions is None or versions.cached:
            return
        self._screen.job(
            lambda report, cancel: remembered.write(versions.where, versions, facts),
            title="Remembering what was seen",
            group="registry.remember",
            done=lambda _: None,
            failed=lambda error: None,
            quiet=True,
        )

    def _described(self, fact: Known, known: dict[str, Known]) -> None:
        if fact.status in SIGNED and not self._signed and known is self._facts:
            self._signed = True
            self._news.update(known)  # those that are not stand out from now on
            self._screen.set_timer(GATHERING, self._tell)
        self._arrived(fact.after(self._before.get(fact.tag)), known)

    def _measured(self, distance: Distance, known: dict[str, Distance]) -> None:
        self._arrived(distance, known)

    def _arrived(self, fact: F, known: dict[str, F]) -> None:
        """A fact or a distance; `known` tells whether its repository and lock are still looked at."""
        if known is not self._facts and known is not self._distances:
            return
        known[fact.tag] = fact
        if not self._news:
            self._screen.set_timer(GATHERING, self._tell)
        self._news.add(fact.tag)

    def _tell(self) -> None:
        news, self._news = self._news, set()
        self._changed(self.rows(tag for tag in news if self._versions is not None))


def summary(
    tag: str, known: Known | None, badges: Sequence[tuple[str, str]], versions: Versions | None
) -> list[str]:
    """What is known of a version without asking for more, as facts."""
    if known is None:
        return [
            "It is being read." if versions is not None and not versions.cached else "Nothing is known of it."
        ]
    if known.problem:
        return [f"✗ {known.problem}"]
    said = {"verified": "✓ signed by somebody you trust", "untrusted": "! signed, but by nobody you trust"}
    lines = [said.get(known.status, "- not signed")]
    if any(words == "✗ moved" for words, _ in badges):
        before = known.was or (versions.locked_digest if versions is not None else "")
        lines = ["✗ the tag was moved: it named something else", f"was        {before}", *lines]
    lines += [f"signer     {known.signer}"] if known.signer and known.status != "unsigned" else []
    if versions is not None and known.status == "verified" and known.signer in versions.names:
        lines.append(f"key        {versions.names[known.signer]}")
    lines += [
        f"digest     {known.digest}",
        f"created    {known.created}",
        f"size       {human_size(known.size)}",
    ]
    if known.seen:
        lines.append(f"seen       {age(known.seen)}; it was not asked now")
    return lines


def _tone(tone: str) -> Tone:
    return {"error": "error", "warning": "warning", "success": "success"}.get(tone, "dim")  # type: ignore[return-value]
