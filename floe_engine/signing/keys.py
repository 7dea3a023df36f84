"""Keys as cosign keeps them: made, unlocked, read, and used to sign and verify bytes.

What is signed, and whether a key is trusted, must not enter.

Formats: cosign's encrypted key file is a PEM block whose body is JSON (go-securesystemslib,
``encrypted``): scrypt derives the key of a nacl secretbox that holds PKCS#8 DER. A public key is
a PEM SubjectPublicKeyInfo. A key's fingerprint is the sha256 of its SubjectPublicKeyInfo in DER.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.errors import KeyUnusable
from floe_engine.files import read_bounded, strict_json
from floe_engine.signing.outside import compact_json, decode_base64, encode_base64, quoted, reason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    AnyPublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
    AnyPrivateKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey

KEY_FILE_LIMIT = 64 * 1024
"""The largest key file, in bytes, that a caller should read."""

_ENCRYPTED_LABELS = ("ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY")
_PLAIN_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
_EDGE = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]+)-----")

# What Go's implementation takes. Any other value would let a key file choose how much memory
# and time its reader spends: scrypt needs 128 * N * r bytes.
_SCRYPT_COSTS = frozenset({(1 << 15, 8, 1), (1 << 16, 8, 1), (1 << 17, 8, 1)})
_SCRYPT_COST = (1 << 16, 8, 1)
_MINIMUM_RSA_BITS = 2048


class Digest(Struct, frozen=True):
    """The SHA-256 digest of what was signed, where nothing more is known of it."""

    sha256: bytes


class PublicKey(Struct, frozen=True, eq=False):
    """A key that signatures are checked with. Equal keys have equal fingerprints.

    `fingerprint` is ``sha256:`` and the hex sha256 of the DER SubjectPublicKeyInfo; `pem` is that
    key in cosign's ``.pub`` format; `kind` is for people (``ECDSA P-256``).
    """

    fingerprint: str
    pem: bytes
    kind: str
    _key: AnyPublicKey

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"PublicKey({self.fingerprint}, {self.kind})"

    @property
    def hint(self) -> str:
        """The fingerprint as a sigstore bundle's ``publicKey.hint`` writes it: base64."""
        return encode_base64(bytes.fromhex(self.fingerprint.removeprefix("sha256:")))

    def verify(self, signature: bytes, data: bytes | Digest, *, sha256_only: bool = False) -> bool:
        """Whether this key made `signature` over `data`.

        ECDSA is tried with SHA-256, which cosign uses for every curve, then (unless `sha256_only`)
        with the hash of the curve's size; RSA is PKCS#1 v1.5 with SHA-256; Ed25519 is pure (RFC
        8032, no prehash), so a `Digest` is never enough for it.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        digested = isinstance(data, Digest)
        content = data.sha256 if isinstance(data, Digest) else data
        sha256 = utils.Prehashed(SHA256()) if digested else SHA256()
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            others = () if digested or sha256_only else _other_hashes_of(self._key)
            return any(_verify_ecdsa(self._key, signature, content, name) for name in (sha256, *others))
        # After the curves: what RSA brings along, a curve's key never needs.
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        try:
            if isinstance(self._key, RSAPublicKey):
                self._key.verify(signature, content, PKCS1v15(), sha256)
            elif digested:
                return False
            else:
                self._key.verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def der_signature(self, raw: bytes) -> bytes | None:
        """An ECDSA signature given as r and s side by side (IEEE P1363), in DER; else None."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        if not isinstance(self._key, ec.EllipticCurvePublicKey):
            return None
        half = (self._key.curve.key_size + 7) // 8
        if len(raw) != 2 * half:
            return None
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


