"""A published version from one place to another, digest and signatures kept.

Between registries (promotion), into a file and out of one (air gap). Only floe's artifacts pass:
each is read and checked as a pull would, and the tag is written last.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.pack import FILE_TYPE
from floe_engine.descriptor import Descriptor, Manifest
from floe_engine.distribution.examine import examine
from floe_engine.distribution.interrupted import under_way
from floe_engine.distribution.pull import PullOptions, pinned
from floe_engine.distribution.request import VersionRequest, locate, satisfies
from floe_engine.errors import NotFound, UsageError, VersionExists
from floe_engine.events import CancelToken, Heading, Notice, Report, Step, silent
from floe_engine.files import human_size, placed, scratch
from floe_engine.registry.client import Repository
from floe_engine.registry.layout_archive import pack_layout, unpacked_layout
from floe_engine.registry.reference import Reference
from floe_engine.signing.bundle import PREDICATE_ANNOTATION, PREDICATE_TYPE
from floe_engine.versions import Version
from floe_engine.workspace import Workspace

SIGNATURE_LIMIT = 1024 * 1024
"""Largest blob of a signature that is copied, in bytes."""


class Transferred(Struct, frozen=True):
    """What was copied, and from where to where."""

    source: str
    target: str
    tag: str
    digest: str
    signatures: int
    """How many signature manifests the source has, attestations apart."""
    trusted: bool
    """Whether somebody whom this reader trusts vouches for it."""
    changed: bool
    """False where the target held this version already; missing signatures are added even so."""


def copy_version(
    workspace: Workspace,
    source: str,
    target: str,
    *,
    require_trusted: bool | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Transferred:
    """Copy a version, its bytes checked on the way; the tag is written last.

    `target` is a repository, or a reference whose tag equals the version's. Copying again what is
    there adds only missing signatures. `require_trusted` says whether somebody trusted has to
    vouch for it; None: where this directory or a policy names anybody. Raises `VersionExists` where
    the target's tag holds other content, `Unsigned` and `Untrusted`.
    """
    wanted = VersionRequest.parse(source, workspace)
    destination = Reference.parse(target, base=workspace.directory)
    from_repository = workspace.repository(wanted.repository, cancel=cancel)
    to_repository = workspace.repository(destination, cancel=cancel, push=True)
    report(Heading(f"Copying {source} to {destination.name}"))
    with under_way(workspace, "copy"):
        return _copy(workspace, from_repository, wanted, to_repository, destination, require_trusted, report)


def export_version(
    workspace: Workspace,
    file: Path,
    source: str | None = None,
    *,
    require_trusted: bool | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Transferred:
    """Write a version and its signatures into one file, an OCI layout in a tar archive.

    Without a `source` it is exactly what is pinned and locked here. `require_trusted` as in
    `copy_version`.
    """
    wanted = VersionRequest.parse(source, workspace) if source else _locked(workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    directory, name = placed(file, workspace.directory)  # refused before anything is fetched
    with under_way(workspace, "export"), scratch() as place:
        layout = place / "layout"
        inside = Reference.parse(f"oci-layout:{layout}")
        opened = workspace.repository(inside, cancel=cancel, push=True)
        report(Heading(f"Writing {file.name}"))
        done = _copy(workspace, repository, wanted, opened, inside, require_trusted, report)
        packed = pack_layout(layout)
        directory.write(name, packed)
    report(Step("Archive", detail=human_size(len(packed)), key="archive"))
    return replace(done, target=str(file))


def import_versions(
    workspace: Workspace,
    file: Path,
    target: str | None = None,
    *,
    require_trusted: bool | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> tuple[Transferred, ...]:
    """Put every version of an exported file into `target` (absent: the workspace's registry).

    `require_trusted` as in `copy_version`; judged is whether `target` may hold it.
    """
    destination = (
        Reference.parse(target, base=workspace.directory) if target else workspace.registry.reference
    )
    if destination.target is not None:
        raise UsageError(
            "the target of an import is a repository, without tag or digest",
            hint=f"use {destination.name}",
            where=str(destination),
        )
    with under_way(workspace, "import"), unpacked_layout(file) as layout:
        inside = Reference.parse(f"oci-layout:{layout}")
        source = workspace.repository(inside, cancel=cancel)
        tags = source.tags()
        versions = sorted((version, tag) for tag in tags if (version := Version.from_tag(tag)))
        if not versions:
            raise NotFound(
                "the file holds no version", hint="`oras repo tags` shows its tags", where=str(file)
            )
        to_repository = workspace.repository(destination, cancel=cancel, push=True)
        report(Heading(f"Copying {file.name} to {destination.name}"))
        return tuple(
            replace(
                _copy(
                    workspace,
                    source,
                    VersionRequest(inside, tag),
                    to_repository,
                    destination,
                    require_trusted,
                    report,
                    place=destination,
                ),
                source=str(file),
            )
            for _, tag in versions
        )


def _locked(workspace: Workspace) -> VersionRequest:
    """What is pinned here, as the lock has it where that satisfies the pin."""
    wanted, _ = pinned(workspace, PullOptions())
    lock = workspace.store.read_lock()
    return VersionRequest(wanted.repository, lock.digest) if lock and satisfies(lock, wanted) else wanted


def _copy(
    workspace: Workspace,
    source: Repository,
    wanted: VersionRequest,
    target: Repository,
    destination: Reference,
    require_trusted: bool | None,
    report: Report,
    *,
    place: Reference | None = None,
) -> Transferred:
    """Copy one version. `place` is whose trust is asked for where the source is an archive."""
    found = locate(source, wanted)
    where = str(found.reference)
    seen = examine(workspace, source, wanted, found, place=place)
    if require_trusted:
        seen.demand()
    elif require_trusted is None:
        seen.demand_where_somebody_does()
    for warning in seen.verdict.warnings:
        report(Notice(warning))
    fetched = seen.fetched
    tag = f"v{fetched.artifact.platform.version}"
    if destination.digest or destination.tag not in (None, tag):
        raise UsageError(
            "a copy keeps the version's tag",
            f"the version is {tag}, and the target says {destination.target}",
            hint=f"use {destination.name}",
            where=str(destination),
        )
    present = target.resolve(tag)
    if present is not None and present.digest != fetched.digest:
        raise VersionExists(
            f"{tag} exists in the target already, with other content",
            f"source {fetched.digest}\ntarget {present.digest}",
            hint="a version never changes once it is out",
            where=f"{destination.name}:{tag}",
        )
    raw = found.manifest.raw
    if present is None:
        blobs = {file.digest: fetched.artifact.files[file.path] for file in fetched.files}
        target.push_blobs([(data, FILE_TYPE) for data in blobs.values()])
        target.push_manifest(raw)
    report(Step("Artifact", detail=human_size(fetched.artifact.size), key="artifact"))
    signatures = _copy_signatures(source, target, fetched.digest, report)
    report(Step("Signatures", "done" if signatures else "skipped", f"{signatures}", key="signatures"))
    if present is None:
        target.claim(raw, tag)
    trusted = seen.verdict.status == "verified"
    return Transferred(
        where, f"{destination.name}:{tag}", tag, fetched.digest, signatures, trusted, present is None
    )


def _copy_signatures(source: Repository, target: Repository, digest: str, report: Report) -> int:
    """Referrers (sigstore bundles), the ``.sig`` tag and the ``.att`` tag.

    A tag that the target has already stays as it is: it may hold signatures of its own,
    and the bundles carry the same vouching.
    """
    copied = 0
    for descriptor in source.referrers(digest):
        manifest = source.manifest(descriptor.digest)
        if manifest.subject is None or manifest.subject.digest != digest:
            continue  # a list of referrers is a claim; this one is not about our digest
        contents = _contents(manifest)
        if manifest.is_index or any(content.size > SIGNATURE_LIMIT for content in contents):
            report(Notice(f"not copied: {manifest.digest} refers to the artifact, and is no signature"))
            continue
        _copy_contents(source, target, contents)
        target.attach(manifest.raw, digest, manifest.media_type)
        said = manifest.document.get("annotations") or {}
        copied += said.get(PREDICATE_ANNOTATION, PREDICATE_TYPE) == PREDICATE_TYPE  # or an attestation
    # Attestations after the signatures: cosign takes a lone attestation for a signature.
    for suffix in (".sig", ".att"):
        tag = f"{digest.replace(':', '-')}{suffix}"
        if source.resolve(tag) is None:
            continue
        if target.resolve(tag) is None:
            manifest = source.manifest(tag)
            _copy_contents(source, target, _contents(manifest))
            target.push_manifest(manifest.raw, manifest.media_type, tag=tag)
        copied += suffix == ".sig"
    return copied


def _contents(manifest: Manifest) -> tuple[Descriptor, ...]:
    """The distinct blobs that a manifest names."""
    named = (manifest.config, *manifest.layers)
    return tuple({descriptor.digest: descriptor for descriptor in named if descriptor is not None}.values())


def _copy_contents(source: Repository, target: Repository, contents: tuple[Descriptor, ...]) -> None:
    for content in contents:
        target.push_blob(source.blob(content, SIGNATURE_LIMIT), content.media_type)
