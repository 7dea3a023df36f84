"""What can be published, under which tag, with which bytes, and what stands in its annotations."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.pack import REVISION, SOURCE, read_annotations
from floe_engine.artifact.paths import FILES
from floe_engine.distribution.browse import inspect_version
from floe_engine.distribution.listing import list_versions
from floe_engine.errors import (
    AccessDenied,
    Cancelled,
    ConfigurationError,
    KeyUnusable,
    Refused,
    Unsigned,
    UsageError,
    VersionExists,
    VersionTooLow,
)
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.platform.publish import plan_publication, publish
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.platform.test_policies import test_policies as run_policy_tests
from floe_engine.registry.client import Repository
from tests.registries import DockerRegistry
from tests.teams import Heard, PlatformTeam, manifest, new_key


def layout(platform: PlatformTeam) -> Path:
    return Path(platform.registry.removeprefix("oci-layout:"))


# --- versions ----------------------------------------------------------------------------------


def test_the_tag_equals_the_version_inside(platform: PlatformTeam) -> None:
    with pytest.raises(ConfigurationError, match=r"says version 1\.0\.0, and the command says v2\.0\.0"):
        platform.publish("2.0.0", text=manifest("1.0.0"))
    assert not layout(platform).exists()


def test_a_version_without_its_v_is_published_under_the_usual_tag(platform: PlatformTeam) -> None:
    platform.publish("1.0.0")
    again = publish(platform.workspace, "1.0.0", options=SigningOptions(sign=False))
    assert (again.state, again.reference.tag) == ("unchanged", "v1.0.0")


def test_build_metadata_cannot_be_a_tag(platform: PlatformTeam) -> None:
    with pytest.raises(ConfigurationError, match="build metadata"):
        platform.publish("1.0.0+7")


@pytest.mark.parametrize("tag", ["latest", "v1", "v1.0", "v01.0.0", "v1.*.*", ""])
def test_only_an_exact_version_can_be_published(platform: PlatformTeam, tag: str) -> None:
    platform.publish("1.0.0")
    with pytest.raises(UsageError):
        publish(platform.workspace, tag)


def test_a_published_version_never_changes(platform: PlatformTeam, key: Path) -> None:
    first = platform.publish(key=key)
    with pytest.raises(VersionExists) as refused:
        platform.publish(key=key, text=manifest(coverage=70))
    assert first.digest in refused.value.message
    assert platform.repository.resolve("v1.0.0").digest == first.digest
    assert platform.publish(key=key).state == "unchanged"


def test_whoever_publishes_into_another_platforms_repository_is_told(platform: PlatformTeam) -> None:
    """The embedded default is one repository for all of a user's platforms."""
    platform.publish("1.0.0", text=manifest(name="sales"))
    with pytest.raises(VersionExists, match=r"v1\.0\.0") as refused:
        platform.publish("1.0.0", text=manifest(name="finance"))
    assert "of the platform sales" in refused.value.hint and "artifacts.registry" in refused.value.hint
    platform.publish("2.0.0", text=manifest("2.0.0", name="finance"), heard=(heard := Heard()))
    assert "of the platform sales, and this one is of finance" in heard.warnings
    platform.publish("2.1.0", text=manifest("2.1.0", name="finance"), heard=(heard := Heard()))
    assert "of the platform" not in heard.warnings


def test_a_number_that_hides_a_breaking_change_is_refused_before_anything_is_pushed(
    platform: PlatformTeam,
) -> None:
    platform.publish("1.0.0")
    blobs = set((layout(platform) / "blobs/sha256").iterdir())
    with pytest.raises(VersionTooLow) as refused:
        platform.publish("1.0.1", text=manifest("1.0.1", coverage=95))
    assert "manifest.yaml:" in refused.value.message
    assert "v2.0.0" in refused.value.hint
    assert set((layout(platform) / "blobs/sha256").iterdir()) == blobs
    platform.publish("2.0.0", text=manifest("2.0.0", coverage=95))


def test_failing_policy_tests_stop_a_publication(platform: PlatformTeam) -> None:
    cases = platform.directory / "tests" / "policies"
    cases.mkdir(parents=True)
    (cases / "wrong.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: PolicyTest\nmetadata: {name: naming}\ncases:\n"
        "  - name: a staging prefix is fine\n    rules: [FLOE-E201]\n"
        "    given: {models: [{name: stg_payments}]}\n"
        "    expect: [{rule: FLOE-E201, resource: stg_payments, result: pass}]\n"
    )
    with pytest.raises(Refused, match="policy tests fail"):
        platform.publish()
    assert not layout(platform).exists()


