"""What signing needs of a registry, as a protocol, so that it needs no registry client.

No HTTP, no reference syntax and no trust may enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct, field

from floe_engine.signing.outside import Unacceptable, compact_json

MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
"""OCI image-spec 1.1, manifest.md."""

_T = TypeVar("_T")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class StoredDescriptor(Protocol):
    """Where content lies (OCI image-spec 1.1, descriptor.md)."""

    @property
    def media_type(self) -> str:
        """The content's media type."""

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hex digits."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def annotations(self) -> Mapping[str, str] | None:
        """The descriptor's own annotations."""

    @property
    def artifact_type(self) -> str | None:
        """The artifact type that an index states for a manifest."""


class StoredManifest(Protocol):
    """A manifest as the registry served it, its bytes checked against its digest."""

    @property
    def raw(self) -> bytes:
        """The exact bytes."""

    @property
    def digest(self) -> str:
        """The digest of `raw`."""

    @property
    def media_type(self) -> str:
        """What the registry says it is."""


class Descriptor(Struct, frozen=True):
    """A `StoredDescriptor` of content that signing found named in a manifest."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""


class SignatureSource(Protocol):
    """Where signatures are read: one repository of a registry, or what was kept of it.

    Every read returns bytes that match their digest, or raises `ContentMismatch`. `NotFound` and
    None mean a real 404; any other failure raises another `RegistryError`, for a registry that
    does not answer must never look like an artifact without signatures.
    """

    def resolve(self, ref: str, /) -> StoredDescriptor | None:
        """The descriptor behind a tag or digest, or None."""

    def manifest(self, ref: str, /) -> StoredManifest:
        """The manifest behind a tag or digest; raises `NotFound`."""

    # A client has a descriptor class of its own, which it takes here; ours has the same fields.
    def blob(self, descriptor: Any, limit: int, /) -> bytes:
        """The bytes of a blob of at most `limit` bytes."""

    def referrers(self, digest: str, /) -> Sequence[StoredDescriptor]:
        """The manifests whose subject is `digest`, by the API or the fallback tag."""


class Reader:
    """A `SignatureSource` that asks another one; what is read passes by `_read`."""

    def __init__(self, repository: SignatureSource) -> None:
        self._repository = repository

    def resolve(self, ref: str, /) -> StoredDescriptor | None:
        """As the repository."""
        return self._repository.resolve(ref)

    def manifest(self, ref: str, /) -> StoredManifest:
        """As the repository."""
        return self._read("manifest", ref, lambda: self._repository.manifest(ref))

    def blob(self, descriptor: Any, limit: int, /) -> bytes:
        """As the repository."""
        return self._read("blob", descriptor.digest, lambda: self._repository.blob(descriptor, limit))

    def referrers(self, digest: str, /) -> Sequence[StoredDescriptor]:
        """As the repository."""
        return self._read("referrers", digest, lambda: self._repository.referrers(digest))

    def _read(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        raise NotImplementedError


class SignatureRepository(SignatureSource, Protocol):
    """One repository of a registry, as far as signatures are concerned."""

    def push_blob(self, data: bytes, media_type: str, /) -> StoredDescriptor:
        """Store a blob, if it is not there yet."""

    def push_manifest(self, raw: bytes, media_type: str, /, *, tag: str | None) -> StoredDescriptor:
        """Store a manifest under a tag, or by its digest alone where `tag` is None."""

    def attach(self, raw: bytes, subject: str, /, *, confirm: bool = True) -> StoredDescriptor:
        """Store a manifest whose subject is the digest `subject`, so that `referrers` finds it.

        Doing so again with the same bytes changes nothing.
        """


class AttestedRepository(SignatureRepository, Protocol):
    """A repository that takes several things at once."""

    def push_blobs(self, contents: Sequence[tuple[bytes, str]], /) -> Sequence[StoredDescriptor]:
        """Store several ``(data, media type)``, in that order."""

    def attach_all(
        self, raws: Sequence[bytes], subject: str, /, *, confirm: bool = True
    ) -> Sequence[StoredDescriptor]:
        """`attach` for several manifests, with one look at the list of referrers."""


def image_manifest(config: StoredDescriptor, layers: Sequence[Mapping[str, Any]]) -> bytes:
    """An image manifest with its members in cosign's order."""
    return compact_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": {"mediaType": config.media_type, "size": config.size, "digest": config.digest},
            "layers": layers,
        }
    )


def descriptor_of(entry: dict[str, Any], limit: int) -> Descriptor:
    """A manifest's layer as a descriptor, refused before any request where it is over `limit`."""
    digest, size = entry.get("digest"), entry.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        raise Unacceptable("the layer has no proper digest and size")
    if size > limit:
        raise Unacceptable(f"the layer has {size} bytes; at most {limit} are read")
    media_type = entry.get("mediaType")
    return Descriptor(media_type if isinstance(media_type, str) else "", digest, size)
