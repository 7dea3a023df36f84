"""Small artifacts for registry tests."""

from __future__ import annotations

from floe_engine.descriptor import OCI_MANIFEST, Descriptor, Manifest
from floe_engine.files import canonical_json
from floe_engine.registry.client import Repository

FILE_TYPE = "application/vnd.example.file"


def files(count: int = 8, mark: str = "") -> list[tuple[bytes, str]]:
    return [(f'{{"file": {number}, "mark": "{mark}"}}'.encode(), FILE_TYPE) for number in range(count)]


def manifest_of(descriptors: list[Descriptor], subject: Descriptor | None = None, **more: object) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.artifact",
        "config": descriptors[0].document(),
        "layers": [descriptor.document() for descriptor in descriptors[1:]],
        **more,
    }
    return canonical_json(document | ({"subject": subject.document()} if subject else {}))


def publish(repository: Repository, tag: str | None, count: int = 8, mark: str = "") -> Manifest:
    raw = manifest_of(repository.push_blobs(files(count, mark)))
    repository.push_manifest(raw)
    if tag is not None:
        repository.push_manifest(raw, tag=tag)
    return Manifest.parse(raw, OCI_MANIFEST)
