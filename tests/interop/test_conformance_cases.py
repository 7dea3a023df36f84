"""The cases of sigstore-conformance that are about what a bundle means, made anew with keys of our own.

The suite's assets have no place here, but what each of its cases tries has a name and a reason, and
can be built: every row below is named as there, and is asked by the suite's command-line protocol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from floe_engine.files import sha256_digest
from tests.faults.authorities import LONG_AGO, Authority
from tests.faults.sigstore_double import SigstoreDouble, b64
from tests.interop.bundle_maker import CONTENT, OTHER, SIGNS, Made, Maker, document, statement, write
from tests.interop.sigstore_conformance import main

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


@pytest.fixture(scope="module")
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


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


@case(KEYLESS)
def intoto_with_custom_trust_root(maker: Maker) -> Made:
    """Rekor 1 tells the time of this kind of entry too. Nobody lists who stamped it, so that says nothing."""
    payload = statement()
    envelope, signature, _ = maker.envelope(payload)
    with SigstoreDouble() as foreign:
        stamp = Maker(foreign).stamp(signature)
    root = maker.sigstore.trusted_root()
    root["timestampAuthorities"] = []
    return document(maker.material(maker.intoto(payload, signature), stamp), dsseEnvelope=envelope), root


@case(KEYLESS)
def intoto_tlog_body_error_fail(maker: Maker) -> Made:
    envelope, _, _ = maker.envelope(statement())
    _, other, _ = maker.envelope(statement())
    return document(
        maker.material(maker.intoto(statement(), other)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
def intoto_log_timestamp_error_fail(maker: Maker) -> Made:
    made, root = intoto_with_custom_trust_root(maker)
    (entry,) = made["verificationMaterial"]["tlogEntries"]
    entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)
    return made, root


@case(KEYLESS)
def intoto_tsa_timestamp_error_fail(maker: Maker) -> Made:
    """The log's time is good, and a trusted authority says another, outside the certificate's."""
    payload = statement()
    envelope, signature, _ = maker.envelope(payload)
    stamp = maker.stamp(signature, maker.sigstore.now() + timedelta(hours=2))
    return document(
        maker.material(maker.intoto(payload, signature), stamp), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def log_entry_of_another_signer_fail(maker: Maker) -> Made:
    """A genuine entry has this very signature, and says that somebody else made it."""
    envelope, signature, signed = maker.envelope(statement())
    entry = Maker(maker.sigstore, managed=maker.managed).hashedrekord(signed, signature)
    return document(maker.material(entry), dsseEnvelope=envelope), maker.sigstore.trusted_root()


# --- Rekor v2, whose time comes from timestamp authorities -----------------------------------------


def stamped(maker: Maker, *moments: timedelta) -> Made:
    content, signature = maker.message()
    stamps = [maker.stamp(signature, maker.sigstore.now() + moment) for moment in moments]
    material = maker.material(maker.rekor2(CONTENT, signature), *stamps)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def rekor2_happy_path(maker: Maker) -> Made:
    return stamped(maker, timedelta(0))


def stamped_in_pieces(maker: Maker, after: timedelta) -> Made:
    """The stamp is BER, as the mock of the suite's intoto cases and everybody who streams CMS writes it."""
    content, signature = maker.message()
    stamp = maker.stamp(signature, maker.sigstore.now() + after, in_pieces=True)
    material = maker.material(maker.rekor2(CONTENT, signature), stamp)
    return document(material, messageSignature=content), maker.sigstore.trusted_root()


@case(KEYLESS)
def rekor2_timestamp_in_pieces(maker: Maker) -> Made:
    return stamped_in_pieces(maker, timedelta(0))


@case(KEYLESS)
def rekor2_timestamp_in_pieces_outside_cert_validity_fail(maker: Maker) -> Made:
    return stamped_in_pieces(maker, timedelta(hours=2))


