"""What a version's signatures were checked by, kept so that they can be checked again without a network.

Kept are the image manifest and, of every signature that counted, the manifest and the blob, byte for
byte as the registry served them. Nothing in it has to be believed: manifests and blobs are found by
their digests, and whether a signature holds is worked out anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import NotFound
from floe_engine.files import canonical_json, sha256_digest, strict_json
from floe_engine.signing.outside import decode_base64, encode_base64
from floe_engine.signing.repository import Reader, SignatureSource
from floe_engine.signing.verdict import Signer

EVIDENCE_VERSION = 1


class KeptManifest(Struct, frozen=True):
    """A manifest of a signature, or of the artifact itself."""

    raw: bytes
    media_type: str = OCI_MANIFEST

    @property
    def digest(self) -> str:
        """The digest of `raw`."""
        return sha256_digest(self.raw)


class Evidence(Struct, frozen=True, dict=True):
    """The image manifest of one artifact and its signatures; a `SignatureSource`."""

    image: bytes
    """The artifact's own manifest."""
    bundles: tuple[bytes, ...] = ()
    """Manifests of the referrers that carry a sigstore bundle."""
    simple: bytes = b""
    """What lies under the ``.sig`` tag; empty where nothing does."""
    blobs: tuple[bytes, ...] = ()
    """Bundles and simple-signing payloads."""
    delegation: Evidence | None = None
    """The same of the enterprise platform that lets the signer sign, and its manifest.json; else None."""

    @property
    def digest(self) -> str:
        """Of the artifact: what is signed, and what the lock pins."""
        return sha256_digest(self.image)

    @property
    def signed(self) -> bool:
        """Whether there is any signature, good or not."""
        return bool(self.bundles or self.simple)

    @property
    def keyless(self) -> bool:
        """Whether checking it needs the Sigstore library, which takes a third of a second to load."""
        above = self.delegation is not None and self.delegation.keyless
        return above or any(b"ertificate" in blob for blob in self.blobs)

    def to_json(self) -> bytes:
        """The bytes that are kept."""
        above = {} if self.delegation is None else {"delegation": _document(self.delegation)}
        return canonical_json({"evidenceVersion": EVIDENCE_VERSION, **_document(self), **above})

    @classmethod
    def from_json(cls, data: bytes) -> Evidence:
        """Read what `to_json` wrote. Raises `ValueError` where it is anything else."""
        document = strict_json(data)
        try:
            if document["evidenceVersion"] != EVIDENCE_VERSION:
                raise ValueError(f"evidenceVersion {document['evidenceVersion']} is not known to this floe")
            above = document.get("delegation")
            return _read(document, None if above is None else _read(above))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it has no proper {error}") from None

    # --- as a repository -----------------------------------------------------------------------

    def resolve(self, ref: str, /) -> Descriptor | None:
        """The descriptor of something that was kept, or None."""
        try:
            found = self.manifest(ref)
        except NotFound:
            return None
        return Descriptor(found.media_type, found.digest, len(found.raw))

    def manifest(self, ref: str, /) -> KeptManifest:
        """The manifest behind a digest or the ``.sig`` tag; raises `NotFound`."""
        if self.simple and ref == _sig_tag(self.digest):
            return KeptManifest(self.simple)
        for raw in (self.image, *self.bundles):
            if sha256_digest(raw) == ref:
                return KeptManifest(raw)
        raise NotFound("it was not kept", ref)

    def blob(self, descriptor: Descriptor, limit: int, /) -> bytes:
        """The bytes behind a descriptor; raises `NotFound`."""
        for blob in self.blobs:
            if sha256_digest(blob) == descriptor.digest and len(blob) <= limit:
                return blob
        raise NotFound("it was not kept", descriptor.digest)

    def referrers(self, digest: str, /) -> Sequence[Descriptor]:
        """The referrers that were kept."""
        if digest != self.digest:
            return ()
        return [Descriptor(OCI_MANIFEST, sha256_digest(raw), len(raw)) for raw in self.bundles]


class Witness(Reader):
    """Reads signatures from a repository and remembers what was read, to be kept as evidence."""

    def __init__(self, repository: SignatureSource) -> None:
        super().__init__(repository)
        self._manifests: dict[str, bytes] = {}
        self._blobs: dict[str, bytes] = {}
        self._read_by: dict[str, list[str]] = {}
        self._last = ""

    def _read(self, what: str, of: str, ask: Callable[[], Any]) -> Any:
        """A blob is remembered with the manifest that was read before it."""
        found = ask()
        if what == "manifest":
            self._manifests[of] = found.raw
            self._last = of
        elif what == "blob":
            self._blobs[of] = found
            self._read_by.setdefault(self._last, []).append(of)
        return found

    def evidence(self, image: bytes, signers: Iterable[Signer]) -> Evidence:
        """What shows that `signers` signed the artifact whose manifest is `image`."""
        places = dict.fromkeys(signer.where.partition("[")[0] for signer in signers)
        sig = _sig_tag(sha256_digest(image))
        read = [place for place in places if place in self._manifests]
        blobs = dict.fromkeys(digest for place in read for digest in self._read_by.get(place, ()))
        return Evidence(
            image,
            tuple(self._manifests[place] for place in read if place != sig),
            self._manifests[sig] if sig in read else b"",
            tuple(self._blobs[digest] for digest in blobs),
        )


def _document(evidence: Evidence) -> dict[str, Any]:
    return {
        "manifest": encode_base64(evidence.image),
        "bundles": [*map(encode_base64, evidence.bundles)],
        "simpleSigning": encode_base64(evidence.simple),
        "blobs": [*map(encode_base64, evidence.blobs)],
    }


def _read(document: Any, above: Evidence | None = None) -> Evidence:
    return Evidence(
        decode_base64(document["manifest"]),
        tuple(map(decode_base64, document["bundles"])),
        decode_base64(document["simpleSigning"]),
        tuple(map(decode_base64, document["blobs"])),
        above,
    )


def _sig_tag(digest: str) -> str:
    return f"{digest.replace(':', '-')}.sig"