def test_a_plan_says_everything_and_pushes_nothing(platform: PlatformTeam, key: Path) -> None:
    platform.publish("1.0.0", key=key)
    (platform.directory / "manifest.yaml").write_text(manifest("1.1.0"))
    before = set((layout(platform) / "blobs/sha256").iterdir())
    plan = plan_publication(platform.workspace, "v1.1.0", options=SigningOptions(keys=(str(key),)))
    assert (plan.reference.tag, plan.exists, plan.signing.kind) == ("v1.1.0", False, "key")
    assert plan.guard.previous.tag == "v1.0.0"
    dry = publish(platform.workspace, "v1.1.0", options=SigningOptions(keys=(str(key),)), dry_run=True)
    assert (dry.state, dry.digest) == ("planned", plan.packed.digest)
    assert set((layout(platform) / "blobs/sha256").iterdir()) == before
    assert platform.publish("1.1.0", key=key).digest == plan.packed.digest


# --- the same bytes ----------------------------------------------------------------------------


def test_two_directories_and_two_registries_get_the_same_bytes(tmp_path: Path, key: Path) -> None:
    digests = set()
    for name in ("one", "two/deeper"):
        team = PlatformTeam(
            tmp_path / name, f"oci-layout:{tmp_path / name}-registry", {"SOURCE_DATE_EPOCH": "1700000000"}
        )
        published = team.publish(key=key)
        digests.add(published.digest)
        assert published.plan.compiled.artifact.platform.manifest.metadata.created == "2023-11-14T22:13:20Z"
        assert str(tmp_path).encode() not in b"".join(published.plan.compiled.artifact.files.values())
        assert str(tmp_path).encode() not in published.plan.packed.manifest
    assert len(digests) == 1


def test_compiling_again_changes_no_byte_and_keeps_the_time(platform: PlatformTeam) -> None:
    platform.publish()
    first = {path: (platform.workspace.store.artifacts / path).read_bytes() for path in FILES}
    again = compile_platform(platform.workspace)
    assert again.changed is False
    assert again.artifact.files == first


@pytest.mark.parametrize("epoch", ["yesterday", "1e9", "9" * 40])
def test_a_source_date_epoch_that_is_no_time_is_refused(platform: PlatformTeam, epoch: str) -> None:
    platform.environ = {"SOURCE_DATE_EPOCH": epoch}
    with pytest.raises(ConfigurationError, match="SOURCE_DATE_EPOCH"):
        platform.publish()


# --- annotations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "published"),
    [
        ("https://ada:s3cret@git.test/acme/platform.git", "https://git.test/acme/platform.git"),
        ("https://s3cret@git.test:8443/acme/platform.git", "https://git.test:8443/acme/platform.git"),
        ("https://git.test/acme/platform.git?token=s3cret", "https://git.test/acme/platform.git"),
        ("ssh://git:s3cret@git.test/acme/platform.git", "ssh://git.test/acme/platform.git"),
        ("git@git.test:acme/platform.git", "ssh://git.test/acme/platform.git"),
        ("s3cret:s3cret@git.test:acme/platform.git", "ssh://git.test/acme/platform.git"),
        ("https://git.test:s3cret/acme/platform.git", None),
        ("/home/s3cret/platform.git", None),
        ("file:///home/s3cret/platform.git", None),
    ],
)
def test_the_git_revision_is_published_and_no_secret_of_its_remote(
    platform: PlatformTeam, remote: str, published: str | None
) -> None:
    platform.directory.mkdir()
    git = ["git", "-C", str(platform.directory), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "x"],
        ["remote", "add", "origin", remote],
    ):
        subprocess.run([*git, *command], check=True)
    revision = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    platform.publish()
    raw = platform.repository.manifest("v1.0.0").raw
    annotations = read_annotations(raw, where="")
    assert annotations[REVISION] == revision.strip()
    assert annotations.get(SOURCE) == published
    assert b"s3cret" not in raw


def test_outside_of_git_there_is_no_provenance(platform: PlatformTeam) -> None:
    platform.publish()
    annotations = inspect_version(platform.workspace, "v1.0.0").annotations
    assert REVISION not in annotations and SOURCE not in annotations


# --- keys --------------------------------------------------------------------------------------


def test_a_private_key_never_reaches_the_registry(platform: PlatformTeam, key: Path) -> None:
    platform.publish(key=key)
    secret = key.read_bytes().splitlines()[1]
    stored = b"".join(path.read_bytes() for path in layout(platform).rglob("*") if path.is_file())
    assert secret not in stored
    assert key.name.encode() not in stored and str(key.parent).encode() not in stored


