"""A version from the registry into ``.floe/``: resolved once, verified, locked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Act, Option
from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import (
    FILE_TYPE,
    PackedFile,
    read_annotations,
    read_manifest,
    unpack,
)
from floe_engine.artifact.platform import Platform
from floe_engine.descriptor import Descriptor, Manifest
from floe_engine.distribution.request import VersionRequest, locate, satisfies
from floe_engine.errors import (
    CacheCorrupt,
    LockMismatch,
    NotFound,
    RegistryError,
    TrustError,
    Untrusted,
    UsageError,
)
from floe_engine.events import CancelToken, Heading, Notice, Report, Step, Transfer, silent
from floe_engine.files import human_size, rfc3339, stands
from floe_engine.project.spec_file import load_spec
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Verdict
from floe_engine.store import Lock, LockedDelegation, LockedFile, LockedIdentity, LockedSigner, Store
from floe_engine.trust.authority import Authority, authority
from floe_engine.trust.delegation import Delegation
from floe_engine.trust.evidence import Evidence, Witness
from floe_engine.trust.rotation import Hop, Succession
from floe_engine.trust.stored import check_lock, check_stored
from floe_engine.trust.verdict import (
    Accepted,
    AskFirstUse,
    Subject,
    check_continuity,
    check_tag,
    check_unmoved,
    is_lower,
    judge,
    moved_tag,
    names,
)
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.project.spec import Spec
    from floe_engine.registry.client import OnBytes, Repository
    from floe_engine.signing.repository import SignatureSource


class PullOptions(Struct, frozen=True):
    """How to pull."""

    force: bool = False
    """Fetch again, and accept that a tag has moved."""
    frozen: bool = False
    """Refuse whatever would change the lock."""
    allow_downgrade: bool = False
    trusted_keys: Sequence[str] = ()
    """Files of public keys, named on the command line, that have to have signed it as well."""
    spec: Spec | None = None
    """The project's floe.yaml where it was read already; else it is read where trust is asked for."""


class Pulled(Struct, frozen=True):
    """What a pull ended with."""

    artifact: Artifact
    lock: Lock
    directory: Path
    changed: bool
    """Whether anything on disk changed."""

    @property
    def platform(self) -> Platform:
        """The typed reading."""
        return self.artifact.platform


class Fetched(Struct, frozen=True):
    """An artifact as it came from a registry: every byte checked, nobody's signature yet."""

    digest: str
    files: tuple[PackedFile, ...]
    artifact: Artifact
    annotations: Mapping[str, str]

    def subject(self, where: str, place: Reference | None = None) -> Subject:
        """The artifact as it is judged; `place` is the repository that its signatures should name.

        Raises `IntegrityError` where its image manifest and its files disagree.
        """
        return Subject.of(
            self.digest,
            self.annotations,
            where=where,
            docker_reference=place.docker_reference if place is not None else "",
            platform=self.artifact.platform,
        )


class Candidate(Struct, frozen=True):
    """A version that was fetched, verified and accepted, and is not in the store yet."""

    artifact: Artifact
    lock: Lock
    """What the lock will say."""
    evidence: Evidence
    """What shows who signed it."""


