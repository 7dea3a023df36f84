"""Cosign's first format: signatures as the layers of an image under the tag ``sha256-….sig``.

Keys, files and whom to trust must not enter. Format: cosign's ``specs/SIGNATURE_SPEC.md`` and
the simple-signing payload of containers/image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import IntegrityError, NotFound
from floe_engine.files import sha256_digest, strict_json
from floe_engine.signing.keys import KeySigner
from floe_engine.signing.outside import (
    Unacceptable,
    compact_json,
    decode_base64,
    encode_base64,
    mapping,
    quoted,
    reason,
    texts,
)
from floe_engine.signing.repository import (
    SignatureRepository,
    SignatureSource,
    descriptor_of,
    image_manifest,
)
from floe_engine.signing.verdict import Anchors, Rejected, Signer

PAYLOAD_MEDIA_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
CERTIFICATE_ANNOTATION = "dev.sigstore.cosign/certificate"

MAX_PAYLOAD = 1 << 20
"""Bytes. Cosign itself reads up to 128 MiB; a payload is some hundred bytes."""
MAX_SIGNATURES = 100
"""How many layers of one ``.sig`` are looked at."""

_PAYLOAD_TYPE = "cosign container image signature"


def tag_of(digest: str) -> str:
    """The tag under which the signatures of `digest` lie."""
    return f"{digest.replace(':', '-')}.sig"


def payload_for(digest: str, docker_reference: str, annotations: Mapping[str, str]) -> bytes:
    """The bytes that are signed. `docker_reference` is ``host/repository``, without a tag."""
    return compact_json(
        {
            "critical": {
                "identity": {"docker-reference": docker_reference},
                "image": {"docker-manifest-digest": digest},
                "type": _PAYLOAD_TYPE,
            },
            "optional": dict(sorted(annotations.items())) or None,
        }
    )


class TaggedLayers(ABC):
    """Layers under a tag, among those of others, to be written and to stay there.

    Layers of others stay too. A tag has no compare-and-swap: a writer at the same moment may
    overwrite this one, which `stands` finds out.
    """

    def __init__(self, repository: SignatureRepository, tag: str, *, first: bool) -> None:
        """`first` says that nobody has written there before; it saves the first look at the tag."""
        self.where = tag
        self.company = False
        self._repository = repository
        self._first = first
        self._written = ""

    def _there(self) -> list[dict[str, Any]]:
        """The layers to extend. Raises `IntegrityError`, `RegistryError`."""
        layers: list[dict[str, Any]] = []
        if self._first:
            self._first = False  # should the tag be overwritten, the next write looks at it
        else:
            self._written, layers = layers_to_extend(self._repository, self.where)
        return layers

    def _put(self, config: Descriptor, layers: list[dict[str, Any]]) -> None:
        raw = image_manifest(config, layers)
        self._written = self._repository.push_manifest(raw, OCI_MANIFEST, tag=self.where).digest

    def stands(self) -> bool:
        """Whether ours are still under the tag, perhaps among newer ones of others."""
        found = self._repository.resolve(self.where)
        if found is None or found.digest == self._written:
            return found is not None
        self.company = True
        return self._are_among(layers_to_extend(self._repository, self.where)[1])

    @abstractmethod
    def _are_among(self, layers: list[dict[str, Any]]) -> bool:
        """Whether ours are some of the layers under the tag."""


class KeySignature(TaggedLayers):
    """One key's signature under the ``.sig`` tag of an artifact.

    A payload that this key has signed before is left as it is.
    """

    def __init__(
        self,
        repository: SignatureRepository,
        digest: str,
        payload: bytes,
        key: KeySigner,
        *,
        first: bool = False,
    ) -> None:
        super().__init__(repository, tag_of(digest), first=first)
        self._payload = payload
        self._key = key
        self._blob: Descriptor | None = None

    def write(self) -> None:
        """Append the signature, unless it is there. Raises `IntegrityError`, `RegistryError`."""
        if self._blob is None:
            # Before the tag is read, to keep short the time in which another may change it.
            self._blob = self._repository.push_blob(self._payload, PAYLOAD_MEDIA_TYPE)
        layers = self._there()
        if self._are_among(layers):
            return
        layers.append(
            {
                "mediaType": PAYLOAD_MEDIA_TYPE,
                "size": self._blob.size,
                "digest": self._blob.digest,
                "annotations": {SIGNATURE_ANNOTATION: encode_base64(self._key.sign(self._payload))},
            }
        )
        self.company = len(layers) > 1
        self._put(self._repository.push_blob(image_config(layers), CONFIG_MEDIA_TYPE), layers)

    def _are_among(self, layers: list[dict[str, Any]]) -> bool:
        """Whether the key has signed this very payload in one of `layers`."""
        digest = sha256_digest(self._payload)
        for layer in layers:
            if layer.get("digest") != digest:
                continue
            try:
                signature = decode_base64(texts(layer.get("annotations")).get(SIGNATURE_ANNOTATION))
            except ValueError:
                continue
            if self._key.public.verify(signature, self._payload):
                return True
        return False


def verify(repository: SignatureSource, digest: str, anchors: Anchors) -> Iterator[Signer | Rejected]:
    """Every signature under the ``.sig`` tag of `digest`, judged; nothing where there is no tag.

    Lazy: a signature costs a request only when the caller asks for it. Raises `RegistryError`
    where the registry fails.
    """
    tag = tag_of(digest)
    try:
        manifest = repository.manifest(tag)
    except NotFound:
        return
    except IntegrityError as error:
        yield Rejected(tag, reason(error))
        return
    try:
        layers = _signature_layers(manifest.raw)
    except ValueError as error:
        yield Rejected(tag, f"damaged: {reason(error)}")
        return
    for number, layer in enumerate(layers[:MAX_SIGNATURES]):
        where = f"{tag}[{number}]"
        try:
            yield _verify_layer(repository, layer, digest, anchors, where)
        except (ValueError, IntegrityError, NotFound) as error:
            yield Rejected(where, reason(error))
    if len(layers) > MAX_SIGNATURES:
        yield Rejected(tag, f"holds {len(layers)} signatures; only {MAX_SIGNATURES} were looked at")


def _verify_layer(
    repository: SignatureSource, layer: dict[str, Any], digest: str, anchors: Anchors, where: str
) -> Signer:
    annotations = texts(layer.get("annotations"))
    if CERTIFICATE_ANNOTATION in annotations:
        raise Unacceptable("unsupported legacy keyless signature; sign again with cosign 3 or newer")
    if SIGNATURE_ANNOTATION not in annotations:
        raise Unacceptable("the layer carries no signature")
    signature = decode_base64(annotations[SIGNATURE_ANNOTATION])
    payload = repository.blob(descriptor_of(layer, MAX_PAYLOAD), MAX_PAYLOAD)
    key = anchors.key_of(signature, payload)
    signed = mapping(strict_json(payload), "the payload")
    critical = mapping(signed.get("critical"), "critical")
    if critical.get("type") != _PAYLOAD_TYPE:
        raise Unacceptable(f"the payload is of another type: {quoted(critical.get('type'))}")
    named = mapping(critical.get("image"), "critical.image").get("docker-manifest-digest")
    if named != digest:
        raise Unacceptable(f"made for another artifact: {quoted(named)}")
    reference = mapping(critical.get("identity"), "critical.identity").get("docker-reference")
    return Signer(
        format="simple-signing",
        where=where,
        fingerprint=key.fingerprint,
        docker_reference=reference if isinstance(reference, str) else "",
        annotations=texts(signed.get("optional")),
    )


def _signature_layers(raw: bytes) -> list[dict[str, Any]]:
    layers = mapping(strict_json(raw), "the manifest").get("layers")
    if not isinstance(layers, list):
        raise Unacceptable("not an image manifest with layers")
    found = [
        layer for layer in layers if isinstance(layer, dict) and layer.get("mediaType") == PAYLOAD_MEDIA_TYPE
    ]
    if not found:
        raise Unacceptable("holds no signature")
    return found


def layers_to_extend(repository: SignatureRepository, tag: str) -> tuple[str, list[dict[str, Any]]]:
    """The digest and layers of what is under `tag`, or nothing where the tag is free.

    Something under the tag that is not a signature image is refused: appending would lose it.
    """
    try:
        manifest = repository.manifest(tag)
    except NotFound:
        return "", []
    try:
        layers = mapping(strict_json(manifest.raw), "the manifest").get("layers")
        if not isinstance(layers, list):
            raise Unacceptable("not an image manifest with layers")
        return manifest.digest, [mapping(layer, "a layer") for layer in layers]
    except ValueError as error:
        raise IntegrityError(
            "the signatures of the artifact are damaged",
            f"the tag {tag} holds something else: {reason(error)}",
            hint="delete that tag and sign again",
        ) from None


def image_config(layers: list[dict[str, Any]]) -> bytes:
    """The image config that cosign expects: its diff IDs are the layers' digests."""
    return compact_json(
        {
            "architecture": "",
            "config": {},
            "created": "0001-01-01T00:00:00Z",
            "history": [{"created": "0001-01-01T00:00:00Z"} for _ in layers],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [layer.get("digest") for layer in layers]},
        }
    )
