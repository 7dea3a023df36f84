"""What else a registry has, and how far its versions are from the locked one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from floe_engine import Workspace, assess_versions, list_repositories
from floe_engine.product.assess_versions import Distance
from floe_engine.registry.reference import Reference
from tests.cli import floe, ok
from tests.registries import DockerRegistry
from tests.teams import DataTeam, PlatformTeam, fingerprint, manifest


def names(workspace: Workspace) -> list[str]:
    return [reference.repository for reference in list_repositories(workspace).known]


def test_a_docker_registry_lists_its_repositories(tmp_path: Path, docker_registry: DockerRegistry) -> None:
    for name in ("team/one", "team/two"):
        PlatformTeam(tmp_path / name, f"oci://{docker_registry.host}/{name}").publish()
    workspace = Workspace.open(tmp_path, registry=f"oci://{docker_registry.host}/team/new")
    assert names(workspace) == ["team/new", "team/one", "team/two"]
    assert list_repositories(workspace).unlisted == ""


def test_a_registry_without_a_catalog_for_us_has_the_chosen_repository(
    tmp_path: Path, start_registry: Callable[..., DockerRegistry]
) -> None:
    host = start_registry(auth="htpasswd").host
    found = list_repositories(Workspace.open(tmp_path, registry=f"oci://{host}/team/one"))
    assert [reference.repository for reference in found.known] == ["team/one"]
    assert found.unlisted


def test_a_registry_that_does_not_answer_has_what_is_known_here(tmp_path: Path) -> None:
    found = list_repositories(Workspace.open(tmp_path, registry="oci://127.0.0.1:9/team/one"))
    assert [reference.repository for reference in found.known] == ["team/one"]
    assert found.unlisted


def test_layouts_beside_each_other_are_repositories(tmp_path: Path, platform: PlatformTeam) -> None:
    platform.publish()
    PlatformTeam(tmp_path / "other", f"oci-layout:{tmp_path / 'registry' / 'other'}").publish()
    (tmp_path / "registry" / "notes").mkdir()
    assert names(platform.workspace) == ["other", "platform"]


def test_an_empty_machine_has_the_embedded_repository(tmp_path: Path) -> None:
    assert names(Workspace.open(tmp_path)) == ["floe-platform"]


def test_versions_are_measured_by_what_they_hold(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish()
    platform.publish("1.0.1")
    platform.publish(
        "2.0.0", text=manifest("2.0.0", coverage=95, more="  policy_enforcement_level: strict\n")
    )
    data.init("v1.0.0")
    heard: list[Distance] = []
    repository = Reference.parse(platform.registry)
    found = assess_versions(
        data.workspace, repository, ["v1.0.1", "v2.0.0", "v9.9.9"], on_distance=heard.append
    )
    assert [(distance.tag, distance.level) for distance in found[:2]] == [
        ("v1.0.1", "none"),
        ("v2.0.0", "major"),
    ]
    assert found[1].breaking > 0
    assert "v9.9.9" in found[2].problem
    assert set(heard) == set(found)


def test_without_a_lock_there_is_nothing_to_measure_from(platform: PlatformTeam) -> None:
    platform.publish()
    repository = Reference.parse(platform.registry)
    assert assess_versions(platform.workspace, repository, ["v1.0.0"]) == ()


def test_a_list_for_a_constraint_is_what_it_admits_with_who_signed_it(
    platform: PlatformTeam, key: Path
) -> None:
    for version in ("1.0.0", "1.0.1", "1.1.0"):
        platform.publish(version, key=key)
    (platform.directory / "trusted.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    trusted = manifest("1.1.0", more="security: {trusted_keys: [trusted.pub]}\n")
    (platform.directory / "manifest.yaml").write_text(trusted)
    ran = ok(floe(platform.directory, "platform", "list", "v1.0.*", "--registry", platform.registry))
    rows = [line for line in ran.out.splitlines() if line[2:].startswith("v1")]
    assert [row.split()[:2] for row in rows] == [["→", "v1.0.1"], ["v1.0.0", rows[1].split()[1]]]
    for row in rows:
        assert fingerprint(key) in row and "verified" in row
    assert ran.out.splitlines()[-2:] == ["v1.0.* resolves to v1.0.1", "2 of 3 versions satisfy it"]
    document = ok(
        floe(platform.directory, "platform", "list", "~1.0", "-o", "json", "--registry", platform.registry)
    ).json
    assert [row["tag"] for row in document["versions"]] == ["v1.0.1", "v1.0.0"]
    assert document["published"] == 3
    assert all(row["digest"] and row["created"] for row in document["versions"])


def test_a_constraint_that_nothing_satisfies_shows_nothing_and_is_a_failure(
    platform: PlatformTeam,
) -> None:
    platform.publish()
    ran = floe(platform.directory, "platform", "list", "v7.*", "--registry", platform.registry)
    assert ran.code == 1
    assert ran.out.splitlines()[-2:] == ["v7.* resolves to nothing", "0 of 1 version satisfy it"]


def test_a_folder_that_is_not_there_is_empty_only_where_nothing_is_locked_from_it(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish()
    data.pull("v1.0.0")
    root = platform.workspace.registry.reference.root
    assert root is not None
    root.rename(root.with_name("elsewhere"))
    assert "no versions yet" in ok(floe(platform.directory, "platform", "list", env=_at(root))).out
    refused = floe(data.directory, "platform", "list", env=_at(root))
    assert refused.code == 3
    assert "v1.0.0 is locked from it" in refused.err
    root.with_name("elsewhere").rename(root)
    assert "v1.0.0" in ok(floe(data.directory, "platform", "list", env=_at(root))).out


def _at(root: Path) -> dict[str, str]:
    return {"FLOE_REGISTRY": f"oci-layout:{root}"}
