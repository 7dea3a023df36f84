"""A version from the registry into ``.floe/``: resolved once, verified, locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import (
    FILE_TYPE,
    PackedFile,
    read_annotations,
    read_manifest,
    unpack,
)
from floe_engine.artifact.platform import Platform
from floe_engine.errors import (
    CacheCorrupt,
    IntegrityError,
    LockMismatch,
    NotFound,
    Refused,
    Untrusted,
    UsageError,
)
from floe_engine.events import CancelToken, Heading, Report, Step, Transfer, silent
from floe_engine.files import human_size, rfc3339
from floe_engine.project.spec import Spec
from floe_engine.project.spec_file import load_spec
from floe_engine.registry.descriptor import Descriptor, Manifest
from floe_engine.registry.reference import Reference
from floe_engine.store import Lock, LockedFile, LockedSigner, Store
from floe_engine.versions import Version
from floe_engine.workflows.trusting import AskFirstUse, anchors_of, judge, still_trusted
from floe_engine.workflows.wanted import Wanted, locate, satisfies
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.registry.client import Repository


@dataclass(frozen=True)
class PullOptions:
    """How to pull. `keys` and `identities` are the anchors of floe.yaml."""

    force: bool = False
    """Fetch again, and accept that a tag has moved."""
    frozen: bool = False
    """Refuse whatever would change the lock."""
    allow_downgrade: bool = False
    keys: Sequence[str] = ()
    identities: Sequence[Mapping[str, str]] = ()
    first_use: str | None = None
    """``accept`` or ``refuse`` from floe.yaml; wins over the user's settings."""

    @classmethod
    def of(cls, spec: Spec, **options: bool) -> PullOptions:
        """The options of a project whose floe.yaml says whom it trusts."""
        chosen = spec.platform
        identities = [
            {"identity": entry.identity, "issuer": entry.issuer} for entry in chosen.trusted_identities
        ]
        return cls(keys=chosen.trusted_keys, identities=identities, first_use=chosen.first_use, **options)


@dataclass(frozen=True)
class Pulled:
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


@dataclass(frozen=True)
class Fetched:
    """An artifact as it came from a registry: every byte checked, nobody's signature yet."""

    digest: str
    files: tuple[PackedFile, ...]
    artifact: Artifact
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Candidate:
    """A version that was fetched, verified and accepted, and is not in the store yet."""

    artifact: Artifact
    lock: Lock
    """What the lock will say."""