class KeySigner(Protocol):
    """Whatever signs with a key: the key itself, or a program that keeps it."""

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are verified with."""

    def sign(self, data: bytes) -> bytes:
        """A signature over `data` that `public` verifies."""


class PrivateKey(Struct, frozen=True, eq=False):
    """An unlocked key that signs. It never shows itself; `public` is what others may know."""

    public: PublicKey
    _key: AnyPrivateKey

    def __repr__(self) -> str:
        return f"PrivateKey({self.public})"

    def sign(self, data: bytes) -> bytes:
        """A signature over `data`: ECDSA with SHA-256, RSA PKCS#1 v1.5 with SHA-256, or Ed25519.

        The same key and data give the same bytes (ECDSA by RFC 6979), so that signing twice
        writes the same content twice; only an OpenSSL before 3.2 makes ECDSA differ each time.
        """
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, _deterministic_ecdsa())
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), SHA256())
        return self._key.sign(data)


def generate(password: bytes) -> tuple[bytes, bytes]:
    """A new P-256 key pair as ``(private_pem, public_pem)``, the private one under `password`.

    The private PEM is cosign's ``ENCRYPTED SIGSTORE PRIVATE KEY``; write it with mode 0600. An
    empty password is taken, as cosign takes it: whether that is wise is the caller's question.
    """
    import secrets

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from nacl.secret import SecretBox

    key = ec.generate_private_key(ec.SECP256R1())
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, nonce = secrets.token_bytes(32), secrets.token_bytes(SecretBox.NONCE_SIZE)
    n, r, p = _SCRYPT_COST
    box = SecretBox(_scrypt(password, salt, _SCRYPT_COST))
    body = {
        "kdf": {"name": "scrypt", "params": {"N": n, "r": r, "p": p}, "salt": encode_base64(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": encode_base64(nonce)},
        "ciphertext": encode_base64(box.encrypt(plain, nonce).ciphertext),
    }
    text = encode_base64(compact_json(body))
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    label = _ENCRYPTED_LABELS[0]
    private = "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
    return private, public_key(key.public_key()).pem


def is_locked(pem: bytes) -> bool:
    """Whether `load_private` needs a password for this file."""
    return any(b"ENCRYPTED" in match[1] for match in _blocks(pem)) or b"Proc-Type: 4,ENCRYPTED" in pem


def load_private(pem: bytes, password: bytes = b"") -> PrivateKey:
    """The private key of a PEM file: cosign's encrypted format, PKCS#8, ``EC`` or ``RSA``.

    `password` is used as it is, byte for byte (cosign strips nothing either), and is ignored
    where the file is not encrypted. Raises `KeyUnusable`, which says whether the file is damaged,
    of a kind that cannot sign, or locked with another password.
    """
    label, block, text = _single_block(pem, "private key")
    if label in _ENCRYPTED_LABELS:
        key = _parse_private_der(_unlock(text, password))
    elif label in _PLAIN_LABELS:
        key = _parse_private_pem(block, password)
    elif "PUBLIC" in label or label == "CERTIFICATE":
        raise KeyUnusable(
            "this is a public key, and signing needs the private one",
            f"the file holds a PEM block of type {label}",
            hint="name the private key (cosign.key), not the public one (cosign.pub)",
        )
    else:
        raise KeyUnusable(
            "unknown kind of private key",
            f"the file holds a PEM block of type {label}",
            hint=f"make one with {Act.KEYGEN} or `cosign generate-key-pair`",
        )
    return PrivateKey(public=public_key(key.public_key()), _key=key)


def read_key_file(path: Path) -> bytes:
    """The bytes of a key file: a regular file of at most 64 KiB. Raises `ConfigurationError`."""
    return read_bounded(path, KEY_FILE_LIMIT, what="key")


def key_text(entry: str, base: Path) -> bytes:
    """The PEM that an entry of a list of keys means: itself, or a file's, relative to `base`."""
    inline = entry.lstrip().startswith("-----BEGIN")
    return entry.encode() if inline else read_key_file(base / entry)


