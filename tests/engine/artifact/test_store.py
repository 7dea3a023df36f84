"""``.floe/``: whole or absent, checked on use, and safe between processes."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from msgspec.structs import replace

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import FILES
from floe_engine.errors import CacheCorrupt
from floe_engine.files import sha256_digest
from floe_engine.store import Lock, LockedFile, LockedSigner, Store

PEM = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
ARTIFACT = Artifact({path: json.dumps({"file": path}).encode() for path in FILES})


def lock_of(artifact: Artifact, tag: str = "v1.2.3") -> Lock:
    return Lock(
        reference="oci://registry.example.com/floe-platform",
        constraint=tag,
        tag=tag,
        digest=f"sha256:{'a' * 64}",
        files={path: LockedFile(sha256_digest(data), len(data)) for path, data in artifact.files.items()},
        pulled_at="2026-01-02T03:04:05Z",
        signer=LockedSigner(fingerprint=f"sha256:{'f' * 64}", public_key=PEM, first_use=True),
        trusted_keys=(PEM,),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".floe")


def test_a_saved_artifact_is_loaded_back_by_its_lock(store: Store) -> None:
    directory = store.save("v1.2.3", ARTIFACT)
    assert directory == store.root / "platform" / "v1.2.3"
    assert store.load(lock_of(ARTIFACT)) == ARTIFACT
    assert store.cached_tags() == ("v1.2.3",)


@pytest.mark.parametrize("path", FILES)
def test_an_altered_file_is_noticed_on_use(store: Store, path: str) -> None:
    store.save("v1.2.3", ARTIFACT)
    file = store.directory("v1.2.3") / path
    file.write_bytes(file.read_bytes().replace(b"file", b"fake"))
    with pytest.raises(CacheCorrupt, match="damaged") as caught:
        store.load(lock_of(ARTIFACT))
    assert caught.value.where == str(file)
    assert "pull --force" in caught.value.hint


def test_a_torn_or_missing_file_is_noticed_on_use(store: Store) -> None:
    store.save("v1.2.3", ARTIFACT)
    file = store.directory("v1.2.3") / FILES[2]
    file.write_bytes(b"")
    with pytest.raises(CacheCorrupt):
        store.load(lock_of(ARTIFACT))
    file.unlink()
    with pytest.raises(CacheCorrupt):
        store.load(lock_of(ARTIFACT))


def test_the_lock_reads_back_as_it_was_written(store: Store) -> None:
    lock = lock_of(ARTIFACT)
    store.write_lock(lock)
    assert store.read_lock() == lock
    assert json.loads(store.lock_path.read_text())["platform"]["tag"] == "v1.2.3"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"lockVersion": 99}',
        b'{"lockVersion": 1, "platform": {}}',
        b'{"lockVersion": 1, "lockVersion": 1}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_lock_is_refused_with_the_way_out(store: Store, damage: bytes) -> None:
    store.write_lock(lock_of(ARTIFACT))
    store.lock_path.write_bytes(damage)
    with pytest.raises(CacheCorrupt, match="lock file") as caught:
        store.read_lock()
    assert caught.value.hint


def test_a_lock_that_lists_other_files_is_refused(store: Store) -> None:
    lock = lock_of(ARTIFACT)
    store.write_lock(replace(lock, files={**lock.files, "../../etc/passwd": LockedFile("sha256:0", 0)}))
    with pytest.raises(CacheCorrupt):
        store.read_lock()


def test_clearing_the_cache_keeps_the_lock(store: Store) -> None:
    store.save("v1.2.3", ARTIFACT)
    store.write_lock(lock_of(ARTIFACT))
    assert store.clear() == ("v1.2.3",)
    assert not (store.root / "platform").exists()
    assert store.read_lock() is not None
    assert store.clear() == ()


def test_only_the_lock_is_left_to_git(store: Store) -> None:
    store.write_lock(lock_of(ARTIFACT))
    rules = (store.root / ".gitignore").read_text().splitlines()
    assert rules[1:] == ["*", "!.gitignore", "!cache/", "!cache/artifacts.lock"]


def test_saving_sweeps_what_a_killed_process_left(store: Store) -> None:
    stale = store.root / "platform" / ".floe-00000000deadbeef.tmp" / "new"
    stale.mkdir(parents=True)
    store.save("v1.2.3", ARTIFACT)
    assert not stale.exists()
    assert store.cached_tags() == ("v1.2.3",)


def _save_often(root: str, seed: int) -> None:
    store = Store(Path(root))
    for turn in range(20):
        artifact = Artifact({path: f"{seed} {turn} {path}".encode() for path in FILES})
        with store.exclusive():
            store.save("v1.2.3", artifact)
            store.write_lock(lock_of(artifact))


def test_two_processes_that_pull_at_once_leave_a_whole_artifact(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_save_often, args=(str(store.root), seed)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    lock = store.read_lock()
    assert lock is not None
    assert len(store.load(lock).files) == len(FILES)


def test_a_build_that_changes_nothing_is_told_from_one_that_does(store: Store) -> None:
    assert store.save_built(ARTIFACT)
    assert not store.save_built(ARTIFACT)
    assert store.load_built() == ARTIFACT
    (store.artifacts / FILES[0]).unlink()
    assert store.load_built() is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("platform", 7),
        ("platform.signer.fingerprint", 7),
        ("platform.signer.public_key", None),
        ("platform.signer.first_use", "yes"),
        ("platform.signer", {}),
        ("platform.signer", "ada"),
        ("platform.digest", "sha256:0"),
        ("platform.files.manifest.json.digest", "sha256:0"),
        ("platform.files.manifest.json.size", "7"),
        ("platform.files.manifest.json.size", True),
        ("platform.files.manifest.json.size", 1e3),
        ("platform.files", []),
        ("platform.files", {}),
        ("platform.require_signed", 0),
        ("platform.trusted_keys", "PEM"),
        ("platform.trusted_keys", [7]),
        ("platform.rotations", {}),
        ("platform.tag", 7),
        ("lockVersion", None),
        ("lockVersion", "1"),
        ("lockVersion", 2),
    ],
)
def test_a_lock_that_says_something_of_another_kind_is_no_lock(
    store: Store, place: str, value: object
) -> None:
    document = json.loads(lock_of(ARTIFACT).to_json())
    *parents, last = place.replace("manifest.json", "manifest json").split(".")
    holder = document
    for key in parents:
        holder = holder[key.replace(" ", ".")]
    holder[last.replace(" ", ".")] = value
    store.files.write("cache/artifacts.lock", json.dumps(document).encode())
    with pytest.raises(CacheCorrupt, match="lock file cannot be read"):
        store.read_lock()


def test_a_lock_is_read_as_it_was_written(store: Store) -> None:
    for lock in (
        lock_of(ARTIFACT),
        replace(
            lock_of(ARTIFACT),
            signer=None,
            rotations=("v1.0.0@sha256:0000000000000000000000000000000000000000000000000000000000000000",),
        ),
    ):
        store.write_lock(lock)
        assert store.read_lock() == lock
