"""The versions that a repository has: which tags there are, and nothing of what is behind them.

Apart from `browse`, for a list needs no signature, no lock and no file of a version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.errors import FloeError, NotFound
from floe_engine.events import CancelToken, Report, silent
from floe_engine.files import canonical_json, rfc3339, strict_json
from floe_engine.registry.reference import Reference
from floe_engine.versions import Constraint, Resolution, Version
from floe_engine.workspace import Workspace

_TAGS = "cache/tags.json"
_TAGS_LIMIT = 16 * 1024 * 1024


class Listing(Struct, frozen=True):
    """The tags of a repository, as versions."""

    repository: Reference
    versions: tuple[Version, ...]
    """Newest first."""
    tags: Mapping[Version, str]
    """Version to the tag that names it."""
    ignored: tuple[str, ...]
    """Tags that are no version, signatures' own tags left out."""
    resolution: Resolution | None
    """What the constraint that was asked about resolves to."""
    listed_at: str
    """When the registry was asked, RFC 3339 in UTC."""
    admitted: tuple[Version, ...] = ()
    """Those of `versions` that the constraint allows; all of them without one."""
    cached: bool = False
    """Whether this is what was seen the last time, because the registry was not asked now."""


def list_versions(
    workspace: Workspace,
    constraint: str | None = None,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Listing:
    """The versions of the workspace's registry, and what `constraint` would resolve to.

    One request. Offline it is the list of the last time, with its age. An absent repository is an
    empty list only where it is the embedded one and nothing is locked from it; elsewhere it is `NotFound`.
    """
    choice = workspace.registry
    reference = choice.reference
    parsed = Constraint.parse(constraint) if constraint else None
    if workspace.offline and reference.scheme == "oci":
        tags, seen = _remembered(workspace, reference)
        return _listing(reference, tags, parsed, seen, cached=True)
    repository = workspace.repository(reference, cancel=cancel)
    try:
        tags = repository.tags()
    except NotFound:
        if reference.scheme == "oci":
            raise
        _demand_unlocked(workspace, reference)
        tags = []
    seen = rfc3339(datetime.now(UTC))
    if reference.scheme == "oci" and workspace.store.root.is_dir():
        workspace.store.files.write(
            _TAGS, canonical_json({"reference": reference.name, "seen": seen, "tags": tags})
        )
    return _listing(reference, tags, parsed, seen)


def _demand_unlocked(workspace: Workspace, reference: Reference) -> None:
    """Refuse to call a layout empty that a version was pulled from: its folder is not to be seen."""
    try:
        lock = workspace.store.read_lock()
    except FloeError:
        return  # what is wrong with the lock, the commands say that use it
    if lock is not None and lock.reference == reference.name:
        raise NotFound(
            "the registry's folder is not there",
            f"{lock.tag} is locked from it, so that it has held versions",
            hint=f"mount it or put it back, or name another registry with {Option.REGISTRY}",
            where=reference.name,
        )


def _listing(
    reference: Reference,
    tags: Sequence[str],
    constraint: Constraint | None,
    seen: str,
    *,
    cached: bool = False,
) -> Listing:
    found: dict[Version, str] = {}
    ignored = []
    for tag in tags:
        version = Version.from_tag(tag)
        if version is not None:
            found.setdefault(version, tag)
        elif not tag.startswith("sha256-"):
            ignored.append(tag)
    newest_first = tuple(sorted(found, reverse=True))
    resolution = constraint.resolve(tags) if constraint else None
    admitted = tuple(filter(constraint.allows, newest_first)) if constraint else newest_first
    return Listing(reference, newest_first, found, tuple(ignored), resolution, seen, admitted, cached)


def _remembered(workspace: Workspace, reference: Reference) -> tuple[list[str], str]:
    try:
        data = workspace.store.files.read(_TAGS, _TAGS_LIMIT, what="cached list of tags")
        document = strict_json(data or b"")
        if document["reference"] == reference.name:
            return [str(tag) for tag in document["tags"]], str(document["seen"])
    except (FloeError, ValueError, KeyError, TypeError):
        pass  # a cache that is absent or damaged is no cache
    raise NotFound(
        f"no list of versions is cached, and {Option.OFFLINE} forbids asking",
        hint=f"run {Act.LIST} once with network",
        where=reference.name,
    )
