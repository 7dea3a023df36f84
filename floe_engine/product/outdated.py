"""Where a pin stands among the published versions."""

from __future__ import annotations

from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.distribution.listing import list_versions
from floe_engine.distribution.pull import PullOptions, load, pinned
from floe_engine.errors import CacheCorrupt
from floe_engine.events import CancelToken
from floe_engine.registry.reference import Reference
from floe_engine.upgrade.pins import PinStatus, pin_status
from floe_engine.versions import Constraint, Version
from floe_engine.workspace import Workspace


class Outdated(Struct, frozen=True):
    """A pin beside what is published."""

    name: str
    """The platform's name; empty where nothing is locked yet."""
    repository: Reference
    constraint: str
    """As floe.yaml (or, without one, the lock) says: ``v1.2.*``, or a digest."""
    status: PinStatus
    withdrawn: bool
    """Whether the registry no longer has the locked version."""
    ignored: int
    """Tags that are no versions."""
    listed_at: str
    """When the registry was asked, RFC 3339 in UTC."""
    cached: bool
    """Whether this is what was seen the last time, because the registry was not asked now."""


def outdated(workspace: Workspace, *, cancel: CancelToken | None = None) -> Outdated:
    """The locked version, the highest within the constraint, and the latest. One request.

    Raises `UsageError` where nothing is pinned, what listing raises, and `TrustError` where whoever
    signed the locked version is not trusted any more; the registry is the pin's.
    """
    wanted, options = pinned(workspace, PullOptions())
    lock = workspace.store.read_lock()
    if lock is not None and lock.reference != wanted.repository.name:
        lock = None
    if lock is not None:
        with suppress(CacheCorrupt):  # where nothing is cached, nothing is there to be believed
            load(workspace, lock, options)
    current = Version.from_tag(lock.version or lock.tag) if lock else None
    text = wanted.constraint
    if wanted.is_digest:
        text = str(current) if current else "*"
    there = replace(workspace, registry_option=wanted.repository.name)
    listing = list_versions(there, cancel=cancel)
    tags = [*listing.tags.values(), *listing.ignored]
    return Outdated(
        name=lock.name if lock else "",
        repository=wanted.repository,
        constraint=wanted.constraint,
        status=pin_status(Constraint.parse(text), current, tags),
        withdrawn=current is not None and current not in listing.tags,
        ignored=len(listing.ignored),
        listed_at=listing.listed_at,
        cached=listing.cached,
    )
