"""The client against a real docker-registry and against a layout on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import ContentMismatch, NotFound, RegistryError, VersionExists
from floe_engine.files import sha256_digest
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport
from tests.engine.registry.artifacts import FILE_TYPE, files, manifest_of, publish
from tests.registries import DockerRegistry

pytestmark = pytest.mark.interop


@pytest.fixture(params=["docker-registry", "layout"])
def reference(
    request: pytest.FixtureRequest, tmp_path: Path, start_registry: Callable[..., DockerRegistry]
) -> Reference:
    if request.param == "layout":
        return Reference.parse(f"oci-layout:{tmp_path / 'layout'}")
    return start_registry().reference()


def test_a_cold_publish_takes_nineteen_requests_and_a_pull_nine(reference: Reference) -> None:
    writer = Repository(reference, push=True)
    assert writer.resolve("v1.0.0") is None
    publish(writer, "v1.0.0")
    assert writer.requests == 19

    reader = Repository(reference)
    manifest = reader.manifest("v1.0.0")
    assert manifest.config is not None
    contents = reader.blobs([manifest.config, *manifest.layers])
    assert contents == [data for data, _ in files()]
    assert reader.requests == 9


def test_asking_whether_a_version_is_still_the_same_takes_one_request(reference: Reference) -> None:
    published = publish(Repository(reference), "v1.0.0")
    reader = Repository(reference)
    found = reader.resolve("v1.0.0")
    assert found == Descriptor(OCI_MANIFEST, published.digest, len(published.raw))
    assert reader.requests == 1


def test_manifest_bytes_come_back_as_they_were_written(reference: Reference) -> None:
    published = publish(Repository(reference), "v1.0.0")
    reader = Repository(reference)
    assert reader.manifest("v1.0.0").raw == published.raw
    assert reader.manifest(published.digest).artifact_type == "application/vnd.example.artifact"


def test_what_is_not_there_is_none_to_resolve_and_not_found_to_fetch(reference: Reference) -> None:
    publish(Repository(reference), "v1.0.0")
    reader = Repository(reference)
    assert reader.resolve("v9.9.9") is None
    assert reader.resolve("sha256:" + "0" * 64) is None
    with pytest.raises(NotFound, match=r"v9\.9\.9"):
        reader.manifest("v9.9.9")
    # A folder is asked only for what its index lists, and then something has damaged it.
    with pytest.raises(ContentMismatch if reference.root else NotFound):
        reader.blob(Descriptor(FILE_TYPE, "sha256:" + "0" * 64, 3), 10)


def test_a_repository_that_does_not_exist_has_no_tags_to_list(reference: Reference) -> None:
    with pytest.raises(NotFound):
        Repository(reference).tags()


def test_tags_are_listed_sorted(reference: Reference) -> None:
    writer = Repository(reference)
    for tag in ("v1.10.0", "v1.2.0", "latest"):
        publish(writer, tag, mark=tag)
    assert Repository(reference).tags() == ["latest", "v1.10.0", "v1.2.0"]


def test_a_manifest_pushed_by_digest_has_no_tag(reference: Reference) -> None:
    writer = Repository(reference)
    published = publish(writer, None)
    assert writer.manifest(published.digest).raw == published.raw
    publish(writer, "other", mark="x")
    assert writer.tags() == ["other"]


def test_equal_files_are_sent_and_fetched_once(reference: Reference) -> None:
    writer = Repository(reference)
    descriptors = writer.push_blobs([(b"same", FILE_TYPE)] * 5)
    assert len(descriptors) == 5
    assert writer.requests == 2
    assert writer.blobs(descriptors) == [b"same"] * 5
    assert writer.requests == 3


@pytest.mark.parametrize(
    "data", [b"", b"[1, 2]", b'{"schemaVersion": 2, "manifests": []}', bytes(range(256)) * 5000]
)
def test_any_bytes_are_a_blob(reference: Reference, data: bytes) -> None:
    writer = Repository(reference)
    descriptor = writer.push_blob(data, FILE_TYPE)
    assert writer.blob(descriptor, len(data)) == data


def test_progress_is_told_for_each_blob(reference: Reference) -> None:
    writer = Repository(reference)
    sent: list[tuple[str, int]] = []
    descriptors = writer.push_blobs(files(3), on_bytes=lambda d, done: sent.append((d.digest, done)))
    assert sorted(sent) == sorted((d.digest, d.size) for d in descriptors)
    came: dict[str, int] = {}
    writer.blobs(descriptors, on_bytes=lambda d, done: came.update({d.digest: done}))
    assert came == {d.digest: d.size for d in descriptors}


def test_an_attached_manifest_is_listed_among_the_referrers(reference: Reference) -> None:
    writer = Repository(reference)
    subject = publish(writer, "v1.0.0").descriptor
    assert writer.referrers(subject.digest) == []
    blob = writer.push_blob(b"signature", FILE_TYPE)
    raw = manifest_of([blob, blob], subject)
    attached = writer.attach(raw, subject)

    (found,) = Repository(reference).referrers(subject.digest)
    assert found.digest == attached.digest == sha256_digest(raw)
    assert found.artifact_type == "application/vnd.example.artifact"
    assert writer.attach(raw, subject) == attached
    assert len(Repository(reference).referrers(subject.digest)) == 1


def test_attaching_to_another_subject_than_the_manifest_names_is_refused(reference: Reference) -> None:
    writer = Repository(reference)
    one, two = publish(writer, "a").descriptor, publish(writer, "b", mark="b").descriptor
    with pytest.raises(ContentMismatch):
        writer.attach(manifest_of([writer.push_blob(b"x", FILE_TYPE)], one), two)


def test_deleting_a_tag_leaves_the_others_of_the_same_content(reference: Reference) -> None:
    writer = Repository(reference)
    published = publish(writer, "v1.0.0")
    writer.push_manifest(published.raw, tag="also")
    writer.push_manifest(published.raw, tag="too")
    writer.delete_tag("also")
    writer.delete_tag("too")
    assert writer.tags() == ["v1.0.0"]
    assert writer.manifest("v1.0.0").raw == published.raw
    with pytest.raises(NotFound):
        writer.delete_tag("also")


def test_a_manifest_whose_blobs_are_missing_is_not_taken(reference: Reference) -> None:
    raw = manifest_of([Descriptor(FILE_TYPE, "sha256:" + "1" * 64, 5)])
    with pytest.raises(RegistryError):
        Repository(reference).push_manifest(raw, tag="v1.0.0")


def test_a_download_larger_than_allowed_is_refused_before_it_starts(reference: Reference) -> None:
    writer = Repository(reference)
    descriptors = writer.push_blobs(files(3))
    reader = Repository(reference, settings=Transport(max_blobs=2))
    with pytest.raises(RegistryError, match="larger than floe takes"):
        reader.blobs(descriptors)
    with pytest.raises(RegistryError, match="larger than floe takes"):
        Repository(reference, settings=Transport(max_total=10)).blobs(descriptors)
    with pytest.raises(RegistryError, match="larger than floe takes"):
        reader.blob(descriptors[0], limit=3)
    assert reader.requests == 0


def test_a_layout_never_moves_a_version_tag(tmp_path: Path) -> None:
    writer = Repository(Reference.parse(f"oci-layout:{tmp_path / 'layout'}"))
    published = publish(writer, "v1.0.0")
    writer.push_manifest(published.raw, tag="v1.0.0")
    with pytest.raises(VersionExists):
        publish(writer, "v1.0.0", mark="changed")
    assert writer.manifest("v1.0.0").digest == published.digest
    publish(writer, "latest")
    assert publish(writer, "latest", mark="changed").digest == writer.manifest("latest").digest
