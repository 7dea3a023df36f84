"""Platforms signed without a key, by an identity that a Sigstore (here on loopback) certifies."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import requests

from floe_engine.distribution.browse import inspect_version
from floe_engine.errors import Untrusted
from floe_engine.platform.publish import publish
from floe_engine.platform.signing_key import SigningOptions
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.teams import DataTeam, PlatformTeam, manifest


@pytest.fixture
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


@pytest.fixture
def environ(sigstore: SigstoreDouble, tmp_path: Path) -> dict[str, str]:
    root = tmp_path / "sigstore.json"
    root.write_text(json.dumps(sigstore.client_config()))
    return {"FLOE_TRUST_ROOT": str(root)}


@pytest.fixture
def platform(tmp_path: Path, registry: str, environ: dict[str, str]) -> PlatformTeam:
    return PlatformTeam(tmp_path / "platform", registry, environ)


@pytest.fixture
def data(tmp_path: Path, registry: str, environ: dict[str, str]) -> DataTeam:
    return DataTeam(tmp_path / "product", registry, dict(environ))


def publish_as(platform: PlatformTeam, sigstore: SigstoreDouble, version: str, **who: str) -> None:
    platform.directory.mkdir(exist_ok=True)
    (platform.directory / "manifest.yaml").write_text(manifest(version))
    options = SigningOptions(keyless=True, identity_token=sigstore.token(**who))
    assert publish(platform.workspace, f"v{version}", options=options).signatures


def identity(sigstore: SigstoreDouble, subject: str = SUBJECT) -> str:
    return f"trusted_identities: [{{identity: '{subject}', issuer: '{sigstore.url}'}}]"


def test_the_identity_is_taken_on_first_use_and_then_demanded(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble
) -> None:
    publish_as(platform, sigstore, "1.0.0")
    publish_as(platform, sigstore, "1.0.1")
    publish_as(platform, sigstore, "1.0.2", subject="https://floe.test/mallory")
    signer = data.pull("v1.0.0").lock.signer
    assert (signer.identity, signer.issuer, signer.first_use) == (SUBJECT, sigstore.url, True)
    assert SUBJECT in data.heard.warnings
    assert data.pull("v1.0.1").lock.signer.identity == SUBJECT
    with pytest.raises(Untrusted):
        data.pull("v1.0.2")


def test_what_an_identity_publishes_it_attests_and_without_a_key_there_is_no_att_tag(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble
) -> None:
    publish_as(platform, sigstore, "1.0.0")
    data.pin("v1.0.0", identity(sigstore))
    found = inspect_version(data.workspace, "v1.0.0")
    assert [entry.signer.identity for entry in found.attestations if entry.signer] == [SUBJECT] * 3
    assert not any(tag.endswith(".att") for tag in platform.repository.tags())
    data.pin("v1.0.0", identity(sigstore, "https://floe.test/somebody-else"))
    strangers = inspect_version(data.workspace, "v1.0.0").attestations
    assert [entry.signer for entry in strangers] == [None] * 3


def test_a_listed_identity_is_accepted_and_any_other_refused(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble
) -> None:
    publish_as(platform, sigstore, "1.0.0")
    data.pin("v1.0.0", identity(sigstore), "first_use: refuse")
    assert data.pull_pinned().lock.signer.first_use is False
    data.pin("v1.0.0", identity(sigstore, "https://floe.test/bob"))
    with pytest.raises(Untrusted):
        data.pull_pinned(force=True)


def test_the_right_name_under_another_issuer_is_refused(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble
) -> None:
    publish_as(platform, sigstore, "1.0.0")
    data.pin("v1.0.0", f"trusted_identities: [{{identity: '{SUBJECT}', issuer: 'https://issuer.test'}}]")
    with pytest.raises(Untrusted):
        data.pull_pinned()


def test_another_sigstore_vouches_for_nobody(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    publish_as(platform, sigstore, "1.0.0")
    with SigstoreDouble() as foreign:
        root = tmp_path / "foreign.json"
        root.write_text(json.dumps(foreign.client_config()))
    data.environ["FLOE_TRUST_ROOT"] = str(root)
    data.pin("v1.0.0", identity(sigstore))
    with pytest.raises(Untrusted):
        data.pull_pinned()


def test_whoever_sits_at_a_terminal_signs_in_with_a_browser(
    platform: PlatformTeam, data: DataTeam, sigstore: SigstoreDouble, environ: dict[str, str]
) -> None:
    platform.directory.mkdir()
    (platform.directory / "manifest.yaml").write_text(manifest("1.0.0"))
    arguments = ["-m", "floe_engine", "platform", "publish", "v1.0.0", "--keyless"]
    without = {"SIGSTORE_ID_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"}
    settings = {name: value for name, value in os.environ.items() if name not in without} | environ
    child = pexpect.spawn(
        sys.executable,
        [*arguments, "--registry", platform.registry],
        cwd=str(platform.directory),
        env=settings,
        timeout=60,
        encoding="utf-8",
    )
    child.expect(r"(http://localhost:\d+)")
    assert child.match is not None
    assert requests.get(child.match[1], timeout=10).status_code == 200
    child.expect("Signed by: ")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert data.pull("v1.0.0").lock.signer.identity == SUBJECT
