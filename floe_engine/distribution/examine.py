"""A published version looked at without being pinned: fetched, judged, and nothing written.

What verify, inspect, sign, copy, import, diff, changelog and the version guard have in common, so
that none of them believes what `init` would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from floe_engine.distribution.pull import Fetched, fetch_files, report_hops
from floe_engine.distribution.request import Located, VersionRequest, locate
from floe_engine.events import CancelToken, Report, silent
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Verdict
from floe_engine.store import LockedDelegation
from floe_engine.trust.authority import Authority, authority, is_team
from floe_engine.trust.receipts import noted
from floe_engine.trust.rotation import Hop, Succession
from floe_engine.trust.verdict import (
    Subject,
    check_continuity,
    check_tag,
    check_unmoved,
    demand_admitted,
)
from floe_engine.workspace import Workspace


class Examined(Struct, frozen=True):
    """A version, and what this reader may think of it."""

    reference: Reference
    fetched: Fetched
    subject: Subject
    trust: Authority
    verdict: Verdict
    hops: tuple[Hop, ...] = ()
    """The versions since the locked one that handed the signers on to those of this one."""
    delegated: LockedDelegation | None = None
    """The version of the enterprise platform that lets the signer sign, where one was needed."""

    def demand(self) -> None:
        """Raise `Unsigned` or `Untrusted` unless enough trusted signers vouch for it."""
        demand_admitted(self.trust, self.subject.where)
        self.verdict.demand(self.subject.where)

    def demand_where_somebody_does(self) -> None:
        """The same, but only where whoever reads takes nothing else."""
        if self.trust.demanding:
            self.demand()

    def demand_unless_published_here(self, workspace: Workspace) -> None:
        """The same, but what this machine has published into that place it knows by itself."""
        if not noted(workspace, "published", self.reference.name, self.fetched.digest):
            self.demand_where_somebody_does()


def examine_tag(
    workspace: Workspace, repository: Repository, tag: str, *, cancel: CancelToken | None = None
) -> Examined:
    """`examine` of one tag of `repository`; what is walked on the way is not told."""
    place = repository.reference.without_target()
    found = Located(place.with_tag(tag), repository.manifest(tag))
    return examine(workspace, repository, VersionRequest(place, tag), found, cancel=cancel)


def examine(
    workspace: Workspace,
    repository: Repository,
    wanted: VersionRequest,
    found: Located | None = None,
    *,
    keys: Sequence[str] = (),
    place: Reference | None = None,
    exhaustive: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Examined:
    """Fetch and judge the version that `wanted` means, or that was `found` for it.

    Where only the lock remembers whom to trust, the versions since then that handed the keys on are
    followed, as `init` and `upgrade` would follow them, and told. `keys` are files of public keys that
    have to have signed it as well. `place` is where the reader means it to lie, if that is not where
    it was found (an archive). Raises `IntegrityError` where it is not the version that its tag says,
    `LockMismatch` where it is not what is locked here, and what `locate` and fetching raise; signatures
    are the verdict's business.
    """
    found = found or locate(repository, wanted)
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
    road = Succession(workspace, repository, trust, lock, cancel, place=place or wanted.repository)
    seen = road.weigh(repository, subject, exhaustive=exhaustive)
    report_hops(seen.hops, lock, report)
    return Examined(found.reference, fetched, subject, seen.trust, seen.verdict, seen.hops, seen.delegated)
