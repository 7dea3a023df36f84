"""``.floe/``: built artifacts, pulled artifacts, and the lock.

    .floe/
    ├── .gitignore                    keeps everything out of git but the lock
    ├── artifacts/                    what `floe platform compile` built
    ├── platform/v1.2.3/              pulled artifacts, each whole or absent
    ├── cache/signatures/             who signed the pulled artifacts, to be checked offline
    └── cache/artifacts.lock          what a team commits

Nothing is served from here before its bytes were hashed against the lock. Writers hold a file
lock and rename whole directories into place, so two floe processes at once are safe and a killed
one leaves at worst a stale temporary directory, which the next writer sweeps. A clone may bring a
``.floe`` of its own: nothing of it is followed out of the project, neither to write nor to read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, ValidationError, convert, to_builtins

from floe_engine.acts import Act
from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import MAX_FILE, MAX_TOTAL
from floe_engine.artifact.paths import FILES
from floe_engine.errors import CacheCorrupt, ConfigurationError, UnsafePath, UsageError
from floe_engine.events import CancelToken
from floe_engine.files import Directory, canonical_json, sha256_digest, strict_json
from floe_engine.patterns import pattern
from floe_engine.typed import built
from floe_engine.versions import Constraint, Version

LOCK_VERSION = 1
_DIGEST = pattern(r"sha256:[0-9a-f]{64}")
_REPOSITORY = pattern(
    r"oci://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"|oci-layout:[^~\0][^\0]*"
)
"""A repository's name, as a pull writes it: neither tag nor digest, and a folder's whole path."""
_PUBLIC_KEY = pattern(r"-----BEGIN (?:RSA )?PUBLIC KEY-----")
_LIMIT = 1024 * 1024
"""Largest lock that is read, in bytes."""
_GITIGNORE = """\
# Written by floe. The lock is for committing; the rest is a cache.
*
!.gitignore
!cache/
!cache/artifacts.lock
"""


class LockedFile(Struct, frozen=True):
    """Digest and size of one file of a pulled artifact."""

    digest: str
    size: int


class LockedSigner(Struct, frozen=True):
    """Who signed the locked version, as it was verified at the pull.

    A key signer has a `fingerprint` and its `public_key` in PEM; a keyless one an `identity` and
    its `issuer`. `first_use` says that no anchor was configured and the signer was taken on trust.
    """

    fingerprint: str = ""
    public_key: str = ""
    identity: str = ""
    issuer: str = ""
    first_use: bool = False

    def __str__(self) -> str:
        return self.fingerprint or f"{self.identity} (issuer {self.issuer})"


class LockedIdentity(Struct, frozen=True):
    """Somebody who may sign without a key, and the OpenID issuer that vouches for them."""

    identity: str
    issuer: str


class LockedDelegation(Struct, frozen=True):
    """The version of an enterprise platform that lets a key sign the locked domain platform."""

    reference: str
    """Its repository, without tag or digest."""
    name: str
    version: str
    digest: str
    """Of its image manifest."""

    def __str__(self) -> str:
        return f"{self.name} v{self.version}@{self.digest}"


class Lock(Struct, frozen=True):
    """What ``.floe/cache/artifacts.lock`` says."""

    reference: str
    """The repository, without tag or digest."""
    constraint: str
    """As floe.yaml or the command asked: ``v1.2.3``, ``v1.2.*``."""
    tag: str
    digest: str
    """Of the OCI manifest."""
    files: Mapping[str, LockedFile]
    pulled_at: str
    """RFC 3339, UTC."""
    name: str = ""
    """The platform's name."""
    version: str = ""
    signer: LockedSigner | None = None
    require_signed: bool = False
    """Whether this platform demands that every later pull be signed."""
    trusted_keys: tuple[str, ...] = ()
    """PEM of the keys that this version says may sign the next ones."""
    trusted_identities: tuple[LockedIdentity, ...] = ()
    """Whom this version lets sign the next ones without a key."""
    revoked_keys: tuple[str, ...] = ()
    """Fingerprints of the keys that this version says are never to be believed again."""
    rotations: tuple[str, ...] = ()
    """``v1.1.0@sha256:…`` of every version by which the signers of an earlier lock became these."""
    delegated_by: LockedDelegation | None = None
    """Who lets the signer sign, where the reader trusts only those above."""

    def to_json(self) -> bytes:
        """The lock file's bytes."""
        document = to_builtins(self)
        for later in ("trusted_identities", "revoked_keys", "rotations", "delegated_by"):
            if not document[later]:
                del document[later]  # as before there were any, so that an old lock stays as it is
        return canonical_json({"lockVersion": LOCK_VERSION, "platform": document})

    @classmethod
    def from_json(cls, data: bytes, *, where: str) -> Lock:
        """Read a lock file. Raises `CacheCorrupt` where it is not one of ours, and `ConfigurationError`
        where its tag, which becomes a folder's name, is no version.
        """
        try:
            document = strict_json(data)
            if not isinstance(document, dict):
                raise ValueError("it is not a mapping")
            if document.get("lockVersion") is True or document.get("lockVersion") != LOCK_VERSION:
                raise ValueError(f"lockVersion {document.get('lockVersion')} is not known to this floe")
            lock = convert(document.get("platform"), built(cls))
            # The tag becomes a folder's name, and the lock comes with whatever repository was cloned.
            if Version.from_tag(lock.tag) is None:
                raise ConfigurationError(
                    "the lock file names a tag that is no version",
                    repr(lock.tag),
                    hint=f"restore it from git, or delete it and run {Act.PULL:--force}",
                    where=where,
                )
            lock.check()
        except (ValueError, UsageError, ValidationError) as error:
            raise unreadable(str(error), where) from None
        return lock

    def check(self) -> None:
        """What the types cannot say. Raises `ValueError`, or `UsageError` for a constraint."""
        if set(self.files) != set(FILES):
            raise ValueError("it does not list the eight files")
        above = () if self.delegated_by is None else (self.delegated_by,)
        for version in (*filter(None, [self.version]), *(one.version for one in above)):
            if Version.from_tag(version) is None:
                raise ValueError(f"{version!r} is no version")
        for name in (self.reference, *(one.reference for one in above)):
            if not _REPOSITORY.fullmatch(name):
                raise ValueError(f"{name!r} is no repository")
        if not _DIGEST.fullmatch(self.constraint):
            Constraint.parse(self.constraint)
        if datetime.fromisoformat(self.pulled_at).tzinfo is None:
            raise ValueError("pulled_at says no time zone")
        digests = (
            self.digest,
            *(one.digest for one in above),
            *(file.digest for file in self.files.values()),
            *self.revoked_keys,
        )
        if not all(map(_DIGEST.fullmatch, digests)):
            raise ValueError("a digest is not one")
        if any(file.size < 0 for file in self.files.values()):
            raise ValueError("a size is below nothing")
        for rotation in self.rotations:
            version, _, digest = rotation.partition("@")
            if Version.from_tag(version) is None or not _DIGEST.fullmatch(digest):
                raise ValueError(f"{rotation!r} is no rotation")
        self._check_people()

    def _check_people(self) -> None:
        signer = self.signer or LockedSigner(fingerprint=self.digest)
        if not (signer.fingerprint or signer.identity):
            raise ValueError("its signer is nobody")
        if signer.fingerprint and not _DIGEST.fullmatch(signer.fingerprint):
            raise ValueError("the signer's fingerprint is not one")
        if signer.identity and not signer.issuer:
            raise ValueError("nobody vouches for the signer")
        if not all(who.identity and who.issuer for who in self.trusted_identities):
            raise ValueError("a trusted identity is nobody")
        if not all(map(_PUBLIC_KEY.search, (*filter(None, [signer.public_key]), *self.trusted_keys))):
            raise ValueError("a public key is not one")


