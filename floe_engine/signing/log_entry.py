"""What an entry of a transparency log says: which signature it is about, whose, and over what.

That a log holds the entry is not asked here. Formats: the types of Rekor 1 and 2 that keep a signature,
as they are canonicalized. (intoto 0.0.1 keeps none: it says nothing of who signed.)
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from floe_engine.errors import KeyUnusable
from floe_engine.files import strict_json
from floe_engine.signing.keys import Digest, der_of_pem
from floe_engine.signing.outside import Unacceptable, decode_base64, mapping, quoted


class Made(Struct, frozen=True):
    """A signature as a bundle has it.

    `signed` is what it is over, `payload` what an envelope holds (else None), `signer` the DER of the
    certificate, or of the key's SubjectPublicKeyInfo.
    """

    signature: bytes
    signed: bytes | Digest
    payload: bytes | None
    signer: bytes


class _Said(Struct, frozen=True):
    """What an entry has: the digest of what is signed, or of its payload; signatures, and whose."""

    over: Literal["signed", "payload"]
    algorithm: str
    digest: bytes
    signatures: tuple[tuple[bytes, bytes], ...]


def demand_about(kind: str, version: str, body: bytes, made: Made) -> None:
    """Raise `Unacceptable` unless the entry is about that very signature, and about no other."""
    entry = mapping(strict_json(body), "the log entry")
    read = _KINDS.get((kind, version))
    if read is None or (entry.get("kind"), entry.get("apiVersion")) != (kind, version):
        raise Unacceptable(
            f"its log entry is of a kind that proves no signature: {quoted(f'{kind} {version}')}"
        )
    try:
        said = read(entry["spec"])
    except (LookupError, TypeError, ValueError, KeyUnusable):
        raise Unacceptable("its log entry cannot be read") from None
    over = made.signed if said.over == "signed" else made.payload
    if over is None or _digest(over, said.algorithm) != said.digest:
        raise Unacceptable("its log entry is about something else")
    if said.signatures != ((made.signature, made.signer),):
        raise Unacceptable("its log entry is about another signature")


def _digest(content: bytes | Digest, algorithm: str) -> bytes:
    name = _HASHES.get(algorithm)
    if name is None:
        raise Unacceptable(f"its log entry is digested by {quoted(algorithm)}")
    if isinstance(content, Digest):
        return content.sha256 if name == "sha256" else b""
    return hashlib.new(name, content).digest()


_HASHES = {
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "SHA2_256": "sha256",
    "SHA2_384": "sha384",
    "SHA2_512": "sha512",
}
"""As Rekor 1 and as Rekor 2 write them."""


def _hashedrekord_1(spec: dict[str, Any]) -> _Said:
    told, signature = spec["data"]["hash"], spec["signature"]
    signed = (decode_base64(signature["content"]), _pem(signature["publicKey"]["content"]))
    return _Said("signed", told["algorithm"], bytes.fromhex(told["value"]), (signed,))


def _hashedrekord_2(spec: dict[str, Any]) -> _Said:
    entry = spec["hashedRekordV002"]
    told = entry["data"]
    return _Said("signed", told["algorithm"], decode_base64(told["digest"]), (_rekor_2(entry["signature"]),))


def _dsse_1(spec: dict[str, Any]) -> _Said:
    told = spec["payloadHash"]
    found = ((decode_base64(each["signature"]), _pem(each["verifier"])) for each in spec["signatures"])
    return _Said("payload", told["algorithm"], bytes.fromhex(told["value"]), tuple(found))


def _dsse_2(spec: dict[str, Any]) -> _Said:
    entry = spec["dsseV002"]
    told = entry["payloadHash"]
    found = (_rekor_2(each) for each in entry["signatures"])
    return _Said("payload", told["algorithm"], decode_base64(told["digest"]), tuple(found))


def _intoto_2(spec: dict[str, Any]) -> _Said:
    """The text of an envelope's signature is in base64 once more."""
    content = spec["content"]
    told = content["payloadHash"]
    found = (
        (base64.b64decode(decode_base64(each["sig"]), validate=True), _pem(each["publicKey"]))
        for each in content["envelope"]["signatures"]
    )
    return _Said("payload", told["algorithm"], bytes.fromhex(told["value"]), tuple(found))


_KINDS: dict[tuple[str, str], Callable[[dict[str, Any]], _Said]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1,
    ("hashedrekord", "0.0.2"): _hashedrekord_2,
    ("dsse", "0.0.1"): _dsse_1,
    ("dsse", "0.0.2"): _dsse_2,
    ("intoto", "0.0.2"): _intoto_2,
}


def _rekor_2(signature: dict[str, Any]) -> tuple[bytes, bytes]:
    verifier = signature["verifier"]
    ((signer,),) = [
        [verifier[name]["rawBytes"] for name in ("x509Certificate", "publicKey") if name in verifier]
    ]
    return decode_base64(signature["content"]), decode_base64(signer)


def _pem(text: str) -> bytes:
    return der_of_pem(decode_base64(text))
