"""Makes bundles by hand, so that any part of one can be of another; and writes them as cases of the suite."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rfc3161_client import TimestampRequestBuilder

from floe_engine.files import sha256_digest
from floe_engine.signing import bundle
from floe_engine.signing.bundle_format import PAYLOAD_TYPE
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble, b64, pem, public_pem
from tests.interop.sigstore_conformance import Case

CONTENT = b"what was signed\n"
OTHER = b"something else\n"
SIGNS = ec.ECDSA(hashes.SHA256())


Made = tuple[dict[str, Any], dict[str, Any]]
"""A bundle and a trusted root."""


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

    def stamp(self, signature: bytes, when: datetime | None = None, *, in_pieces: bool = False) -> bytes:
        request = TimestampRequestBuilder().data(signature).build().as_bytes()
        return self.sigstore.tsa.answer(request, when or self.sigstore.now(), in_pieces=in_pieces)

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
        wanted = {"digest": b64(hashlib.sha256(signed).digest()), "signature": self._signed(signature)}
        return self.sigstore.log_v2({"hashedRekordRequestV002": wanted})

    def rekor2_dsse(self, payload: bytes, signature: bytes) -> dict[str, Any]:
        digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(payload).digest())}
        wanted = {"payloadHash": digest, "signatures": [self._signed(signature)]}
        return self.sigstore.log_v2({"dsseRequestV002": wanted})

    def _signed(self, signature: bytes) -> dict[str, Any]:
        raw = self.certificate.public_bytes(Encoding.DER)
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        named = (
            {"publicKey": {"rawBytes": b64(spki)}}
            if self.managed
            else {"x509Certificate": {"rawBytes": b64(raw)}}
        )
        verifier = {**named, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        return {"content": b64(signature), "verifier": verifier}


def statement(content: bytes = CONTENT, **more: object) -> bytes:
    said = json.loads(bundle.statement_for(sha256_digest(content), {}))
    said.update(more)
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def document(material: dict[str, Any], **content: dict[str, Any]) -> dict[str, Any]:
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return {"mediaType": media_type, "verificationMaterial": material, **content}


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
