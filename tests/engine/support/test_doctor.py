"""A folder registry, a store and a lock that came to harm: told with the way out, and the way leads out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.errors import ContentMismatch
from floe_engine.registry.layout_repair import examine
from floe_engine.signing.simple_signing import image_config
from tests.cli import Ran, floe, ok
from tests.engine.upgrade.projects import GOOD, write_project
from tests.teams import DataTeam, PlatformTeam, manifest

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


def test_whatever_a_folder_loses_of_a_signed_version_is_put_back_or_taken_out(
    platform: PlatformTeam, tmp_path: Path, key: Path
) -> None:
    """Every blob there is: of the version, of its signatures in both formats, of its attestations."""
    platform.publish("1.0.0", key=key)
    whole = shutil.copytree(layout(platform), tmp_path / "whole")
    published = 0
    for name in [blob.name for blob in blobs(platform)]:
        shutil.rmtree(layout(platform))
        shutil.copytree(whole, layout(platform))
        (layout(platform) / "blobs/sha256" / name).unlink()
        assert [lost.digest for lost in examine(layout(platform)).lost][:1] == [f"sha256:{name}"]
        mended = examine(layout(platform), repair=True, config_of=image_config)
        if mended.lost:
            assert {lost.of for lost in mended.lost} == {"v1.0.0"}
            assert platform.publish("1.0.0", key=key).state == "unchanged"
            published += 1
        assert examine(layout(platform)).lost == (), name
    assert published == 9  # the eight files, and the manifest that lists them


def test_a_folder_that_lost_all_signatures_is_signed_again_as_its_hints_say(
    platform: PlatformTeam, key: Path
) -> None:
    platform.publish("1.0.0")
    version = {path.name for path in blobs(platform)}
    for half in (key, key.with_suffix(".pub")):
        shutil.copy(half, platform.directory / f"cosign{half.suffix}")
    sign = ("platform", "sign", "v1.0.0", "--key", str(key), "--registry", platform.registry)
    ok(floe(platform.directory, *sign))
    for blob in blobs(platform):
        if blob.name not in version:
            blob.unlink()
    registry = ("--registry", platform.registry)
    looked = doctor(platform.directory, *registry)
    assert "doctor --repair" in str(check(looked, "layout")["hint"])
    mended = doctor(platform.directory, "--repair", *registry)
    assert (mended.code, check(mended, "layout")["status"]) == (0, "warning")
    assert "`floe platform sign VERSION` signs again" in str(check(mended, "layout")["hint"])
    assert floe(platform.directory, "platform", "verify", "v1.0.0", *registry).code == 6
    ok(floe(platform.directory, *sign))
    ok(floe(platform.directory, "platform", "verify", "v1.0.0", *registry))
    assert check(doctor(platform.directory, *registry), "layout")["status"] == "ok"


def test_a_damaged_signature_takes_nobody_elses_with_it(platform: PlatformTeam, key: Path) -> None:
    """cosign keeps all under one tag; their payloads differ where they were signed under other names."""
    platform.publish("1.0.0", key=key)
    repository = platform.repository
    tag = f"{repository.manifest('v1.0.0').digest.replace(':', '-')}.sig"
    image = repository.manifest(tag)
    foreign = repository.push_blob(b'{"critical": {}}', "application/vnd.dev.cosign.simplesigning.v1+json")
    layers = [*image.document["layers"], {**image.document["layers"][0], **foreign.document()}]
    raw = json.dumps({**image.document, "layers": layers}).encode()
    repository.push_manifest(raw, image.media_type, tag=tag)
    (layout(platform) / "blobs/sha256" / foreign.digest.removeprefix("sha256:")).unlink()
    assert doctor(platform.directory, "--repair", "--registry", platform.registry).code == 0
    kept = repository.manifest(tag).document["layers"]
    assert kept == image.document["layers"]


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
