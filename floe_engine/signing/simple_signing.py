"""Cosign's first format: signatures as the layers of an image under the tag ``sha256-….sig``.

Keys, files and whom to trust must not enter. Format: cosign's ``specs/SIGNATURE_SPEC.md`` and
the simple-signing payload of containers/image.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

from floe_engine.errors import IntegrityError, NotFound, RegistryError
from floe_engine.events import CancelToken
from floe_engine.files import sha256_digest, strict_json
from floe_engine.signing.keys import PrivateKey
from floe_engine.signing.outside import Unacceptable, decode_base64, mapping, printable, quoted, texts
from floe_engine.signing.repository import MANIFEST_MEDIA_TYPE, SignatureRepository, descriptor_of
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
_ATTEMPTS = 10


def tag_of(digest: str) -> str:
    """The tag under which the signatures of `digest` lie."""
    return f"{digest.replace(':', '-')}.sig"


def payload_for(digest: str, docker_reference: str, annotations: Mapping[str, str]) -> bytes:
    """The bytes that are signed. `docker_reference` is ``host/repository``, without a tag."""
    return json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": docker_reference},
                "image": {"docker-manifest-digest": digest},
                "type": _PAYLOAD_TYPE,
            },
            "optional": dict(sorted(annotations.items())) or None,
        },
        separators=(",", ":"),
    ).encode()


def add(
    repository: SignatureRepository,
    digest: str,
    payload: bytes,
    key: PrivateKey,
    *,
    cancel: CancelToken | None = None,
) -> str:
    """Append `key`'s signature over `payload` to the ``.sig`` of `digest`; the tag's new digest.

    Signatures of others stay. A payload that this key has signed before is left as it is. A tag
    has no compare-and-swap, so another signer may overwrite this one a moment later: `settle`
    finds that out.
    """
    tag = tag_of(digest)
    stored, layers = _layers_to_extend(repository, tag)
    if _is_among(layers, payload, key):
        return stored
    blob = repository.push_blob(payload, PAYLOAD_MEDIA_TYPE)
    layers.append(
        {
            "mediaType": PAYLOAD_MEDIA_TYPE,
            "size": blob.size,
            "digest": blob.digest,
            "annotations": {SIGNATURE_ANNOTATION: base64.b64encode(key.sign(payload)).decode("ascii")},
        }
    )
    config_bytes = _config(layers)
    if cancel is not None:
        cancel.check()
    config = repository.push_blob(config_bytes, CONFIG_MEDIA_TYPE)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_MEDIA_TYPE,
        "config": {"mediaType": CONFIG_MEDIA_TYPE, "size": config.size, "digest": config.digest},
        "layers": layers,
    }
    raw = json.dumps(manifest, separators=(",", ":")).encode()
    return repository.push_manifest(raw, MANIFEST_MEDIA_TYPE, tag=tag).digest


def settle(
    repository: SignatureRepository,
    digest: str,
    payload: bytes,
    key: PrivateKey,
    written: str,
    *,
    cancel: CancelToken | None = None,
) -> None:
    """Make sure that the signature which `add` wrote is still there, and add it again if not.

    `written` is what `add` returned. Raises `RegistryError` where others overwrite it each time.
    """
    tag = tag_of(digest)
    for attempt in range(_ATTEMPTS):
        found = repository.resolve(tag)
        if found is not None and found.digest == written:
            return
        # Another signer is at work. Waiting a random while keeps two from staying in step, and
        # waiting again before the next look gives the other the time to overwrite.
        longest = 0.1 * (attempt + 1)
        _pause(random.uniform(0, longest), cancel)  # noqa: S311 - not a secret
        written = add(repository, digest, payload, key, cancel=cancel)
        _pause(random.uniform(longest / 2, longest), cancel)  # noqa: S311 - not a secret
    raise RegistryError(
        "the signature keeps being overwritten",
        f"{_ATTEMPTS} times in a row somebody else changed {tag} at the same moment",
        hint="let one process sign at a time and run the command again",
    )


def verify(repository: SignatureRepository, digest: str, anchors: Anchors) -> Iterator[Signer | Rejected]:
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
        yield Rejected(tag, printable(str(error)))
        return
    try:
        layers = _signature_layers(manifest.raw)
    except ValueError as error:
        yield Rejected(tag, f"damaged: {printable(str(error))}")
        return
    for number, layer in enumerate(layers[:MAX_SIGNATURES]):
        where = f"{tag}[{number}]"
        try:
            yield _verify_layer(repository, layer, digest, anchors, where)
        except (ValueError, IntegrityError, NotFound) as error:
            yield Rejected(where, printable(str(error)))
    if len(layers) > MAX_SIGNATURES:
        yield Rejected(tag, f"holds {len(layers)} signatures; only {MAX_SIGNATURES} were looked at")


def _verify_layer(
    repository: SignatureRepository, layer: dict[str, Any], digest: str, anchors: Anchors, where: str
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


def _layers_to_extend(repository: SignatureRepository, tag: str) -> tuple[str, list[dict[str, Any]]]:
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
            f"the tag {tag} holds something else: {printable(str(error))}",
            hint="delete that tag and sign again",
        ) from None


def _is_among(layers: list[dict[str, Any]], payload: bytes, key: PrivateKey) -> bool:
    """Whether `key` has signed this very payload in one of `layers`."""
    digest = sha256_digest(payload)
    for layer in layers:
        if layer.get("digest") != digest:
            continue
        try:
            signature = decode_base64(texts(layer.get("annotations")).get(SIGNATURE_ANNOTATION))
        except ValueError:
            continue
        if key.public.verify(signature, payload):
            return True
    return False


def _config(layers: list[dict[str, Any]]) -> bytes:
    """The image config that cosign expects: its diff IDs are the layers' digests."""
    config = {
        "architecture": "",
        "config": {},
        "created": "0001-01-01T00:00:00Z",
        "history": [{"created": "0001-01-01T00:00:00Z"} for _ in layers],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [layer.get("digest") for layer in layers]},
    }
    return json.dumps(config, separators=(",", ":")).encode()


def _pause(seconds: float, cancel: CancelToken | None) -> None:
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.sleep(seconds)
