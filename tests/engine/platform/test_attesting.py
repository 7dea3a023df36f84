"""What is attested of a published version, and who believes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from floe_engine.distribution.browse import inspect_version
from floe_engine.distribution.predicate_types import OUR_TYPES, VERSION_GUARD
from floe_engine.errors import UsageError
from floe_engine.platform.attesting import LOCAL_BUILDER
from floe_engine.platform.publish import Published, publish
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.signing.attestation import (
    PROVENANCE,
    TEST_RESULT,
    Claim,
    attest,
    attestations,
    predicate_type_of,
)
from floe_engine.signing.bundle import PREDICATE_TYPE
from floe_engine.signing.keys import load_private, load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from tests.cli import floe
from tests.teams import PlatformTeam, manifest

TYPES = [PROVENANCE, TEST_RESULT, VERSION_GUARD]


def found(platform: PlatformTeam, digest: str, key: Path) -> dict[str, Any]:
    anchors = Anchors(keys=(load_public(key.with_suffix(".pub").read_bytes()),))
    return {entry.predicate_type: entry for entry in attestations(platform.repository, digest, anchors)}


def predicate(platform: PlatformTeam, done: Published, key: Path, kind: str) -> Any:
    return found(platform, done.digest, key)[kind].predicate


def test_source_tests_and_guard_are_attested_by_the_signer(platform: PlatformTeam, key: Path) -> None:
    done = platform.publish(key=key)
    assert sorted(found(platform, done.digest, key)) == sorted(TYPES)
    build = predicate(platform, done, key, PROVENANCE)
    assert build["runDetails"]["builder"]["id"] == LOCAL_BUILDER
    (material,) = build["buildDefinition"]["resolvedDependencies"]
    assert material["uri"] == "manifest.yaml" and len(material["digest"]["sha256"]) == 64
    tests = predicate(platform, done, key, TEST_RESULT)
    assert tests["result"] == "PASSED" and len(tests["passedTests"]) == 4 and not tests["failedTests"]
    guard = predicate(platform, done, key, VERSION_GUARD)
    assert (guard["version"], guard["previous"], guard["suppressed"]) == ("1.0.0", None, [])


def test_what_was_suppressed_is_attested_with_its_owner(platform: PlatformTeam, key: Path) -> None:
    platform.publish("1.0.0", key=key)
    (platform.directory / "floe-suppressions.yaml").write_text(
        "suppressions:\n  - {rule: COV001, path: '*', reason: agreed, "
        "owner: ana@acme.example, expires: 2999-01-01}\n"
    )
    done = platform.publish("1.0.1", key=key, text=manifest("1.0.1", coverage=95))
    (suppressed,) = predicate(platform, done, key, VERSION_GUARD)["suppressed"]
    assert (suppressed["rule"], suppressed["owner"]) == ("COV001", "ana@acme.example")
    assert suppressed["reason"] == "agreed"
    build = predicate(platform, done, key, PROVENANCE)["buildDefinition"]
    assert "floe-suppressions.yaml" in [entry["uri"] for entry in build["resolvedDependencies"]]


def test_the_builder_is_whom_the_ci_system_names(platform: PlatformTeam, key: Path) -> None:
    platform.environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "acme/platform",
        "GITHUB_WORKFLOW_REF": "acme/platform/.github/workflows/publish.yml@refs/heads/main",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_TOKEN": "s3cret",
    }
    run = predicate(platform, platform.publish(key=key), key, PROVENANCE)["runDetails"]
    assert run["builder"]["id"] == (
        "https://github.example/acme/platform/.github/workflows/publish.yml@refs/heads/main"
    )
    assert run["metadata"]["invocationId"].endswith("/acme/platform/actions/runs/7/attempts/2")
    assert "s3cret" not in json.dumps(run)


def test_publishing_the_same_again_attests_nothing_even_where_the_tag_was_lost(
    platform: PlatformTeam, key: Path
) -> None:
    done = platform.publish(key=key)
    stem = done.digest.replace(":", "-")

    def state() -> tuple[int, str]:
        return len(platform.repository.referrers(done.digest)), platform.repository.resolve(
            f"{stem}.att"
        ).digest

    before = state()
    assert platform.publish(key=key).state == "unchanged"
    platform.repository.delete_tag("v1.0.0")
    assert platform.publish(key=key).digest == done.digest
    assert state() == before


def test_attestations_can_be_left_out_and_nobody_attests_without_signing(
    platform: PlatformTeam, key: Path
) -> None:
    (platform.directory).mkdir()
    (platform.directory / "manifest.yaml").write_text(manifest())
    done = publish(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(key),), attest=False))
    assert (done.attestations, found(platform, done.digest, key)) == ((), {})
    unsigned = platform.publish("1.0.1", text=manifest("1.0.1"))
    assert platform.repository.referrers(unsigned.digest) == []


def test_a_lone_attestation_is_no_signature(platform: PlatformTeam, key: Path) -> None:
    done = platform.publish()
    signer = load_private(key.read_bytes())
    subject = platform.repository.resolve(done.digest)
    platform.repository.push_blob(b"{}", "application/vnd.oci.empty.v1+json")
    claim = Claim(TEST_RESULT, {"result": "PASSED"})
    attest(platform.repository, done.digest, [claim], signer, name="acme", subject=subject)
    anchors = Anchors(keys=(signer.public,))
    assert verify(platform.repository, done.digest, anchors).status == "unsigned"
    assert attestations(platform.repository, done.digest, anchors)[0].signer is not None


def test_an_attestation_by_a_stranger_or_of_another_artifact_is_not_verified(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    done = platform.publish(key=key)
    assert all(entry.signer is None for entry in found(platform, done.digest, other_key).values())
    other = platform.publish("1.0.1", key=key, text=manifest("1.0.1"))
    for descriptor in platform.repository.referrers(done.digest):
        raw = json.loads(platform.repository.manifest(descriptor.digest).raw)
        subject = platform.repository.resolve(other.digest)
        raw["subject"] = subject.document()
        platform.repository.attach(json.dumps(raw).encode(), other.digest)
    anchors = Anchors(keys=(load_public(key.with_suffix(".pub").read_bytes()),))
    seen = attestations(platform.repository, other.digest, anchors)
    assert sorted(entry.predicate_type for entry in seen if entry.signer) == sorted(TYPES)
    assert {entry.problem for entry in seen if not entry.signer} == {"made for another artifact"}


def test_verify_demands_attestations_by_whom_one_trusts_and_inspect_shows_them(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    done = platform.publish(key=key)
    env = {"FLOE_REGISTRY": platform.registry}
    trusted = ("--key", str(key.with_suffix(".pub")))
    command = ("platform", "verify", "v1.0.0", *trusted, "--require-attestation")
    good = floe(platform.directory, *command, "slsaprovenance1", *command[-1:], "version-guard", env=env)
    assert good.code == 0 and "Attestations: 3 verified of 3" in good.out
    missing = floe(platform.directory, *command, "spdxjson", env=env)
    assert missing.code == 6 and "nobody you trust attests https://spdx.dev/Document" in missing.err
    found = floe(platform.directory, *command, "spdxjson", "-o", "json", env=env)
    assert found.code == 6 and found.json["missingAttestations"] == ["https://spdx.dev/Document"]
    nonsense = floe(platform.directory, *command, PREDICATE_TYPE, env=env)
    assert nonsense.code == 2 and "type of a signature" in nonsense.err
    offline = floe(platform.directory, *command, "test-result", "--offline", env=env)
    assert offline.code == 2
    for who, count in ((key, 3), (other_key, 0)):
        settings = platform.directory.parent / "config.toml"
        settings.write_text(f'trusted_keys = ["{who.with_suffix(".pub")}"]\n')
        platform.environ = {"FLOE_CONFIG": str(settings)}
        shown = inspect_version(platform.workspace, "v1.0.0")
        assert shown.digest == done.digest and len(shown.attestations) == 3
        assert sum(entry.signer is not None for entry in shown.attestations) == count


@pytest.mark.parametrize("name", [PREDICATE_TYPE, "slsaprovenence1", "sign"])
def test_a_type_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        predicate_type_of(name, OUR_TYPES)


def test_types_have_short_names_and_uris_stay() -> None:
    assert predicate_type_of("version-guard", OUR_TYPES) == VERSION_GUARD
    assert predicate_type_of("slsaprovenance1") == PROVENANCE
    assert predicate_type_of("https://example.com/review/v1") == "https://example.com/review/v1"
