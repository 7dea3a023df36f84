"""From the keys of the locked version to those of a later one, over the versions that hand them on.

As TUF clients walk their chain of roots: in ascending order, each step signed by enough of the keys
that are trusted so far and by every key that it adds. A version that others signed proves nothing
and is passed over; a key that was dropped on the way never comes back. Only the lock's memory of a
first use is carried on like this: where a policy, the settings or floe.yaml name keys, nothing widens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from floe_engine.artifact.model import PlatformManifest
from floe_engine.artifact.pack import CONFIG_TYPE, MAX_FILE, read_annotations, read_manifest
from floe_engine.artifact.paths import MANIFEST
from floe_engine.errors import IntegrityError, KeyUnusable, LockMismatch, NotFound
from floe_engine.registry.descriptor import Descriptor
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from floe_engine.store import Lock
from floe_engine.trust.authority import LOCK, Authority, Layer
from floe_engine.trust.verdict import Subject, check_continuity, check_tag, weigh
from floe_engine.versions import Version

if TYPE_CHECKING:
    from floe_engine.events import CancelToken
    from floe_engine.registry.client import Repository
    from floe_engine.signing.keys import PublicKey

MAX_HOPS = 32
"""Most rotations that are followed; more is no key's life but a trap."""
MAX_LOOKED_AT = 256
"""Most versions between the two that are looked at."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A version that handed the keys on."""

    tag: str
    digest: str
    added: tuple[str, ...]
    """Fingerprints."""
    dropped: tuple[str, ...]

    def __str__(self) -> str:
        words = [f"adds {key}" for key in self.added] + [f"drops {key}" for key in self.dropped]
        return f"{self.tag} {' and '.join(words)}"


def walk(
    repository: Repository, trust: Authority, lock: Lock, target: Subject, cancel: CancelToken | None = None
) -> tuple[Authority, tuple[Hop, ...]]:
    """Whom the versions between the locked one and `target` make trustworthy, and by which of them.

    `trust` is what the lock remembers. Raises `RegistryError`; a version that cannot be read or does
    not belong here is passed over, for anybody with push rights can put one there.
    """
    start, end = Version.from_tag(lock.tag), Version.from_tag(target.version)
    if start is None or end is None or not trust.remembered:
        return trust, ()
    tags = {
        version: tag for tag in sorted(repository.tags()) if (version := Version.from_tag(tag)) is not None
    }
    between = [version for version in sorted(tags) if start < version < end][:MAX_LOOKED_AT]
    hops: list[Hop] = []
    dead: frozenset[str] = frozenset()
    for version in between:
        if cancel is not None:
            cancel.check()
        if len(hops) == MAX_HOPS:
            break
        found = _handed_on(repository, tags[version], trust, lock, dead)
        if found is None:
            continue
        keys, hop = found
        dead |= frozenset(hop.dropped)
        layer = Layer(LOCK, frozenset(keys))
        trust = replace(trust, layers=(layer,), keys=tuple(keys.values()))
        hops.append(hop)
    return trust, tuple(hops)


def _handed_on(
    repository: Repository, tag: str, trust: Authority, lock: Lock, dead: frozenset[str]
) -> tuple[Mapping[str, PublicKey], Hop] | None:
    """The keys that the version of `tag` hands on to, where it may; None where it proves nothing."""
    place = repository.reference.without_target()
    where = str(place.with_tag(tag))
    try:
        image = repository.manifest(tag)
        files = {file.path: file for file in read_manifest(image.raw, where=where)}
        subject = Subject.of(image.digest, read_annotations(image.raw, where=where), where=where)
        check_tag(subject, tag)
        check_continuity(subject, lock, taken=False)
        if weigh(repository, subject, trust).status != "verified":
            return None
        settings = files[MANIFEST]
        data = repository.blob(Descriptor(CONFIG_TYPE, settings.digest, settings.size), MAX_FILE)
        platform = msgspec.json.decode(data, type=PlatformManifest)
    except (IntegrityError, LockMismatch, NotFound, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if (platform.metadata.name, platform.metadata.version) != (subject.name, subject.version):
        return None
    listed = _keys(entry.pem for entry in platform.security.trusted_keys)
    keys = {print_: key for print_, key in listed.items() if print_ not in dead | trust.revoked_keys}
    before = trust.layers[0].keys
    added, dropped = frozenset(keys) - before, before - frozenset(listed)
    if not keys or not (added or dropped):
        return None
    if len(keys) < trust.required or not _proven(repository, image.digest, subject, keys, added):
        return None
    return keys, Hop(tag, image.digest, tuple(sorted(added)), tuple(sorted(dropped)))


def _proven(
    repository: Repository,
    digest: str,
    subject: Subject,
    keys: Mapping[str, PublicKey],
    added: frozenset[str],
) -> bool:
    """Whether every added key has signed the version that adds it: a slip must not lock everybody out."""
    anchors = Anchors(tuple(keys[fingerprint] for fingerprint in added))
    verdict = verify(repository, digest, anchors, required=max(1, len(added)), objection=subject.objection)
    return not added or {signer.fingerprint for signer in verdict.signers} >= added


def _keys(pems: Iterable[str]) -> dict[str, PublicKey]:
    from floe_engine.signing.keys import load_public

    found: dict[str, PublicKey] = {}
    for pem in pems:
        try:
            key = load_public(pem.encode())
        except KeyUnusable:
            continue
        found.setdefault(key.fingerprint, key)
    return found