def test_no_password_and_nobody_to_ask_is_said_at_once(platform: PlatformTeam) -> None:
    from floe_engine.signing.keys import generate

    locked = platform.directory / "cosign.key"
    locked.parent.mkdir()
    locked.write_bytes(generate(b"secret")[0])
    locked.chmod(0o600)
    with pytest.raises(KeyUnusable, match="nobody to ask"):
        platform.publish(key=locked)
    platform.environ = {"COSIGN_PASSWORD": "tr0ub4dor"}
    with pytest.raises(KeyUnusable, match="password is wrong") as refused:
        platform.publish(key=locked)
    assert "tr0ub4dor" not in f"{refused.value}{refused.value.hint}"
    assert not layout(platform).exists()
    platform.environ = {"COSIGN_PASSWORD": "secret"}
    assert platform.publish(key=locked).signatures


def test_trusted_keys_are_relative_to_the_manifest_wherever_one_stands(
    platform: PlatformTeam, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = manifest(more=platform.requiring(key))
    for place in (tmp_path, platform.directory, Path("/")):
        monkeypatch.chdir(place)
        assert platform.publish(key=key, text=text).state in ("published", "unchanged")


def test_a_key_may_be_a_link_inside_the_directory_as_kubernetes_mounts_one(
    platform: PlatformTeam, key: Path
) -> None:
    text = manifest(more=platform.requiring(key))
    mounted = platform.directory / "..2026_01_01"
    mounted.mkdir()
    (platform.directory / "alice.pub").rename(mounted / "alice.pub")
    (platform.directory / "..data").symlink_to(mounted.name)
    (platform.directory / "alice.pub").symlink_to("..data/alice.pub")
    assert platform.publish(key=key, text=text).state == "published"


def test_a_key_that_is_a_link_to_the_outside_is_refused(platform: PlatformTeam, key: Path) -> None:
    text = manifest(more=platform.requiring(key))
    (platform.directory / "alice.pub").unlink()
    (platform.directory / "alice.pub").symlink_to(key.with_suffix(".pub"))
    with pytest.raises(ConfigurationError) as refused:
        platform.publish(key=key, text=text)
    (found,) = refused.value.diagnostics
    assert "outside" in found.message and found.code == "FLOE-M042"


def test_a_listed_key_that_is_not_there_is_a_mistake_in_the_manifest(
    platform: PlatformTeam, key: Path
) -> None:
    text = manifest(more="security: {require_signed_artifacts: true, trusted_keys: [absent.pub]}\n")
    with pytest.raises(ConfigurationError) as refused:
        platform.publish(key=key, text=text)
    assert [found.code for found in refused.value.diagnostics] == ["FLOE-M040"]


def test_requiring_signatures_without_saying_whose_is_warned_of(platform: PlatformTeam, key: Path) -> None:
    text = manifest(more="security: {require_signed_artifacts: true, trusted_keys: []}\n")
    compiled = platform.publish(key=key, text=text).plan.compiled
    assert [found.code for found in compiled.checked.diagnostics] == ["FLOE-M043"]


def test_signing_afterwards_adds_a_signature_and_twice_changes_nothing(
    platform: PlatformTeam, key: Path
) -> None:
    published = platform.publish()
    options = SigningOptions(keys=(str(key),))
    first = sign_version(platform.workspace, "v1.0.0", options=options)
    again = sign_version(platform.workspace, "v1.0.0", options=options)
    assert first.digest == published.digest and first.signatures == again.signatures
    second = new_key(key.with_name("bob.key"))
    sign_version(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(second),)))
    verdict = inspect_version(platform.workspace, "v1.0.0").verdict
    assert len(verdict.rejected) + len(verdict.signers) == 4  # two keys in two formats


def test_nobody_signs_what_is_not_the_version_that_its_tag_says(platform: PlatformTeam, key: Path) -> None:
    platform.publish("1.0.0")
    platform.retag("v1.0.0", "v9.0.0")
    with pytest.raises(Exception, match="disagree about the version"):
        sign_version(platform.workspace, "v9.0.0", options=SigningOptions(keys=(str(key),)))


def test_unsigned_is_an_answer_only_where_signing_is_off(platform: PlatformTeam, key: Path) -> None:
    text = manifest(more=platform.requiring(key))
    (platform.directory / "manifest.yaml").write_text(text)
    with pytest.raises(Unsigned):
        publish(platform.workspace, "v1.0.0", options=SigningOptions(sign=False))


# --- listing -----------------------------------------------------------------------------------


def test_a_list_has_versions_newest_first_and_counts_what_is_none(platform: PlatformTeam, key: Path) -> None:
    for version in ("1.0.0", "1.0.1", "1.1.0-rc.1", "1.1.0"):
        platform.publish(version, key=key)
    platform.retag("v1.0.0", "latest")
    listing = list_versions(platform.workspace, "v1.0.*")
    assert [listing.tags[version] for version in listing.versions] == [
        "v1.1.0",
        "v1.1.0-rc.1",
        "v1.0.1",
        "v1.0.0",
    ]
    assert listing.ignored == ("latest",)
    assert listing.resolution.tag == "v1.0.1"


