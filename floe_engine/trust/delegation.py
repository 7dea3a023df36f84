"""Whom an enterprise platform lets sign the platform of one domain, and nothing else.

A reader who trusts the enterprise's key alone believes a domain's platform that is signed with the
domain's own key, where the enterprise's newest version that this reader believes says so. The
artifact only says where that version lies: it has to be signed by those whom the reader trusts for
the domain's platform, never by a key that was itself delegated. It is kept beside the signatures, so
that every later use is checked without a network.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.errors import IntegrityError, NotFound, UsageError
from floe_engine.registry.reference import Reference
from floe_engine.store import Lock, LockedDelegation
from floe_engine.trust.authority import Authority, authority
from floe_engine.trust.evidence import Evidence, Witness
from floe_engine.trust.published import PublishedVersion, read_published
from floe_engine.trust.verdict import demand_readable_keys, weigh
from floe_engine.versions import Version

if TYPE_CHECKING:
    from floe_engine.artifact.model import ParentArtifact
    from floe_engine.events import CancelToken
    from floe_engine.signing.keys import PublicKey
    from floe_engine.signing.repository import SignatureSource
    from floe_engine.workspace import Workspace

MAX_LOOKED_AT = 16
"""Most versions of an enterprise platform that are looked at, newest first."""


class Delegation(Struct, frozen=True):
    """What an enterprise platform, whom the reader trusts, says of the platform of one domain."""

    record: LockedDelegation
    keys: tuple[PublicKey, ...]
    evidence: Evidence
    """The enterprise's version and its signatures."""


class Refusal(Struct, frozen=True):
    """Why nothing is delegated; empty where there is no enterprise platform to ask."""

    reason: str = ""


class Delegations:
    """Looks for the enterprise platforms above the versions of one repository, once for all of them.

    `place` is where the reader means the domain's platform to lie, `trust` whom they trust for it.
    The enterprise's platform is looked for in the same registry and nowhere else: no artifact names a
    host that is then asked.
    """

    def __init__(
        self,
        workspace: Workspace,
        place: Reference,
        trust: Authority,
        lock: Lock | None,
        cancel: CancelToken | None = None,
    ) -> None:
        self._workspace, self._place, self._trust, self._cancel = workspace, place, trust, cancel
        self._locked = lock.delegated_by if lock is not None else None
        self._mutex = threading.Lock()
        self._found: dict[tuple[str, str], _Believed | None] = {}

    def of(
        self, source: SignatureSource, digest: str, *, recorded: LockedDelegation | None = None
    ) -> Delegation | Refusal:
        """What is delegated for the platform of `digest`, which lies in `source`.

        By the newest version of the enterprise platform; where a lock has `recorded` one, by that.
        Raises `RegistryError` where the registry fails.
        """
        if not self._trust.configured or self._trust.remembered:
            return Refusal()
        child = read_published(source, digest, str(self._place))
        if child is None or child.platform.parent is None:
            return Refusal()
        parent, name = child.platform.parent, child.subject.name
        place = _beside(self._place, parent.ref)
        if place is None or parent.version is None:
            return Refusal("the enterprise platform that it is built on does not lie in this registry")
        if self._locked is not None and self._locked.reference != place.name:
            return Refusal(
                f"it is built on the platform of {place.name}, and locked is {self._locked.reference}"
            )
        above = self._above(place, parent, recorded)
        if above is None:
            return Refusal(f"no version at {place.name} is an enterprise platform by somebody you trust")
        version, floor = above.version, self._floor(parent)
        if recorded is None and version < floor:
            return Refusal(
                f"the newest version at {place.name} by somebody you trust is {version.tag}, and it is "
                f"built on {floor.tag}"
            )
        keys = above.delegated_to(name)
        title = f"{above.published.subject.name} {version.tag}"
        if not keys:
            return Refusal(f"{title} lets no key of its own sign {name}")
        record = LockedDelegation(
            place.name, above.published.subject.name, str(version), above.published.subject.digest
        )
        return Delegation(record, keys, above.evidence)

    def _floor(self, parent: ParentArtifact) -> Version:
        known = (parent.version, self._locked.version if self._locked is not None else None)
        return max(Version.parse(text) for text in known if text is not None)

    def _above(
        self, place: Reference, parent: ParentArtifact, recorded: LockedDelegation | None
    ) -> _Believed | None:
        key = (place.name, f"{parent.version}@{parent.digest}" if recorded is None else recorded.digest)
        with self._mutex:
            if key not in self._found:
                self._found[key] = self._look(place, parent, recorded)
            return self._found[key]

    def _look(
        self, place: Reference, parent: ParentArtifact, recorded: LockedDelegation | None
    ) -> _Believed | None:
        opened = self._workspace.repository(place, cancel=self._cancel)
        above = authority(self._workspace, place)
        refs = [recorded.digest] if recorded is not None else _newest_first(opened.tags, parent)
        for ref in refs[:MAX_LOOKED_AT]:
            published = read_published(opened, ref, f"{place.name}:{ref}")
            if published is None or (
                published.subject.version == parent.version and published.subject.digest != parent.digest
            ):
                continue
            if (found := _believed(opened, published, (self._trust, above))) is not None:
                return found
        return None


