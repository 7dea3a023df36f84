"""A published version looked at without being pinned: fetched, judged, and nothing written.

What verify, inspect, sign, copy, import, diff and the version guard have in common, so that none of
them believes what `init` would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from floe_engine.events import Report, silent
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Verdict
from floe_engine.trust.authority import Authority, authority, is_team
from floe_engine.trust.verdict import (
    Subject,
    check_continuity,
    check_tag,
    check_unmoved,
    demand_admitted,
    weigh,
)
from floe_engine.workflows.pull import Fetched, fetch_files
from floe_engine.workflows.wanted import Located, Wanted
from floe_engine.workspace import Workspace


@dataclass(frozen=True)
class Examined:
    """A version, and what this reader may think of it."""

    reference: Reference
    fetched: Fetched
    subject: Subject
    trust: Authority
    verdict: Verdict

    def demand(self) -> None:
        """Raise `Unsigned` or `Untrusted` unless enough trusted signers vouch for it."""
        demand_admitted(self.trust, self.subject.where)
        self.verdict.demand(self.subject.where)

    def demand_where_configured(self) -> None:
        """The same, but only where somebody is trusted here, or nobody may be."""
        if self.trust.configured or self.trust.barred:
            self.demand()


def examine(
    workspace: Workspace,
    repository: Repository,
    found: Located,
    wanted: Wanted,
    *,
    keys: Sequence[str] = (),
    place: Reference | None = None,
    exhaustive: bool = False,
    report: Report = silent,
) -> Examined:
    """Fetch and judge the version that was `found` for `wanted`.

    `keys` are files of public keys that have to have signed it as well. `place` is where the reader
    means it to lie, if that is not where it was found (an archive). Raises `IntegrityError` where it
    is not the version that its tag says, `LockMismatch` where it is not what is locked here, and what
    fetching raises; signatures are the verdict's business.
    """
    where = str(found.reference)
    fetched = fetch_files(repository, found.manifest, where=where, report=report)
    subject = fetched.subject(where, None if place is not None else found.reference)
    if not wanted.is_digest:
        check_tag(subject, found.ref)
    # In a platform team's directory the lock is of the platform above, if there is one.
    lock = None if is_team(workspace) else workspace.store.read_lock()
    check_continuity(subject, lock, taken=False)
    check_unmoved(subject, lock, wanted.repository.name, found.ref)
    trust = authority(workspace, place or wanted.repository, keys=keys, lock=lock, own=True)
    return Examined(
        found.reference, fetched, subject, trust, weigh(repository, subject, trust, exhaustive=exhaustive)
    )
