"""Writing a version tag that must name this content or nothing else, where others may write it too.

The distribution-spec knows no conditional write, and the last writer of a tag wins. So a publisher
goes through a *splitter* (Lamport's fast mutual exclusion, Moir and Anderson's name for its
entrance), whose register is the tag and whose flag is a manifest that exists or not:

1. look at the tag: whoever finds it taken has lost;
2. write the tag, with ``If-None-Match: *``, which a registry may honour and then says 412;
3. look for the flag: whoever finds it is not alone;
4. set the flag;
5. look at the tag: whoever finds their own content, and no flag before, has won;
6. as the winner, name the content under a tag beside it, the *record*, and look at the tag again.

Of all that ever go through it at most one wins, however fast or slow each of them is: two would
each have read the tag after writing it and before the other wrote it, and the later of the two
would then have found the flag. Whoever is not alone waits for the others to be through, and only
counts as the winner where none of them can have won: its own steps 1 and 2 took less time than a
winner lets pass between 2 and 5.

Somebody held for long between 1 and 2 writes over the winner's tag. So whoever has lost reads the
record after its write, and the winner reads the tag after writing the record: whichever of the two
comes last sees the other, and puts the winner's content back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from floe_engine.acts import Act
from floe_engine.descriptor import OCI_INDEX, Manifest
from floe_engine.errors import RegistryError, VersionExists
from floe_engine.files import canonical_json
from floe_engine.registry.retry import pause_for
from floe_engine.waiting import begin

if TYPE_CHECKING:
    from floe_engine.registry.client import Repository

_PROMPT = 0.06
"""Seconds that a winner lets pass after writing the tag, before the last look at it.

Every publication waits so long, at least, for the sake of those that were never alone. At a round trip of
20 ms the steps between take as much by themselves. Whoever takes longer than this for steps 1 and 2, and was
not alone, is told to publish again."""
_SETTLED = 2.0
"""Seconds after which everybody who wrote at the same moment has done so."""
_ROUNDS = 3
"""How often a late writer follows a record that changes under it."""


def claim(
    repository: Repository, manifest: Manifest, tag: str, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Let `tag` name `manifest`, whose blobs the repository holds already, and nothing else from now on.

    `meanwhile` is what has to be done before the tag is written; a registry is asked for the first look
    while it is.
    Raises `VersionExists`, with the digest of whoever has it, where it names other content; where
    somebody wrote it at the same moment and nobody can tell who was first; `RegistryError` where the
    registry takes the tag and does not keep it.
    """
    began = time.monotonic()
    looked: Callable[[], bool] = partial(_is_ours, repository, manifest, tag)
    if repository.reference.root is None:
        looked = begin(looked)
    meanwhile()
    if looked():
        return
    try:
        repository.push_manifest(manifest.raw, manifest.media_type, tag=tag, new=True)
    except VersionExists:
        # Its answer to our own first try may have been lost on the way.
        if not _is_ours(repository, manifest, tag):
            raise
        return
    if repository.reference.root is not None:
        return  # under its lock a layout has looked and written at once
    written = time.monotonic()
    flag = _flag(tag)
    alone = _go_through(repository, flag)
    late = alone is False and written - began >= _PROMPT
    if late:  # at once: whoever is interrupted while it waits has done it
        _give_back(repository, manifest, tag, flag)
    wait = _PROMPT - (time.monotonic() - written) if alone else max(_SETTLED, 2 * (written - began))
    pause_for(wait, repository.cancels)
    if not _is_ours(repository, manifest, tag):
        raise RegistryError(
            "the registry took the tag and does not keep it",
            f"it answered that {tag} is written, and knows no such tag",
            hint="look for a rule of the registry that removes tags, then publish again",
            where=f"{repository.reference.name}:{tag}",
        )
    if late:
        _give_back(repository, manifest, tag, flag)
        raise VersionExists(
            f"somebody else wrote {tag} at the same moment",
            f"it names your content now, {manifest.digest}, and may have named theirs before",
            hint="publish again: that says whose it is",
            where=f"{repository.reference.name}:{tag}",
        )
    _keep(repository, manifest, tag, flag)


def _flag(tag: str) -> Manifest:
    """What stands in the repository once somebody has begun to write `tag`."""
    return Manifest.parse(
        canonical_json(
            {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX,
                "manifests": [],
                "annotations": {
                    "org.opencontainers.image.ref.name": tag,
                    "org.opencontainers.image.description": "somebody has begun to write this tag",
                },
            }
        ),
        OCI_INDEX,
    )


def _record(flag: Manifest) -> str:
    """The tag that names the winner's content, beside the version's; tools hide such as cosign's."""
    return f"{flag.digest.replace(':', '-')}.claim"


def _go_through(repository: Repository, flag: Manifest) -> bool | None:
    """Whether nobody else has been here: look for the flag, and set it.

    None where the registry takes no such flag.
    """
    try:
        if repository.resolve(flag.digest) is not None:
            return False
        repository.push_manifest(flag.raw, flag.media_type, tag=None, new=False)
    except RegistryError as error:
        if not _refuses(error):
            raise
        return None  # it takes no manifest of that kind, and then time alone has to tell
    return True


def _keep(repository: Repository, manifest: Manifest, tag: str, flag: Manifest) -> None:
    """Record the winner for whoever writes after it, and undo what was written before that."""
    try:
        repository.push_manifest(manifest.raw, manifest.media_type, tag=_record(flag))
    except VersionExists:
        return  # the registry moves no tag: not the version's either
    except RegistryError as error:
        if not _refuses(error):
            raise
        return  # it takes versions' tags alone, and then nobody can tell a late writer
    found = repository.resolve(tag)
    if found is None or found.digest != manifest.digest:
        repository.push_manifest(manifest.raw, manifest.media_type, tag=tag)


def _give_back(repository: Repository, manifest: Manifest, tag: str, flag: Manifest) -> None:
    """Let the tag name the winner again, where one is on record. Raises `VersionExists` then."""
    named = manifest.digest
    for _ in range(_ROUNDS):  # there is one winner; a registry that names ever another ends all the same
        winner = repository.resolve(_record(flag))
        if winner is None or winner.digest == named:
            break
        theirs = repository.manifest(winner.digest)
        repository.push_manifest(theirs.raw, theirs.media_type, tag=tag)
        named = winner.digest
    if named != manifest.digest:
        raise _lost(repository, manifest, tag, named)


def _refuses(error: RegistryError) -> bool:
    """Whether the registry has said no to this, rather than failed."""
    return error.status is not None and 400 <= error.status < 500


def _is_ours(repository: Repository, manifest: Manifest, tag: str) -> bool:
    """Whether the tag names our content; False where it names nothing. Raises `VersionExists`."""
    found = repository.resolve(tag)
    if found is None or found.digest == manifest.digest:
        return found is not None
    raise _lost(repository, manifest, tag, found.digest)


def _lost(repository: Repository, manifest: Manifest, tag: str, theirs: str) -> VersionExists:
    return VersionExists(
        f"somebody else published {tag} first",
        f"theirs {theirs}\nyours  {manifest.digest}",
        hint=f"a published version never changes: choose the next number ({Act.BUMP})",
        where=f"{repository.reference.name}:{tag}",
    )
