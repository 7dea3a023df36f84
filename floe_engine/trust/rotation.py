"""From the signers of the locked version to those of a later one, over the versions that hand them on.

As TUF clients walk their chain of roots: in ascending order, each step signed by enough of those
who are trusted so far and by everybody whom it adds, keys and identities alike. A version that
others signed proves nothing and is passed over; whoever was dropped on the way never comes back.
Only the lock's memory of a first use is carried on like this: where a policy, the settings or
floe.yaml name signers, nothing widens.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.signing.verdict import Anchors, Identity, Rejected, Verdict
from floe_engine.store import Lock, LockedDelegation
from floe_engine.trust.authority import LOCK, Authority, TrustSource
from floe_engine.trust.delegation import Delegation, Delegations
from floe_engine.trust.published import read_published
from floe_engine.trust.verdict import Subject, weigh
from floe_engine.versions import Version

if TYPE_CHECKING:
    from floe_engine.events import CancelToken
    from floe_engine.registry.client import Repository
    from floe_engine.registry.reference import Reference
    from floe_engine.signing.keys import PublicKey
    from floe_engine.signing.repository import SignatureSource
    from floe_engine.workspace import Workspace

MAX_HOPS = 32
"""Most rotations that are followed; more is no key's life but a trap."""
MAX_LOOKED_AT = 256
"""Most versions between the two that are looked at."""


class Hop(Struct, frozen=True):
    """A version that handed the signers on."""

    tag: str
    digest: str
    added: tuple[str, ...]
    """Fingerprints and identities."""
    dropped: tuple[str, ...]

    def __str__(self) -> str:
        words = [f"adds {who}" for who in self.added] + [f"drops {who}" for who in self.dropped]
        return f"{self.tag} {' and '.join(words)}"

    @property
    def record(self) -> str:
        """``v1.1.0@sha256:…``, as the lock keeps it."""
        return f"{self.tag}@{self.digest}"


class Weighed(Struct, frozen=True):
    """A verdict, and by whom it was reached."""

    verdict: Verdict
    trust: Authority
    hops: tuple[Hop, ...] = ()
    """The versions that handed the signers on; empty where none were needed, or none help."""
    delegated: LockedDelegation | None = None
    """The version of the enterprise platform that lets the signer sign, where one was needed."""


class Succession:
    """Whom the versions after the locked one make trustworthy, walked as far as anybody asks.

    Each version is looked at once, however many ask, and from any thread. `trust` is what the lock
    remembers. Where anybody else speaks, nothing is walked: there an enterprise platform that they
    trust may let others sign (`delegation`). `place` is where the reader means the versions to lie, if
    `repository` is another (an archive).
    """

    def __init__(
        self,
        workspace: Workspace,
        repository: Repository,
        trust: Authority,
        lock: Lock | None,
        cancel: CancelToken | None = None,
        *,
        place: Reference | None = None,
    ) -> None:
        self._repository, self._lock, self._cancel = repository, lock, cancel
        self._trust = trust
        place = place or repository.reference.without_target()
        self.delegations = Delegations(workspace, place, trust, lock, cancel)
        self._walks = lock is not None and trust.remembered
        self._mutex = threading.Lock()
        self._ahead: deque[tuple[Version, str]] | None = None
        self._taken: list[tuple[Version, Hop, Authority]] = []
        self._dead: frozenset[str] = frozenset()

    def weigh(self, signatures: SignatureSource, subject: Subject, *, exhaustive: bool = False) -> Weighed:
        """The verdict on `subject` by whom is trusted; else by whom the way there leads to.

        Raises `RegistryError`.
        """
        verdict = weigh(signatures, subject, self._trust, exhaustive=exhaustive)
        if verdict.status != "untrusted":
            return Weighed(verdict, self._trust)
        trust, hops = self.until(subject.version)
        if hops:
            found = weigh(signatures, subject, trust, exhaustive=exhaustive)
            if found.status == "verified":
                return Weighed(found, trust, hops)
        delegated = self.delegations.of(signatures, subject.digest)
        if isinstance(delegated, Delegation):
            trust = self._trust.joined_by(delegated.keys)
            found = weigh(signatures, subject, trust, exhaustive=exhaustive)
            if found.status == "verified":
                return Weighed(found, trust, delegated=delegated.record)
        elif delegated.reason:
            why = Rejected("the enterprise platform", delegated.reason)
            verdict = replace(verdict, rejected=(*verdict.rejected, why))
        return Weighed(verdict, self._trust)

    def until(self, version: str) -> tuple[Authority, tuple[Hop, ...]]:
        """Whom the versions between the locked one and `version` make trustworthy, and by which of them.

        Raises `RegistryError`; a version that cannot be read or does not belong here is passed over,
        for anybody with push rights can put one there.
        """
        end = Version.from_tag(version)
        if end is None or not self._walks:
            return self._trust, ()
        with self._mutex:
            if self._ahead is None:
                self._ahead = deque(self._versions_after_the_lock())
            while self._ahead and self._ahead[0][0] < end and len(self._taken) < MAX_HOPS:
                self._look_at(*self._ahead.popleft())
            before = [(hop, trust) for at, hop, trust in self._taken if at < end]
        return (before[-1][1] if before else self._trust), tuple(hop for hop, _ in before)

    def _versions_after_the_lock(self) -> list[tuple[Version, str]]:
        start = Version.from_tag(self._lock.tag) if self._lock is not None else None
        if start is None:
            return []
        tags = sorted(self._repository.tags())
        found = {version: tag for tag in tags if (version := Version.from_tag(tag)) is not None}
        return [(version, found[version]) for version in sorted(found) if start < version][:MAX_LOOKED_AT]

    def _look_at(self, version: Version, tag: str) -> None:
        if self._cancel is not None:
            self._cancel.check()
        now = self._taken[-1][2] if self._taken else self._trust
        found = _handed_on(self._repository, tag, now, self._lock, self._dead)
        if found is not None:
            listed, hop = found
            self._dead |= frozenset(hop.dropped)
            layer = TrustSource(LOCK, frozenset(listed.keys), listed.identities)
            then = replace(now, layers=(layer,), keys=tuple(listed.keys.values()))
            self._taken.append((version, hop, then))


