"""Signing and verifying with keys: the rows of the threat model that this room answers for."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import structs

from floe_engine.descriptor import OCI_MANIFEST, Descriptor
from floe_engine.errors import Cancelled, NotFound, RegistryError, RegistryUnreachable, Unsigned, Untrusted
from floe_engine.events import CancelToken
from floe_engine.files import sha256_digest
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.bundle_format import PAYLOAD_TYPE
from floe_engine.signing.keys import load_private
from floe_engine.signing.trust import sign, verify
from floe_engine.signing.verdict import Anchors
from tests.engine.signing.conftest import new_key
from tests.engine.signing.memory import INDEX_MEDIA_TYPE, REFERENCE, MemoryRepository

SIMPLE, BUNDLE = ("simple-signing",), ("bundle",)
SIGNED = {"dev.floe.name": "acme", "org.opencontainers.image.version": "1.2.3"}


def put_signature(
    repository, digest, key, formats=("bundle", "simple-signing"), annotations=None, reference=REFERENCE
):
    return sign(
        repository, digest, key, docker_reference=reference, annotations=annotations or {}, formats=formats
    )


def trusting(*keys, **more):
    return Anchors(keys=tuple(key.public for key in keys), **more)


def reasons(verdict):
    return " | ".join(rejected.reason for rejected in verdict.rejected)


def attach_raw(repository, digest, raw: bytes, **changes):
    """Attach any bytes as a bundle, with `changes` to the referrer's manifest."""
    layer = repository.push_blob(raw, bundle.MEDIA_TYPE)
    config = repository.push_blob(b"{}", "application/vnd.oci.empty.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": bundle.MEDIA_TYPE,
        "config": {"mediaType": config.media_type, "digest": config.digest, "size": config.size},
        "layers": [{"mediaType": bundle.MEDIA_TYPE, "digest": layer.digest, "size": layer.size}],
        "subject": {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1},
        **changes,
    }
    return repository.attach(json.dumps(manifest).encode(), digest)


def key_bundle(digest, key, **annotations):
    return json.loads(bundle.sign_with_key(bundle.statement_for(digest, annotations), key))


def signed_statement(statement: object, key, payload_type=PAYLOAD_TYPE) -> bytes:
    """A key bundle around any JSON at all."""
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    made = json.loads(bundle.sign_with_key(payload, key))
    made["dsseEnvelope"]["payloadType"] = payload_type
    return json.dumps(made).encode()


def put_sig_layers(repository, digest, *layers):
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": layers}).encode()
    repository.push_manifest(raw, OCI_MANIFEST, tag=simple_signing.tag_of(digest))


def sig_layer(repository, payload: bytes, signature: object):
    blob = repository.push_blob(payload, simple_signing.PAYLOAD_MEDIA_TYPE)
    return {
        "mediaType": blob.media_type,
        "digest": blob.digest,
        "size": blob.size,
        "annotations": {simple_signing.SIGNATURE_ANNOTATION: signature},
    }


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --------------------------------------------------------------------------- what good looks like


@pytest.mark.parametrize("formats", [SIMPLE, BUNDLE, ("bundle", "simple-signing")])
def test_what_we_sign_verifies_with_what_was_signed_beside_it(repository, key, formats):
    digest = repository.artifact()
    written = put_signature(repository, digest, key, formats, SIGNED)
    verdict = verify(repository, digest, trusting(key), docker_reference=REFERENCE, exhaustive=True)
    assert verdict.status == "verified"
    assert verdict.signers[0].annotations == SIGNED
    assert {signer.format for signer in verdict.signers} == set(formats)
    assert {(w.format, w.fingerprint) for w in written} == {
        (s.format, s.fingerprint) for s in verdict.signers
    }
    assert all(
        signer.where.startswith(found.where) for found, signer in zip(written, verdict.signers, strict=True)
    )
    assert all(trusting(key).trusts(signer) for signer in written)
    assert {signer.fingerprint for signer in verdict.signers} == {key.public.fingerprint}
    assert (verdict.rejected, verdict.warnings) == ((), ())
    verdict.demand()