def load_public(pem: bytes) -> PublicKey:
    """The one public key of a PEM file (P-256, P-384, P-521, RSA from 2,048 bits, or Ed25519).

    Raises `KeyUnusable` where the file is anything else, above all a private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    label, block, _ = _single_block(pem, "public key")
    if "PRIVATE" in label:
        raise KeyUnusable(
            "this is a private key, and a public one is wanted",
            hint="name the .pub file, and keep the private key out of places that others read",
        )
    if label not in {"PUBLIC KEY", "RSA PUBLIC KEY"}:
        raise KeyUnusable(
            "this is not a public key",
            f"the file holds a PEM block of type {label}",
            hint="a public key file begins with -----BEGIN PUBLIC KEY-----",
        )
    try:
        key = _load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("the public key is damaged or of an unknown kind", reason(error)) from None
    return public_key(key)


def readable_keys(pems: Iterable[str]) -> dict[str, PublicKey]:
    """The keys of some texts by their fingerprints, each once; a text that is no key is left out."""
    found: dict[str, PublicKey] = {}
    for pem in pems:
        with contextlib.suppress(KeyUnusable):
            key = load_public(pem.encode())
            found.setdefault(key.fingerprint, key)
    return found


def _load_pem_public_key(block: bytes) -> object:
    """`serialization.load_pem_public_key`, from where that package has it.

    The package itself brings SSH's keys and every cipher along, which takes as long as all that a
    verification needs; every use of a locked version would pay for it. Should the place change, the
    public name is asked.
    """
    from cryptography.hazmat.bindings._rust import openssl

    try:
        load: Callable[[bytes], object] = openssl.keys.load_pem_public_key
    except AttributeError:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key as load
    return load(block)


def der_of_pem(pem: bytes) -> bytes:
    """What the only block of a PEM text holds, whatever it is. Raises `KeyUnusable`."""
    _, _, text = _single_block(pem, "key or certificate")
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        raise KeyUnusable("the PEM block does not hold base64") from None


def _blocks(pem: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each complete PEM block: the whole, its label, and what is inside. Reads the text once."""
    begun: re.Match[bytes] | None = None
    for edge in _EDGE.finditer(pem):
        if edge[1] == b"BEGIN":
            begun = edge
        elif begun is not None and edge[2] == begun[2]:
            yield pem[begun.start() : edge.end()], edge[2], pem[begun.end() : edge.start()]
            begun = None


def _single_block(pem: bytes, what: str) -> tuple[str, bytes, bytes]:
    """Label, whole bytes and inner text of the only PEM block of a file."""
    blocks = list(_blocks(pem))
    if not blocks:
        raise KeyUnusable(
            f"no {what} found in the file",
            "there is no complete PEM block (-----BEGIN … -----END …) in it",
            hint="check that the path names a key file and that it was copied whole",
        )
    # `openssl ecparam -genkey` writes the curve's name as a block before the key.
    blocks = [block for block in blocks if block[1] != b"EC PARAMETERS"] or blocks
    if len(blocks) > 1:
        raise KeyUnusable(
            f"the file holds {len(blocks)} PEM blocks, and one {what} is wanted",
            hint="put each key in a file of its own and list the files",
        )
    return blocks[0][1].decode("ascii"), blocks[0][0], blocks[0][2]


def _unlock(text: bytes, password: bytes) -> bytes:
    """The PKCS#8 DER inside the body of cosign's encrypted PEM."""
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    try:
        body = strict_json(base64.b64decode(b"".join(text.split()), validate=True))
        kdf, cipher = body["kdf"], body["cipher"]
        names = (kdf["name"], cipher["name"])
        cost = (kdf["params"]["N"], kdf["params"]["r"], kdf["params"]["p"])
        salt, nonce, ciphertext = (
            decode_base64(part) for part in (kdf["salt"], cipher["nonce"], body["ciphertext"])
        )
    except (ValueError, KeyError, TypeError):
        raise KeyUnusable(
            "the private key file is damaged",
            "its PEM block does not hold cosign's encrypted key",
            hint="restore it from a backup; a damaged key cannot be repaired",
        ) from None
    if names != ("scrypt", "nacl/secretbox") or len(nonce) != SecretBox.NONCE_SIZE:
        raise KeyUnusable(
            "the private key is locked in a way that is not known",
            f"it says {quoted(names[0])} and {quoted(names[1])}; known are 'scrypt' and 'nacl/secretbox'",
        )
    if any(type(part) is not int for part in cost) or cost not in _SCRYPT_COSTS:
        raise KeyUnusable(
            "the private key asks for unusual scrypt parameters",
            f"N, r, p are {quoted(cost)}; taken are N 32768, 65536 or 131072 with r 8 and p 1",
            hint="a file that asks for more could stall this machine; make a new key",
        )
    try:
        return SecretBox(_scrypt(password, salt, cost)).decrypt(ciphertext, nonce)
    except CryptoError:
        raise _wrong_password(password) from None