def test_an_embedded_registry_that_nobody_used_is_an_empty_list(platform: PlatformTeam) -> None:
    platform.directory.mkdir()
    assert list_versions(platform.workspace).versions == ()


# --- blobs that are on their way while there is something to judge ----------------------------------


@pytest.fixture
def remote(platform: PlatformTeam, docker_registry: DockerRegistry) -> PlatformTeam:
    """The team with a registry that is no folder."""
    return replace(platform, registry=docker_registry.reference("team/platform").name)


def _uploads(registry: DockerRegistry) -> int:
    return sum(line.startswith("POST ") and "/blobs/uploads/" in line for line in registry.request_lines())


def _manifests(registry: DockerRegistry) -> list[str]:
    return [line for line in registry.request_lines() if line.startswith("PUT ") and "/manifests/" in line]


def _waits_for_blobs(monkeypatch: pytest.MonkeyPatch, registry: DockerRegistry) -> None:
    """Let the policy tests not end before every blob is being uploaded."""

    def waiting(*arguments: Any, **options: Any) -> Any:
        end = time.monotonic() + 30
        while _uploads(registry) < len(FILES):
            assert time.monotonic() < end, "nothing comes before the tests are over"
            time.sleep(0.02)
        return run_policy_tests(*arguments, **options)

    monkeypatch.setattr("floe_engine.platform.test_policies.test_policies", waiting)


@pytest.mark.interop
def test_blobs_go_up_while_policies_are_tested(
    remote: PlatformTeam, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    _waits_for_blobs(monkeypatch, docker_registry)
    remote.publish("1.0.0")
    assert _uploads(docker_registry) == len(FILES)  # each once
    assert any("/manifests/v1.0.0" in line for line in _manifests(docker_registry))
    assert remote.repository.resolve("v1.0.0") is not None


@pytest.mark.interop
def test_of_a_refused_version_nothing_can_be_found(
    remote: PlatformTeam, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.publish("1.0.0")
    before = _manifests(docker_registry)
    with pytest.raises(VersionTooLow):
        remote.publish("1.0.1", text=manifest("1.0.1", coverage=95))
    assert _manifests(docker_registry) == before
    assert remote.repository.resolve("v1.0.1") is None


@pytest.mark.interop
def test_where_somebody_is_asked_nothing_is_sent_before_the_answer(
    remote: PlatformTeam, docker_registry: DockerRegistry
) -> None:
    remote.directory.mkdir(parents=True, exist_ok=True)
    (remote.directory / "manifest.yaml").write_text(manifest())
    with pytest.raises(Cancelled):
        publish(remote.workspace, "v1.0.0", options=SigningOptions(sign=False), confirm=lambda plan: False)
    publish(remote.workspace, "v1.0.0", options=SigningOptions(sign=False), dry_run=True)
    assert {line.split()[0] for line in docker_registry.request_lines()} <= {"GET", "HEAD"}


@pytest.mark.interop
def test_an_upload_that_fails_ends_the_publication_without_a_tag(
    remote: PlatformTeam, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any, **options: Any) -> None:
        raise AccessDenied("may not write", "")

    monkeypatch.setattr(Repository, "push_blobs", fails)
    with pytest.raises(AccessDenied):
        remote.publish("1.0.0")
    assert not _manifests(docker_registry)


@pytest.mark.interop
def test_the_registry_is_asked_while_the_manifest_is_compiled(
    remote: PlatformTeam, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.publish("1.0.0")
    seen = len(docker_registry.request_lines())

    def waiting(*arguments: Any, **options: Any) -> Any:
        end = time.monotonic() + 30
        while sum("/blobs/sha256:" in line for line in docker_registry.request_lines()[seen:]) < len(FILES):
            assert time.monotonic() < end, "the version to measure by is fetched only afterwards"
            time.sleep(0.02)
        return compile_platform(*arguments, **options)

    monkeypatch.setattr("floe_engine.platform.compile_platform.compile_platform", waiting)
    with pytest.raises(VersionTooLow):
        remote.publish("1.0.1", text=manifest("1.0.1", coverage=95))


def test_a_mistake_in_the_manifest_is_said_before_a_registry_that_is_not_there(
    platform: PlatformTeam,
) -> None:
    for registry in ("oci://127.0.0.1:1/team", "oci://no such host/team"):
        with pytest.raises(ConfigurationError, match=r"manifest\.yaml is not valid"):
            replace(platform, registry=registry).publish("1.0.0", text=manifest("1.0.0") + "\nnonsense: 1\n")
