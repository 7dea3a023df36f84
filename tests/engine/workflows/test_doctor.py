"""A folder registry, a store and a lock that came to harm: told with the way out, and the way leads out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.errors import ContentMismatch
from tests.cli import Ran, floe, ok
from tests.engine.upgrade.projects import GOOD, write_project
from tests.engine.workflows.teams import DataTeam, PlatformTeam, manifest

Damage = Callable[[Path], None]

DAMAGES: dict[str, Damage] = {
    "removed": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-3] + b"xyz"),
}


def layout(platform: PlatformTeam) -> Path:
    return Path(platform.registry.removeprefix("oci-layout:"))


def blobs(platform: PlatformTeam) -> list[Path]:
    return sorted((layout(platform) / "blobs" / "sha256").iterdir())


def doctor(directory: Path, *more: str) -> Ran:
    return floe(directory, "platform", "doctor", "-o", "json", *more)


def check(ran: Ran, name: str) -> dict[str, object]:
    return next(entry for entry in ran.json["checks"] if entry["name"] == name)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_publishing_again_restores_what_a_folder_has_lost(
    platform: PlatformTeam, data: DataTeam, damage: Damage
) -> None:
    platform.publish("1.0.0")
    whole = {path: path.read_bytes() for path in blobs(platform)}
    for path, content in list(whole.items())[::3]:
        damage(path)
        with pytest.raises(ContentMismatch) as caught:
            data.pull("v1.0.0")
        assert "publish the version again" in caught.value.hint or "restore" in caught.value.hint
        assert platform.publish("1.0.0").state == "unchanged"
        assert path.read_bytes() == content
        assert not list(layout(platform).rglob("*.tmp"))
    data.pull("v1.0.0")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"manifests": [{"digest": 1}]}'])
def test_a_damaged_index_is_read_from_floes_copy_and_written_anew(
    platform: PlatformTeam, data: DataTeam, text: str
) -> None:
    platform.publish("1.0.0")
    index = layout(platform) / "index.json"
    whole = index.read_bytes()
    index.write_text(text)
    data.pull("v1.0.0")
    platform.publish("1.1.0")
    assert json.loads(index.read_bytes())["manifests"][0] == json.loads(whole)["manifests"][0]


def test_an_index_without_a_copy_is_rebuilt_by_the_doctor_and_tagged_by_publishing(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    root = layout(platform)
    (root / "index.json").write_text("")
    (root / ".index.json").unlink()
    registry = ["--registry", platform.registry]
    with pytest.raises(ContentMismatch) as caught:
        data.pull("v1.0.0")
    assert f"doctor --repair --registry {platform.registry}" in caught.value.hint
    looked = doctor(data.directory, *registry)
    assert looked.code == 5
    assert check(looked, "layout")["status"] == "failed"
    mended = doctor(data.directory, "--repair", *registry)
    assert mended.code == 0, mended.out
    assert "without their tags" in str(check(mended, "layout")["detail"])
    platform.publish("1.0.0")  # as it says
    data.pull("v1.0.0")
    assert doctor(data.directory, *registry).code == 0


def test_the_doctor_names_what_is_wrong_and_every_hint_works(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0", text=manifest("1.0.0", coverage=50))
    write_project(data.directory, {"bronze_a": GOOD})
    data.pin("v1.0.0")
    first = doctor(data.directory)
    assert (first.code, check(first, "lock")["status"]) == (0, "warning")
    ok(floe(data.directory, "platform", "pull"))
    assert check(doctor(data.directory), "lock")["status"] == "ok"
    cached = data.workspace.store.directory("v1.0.0") / "manifest.json"
    cached.write_text("{}")
    torn = doctor(data.directory)
    assert (torn.code, check(torn, "store")["status"]) == (5, "failed")
    assert "floe platform pull --force" in str(check(torn, "store")["hint"])
    mended = doctor(data.directory, "--repair")
    assert (mended.code, check(mended, "store")["repaired"]) == (0, True)
    ok(floe(data.directory, "compile", "--frozen"))
    platform.publish("1.1.0", text=manifest("1.1.0", coverage=50))
    data.pin("v1.1.0")
    other = doctor(data.directory)
    assert (other.code, check(other, "lock")["status"]) == (5, "failed")
    ok(floe(data.directory, "platform", "pull"))
    assert doctor(data.directory).code == 0
    (data.directory / "floe.yaml").write_text("platform: 5\n")
    assert doctor(data.directory).code == 2


def test_the_doctor_speaks_text_too_and_asks_no_registry_offline(tmp_path: Path) -> None:
    ran = floe(tmp_path, "platform", "doctor", "--registry", "oci://127.0.0.1:1/team/platform")
    assert ran.code == 3
    assert "✗ registry" in ran.out
    quiet = floe(tmp_path, "platform", "doctor", "--offline", "--registry", "oci://127.0.0.1:1/team/platform")
    assert quiet.code == 0
    assert "was not asked" in quiet.out
