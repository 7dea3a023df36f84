from __future__ import annotations

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from floe_engine.errors import KeyUnusable
from floe_engine.files import sha256_digest
from floe_engine.signing.keys import generate, is_locked, load_private, load_public


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    return generate(b"s3cret")


def pem_of(public: object) -> bytes:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def cosign_body(pem: bytes) -> dict:
    return json.loads(base64.b64decode(b"".join(pem.splitlines()[1:-1])))


def cosign_pem(body: object, label: str = "ENCRYPTED SIGSTORE PRIVATE KEY") -> bytes:
    text = base64.b64encode(json.dumps(body).encode()).decode()
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


def test_a_generated_pair_signs_and_verifies_and_is_locked_with_its_password(pair):
    private_pem, public_pem = pair
    key, public = load_private(private_pem, b"s3cret"), load_public(public_pem)
    assert is_locked(private_pem)
    assert key.public == public
    assert public.kind == "ECDSA P-256"
    assert public.verify(key.sign(b"data"), b"data")
    assert not public.verify(key.sign(b"data"), b"other data")
    assert not public.verify(b"no signature at all", b"data")


def test_the_private_file_has_the_shape_that_cosign_writes(pair):
    private_pem, public_pem = pair
    assert private_pem.startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    body = cosign_body(private_pem)
    assert body["kdf"]["name"] == "scrypt"
    assert body["kdf"]["params"] == {"N": 65536, "r": 8, "p": 1}
    assert body["cipher"]["name"] == "nacl/secretbox"
    assert len(base64.b64decode(body["kdf"]["salt"])) == 32
    assert public_pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")


def test_the_older_label_of_cosign_is_read_too(pair):
    older = cosign_pem(cosign_body(pair[0]), "ENCRYPTED COSIGN PRIVATE KEY")
    assert load_private(older, b"s3cret").public == load_public(pair[1])


def test_the_fingerprint_is_the_digest_of_the_public_key_and_the_hint_says_the_same():
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    loaded = load_public(pem_of(public))
    assert loaded.fingerprint == sha256_digest(der)
    assert f"sha256:{base64.b64decode(loaded.hint).hex()}" == loaded.fingerprint


def test_signing_twice_gives_the_same_bytes(key):
    assert key.sign(b"data") == key.sign(b"data")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (b"wrong", "password is wrong"),
        (b"", "empty password does not open"),
        (b"s3cret\n", "line break"),
    ],
)
def test_a_password_that_does_not_fit_is_explained(pair, password, words):
    with pytest.raises(KeyUnusable) as caught:
        load_private(pair[0], password)
    assert words in f"{caught.value}"
    assert "s3cret" not in f"{caught.value}{caught.value.hint}"


def test_a_key_may_have_the_empty_password():
    private_pem, public_pem = generate(b"")
    assert load_private(private_pem, b"").public == load_public(public_pem)


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [(1 << 30, 8, 1), (65536, 1 << 20, 1), (65536, 8, 64), (2, 8, 1), (65536.0, 8, 1), ("x", 8, 1)],
)
def test_scrypt_parameters_that_would_stall_the_reader_are_refused(pair, n, r, p):
    body = cosign_body(pair[0])
    body["kdf"]["params"] = {"N": n, "r": r, "p": p}
    with pytest.raises(KeyUnusable, match="scrypt parameters"):
        load_private(cosign_pem(body), b"s3cret")


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body.pop("kdf"),
        lambda body: body.update(ciphertext="!!"),
        lambda body: body.update(ciphertext=7),
        lambda body: body["kdf"].update(params=[1]),
        lambda body: body.update(cipher="secretbox"),
    ],
)
def test_a_damaged_private_key_file_is_called_damaged(pair, damage):
    body = cosign_body(pair[0])
    damage(body)
    with pytest.raises(KeyUnusable, match="damaged"):
        load_private(cosign_pem(body), b"s3cret")


