"""Certificate and timestamp authorities for the Sigstore double, with the little DER they need.

They vouch for anybody who asks. Keys are made on start and never stored.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2049, 1, 1, tzinfo=UTC)


def der(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def der_integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def der_oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    body = bytes([first * 40 + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return der(0x06, body)


def der_parts(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """The elements of a constructed body as ``(tag, body, whole)``."""
    parts, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        parts.append((data[at], data[start : start + length], data[at : start + length]))
        at = start + length
    return parts


class Authority:
    """A certificate authority: a root, and under it what `under` makes."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _authority_certificate(name, self.key, None)

    @classmethod
    def under(cls, root: Authority, name: str) -> Self:
        made = cls.__new__(cls)
        made.key = ec.generate_private_key(ec.SECP256R1())
        made.certificate = _authority_certificate(name, made.key, root)
        return made

    def issue(
        self, builder: x509.CertificateBuilder, last: x509.ExtensionType | None = None
    ) -> x509.Certificate:
        """Sign a certificate; `last` becomes its last extension."""
        builder = builder.issuer_name(self.certificate.subject).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if last is not None:
            builder = builder.add_extension(last, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "sigstore double"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def key_usage(*, signs: bool) -> x509.KeyUsage:
    """A key that signs data, or else one that signs certificates."""
    return x509.KeyUsage(signs, False, False, False, False, not signs, not signs, False, False)


def certificate_builder(public: Any, start: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority_certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: Authority | None
) -> x509.Certificate:
    builder = (
        certificate_builder(key.public_key(), LONG_AGO, FAR_AHEAD)
        .subject_name(_name(name))
        .add_extension(x509.BasicConstraints(True, 0 if issuer else 1), critical=True)
        .add_extension(key_usage(signs=False), critical=True)
    )
    if issuer is None:
        return builder.issuer_name(_name(name)).sign(key, hashes.SHA256())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    return issuer.issue(builder.add_extension(usage, critical=False))


class TimestampAuthority:
    """RFC 3161 over ECDSA; answers any request with the time of its clock."""

    _SHA256 = "2.16.840.1.101.3.4.2.1"

    def __init__(self) -> None:
        self.root = Authority("timestamp root")
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.root.issue(
            certificate_builder(self.key.public_key(), LONG_AGO, FAR_AHEAD)
            .subject_name(_name("timestamps"))
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(key_usage(signs=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        )
        self.serial = 0

    def answer(self, request: bytes, now: datetime, *, in_pieces: bool = False) -> bytes:
        """A granted TimeStampResp for a TimeStampReq; `in_pieces` as whoever streams CMS writes one."""
        fields = der_parts(der_parts(request)[0][1])
        imprint = fields[1][2]
        nonce = [whole for tag, _, whole in fields[2:] if tag == 0x02]
        wants_certificate = any(tag == 0x01 and body != b"\0" for tag, body, _ in fields[2:])
        self.serial += 1
        info = der(
            0x30,
            der_integer(1),
            der_oid("1.3.6.1.4.1.57264.2"),
            imprint,
            der_integer(self.serial),
            der(0x18, now.strftime("%Y%m%d%H%M%SZ").encode()),
            *nonce,
        )
        token = self._signed(info, wants_certificate, in_pieces)
        return der(0x30, der(0x30, der_integer(0)), token)

    def _signed(self, info: bytes, with_certificate: bool, in_pieces: bool) -> bytes:
        """CMS SignedData (RFC 5652) around a TSTInfo."""
        sha256 = der(0x30, der_oid(self._SHA256))
        info_type = der_oid("1.2.840.113549.1.9.16.1.4")
        certificate = self.certificate.public_bytes(Encoding.DER)
        used = der(0x30, der(0x30, der(0x30, der(0x04, hashlib.sha256(certificate).digest()))))
        attributes = sorted(
            der(0x30, der_oid(kind), der(0x31, value))
            for kind, value in (
                ("1.2.840.113549.1.9.3", info_type),
                ("1.2.840.113549.1.9.4", der(0x04, hashlib.sha256(info).digest())),
                ("1.2.840.113549.1.9.16.2.47", used),
            )
        )
        signature = self.key.sign(der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        signer = der(
            0x30,
            der_integer(1),
            der(0x30, self.certificate.issuer.public_bytes(), der_integer(self.certificate.serial_number)),
            sha256,
            der(0xA0, *attributes),
            der(0x30, der_oid("1.2.840.10045.4.3.2")),
            der(0x04, signature),
        )
        content = der(0xA0, der(0x04, info))
        if in_pieces:
            content = b"\xa0\x80\x24\x80" + der(0x04, info[:20]) + der(0x04, info[20:]) + bytes(4)
        signed = der(
            0x30,
            der_integer(3),
            der(0x31, sha256),
            der(0x30, info_type, content),
            *([der(0xA0, certificate)] if with_certificate else []),
            der(0x31, signer),
        )
        return der(0x30, der_oid("1.2.840.113549.1.7.2"), der(0xA0, signed))
