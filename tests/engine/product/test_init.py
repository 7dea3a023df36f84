"""A project pinned: what init writes, and what it refuses to do twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, NotFound, Untrusted, UsageError
from floe_engine.product.init_project import init_project
from floe_engine.project.spec_file import load_spec
from tests.teams import DataTeam, PlatformTeam


def test_init_pins_what_was_asked_for_and_writes_the_lock(platform: PlatformTeam, data: DataTeam) -> None:
    published = platform.publish("1.0.0")
    done = data.init("v1.0.*")
    assert done.created == ("floe.yaml", ".floe/platform/v1.0.0/")
    assert load_spec(done.spec_path).platform.ref == f"{platform.registry}:v1.0.*"
    assert done.lock.digest == published.digest


def test_init_again_with_the_same_pin_changes_nothing(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    data.init("v1.0.0")
    before = {path: path.read_bytes() for path in data.directory.rglob("*") if path.is_file()}
    again = data.init("v1.0.0")
    assert again.created == ()
    assert {path: path.read_bytes() for path in data.directory.rglob("*") if path.is_file()} == before


def test_init_with_another_pin_is_an_upgrade_and_refused(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    data.init("v1.0.0")
    before = (data.directory / "floe.yaml").read_bytes()
    with pytest.raises(UsageError, match="pinned already") as refused:
        data.init("v1.1.0")
    assert "upgrade" in refused.value.hint
    assert (data.directory / "floe.yaml").read_bytes() == before


def test_init_keeps_a_floe_yaml_that_somebody_wrote(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    data.pin("v1.0.0", "first_use: accept")
    before = (data.directory / "floe.yaml").read_text()
    assert data.init("v1.0.0").created == (".floe/platform/v1.0.0/",)
    assert (data.directory / "floe.yaml").read_text() == before


def test_a_version_that_is_not_there_leaves_nothing_behind(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    with pytest.raises(NotFound):
        data.init("v9.9.9")
    assert not (data.directory / "floe.yaml").exists()
    assert not data.workspace.store.lock_path.exists()


def test_a_digest_can_be_pinned(platform: PlatformTeam, data: DataTeam) -> None:
    digest = platform.publish("1.0.0").digest
    done = data.init(digest)
    assert load_spec(done.spec_path).platform.ref == f"{platform.registry}@{digest}"
    assert data.init(digest).created == ()


def test_a_layout_inside_the_project_is_pinned_by_its_relative_path(tmp_path: Path) -> None:
    platform = PlatformTeam(tmp_path / "product/platform", f"oci-layout:{tmp_path}/product/registry")
    platform.publish("1.0.0")
    data = DataTeam(tmp_path / "product", platform.registry)
    assert load_spec(data.init("v1.0.0").spec_path).platform.ref == "oci-layout:registry:v1.0.0"
    moved = tmp_path / "moved"
    (tmp_path / "product").rename(moved)
    assert DataTeam(moved, "").pull_pinned(offline=True).platform.version == "1.0.0"


def test_a_project_pinned_to_a_folder_of_one_machine_is_warned(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    data.init("v1.0.0")
    assert "folder of this machine" in data.heard.warnings


@pytest.mark.parametrize("name", ["customer_analytics", "x" * 60])
def test_the_product_is_named_after_its_dbt_project(
    platform: PlatformTeam, data: DataTeam, name: str
) -> None:
    platform.publish("1.0.0")
    data.directory.mkdir()
    (data.directory / "dbt_project.yml").write_text(f"name: {name}\n")
    assert load_spec(data.init("v1.0.0").spec_path).metadata.name == name


def test_a_floe_yaml_that_is_no_good_is_said_before_anything_is_asked(
    platform: PlatformTeam, data: DataTeam
) -> None:
    data.pin("v1.0.0", "trusted_kees: []")
    with pytest.raises(ConfigurationError) as refused:
        data.init("v1.0.0")
    assert "trusted_keys" in refused.value.diagnostics[0].message


def test_keys_that_init_was_told_to_trust_stand_in_floe_yaml(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    workspace = data.workspace
    (data.directory / "team.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    done = init_project(workspace, f"{platform.registry}:v1.0.0", trusted_keys=["team.pub"])
    assert load_spec(done.spec_path).platform.trusted_keys == ("team.pub",)
    assert done.lock.signer is not None
    assert not done.lock.signer.first_use


def test_a_trusted_key_on_the_command_line_is_never_ignored(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    wrong = [str(other_key.with_suffix(".pub"))]
    with pytest.raises(Untrusted):
        init_project(data.workspace, "v1.0.0", trusted_keys=wrong)
    data.init("v1.0.0")
    with pytest.raises(UsageError, match="says itself whom it trusts"):
        init_project(data.workspace, "v1.0.0", trusted_keys=wrong)
