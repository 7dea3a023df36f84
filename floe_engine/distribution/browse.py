"""What a registry has: its versions, and one of them in detail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import CREATED, PackedFile, read_annotations, read_manifest
from floe_engine.distribution.examine import examine
from floe_engine.distribution.request import VersionRequest
from floe_engine.errors import FloeError, RegistryError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.registry.catalog import repositories
from floe_engine.registry.reference import Reference
from floe_engine.signing.attestation import Attestation
from floe_engine.signing.verdict import Verdict
from floe_engine.store import LockedDelegation
from floe_engine.trust.authority import authority, is_team
from floe_engine.trust.rotation import Succession
from floe_engine.trust.verdict import Subject, attested, check_continuity, check_tag, check_unmoved
from floe_engine.workspace import Workspace


class Repositories(Struct, frozen=True):
    """The repositories that can be browsed from here."""

    chosen: Reference
    """The workspace's own."""
    known: tuple[Reference, ...]
    """All of them, by name; `chosen` and what is pinned here are always among them."""
    unlisted: str = ""
    """Why the registry itself names none, where it does not."""


class VersionFacts(Struct, frozen=True):
    """What is known of one published version without downloading it."""

    tag: str
    digest: str
    created: str
    size: int
    name: str
    verdict: Verdict | None
    problem: str = ""
    """Why it could not be read, where it could not."""
    rotations: tuple[str, ...] = ()
    """``v1.1.0@sha256:…`` of every version since the locked one that handed the signers on to this one's."""


class Inspection(Struct, frozen=True):
    """One published version, read and checked."""

    reference: Reference
    digest: str
    files: tuple[PackedFile, ...]
    annotations: Mapping[str, str]
    artifact: Artifact
    verdict: Verdict
    attestations: tuple[Attestation, ...] = ()
    rotations: tuple[str, ...] = ()
    """As in `VersionFacts`."""
    delegated_by: LockedDelegation | None = None
    """The version of the enterprise platform that lets the signer sign, where one was needed."""


def list_repositories(workspace: Workspace, *, cancel: CancelToken | None = None) -> Repositories:
    """What else there is beside the workspace's repository: the registry's catalog, or sibling layouts.

    Many registries have no catalog, or not for everybody: then only what is known anyway is
    listed, and why. Never an error but `Cancelled`.
    """
    chosen = workspace.registry.reference
    found = {chosen}
    lock = workspace.store.read_lock()
    if lock is not None:
        found.add(Reference.parse(lock.reference))
    unlisted = ""
    if workspace.offline and chosen.scheme == "oci":
        unlisted = "the registry was not asked"
    else:
        try:
            found.update(repositories(chosen, settings=workspace.transport, cancel=cancel))
        except RegistryError as error:
            unlisted = error.title
    return Repositories(chosen, tuple(sorted(found, key=lambda reference: reference.name)), unlisted)


def describe_versions(
    workspace: Workspace,
    repository: Reference,
    tags: Sequence[str],
    *,
    on_facts: Callable[[VersionFacts], object] | None = None,
    cancel: CancelToken | None = None,
    workers: int = 8,
) -> tuple[VersionFacts, ...]:
    """Digest, age, size and signature of each tag, `workers` at a time, told as they arrive.

    A version that cannot be read is told with its problem and stops nothing.
    """
    token = cancel or CancelToken()
    opened = workspace.repository(repository, cancel=token)
    lock = None if is_team(workspace) else workspace.store.read_lock()
    trust = authority(workspace, repository, lock=lock, own=True)
    road = Succession(workspace, opened, trust, lock, token)

    def describe(tag: str) -> VersionFacts:
        token.check()
        try:
            manifest = opened.manifest(tag)
            files = read_manifest(manifest.raw, where=str(repository.with_tag(tag)))
            annotations = read_annotations(manifest.raw, where=tag)
            subject = Subject.of(manifest.digest, annotations, where=str(repository.with_tag(tag)))
            check_tag(subject, tag)
            check_continuity(subject, lock, taken=False)
            check_unmoved(subject, lock, repository.name, tag)
            seen = road.weigh(opened, subject)
        except FloeError as error:
            if token.cancelled:
                raise
            facts = VersionFacts(tag, "", "", 0, "", None, problem=error.title)
        else:
            size = sum(file.size for file in files)
            created = annotations.get(CREATED, "")
            rotations = tuple(hop.record for hop in seen.hops)
            facts = VersionFacts(
                tag, manifest.digest, created, size, subject.name, seen.verdict, rotations=rotations
            )
        if on_facts is not None:
            on_facts(facts)
        return facts

    with ThreadPoolExecutor(at_once(repository, workers), thread_name_prefix="floe-describe") as pool:
        return tuple(pool.map(describe, tags))


def at_once(repository: Reference, most: int) -> int:
    """How many versions are read at the same time: a folder has no network that one would wait for."""
    return most if repository.scheme == "oci" else 1


def inspect_version(
    workspace: Workspace, version: str, *, report: Report = silent, cancel: CancelToken | None = None
) -> Inspection:
    """Everything about one version: files, annotations, content, every signature and attestation."""
    wanted = VersionRequest.parse(version, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    seen = examine(workspace, repository, wanted, exhaustive=True, report=report, cancel=cancel)
    fetched = seen.fetched
    return Inspection(
        reference=seen.reference,
        digest=fetched.digest,
        files=fetched.files,
        annotations=fetched.annotations,
        artifact=fetched.artifact,
        verdict=seen.verdict,
        attestations=attested(repository, seen.subject, seen.trust),
        rotations=tuple(hop.record for hop in seen.hops),
        delegated_by=seen.delegated,
    )
