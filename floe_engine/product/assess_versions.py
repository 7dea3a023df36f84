"""How far published versions really are from the locked one: by what they hold, not by their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import FILE_TYPE, read_annotations, read_manifest, unpack
from floe_engine.descriptor import Descriptor
from floe_engine.distribution.browse import at_once
from floe_engine.distribution.pull import load_locked
from floe_engine.errors import FloeError
from floe_engine.events import CancelToken
from floe_engine.files import sha256_digest
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.trust.authority import authority, revoked_keys
from floe_engine.trust.rotation import Succession
from floe_engine.trust.verdict import (
    Subject,
    check_continuity,
    check_tag,
    check_unmoved,
    demand_admitted,
)
from floe_engine.upgrade.rules import compare
from floe_engine.versions import Level
from floe_engine.workspace import Workspace


class Distance(Struct, frozen=True):
    """What moving from the locked version to another one costs."""

    tag: str
    level: Level
    """The bump that the changes need; ``none`` where both hold the same."""
    changes: int
    breaking: int
    problem: str = ""
    """Why nobody can say, where nobody can."""


def assess_versions(
    workspace: Workspace,
    repository: Reference,
    tags: Sequence[str],
    *,
    on_distance: Callable[[Distance], object] | None = None,
    cancel: CancelToken | None = None,
    workers: int = 4,
) -> tuple[Distance, ...]:
    """Compare each of `tags` with the locked artifact, `workers` at a time, told as they arrive.

    Files that both have in common are not fetched. A version that cannot be read, or that `init` would
    refuse, is told with its problem and stops nothing. Empty where nothing is locked; raises
    `CacheCorrupt` where the store does not hold what the lock says.
    """
    token = cancel or CancelToken()
    locked = load_locked(workspace)
    if locked is None:
        return ()
    opened = workspace.repository(repository, cancel=token)
    here = {sha256_digest(data): data for data in locked.artifact.files.values()}
    trust = authority(workspace, repository, lock=locked.lock)
    road, revoked = Succession(workspace, opened, trust, locked.lock, token), revoked_keys(workspace)

    def assess(tag: str) -> Distance:
        token.check()
        try:
            artifact, subject = _artifact(opened, tag, here)
            check_tag(subject, tag)
            check_continuity(subject, locked.lock, taken=False)
            check_unmoved(subject, locked.lock, repository.name, tag)
            demand_admitted(trust, subject.where)
            if trust.demanding:
                road.weigh(opened, subject).verdict.demand(subject.where)
            found = compare(locked.artifact, artifact, revoked=revoked)
        except FloeError as error:
            if token.cancelled:
                raise
            distance = Distance(tag, "none", 0, 0, error.title)
        else:
            distance = Distance(tag, found.required, len(found.entries), len(found.breaking))
        if on_distance is not None:
            on_distance(distance)
        return distance

    with ThreadPoolExecutor(at_once(repository, workers), thread_name_prefix="floe-assess") as pool:
        return tuple(pool.map(assess, tags))


def _artifact(repository: Repository, tag: str, here: dict[str, bytes]) -> tuple[Artifact, Subject]:
    manifest = repository.manifest(tag)
    where = f"{repository.reference.name}:{tag}"
    files = read_manifest(manifest.raw, where=where)
    absent = [file for file in files if file.digest not in here]
    blobs = repository.blobs([Descriptor(FILE_TYPE, file.digest, file.size) for file in absent])
    fetched = here | {file.digest: data for file, data in zip(absent, blobs, strict=True)}
    artifact = unpack(files, tuple(fetched[file.digest] for file in files))
    annotations = read_annotations(manifest.raw, where=where)
    return artifact, Subject.of(manifest.digest, annotations, where=where, platform=artifact.platform)
