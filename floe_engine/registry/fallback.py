"""What a client does where a registry lacks a feature: keep referrers itself, delete one tag.

Both are read-modify-write over the network without compare-and-swap, so both look again at what
they have done.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from floe_engine.descriptor import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, Descriptor
from floe_engine.errors import FloeError, NotFound, RegistryError
from floe_engine.files import canonical_json
from floe_engine.registry.retry import pause_for

if TYPE_CHECKING:
    from floe_engine.registry.client import Repository

_ROUNDS = 12
_SHORTEST = 0.02
_LONGEST = 2.0


def add_to_fallback(
    repository: Repository, tag: str, referrers: Sequence[Descriptor], *, confirm: bool = True
) -> None:
    """List referrers in the index at a fallback tag (distribution-spec 1.1, "Referrers Tag Schema").

    Two writers may overwrite each other: one that read before us may write after us. So we wait
    for as long as such a writer may still be under way, by our own speed, before we read again;
    and write again where our entry is gone; or leave that to the caller, without `confirm`. Raises
    `RegistryError` if it never stays.
    """
    import random

    for attempt in range(_ROUNDS):
        start = time.monotonic()
        entries = _entries(repository, tag)
        missing = _missing(entries, referrers)
        if not missing:
            return
        index = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [*entries, *(referrer.document() for referrer in missing)],
        }
        repository.push_manifest(canonical_json(index), OCI_INDEX, tag=tag)
        if not confirm:
            return
        under_way = max(_SHORTEST, time.monotonic() - start)
        pause_for(min(_LONGEST, under_way * random.uniform(1.5, 2.5)), repository.cancels)  # noqa: S311 - jitter
        if not _missing(_entries(repository, tag), referrers):
            return
        # Whoever lost waits longer each time, so that the crowd thins out.
        pause_for(random.uniform(0, _SHORTEST) * 2 ** min(attempt, 5), repository.cancels)  # noqa: S311 - jitter
    raise RegistryError(
        "other writers keep replacing the list of signatures",
        f"{referrers[0].digest} was not in it after {_ROUNDS} tries",
        hint="sign again when nobody else is signing the same artifact",
        where=f"{repository.reference.name}:{tag}",
    )


def delete_by_moving(repository: Repository, tag: str) -> None:
    """Delete a tag where a registry only deletes by digest, without touching its content.

    The tag is moved to a manifest that exists nowhere else, and that manifest is deleted. If
    the registry refuses the second step the tag is moved back.
    """
    original = repository.manifest(tag)
    empty = repository.push_blob(b"{}", OCI_EMPTY)
    stand_in = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": OCI_EMPTY,
        "config": empty.document(),
        "layers": [empty.document()],
        # Without a nonce two deletions would share one manifest, and the first take both tags.
        "annotations": {"org.opencontainers.image.description": f"deleted tag {uuid.uuid4()}"},
    }
    moved = repository.push_manifest(canonical_json(stand_in), OCI_MANIFEST, tag=tag)
    try:
        repository.delete_manifest(moved.digest)
    except FloeError:
        repository.push_manifest(original.raw, original.media_type, tag=tag)
        raise


def _missing(entries: Sequence[dict[str, Any]], referrers: Sequence[Descriptor]) -> list[Descriptor]:
    listed = {entry.get("digest") for entry in entries}
    return [referrer for referrer in referrers if referrer.digest not in listed]


def _entries(repository: Repository, tag: str) -> list[dict[str, Any]]:
    """The index's entries as they are written, so that what others put there is kept."""
    try:
        index = repository.manifest(tag)
    except NotFound:
        return []
    if not index.is_index:
        raise RegistryError(
            "the tag for referrers names something else",
            f"its type is {index.media_type}",
            where=f"{repository.reference.name}:{tag}",
        )
    return list(index.document["manifests"]) if index.manifests else []
