"""Keyless signatures, in both directions, between floe and the real cosign, on a loopback Sigstore."""

from __future__ import annotations

import json

import pytest

from floe_engine.signing.keyless import KeylessSigner, TrustRoot
from floe_engine.signing.trust import sign, verify
from floe_engine.signing.verdict import Anchors, Identity
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.interop.cosign import Artifact, Cosign

pytestmark = pytest.mark.interop

KINDS = [(1, False), (1, True), (2, True)]


@pytest.fixture(scope="module")
def sigstore():
    with SigstoreDouble() as double:
        yield double


@pytest.fixture
def cosign(require_binary, tmp_path, sigstore):
    (tmp_path / "root.json").write_text(json.dumps(sigstore.trusted_root()))
    (tmp_path / "token").write_text(sigstore.token())
    return Cosign(require_binary("cosign3"), 3, tmp_path)


@pytest.fixture
def artifact(docker_registry):
    return Artifact.push(docker_registry)


def cosign_verifies(cosign, artifact, issuer, identity=SUBJECT):
    return cosign.run(
        *("verify", "--trusted-root", "root.json", "--certificate-identity", identity),
        *("--certificate-oidc-issuer", issuer, artifact.reference),
    )


@pytest.mark.parametrize(("rekor", "tsa"), KINDS)
def test_cosign_verifies_what_we_sign_without_a_key(artifact, cosign, sigstore, rekor, tsa):
    config = sigstore.client_config(rekor=rekor, tsa=tsa)
    root = TrustRoot("double", json.dumps(config["trustedRoot"]), json.dumps(config["signingConfig"]))
    sign(
        artifact.repository,
        artifact.digest,
        KeylessSigner(sigstore.token(), root),
        docker_reference=artifact.docker_reference,
        annotations={"team": "data"},
    )
    result = cosign_verifies(cosign, artifact, sigstore.url)
    assert result.returncode == 0, result.stderr
    assert cosign_verifies(cosign, artifact, sigstore.url, "somebody@else.test").returncode != 0
    assert cosign_verifies(cosign, artifact, "https://issuer.test").returncode != 0


@pytest.mark.parametrize(("rekor", "tsa"), KINDS)
def test_we_verify_what_cosign_signs_without_a_key(artifact, cosign, sigstore, rekor, tsa):
    (cosign.folder / "signing.json").write_text(json.dumps(sigstore.signing_config(rekor=rekor, tsa=tsa)))
    cosign.must(
        *("sign", "--signing-config", "signing.json", "--trusted-root", "root.json"),
        *("--identity-token", "token", "--yes", "-a", "team=data", artifact.reference),
    )
    root = TrustRoot.load(cosign.folder / "root.json")
    for issuer, status in ((sigstore.url, "verified"), ("https://issuer.test", "untrusted")):
        anchors = Anchors(identities=(Identity(SUBJECT, issuer),), trust_root=root)
        verdict = verify(artifact.repository, artifact.digest, anchors)
        assert verdict.status == status, verdict.rejected
        assert status == "untrusted" or verdict.signers[0].annotations["team"] == "data"


def test_the_legacy_keyless_signature_of_cosign_2_is_named_and_not_trusted(
    artifact, require_binary, tmp_path, sigstore
):
    (tmp_path / "token").write_text(sigstore.token())
    (tmp_path / "rekor.pub").write_text(sigstore.rekor1.public_pem)
    (tmp_path / "ct.pub").write_text(sigstore.ct_public_pem)
    (tmp_path / "fulcio.pem").write_text(sigstore.fulcio_chain_pem)
    cosign = Cosign(
        require_binary("cosign2"),
        2,
        tmp_path,
        {
            "SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "rekor.pub"),
            "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": str(tmp_path / "ct.pub"),
            "SIGSTORE_ROOT_FILE": str(tmp_path / "fulcio.pem"),
        },
    )
    cosign.must(
        *("sign", "--fulcio-url", sigstore.url, "--rekor-url", sigstore.url, "--oidc-issuer", sigstore.url),
        *("--identity-token", "token", "--yes", artifact.reference),
    )
    root = TrustRoot("double", json.dumps(sigstore.trusted_root()))
    anchors = Anchors(identities=(Identity(SUBJECT, sigstore.url),), trust_root=root)
    verdict = verify(artifact.repository, artifact.digest, anchors)
    assert verdict.status == "untrusted"
    assert "sign again with cosign 3" in verdict.rejected[0].reason