def test_another_way_of_locking_is_named_and_refused(pair):
    body = cosign_body(pair[0])
    body["cipher"]["name"] = "rot13\x1b[31m"
    with pytest.raises(KeyUnusable, match="rot13") as caught:
        load_private(cosign_pem(body), b"s3cret")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ed25519.Ed25519PrivateKey.generate(),
    ],
)
def test_plain_pem_keys_of_every_accepted_kind_sign_and_verify(make):
    made = make()
    key = load_private(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = load_public(pem_of(made.public_key()))
    assert public.verify(key.sign(b"data"), b"data")
    assert not public.verify(key.sign(b"data"), b"atad")


def test_a_p384_signature_counts_with_either_hash():
    made = ec.generate_private_key(ec.SECP384R1())
    public = load_public(pem_of(made.public_key()))
    assert public.verify(made.sign(b"data", ec.ECDSA(hashes.SHA256())), b"data")
    assert public.verify(made.sign(b"data", ec.ECDSA(hashes.SHA384())), b"data")
    assert not public.verify(made.sign(b"data", ec.ECDSA(hashes.SHA512())), b"data")


def test_an_rsa_signature_counts_with_pkcs1_padding_alone():
    made = rsa.generate_private_key(65537, 2048)
    public = load_public(pem_of(made.public_key()))
    assert public.verify(made.sign(b"data", padding.PKCS1v15(), hashes.SHA256()), b"data")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    assert not public.verify(made.sign(b"data", pss, hashes.SHA256()), b"data")


def test_openssl_keys_are_read_with_and_without_a_password():
    made = ec.generate_private_key(ec.SECP256R1())
    traditional = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    locked = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
    expected = load_public(pem_of(made.public_key()))
    assert load_private(parameters + traditional).public == expected
    assert load_private(locked, b"pw").public == expected
    for wrong in (b"", b"wp"):
        with pytest.raises(KeyUnusable, match="password"):
            load_private(locked, wrong)


def test_keys_too_weak_or_unknown_to_cosign_are_refused():
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(KeyUnusable, match="not accepted") as caught:
        load_public(pem_of(weak.public_key()))
    assert "1024 bits" in caught.value.message
    with pytest.raises(KeyUnusable, match="not accepted"):
        load_public(pem_of(ec.generate_private_key(ec.SECP256K1()).public_key()))


def test_public_and_private_files_are_not_taken_for_each_other(pair):
    private_pem, public_pem = pair
    with pytest.raises(KeyUnusable, match="this is a private key"):
        load_public(private_pem)
    with pytest.raises(KeyUnusable, match="this is a public key"):
        load_private(public_pem, b"s3cret")


@pytest.mark.parametrize("junk", [b"", b"hello", b"\xff\xfe\x00", b"-----BEGIN PUBLIC KEY-----\nAAAA"])
def test_a_file_without_a_key_is_explained(junk):
    with pytest.raises(KeyUnusable, match="no public key found"):
        load_public(junk)
    with pytest.raises(KeyUnusable, match="no private key found"):
        load_private(junk, b"")


def test_a_damaged_public_key_is_explained():
    with pytest.raises(KeyUnusable, match="damaged"):
        load_public(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def test_two_keys_in_one_file_are_refused_rather_than_one_ignored(pair):
    with pytest.raises(KeyUnusable, match="2 PEM blocks"):
        load_public(pair[1] * 2)


def test_a_certificate_is_not_a_public_key():
    with pytest.raises(KeyUnusable, match="not a public key"):
        load_public(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def test_a_private_key_never_shows_itself(key):
    assert "PRIVATE" not in repr(key)
    assert "_key" not in repr(key)


def test_a_text_that_begins_a_thousand_blocks_is_read_once() -> None:
    started = time.process_time()
    with pytest.raises(KeyUnusable):
        load_public(b"-----BEGIN A-----" * 100_000)
    assert time.process_time() - started < 1