def unreadable(reason: str, where: str) -> CacheCorrupt:
    """What is said of a lock that floe has not written so."""
    return CacheCorrupt(
        "the lock file cannot be read",
        reason,
        hint=f"restore it from git, or delete it and run {Act.PULL:--force}",
        where=where,
    )


class Store(Struct, frozen=True):
    """The ``.floe`` directory of one project."""

    root: Path

    @property
    def files(self) -> Directory:
        """What may be touched here: a ``.floe`` that leads out of the project is refused."""
        return Directory(self.root.parent, self.root.name)

    @property
    def artifacts(self) -> Path:
        """Where `floe platform compile` writes."""
        return self.root / "artifacts"

    @property
    def lock_path(self) -> Path:
        """The lock that a team commits."""
        return self.root / "cache" / "artifacts.lock"

    def directory(self, tag: str) -> Path:
        """Where the pulled artifact of `tag` lives, whether or not it is there."""
        return self.root / "platform" / tag

    # --- the lock ------------------------------------------------------------------------------

    def read_lock(self) -> Lock | None:
        """The lock, or None where there is none. Raises `CacheCorrupt` where it is unreadable."""
        data = self.files.read("cache/artifacts.lock", _LIMIT, what="lock file")
        return None if data is None else Lock.from_json(data, where=str(self.lock_path))

    def write_lock(self, lock: Lock) -> None:
        """Replace the lock."""
        self._prepare()
        self.files.write("cache/artifacts.lock", lock.to_json())

    @contextlib.contextmanager
    def exclusive(self, cancel: CancelToken | None = None) -> Iterator[None]:
        """Keep other floe processes from writing here meanwhile."""
        self._prepare()
        with self.files.lock("cache/.lock", cancel=cancel):
            yield

    # --- pulled artifacts ----------------------------------------------------------------------

    def save(self, tag: str, artifact: Artifact) -> Path:
        """Put a pulled artifact in its place, replacing what was there. Call under `exclusive`."""
        self._prepare()
        self.files.write_tree(f"platform/{tag}", artifact.files)
        return self.directory(tag)

    def load(self, lock: Lock) -> Artifact:
        """The pulled artifact that `lock` names, every byte checked.

        Raises `CacheCorrupt` where a file is missing, torn or altered.
        """
        directory, kept = self.directory(lock.tag), self.files / "platform" / lock.tag
        if not kept.names():
            raise CacheCorrupt(
                f"{lock.tag} is not in the cache",
                hint=f"run {Act.PULL} to fetch it",
                where=str(directory),
            )
        files: dict[str, bytes] = {}
        for path in FILES:
            data = files[path] = _whole(kept, path)
            entry = lock.files[path]
            if len(data) != entry.size or sha256_digest(data) != entry.digest:
                raise _corrupt(directory / path, "it is not the file that was pulled")
        return Artifact(files)

    def save_signatures(self, digest: str, kept: bytes) -> None:
        """Keep what shows who signed the artifact of `digest`. Call under `exclusive`."""
        self.files.write(_signatures(digest), kept)

    def load_signatures(self, digest: str) -> bytes | None:
        """What `save_signatures` kept, unchecked; None where there is nothing to be read."""
        try:
            return self.files.read(_signatures(digest), MAX_TOTAL, what="kept signatures")
        except UnsafePath:
            raise
        except ConfigurationError:
            return None

    def cached_tags(self) -> tuple[str, ...]:
        """Tags of the pulled artifacts on disk."""
        return tuple(name for name in self.files.names("platform") if not name.startswith("."))

    def clear(self) -> tuple[str, ...]:
        """Remove every pulled artifact; the lock stays. Returns the tags that were removed."""
        tags = self.cached_tags()
        self.files.remove_tree("platform")
        self.files.remove_tree("cache/signatures")
        return tags

    # --- built artifacts -----------------------------------------------------------------------

    def save_built(self, artifact: Artifact) -> bool:
        """Write the compiled artifact; False where it was there already, byte for byte."""
        self._prepare()
        if self.load_built() == artifact:
            return False
        self.files.write_tree("artifacts", artifact.files)
        return True

    def load_built(self) -> Artifact | None:
        """The compiled artifact as it lies on disk (unchecked), or None where it is not whole."""
        built_here = self.files / "artifacts"
        try:
            return Artifact({path: _whole(built_here, path) for path in FILES})
        except CacheCorrupt:
            return None

    # --- inside --------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self.files.sweep()
        if self.files.read(".gitignore", _LIMIT) is None:
            self.files.write(".gitignore", _GITIGNORE.encode())


def _signatures(digest: str) -> str:
    return f"cache/signatures/{digest.removeprefix('sha256:')}.json"


def _whole(directory: Directory, path: str) -> bytes:
    """One of the eight files. Raises `CacheCorrupt` where it is missing, or cannot be read."""
    try:
        data = directory.read(path, MAX_FILE, what="cached file")
    except UnsafePath:
        raise
    except ConfigurationError as error:
        raise _corrupt(directory.path / path, error.title) from None
    if data is None:
        raise _corrupt(directory.path / path, "it is not there")
    return data


def _corrupt(path: Path, reason: str) -> CacheCorrupt:
    return CacheCorrupt(
        "the cached platform is damaged",
        reason,
        hint=f"run {Act.PULL:--force} to fetch it again",
        where=str(path),
    )