def _parse_private_der(der: bytes) -> AnyPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        return _signing_key(load_der_private_key(der, None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("the private key is damaged", reason(error)) from None


def _parse_private_pem(pem: bytes, password: bytes) -> AnyPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    locked = is_locked(pem)
    if locked and not password:
        raise _wrong_password(password)
    try:
        return _signing_key(load_pem_private_key(pem, password if locked else None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if locked:
            raise _wrong_password(password) from None
        raise KeyUnusable("the private key is damaged or of an unknown kind", reason(error)) from None


def _wrong_password(password: bytes) -> KeyUnusable:
    if not password:
        return KeyUnusable(
            "the private key is locked, and the empty password does not open it",
            hint="set COSIGN_PASSWORD to the key's password",
        )
    if password.endswith((b"\n", b"\r")):
        return KeyUnusable(
            "the password does not open the private key",
            "the password ends with a line break, and cosign counts every byte",
            hint="write it without one: printf '%s' instead of echo, or $(cat file)",
        )
    return KeyUnusable(
        "the password does not open the private key",
        "the password is wrong, or the file was altered",
        hint="type it again, or check COSIGN_PASSWORD where that gives it",
    )


def _signing_key(key: object) -> AnyPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise KeyUnusable("the private key is of a kind that cosign does not sign with", type(key).__name__)


def public_key(key: object) -> PublicKey:
    """A key of the cryptography library, if it is of a kind that signatures are accepted from.

    Raises `KeyUnusable`.
    """
    from cryptography.hazmat.primitives._serialization import Encoding, PublicFormat

    kind, problem = _kind(key)
    if not kind:
        raise KeyUnusable(
            "the key is of a kind that is not accepted",
            f"{problem}; accepted are ECDSA P-256, P-384 and P-521, RSA from 2,048 bits, and Ed25519",
        )
    accepted = cast("AnyPublicKey", key)
    der = accepted.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = accepted.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(fingerprint_of(der), pem, kind, accepted)


def _kind(key: object) -> tuple[str, str]:
    """What kind of key it is, empty where it is not accepted; and what it is then."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    if isinstance(key, EllipticCurvePublicKey):
        curves = {"secp256r1": "ECDSA P-256", "secp384r1": "ECDSA P-384", "secp521r1": "ECDSA P-521"}
        return curves.get(key.curve.name, ""), f"curve {key.curve.name}"
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if isinstance(key, RSAPublicKey):
        kind = f"RSA {key.key_size}"
        return kind if key.key_size >= _MINIMUM_RSA_BITS else "", f"RSA with {key.key_size} bits"
    return "Ed25519" if isinstance(key, Ed25519PublicKey) else "", type(key).__name__


def fingerprint_of(spki: bytes) -> str:
    """The fingerprint of a public key given as DER SubjectPublicKeyInfo."""
    return f"sha256:{hashlib.sha256(spki).hexdigest()}"


def _other_hashes_of(key: EllipticCurvePublicKey) -> tuple[HashAlgorithm, ...]:
    from cryptography.hazmat.primitives.hashes import SHA384, SHA512

    by_curve: dict[str, HashAlgorithm] = {"secp384r1": SHA384(), "secp521r1": SHA512()}
    return tuple(filter(None, [by_curve.get(key.curve.name)]))


def _verify_ecdsa(
    key: EllipticCurvePublicKey, signature: bytes, data: bytes, algorithm: HashAlgorithm | Prehashed
) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, data, _ecdsa(algorithm))
    except (InvalidSignature, ValueError):
        return False
    return True


def _ecdsa(algorithm: HashAlgorithm | Prehashed) -> ECDSA:
    """`ec.ECDSA(algorithm)` for verifying, without what making one brings along.

    That imports the backend with every cipher, to ask it about signing; the first use of a locked
    version in a process would wait for it as long as for all the rest.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    class Verifying(ec.ECDSA):
        def __init__(self) -> None:
            pass

        algorithm = property(lambda _: algorithm)
        deterministic_signing = property(lambda _: False)

    return Verifying()


def _deterministic_ecdsa() -> ECDSA:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        return ec.ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ec.ECDSA(SHA256())


def _scrypt(password: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=128 * n * r + (1 << 20), dklen=32)
