"""What a sigstore bundle may hold, read as cosign 3 reads it: one content, one material, nothing else.

Two readers must never see different things in one bundle, so a member that the format does not have
(one that differs in case, for one) is refused and not passed over. Nothing is proved here. Formats:
sigstore protobuf-specs (``Bundle``), DSSE v1, in-toto Statement v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from floe_engine.files import strict_json
from floe_engine.signing.outside import Unacceptable, decode_base64, mapping, quoted

PAYLOAD_TYPE = "application/vnd.in-toto+json"

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_ANY_BUNDLE = "application/vnd.dev.sigstore.bundle"
_V3 = frozenset({
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
})  # fmt: skip
_MATERIALS = frozenset({"publicKey", "certificate", "x509CertificateChain"})
_CONTENTS = frozenset({"dsseEnvelope", "messageSignature"})
_STATEMENT_TYPES = frozenset({STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"})
_STATEMENT = frozenset({"_type", "subject", "predicateType", "predicate"})
_SUBJECT = frozenset({"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"})


class Bundle(msgspec.Struct, frozen=True):
    """A bundle taken apart. `hint` is None where it is keyless; `entries` are its log entries.

    Either `payload` is what the signature is over, by DSSE's encoding, and `statement` what it says;
    or both are None, and the signature is over the artifact itself, whose digest it repeats as
    `message_digest` (hex).
    """

    raw: bytes
    hint: str | None
    signature: bytes
    entries: tuple[Any, ...] = ()
    payload: bytes | None = None
    statement: Mapping[str, Any] | None = None
    message_digest: str = ""


def open_bundle(raw: bytes) -> Bundle:
    """Take a bundle apart. Raises `ValueError` (`Unacceptable` with the reason) where it is none."""
    bundle = _members(strict_json(raw), "the bundle", {"mediaType", "verificationMaterial", *_CONTENTS})
    media_type = bundle.get("mediaType")
    if not isinstance(media_type, str) or not media_type.startswith(_ANY_BUNDLE):
        raise Unacceptable(f"not a sigstore bundle: {quoted(media_type)}")
    material = _members(
        bundle.get("verificationMaterial"),
        "verificationMaterial",
        {"tlogEntries", "timestampVerificationData", *_MATERIALS},
    )
    named = _one(material, _MATERIALS, "neither a key nor a certificate", "several keys or certificates")
    hint = None
    if named == "publicKey":
        if media_type not in _V3:
            raise Unacceptable(f"a key bundle of an unknown version: {quoted(media_type)}")
        hint = _members(material[named], "publicKey", {"hint"}).get("hint", "")
        if not isinstance(hint, str):
            raise Unacceptable("the hint of its key is not text")
    entries = material.get("tlogEntries", [])
    if not isinstance(entries, list):
        raise Unacceptable("its log entries are not a list")
    content = _one(bundle, _CONTENTS, "no signed content", "two signed contents")
    if content == "messageSignature":
        signature, digest = _message(bundle[content])
        return Bundle(raw, hint, signature, tuple(entries), message_digest=digest)
    signature, payload = open_envelope(bundle[content])
    return Bundle(raw, hint, signature, tuple(entries), payload, open_statement(payload))


def open_envelope(value: Any, *, names_key: bool = False) -> tuple[bytes, bytes]:
    """The one signature of a DSSE envelope and the in-toto payload that it is over.

    `names_key` lets it name its key, as envelopes outside of bundles may. Raises `ValueError`.
    """
    envelope = _members(value, "the envelope", {"payload", "payloadType", "signatures"})
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Unacceptable(
            f"the envelope's payload is of another type: {quoted(envelope.get('payloadType'))}"
        )
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Unacceptable("the envelope does not hold exactly one signature")
    signature = _members(signatures[0], "the signature", {"sig", "keyid"})
    if signature.get("keyid", "") != "" and not names_key:
        raise Unacceptable("the signature names its key beside the bundle's own")
    return decode_base64(signature.get("sig")), decode_base64(envelope.get("payload"))


def open_statement(payload: bytes) -> dict[str, Any]:
    """The in-toto statement in a payload. Raises `ValueError` where it is none."""
    statement = _members(strict_json(payload), "the statement", _STATEMENT)
    if str(statement.get("_type")) not in _STATEMENT_TYPES:
        raise Unacceptable(f"not an in-toto statement: {quoted(statement.get('_type'))}")
    subjects = statement.get("subject")
    for subject in subjects if isinstance(subjects, list) else []:
        _members(subject, "a subject of the statement", _SUBJECT)
    return statement


def _message(value: Any) -> tuple[bytes, str]:
    message = _members(value, "messageSignature", {"messageDigest", "signature"})
    digest = _members(message.get("messageDigest"), "messageDigest", {"algorithm", "digest"})
    if digest.get("algorithm") != "SHA2_256":
        raise Unacceptable(f"its message is digested by {quoted(digest.get('algorithm'))}")
    return decode_base64(message.get("signature")), decode_base64(digest.get("digest")).hex()


def _members(value: object, what: str, known: frozenset[str] | set[str]) -> dict[str, Any]:
    """The members of a JSON object that are set. `Unacceptable` where there are others than `known`."""
    found = mapping(value, what)
    if unknown := sorted(found.keys() - known):
        raise Unacceptable(f"{what} holds {quoted(unknown[0])}, which the format does not have")
    return {key: inner for key, inner in found.items() if inner is not None}


def _one(holder: dict[str, Any], names: frozenset[str], none: str, several: str) -> str:
    found = sorted(names & holder.keys())
    if len(found) != 1:
        raise Unacceptable(f"the bundle holds {several if found else none}")
    return found[0]


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: what is really signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
