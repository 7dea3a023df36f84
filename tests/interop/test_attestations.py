"""What publishing attests, as the real cosign 2 and cosign 3 read it, and theirs as we do."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.distribution.predicate_types import VERSION_GUARD
from floe_engine.distribution.transfer import copy_version
from floe_engine.platform.publish import Published, publish
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.registry.client import Repository
from floe_engine.signing.attestation import PROVENANCE, TEST_RESULT, attestations
from floe_engine.signing.keys import load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from tests.interop.cosign import Cosign
from tests.registries import DockerRegistry
from tests.teams import PlatformTeam, manifest, new_key

pytestmark = pytest.mark.interop

TYPES = [PROVENANCE, TEST_RESULT, VERSION_GUARD]


@pytest.fixture
def team(tmp_path: Path, docker_registry: DockerRegistry) -> PlatformTeam:
    made = PlatformTeam(tmp_path / "platform", f"oci://{docker_registry.host}/floe-platform")
    made.directory.mkdir()
    (made.directory / "manifest.yaml").write_text(manifest())
    return made


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "keys" / "alice.key")


@pytest.fixture
def cosigns(require_binary: Callable[[str], str], tmp_path: Path) -> list[Cosign]:
    return [Cosign(require_binary(f"cosign{version}"), version, tmp_path) for version in (2, 3)]


def published(team: PlatformTeam, *keys: Path, **options: Any) -> Published:
    chosen = SigningOptions(keys=tuple(str(key) for key in keys), **options)
    return publish(team.workspace, "v1.0.0", options=chosen)


def statements(cosign: Cosign, reference: str, key: Path, kind: str) -> list[dict[str, Any]]:
    """The statements of a type that cosign verifies with a public key; none where it refuses."""
    done = cosign.run(
        *("verify-attestation", "--key", str(key.with_suffix(".pub"))),
        *("--insecure-ignore-tlog=true", "--type", kind, reference),
    )
    lines = [] if done.returncode else done.stdout.splitlines()
    return [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]


def reference(team: PlatformTeam, digest: str) -> str:
    return f"{team.registry.removeprefix('oci://')}@{digest}"


def test_both_cosigns_verify_what_publishing_attests(
    team: PlatformTeam, key: Path, cosigns: list[Cosign], tmp_path: Path
) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(team.directory), *identity, *command], check=True)
    commit = subprocess.run(
        ["git", "-C", str(team.directory), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    where = reference(team, published(team, key).digest)
    stranger = new_key(tmp_path / "keys" / "mallory.key")
    for cosign in cosigns:
        assert cosign.verifies(where, key.with_suffix(".pub"))
        for kind in TYPES:
            (statement,) = statements(cosign, where, key, kind)
            assert statement["predicateType"] == kind
            assert statements(cosign, where, stranger, kind) == []
        (provenance,) = statements(cosign, where, key, "slsaprovenance1")
        build = provenance["predicate"]["buildDefinition"]
        assert build["resolvedDependencies"][0]["digest"] == {"gitCommit": commit}
        assert build["internalParameters"] == {"uncommitted": []}
        assert statements(cosign, where, key, "https://spdx.dev/Document") == []


def test_each_of_two_signers_attests_for_itself(
    team: PlatformTeam, key: Path, cosigns: list[Cosign], tmp_path: Path
) -> None:
    other = new_key(tmp_path / "keys" / "bob.key")
    where = reference(team, published(team, key, other).digest)
    for cosign in cosigns:
        for signer in (key, other):
            assert len(statements(cosign, where, signer, TEST_RESULT)) == 1
            assert cosign.verifies(where, signer.with_suffix(".pub"))


def test_an_attestation_is_no_signature_to_cosign_that_asks_for_the_version(
    team: PlatformTeam, key: Path, cosigns: list[Cosign], docker_registry: DockerRegistry
) -> None:
    done = published(team, key)
    wanted = ["-a", "org.opencontainers.image.version=1.0.0"]
    for cosign in cosigns:
        assert len(cosign.verifies(reference(team, done.digest), key.with_suffix(".pub"), *wanted)) == 1


def test_what_cosign_attests_is_read_beside_ours(
    team: PlatformTeam, key: Path, cosigns: list[Cosign], docker_registry: DockerRegistry
) -> None:
    digest = published(team, key).digest
    repository = Repository(docker_registry.reference("floe-platform"))
    pairs = []
    for cosign in cosigns:
        cosign.folder = cosign.folder / str(cosign.version)
        cosign.folder.mkdir()
        private, public = cosign.key_pair()
        cosign.attest(reference(team, digest), private, "https://spdx.dev/Document")
        pairs.append(load_public(public.read_bytes()))
    ours = load_public(key.with_suffix(".pub").read_bytes())
    found = attestations(repository, digest, Anchors(keys=(ours, *pairs)))
    assert [entry.problem for entry in found] == [""] * 5
    assert sorted(entry.predicate_type for entry in found) == sorted(
        [*TYPES, *["https://spdx.dev/Document"] * 2]
    )
    assert {entry.signer.fingerprint for entry in found if entry.signer} == {
        key.fingerprint for key in (ours, *pairs)
    }
    assert len(verify(repository, digest, Anchors(keys=(ours, *pairs)), exhaustive=True).signers) == 2


def test_a_copy_carries_the_attestations(
    team: PlatformTeam, key: Path, cosigns: list[Cosign], docker_registry: DockerRegistry
) -> None:
    digest = published(team, key).digest
    target = f"oci://{docker_registry.host}/promoted"
    copy_version(team.workspace, f"{team.registry}:v1.0.0", target)
    for cosign in cosigns:
        for kind in TYPES:
            assert len(statements(cosign, f"{target.removeprefix('oci://')}@{digest}", key, kind)) == 1
