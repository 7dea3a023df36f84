"""Keyless signing and verifying, against a whole Sigstore on loopback."""

from __future__ import annotations

import base64
import copy
import json
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from floe_engine.errors import ConfigurationError, RegistryUnreachable, TrustError
from floe_engine.signing import bundle
from floe_engine.signing.keyless import KeylessSigner, TrustRoot
from floe_engine.signing.oidc import find_token
from floe_engine.signing.trust import sign, verify
from floe_engine.signing.verdict import Anchors, Identity
from tests.engine.signing.memory import REFERENCE
from tests.engine.signing.test_trust import attach_raw, put_signature, reasons, trusting
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble

KINDS = [(1, False), (1, True), (2, True)]
"""Rekor's version, and whether there is a timestamp authority (version 2 needs one)."""


@pytest.fixture(scope="module")
def sigstore():
    with SigstoreDouble() as double:
        yield double


@pytest.fixture(scope="module")
def other_sigstore():
    with SigstoreDouble() as double:
        yield double


def root_of(double, **config):
    document = double.client_config(**config)
    return TrustRoot("a test", json.dumps(document["trustedRoot"]), json.dumps(document["signingConfig"]))


def anchors_for(double, *identities):
    return Anchors(identities=identities or (Identity(SUBJECT, double.url),), trust_root=root_of(double))


def signed(repository, double, digest, *, rekor=1, tsa=False, annotations=None, **claims):
    signer = KeylessSigner(double.token(**claims), root_of(double, rekor=rekor, tsa=tsa))
    return sign(repository, digest, signer, docker_reference=REFERENCE, annotations=annotations or {})


def made_bundle(double, digest, *, rekor=1, tsa=False):
    signer = KeylessSigner(double.token(), root_of(double, rekor=rekor, tsa=tsa))
    return json.loads(signer.sign(bundle.statement_for(digest, {}))[0])


@pytest.mark.parametrize(("rekor", "tsa"), KINDS)
def test_a_keyless_signature_verifies_with_who_made_it_and_what_they_signed(repository, sigstore, rekor, tsa):
    digest = repository.artifact()
    written = signed(repository, sigstore, digest, rekor=rekor, tsa=tsa, annotations={"a": "b"})
    verdict = verify(repository, digest, anchors_for(sigstore))
    assert (verdict.status, verdict.signers[0].annotations) == ("verified", {"a": "b"})
    assert written == verdict.signers
    (signer,) = verdict.signers
    assert (signer.identity, signer.issuer) == (SUBJECT, sigstore.url)
    assert str(signer) == f"{SUBJECT} ({sigstore.url})"


def test_an_email_address_is_an_identity_too(repository, sigstore):
    digest = repository.artifact()
    signed(repository, sigstore, digest, email="ada@acme.test")
    assert verify(repository, digest, anchors_for(sigstore, Identity("ada@acme.test", sigstore.url))).signers


@pytest.mark.parametrize(
    ("subject", "pattern", "status"),
    [
        (SUBJECT, False, "verified"),
        (SUBJECT[:-1], False, "untrusted"),
        (r"https://floe\.test/acme/.*", True, "verified"),
        (r"floe\.test/acme/.*", True, "untrusted"),
        (r"https://floe\.test/acme/", True, "untrusted"),
        (r"https://floe\.test/.*", False, "untrusted"),
    ],
)
def test_an_identity_is_exact_or_a_pattern_for_the_whole_of_it(
    repository, sigstore, subject, pattern, status
):
    digest = repository.artifact()
    signed(repository, sigstore, digest)
    anchors = anchors_for(sigstore, Identity(subject, sigstore.url, pattern=pattern))
    assert verify(repository, digest, anchors).status == status


def test_the_right_name_from_another_issuer_is_untrusted(repository, sigstore):
    digest = repository.artifact()
    signed(repository, sigstore, digest)
    verdict = verify(repository, digest, anchors_for(sigstore, Identity(SUBJECT, "https://issuer.test")))
    assert verdict.status == "untrusted"
    assert verdict.rejected[0].signer.identity == SUBJECT


def test_any_of_several_identities_is_enough(repository, sigstore):
    digest = repository.artifact()
    signed(repository, sigstore, digest)
    anchors = anchors_for(sigstore, Identity("x", sigstore.url), Identity(SUBJECT, sigstore.url))
    assert verify(repository, digest, anchors).status == "verified"


def test_an_identity_without_an_issuer_or_with_a_broken_pattern_cannot_be_written():
    for subject, issuer, pattern in (
        ("a@b.c", "", False),
        ("", "https://i.test", False),
        ("(", "https://i.test", True),
    ):
        with pytest.raises(ConfigurationError):
            Identity(subject, issuer, pattern=pattern)


