"""The image manifest: the same bytes each time, and nothing believed when one is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from floe_engine.artifact.pack import (
    ARTIFACT_TYPE,
    CONFIG_TYPE,
    FILE_TYPE,
    MAX_FILE,
    MAX_TOTAL,
    TITLE,
    PackedFile,
    pack,
    read_annotations,
    read_manifest,
    unpack,
)
from floe_engine.artifact.paths import FILES, MANIFEST, NAMESPACES
from floe_engine.errors import IntegrityError
from floe_engine.files import sha256_digest
from tests.engine.upgrade.artifacts import artifact

Document = dict[str, Any]


def document() -> Document:
    found: Document = json.loads(pack(artifact()).manifest)
    return found


def read(changed: Document) -> tuple[PackedFile, ...]:
    return read_manifest(json.dumps(changed).encode(), where="registry.test/acme:v1.0.0")


def layer(changed: Document, path: str) -> Document:
    return next(entry for entry in changed["layers"] if entry["annotations"][TITLE] == path)


# --- writing ---------------------------------------------------------------------------------------


def test_the_same_artifact_gives_the_same_bytes_and_digest() -> None:
    one, again = pack(artifact()), pack(artifact())
    assert one == again
    assert one.digest == sha256_digest(one.manifest)
    assert pack(artifact(), annotations={"a": "b"}).digest != one.digest


def test_it_is_an_artifact_of_oci_with_a_layer_a_file() -> None:
    made = document()
    assert (made["schemaVersion"], made["artifactType"]) == (2, ARTIFACT_TYPE)
    assert [entry["annotations"][TITLE] for entry in made["layers"]] == list(FILES)
    assert {entry["mediaType"] for entry in made["layers"]} == {FILE_TYPE}
    assert made["config"]["mediaType"] == CONFIG_TYPE
    assert made["config"]["digest"] == layer(made, MANIFEST)["digest"]
    assert made["annotations"]["org.opencontainers.image.version"] == "1.0.0"


def test_a_blob_is_pushed_once_however_many_files_it_is() -> None:
    made = artifact()
    blobs = pack(made).blobs
    assert blobs[0] == (CONFIG_TYPE, made.files[MANIFEST])  # the config is manifest.json's layer too
    assert [data for _, data in blobs] == list(made.files.values())


def test_annotations_that_are_given_win_over_its_own() -> None:
    raw = pack(artifact(), annotations={"org.opencontainers.image.title": "other", "x": "y"}).manifest
    found = read_annotations(raw, where="here")
    assert (found["org.opencontainers.image.title"], found["x"]) == ("other", "y")


# --- reading ---------------------------------------------------------------------------------------


def test_what_was_packed_is_read_and_unpacked() -> None:
    made = artifact()
    files = read(document())
    assert [file.path for file in files] == list(FILES)
    assert unpack(files, tuple(made.files[file.path] for file in files)) == made


def test_files_come_in_their_own_order_whatever_the_order_of_the_layers() -> None:
    changed = document()
    changed["layers"].reverse()
    assert [file.path for file in read(changed)] == list(FILES)


def without_media_type(changed: Document) -> None:
    del changed["mediaType"]


def test_a_manifest_may_leave_out_its_own_type() -> None:
    changed = document()
    without_media_type(changed)
    assert len(read(changed)) == len(FILES)


def put(*keys: Any, value: Any) -> Callable[[Document], None]:
    def change(changed: Document) -> None:
        place: Any = changed
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def drop_one(changed: Document) -> None:
    changed["layers"].pop()


def one_more(changed: Document) -> None:
    changed["layers"].append(changed["layers"][-1])


def one_twice(changed: Document) -> None:
    changed["layers"][-1] = changed["layers"][-2]


@pytest.mark.parametrize(
    "change",
    [
        put("mediaType", value="application/vnd.oci.image.index.v1+json"),
        put("manifests", value=[]),
        put("artifactType", value="application/vnd.other"),
        put("artifactType", value=None),
        put("config", value=None),
        put("config", "mediaType", value=FILE_TYPE),
        put("config", "digest", value=f"sha256:{'0' * 64}"),
        put("layers", value=None),
        put("layers", value={}),
        put("layers", 0, value=7),
        put("layers", 0, "mediaType", value="application/octet-stream"),
        put("layers", 0, "annotations", value=None),
        put("layers", 0, "annotations", TITLE, value="../../etc/passwd"),
        put("layers", 0, "annotations", TITLE, value=f"{MANIFEST}\n"),
        put("layers", 0, "annotations", TITLE, value=["manifest.json"]),
        put("layers", 1, "digest", value=7),
        put("layers", 1, "size", value=-1),
        put("layers", 1, "size", value=True),
        put("layers", 1, "size", value=1.0),
        put("layers", 1, "size", value=MAX_FILE + 1),
        drop_one,
        one_more,
        one_twice,
    ],
)
def test_anything_but_each_of_the_eight_files_once_is_foreign(change: Callable[[Document], None]) -> None:
    changed = document()
    change(changed)
    with pytest.raises(IntegrityError, match="not a floe platform artifact") as refused:
        read(changed)
    assert refused.value.where == "registry.test/acme:v1.0.0"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"a": 1, "a": 1}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_foreign(raw: bytes) -> None:
    for read_it in (read_manifest, read_annotations):
        with pytest.raises(IntegrityError, match="not a floe platform artifact"):
            read_it(raw, where="here")


def test_the_largest_file_and_the_largest_artifact_are_just_taken() -> None:
    changed = document()
    for entry in changed["layers"]:
        entry["size"] = 0
    for entry in changed["layers"][:4]:
        entry["size"] = MAX_FILE
    assert sum(file.size for file in read(changed)) == MAX_TOTAL
    changed["layers"][4]["size"] = 1
    with pytest.raises(IntegrityError, match="not a floe platform artifact"):
        read(changed)


def test_annotations_that_are_no_text_are_left_out() -> None:
    changed = {**document(), "annotations": {"a": "b", "c": 7, "d": None}}
    assert read_annotations(json.dumps(changed).encode(), where="here") == {"a": "b"}
    assert read_annotations(json.dumps({**changed, "annotations": []}).encode(), where="here") == {}


def test_a_blob_that_is_another_than_its_own_listing_says_is_refused() -> None:
    made = artifact()
    files = read(document())
    other = {**made.files, NAMESPACES: made.files[NAMESPACES] + b" "}
    with pytest.raises(IntegrityError) as refused:
        unpack(files, tuple(other[file.path] for file in files))
    assert refused.value.where == NAMESPACES
