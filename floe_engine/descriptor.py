"""What OCI says about a piece of content: descriptors and manifests, read with suspicion.

OCI image-spec 1.1, descriptor.md, manifest.md and image-index.md. No network, no disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from msgspec import Struct, field

from floe_engine.errors import ContentMismatch, RegistryError
from floe_engine.files import sha256_digest, strict_json
from floe_engine.patterns import pattern

DIGEST = pattern(r"sha256:[0-9a-f]{64}")
"""The only digests we take: an unknown algorithm is content that nobody can check."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
"""What a manifest may be; anything else under ``/manifests/`` is not one."""

MANIFEST_LIMIT = 4 * 1024 * 1024
"""Bytes; the size that every registry must accept (distribution-spec 1.1, "Pushing manifests")."""

MAX_DESCRIPTORS = 1000
"""Descriptors in one manifest or index."""

_MAX_SIZE = 2**53
_EMPTY: Mapping[str, str] = {}


class Descriptor(Struct, frozen=True):
    """A piece of content by type, digest and size in bytes (image-spec, descriptor.md).

    Raises `RegistryError` for a digest that is not sha256: it could not be checked, and it
    becomes part of a URL and of a path.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str | None = None

    def __hash__(self) -> int:
        return hash(self.digest)

    def __post_init__(self) -> None:
        if not DIGEST.fullmatch(self.digest):
            raise _malformed("a descriptor's digest is not sha256: and 64 hex digits", "")

    @classmethod
    def of(cls, data: bytes, media_type: str) -> Self:
        """The descriptor of `data`."""
        return cls(media_type, sha256_digest(data), len(data))

    @classmethod
    def parse(cls, value: Any, *, where: str = "") -> Self:
        """Read a descriptor out of foreign JSON. Raises `RegistryError` where it is not one."""
        if not isinstance(value, dict):
            raise _malformed("a descriptor is not an object", where)
        media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
        if not isinstance(media_type, str) or not media_type:
            raise _malformed("a descriptor has no mediaType", where)
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise _malformed("a descriptor's digest is not sha256: and 64 hex digits", where)
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MAX_SIZE:
            raise _malformed(f"the size of {digest} is not a number of bytes", where)
        artifact_type = value.get("artifactType")
        if artifact_type is not None and not isinstance(artifact_type, str):
            raise _malformed(f"the artifactType of {digest} is not text", where)
        return cls(media_type, digest, size, _annotations(value, where), artifact_type or None)

    def document(self) -> dict[str, Any]:
        """The descriptor as JSON has it."""
        result: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.artifact_type:
            result["artifactType"] = self.artifact_type
        if self.annotations:
            result["annotations"] = dict(self.annotations)
        return result

    def check(self, data: bytes, *, where: str = "") -> None:
        """Raise `ContentMismatch` unless `data` has this size and this digest."""
        if len(data) != self.size:
            found = f"more than {self.size}" if len(data) > self.size else str(len(data))
            raise ContentMismatch(
                f"content of {self.digest} has the wrong size",
                f"{self.size} bytes were promised, {found} came",
                hint="the registry or something between holds damaged content; push it again",
                where=where,
            )
        if (actual := sha256_digest(data)) != self.digest:
            raise wrong_digest(self.digest, actual, where)


class Manifest(Struct, frozen=True):
    """A manifest or an index: its exact bytes, their digest, and what they say.

    `document` is the parsed JSON; treat it as read-only. `raw` always hashes to `digest`.
    """

    raw: bytes
    digest: str
    media_type: str
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, raw: bytes, media_type: str, *, where: str = "") -> Self:
        """Read manifest bytes that came as `media_type`.

        Raises `RegistryError` where they are no manifest or contradict their type, so that no
        two readers can take the same bytes for different things.
        """
        if media_type not in MANIFEST_TYPES:
            raise RegistryError(
                "the registry answered something that is no OCI manifest",
                f"its type is {media_type[:80]!r}" if media_type else "it has no Content-Type",
                where=where,
            )
        try:
            document = strict_json(raw)
        except ValueError as error:
            raise _malformed(f"the manifest is not JSON: {error}", where) from None
        if not isinstance(document, dict) or document.get("schemaVersion") != 2:
            raise _malformed("the manifest is no object with schemaVersion 2", where)
        if document.get("mediaType", media_type) != media_type:
            raise _malformed("the manifest's mediaType is not the type that the registry gave it", where)
        if "manifests" in document and ("layers" in document or "config" in document):
            raise _malformed("the manifest is an image and an index at once", where)
        return cls(raw, sha256_digest(raw), media_type, document)

    @property
    def descriptor(self) -> Descriptor:
        """How others refer to this manifest, with its artifact type and annotations."""
        return Descriptor(
            self.media_type, self.digest, len(self.raw), self.annotations, self.artifact_type or None
        )

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests and has no content of its own."""
        return self.media_type in (OCI_INDEX, DOCKER_INDEX)

    @property
    def artifact_type(self) -> str:
        """Its artifactType, else (image-spec, "artifact usage") its config's type, else ""."""
        declared = self.document.get("artifactType")
        if isinstance(declared, str) and declared:
            return declared
        config = self.document.get("config")
        return str(config.get("mediaType", "")) if isinstance(config, dict) else ""

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its own annotations."""
        return _annotations(self.document, "")

    @property
    def config(self) -> Descriptor | None:
        """The config's descriptor, or None."""
        return self._one("config")

    @property
    def subject(self) -> Descriptor | None:
        """The manifest that this one refers to, or None."""
        return self._one("subject")

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers' descriptors, in order."""
        return self._many("layers")

    @property
    def manifests(self) -> tuple[Descriptor, ...]:
        """The descriptors of an index, in order."""
        return self._many("manifests")

    def _one(self, key: str) -> Descriptor | None:
        value = self.document.get(key)
        return None if value is None else Descriptor.parse(value, where=self.digest)

    def _many(self, key: str) -> tuple[Descriptor, ...]:
        values = self.document.get(key)
        if values is None:
            return ()
        if not isinstance(values, list) or len(values) > MAX_DESCRIPTORS:
            raise _malformed(f"its {key} are no list of at most {MAX_DESCRIPTORS}", self.digest)
        return tuple(Descriptor.parse(value, where=self.digest) for value in values)


def _annotations(value: Mapping[str, Any], where: str) -> Mapping[str, str]:
    annotations = value.get("annotations")
    if annotations is None:
        return _EMPTY
    if not isinstance(annotations, dict) or not all(isinstance(text, str) for text in annotations.values()):
        raise _malformed("annotations are not a map of text", where)
    return annotations


def wrong_digest(promised: str, actual: str, where: str) -> ContentMismatch:
    """What is said of content that is not what its digest promises."""
    return ContentMismatch(
        "content does not match its digest",
        f"promised {promised}\nreceived {actual}",
        hint="the registry or something between holds altered content; do not use it",
        where=where,
    )


def _malformed(reason: str, where: str) -> RegistryError:
    return RegistryError("the registry answered a malformed manifest", reason, where=where)