def test_without_trusted_identities_a_keyless_signature_is_untrusted(repository, sigstore, key):
    digest = repository.artifact()
    signed(repository, sigstore, digest)
    verdict = verify(repository, digest, trusting(key, trust_root=root_of(sigstore)))
    assert verdict.status == "untrusted"
    assert "no identities are trusted" in reasons(verdict)


def test_a_key_and_an_identity_can_vouch_for_the_same_artifact(repository, sigstore, key):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    signed(repository, sigstore, digest)
    anchors = trusting(key, identities=(Identity(SUBJECT, sigstore.url),), trust_root=root_of(sigstore))
    verdict = verify(repository, digest, anchors, exhaustive=True)
    assert len(verdict.signers) == 3
    assert not verdict.rejected


def test_a_whole_other_sigstore_is_untrusted_whatever_it_claims(repository, sigstore, other_sigstore):
    digest = repository.artifact()
    signed(repository, other_sigstore, digest)
    for issuer in (sigstore.url, other_sigstore.url):
        assert (
            verify(repository, digest, anchors_for(sigstore, Identity(SUBJECT, issuer))).status == "untrusted"
        )


def test_a_revoked_certificate_key_is_untrusted(repository, sigstore):
    digest = repository.artifact()
    signed(repository, sigstore, digest)
    (signer,) = verify(repository, digest, anchors_for(sigstore)).signers
    anchors = Anchors(
        identities=(Identity(SUBJECT, sigstore.url),),
        revoked=frozenset({signer.fingerprint}),
        trust_root=root_of(sigstore),
    )
    verdict = verify(repository, digest, anchors)
    assert verdict.status == "untrusted"
    assert "revoked" in reasons(verdict)


def test_a_keyless_signature_of_another_artifact_does_not_count(repository, sigstore):
    theirs, ours = repository.artifact("theirs"), repository.artifact("ours")
    attach_raw(repository, ours, json.dumps(made_bundle(sigstore, theirs)).encode())
    verdict = verify(repository, ours, anchors_for(sigstore))
    assert verdict.status == "untrusted"
    assert "made for another artifact" in reasons(verdict)


# --------------------------------------------------------------------------- tampering


def flip(text: str) -> str:
    data = base64.b64decode(text)
    return base64.b64encode(bytes([data[0] ^ 1]) + data[1:]).decode()


def entry(made):
    return made["verificationMaterial"]["tlogEntries"][0]


def proof(made):
    return entry(made)["inclusionProof"]


def flip_root(made, other):
    proof(made)["rootHash"] = flip(proof(made)["rootHash"])


def flip_proof_hash(made, other):
    proof(made)["hashes"][0] = flip(proof(made)["hashes"][0])


def move_index(made, other):
    proof(made)["logIndex"] = str(int(proof(made)["logIndex"]) - 1)


def flip_body(made, other):
    entry(made)["canonicalizedBody"] = flip(entry(made)["canonicalizedBody"])


