"""The embedded registry: one folder, many writers, other tools, damage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import (
    ConfigurationError,
    ContentMismatch,
    FloeError,
    IntegrityError,
    NotFound,
    RegistryError,
)
from floe_engine.files import sha256_digest
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from tests.engine.registry.artifacts import FILE_TYPE, files, manifest_of, publish
from tests.registries import DockerRegistry

PUBLISHERS = """
import os, sys
from floe_engine.errors import VersionExists
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from tests.engine.registry.artifacts import publish
root, *tags = sys.argv[1:]
repository = Repository(Reference.parse(f"oci-layout:{root}"))
wait, start = os.pipe()
for number, tag in enumerate(tags):
    if os.fork() == 0:  # imported once, a process of its own all the same
        os.close(start)
        os.read(wait, 1)
        try:
            outcome = publish(repository, tag, count=2, mark=str(number)).digest
        except VersionExists:
            outcome = "refused"
        os.write(1, f"{tag} {outcome}\\n".encode())
        os._exit(0)
os.close(start)  # the starting gun
for _ in tags:
    assert os.wait()[1] == 0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "layout"


@pytest.fixture
def repository(root: Path) -> Repository:
    return Repository(Reference.parse(f"oci-layout:{root}"))


def race(root: Path, tags: list[str]) -> list[tuple[str, str]]:
    """Publish different content under each of `tags` from as many processes at once.

    Returns each tag with the digest that was published, or "refused".
    """
    command = [sys.executable, "-c", PUBLISHERS, str(root), *tags]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    return [(tag, outcome) for tag, _, outcome in (line.partition(" ") for line in done.stdout.splitlines())]


def test_of_sixteen_processes_that_publish_one_version_one_wins(root: Path, repository: Repository) -> None:
    outcomes = [outcome for _, outcome in race(root, ["v1.0.0"] * 16)]
    assert len(outcomes) == 16
    (winner,) = [outcome for outcome in outcomes if outcome != "refused"]
    assert repository.manifest("v1.0.0").digest == winner
    assert repository.tags() == ["v1.0.0"]


def test_processes_that_publish_different_versions_all_win(root: Path, repository: Repository) -> None:
    tags = [f"v1.{number}.0" for number in range(16)]
    outcomes = dict(race(root, tags))
    assert {tag: repository.manifest(tag).digest for tag in tags} == outcomes
    assert repository.tags() == sorted(tags)


@pytest.mark.parametrize("tag", ["v1.2.3", "1.2.3", "v1.2.3-rc.1", "v1.2.3_build.5"])
def test_versions_are_immutable_and_other_tags_are_not(repository: Repository, tag: str) -> None:
    publish(repository, tag, count=2)
    with pytest.raises(FloeError, match="does not move it"):
        publish(repository, tag, count=2, mark="changed")
    for free in ("latest", "v1", "sha256-" + "0" * 64, "sha256-" + "0" * 64 + ".sig"):
        publish(repository, free, count=2)
        publish(repository, free, count=2, mark="changed")


def test_nothing_is_created_by_reading(root: Path, repository: Repository) -> None:
    assert repository.resolve("v1.0.0") is None
    assert repository.referrers("sha256:" + "0" * 64) == []
    with pytest.raises(NotFound):
        repository.tags()
    assert not root.exists()


def test_a_layout_is_read_without_being_written(root: Path, repository: Repository) -> None:
    published = publish(repository, "v1.0.0")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    reader = Repository(repository.reference)
    reader.blobs(reader.manifest("v1.0.0").layers)
    reader.referrers(published.digest)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_folder_with_other_files_is_not_taken_over(root: Path, repository: Repository) -> None:
    root.mkdir()
    (root / "thesis.doc").write_text("precious")
    with pytest.raises(ConfigurationError, match="not an OCI layout"):
        publish(repository, "v1.0.0")
    assert [path.name for path in root.iterdir()] == ["thesis.doc"]


def test_what_cannot_be_looked_at_is_no_empty_layout(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ConfigurationError, match="cannot be looked at"):
        Repository(Reference.parse(f"oci-layout:{loop}")).tags()


@pytest.mark.parametrize("target", ["/dev/zero", "nowhere", "."])
def test_a_layout_whose_mark_is_no_file_is_no_empty_layout(
    root: Path, repository: Repository, target: str
) -> None:
    publish(repository, "v1.0.0")
    (root / "oci-layout").unlink()
    (root / "oci-layout").symlink_to(target)
    with pytest.raises(ConfigurationError, match="oci-layout"):
        repository.tags()


def test_a_layout_of_a_later_version_is_not_touched(root: Path, repository: Repository) -> None:
    root.mkdir()
    (root / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(ConfigurationError, match="unknown version"):
        repository.tags()
    with pytest.raises(ConfigurationError, match="unknown version"):
        publish(repository, "v1.0.0")


def test_an_altered_blob_is_noticed(root: Path, repository: Repository) -> None:
    published = publish(repository, "v1.0.0")
    layer = published.layers[0]
    blob = root / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")
    blob.write_bytes(b"x" * layer.size)
    with pytest.raises(ContentMismatch):
        repository.blob(layer, layer.size)


def test_a_torn_blob_is_mended_by_publishing_again(root: Path, repository: Repository) -> None:
    published = publish(repository, "v1.0.0")
    layer = published.layers[0]
    blob = root / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")
    blob.write_bytes(b"x")
    with pytest.raises(ContentMismatch):
        repository.blob(layer, layer.size)
    publish(repository, "v1.0.0")
    assert sha256_digest(repository.blob(layer, layer.size)) == layer.digest


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"manifests": 3}', '{"manifests": ["x"]}', '{"manifests": [{}]}']
)
def test_a_damaged_index_is_an_error_and_never_an_empty_layout(
    root: Path, repository: Repository, content: str
) -> None:
    publish(repository, "v1.0.0")
    (root / "index.json").write_text(content)
    (root / ".index.json").unlink()  # floe's own copy, which would be read instead
    for ask in (repository.tags, lambda: repository.resolve("v1.0.0"), lambda: publish(repository, "v2.0.0")):
        with pytest.raises((IntegrityError, RegistryError)):
            ask()
    assert (root / "index.json").read_text() == content


