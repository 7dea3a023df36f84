"""The cases of sigstore-conformance that are about what a bundle means, made anew with keys of our own.

The suite's assets have no place here, but what each of its cases tries has a name and a reason, and
can be built: every row below is named as there, and is asked by the suite's command-line protocol.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rfc3161_client import TimestampRequestBuilder

from floe_engine.files import sha256_digest
from floe_engine.signing import bundle
from floe_engine.signing.bundle_format import PAYLOAD_TYPE
from tests.faults.authorities import LONG_AGO, Authority
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble, b64, pem, public_pem
from tests.interop.sigstore_conformance import Case, main

CONTENT = b"what was signed\n"
OTHER = b"something else\n"
SIGNS = ec.ECDSA(hashes.SHA256())


@pytest.fixture(scope="module")
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


@dataclass
class Maker:
    """Makes bundles by hand, so that any part of one can be of another."""

    sigstore: SigstoreDouble
    managed: bool = False
    """Whether a key of one's own signs; else a certificate's."""

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        claims = {"sub": SUBJECT, "iss": self.sigstore.url}
        self.certificate = self.sigstore.certificate(self.key.public_key(), claims)

    @property
    def verifier(self) -> bytes:
        """What an entry of Rekor v1 names the signer by."""
        return (public_pem(self.key) if self.managed else pem(self.certificate)).encode()

    def material(self, entry: dict[str, Any] | None, *stamps: bytes) -> dict[str, Any]:
        der = self.certificate.public_bytes(Encoding.DER)
        named = {"publicKey": {"hint": "any"}} if self.managed else {"certificate": {"rawBytes": b64(der)}}
        found: dict[str, Any] = {**named, "tlogEntries": [entry] if entry is not None else []}
        if stamps:
            given = [{"signedTimestamp": b64(stamp)} for stamp in stamps]
            found["timestampVerificationData"] = {"rfc3161Timestamps": given}
        return found

    def stamp(self, signature: bytes, when: datetime | None = None) -> bytes:
        request = TimestampRequestBuilder().data(signature).build().as_bytes()
        answer: bytes = self.sigstore.tsa.answer(request, when or self.sigstore.now())
        return answer

    # what is signed

    def envelope(self, payload: bytes) -> tuple[dict[str, Any], bytes, bytes]:
        """A DSSE envelope, its signature, and what that is over."""
        signed = bundle.pre_authentication(PAYLOAD_TYPE, payload)
        signature = self.key.sign(signed, SIGNS)
        made = {
            "payload": b64(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": b64(signature), "keyid": ""}],
        }
        return made, signature, signed

    def message(self, content: bytes = CONTENT) -> tuple[dict[str, Any], bytes]:
        signature = self.key.sign(content, SIGNS)
        digest = b64(hashlib.sha256(content).digest())
        return {
            "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
            "signature": b64(signature),
        }, signature

    # what is logged

    def dsse(self, envelope: dict[str, Any]) -> dict[str, Any]:
        proposed = {"envelope": json.dumps(envelope), "verifiers": [b64(self.verifier)]}
        return self._v1({"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": proposed}})

    def hashedrekord(self, signed: bytes, signature: bytes) -> dict[str, Any]:
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(signed).hexdigest()}},
            "signature": {"content": b64(signature), "publicKey": {"content": b64(self.verifier)}},
        }
        return self._v1({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})

    def intoto(self, payload: bytes, signature: bytes) -> dict[str, Any]:
        """As Rekor v1 keeps it: the payload's digest in the payload's place."""
        envelope = {
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"publicKey": b64(self.verifier), "sig": b64(b64(signature).encode())},
            ],
        }
        value = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
        content = {"envelope": envelope, "hash": value, "payloadHash": value}
        return self._v1({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}})

    def _v1(self, proposed: dict[str, Any]) -> dict[str, Any]:
        (entry,) = self.sigstore.log_v1(proposed).values()
        said, body = entry["verification"], json.loads(base64.b64decode(entry["body"]))
        proof = said["inclusionProof"]
        return {
            "logIndex": str(entry["logIndex"]),
            "logId": {"keyId": b64(bytes.fromhex(entry["logID"]))},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": str(entry["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": said["signedEntryTimestamp"]},
            "inclusionProof": {
                "logIndex": str(proof["logIndex"]),
                "rootHash": b64(bytes.fromhex(proof["rootHash"])),
                "treeSize": str(proof["treeSize"]),
                "hashes": [b64(bytes.fromhex(step)) for step in proof["hashes"]],
                "checkpoint": {"envelope": proof["checkpoint"]},
            },
            "canonicalizedBody": entry["body"],
        }

    def rekor2(self, signed: bytes, signature: bytes) -> dict[str, Any]:
        raw = self.certificate.public_bytes(Encoding.DER)
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        named = (
            {"publicKey": {"rawBytes": b64(spki)}}
            if self.managed
            else {"x509Certificate": {"rawBytes": b64(raw)}}
        )
        verifier = {**named, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        wanted = {
            "digest": b64(hashlib.sha256(signed).digest()),
            "signature": {"content": b64(signature), "verifier": verifier},
        }
        return self.sigstore.log_v2({"hashedRekordRequestV002": wanted})


def statement(content: bytes = CONTENT, **more: object) -> bytes:
    said = json.loads(bundle.statement_for(sha256_digest(content), {}))
    said.update(more)
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def document(material: dict[str, Any], **content: dict[str, Any]) -> dict[str, Any]:
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return {"mediaType": media_type, "verificationMaterial": material, **content}


Made = tuple[dict[str, Any], dict[str, Any]]
"""A bundle and a trusted root."""
Build = Callable[[Maker], Made]
KEYLESS: dict[str, Build] = {}
MANAGED: dict[str, Build] = {}


def case(table: dict[str, Build]) -> Callable[[Build], Build]:
    def note(build: Build) -> Build:
        table[build.__name__.replace("_", "-").replace("-fail", "_fail")] = build
        return build

    return note


def signed_message(maker: Maker) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    content, signature = maker.message()
    return content, signature, maker.hashedrekord(CONTENT, signature)


# --- message signatures, Rekor v1 ------------------------------------------------------------------


@case(KEYLESS)
@case(MANAGED)
def happy_path(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def cve_2022_36056_swapped_tlog_entry_fail(maker: Maker) -> Made:
    """The log's entry is genuine, and of another signature by the same signer."""
    content, _ = maker.message()
    entry = maker.hashedrekord(OTHER, maker.key.sign(OTHER, SIGNS))
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def message_digest_mismatch_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    content["messageDigest"]["digest"] = b64(hashlib.sha256(OTHER).digest())
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def invalid_signature_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    content["signature"] = b64(maker.key.sign(OTHER, SIGNS))
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def invalid_set_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def invalid_inclusion_proof_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    entry["inclusionProof"]["rootHash"] = b64(bytes(32))
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def no_inclusion_proof_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    del entry["inclusionProof"]
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def checkpoint_of_another_log_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    with SigstoreDouble() as foreign:
        other = Maker(foreign).hashedrekord(CONTENT, b"x")
    entry["inclusionProof"]["checkpoint"] = other["inclusionProof"]["checkpoint"]
    material = maker.material(entry)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


