"""An OCI image layout on disk: blobs, tags, referrers (image-spec 1.1, image-layout.md).

Tags are index.json entries with ``org.opencontainers.image.ref.name``, so ORAS, skopeo and
umoci read and write the same folder. No network, and no `requests`: `layout_wire.py` is how
the client reaches this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from floe_engine.acts import Act
from floe_engine.descriptor import DIGEST, MANIFEST_LIMIT, OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from floe_engine.errors import ConfigurationError, ContentMismatch, FloeError, RegistryError, UnsafePath
from floe_engine.events import CancelToken
from floe_engine.files import Directory, canonical_json, read_bounded, sha256_digest, strict_json
from floe_engine.patterns import pattern
from floe_engine.registry.reference import TAG

REF_NAME = "org.opencontainers.image.ref.name"
IMMUTABLE = pattern(r"v?\d+\.\d+\.\d+(?:[-_.][0-9A-Za-z_.-]+)?")
"""Tags that never move: versions. Signature and fallback tags do grow."""

_MARKER = b'{"imageLayoutVersion": "1.0.0"}\n'
_INDEX_LIMIT = 64 * 1024 * 1024
_COPY = ".index.json"
"""The same once more: other tools write index.json too, and a torn one would lose every tag."""


class TagTaken(Exception):
    """The tag is immutable and names other content."""


class Layout:
    """One OCI image layout. Reading needs no lock: files are replaced whole, blobs never change."""

    def __init__(self, root: Path, cancel: CancelToken | None = None) -> None:
        self._root = root
        self._files = Directory(root)
        self._tidied = False
        self._cancel = cancel
        self._without_subject: set[str] = set()
        self._index: tuple[tuple[int, int, int] | None, list[dict[str, Any]]] = (None, [])
        self._reading = Lock()

    @property
    def exists(self) -> bool:
        """Whether the folder is a layout of a version that we know. Raises `ConfigurationError`."""
        marker = self._root / "oci-layout"
        try:
            marker.lstat()  # what has the name and is no file is damage, and never an empty layout
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:  # a loop of links, say: that is not to be absent
            raise ConfigurationError(
                "the OCI layout cannot be looked at", error.strerror or "", where=str(self._root)
            ) from None
        try:
            version = strict_json(read_bounded(marker, 4096, what="oci-layout")).get("imageLayoutVersion")
        except (ValueError, AttributeError):
            version = None
        if version != "1.0.0":
            raise ConfigurationError(
                "the OCI layout is of an unknown version",
                "its oci-layout file does not say imageLayoutVersion 1.0.0",
                where=str(self._root),
            )
        return True

    def create(self) -> None:
        """Make the folder a layout, unless it is one. Refuses a folder that holds other things."""
        if self.exists:
            return
        if self._root.exists() and (not self._root.is_dir() or any(self._foreign())):
            raise ConfigurationError(
                "the folder is not an OCI layout",
                "it holds other files, which floe does not mix with its own",
                hint="name an empty folder, or one that does not exist",
                where=str(self._root),
            )
        with self._files.lock(".lock", cancel=self._cancel):
            if not (self._root / "index.json").exists():
                self._write_index([])
            # The marker comes last: a folder that has it is complete.
            self._files.write("oci-layout", _MARKER)

    def _foreign(self) -> list[Path]:
        ours = {".lock", "blobs", "index.json", _COPY, "oci-layout"}
        return [
            entry
            for entry in self._root.iterdir()
            if entry.name not in ours and not entry.name.endswith(".tmp")
        ]

    def blob_path(self, digest: str) -> Path:
        """Where content lies. `digest` has been checked."""
        return self._root / _blob(digest)

    def put_blob(self, digest: str, data: bytes) -> bool:
        """Store content; False where it does not match its digest."""
        if sha256_digest(data) != digest:
            return False
        self._tidy()
        # A blob that is not what it should be was torn by somebody else's writer: ours are renamed whole.
        if not self._holds(digest, data):
            self._files.write(_blob(digest), data, tidy=False)
        return True

    def _holds(self, digest: str, data: bytes) -> bool:
        try:
            return self._files.read(_blob(digest), len(data), what="blob") == data
        except UnsafePath:
            raise
        except ConfigurationError:  # larger, or unreadable
            return False

    def _tidy(self) -> None:
        """What killed writers left among the blobs goes once; there may be thousands to look through."""
        if not self._tidied:
            self._tidied = True
            self._files.sweep("blobs/sha256")

    def entries(self) -> list[dict[str, Any]]:
        """The descriptors of index.json. Raises `ContentMismatch` where it is damaged."""
        path = self._root / "index.json"
        try:
            found = path.stat()
        except FileNotFoundError:
            return self._copied_index() or []
        # A long index takes longer to read than what is asked of it, and is asked for each version.
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        with self._reading:
            if self._index[0] != stamp:
                self._index = (stamp, self._read_index(path))
            return list(self._index[1])

    def _read_index(self, path: Path) -> list[dict[str, Any]]:
        try:
            entries = _descriptors(read_bounded(path, _INDEX_LIMIT, what="index.json"))
        except (RegistryError, ValueError, KeyError, TypeError):
            copied = self._copied_index()
            if copied is None:
                raise ContentMismatch(
                    "the OCI layout's index.json is damaged",
                    hint=f"{Act.DOCTOR:--repair --registry oci-layout:{self._root}} rebuilds it",
                    where=str(path),
                ) from None
            return copied
        return entries

    def index_is_whole(self) -> bool:
        """Whether index.json is there and can be read, without looking at floe's copy of it."""
        try:
            _descriptors(self._files.read("index.json", _INDEX_LIMIT, what="index.json") or b"")
        except (RegistryError, ValueError, KeyError, TypeError):
            return False
        return True

    def replace_index(self, descriptors: Sequence[Descriptor] | None) -> None:
        """Write index.json anew: with `descriptors`, untagged, or (None) with what can be read of it."""
        with self._files.lock(".lock", cancel=self._cancel):
            entries = self.entries() if descriptors is None else [one.document() for one in descriptors]
            self._write_index(entries)

    def take_out(self, useless: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """List no longer what is `useless`, and return it; its blobs, as far as there are any, stay."""
        with self._files.lock(".lock", cancel=self._cancel):
            entries = self.entries()
            gone = [entry for entry in entries if useless(entry)]
            if gone:
                self._write_index([entry for entry in entries if entry not in gone])
            return gone

    def _copied_index(self) -> list[dict[str, Any]] | None:
        """What floe last wrote into index.json; None where it wrote none. Tags are known nowhere else."""
        try:
            return _descriptors(self._files.read(_COPY, _INDEX_LIMIT, what="copy of index.json") or b"")
        except UnsafePath:
            raise
        except (FloeError, ValueError, KeyError, TypeError):
            return None

    def tags(self) -> list[str]:
        """The tags, sorted."""
        return sorted({tag for entry in self.entries() if (tag := tag_of(entry)) and TAG.fullmatch(tag)})

    def resolve(self, target: str) -> str | None:
        """The digest behind a tag or a digest, or None."""
        if DIGEST.fullmatch(target):
            return target if self.blob_path(target).is_file() else None
        return next((entry["digest"] for entry in self.entries() if tag_of(entry) == target), None)

    def read(self, digest: str, limit: int) -> bytes | None:
        """Content by digest, unverified (the client verifies), or None."""
        path = self.blob_path(digest)
        return read_bounded(path, limit, what="blob") if path.is_file() else None

    def put_manifest(self, manifest: Manifest, tag: str | None) -> None:
        """Store a manifest and list it. Raises `TagTaken` for a version tag with other content."""
        digest = manifest.digest
        self.put_blob(digest, manifest.raw)
        with self._files.lock(".lock", cancel=self._cancel):
            entries = self.entries()
            current = next((entry for entry in entries if tag and tag_of(entry) == tag), None)
            if current is not None and current["digest"] != digest and IMMUTABLE.fullmatch(tag or ""):
                raise TagTaken
            if (current is not None and current["digest"] == digest) or (
                tag is None and any(entry["digest"] == digest for entry in entries)
            ):
                return
            # An untagged entry keeps a manifest reachable for other tools; a tag replaces it.
            kept = [
                e for e in entries if e is not current and not (e["digest"] == digest and tag_of(e) is None)
            ]
            if current is not None and not any(e["digest"] == current["digest"] for e in kept):
                kept.append(_untagged(current))
            self._write_index([*kept, _entry(manifest, tag)])

    def delete_tag(self, tag: str) -> bool:
        """Forget a tag, not its content; False where there is none."""
        with self._files.lock(".lock", cancel=self._cancel):
            entries = self.entries()
            gone = [entry for entry in entries if tag_of(entry) == tag]
            kept = [entry for entry in entries if tag_of(entry) != tag]
            for entry in gone:
                if not any(other["digest"] == entry["digest"] for other in kept):
                    kept.append(_untagged(entry))
            if gone:
                self._write_index(kept)
            return bool(gone)

    def referrers(self, subject: str) -> list[Descriptor]:
        """Manifests whose subject is `subject` (distribution-spec, "Listing Referrers")."""
        found: dict[str, Descriptor] = {}
        for entry in self.entries():
            manifest = self._referring(entry["digest"], subject)
            if manifest is not None:
                found.setdefault(manifest.digest, manifest)
        return list(found.values())

    def _referring(self, digest: str, subject: str) -> Descriptor | None:
        if digest in self._without_subject:  # the content of a digest never changes
            return None
        raw = self.read(digest, MANIFEST_LIMIT)
        try:
            manifest = Manifest.parse(raw, stored_media_type(raw)) if raw is not None else None
            target = manifest.subject if manifest is not None else None
        except (RegistryError, ValueError):
            manifest = target = None  # what cannot be read refers to nothing
        if manifest is None or target is None:
            self._without_subject.add(digest)
            return None
        return manifest.descriptor if target.digest == subject else None

    def _write_index(self, entries: list[dict[str, Any]]) -> None:
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        self._files.write("index.json", canonical_json(document))
        self._files.write(_COPY, canonical_json(document))


def _descriptors(data: bytes) -> list[dict[str, Any]]:
    entries = strict_json(data)["manifests"]
    for entry in entries:
        Descriptor.parse(entry, where="index.json")
    return list(entries)


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def stored_media_type(raw: bytes) -> str:
    """The type of a stored manifest. It may leave out its own; then its shape tells."""
    document = strict_json(raw)
    if not isinstance(document, dict):
        raise ValueError("no object")
    return str(document.get("mediaType") or (OCI_INDEX if "manifests" in document else OCI_MANIFEST))


def tag_of(entry: dict[str, Any]) -> str | None:
    """The tag of a descriptor in index.json, or None."""
    name = (entry.get("annotations") or {}).get(REF_NAME)
    return name if isinstance(name, str) else None


def _untagged(entry: dict[str, Any]) -> dict[str, Any]:
    annotations = {key: text for key, text in (entry.get("annotations") or {}).items() if key != REF_NAME}
    rest = {key: value for key, value in entry.items() if key != "annotations"}
    return {**rest, "annotations": annotations} if annotations else rest


def _entry(manifest: Manifest, tag: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.raw),
    }
    if isinstance(declared := manifest.document.get("artifactType"), str):
        entry["artifactType"] = declared
    if tag is not None:
        entry["annotations"] = {REF_NAME: tag}
    return entry