class _Listed(Struct, frozen=True):
    """Whom a version names as its signers."""

    keys: Mapping[str, PublicKey]
    """By fingerprint."""
    identities: tuple[Identity, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.keys) | frozenset(map(str, self.identities))

    def only(self, names: frozenset[str]) -> _Listed:
        keys = {fingerprint: key for fingerprint, key in self.keys.items() if fingerprint in names}
        return _Listed(keys, tuple(who for who in self.identities if str(who) in names))


def _handed_on(
    repository: Repository, tag: str, trust: Authority, lock: Lock | None, dead: frozenset[str]
) -> tuple[_Listed, Hop] | None:
    """Whom the version of `tag` hands on to, where it may; None where it proves nothing."""
    from floe_engine.signing.keys import readable_keys

    place = repository.reference.without_target()
    where = str(place.with_tag(tag))
    published = read_published(repository, tag, where)
    if published is None or (lock is not None and lock.name and published.subject.name != lock.name):
        return None
    subject, security = published.subject, published.platform.security
    if weigh(repository, subject, trust).status != "verified":
        return None
    people = tuple(dict.fromkeys(Identity(who.identity, who.issuer) for who in security.trusted_identities))
    listed = _Listed(readable_keys(entry.pem for entry in security.trusted_keys), people)
    listed = listed.only(listed.names - dead - trust.revoked_keys - frozenset(security.revoked_keys))
    before = frozenset().union(*((*layer.keys, *map(str, layer.identities)) for layer in trust.layers))
    added, dropped = listed.names - before, before - listed.names
    if not listed.names or not (added or dropped) or len(listed.names) < trust.required:
        return None
    if not _proven(repository, subject.digest, subject, listed.only(added), trust):
        return None
    return listed, Hop(tag, subject.digest, tuple(sorted(added)), tuple(sorted(dropped)))


def _proven(repository: Repository, digest: str, subject: Subject, added: _Listed, trust: Authority) -> bool:
    """Whether everybody added has signed the version that adds them: a slip must not lock everybody out."""
    if not added.names:
        return True
    from floe_engine.signing.trust import verify

    anchors = Anchors(tuple(added.keys.values()), added.identities, trust_root=trust.trust_root)
    verdict = verify(repository, digest, anchors, required=len(added.names), objection=subject.objection)
    signed = {signer.fingerprint for signer in verdict.signers if not signer.identity}
    people = [(signer.identity, signer.issuer) for signer in verdict.signers if signer.identity]
    signed |= {str(who) for who in added.identities if any(who.matches(*person) for person in people)}
    return signed >= added.names
