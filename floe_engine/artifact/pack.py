"""How OCI carries an artifact: its image manifest, and reading one back without believing it.

Sources: OCI image-spec 1.1 (manifest.md, annotations.md); the titles make `oras pull` rebuild the
tree. Pure functions over bytes: the registry is somebody else's room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import FILES, MANIFEST
from floe_engine.errors import IntegrityError
from floe_engine.files import sha256_digest, strict_json

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.floe.platform.v1"
CONFIG_TYPE = "application/vnd.floe.platform.manifest.v1+json"
FILE_TYPE = "application/vnd.floe.platform.file.v1+json"

TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
CREATED = "org.opencontainers.image.created"
SOURCE = "org.opencontainers.image.source"
REVISION = "org.opencontainers.image.revision"
PLATFORM_NAME = "dev.floe.platform.name"
CONTENT_DIGEST = "dev.floe.content.digest"
SIGNING_KEY = "dev.floe.signing.key"
"""The signer's public key in PEM: lets a first-time reader check the signature against itself."""

MAX_FILE = 4 * 1024 * 1024
"""Largest accepted file of an artifact, in bytes."""
MAX_TOTAL = 16 * 1024 * 1024
"""Largest accepted artifact, in bytes."""


class Packed(Struct, frozen=True):
    """An artifact ready to push: the manifest's exact bytes and every blob it names."""

    manifest: bytes
    blobs: tuple[tuple[str, bytes], ...]
    """(media type, bytes) of each distinct blob; manifest.json, which is also the config, first."""

    @property
    def digest(self) -> str:
        """The artifact's digest, by which it is signed and pinned."""
        return sha256_digest(self.manifest)


class PackedFile(Struct, frozen=True):
    """One file as an image manifest lists it."""

    path: str
    digest: str
    size: int


def pack(artifact: Artifact, *, annotations: Mapping[str, str] | None = None) -> Packed:
    """The image manifest and blobs of `artifact`. The same input gives the same bytes.

    `annotations` are added to the manifest's own (source, revision, signing key).
    """
    metadata = artifact.platform.manifest.metadata
    layers = [
        {
            "mediaType": FILE_TYPE,
            "digest": sha256_digest(artifact.files[path]),
            "size": len(artifact.files[path]),
            "annotations": {TITLE: path},
        }
        for path in FILES
    ]
    config = {"mediaType": CONFIG_TYPE, "digest": layers[0]["digest"], "size": layers[0]["size"]}
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": config,
        "layers": layers,
        "annotations": {
            TITLE: metadata.name,
            VERSION: metadata.version,
            CREATED: metadata.created,
            PLATFORM_NAME: metadata.name,
            CONTENT_DIGEST: metadata.digest,
            **(annotations or {}),
        },
    }
    blobs = [(CONFIG_TYPE, artifact.files[MANIFEST])]
    seen = {config["digest"]}
    for path, layer in zip(FILES, layers, strict=True):
        if layer["digest"] not in seen:
            seen.add(layer["digest"])
            blobs.append((FILE_TYPE, artifact.files[path]))
    manifest = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return Packed(manifest=manifest, blobs=tuple(blobs))


def read_manifest(raw: bytes, *, where: str) -> tuple[PackedFile, ...]:
    """The eight files that an image manifest lists, in the order of `FILES`.

    `raw` must already have been hashed against the digest it was asked for by. Raises
    `IntegrityError` for anything but exactly one of each known file with sane digests and sizes.
    """
    document = _document(raw, where)
    if document.get("mediaType") not in (IMAGE_MANIFEST, None) or "manifests" in document:
        raise _foreign(where, "it is not an OCI image manifest")
    config = document.get("config")
    if document.get("artifactType") != ARTIFACT_TYPE or not isinstance(config, dict):
        raise _foreign(where, f"its artifactType is {document.get('artifactType')!r}")
    if config.get("mediaType") != CONFIG_TYPE:
        raise _foreign(where, f"its config is {config.get('mediaType')!r}")
    layers = document.get("layers")
    if not isinstance(layers, list) or len(layers) > len(FILES):
        raise _foreign(where, "it does not list eight files")
    found = dict(_layer(layer, where) for layer in layers)
    if len(found) != len(layers) or set(found) != set(FILES):
        raise _foreign(where, "it does not list each of the eight files once")
    if sum(file.size for file in found.values()) > MAX_TOTAL:
        raise _foreign(where, "it is too large")
    if config.get("digest") != found[MANIFEST].digest:
        raise _foreign(where, "its config is not its manifest.json")
    return tuple(found[path] for path in FILES)


def read_annotations(raw: bytes, *, where: str) -> dict[str, str]:
    """The text annotations of an image manifest; anything that is not text is left out."""
    annotations = _document(raw, where).get("annotations")
    if not isinstance(annotations, dict):
        return {}
    return {key: value for key, value in annotations.items() if isinstance(value, str)}


def unpack(files: tuple[PackedFile, ...], blobs: tuple[bytes, ...]) -> Artifact:
    """The artifact of verified `blobs`, one a file, read and checked against its own listing."""
    artifact = Artifact({file.path: blob for file, blob in zip(files, blobs, strict=True)})
    artifact.check_files()
    return artifact


def _document(raw: bytes, where: str) -> dict[str, Any]:
    try:
        document = strict_json(raw)
    except ValueError as error:
        raise _foreign(where, f"its manifest is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise _foreign(where, "its manifest is not a JSON object")
    return document


def _layer(layer: Any, where: str) -> tuple[str, PackedFile]:
    if not isinstance(layer, dict) or layer.get("mediaType") != FILE_TYPE:
        raise _foreign(where, "it has a layer that is no platform file")
    annotations = layer.get("annotations")
    path = annotations.get(TITLE) if isinstance(annotations, dict) else None
    # The path becomes a file name, so only the eight known ones pass.
    if path not in FILES:
        raise _foreign(where, "it has a layer with an unexpected title")
    digest, size = layer.get("digest"), layer.get("size")
    if not isinstance(digest, str) or type(size) is not int or not 0 <= size <= MAX_FILE:
        raise _foreign(where, f"the descriptor of {path} is not usable")
    return path, PackedFile(path, digest, size)


def _foreign(where: str, reason: str) -> IntegrityError:
    return IntegrityError(
        "not a floe platform artifact",
        reason,
        hint="check the repository and the tag; was it pushed by another tool?",
        where=where,
    )
