"""What is known of a repository's versions, read in workers as it is needed, and shown as rows.

Which versions there are, and what is done with one, is the registry place's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from floe_engine import Cancelled, CancelToken, FloeError, Report, human_size
from floe_tui.messages import StatusChanged
from floe_tui.places.registry.facts import Versions, change_cell, judged, open_at, short_signer
from floe_tui.widgets.row_view import Column, Row

if TYPE_CHECKING:
    from floe_engine import Distance
    from floe_tui.places.place import PlaceScreen

COLUMNS = (
    Column("Version", 14),
    Column("Digest", 19, least=98),
    Column("Created", 10, least=64),
    Column("Size", 8, right=True, least=78),
    Column("Change", 10),
    Column("Signer", ends=True),
)
"""Who signed is told apart by both ends, and gets what the others leave; they go before it."""

WORKERS = 3
"""Versions that are read at a time. With more the screen waits longer for its turn between them."""

GATHERING = 0.05
"""Seconds in which what arrives is gathered before it is drawn: a screen each would be too many."""


class Describing:
    """Facts of the versions of one repository at a time. Use it on the app's own thread."""

    def __init__(self, screen: PlaceScreen, changed: Callable[[Sequence[Row]], object]) -> None:
        self._screen = screen
        self._changed = changed
        self._repository = ""
        self._versions: Versions | None = None
        self._facts: dict[str, Any] = {}
        self._distances: dict[str, Distance] = {}
        self._news: set[str] = set()

    def look_into(self, repository: str) -> None:
        """Another repository: what is known of the last one is forgotten."""
        self._repository, self._versions = repository, None
        self._facts, self._distances = {}, {}
        self._news.clear()

    def set_versions(self, versions: Versions) -> None:
        """The versions that there are. With another lock they are others' distances, and others' trust."""
        before = self._versions
        if before is not None and (before.locked, before.has_lock) != (versions.locked, versions.has_lock):
            self._facts, self._distances = {}, {}
        self._versions = versions

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

    # --- rows ------------------------------------------------------------------------------

    def _row(self, tag: str) -> Row:
        versions, facts = self._versions, self._facts.get(tag)
        locked = versions is not None and tag == versions.locked
        older = versions is not None and tag in versions.older
        change = "locked" if locked else change_cell(self._distances.get(tag), older)
        name = f"▸{tag}" if locked else tag
        if facts is None:
            return Row(tag, (name, "", "", "", change, ""))
        if facts.problem:
            return Row(tag, (name, "", "", "", change, facts.problem), "✗", "error")
        sign, tone, signer = judged(facts.verdict)
        size = human_size(facts.size)
        cells = (name, facts.digest[:19], facts.created[:10], size, change, short_signer(signer))
        return Row(tag, cells, sign, tone, f"{facts.name} {signer}")

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
                on_facts=lambda facts: self._screen.call_later(self._arrived, facts, known),
                cancel=cancel,
                workers=WORKERS,
            )

        self._quietly(work, "Reading signatures", "registry.describe")

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
                on_distance=lambda distance: self._screen.call_later(self._arrived, distance, known),
                cancel=cancel,
                workers=WORKERS,
            )

        self._quietly(work, "Comparing with the locked version", "registry.assess")

    def _quietly(self, work: Callable[[Report, CancelToken], None], title: str, group: str) -> None:
        def failed(error: FloeError) -> None:
            if not isinstance(error, Cancelled):
                self._screen.post_message(StatusChanged(f"✗ {title}: {error.title}"))

        self._screen.job(
            work, title=title, group=group, done=lambda _: None, failed=failed, timeout=120, quiet=True
        )

    def _arrived(self, fact: Any, known: dict[str, Any]) -> None:
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
