"""Versions that somebody published without a ``v``: an exact pin finds them in a real docker-registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.distribution.browse import inspect_version
from floe_engine.distribution.transfer import copy_version
from floe_engine.distribution.verify import verify_version
from floe_engine.errors import NotFound, VersionExists
from floe_engine.platform.compare import compare
from floe_engine.product.upgrade_project import plan_upgrade, take_upgrade
from tests.engine.upgrade.projects import GOOD, write_project
from tests.registries import DockerRegistry
from tests.teams import DataTeam, PlatformTeam, manifest

pytestmark = pytest.mark.interop


@pytest.fixture
def registry(docker_registry: DockerRegistry) -> str:
    return f"oci://{docker_registry.host}/floe-platform"


def versions(team: PlatformTeam) -> list[str]:
    """The tags that people have made, without those that floe keeps beside them."""
    return sorted(tag for tag in team.repository.tags() if not tag.startswith("sha256-"))


@pytest.fixture
def platform(tmp_path: Path, registry: str) -> PlatformTeam:
    """A team whose 1.0.0 was published without a ``v``, and 1.1.0 with one."""
    team = PlatformTeam(tmp_path / "platform", registry)
    team.publish("1.0.0")
    team.retag("v1.0.0", "1.0.0")
    team.repository.delete_tag("v1.0.0")
    team.publish("1.1.0")
    assert versions(team) == ["1.0.0", "v1.1.0"]
    return team


@pytest.fixture
def data(tmp_path: Path, platform: PlatformTeam) -> DataTeam:
    return DataTeam(tmp_path / "product", platform.registry)


@pytest.mark.parametrize("pin", ["1.0.0", "v1.0.0", "=1.0.0"])
def test_an_exact_pin_finds_the_tag_whichever_way_it_is_published(
    data: DataTeam, docker_registry: DockerRegistry, pin: str
) -> None:
    before = len(docker_registry.request_lines())
    assert data.pull(pin).lock.tag == "1.0.0"
    asked = [
        line.rpartition("/")[2] for line in docker_registry.request_lines()[before:] if "/manifests/" in line
    ]
    assert asked[:2] == ["v1.0.0", "1.0.0"]
    before = len(docker_registry.request_lines())
    assert data.pull(pin).changed is False
    assert len(docker_registry.request_lines()) - before == 1


@pytest.mark.parametrize("pin", ["1.1.0", "v1.1.0"])
def test_a_version_published_as_floe_does_costs_no_request_more(
    data: DataTeam, docker_registry: DockerRegistry, pin: str
) -> None:
    before = len(docker_registry.request_lines())
    data.pull(pin)
    asked = docker_registry.request_lines()[before:]
    assert not [line for line in asked if line.endswith("/manifests/1.1.0")]
    assert len([line for line in asked if line.endswith("/manifests/v1.1.0")]) == 1


def test_a_version_that_is_there_neither_way_is_named_as_floe_would_publish_it(data: DataTeam) -> None:
    for pin in ("9.9.9", "v9.9.9"):
        with pytest.raises(NotFound, match=r"there is no v9\.9\.9"):
            data.pull(pin)


def test_every_other_command_finds_it_too(tmp_path: Path, platform: PlatformTeam, data: DataTeam) -> None:
    workspace = platform.workspace
    assert inspect_version(workspace, "v1.0.0").reference.tag == "1.0.0"
    assert verify_version(workspace, "v1.0.0").reference.tag == "1.0.0"
    assert compare(workspace, "v1.0.0", "v1.1.0").assessment.entries == ()
    target = f"oci-layout:{tmp_path / 'copy'}"
    assert copy_version(workspace, f"{platform.registry}:v1.0.0", target).tag == "v1.0.0"


def test_a_project_moves_to_and_from_it(platform: PlatformTeam, data: DataTeam) -> None:
    write_project(data.directory, {"bronze_a": GOOD})
    data.pin("v1.0.0")
    assert data.pull_pinned().lock.tag == "1.0.0"
    take_upgrade(data.workspace, plan_upgrade(data.workspace, "1.1.0"), accept_breaking=True)
    back = take_upgrade(
        data.workspace, plan_upgrade(data.workspace, "1.0.0", allow_downgrade=True), accept_breaking=True
    )
    assert back.tag == "1.0.0"
    assert data.pull_pinned(offline=True).lock.tag == "1.0.0"


def test_a_version_that_is_there_without_its_v_is_published_already(platform: PlatformTeam) -> None:
    assert platform.publish("1.0.0").state == "unchanged"
    with pytest.raises(VersionExists, match=r"1\.0\.0 is published already, with other content"):
        platform.publish("1.0.0", text=manifest("1.0.0", coverage=95))
    assert versions(platform) == ["1.0.0", "v1.1.0"]