def edit_checkpoint(made, other):
    checkpoint = proof(made)["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("rekor", "rekoR", 1)


def remove_proof(made, other):
    del entry(made)["inclusionProof"]


def remove_entries(made, other):
    made["verificationMaterial"]["tlogEntries"] = []


def foreign_entry(made, other):
    made["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]


def flip_signature(made, other):
    made["dsseEnvelope"]["signatures"][0]["sig"] = flip(made["dsseEnvelope"]["signatures"][0]["sig"])


def swap_payload(made, other):
    payload = base64.b64decode(made["dsseEnvelope"]["payload"]).replace(
        b'"predicate":{}', b'"predicate":{"a":1}'
    )
    made["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


def foreign_certificate(made, other):
    made["verificationMaterial"]["certificate"] = other["verificationMaterial"]["certificate"]


def junk_certificate(made, other):
    made["verificationMaterial"]["certificate"] = {"rawBytes": "AAAA"}


def certificate_of_another_type(made, other):
    made["verificationMaterial"]["certificate"] = [1, 2]


def flip_set(made, other):
    promise = entry(made)["inclusionPromise"]
    promise["signedEntryTimestamp"] = flip(promise["signedEntryTimestamp"])


def later_time(made, other):
    """The grace-period bypass: a time that no log signed, so that the certificate looks expired."""
    entry(made)["integratedTime"] = str(int(entry(made)["integratedTime"]) + 3600)


def remove_set(made, other):
    del entry(made)["inclusionPromise"]


def remove_timestamp(made, other):
    del made["verificationMaterial"]["timestampVerificationData"]


def foreign_timestamp(made, other):
    material = made["verificationMaterial"]
    material["timestampVerificationData"] = other["verificationMaterial"]["timestampVerificationData"]


ALWAYS = [
    flip_root,
    flip_proof_hash,
    move_index,
    flip_body,
    edit_checkpoint,
    remove_proof,
    remove_entries,
    foreign_entry,
    flip_signature,
    swap_payload,
    foreign_certificate,
    junk_certificate,
    certificate_of_another_type,
]
TAMPERING = [(1, False, alter) for alter in (*ALWAYS, flip_set, later_time, remove_set)] + [
    (2, True, alter) for alter in (*ALWAYS, remove_timestamp, foreign_timestamp)
]


@pytest.fixture(scope="module")
def bundles(sigstore):
    """Two good bundles for one digest under each Rekor, deep enough in the log to have proofs."""
    digest = f"sha256:{'ab' * 32}"
    return digest, {
        (rekor, tsa): [made_bundle(sigstore, digest, rekor=rekor, tsa=tsa) for _ in range(4)][2:]
        for rekor, tsa in ((1, False), (2, True))
    }


@pytest.mark.parametrize(
    ("rekor", "tsa", "alter"), TAMPERING, ids=[f"rekor{r}-{alter.__name__}" for r, _, alter in TAMPERING]
)
def test_a_keyless_bundle_that_was_tampered_with_is_untrusted(
    repository, sigstore, bundles, rekor, tsa, alter
):
    digest, made = bundles
    good, other = copy.deepcopy(made[rekor, tsa])
    alter(good, other)
    attach_raw(repository, digest, json.dumps(good).encode())
    verdict = verify(repository, digest, anchors_for(sigstore))
    assert verdict.status == "untrusted"
    assert verdict.rejected[0].reason


@pytest.mark.parametrize(("rekor", "tsa"), [(1, False), (2, True)])
def test_the_bundles_that_are_tampered_with_are_good_before(repository, sigstore, bundles, rekor, tsa):
    digest, made = bundles
    attach_raw(repository, digest, json.dumps(made[rekor, tsa][0]).encode())
    assert verify(repository, digest, anchors_for(sigstore)).status == "verified"


@pytest.mark.parametrize("log", [0, 1])
def test_a_log_that_the_trust_root_does_not_list_is_untrusted(repository, sigstore, bundles, log):
    digest, made = bundles
    attach_raw(repository, digest, json.dumps(made[[(1, False), (2, True)][log]][0]).encode())
    document = sigstore.trusted_root()
    del document["tlogs"][log]
    anchors = Anchors(
        identities=(Identity(SUBJECT, sigstore.url),), trust_root=TrustRoot("a test", json.dumps(document))
    )
    assert verify(repository, digest, anchors).status == "untrusted"


@contextmanager
def two_hours_ago(sigstore):
    """Turn back the clocks of the double and of the signing library."""
    import sigstore.sign as library

    class TwoHoursAgo(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(hours=2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "datetime", TwoHoursAgo)
        patch.setattr(sigstore, "skew", timedelta(hours=2))
        yield


def expired_bundle(sigstore, digest) -> bytes:
    """Logged now, with a certificate of two hours ago."""
    from sigstore.dsse import Statement
    from sigstore.oidc import IdentityToken
    from sigstore.sign import SigningContext

    context = SigningContext.from_trust_config(root_of(sigstore).client_config())
    with two_hours_ago(sigstore), context.signer(IdentityToken(sigstore.token())) as signer:
        sigstore.skew = timedelta(0)
        return signer.sign_dsse(Statement(bundle.statement_for(digest, {}))).to_json().encode()


def test_a_certificate_that_had_expired_when_it_was_logged_is_untrusted(repository, sigstore):
    digest = repository.artifact()
    attach_raw(repository, digest, expired_bundle(sigstore, digest))
    assert verify(repository, digest, anchors_for(sigstore)).status == "untrusted"


@pytest.mark.parametrize(("rekor", "tsa"), KINDS)
def test_an_old_signature_stays_good_after_its_certificate_expired(repository, sigstore, rekor, tsa):
    digest = repository.artifact()
    with two_hours_ago(sigstore):
        signed(repository, sigstore, digest, rekor=rekor, tsa=tsa)
    assert verify(repository, digest, anchors_for(sigstore)).status == "verified"


def test_verifying_needs_no_network(repository, sigstore, bundles, monkeypatch):
    import socket

    digest, made = bundles
    attach_raw(repository, digest, json.dumps(made[2, True][0]).encode())

    def refuse(*args, **more):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert verify(repository, digest, anchors_for(sigstore)).status == "verified"
    assert (
        verify(repository, digest, Anchors(identities=(Identity(SUBJECT, sigstore.url),))).status
        == "untrusted"
    )


# --------------------------------------------------------------------------- trust roots and tokens


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def test_a_trust_root_is_read_from_either_of_its_files(tmp_path, repository, sigstore):
    client = TrustRoot.load(write(tmp_path / "client.json", sigstore.client_config()))
    bare = TrustRoot.load(write(tmp_path / "trusted_root.json", sigstore.trusted_root()))
    both = TrustRoot.load(
        tmp_path / "trusted_root.json",
        write(tmp_path / "signing.json", sigstore.signing_config(rekor=2, tsa=True)),
    )
    for signing in (client, both):
        digest = repository.artifact(signing.name)
        sign(
            repository,
            digest,
            KeylessSigner(sigstore.token(), signing),
            docker_reference=REFERENCE,
            annotations={},
        )
        for reading in (client, bare, both):
            anchors = Anchors(identities=(Identity(SUBJECT, sigstore.url),), trust_root=reading)
            assert verify(repository, digest, anchors).status == "verified"
    with pytest.raises(ConfigurationError, match="where to sign"):
        KeylessSigner(sigstore.token(), bare).sign(b"{}")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"mediaType": "text/plain"}'])
def test_a_file_that_is_no_trust_root_is_explained(tmp_path, content):
    path = tmp_path / "root.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        TrustRoot.load(path)
    assert caught.value.where == str(path)


def test_a_trust_root_with_damage_inside_is_a_configuration_error(tmp_path, sigstore):
    document = sigstore.trusted_root()
    document["tlogs"] = "none"
    with pytest.raises(ConfigurationError, match="trust root cannot be used"):
        TrustRoot.load(write(tmp_path / "root.json", document))


@pytest.mark.parametrize("missing", ["tlogs", "certificateAuthorities", "ctlogs"])
def test_a_trust_root_without_a_part_is_a_configuration_error(tmp_path, sigstore, missing):
    path = write(tmp_path / "root.json", sigstore.trusted_root() | {missing: []})
    with pytest.raises(ConfigurationError, match="trust root cannot be used"):
        TrustRoot.load(path)


def test_an_expired_or_senseless_token_is_explained_and_never_shown(sigstore):
    for token in (sigstore.token(ttl=-100), "not.a.token", ""):
        with pytest.raises(TrustError, match="identity token cannot be used") as caught:
            KeylessSigner(token, root_of(sigstore)).sign(bundle.statement_for(f"sha256:{'0' * 64}", {}))
        assert not token or token not in f"{caught.value}"
    assert "not.a.token" not in repr(KeylessSigner("not.a.token", root_of(sigstore)))


def test_a_token_that_fulcio_refuses_is_a_trust_error(sigstore, other_sigstore):
    with pytest.raises(TrustError, match="did not sign"):
        KeylessSigner(other_sigstore.token(), root_of(sigstore)).sign(
            bundle.statement_for(f"sha256:{'0' * 64}", {})
        )


def test_a_sigstore_that_does_not_answer_is_unreachable_and_not_a_matter_of_trust():
    with SigstoreDouble() as gone:
        token, root = gone.token(), root_of(gone)
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        KeylessSigner(token, root).sign(bundle.statement_for(f"sha256:{'0' * 64}", {}))


def test_a_signature_without_any_time_is_not_made(sigstore):
    """Rekor 2 gives no time of its own, and there is no timestamp authority here."""
    with pytest.raises(TrustError, match="did not sign"):
        KeylessSigner(sigstore.token(), root_of(sigstore, rekor=2)).sign(
            bundle.statement_for(f"sha256:{'0' * 64}", {})
        )


def test_a_signature_that_its_own_root_does_not_accept_is_noticed_by_its_signer(sigstore, other_sigstore):
    """The signing configuration names a timestamp authority that the trust root does not know."""
    config = sigstore.signing_config(rekor=2) | {
        key: value
        for key, value in other_sigstore.signing_config(rekor=2, tsa=True).items()
        if key.startswith("tsa")
    }
    root = TrustRoot("a test", json.dumps(sigstore.trusted_root()), json.dumps(config))
    with pytest.raises(TrustError, match="does not verify"):
        KeylessSigner(sigstore.token(), root).sign(bundle.statement_for(f"sha256:{'0' * 64}", {}))


def test_the_token_comes_from_the_caller_then_the_environment_and_else_is_missed(monkeypatch):
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    assert find_token("given", {"SIGSTORE_ID_TOKEN": "environment"}) == "given"
    assert find_token(None, {"SIGSTORE_ID_TOKEN": "environment\n"}) == "environment"
    with pytest.raises(TrustError, match="no identity to sign with"):
        find_token(None, {})
