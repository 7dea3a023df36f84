"""A domain platform on top of an enterprise one that was published: pulled, verified, locked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, LockMismatch, Untrusted
from floe_engine.platform.compile_platform import compile_platform
from tests.teams import Heard, PlatformTeam, manifest


@pytest.fixture
def domain(tmp_path: Path) -> PlatformTeam:
    return PlatformTeam(tmp_path / "domain", f"oci-layout:{tmp_path / 'registry' / 'domain'}")


def child(reference: str, *, coverage: int = 90) -> str:
    parent = f"parent: {{ref: '{reference}'}}\n"
    return manifest("0.1.0", name="sales", scope="domain", coverage=coverage, more=parent)


def publish_enterprise(platform: PlatformTeam, version: str, key: Path | None = None) -> str:
    text = manifest(version, scope="enterprise", more="approved_plugins: {compute: [duckdb, spark]}\n")
    return platform.publish(version, key=key, text=text).digest


def test_a_published_parent_is_pulled_locked_and_recorded_by_its_digest(
    platform: PlatformTeam, domain: PlatformTeam
) -> None:
    digest = publish_enterprise(platform, "1.0.0")
    reference = f"{platform.registry}:v1.0.0"
    artifact = domain.publish("0.1.0", text=child(reference)).plan.compiled.artifact
    assert json.loads(artifact.files["manifest.json"])["parent"] == {
        "ref": reference,
        "digest": digest,
        "name": "acme",
        "version": "1.0.0",
    }
    lock = domain.workspace.store.read_lock()
    assert (lock.reference, lock.tag, lock.digest) == (platform.registry, "v1.0.0", digest)


def test_a_locked_parent_is_compiled_against_without_asking_anybody(
    platform: PlatformTeam, domain: PlatformTeam
) -> None:
    publish_enterprise(platform, "1.0.0")
    domain.publish("0.1.0", text=child(f"{platform.registry}:v1.0.0"))
    Path(platform.registry.removeprefix("oci-layout:")).rename(platform.directory / "gone")
    assert compile_platform(domain.workspace.without_network()).changed is False


def test_a_range_of_parents_stays_where_it_was_locked(platform: PlatformTeam, domain: PlatformTeam) -> None:
    publish_enterprise(platform, "1.0.0")
    text = child(f"{platform.registry}:v1.*.*")
    domain.publish("0.1.0", text=text)
    publish_enterprise(platform, "1.1.0")
    assert compile_platform(domain.workspace).artifact.documents["manifest.json"]["parent"]["version"] == (
        "1.0.0"
    )


def test_a_child_that_loosens_its_published_parent_is_refused(
    platform: PlatformTeam, domain: PlatformTeam
) -> None:
    publish_enterprise(platform, "1.0.0")
    with pytest.raises(ConfigurationError) as refused:
        domain.publish("0.1.0", text=child(f"{platform.registry}:v1.0.0", coverage=10))
    assert "acme@1.0.0" in refused.value.diagnostics[0].message


def test_a_platform_without_a_scope_is_no_parent(platform: PlatformTeam, domain: PlatformTeam) -> None:
    platform.publish("1.0.0")
    with pytest.raises(ConfigurationError, match="not an enterprise platform"):
        domain.publish("0.1.0", text=child(f"{platform.registry}:v1.0.0"))


def test_a_parent_is_trusted_as_every_platform_is(
    platform: PlatformTeam, domain: PlatformTeam, key: Path, other_key: Path
) -> None:
    publish_enterprise(platform, "1.0.0", key)
    publish_enterprise(platform, "1.0.1", other_key)
    heard = Heard()
    domain.publish("0.1.0", text=child(f"{platform.registry}:v1.0.0"), heard=heard)
    assert "first use" in heard.warnings
    with pytest.raises(Untrusted):
        domain.publish("0.1.1", text=child(f"{platform.registry}:v1.0.1").replace("0.1.0", "0.1.1"))


def test_a_directory_that_pulls_one_platform_does_not_silently_build_on_another(
    platform: PlatformTeam, domain: PlatformTeam, tmp_path: Path
) -> None:
    publish_enterprise(platform, "1.0.0")
    domain.publish("0.1.0", text=child(f"{platform.registry}:v1.0.0"))
    other = PlatformTeam(tmp_path / "other", f"oci-layout:{tmp_path / 'registry' / 'other'}")
    other.publish("2.0.0", text=manifest("2.0.0", name="umbrella", scope="enterprise"))
    with pytest.raises(LockMismatch, match="another platform"):
        domain.publish("0.1.1", text=child(f"{other.registry}:v2.0.0").replace("0.1.0", "0.1.1"))
