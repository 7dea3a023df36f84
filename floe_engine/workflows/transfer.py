"""A published version from one place to another, digest and signatures kept.

Between registries (promotion), into a file and out of one (air gap). The file is an OCI image
layout in a tar archive, which `oras`, `crane` and `skopeo` read too.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from floe_engine.artifact.pack import FILE_TYPE, IMAGE_MANIFEST, Packed
from floe_engine.errors import ConfigurationError, IntegrityError, NotFound, UsageError, VersionExists
from floe_engine.events import CancelToken, Heading, Report, Step, silent
from floe_engine.files import human_size, write_atomic
from floe_engine.registry.client import Repository
from floe_engine.registry.descriptor import Descriptor, Manifest
from floe_engine.registry.reference import Reference
from floe_engine.workflows.pull import Fetched, Wanted, check_version, fetch, resolve
from floe_engine.workspace import Workspace

SIGNATURE_LIMIT = 1024 * 1024
"""Largest blob of a signature that is copied, in bytes."""

_MEMBER = re.compile(r"(?:\./)?(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64})")
_ARCHIVE_LIMIT = 64 * 1024 * 1024
_MEMBERS_LIMIT = 2000


@dataclass(frozen=True)
class Transferred:
    """What was copied, and from where to where."""

    source: str
    target: str
    tag: str
    digest: str
    signatures: int
    """How many signature manifests came along."""


def copy_version(
    workspace: Workspace,
    source: str,
    target: str,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Transferred:
    """Copy a version, its bytes checked on the way; the tag is written last.

    `target` is a repository, or a reference whose tag equals the version's. Copying again what is
    there adds only missing signatures. Raises `VersionExists` where the target's tag holds other
    content.
    """
    wanted = Wanted.parse(source, workspace)
    destination = Reference.parse(target, base=workspace.directory)
    from_repository = workspace.repository(wanted.repository, cancel=cancel)
    to_repository = workspace.repository(destination, cancel=cancel, push=True)
    return _copy(from_repository, wanted, to_repository, destination, report)


def export_version(
    workspace: Workspace,
    source: str,
    file: Path,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Transferred:
    """Write a version and its signatures into one file, an OCI layout in a tar archive."""
    wanted = Wanted.parse(source, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    with tempfile.TemporaryDirectory(prefix="floe-export-") as scratch:
        layout = Path(scratch) / "layout"
        inside = Reference.parse(f"oci-layout:{layout}")
        opened = replace(workspace, offline=False).repository(inside, cancel=cancel, push=True)
        done = _copy(repository, wanted, opened, inside, report)
        write_atomic(file, _archive(layout))
    report(Step(f"Written: {file.name}", detail=human_size(file.stat().st_size), key="archive"))
    return replace(done, target=str(file))


def import_versions(
    workspace: Workspace,
    file: Path,
    target: str | None = None,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> tuple[Transferred, ...]:
    """Put every version of an exported file into `target` (absent: the workspace's registry)."""
    destination = (
        Reference.parse(target, base=workspace.directory) if target else workspace.registry.reference
    )
    if destination.target is not None:
        raise UsageError(
            "the target of an import is a repository, without tag or digest",
            hint=f"use {destination.name}",
            where=str(destination),
        )
    with _unpacked(file) as layout:
        inside = Reference.parse(f"oci-layout:{layout}")
        source = workspace.repository(inside, cancel=cancel)
        tags = [tag for tag in source.tags() if not tag.startswith("sha256-")]
        if not tags:
            raise NotFound("the file holds no version", where=str(file))
        to_repository = workspace.repository(destination, cancel=cancel, push=True)
        return tuple(
            replace(_copy(source, Wanted(inside, tag), to_repository, destination, report), source=str(file))
            for tag in tags
        )


def _copy(
    source: Repository, wanted: Wanted, target: Repository, destination: Reference, report: Report
) -> Transferred:
    ref = resolve(source, wanted)
    where = f"{wanted.repository.name}{'@' if wanted.is_digest else ':'}{ref}"
    fetched = fetch(source, ref, where=where)
    tag = f"v{fetched.artifact.platform.version}"
    if not wanted.is_digest:
        check_version(fetched.artifact.platform, ref, where)
        tag = ref
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
    report(Heading(f"Copying {where} to {destination.name}"))
    raw = source.manifest(fetched.digest).raw
    if present is None:
        packed = _packed(fetched, raw)
        target.push_blobs([(data, media_type) for media_type, data in packed.blobs])
        target.push_manifest(raw, IMAGE_MANIFEST, tag=None)
    report(Step("Artifact", detail=human_size(fetched.artifact.size), key="artifact"))
    signatures = _copy_signatures(source, target, fetched.digest)
    report(Step("Signatures", "done" if signatures else "skipped", f"{signatures}", key="signatures"))
    if present is None:
        target.push_manifest(raw, IMAGE_MANIFEST, tag=tag)
    return Transferred(where, f"{destination.name}:{tag}", tag, fetched.digest, signatures)


def _packed(fetched: Fetched, raw: bytes) -> Packed:
    blobs = {file.digest: fetched.artifact.files[file.path] for file in fetched.files}
    return Packed(raw, tuple((FILE_TYPE, data) for data in blobs.values()))


def _copy_signatures(source: Repository, target: Repository, digest: str) -> int:
    """Referrers (sigstore bundles) and the ``.sig`` tag.

    A ``.sig`` tag that the target has already stays as it is: it may hold signatures of its own,
    and the bundles carry the same vouching.
    """
    copied = 0
    for descriptor in source.referrers(digest):
        manifest = source.manifest(descriptor.digest)
        if manifest.subject is None or manifest.subject.digest != digest:
            continue  # a list of referrers is a claim; this one is not about our digest
        _copy_content(source, target, manifest)
        target.attach(manifest.raw, digest, manifest.media_type)
        copied += 1
    tag = f"{digest.replace(':', '-')}.sig"
    if source.resolve(tag) is not None and target.resolve(tag) is None:
        manifest = source.manifest(tag)
        _copy_content(source, target, manifest)
        target.push_manifest(manifest.raw, manifest.media_type, tag=tag)
        copied += 1
    return copied


def _copy_content(source: Repository, target: Repository, manifest: Manifest) -> None:
    wanted: dict[str, Descriptor] = {}
    for descriptor in (manifest.config, *manifest.layers):
        if descriptor is not None:
            wanted[descriptor.digest] = descriptor
    for descriptor in wanted.values():
        data = source.blob(descriptor, SIGNATURE_LIMIT)
        target.push_blob(data, descriptor.media_type)


def _archive(layout: Path) -> bytes:
    """The layout as a tar archive that is the same bytes for the same content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(layout.rglob("*")):
            name = path.relative_to(layout).as_posix()
            if not path.is_file() or not _MEMBER.fullmatch(name):
                continue
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as stream:
                archive.addfile(member, stream)
    return buffer.getvalue()


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """The archive's layout in a scratch directory. Only the names of a layout are ever written."""
    if not file.is_file():
        raise ConfigurationError("the file to import does not exist", where=str(file))
    with tempfile.TemporaryDirectory(prefix="floe-import-") as scratch:
        root = Path(scratch) / "layout"
        total = 0
        try:
            with tarfile.open(file, mode="r:*") as archive:
                for count, member in enumerate(archive):
                    match = _MEMBER.fullmatch(member.name)
                    total += member.size
                    if count >= _MEMBERS_LIMIT or total > _ARCHIVE_LIMIT:
                        raise IntegrityError("the archive is larger than a platform can be", where=str(file))
                    if match is None or not member.isfile():
                        continue  # directories, links, and whatever else somebody put there
                    content = archive.extractfile(member)
                    assert content is not None
                    path = root / match[1]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.read())
        except (tarfile.TarError, EOFError, OSError) as error:
            raise IntegrityError(
                "the file is not a readable tar archive", str(error), where=str(file)
            ) from None
        if not (root / "index.json").is_file():
            raise IntegrityError(
                "the archive holds no OCI image layout",
                hint="make it with `floe platform export FILE`",
                where=str(file),
            )
        yield root
