"""A repository in memory: what signing asks of a registry, with room for mischief."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import ContentMismatch, NotFound, RegistryUnreachable
from floe_engine.files import sha256_digest

INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"
REFERENCE = "registry.test/acme/platform"


@dataclass(frozen=True)
class Manifest:
    raw: bytes
    digest: str
    media_type: str


@dataclass
class MemoryRepository:
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    attached: dict[str, list[Descriptor]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    broken: str = ""
    """Requests whose name begins so find no registry at the other end."""
    latency: float = 0
    """Seconds that every request takes."""

    def artifact(self, content: str = "content") -> str:
        """Store an artifact and give its digest."""
        raw = json.dumps({"schemaVersion": 2, "layers": [], "annotations": {"content": content}}).encode()
        return self.push_manifest(raw, OCI_MANIFEST, tag=None).digest

    def _request(self, name: str) -> None:
        self.requests.append(name)
        time.sleep(self.latency)
        if self.broken and name.startswith(self.broken):
            raise RegistryUnreachable("the registry does not answer")

    def resolve(self, ref: str) -> Descriptor | None:
        self._request(f"resolve {ref}")
        found = self.manifests.get(self.tags.get(ref, ref))
        return Descriptor(found.media_type, found.digest, len(found.raw)) if found else None

    def manifest(self, ref: str) -> Manifest:
        self._request(f"manifest {ref}")
        found = self.manifests.get(self.tags.get(ref, ref))
        if found is None:
            raise NotFound("no such manifest", where=ref)
        return found

    def blob(self, descriptor: Any, limit: int) -> bytes:
        self._request(f"blob {descriptor.digest}")
        if descriptor.digest not in self.blobs:
            raise NotFound("no such blob", where=descriptor.digest)
        data = self.blobs[descriptor.digest]
        if len(data) != descriptor.size or sha256_digest(data) != descriptor.digest:
            raise ContentMismatch("content does not match its digest")
        return data

    def push_blob(self, data: bytes, media_type: str) -> Descriptor:
        self._request("push_blob")
        digest = sha256_digest(data)
        self.blobs[digest] = data
        return Descriptor(media_type, digest, len(data))

    def push_manifest(self, raw: bytes, media_type: str, *, tag: str | None) -> Descriptor:
        self._request(f"push_manifest {tag}")
        digest = sha256_digest(raw)
        self.manifests[digest] = Manifest(raw, digest, media_type)
        if tag is not None:
            self.tags[tag] = digest
        return Descriptor(media_type, digest, len(raw))

    def referrers(self, digest: str) -> list[Descriptor]:
        self._request("referrers")
        return list(self.attached.get(digest, []))

    def attach(self, raw: bytes, subject: str, *, confirm: bool = True) -> Descriptor:
        found = self.push_manifest(raw, OCI_MANIFEST, tag=None)
        entries = self.attached.setdefault(subject, [])
        if all(entry.digest != found.digest for entry in entries):
            entries.append(found)
        return found

    def copy(self, source: MemoryRepository) -> None:
        """Take everything that `source` stores, as a mirror does."""
        for kind in ("manifests", "tags", "blobs", "attached"):
            getattr(self, kind).update(getattr(source, kind))