@case(KEYLESS)
def rekor2_timestamp_that_is_cut_off_fail(maker: Maker) -> Made:
    made, root = stamped(maker, timedelta(0))
    (stamp,) = made["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamp["signedTimestamp"] = b64(b"\x30\x80\x24\x80\x04\x05abc")
    return made, root


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


def logged_as_dsse_2(maker: Maker, other: tuple[dict[str, Any], bytes, bytes] | None = None) -> Made:
    """The log has the first envelope; the bundle has that, or the other with a stamp of its own."""
    payload = statement()
    envelope, signature, signed = maker.envelope(payload)
    entry = maker.rekor2_dsse(payload, signature)
    envelope, signature, _ = other or (envelope, signature, signed)
    return document(
        maker.material(entry, maker.stamp(signature)), dsseEnvelope=envelope
    ), maker.sigstore.trusted_root()


@case(KEYLESS)
@case(MANAGED)
def rekor2_dsse_002_happy_path(maker: Maker) -> Made:
    return logged_as_dsse_2(maker)


@case(KEYLESS)
@case(MANAGED)
def rekor2_dsse_002_mismatch_sig_fail(maker: Maker) -> Made:
    return logged_as_dsse_2(maker, maker.envelope(statement()))


@case(KEYLESS)
@case(MANAGED)
def rekor2_dsse_002_mismatch_envelope_fail(maker: Maker) -> Made:
    return logged_as_dsse_2(maker, maker.envelope(statement(predicateType="https://example.com/other")))


@case(KEYLESS)
@case(MANAGED)
def rekor2_dsse_002_invalid_sig_fail(maker: Maker) -> Made:
    return logged_as_dsse_2(maker, Maker(maker.sigstore).envelope(statement()))


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


def stamped_when_the_authority_ended(maker: Maker, before: int) -> Made:
    moment = maker.sigstore.now().replace(microsecond=0)
    content, signature = maker.message()
    root = maker.sigstore.trusted_root()
    root["timestampAuthorities"][0]["validFor"] = ended(moment - timedelta(seconds=before))
    material = maker.material(maker.rekor2(CONTENT, signature), maker.stamp(signature, moment))
    return document(material, messageSignature=content), root


@case(KEYLESS)
def trust_root_tsa_validity_end_inclusive(maker: Maker) -> Made:
    return stamped_when_the_authority_ended(maker, 0)


@case(KEYLESS)
def trust_root_tsa_validity_ended_before_fail(maker: Maker) -> Made:
    return stamped_when_the_authority_ended(maker, 1)


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


@pytest.mark.parametrize("name", KEYLESS)
def test_a_certificate_s_bundle_is_judged_as_the_suite_wants(
    sigstore: SigstoreDouble, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(sigstore)
    found = write(tmp_path, name, KEYLESS[name](maker), maker)
    assert (main(found.arguments) == 0) is found.good, capfd.readouterr().err
    *asked, _ = found.arguments
    assert (main([*asked, sha256_digest(CONTENT)]) == 0) is found.good, "a digest stands for the artifact"


@pytest.mark.parametrize("name", MANAGED)
def test_a_managed_key_s_bundle_is_judged_as_the_suite_wants(
    sigstore: SigstoreDouble, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(sigstore, managed=True)
    found = write(tmp_path, name, MANAGED[name](maker), maker)
    assert (main(found.arguments) == 0) is found.good, capfd.readouterr().err
    *asked, _ = found.arguments
    assert (main([*asked, sha256_digest(CONTENT)]) == 0) is found.good, "a digest stands for the artifact"


@pytest.mark.parametrize(
    ("kind", "good"), [("P-256", True), ("RSA", True), ("P-384", True), ("Ed25519", False)]
)
def test_a_digest_is_enough_for_keys_whose_signatures_are_over_one(
    sigstore: SigstoreDouble, tmp_path: Path, kind: str, good: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(sigstore, managed=True)
    signing: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "P-256": (maker.key, (SIGNS,)),
        "P-384": (ec.generate_private_key(ec.SECP384R1()), (SIGNS,)),
        "RSA": (rsa.generate_private_key(65537, 2048), (padding.PKCS1v15(), hashes.SHA256())),
        "Ed25519": (ed25519.Ed25519PrivateKey.generate(), ()),
    }
    maker.key, how = signing[kind]
    content, _ = Maker(sigstore).message()
    made = document(
        maker.material(None),
        messageSignature={**content, "signature": b64(maker.key.sign(CONTENT, *how))},
    )
    found = write(tmp_path, kind, (made, sigstore.trusted_root()), maker)
    *asked, _ = found.arguments
    assert main(found.arguments) == 0, "with the artifact itself every kind is verified"
    assert (main([*asked, sha256_digest(CONTENT)]) == 0) is good
    assert good or "Ed25519 signs the content itself" in capfd.readouterr().err
    assert main([*asked, sha256_digest(OTHER)]) == 1