def pull(
    workspace: Workspace,
    wanted: Wanted,
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
    options = options or PullOptions()
    store = workspace.store
    lock = store.read_lock()
    if lock is not None and not options.force and satisfies(lock, wanted):
        if _trusts(workspace, lock, options):
            pulled = _from_lock(workspace, lock, report, cancel)
            if pulled is not None:
                return pulled
        elif workspace.offline:
            raise Untrusted(
                "nobody you trust now has signed the locked version",
                f"it was signed by {lock.signer}" if lock.signer else "it was pulled without a signature",
                hint="run `floe platform pull` with network, or compare platform.trusted_keys in floe.yaml",
                where=str(store.lock_path),
            )
        # The cache is gone or damaged, or trust has changed; the lock says exactly what belongs there.
        wanted_now = Wanted(wanted.repository, lock.digest)
        return _fetch_and_lock(workspace, wanted_now, lock, options, ask, report, cancel, restore=lock)
    if options.frozen:
        asked = f"{wanted.repository.name}:{wanted.constraint}"
        raise LockMismatch(
            "the lock does not cover what is asked for",
            f"asked for {asked}, locked is {lock.reference}:{lock.tag}" if lock else "there is no lock",
            hint="run `floe platform pull` without --frozen and commit the lock",
            where=str(store.lock_path),
        )
    return _fetch_and_lock(workspace, wanted, lock, options, ask, report, cancel)


def pinned(workspace: Workspace, options: PullOptions) -> tuple[Wanted, PullOptions]:
    """What floe.yaml pins, or else the lock, with the anchors that go with it.

    Raises `UsageError` where neither says anything.
    """
    if workspace.spec_path.exists():
        spec = load_spec(workspace.spec_path)
        wanted = Wanted.demanded(
            spec, workspace, hint="there is nothing to pull: `floe compile` reads that file each time"
        )
        own = PullOptions.of(spec)
        trusting = replace(options, keys=own.keys, identities=own.identities, first_use=own.first_use)
        return wanted, trusting
    lock = workspace.store.read_lock()
    if lock is not None:
        return Wanted(Reference.parse(lock.reference), lock.constraint), options
    raise UsageError(
        "nothing is pinned here",
        hint="name a version (`floe platform pull v1.2.3`), or run `floe init --platform=v1.2.3`",
        where=str(workspace.directory),
    )


def load_locked(workspace: Workspace) -> Pulled | None:
    """The locked artifact from the store, checked, without asking any registry; None without a lock.

    Raises `CacheCorrupt` where the store does not hold what the lock says.
    """
    lock = workspace.store.read_lock()
    if lock is None:
        return None
    artifact = workspace.store.load(lock)
    return Pulled(artifact, lock, workspace.store.directory(lock.tag), changed=False)


def load_or_pull(
    workspace: Workspace,
    wanted: Wanted,
    *,
    options: PullOptions | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Pulled:
    """The wanted version from lock and cache without a request, else pulled."""
    options = options or PullOptions()
    try:
        pulled = load_locked(workspace)
    except CacheCorrupt:
        pulled = None  # the pull below fetches it again by the locked digest, or says why it cannot
    if pulled is not None and satisfies(pulled.lock, wanted) and _trusts(workspace, pulled.lock, options):
        return pulled
    return pull(workspace, wanted, options=options, ask=ask, report=report, cancel=cancel)


def fetch(repository: Repository, ref: str, *, where: str, report: Report = silent) -> Fetched:
    """Download the artifact at a tag or digest; everything is checked but who signed it."""
    return fetch_files(repository, repository.manifest(ref), where=where, report=report)


def fetch_files(
    repository: Repository, manifest: Manifest, *, where: str, report: Report = silent
) -> Fetched:
    """The same where the image manifest is known already."""
    files = read_manifest(manifest.raw, where=where)
    total = sum(file.size for file in files)
    moved = 0

    def on_bytes(descriptor: Descriptor, count: int) -> None:
        nonlocal moved
        moved += count
        report(Transfer("artifacts", moved, total))

    descriptors = [Descriptor(FILE_TYPE, file.digest, file.size) for file in files]
    blobs = repository.blobs(descriptors, on_bytes=on_bytes)
    artifact = unpack(files, tuple(blobs))
    return Fetched(manifest.digest, files, artifact, read_annotations(manifest.raw, where=where))


def _trusts(workspace: Workspace, lock: Lock, options: PullOptions) -> bool:
    return still_trusted(workspace, lock, keys=options.keys, identities=options.identities)


def _from_lock(workspace: Workspace, lock: Lock, report: Report, cancel: CancelToken | None) -> Pulled | None:
    """The locked artifact if the cache holds it; None where it must be fetched again."""
    reference = Reference.parse(lock.reference)
    if not workspace.offline:
        current = workspace.repository(reference, cancel=cancel).resolve(lock.tag)
        if current is None:
            raise NotFound(
                f"the locked version {lock.tag} is no longer in the registry",
                hint="ask the platform team why it was removed; --offline works with the cached copy",
                where=f"{lock.reference}:{lock.tag}",
            )
        if current.digest != lock.digest:
            raise LockMismatch(
                f"the tag {lock.tag} has moved since it was locked",
                f"locked   {lock.digest}\nregistry {current.digest}",
                hint="a version tag never moves by itself: ask the platform team, then run "
                "`floe platform pull --force`",
                where=f"{lock.reference}:{lock.tag}",
            )
    try:
        artifact = workspace.store.load(lock)
    except CacheCorrupt:
        if workspace.offline:
            raise
        return None
    report(Step("Already pulled, cache verified", detail=lock.tag, key="cached"))
    return Pulled(artifact, lock, workspace.store.directory(lock.tag), changed=False)


def _fetch_and_lock(
    workspace: Workspace,
    wanted: Wanted,
    lock: Lock | None,
    options: PullOptions,
    ask: AskFirstUse | None,
    report: Report,
    cancel: CancelToken | None,
    *,
    restore: Lock | None = None,
) -> Pulled:
    candidate = obtain(
        workspace, wanted, lock, options=options, restore=restore, ask=ask, report=report, cancel=cancel
    )
    store = workspace.store
    with store.exclusive(cancel):
        return keep(store, candidate, lock)


def obtain(
    workspace: Workspace,
    wanted: Wanted,
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
            "the platform is not in the cache, and --offline forbids fetching it",
            hint="run `floe platform pull` once with network",
            where=wanted.repository.name,
        )
    repository = workspace.repository(wanted.repository, cancel=cancel)
    found = locate(repository, wanted)
    where = str(found.reference)
    report(Heading(f"Pulling platform artifacts from {where}"))
    fetched = fetch_files(repository, found.manifest, where=where, report=report)
    platform = fetched.artifact.platform
    if not wanted.is_digest:
        check_version(platform, found.ref, where)
    if restore is None:
        _check_direction(platform, lock, options, where)
    trust = anchors_of(workspace, keys=options.keys, identities=options.identities, lock=lock)
    signer = judge(
        workspace,
        repository,
        fetched.digest,
        platform,
        fetched.annotations,
        trust,
        where=where,
        lock=lock,
        first_use=options.first_use or workspace.settings.first_use,
        ask=ask,
        report=report,
    )
    report(Step("Downloading artifacts", detail=human_size(fetched.artifact.size), key="download"))
    if restore is None:
        tag = f"v{platform.version}" if wanted.is_digest else found.ref
        return Candidate(fetched.artifact, _lock(wanted, tag, fetched, signer))
    if _trusts(workspace, restore, options):
        return Candidate(fetched.artifact, restore)
    if options.frozen:
        raise LockMismatch(
            "the lock names another signer than the one that is trusted now",
            f"locked is {restore.signer or 'nobody'}, trusted is {signer or 'nobody'}",
            hint="run `floe platform pull` without --frozen and commit the lock",
            where=str(workspace.store.lock_path),
        )
    return Candidate(fetched.artifact, replace(restore, signer=signer))


def keep(store: Store, candidate: Candidate, lock: Lock | None) -> Pulled:
    """Put a candidate into the store and lock it, where `lock` is the lock until now.

    Call it under ``store.exclusive``.
    """
    directory = store.save(candidate.lock.tag, candidate.artifact)
    if candidate.lock != lock:
        store.write_lock(candidate.lock)
    return Pulled(candidate.artifact, candidate.lock, directory, changed=True)


def check_version(platform: Platform, tag: str, where: str) -> None:
    """Raise `IntegrityError` unless the artifact is the version that its tag says."""
    if Version.from_tag(tag) != Version.from_tag(platform.version):
        raise IntegrityError(
            "the tag and the artifact disagree about the version",
            f"the tag says {tag}, the artifact {platform.version}",
            hint="somebody moved or copied a tag: tell the platform team",
            where=where,
        )


def _check_direction(platform: Platform, lock: Lock | None, options: PullOptions, where: str) -> None:
    if lock is None:
        return
    if lock.name and lock.name != platform.name:
        raise LockMismatch(
            "this is another platform",
            f"locked is {lock.name}, and {where} is {platform.name}",
            hint="remove .floe/cache/artifacts.lock if the project really moves to another platform",
            where=where,
        )
    locked = Version.from_tag(lock.tag)
    if locked is not None and Version.parse(platform.version) < locked and not options.allow_downgrade:
        raise Refused(
            "this is a lower version than the locked one",
            f"locked is {lock.tag}, and {where} is v{platform.version}",
            hint="use --allow-downgrade if that is what you want",
            where=where,
        )


def _lock(wanted: Wanted, tag: str, fetched: Fetched, signer: LockedSigner | None) -> Lock:
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
    )
