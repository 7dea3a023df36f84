"""What signing needs of a registry, as a protocol, so that it needs no registry client.

No HTTP, no reference syntax and no trust may enter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from floe_engine.descriptor import DIGEST, OCI_MANIFEST, Descriptor
from floe_engine.signing.outside import Unacceptable, compact_json

_T = TypeVar("_T")


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


class SignatureSource(Protocol):
    """Where signatures are read: one repository of a registry, or what was kept of it.

    Every read returns bytes that match their digest, or raises `ContentMismatch`. `NotFound` and
    None mean a real 404; any other failure raises another `RegistryError`, for a registry that
    does not answer must never look like an artifact without signatures.
    """

    def resolve(self, ref: str, /) -> Descriptor | None:
        """The descriptor behind a tag or digest, or None."""

    def manifest(self, ref: str, /) -> StoredManifest:
        """The manifest behind a tag or digest; raises `NotFound`."""

    def blob(self, descriptor: Descriptor, limit: int, /) -> bytes:
        """The bytes of a blob of at most `limit` bytes."""

    def referrers(self, digest: str, /) -> Sequence[Descriptor]:
        """The manifests whose subject is `digest`, by the API or the fallback tag."""


class Reader(ABC):
    """A `SignatureSource` that asks another one; what is read passes by `_read`."""

    def __init__(self, repository: SignatureSource) -> None:
        self._repository = repository

    def resolve(self, ref: str, /) -> Descriptor | None:
        """As the repository."""
        return self._repository.resolve(ref)

    def manifest(self, ref: str, /) -> StoredManifest:
        """As the repository."""
        return self._read("manifest", ref, lambda: self._repository.manifest(ref))

    def blob(self, descriptor: Descriptor, limit: int, /) -> bytes:
        """As the repository."""
        return self._read("blob", descriptor.digest, lambda: self._repository.blob(descriptor, limit))

    def referrers(self, digest: str, /) -> Sequence[Descriptor]:
        """As the repository."""
        return self._read("referrers", digest, lambda: self._repository.referrers(digest))

    @abstractmethod
    def _read(self, what: str, of: str, ask: Callable[[], _T]) -> _T:
        """What `ask` gives; `what` is ``manifest``, ``blob`` or ``referrers`` of `of`."""


class SignatureRepository(SignatureSource, Protocol):
    """One repository of a registry, as far as signatures are concerned."""

    def push_blob(self, data: bytes, media_type: str, /) -> Descriptor:
        """Store a blob, if it is not there yet."""

    def push_manifest(self, raw: bytes, media_type: str, /, *, tag: str | None) -> Descriptor:
        """Store a manifest under a tag, or by its digest alone where `tag` is None."""

    def attach(self, raw: bytes, subject: str, /, *, confirm: bool = True) -> Descriptor:
        """Store a manifest whose subject is the digest `subject`, so that `referrers` finds it.

        Doing so again with the same bytes changes nothing.
        """

    def push_blobs(self, contents: Sequence[tuple[bytes, str]], /) -> Sequence[Descriptor]:
        """Store several ``(data, media type)``, in that order."""

    def attach_all(
        self, raws: Sequence[bytes], subject: str, /, *, confirm: bool = True
    ) -> Sequence[Descriptor]:
        """`attach` for several manifests, with one look at the list of referrers."""


def image_manifest(config: Descriptor, layers: Sequence[Mapping[str, Any]]) -> bytes:
    """An image manifest with its members in cosign's order."""
    return compact_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": config.media_type, "size": config.size, "digest": config.digest},
            "layers": layers,
        }
    )


def descriptor_of(entry: dict[str, Any], limit: int) -> Descriptor:
    """A manifest's layer as a descriptor, refused before any request where it is over `limit`."""
    digest, size = entry.get("digest"), entry.get("size")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        raise Unacceptable("the layer has no proper digest and size")
    if size > limit:
        raise Unacceptable(f"the layer has {size} bytes; at most {limit} are read")
    media_type = entry.get("mediaType")
    return Descriptor(media_type if isinstance(media_type, str) else "", digest, size)