def test_the_first_good_signature_ends_the_search_within_five_requests(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    repository.requests.clear()
    assert verify(repository, digest, trusting(key)).status == "verified"
    assert [request.split()[0] for request in repository.requests] == ["referrers", "manifest", "blob"]


def test_a_lone_sig_tag_is_found_within_five_requests(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key, SIMPLE)
    repository.requests.clear()
    assert verify(repository, digest, trusting(key)).status == "verified"
    assert len(repository.requests) == 3


def test_signing_again_with_the_same_key_changes_nothing(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key, annotations=SIGNED)
    before = (dict(repository.tags), dict(repository.attached), set(repository.blobs))
    put_signature(repository, digest, key, annotations=SIGNED)
    assert (dict(repository.tags), dict(repository.attached), set(repository.blobs)) == before


def test_a_second_signer_is_added_beside_the_first(repository, key, stranger):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    put_signature(repository, digest, stranger)
    verdict = verify(repository, digest, trusting(key, stranger), exhaustive=True)
    assert len(verdict.signers) == 4
    assert {signer.fingerprint for signer in verdict.signers} == {
        key.public.fingerprint,
        stranger.public.fingerprint,
    }


def test_signing_what_is_not_there_is_refused(repository, key):
    with pytest.raises(NotFound, match="nothing to sign"):
        put_signature(repository, sha256_digest(b"absent"), key)


def test_signing_stops_when_it_is_cancelled(repository, key):
    digest, token = repository.artifact(), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        sign(repository, digest, key, docker_reference=REFERENCE, annotations={}, cancel=token)
    assert simple_signing.tag_of(digest) not in repository.tags


# --------------------------------------------------------------------------- whose signature


def test_no_signature_is_unsigned_and_says_so_when_demanded(repository, key):
    verdict = verify(repository, repository.artifact(), trusting(key))
    assert verdict.status == "unsigned"
    with pytest.raises(Unsigned):
        verdict.demand()


def test_a_strangers_signature_is_untrusted_and_the_reasons_are_told(repository, key, stranger):
    digest = repository.artifact()
    put_signature(repository, digest, stranger)
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert len(verdict.rejected) == 2
    with pytest.raises(Untrusted) as caught:
        verdict.demand()
    assert f"claims, unproved, the key {stranger.public.fingerprint}" in caught.value.message


def test_without_any_anchor_nothing_is_trusted(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    verdict = verify(repository, digest, Anchors())
    assert verdict.status == "untrusted"
    assert "no keys are trusted" in reasons(verdict)


def test_one_good_signature_among_bad_ones_is_enough_and_the_bad_are_listed(repository, key, stranger):
    digest = repository.artifact()
    attach_raw(repository, digest, b"{")
    put_signature(repository, digest, stranger, BUNDLE)
    put_signature(repository, digest, key, SIMPLE)
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "verified"
    assert verdict.signers[0].format == "simple-signing"
    assert len(verdict.rejected) == 2


def test_a_rotated_key_keeps_old_signatures_good_only_while_it_is_listed(repository, key, stranger):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    assert verify(repository, digest, trusting(stranger, key)).status == "verified"
    assert verify(repository, digest, trusting(stranger)).status == "untrusted"


def test_a_revoked_key_loses_even_while_it_is_listed(repository, key, stranger):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    anchors = trusting(key, stranger, revoked=frozenset({key.public.fingerprint}))
    verdict = verify(repository, digest, anchors)
    assert verdict.status == "untrusted"
    assert "revoked" in reasons(verdict)
    put_signature(repository, digest, stranger)
    assert verify(repository, digest, anchors).status == "verified"


def test_a_lying_hint_does_not_make_a_signature_trusted(repository, key, stranger):
    digest = repository.artifact()
    made = key_bundle(digest, stranger)
    made["verificationMaterial"]["publicKey"]["hint"] = key.public.hint
    attach_raw(repository, digest, json.dumps(made).encode())
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert "did not make it" in reasons(verdict)


def test_an_ed25519_bundle_of_cosign_3_is_explained_and_not_trusted(repository, stranger):
    """It signs a prehash (Ed25519ph), so the signature never holds, and the hint says whose it is."""
    made = ed25519.Ed25519PrivateKey.generate()
    trusted = load_private(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    digest = repository.artifact()
    bundle_of_stranger = key_bundle(digest, stranger)
    bundle_of_stranger["verificationMaterial"]["publicKey"]["hint"] = trusted.public.hint
    attach_raw(repository, digest, json.dumps(bundle_of_stranger).encode())
    verdict = verify(repository, digest, trusting(trusted))
    assert verdict.status == "untrusted"
    assert "Ed25519ph" in reasons(verdict)


def test_a_nonsense_hint_does_not_spoil_a_good_signature(repository, key):
    digest = repository.artifact()
    made = key_bundle(digest, key)
    made["verificationMaterial"]["publicKey"]["hint"] = "\x1b[2J[bold red]x"
    attach_raw(repository, digest, json.dumps(made).encode())
    assert verify(repository, digest, trusting(key)).status == "verified"


def test_a_public_key_shipped_beside_the_artifact_is_not_an_anchor(repository, key, stranger):
    """Anchors come in by argument alone: nothing in the repository can add one."""
    digest = repository.artifact()
    put_signature(repository, digest, stranger)
    repository.push_blob(stranger.public.pem, "application/x-pem-file")
    assert verify(repository, digest, trusting(key)).status == "untrusted"


# --------------------------------------------------------------------------- what was signed


@pytest.mark.parametrize("formats", [SIMPLE, BUNDLE])
def test_a_signature_of_another_artifact_does_not_count(repository, key, formats):
    theirs, ours = repository.artifact("theirs"), repository.artifact("ours")
    put_signature(repository, theirs, key, formats)
    repository.tags[simple_signing.tag_of(ours)] = repository.tags.get(simple_signing.tag_of(theirs), "")
    for descriptor in repository.attached.get(theirs, []):
        stored = repository.manifest(descriptor.digest).raw
        repository.attach(stored.replace(theirs.encode(), ours.encode()), ours)
    verdict = verify(repository, ours, trusting(key))
    assert verdict.status == "untrusted"
    assert "for another artifact" in reasons(verdict)


def test_a_fallback_index_that_lists_anothers_bundle_is_not_believed(repository, key):
    theirs, ours = repository.artifact("theirs"), repository.artifact("ours")
    put_signature(repository, theirs, key, BUNDLE)
    repository.attached[ours] = repository.attached[theirs]
    verdict = verify(repository, ours, trusting(key))
    assert verdict.status == "untrusted"
    assert "refers to another artifact" in reasons(verdict)


def test_a_wrong_artifact_type_in_the_index_does_not_hide_a_bundle(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key, BUNDLE)
    repository.attached[digest] = [
        structs.replace(entry, artifact_type="application/vnd.oci.empty.v1+json")
        for entry in repository.attached[digest]
    ]
    assert verify(repository, digest, trusting(key)).status == "verified"


def test_a_mirror_keeps_signatures_good_and_a_warning_names_the_origin(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key, SIMPLE)
    mirror = MemoryRepository()
    mirror.copy(repository)
    verdict = verify(mirror, digest, trusting(key), docker_reference="mirror.test/acme")
    assert verdict.status == "verified"
    assert len(verdict.warnings) == 1
    assert REFERENCE in verdict.warnings[0]


def test_a_foreign_reference_cannot_reach_the_terminal_raw(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key, SIMPLE, reference="evil\x1b[2J/x")
    (warning,) = verify(repository, digest, trusting(key), docker_reference=REFERENCE).warnings
    assert "\x1b" not in warning


def test_an_attestation_alone_is_no_signature(repository, key):
    digest = repository.artifact()
    sbom = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": "https://spdx.dev/Document",
        "predicate": {},
    }
    attach_raw(repository, digest, signed_statement(sbom, key))
    attach_raw(
        repository,
        digest,
        signed_statement(sbom | {"predicate": {"large": True}}, key),
        annotations={bundle.PREDICATE_ANNOTATION: "https://spdx.dev/Document"},
    )
    assert verify(repository, digest, trusting(key)).status == "unsigned"


def test_a_referrer_of_another_kind_is_no_signature(repository, key):
    digest = repository.artifact()
    attach_raw(repository, digest, b"anything", layers=[], artifactType="application/spdx+json")
    assert verify(repository, digest, trusting(key)).status == "unsigned"


def test_an_attestation_passed_off_as_a_signature_by_its_annotation_is_still_none(repository, key):
    digest = repository.artifact()
    statement = json.loads(bundle.statement_for(digest, {})) | {
        "predicateType": "https://slsa.dev/provenance/v1"
    }
    attach_raw(
        repository,
        digest,
        signed_statement(statement, key),
        annotations={bundle.PREDICATE_ANNOTATION: bundle.PREDICATE_TYPE},
    )
    assert verify(repository, digest, trusting(key)).status == "unsigned"


# --------------------------------------------------------------------------- damage and malice


def two_signatures(made):
    made["dsseEnvelope"]["signatures"] *= 2


def other_payload_type(made):
    made["dsseEnvelope"]["payloadType"] = "text/plain"


def altered_payload(made):
    payload = base64.b64decode(made["dsseEnvelope"]["payload"]).replace(
        b'"predicate":{}', b'"predicate":{"x":1}'
    )
    made["dsseEnvelope"]["payload"] = base64_of(payload)


def no_base64(made):
    made["dsseEnvelope"]["signatures"][0]["sig"] = "!!"


@pytest.mark.parametrize(
    "alter",
    [
        two_signatures,
        other_payload_type,
        altered_payload,
        no_base64,
        lambda made: made["dsseEnvelope"].update(signatures=[]),
        lambda made: made["dsseEnvelope"].update(payload=base64_of(b"[]")),
        lambda made: made["dsseEnvelope"].update(payload=None),
        lambda made: made.update(dsseEnvelope=[]),
        lambda made: made.pop("dsseEnvelope"),
        lambda made: made.pop("verificationMaterial"),
        lambda made: made.update(verificationMaterial={}),
        lambda made: made.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"),
        lambda made: made.update(mediaType=None),
    ],
)
def test_a_bundle_that_was_tampered_with_is_untrusted(repository, key, alter):
    digest = repository.artifact()
    made = key_bundle(digest, key)
    alter(made)
    attach_raw(repository, digest, json.dumps(made).encode())
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert verdict.rejected[0].reason


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"mediaType":', b"[" * 100_000, b"NaN"]
)
def test_a_bundle_that_is_not_even_json_is_untrusted_and_no_crash(repository, key, raw):
    digest = repository.artifact()
    attach_raw(repository, digest, raw)
    assert verify(repository, digest, trusting(key)).status == "untrusted"


def test_a_duplicate_json_key_is_untrusted_wherever_it_hides(repository, key):
    digest = repository.artifact()
    good = bundle.sign_with_key(bundle.statement_for(digest, {}), key)
    attach_raw(repository, digest, good.replace(b"{", b'{"mediaType":"x",', 1))
    statement = bundle.statement_for(digest, {}).replace(b'"predicate":{}', b'"predicate":{},"predicate":{}')
    attach_raw(repository, digest, signed_statement(statement, key))
    payload = simple_signing.payload_for(digest, REFERENCE, {}).replace(b"{", b'{"optional":null,', 1)
    put_sig_layers(repository, digest, sig_layer(repository, payload, base64_of(key.sign(payload))))
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert reasons(verdict).count("duplicate key") == 3


@pytest.mark.parametrize("signature", ["!!not base64 \x1b[31m", "", "AAAA", None, 7])
def test_a_sig_layer_with_a_bad_signature_is_untrusted(repository, key, signature):
    digest = repository.artifact()
    payload = simple_signing.payload_for(digest, REFERENCE, {})
    put_sig_layers(repository, digest, sig_layer(repository, payload, signature))
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert "\x1b" not in reasons(verdict)


@pytest.mark.parametrize(
    "payload", [b"no json", b"[]", b"{}", b'{"critical":{"type":"atomic container signature"}}']
)
def test_a_signed_payload_of_another_shape_is_untrusted(repository, key, payload):
    digest = repository.artifact()
    put_sig_layers(repository, digest, sig_layer(repository, payload, base64_of(key.sign(payload))))
    assert verify(repository, digest, trusting(key)).status == "untrusted"


def test_a_sig_tag_that_holds_something_else_is_untrusted_and_never_overwritten(repository, key):
    digest = repository.artifact()
    raw = json.dumps({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": []}).encode()
    repository.push_manifest(raw, INDEX_MEDIA_TYPE, tag=simple_signing.tag_of(digest))
    assert verify(repository, digest, trusting(key)).status == "untrusted"
    with pytest.raises(Exception, match="damaged"):
        put_signature(repository, digest, key, SIMPLE)
    assert repository.manifest(simple_signing.tag_of(digest)).raw == raw


def test_a_sig_tag_without_signatures_is_untrusted_and_not_unsigned(repository, key):
    digest = repository.artifact()
    put_sig_layers(repository, digest)
    assert verify(repository, digest, trusting(key)).status == "untrusted"


def test_a_signature_whose_blob_is_gone_or_altered_is_untrusted(repository, key):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    (referrer,) = repository.attached[digest]
    layer = json.loads(repository.manifest(referrer.digest).raw)["layers"][0]["digest"]
    payload = sha256_digest(simple_signing.payload_for(digest, REFERENCE, {}))
    del repository.blobs[layer]
    repository.blobs[payload] = b"altered"
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert len(verdict.rejected) == 2


def test_a_payload_over_a_mebibyte_is_refused_before_it_is_fetched(repository, key):
    digest = repository.artifact()
    statement = bundle.statement_for(digest, {"padding": "x" * (1 << 20)})
    attach_raw(repository, digest, signed_statement(statement, key))
    payload = simple_signing.payload_for(digest, REFERENCE, {"padding": "x" * (1 << 20)})
    put_sig_layers(repository, digest, sig_layer(repository, payload, base64_of(key.sign(payload))))
    repository.requests.clear()
    assert verify(repository, digest, trusting(key)).status == "untrusted"
    assert not any(request.startswith("blob") for request in repository.requests)


def test_no_more_than_a_hundred_signatures_are_looked_at(repository, key, stranger):
    digest = repository.artifact()
    payload = simple_signing.payload_for(digest, REFERENCE, {})
    layer = sig_layer(repository, payload, base64_of(stranger.sign(payload)))
    good = sig_layer(repository, payload, base64_of(key.sign(payload)))
    put_sig_layers(repository, digest, *[layer] * 100, good)
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert len(verdict.rejected) == 101
    assert "only 100 were looked at" in reasons(verdict)


def test_a_flood_of_other_referrers_does_not_hide_a_signature(repository, key):
    digest = repository.artifact()
    repository.attached[digest] = [
        Descriptor(OCI_MANIFEST, sha256_digest(b"%d" % number), 1, {}, "application/spdx+json")
        for number in range(200)
    ]
    put_signature(repository, digest, key, BUNDLE)
    repository.attached[digest][-1] = structs.replace(
        repository.attached[digest][-1], artifact_type=bundle.MEDIA_TYPE
    )
    assert verify(repository, digest, trusting(key)).status == "verified"


def test_legacy_keyless_signatures_are_named_as_unsupported(repository, key):
    digest = repository.artifact()
    payload = simple_signing.payload_for(digest, REFERENCE, {})
    layer = sig_layer(repository, payload, base64_of(key.sign(payload)))
    layer["annotations"][simple_signing.CERTIFICATE_ANNOTATION] = "-----BEGIN CERTIFICATE-----"
    put_sig_layers(repository, digest, layer)
    verdict = verify(repository, digest, trusting(key))
    assert verdict.status == "untrusted"
    assert "sign again with cosign 3" in reasons(verdict)


# --------------------------------------------------------------------------- the registry


@pytest.mark.parametrize("broken", ["referrers", "manifest", "blob"])
def test_a_registry_that_fails_is_an_error_and_never_unsigned(repository, key, broken):
    digest = repository.artifact()
    put_signature(repository, digest, key)
    repository.broken = broken
    with pytest.raises(RegistryUnreachable):
        verify(repository, digest, trusting(key))


def test_a_registry_that_fails_at_the_sig_tag_is_an_error_too(repository, key):
    digest = repository.artifact()
    repository.broken = "manifest sha256-"
    with pytest.raises(RegistryUnreachable):
        verify(repository, digest, trusting(key))


def test_a_tag_that_moves_after_the_check_does_not_move_the_verdict(repository, key):
    digest, other = repository.artifact("good"), repository.artifact("evil")
    repository.tags["1.2.3"] = digest
    put_signature(repository, digest, key)
    resolved = repository.resolve("1.2.3").digest
    repository.tags["1.2.3"] = other
    assert verify(repository, resolved, trusting(key)).status == "verified"
    assert verify(repository, other, trusting(key)).status == "unsigned"


def test_signers_at_the_same_moment_do_not_lose_each_others_signatures(repository):
    digest, keys = repository.artifact(), [new_key() for _ in range(6)]
    start = threading.Barrier(len(keys))
    repository.latency = 0.003

    def work(signer):
        start.wait()
        put_signature(repository, digest, signer)

    threads = [threading.Thread(target=work, args=(signer,)) for signer in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(repository, digest, trusting(*keys), exhaustive=True)
    for form in ("bundle", "simple-signing"):
        assert len({signer.fingerprint for signer in verdict.signers if signer.format == form}) == len(keys)


@pytest.mark.parametrize("formats", [SIMPLE, BUNDLE, ("bundle", "simple-signing")])
def test_a_signature_that_is_overwritten_once_is_written_again(repository, key, formats, monkeypatch):
    digest = repository.artifact()
    look, listed, overwritten = repository.resolve, repository.referrers, []

    def look_at_tag(ref):
        """The first look finds what another signer has made of the tag meanwhile."""
        if ref.endswith(".sig") and ref not in overwritten:
            overwritten.append(ref)
            del repository.tags[ref]
        return look(ref)

    def list_referrers(subject):
        if subject not in overwritten:
            overwritten.append(subject)
            repository.attached[subject] = []
        return listed(subject)

    with monkeypatch.context() as patch:
        patch.setattr(repository, "resolve", look_at_tag)
        patch.setattr(repository, "referrers", list_referrers)
        put_signature(repository, digest, key, formats)
    verdict = verify(repository, digest, trusting(key), exhaustive=True)
    assert len(verdict.signers) == len(overwritten) == len(formats)


def test_a_signature_that_is_overwritten_forever_is_an_error(repository, key, monkeypatch):
    digest = repository.artifact()
    monkeypatch.setattr(CancelToken, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(repository, "referrers", lambda subject: [])
    with pytest.raises(RegistryError, match="keeps being overwritten"):
        put_signature(repository, digest, key, BUNDLE)


def test_the_room_costs_no_heavy_import():
    heavy = ("sigstore", "cryptography", "nacl", "requests", "oras")
    script = (
        "import sys, floe_engine.signing, floe_engine.signing.trust\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
