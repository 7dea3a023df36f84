"""What a pull accepts, what it locks, and what it serves: tags, versions, names, cache, processes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.artifact.paths import FILES
from floe_engine.distribution.pull import PullOptions, load_locked, load_or_pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.errors import (
    CacheCorrupt,
    ConfigurationError,
    IntegrityError,
    LockMismatch,
    NotFound,
    Refused,
    Untrusted,
    UsageError,
)
from tests.teams import DataTeam, PlatformTeam, manifest

FLOE = Path(sys.executable).with_name("floe")


# --- tags and versions -------------------------------------------------------------------------


def test_an_old_version_under_a_new_tag_is_refused(platform: PlatformTeam, data: DataTeam, key: Path) -> None:
    platform.publish("1.0.0", key=key)
    platform.retag("v1.0.0", "v2.0.0")
    with pytest.raises(IntegrityError, match="disagree about the version"):
        data.pull("v2.0.0")
    with pytest.raises(IntegrityError, match="disagree about the version"):
        data.pull("v*")  # a range resolves to the liar and is refused, not served something else
    assert not data.workspace.store.lock_path.exists()


def test_a_tag_that_moved_is_refused_until_forced(platform: PlatformTeam, data: DataTeam, key: Path) -> None:
    platform.publish(key=key)
    before = data.pull("v1.0.0").lock.digest
    shutil.rmtree(Path(platform.registry.removeprefix("oci-layout:")))
    platform.publish(key=key, text=manifest(coverage=90))
    with pytest.raises(LockMismatch, match="has moved") as refused:
        data.pull("v1.0.0")
    assert refused.value.exit_code == 5
    assert before in refused.value.message and "--force" in refused.value.hint
    assert data.workspace.store.read_lock().digest == before
    assert data.pull("v1.0.0", force=True).lock.digest != before
    assert data.pull("v1.0.0").changed is False


def test_a_tag_that_moved_to_somebody_else_s_content_stays_refused_when_forced(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    platform.publish(key=key)
    data.pull("v1.0.0")
    shutil.rmtree(Path(platform.registry.removeprefix("oci-layout:")))
    platform.publish(key=other_key, text=manifest(coverage=90))
    with pytest.raises(Untrusted):
        data.pull("v1.0.0", force=True)


def test_a_locked_version_that_left_the_registry_is_named(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish()
    data.pull("v1.0.0")
    platform.repository.delete_tag("v1.0.0")
    with pytest.raises(NotFound, match="no longer in the registry"):
        data.pull("v1.0.0")


def test_a_lower_version_needs_permission(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    data.pull("v1.1.0")
    with pytest.raises(Refused, match="lower version") as refused:
        data.pull("v1.0.0")
    assert refused.value.exit_code == 1 and "--allow-downgrade" in refused.value.hint
    with pytest.raises(Refused):
        data.pull("v1.0.0", force=True)
    assert data.pull("v1.0.0", allow_downgrade=True).lock.tag == "v1.0.0"


def test_a_digest_is_no_way_around_a_downgrade(platform: PlatformTeam, data: DataTeam) -> None:
    older = platform.publish("1.0.0").digest
    platform.publish("1.1.0")
    data.pull("v1.1.0")
    with pytest.raises(Refused, match="lower version"):
        data.pull(older)
    assert data.pull(older, allow_downgrade=True).lock.tag == "v1.0.0"


def test_another_platform_in_the_same_place_is_refused(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    data.pull("v1.0.0")
    shutil.rmtree(Path(platform.registry.removeprefix("oci-layout:")))
    platform.publish("2.0.0", text=manifest("2.0.0", name="umbrella"))
    with pytest.raises(LockMismatch, match="another platform"):
        data.pull("v2.0.0")


def test_a_range_is_resolved_once_and_then_locked(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.0.1")
    platform.publish("1.1.0")
    data.pin("v1.0.*")
    lock = data.pull_pinned().lock
    assert (lock.tag, lock.constraint) == ("v1.0.1", "v1.0.*")
    platform.publish("1.0.2", text=manifest("1.0.2"))
    assert data.pull_pinned().lock.tag == "v1.0.1"
    assert data.pull_pinned(force=True).lock.tag == "v1.0.2"
    with pytest.raises(NotFound, match="no version satisfies") as nothing:
        data.pull("v3.*.*")
    assert "v1.1.0" in nothing.value.message


def test_a_prerelease_is_taken_only_when_named(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0-rc.1")
    assert data.pull("v1.*.*").lock.tag == "v1.0.0"
    assert data.pull("v1.1.0-rc.1").lock.tag == "v1.1.0-rc.1"


def test_a_digest_is_a_pin_of_its_own(platform: PlatformTeam, data: DataTeam) -> None:
    digest = platform.publish("1.0.0").digest
    platform.publish("1.1.0")
    lock = data.pull(digest).lock
    assert (lock.constraint, lock.digest, lock.tag) == (digest, digest, "v1.0.0")
    assert data.pull(digest).changed is False


def test_one_version_under_two_spellings_with_two_contents_is_refused(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path
) -> None:
    platform.publish("1.2.3")
    other = PlatformTeam(tmp_path / "other", f"oci-layout:{tmp_path / 'registry' / 'other'}")
    other.publish("1.2.3", text=manifest("1.2.3", coverage=95))
    there = platform.repository
    foreign = other.repository.manifest("v1.2.3")
    there.push_blobs(
        [(other.repository.blob(layer, layer.size), layer.media_type) for layer in foreign.layers]
    )
    there.push_manifest(foreign.raw, IMAGE_MANIFEST, tag="1.2.3")
    with pytest.raises(LockMismatch, match="two contents"):
        data.pull("v1.2.*")
    assert data.pull("v1.2.3").lock.digest == platform.repository.resolve("v1.2.3").digest


def test_the_same_content_under_both_spellings_is_no_conflict(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.2.3")
    platform.retag("v1.2.3", "1.2.3")
    assert data.pull("v1.2.*").platform.version == "1.2.3"


# --- lock and cache ----------------------------------------------------------------------------


def test_the_lock_has_everything_that_a_later_check_needs(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    published = platform.publish(key=key)
    lock = data.pull("v1.0.0").lock
    assert (lock.reference, lock.constraint, lock.tag) == (platform.registry, "v1.0.0", "v1.0.0")
    assert lock.digest == published.digest
    assert set(lock.files) == set(FILES)
    assert (lock.name, lock.version) == ("acme", "1.0.0")
    assert "BEGIN PUBLIC KEY" in lock.signer.public_key
    assert data.workspace.store.read_lock() == lock


@pytest.mark.parametrize("damage", ["altered", "torn", "removed", "emptied directory", "whole cache"])
def test_a_damaged_cache_is_fetched_again_by_the_locked_digest(
    platform: PlatformTeam, data: DataTeam, damage: str
) -> None:
    platform.publish()
    pulled = data.pull("v1.0.0")
    before = data.lock
    _damage(pulled.directory, damage)
    with pytest.raises(CacheCorrupt):
        load_locked(data.workspace)
    again = data.pull("v1.0.0")
    assert again.artifact == pulled.artifact
    assert load_locked(data.workspace).artifact == pulled.artifact
    assert data.lock == before


@pytest.mark.parametrize("damage", ["altered", "torn", "removed"])
def test_a_damaged_cache_is_never_served_offline(platform: PlatformTeam, data: DataTeam, damage: str) -> None:
    platform.publish()
    data.pin("v1.0.0")
    pulled = data.pull_pinned()
    assert data.pull_pinned(offline=True).changed is False
    _damage(pulled.directory, damage)
    with pytest.raises(CacheCorrupt) as refused:
        data.pull_pinned(offline=True)
    assert refused.value.exit_code == 5


def test_a_damaged_registry_is_never_served(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish()
    layout = Path(platform.registry.removeprefix("oci-layout:"))
    for blob in (layout / "blobs/sha256").iterdir():
        if b'"QualityGates"' in blob.read_bytes():
            blob.write_bytes(blob.read_bytes().replace(b"80", b"10"))
    with pytest.raises(IntegrityError):
        data.pull("v1.0.0")
    assert not data.workspace.store.lock_path.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"lockVersion": 99, "platform": {}}', '{"lockVersion": 1, "lockVersion": 1}']
)
def test_a_damaged_lock_is_refused_with_what_to_do(platform: PlatformTeam, data: DataTeam, text: str) -> None:
    platform.publish()
    data.pull("v1.0.0")
    data.workspace.store.lock_path.write_text(text)
    with pytest.raises(CacheCorrupt, match="lock file cannot be read") as refused:
        data.pull("v1.0.0")
    assert "git" in refused.value.hint


def test_a_lock_names_no_folder_outside_of_the_cache(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish()
    data.pull("v1.0.0")
    path = data.workspace.store.lock_path
    path.write_text(path.read_text().replace('"tag": "v1.0.0"', '"tag": "../../elsewhere"'))
    with pytest.raises(ConfigurationError, match="a tag that is no version"):
        load_locked(data.workspace)


def test_clearing_the_cache_keeps_the_lock_and_the_next_pull_restores_it(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish()
    data.pull("v1.0.0")
    before = data.lock
    assert data.workspace.store.clear() == ("v1.0.0",)
    assert data.lock == before
    with pytest.raises(CacheCorrupt, match=r"v1\.0\.0 is not in the cache"):
        load_locked(data.workspace)
    assert data.pull("v1.0.0").changed is True
    assert data.lock == before


def test_frozen_takes_what_is_locked_and_refuses_everything_else(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.0.1")
    data.pin("v1.0.0")
    with pytest.raises(LockMismatch, match="does not cover"):
        data.pull_pinned(frozen=True)
    data.pull_pinned()
    before = data.lock
    assert data.pull_pinned(frozen=True).changed is False
    data.workspace.store.clear()
    assert data.pull_pinned(frozen=True).changed is True  # the cache may be filled, the lock not changed
    data.pin("v1.0.1")
    with pytest.raises(LockMismatch) as refused:
        data.pull_pinned(frozen=True)
    assert refused.value.exit_code == 5
    assert data.lock == before


def test_a_project_that_was_cloned_with_its_lock_gets_exactly_the_locked_content(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0")
    data.pin("v1.*.*")
    digest = data.pull_pinned().lock.digest
    platform.publish("1.1.0")
    clone = DataTeam(tmp_path / "clone", data.registry)
    clone.pin("v1.*.*")
    lock = clone.workspace.store.lock_path
    lock.parent.mkdir(parents=True)
    lock.write_text(data.lock)
    assert clone.pull_pinned().lock.digest == digest


def test_offline_without_a_cache_says_so(data: DataTeam) -> None:
    data.registry = "oci://registry.test/platform"
    data.pin("v1.0.0")
    with pytest.raises(UsageError, match="offline"):
        data.pull_pinned(offline=True)


def test_what_git_keeps_is_the_lock_alone(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish()
    data.pull("v1.0.0")
    subprocess.run(["git", "init", "-q"], cwd=data.directory, check=True)
    subprocess.run(["git", "add", "."], cwd=data.directory, check=True)
    kept = subprocess.run(
        ["git", "ls-files"], cwd=data.directory, check=True, capture_output=True, text=True
    ).stdout.split()
    assert kept == [".floe/.gitignore", ".floe/cache/artifacts.lock"]


# --- processes ---------------------------------------------------------------------------------


def test_two_processes_that_pull_at_once_both_succeed(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    data.pin("v1.0.0")
    command = [str(FLOE), "platform", "pull", "--force"]
    running = [
        subprocess.Popen(command, cwd=data.directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert load_locked(data.workspace).platform.version == "1.0.0"
    assert data.workspace.store.cached_tags() == ("v1.0.0",)
    assert [path.name for path in (data.directory / ".floe/platform").iterdir()] == ["v1.0.0"]


@pytest.mark.parametrize("delay", [0.25, 0.4, 0.5, 0.6])
def test_a_pull_that_is_killed_leaves_the_old_version_or_the_new(
    platform: PlatformTeam, data: DataTeam, delay: float
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    data.pin("v1.0.0")
    data.pull_pinned()
    data.pin("v1.1.0")
    process = subprocess.Popen(
        [str(FLOE), "platform", "pull"],
        cwd=data.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(delay)  # not synchronisation: any moment will do
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert load_locked(data.workspace).platform.version in ("1.0.0", "1.1.0")
    data.pull_pinned()
    assert load_locked(data.workspace).platform.version == "1.1.0"
    assert all(not path.name.startswith(".") for path in (data.directory / ".floe/platform").iterdir())


def test_compiling_asks_nobody_when_lock_and_cache_agree(platform: PlatformTeam, data: DataTeam) -> None:
    from floe_engine.project.spec_file import load_spec

    platform.publish()
    data.pin("v1.0.0")
    data.pull_pinned()
    shutil.rmtree(Path(platform.registry.removeprefix("oci-layout:")))
    spec = load_spec(data.workspace.spec_path)
    wanted = VersionRequest.demanded(spec, data.workspace)
    assert load_or_pull(data.workspace, wanted, options=PullOptions(spec=spec)).changed is False


def _damage(directory: Path, how: str) -> None:
    file = directory / FILES[2]
    if how == "altered":
        file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))
    elif how == "torn":
        file.write_bytes(file.read_bytes()[:-20])
    elif how == "removed":
        file.unlink()
    elif how == "emptied directory":
        shutil.rmtree(directory)
        directory.mkdir()
    else:
        shutil.rmtree(directory.parent)