# --- envelopes, Rekor v1 ---------------------------------------------------------------------------


@case(KEYLESS)
@case(MANAGED)
def dsse_happy_path(maker: Maker) -> Made:
    envelope, _, _ = maker.envelope(statement())
    return document(
        maker.material(maker.dsse(envelope)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_mismatch_envelope_fail(maker: Maker) -> Made:
    """The log's entry is of another envelope by the same signer."""
    envelope, _, _ = maker.envelope(statement())
    other, _, _ = maker.envelope(statement(predicateType="https://example.com/other"))
    material = maker.material(maker.dsse(other))
    return document(material, dsseEnvelope=envelope), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_mismatch_sig_fail(maker: Maker) -> Made:
    """Of the same payload signed twice (ECDSA differs each time) the log has the other signature."""
    envelope, _, _ = maker.envelope(statement())
    other, _, _ = maker.envelope(statement())
    material = maker.material(maker.dsse(other))
    return document(material, dsseEnvelope=envelope), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_invalid_sig_fail(maker: Maker) -> Made:
    envelope, _, _ = maker.envelope(statement())
    envelope["signatures"][0]["sig"] = b64(maker.key.sign(OTHER, SIGNS))
    return document(
        maker.material(maker.dsse(envelope)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_other_artifact_fail(maker: Maker) -> Made:
    envelope, _, _ = maker.envelope(statement(OTHER))
    return document(
        maker.material(maker.dsse(envelope)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


def logged(maker: Maker, payload: bytes) -> Made:
    envelope, signature, signed = maker.envelope(payload)
    entry = maker.rekor2(signed, signature) if maker.managed else maker.dsse(envelope)
    material = maker.material(entry)
    return document(material, dsseEnvelope=envelope), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_statement_missing_type_fail(maker: Maker) -> Made:
    return logged(maker, statement(_type=None))


@case(KEYLESS)
@case(MANAGED)
def dsse_statement_unknown_type_fail(maker: Maker) -> Made:
    return logged(maker, statement(_type="https://in-toto.io/Statement/v2"))


@case(KEYLESS)
@case(MANAGED)
def dsse_statement_happy_path(maker: Maker) -> Made:
    return logged(maker, statement(predicateType="https://example.com/test"))


@case(MANAGED)
def intoto_canonical_log_entry(maker: Maker) -> Made:
    payload = statement()
    envelope, signature, _ = maker.envelope(payload)
    return document(
        maker.material(maker.intoto(payload, signature)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(MANAGED)
def intoto_canonical_log_entry_of_another_payload_fail(maker: Maker) -> Made:
    envelope, signature, _ = maker.envelope(statement())
    entry = maker.intoto(statement(OTHER), signature)
    material = maker.material(entry)
    return document(material, dsseEnvelope=envelope), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_with_hashedrekord_happy_path(maker: Maker) -> Made:
    envelope, signature, signed = maker.envelope(statement())
    return document(
        maker.material(maker.hashedrekord(signed, signature)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def dsse_with_hashedrekord_invalid_sig_fail(maker: Maker) -> Made:
    made, root = dsse_with_hashedrekord_happy_path(maker)
    made["dsseEnvelope"]["signatures"][0]["sig"] = b64(maker.key.sign(OTHER, SIGNS))
    return made, root


@case(KEYLESS)
@case(MANAGED)
def dsse_with_hashedrekord_mismatch_envelope_fail(maker: Maker) -> Made:
    made, root = dsse_with_hashedrekord_happy_path(maker)
    made["dsseEnvelope"], _, _ = maker.envelope(statement(predicateType="https://example.com/other"))
    return made, root


@case(KEYLESS)
@case(MANAGED)
def dsse_with_hashedrekord_mismatch_sig_fail(maker: Maker) -> Made:
    made, root = dsse_with_hashedrekord_happy_path(maker)
    made["dsseEnvelope"], _, _ = maker.envelope(statement())
    return made, root


# --- Rekor v2, whose time comes from timestamp authorities -----------------------------------------


def stamped(maker: Maker, *moments: timedelta) -> Made:
    content, signature = maker.message()
    stamps = [maker.stamp(signature, maker.sigstore.now() + moment) for moment in moments]
    material = maker.material(maker.rekor2(CONTENT, signature), *stamps)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def rekor2_happy_path(maker: Maker) -> Made:
    return stamped(maker, timedelta(0))


@case(KEYLESS)
def rekor2_no_timestamp_fail(maker: Maker) -> Made:
    return stamped(maker)


@case(KEYLESS)
def rekor2_timestamp_outside_cert_validity_fail(maker: Maker) -> Made:
    return stamped(maker, timedelta(hours=2))


@case(KEYLESS)
def rekor2_multiple_timestamps_one_outside_cert_validity_fail(maker: Maker) -> Made:
    return stamped(maker, timedelta(0), timedelta(hours=2))


@case(KEYLESS)
def rekor2_timestamp_of_another_signature_fail(maker: Maker) -> Made:
    content, signature = maker.message()
    material = maker.material(maker.rekor2(CONTENT, signature), maker.stamp(b"another"))
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def rekor2_timestamp_untrusted_tsa_fail(maker: Maker) -> Made:
    made, root = stamped(maker, timedelta(0))
    with SigstoreDouble() as foreign:
        root["timestampAuthorities"] = foreign.trusted_root()["timestampAuthorities"]
    return made, root


@case(KEYLESS)
def rekor2_dsse_happy_path(maker: Maker) -> Made:
    envelope, signature, signed = maker.envelope(statement())
    material = maker.material(maker.rekor2(signed, signature), maker.stamp(signature))
    return document(material, dsseEnvelope=envelope), maker.sigstore.trusted_root()


@case(KEYLESS)
def rekor2_dsse_invalid_sig_fail(maker: Maker) -> Made:
    made, root = rekor2_dsse_happy_path(maker)
    made["dsseEnvelope"]["signatures"][0]["sig"] = b64(maker.key.sign(OTHER, SIGNS))
    return made, root


@case(KEYLESS)
def rekor2_dsse_mismatch_envelope_fail(maker: Maker) -> Made:
    made, root = rekor2_dsse_happy_path(maker)
    made["dsseEnvelope"], signature, _ = maker.envelope(statement(predicateType="https://example.com/other"))
    stamp = [{"signedTimestamp": b64(maker.stamp(signature))}]
    made["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamp}
    return made, root


@case(KEYLESS)
def rekor2_dsse_mismatch_sig_fail(maker: Maker) -> Made:
    made, root = rekor2_dsse_happy_path(maker)
    made["dsseEnvelope"], signature, _ = maker.envelope(statement())
    stamp = [{"signedTimestamp": b64(maker.stamp(signature))}]
    made["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamp}
    return made, root


# --- trust roots -----------------------------------------------------------------------------------


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(moment: datetime) -> dict[str, str]:
    return {"start": rfc3339(LONG_AGO), "end": rfc3339(moment)}


@case(KEYLESS)
def rekor2_timestamp_outside_trust_root_tsa_validity_fail(maker: Maker) -> Made:
    made, root = stamped(maker, timedelta(0))
    root["timestampAuthorities"][0]["validFor"] = ended(maker.sigstore.now() - timedelta(days=1))
    return made, root


@case(KEYLESS)
def rekor2_timestamp_wrong_tsa_validity_borrow_fail(maker: Maker) -> Made:
    made, root = rekor2_timestamp_outside_trust_root_tsa_validity_fail(maker)
    unrelated = {**root["timestampAuthorities"][0], "certChain": {"certificates": []}}
    unrelated["validFor"] = {"start": rfc3339(LONG_AGO)}
    root["timestampAuthorities"].append(unrelated)
    return made, root


@case(KEYLESS)
def trust_root_tlog_validity_end_inclusive(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    root = maker.sigstore.trusted_root()
    last = datetime.fromtimestamp(int(entry["integratedTime"]), UTC)
    root["tlogs"][0]["publicKey"]["validFor"] = ended(last)
    return document(maker.material(entry), messageSignature=content), root


@case(KEYLESS)
def trust_root_tlog_validity_ended_before_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    root = maker.sigstore.trusted_root()
    last = datetime.fromtimestamp(int(entry["integratedTime"]) - 1, UTC)
    root["tlogs"][0]["publicKey"]["validFor"] = ended(last)
    return document(maker.material(entry), messageSignature=content), root


@case(KEYLESS)
@case(MANAGED)
def trust_root_tlog_missing_validity_start_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    root = maker.sigstore.trusted_root()
    root["tlogs"][0]["publicKey"]["validFor"] = {"end": "2999-01-01T00:00:00Z"}
    return document(maker.material(entry), messageSignature=content), root


@case(KEYLESS)
@case(MANAGED)
def trust_root_without_the_log_fail(maker: Maker) -> Made:
    content, _, entry = signed_message(maker)
    root = maker.sigstore.trusted_root()
    del root["tlogs"][0]
    return document(maker.material(entry), messageSignature=content), root


@case(KEYLESS)
def trust_root_ca_validity_ended_before_fail(maker: Maker) -> Made:
    made, root = happy_path(maker)
    root["certificateAuthorities"][0]["validFor"] = ended(maker.sigstore.now() - timedelta(days=1))
    return made, root


@case(KEYLESS)
def trust_root_of_another_sigstore_fail(maker: Maker) -> Made:
    made, _ = happy_path(maker)
    with SigstoreDouble() as foreign:
        return made, foreign.trusted_root()


@case(KEYLESS)
def sct_duplicate_intermediate_name(maker: Maker) -> Made:
    """A decoy with the intermediate's name and another key stands before the true one."""
    made, root = happy_path(maker)
    decoy_root = Authority("root")
    decoy = Authority.under(decoy_root, "intermediate")
    chain = [{"rawBytes": b64(one.certificate.public_bytes(Encoding.DER))} for one in (decoy, decoy_root)]
    root["certificateAuthorities"].insert(
        0, {**root["certificateAuthorities"][0], "certChain": {"certificates": chain}}
    )
    return made, root


@case(KEYLESS)
def sct_of_an_unknown_log_fail(maker: Maker) -> Made:
    made, root = happy_path(maker)
    with SigstoreDouble() as foreign:
        root["ctlogs"] = foreign.trusted_root()["ctlogs"]
    return made, root


@case(MANAGED)
def no_log_at_all(maker: Maker) -> Made:
    content, _ = maker.message()
    material = maker.material(None)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def no_log_at_all_keyless_fail(maker: Maker) -> Made:
    content, signature = maker.message()
    return document(
        maker.material(None, maker.stamp(signature)), messageSignature=content
    ), maker.sigstore.trusted_root()


# --------------------------------------------------------------------------------------------------


def write(folder: Path, name: str, made: Made, maker: Maker) -> Case:
    directory = folder / "bundle-verify" / name
    directory.mkdir(parents=True)
    (directory / "bundle.sigstore.json").write_text(json.dumps(made[0]))
    (directory / "trusted_root.json").write_text(json.dumps(made[1]))
    (folder / "bundle-verify" / "a.txt").write_bytes(CONTENT)
    (directory / "identity").write_text(SUBJECT)
    (directory / "issuer").write_text(maker.sigstore.url)
    if maker.managed:
        (directory / "key.pub").write_text(public_pem(maker.key))
    return Case(directory)


@pytest.mark.parametrize("name", KEYLESS)
def test_a_certificate_s_bundle_is_judged_as_the_suite_wants(
    sigstore: SigstoreDouble, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(sigstore)
    found = write(tmp_path, name, KEYLESS[name](maker), maker)
    assert (main(found.arguments) == 0) is found.good, capfd.readouterr().err


@pytest.mark.parametrize("name", MANAGED)
def test_a_managed_key_s_bundle_is_judged_as_the_suite_wants(
    sigstore: SigstoreDouble, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(sigstore, managed=True)
    made = MANAGED[name](maker)
    found = write(tmp_path, name, made, maker)
    assert (main(found.arguments) == 0) is found.good, capfd.readouterr().err
    if "messageSignature" not in made[0]:
        *asked, _ = found.arguments
        assert (main([*asked, sha256_digest(CONTENT)]) == 0) is found.good, "a digest stands for the artifact"


def test_a_tsa_whose_validity_ends_at_that_second_is_the_library_s_own_view(
    sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    """`trust-root-tsa-validity-end-inclusive`: sigstore-python 4.5 leaves the very last second out."""
    maker = Maker(sigstore)
    moment = sigstore.now().replace(microsecond=0)
    content, signature = maker.message()
    made = document(
        maker.material(maker.rekor2(CONTENT, signature), maker.stamp(signature, moment)),
        messageSignature=content,
    )
    for seconds, good in ((-1, False), (1, True)):
        root = sigstore.trusted_root()
        root["timestampAuthorities"][0]["validFor"] = ended(moment + timedelta(seconds=seconds))
        found = write(tmp_path / str(good), "tsa-validity", (made, root), maker)
        assert (main(found.arguments) == 0) is good