def kept(workspace: Workspace, lock: Lock, evidence: Evidence, trust: Authority) -> Authority:
    """`trust`, and the keys that the kept version of the enterprise platform delegates, if it holds today.

    Asks no registry.
    """
    if evidence.delegation is None or lock.delegated_by is None or trust.remembered:
        return trust
    record = lock.delegated_by
    published = read_published(evidence.delegation, record.digest, f"{record.reference}:v{record.version}")
    if published is None or (record.name, record.version) != (
        published.subject.name,
        published.subject.version,
    ):
        return trust
    above = authority(workspace, Reference.parse(record.reference))
    believed = _believed(evidence.delegation, published, (trust, above))
    return trust.joined_by(believed.delegated_to(lock.name)) if believed is not None else trust


class _Believed(Struct, frozen=True):
    """A version of an enterprise platform that the reader believes."""

    published: PublishedVersion
    evidence: Evidence

    @property
    def version(self) -> Version:
        return Version.parse(self.published.subject.version)

    def delegated_to(self, name: str) -> tuple[PublicKey, ...]:
        """The keys that may sign the platform `name`, without those that it revokes."""
        from floe_engine.signing.keys import load_public

        security = self.published.platform.security
        return tuple(
            load_public(entry.pem.encode())
            for entry in security.delegated_keys.get(name, ())
            if entry.fingerprint not in security.revoked_keys
        )


def _believed(
    source: SignatureSource, published: PublishedVersion, readers: tuple[Authority, Authority]
) -> _Believed | None:
    """`published` where it is an enterprise platform, and signed by whom every reader trusts.

    `readers` are what is trusted for the domain's platform, and for the enterprise's own repository.
    """
    if published.platform.metadata.scope != "enterprise" or any(reader.barred for reader in readers):
        return None
    try:
        demand_readable_keys(published.platform.security, published.subject.where)
    except IntegrityError:
        return None
    subject = replace(published.subject, revoked=published.platform.security.revoked_keys)
    witness = Witness(source)
    # The first speaks for the domain's platform; the second only where anybody is named for this place.
    asked = readers[: 1 + readers[1].configured]
    verdicts = [weigh(witness, subject, reader) for reader in asked]
    if any(verdict.status != "verified" for verdict in verdicts):
        return None
    signers = [signer for verdict in verdicts for signer in verdict.signers]
    evidence = witness.evidence(published.image, signers)
    return _Believed(published, replace(evidence, blobs=(*evidence.blobs, published.settings)))


def _newest_first(tags: Callable[[], list[str]], parent: ParentArtifact) -> list[str]:
    """The releases, and the prerelease that the domain's platform is built on, if it is one."""
    try:
        found = {tag: version for tag in tags() if (version := Version.from_tag(tag)) is not None}
    except NotFound:
        return []
    eligible = [
        tag for tag, version in found.items() if not version.prerelease or str(version) == parent.version
    ]
    return sorted(eligible, key=lambda tag: (found[tag], tag), reverse=True)


def _beside(domain: Reference, ref: str) -> Reference | None:
    """Where the enterprise platform `ref` lies in the registry of `domain`; None where it has no place.

    A registry's other repositories keep their paths in a mirror; folders lie side by side.
    """
    try:
        named, _ = Reference.parse_constrained(ref) if ":" in ref else (None, "")
    except UsageError:
        return None
    if named is None:
        return None
    if domain.root is None:
        return replace(named.without_target(), registry=domain.registry) if named.root is None else None
    if named.root is not None and PurePosixPath(ref.removeprefix("oci-layout:")).is_absolute():
        return named.without_target()
    return Reference.parse(f"oci-layout:{domain.root.parent / PurePosixPath(named.repository).name}")