def pull(
    workspace: Workspace,
    wanted: VersionRequest,
    *,
    options: PullOptions | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Pulled:
    """Bring the wanted version into the store, verified, and lock it.

    With a lock that satisfies `wanted` this asks the registry one question (has the tag moved?) and
    nothing when `workspace.offline`. Raises `LockMismatch`, `TrustError`, `RegistryError`,
    `IntegrityError`; in every such case the store is as it was.
    """
    store = workspace.store
    lock = store.read_lock()
    found = prepare(workspace, wanted, lock, options=options, ask=ask, report=report, cancel=cancel)
    if isinstance(found, Pulled):
        return found
    with store.exclusive(cancel):
        return keep(store, found, lock)


def prepare(
    workspace: Workspace,
    wanted: VersionRequest,
    lock: Lock | None,
    *,
    options: PullOptions | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Pulled | Candidate:
    """What `pull` brings, given the present `lock`: what lies here already, else a candidate to keep.

    Nothing is written. Raises what `pull` raises.
    """
    options = options or PullOptions()
    bring = partial(obtain, workspace, options=options, ask=ask, report=report, cancel=cancel)
    if lock is not None and not options.force and satisfies(lock, wanted):
        pulled, doubt = _from_lock(workspace, lock, options, report, cancel)
        if pulled is not None:
            return pulled
        # The cache is gone or damaged, or trust has changed; the lock says exactly what belongs there.
        try:
            return bring(VersionRequest(wanted.repository, lock.digest), lock, restore=lock)
        except RegistryError:
            if doubt is not None:  # what is here already says enough to stop
                raise doubt from None
            raise
    if options.frozen:
        asked = f"{wanted.repository.name}:{wanted.constraint}"
        raise LockMismatch(
            "the lock does not cover what is asked for",
            f"asked for {asked}, locked is {lock.reference}:{lock.tag}" if lock else "there is no lock",
            hint=f"run {Act.PULL} without {Option.FROZEN} and commit the lock",
            where=str(workspace.store.lock_path),
        )
    return bring(wanted, lock)


def pinned(workspace: Workspace, options: PullOptions) -> tuple[VersionRequest, PullOptions]:
    """What floe.yaml pins, or else the lock, with what floe.yaml says of trust.

    Raises `UsageError` where neither says anything.
    """
    if stands(workspace.spec_path):
        spec = load_spec(workspace.spec_path)
        wanted = VersionRequest.demanded(
            spec, workspace, hint=f"there is nothing to pull: {Act.COMPILE} reads that file each time"
        )
        return wanted, replace(options, spec=spec)
    lock = workspace.store.read_lock()
    if lock is not None:
        return VersionRequest(Reference.parse(lock.reference), lock.constraint), options
    raise UsageError(
        "nothing is pinned here",
        hint=f"name a version ({Act.PULL:v1.2.3}), or run {Act.INIT:--platform=v1.2.3}",
        where=str(workspace.directory),
    )


class Loaded(Pulled, frozen=True):
    """The locked version from the cache, judged again: a pull that had nothing to do."""

    trust: Authority
    verdict: Verdict


def load_locked(workspace: Workspace) -> Pulled | None:
    """The locked artifact from the cache, judged again without a request; None where nothing is locked.

    Raises what `load` raises.
    """
    lock = workspace.store.read_lock()
    return load(workspace, lock) if lock is not None else None


def load(workspace: Workspace, lock: Lock, options: PullOptions | None = None) -> Loaded:
    """What `lock` pins, from the cache: every byte, and by today's anchors who signed it.

    Raises `CacheCorrupt` where it is not there whole, `LockMismatch` where the lock was edited, and
    `TrustError` where whoever signed it is not trusted, or not any more.
    """
    store = workspace.store
    artifact = store.load(lock)
    trust = _trust(workspace, Reference.parse(lock.reference), options or PullOptions(), lock)
    verdict = check_stored(workspace, lock, artifact.platform, store.load_signatures(lock.digest), trust)
    return Loaded(artifact, lock, store.directory(lock.tag), False, trust, verdict)


def load_or_pull(
    workspace: Workspace,
    wanted: VersionRequest,
    *,
    options: PullOptions | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Pulled:
    """The wanted version from lock and cache without a request, else pulled."""
    options = options or PullOptions()
    lock = workspace.store.read_lock()
    if lock is not None and satisfies(lock, wanted):
        try:
            return load(workspace, lock, options)
        except (CacheCorrupt, TrustError):
            pass  # the pull below fetches it again by the locked digest, or says why it cannot
    return pull(workspace, wanted, options=options, ask=ask, report=report, cancel=cancel)


def fetch_files(
    repository: Repository, manifest: Manifest, *, where: str, report: Report = silent
) -> Fetched:
    """Download the artifact of an image manifest; everything is checked but who signed it."""
    files = read_manifest(manifest.raw, where=where)
    on_bytes = moving(sum(file.size for file in files), report)
    descriptors = [Descriptor(FILE_TYPE, file.digest, file.size) for file in files]
    blobs = repository.blobs(descriptors, on_bytes=on_bytes)
    artifact = unpack(files, tuple(blobs))
    return Fetched(manifest.digest, files, artifact, read_annotations(manifest.raw, where=where))


def moving(total: int, report: Report) -> OnBytes:
    """What reports how many of an artifact's `total` bytes have moved."""
    moved = 0

    def on_bytes(descriptor: Descriptor, count: int) -> None:
        nonlocal moved
        moved += count
        report(Transfer("artifacts", moved, total))

    return on_bytes


def _trust(workspace: Workspace, repository: Reference, options: PullOptions, lock: Lock | None) -> Authority:
    keys = options.trusted_keys
    return authority(
        workspace, repository, keys=keys, keys_from=Option.TRUSTED_KEY, spec=options.spec, lock=lock
    )


def _from_lock(
    workspace: Workspace, lock: Lock, options: PullOptions, report: Report, cancel: CancelToken | None
) -> tuple[Pulled | None, TrustError | None]:
    """The locked artifact if the cache holds it; else what is doubted where trust is at fault."""
    doubt: TrustError | None = None
    pulled: Pulled | None = None
    try:
        pulled = load(workspace, lock, options)
    except CacheCorrupt:
        if workspace.offline:
            raise
    except TrustError as error:
        if workspace.offline:
            raise
        doubt = error
    if not workspace.offline and doubt is None:
        _demand_unmoved(workspace, lock, cancel)
    if pulled is not None:
        report(Step("Already pulled, cache verified", detail=lock.tag, key="cached"))
    return pulled, doubt


def _demand_unmoved(workspace: Workspace, lock: Lock, cancel: CancelToken | None) -> None:
    current = workspace.repository(Reference.parse(lock.reference), cancel=cancel).resolve(lock.tag)
    if current is None:
        raise NotFound(
            f"the locked version {lock.tag} is no longer in the registry",
            hint=f"ask the platform team why it was removed; {Option.OFFLINE} works with the cached copy",
            where=f"{lock.reference}:{lock.tag}",
        )
    if current.digest != lock.digest:
        raise moved_tag(lock, current.digest)


def obtain(
    workspace: Workspace,
    wanted: VersionRequest,
    lock: Lock | None,
    *,
    options: PullOptions,
    restore: Lock | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Candidate:
    """Fetch the wanted version and accept or refuse it, given the present `lock`; write nothing.

    `restore` is the lock whose content is fetched again. Raises what `pull` raises.
    """
    if workspace.offline and wanted.repository.scheme == "oci":
        raise UsageError(
            f"the platform is not in the cache, and {Option.OFFLINE} forbids fetching it",
            hint=f"run {Act.PULL} once with network",
            where=wanted.repository.name,
        )
    repository = workspace.repository(wanted.repository, cancel=cancel)
    found = locate(repository, wanted)
    where = str(found.reference)
    report(Heading(f"Pulling platform artifacts from {where}"))
    signatures = _signatures(repository, found.manifest.digest)
    fetched = fetch_files(repository, found.manifest, where=where, report=report)
    platform = fetched.artifact.platform
    subject = fetched.subject(where, found.reference)
    if not wanted.is_digest:
        check_tag(subject, found.ref)
    trust = _trust(workspace, wanted.repository, options, lock)
    if restore is None:
        down = options.allow_downgrade or _holds_nobody(workspace, lock, subject, trust, options, report)
        check_continuity(subject, lock, allow_downgrade=down)
        if not options.force:
            check_unmoved(subject, lock, wanted.repository.name, found.ref)
    witness = Witness(signatures)
    judging = partial(
        judge, witness, subject, lock=lock, exhaustive=restore is not None, ask=ask, report=report
    )
    road = Succession(workspace, repository, trust, lock if restore is None else None, cancel)
    accepted, hops, delegation = _accept(judging, road, witness, subject, trust, restore)
    report_hops(hops, lock, report)
    evidence = witness.evidence(found.manifest.raw, accepted.signers)
    if delegation is not None:
        evidence = replace(evidence, delegation=delegation.evidence)
        above = delegation.record
        detail = f"{above.name} v{above.version} lets them sign {subject.name}"
        report(Step("Verifying delegation", detail=detail, key="delegation"))
    signer, record = accepted.signer, delegation.record if delegation is not None else None
    report(Step("Downloading artifacts", detail=human_size(fetched.artifact.size), key="download"))
    if restore is None:
        tag = f"v{platform.version}" if wanted.is_digest else found.ref
        return Candidate(fetched.artifact, _lock(wanted, tag, fetched, signer, lock, hops, record), evidence)
    lock_path = str(workspace.store.lock_path)
    now = replace(restore, signer=signer, delegated_by=record)
    check_lock(now, subject, evidence, lock_path)
    same = signer is None or any(names(restore.signer, found) for found in accepted.signers)
    if same and record == restore.delegated_by:
        check_lock(restore, subject, evidence, lock_path)
        return Candidate(fetched.artifact, restore, evidence)
    if options.frozen:
        raise LockMismatch(
            "the lock names another signer than the one that is trusted now",
            f"locked is {restore.signer or 'nobody'}, trusted is {signer or 'nobody'}",
            hint=f"run {Act.PULL} without {Option.FROZEN} and commit the lock",
            where=lock_path,
        )
    return Candidate(fetched.artifact, now, evidence)


def _signatures(repository: Repository, digest: str) -> SignatureSource:
    """Where to read signatures: of a registry the first is fetched from here on; a folder answers at once."""
    if repository.reference.root is not None:
        return repository
    from floe_engine.signing.ahead import ReadAhead

    return ReadAhead(repository, digest)


def _accept(
    judging: Callable[[Authority], Accepted],
    road: Succession,
    signatures: SignatureSource,
    subject: Subject,
    trust: Authority,
    restore: Lock | None,
) -> tuple[Accepted, tuple[Hop, ...], Delegation | None]:
    """Judge by `trust`; else by whom the way from the lock leads to, or an enterprise platform lets sign.

    What a lock to `restore` records of the latter is looked at and nothing newer. Raises what
    `judging` raises.
    """
    recorded = restore.delegated_by if restore is not None else None
    if recorded is not None:
        found = road.delegations.of(signatures, subject.digest, recorded=recorded)
        if isinstance(found, Delegation):
            return judging(trust.joined_by(found.keys)), (), found
    try:
        return judging(trust), (), None
    except Untrusted as refused:
        then, hops = road.until(subject.version)
        if hops:
            return judging(then), hops, None
        found = road.delegations.of(signatures, subject.digest)
        if isinstance(found, Delegation):
            return judging(trust.joined_by(found.keys)), (), found
        if found.reason:
            refused.message += f"\nthe enterprise platform: {found.reason}"
        raise


def _holds_nobody(
    workspace: Workspace,
    lock: Lock | None,
    subject: Subject,
    trust: Authority,
    options: PullOptions,
    report: Report,
) -> bool:
    """Whether a lower version than the locked one may be taken, because whoever signed that is revoked.

    A stolen key could otherwise publish 999.0.0, and the lock would keep a team there for good.
    """
    if lock is None or lock.signer is None or not is_lower(subject, lock) or not trust.revokes(lock.signer):
        return False
    try:
        load(workspace, lock, options)
    except CacheCorrupt:
        return False  # nobody can say whether somebody else has signed it as well
    except TrustError:
        report(Notice(f"{lock.tag} was signed by {lock.signer}, who is revoked: it is left for a lower one"))
        return True
    return False


def report_hops(hops: Iterable[Hop], lock: Lock | None, report: Report) -> None:
    """Say which versions handed the signers on since the locked one."""
    for hop in hops:
        since = f" since {lock.tag}" if lock is not None else ""
        report(Notice(f"the platform's keys have changed{since}: {hop}"))


def keep(store: Store, candidate: Candidate, lock: Lock | None) -> Pulled:
    """Put a candidate into the store and lock it, where `lock` is the lock until now.

    Call it under ``store.exclusive``.
    """
    directory = store.save(candidate.lock.tag, candidate.artifact)
    store.save_signatures(candidate.lock.digest, candidate.evidence.to_json())
    if candidate.lock != lock:
        store.write_lock(candidate.lock)
    return Pulled(candidate.artifact, candidate.lock, directory, changed=True)


def _lock(
    wanted: VersionRequest,
    tag: str,
    fetched: Fetched,
    signer: LockedSigner | None,
    before: Lock | None,
    hops: Sequence[Hop],
    delegated_by: LockedDelegation | None,
) -> Lock:
    security = fetched.artifact.platform.manifest.security
    return Lock(
        reference=wanted.repository.name,
        constraint=wanted.constraint,
        tag=tag,
        digest=fetched.digest,
        files={file.path: LockedFile(file.digest, file.size) for file in fetched.files},
        pulled_at=rfc3339(datetime.now(UTC)),
        name=fetched.artifact.platform.name,
        version=fetched.artifact.platform.version,
        signer=signer,
        require_signed=security.require_signed_artifacts,
        trusted_keys=tuple(key.pem for key in security.trusted_keys),
        trusted_identities=tuple(
            LockedIdentity(who.identity, who.issuer) for who in security.trusted_identities
        ),
        revoked_keys=security.revoked_keys,
        rotations=(*(before.rotations if before else ()), *(hop.record for hop in hops)),
        delegated_by=delegated_by,
    )