def test_a_missing_manifest_is_damage_and_not_an_absent_tag(root: Path, repository: Repository) -> None:
    published = publish(repository, "v1.0.0")
    (root / "blobs" / "sha256" / published.digest.removeprefix("sha256:")).unlink()
    with pytest.raises(ContentMismatch, match="lacks a manifest"):
        repository.resolve("v1.0.0")


def test_a_path_is_no_tag_and_no_digest(root: Path, repository: Repository) -> None:
    publish(repository, "v1.0.0")
    for ref in ("../../etc/passwd", "sha256:../../../x", "a/b", "", "a%2fb"):
        with pytest.raises(RegistryError):
            repository.resolve(ref)


def test_deleting_a_tag_keeps_what_it_named(repository: Repository) -> None:
    published = publish(repository, "v1.0.0")
    repository.delete_tag("v1.0.0")
    assert repository.tags() == []
    assert repository.resolve("v1.0.0") is None
    assert repository.manifest(published.digest).raw == published.raw


def test_referrers_of_deleted_and_of_moved_tags_stay(repository: Repository) -> None:
    subject = publish(repository, "v1.0.0").descriptor
    blob = repository.push_blob(b"signature", FILE_TYPE)
    first = repository.attach(manifest_of([blob], subject), subject)
    second = repository.attach(manifest_of([blob], subject, annotations={"n": "2"}), subject.digest)
    repository.delete_tag("v1.0.0")
    found = Repository(repository.reference).referrers(subject.digest)
    assert {one.digest for one in found} == {first.digest, second.digest}
    assert {one.annotations.get("n") for one in found} == {None, "2"}


def test_a_layout_written_by_others_may_leave_types_out(root: Path, repository: Repository) -> None:
    publish(repository, "v1.0.0")
    raw = json.dumps({"schemaVersion": 2, "config": Descriptor.of(b"", FILE_TYPE).document(), "layers": []})
    digest = sha256_digest(raw.encode())
    (root / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_text(raw)
    assert repository.manifest(digest).media_type == OCI_MANIFEST


# Other tools


@pytest.mark.interop
def test_oras_reads_what_we_write(
    root: Path, repository: Repository, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")
    titled = [
        Descriptor(d.media_type, d.digest, d.size, {"org.opencontainers.image.title": f"policies/{n}.json"})
        for n, d in enumerate(repository.push_blobs(files()))
    ]
    raw = manifest_of(titled)
    repository.push_manifest(raw)
    subject = repository.push_manifest(raw, tag="v1.0.0")
    referrer = repository.attach(manifest_of([titled[0]], subject), subject)

    def run(*arguments: str) -> str:
        return subprocess.run([oras, *arguments], capture_output=True, text=True, check=True).stdout

    assert run("repo", "tags", "--oci-layout", str(root)).split() == ["v1.0.0"]
    assert run("manifest", "fetch", "--oci-layout", f"{root}:v1.0.0").encode() == raw
    assert referrer.digest in run("discover", "--oci-layout", f"{root}:v1.0.0")
    run("pull", "--oci-layout", f"{root}:v1.0.0", "--output", str(tmp_path / "pulled"))
    assert (tmp_path / "pulled" / "policies" / "3.json").read_bytes() == files()[3][0]


@pytest.mark.interop
def test_we_read_and_continue_what_oras_writes(
    root: Path, repository: Repository, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")
    (tmp_path / "a.txt").write_text("from oras")

    def run(*arguments: str) -> None:
        subprocess.run([oras, *arguments], cwd=tmp_path, capture_output=True, check=True)

    run("push", "--oci-layout", f"{root}:v1.0.0", "a.txt", "--artifact-type", "application/vnd.x")
    run("attach", "--oci-layout", f"{root}:v1.0.0", "a.txt", "--artifact-type", "application/vnd.y")
    manifest = repository.manifest("v1.0.0")
    assert manifest.artifact_type == "application/vnd.x"
    assert repository.blobs(manifest.layers) == [b"from oras"]
    (referrer,) = repository.referrers(manifest.digest)
    assert referrer.artifact_type == "application/vnd.y"
    publish(repository, "v2.0.0")
    assert repository.tags() == ["v1.0.0", "v2.0.0"]
    assert repository.referrers(manifest.digest) == [referrer]


@pytest.mark.interop
def test_promoting_a_layout_to_a_registry_keeps_the_digest(
    root: Path,
    repository: Repository,
    docker_registry: DockerRegistry,
    require_binary: Callable[[str], str],
) -> None:
    oras = require_binary("oras")
    published = publish(repository, "v1.0.0")
    name = f"{docker_registry.host}/team/platform:v1.0.0"
    copy = [oras, "cp", "--from-oci-layout", f"{root}:v1.0.0", "--to-plain-http", name]
    subprocess.run(copy, capture_output=True, check=True)
    assert Repository(docker_registry.reference()).manifest("v1.0.0").digest == published.digest
