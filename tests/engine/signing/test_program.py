"""What a program that keeps a key may answer, and what is not believed."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from floe_engine.errors import KeyUnusable, UsageError
from floe_engine.platform.key_source import Unlocking, key_source
from floe_engine.signing import program
from floe_engine.signing.keys import load_private
from floe_engine.signing.program import PluginKey, ProgramKey, SigningProgram

DATA = b"what is signed"

ANSWERS = """\
import os, pathlib, sys
here = pathlib.Path(__file__).parent
if sys.argv[1] == "public-key":
    sys.stdout.buffer.write((here / "public").read_bytes())
else:
    assert sys.argv[1] == "sign" and len(sys.argv[2]) == 64
    (here / "message").write_bytes(sys.stdin.buffer.read())
    sys.stdout.buffer.write((here / "signature").read_bytes())
"""


@pytest.fixture
def signer(tmp_path: Path) -> SigningProgram:
    """A program that answers with what lies beside it, in the files `public` and `signature`."""
    return answering(tmp_path, ANSWERS)


def answering(folder: Path, script: str, name: str = "sign") -> SigningProgram:
    path = folder / name
    path.write_text(f"#!{sys.executable} -I\n{script}")
    path.chmod(0o755)
    return SigningProgram.find((str(path),), os.environ)


def keep(signer: SigningProgram, key, signature: bytes) -> None:  # type: ignore[no-untyped-def]
    folder = Path(signer.command[0]).parent
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "public").write_bytes(load_private(pem).public.pem)
    (folder / "signature").write_bytes(signature)


def made_by(key) -> bytes:  # type: ignore[no-untyped-def]
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return load_private(pem).sign(DATA)


def side_by_side(der: bytes, size: int = 32) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("form", ["der", "r-and-s"])
@pytest.mark.parametrize(
    "spelling", ["bytes", "base64", "base64 lines", "base64url", "base64url, no padding"]
)
def test_a_signature_is_read_in_every_usual_spelling(
    signer: SigningProgram, form: str, spelling: str
) -> None:
    der = made_by(P256)
    plain = der if form == "der" else side_by_side(der)
    spelled = {
        "bytes": plain,
        "base64": base64.b64encode(plain) + b"\n",
        "base64 lines": base64.encodebytes(plain).replace(b"\n", b"\r\n"),
        "base64url": base64.urlsafe_b64encode(plain),
        "base64url, no padding": base64.urlsafe_b64encode(plain).rstrip(b"=") + b"\n",
    }[spelling]
    keep(signer, P256, spelled)
    assert ProgramKey.open(signer).sign(DATA) == der
    assert (Path(signer.command[0]).parent / "message").read_bytes() == DATA


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-384", "P-521", "RSA", "Ed25519"],
)
def test_keys_of_every_accepted_kind_sign(signer: SigningProgram, key) -> None:  # type: ignore[no-untyped-def]
    keep(signer, key, base64.b64encode(made_by(key)))
    opened = ProgramKey.open(signer)
    assert opened.public.verify(opened.sign(DATA), DATA)


P384 = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (P256, made_by(ec.generate_private_key(ec.SECP256R1()))),
        (P256, b"garbage"),
        (P256, bytes(64)),
        (P256, b"\xff" * 64),
        (P256, b"A" * 86),
        (P384, P384.sign(DATA, ec.ECDSA(SHA384()))),
    ],
    ids=["another key", "garbage", "zeros", "ones", "text", "a hash that cosign does not verify"],
)
def test_a_signature_that_the_named_key_does_not_verify_is_not_believed(
    signer: SigningProgram,
    key,  # type: ignore[no-untyped-def]
    signature: bytes,
) -> None:
    keep(signer, key, signature)
    with pytest.raises(KeyUnusable) as refused:
        ProgramKey.open(signer).sign(DATA)
    assert "not by the key that it names" in refused.value.message


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import sys; print('no such \x1b[31mkey', file=sys.stderr); sys.exit(1)", "it said: no such"),
        ("pass", "answered nothing"),
        ("print('x' * 1_000_000)", "more than 65,536 bytes"),
        ("import time; time.sleep(600)", "no answer within"),
        ("print('not a key')", "its public key cannot be used"),
    ],
)
def test_a_program_that_gives_no_public_key_is_refused_and_what_it_said_is_shown_harmlessly(
    tmp_path: Path, script: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "TIMEOUT", 1.0 if "sleep" in script else 20.0)
    with pytest.raises(KeyUnusable) as refused:
        ProgramKey.open(answering(tmp_path, script))
    assert says in refused.value.message
    assert "\x1b" not in str(refused.value)


def test_a_private_key_in_place_of_the_public_one_is_refused_and_not_shown(tmp_path: Path) -> None:
    pem = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(KeyUnusable) as refused:
        ProgramKey.open(answering(tmp_path, f"print({pem!r})"))
    assert pem.splitlines()[1] not in str(refused.value) + refused.value.hint


# --- cosign's plugins --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ('{"errorMessage": "the vault is sealed"}', "the vault is sealed"),
        ("{}", "its publicKey is not a JSON object"),
        ("nonsense", "not the JSON of cosign's plugins"),
        ('{"publicKey": {"publicKeyPEM": "???"}}', "publicKeyPEM is not base64"),
        ('{"publicKey": {}}', "publicKeyPEM is not base64"),
        ('{"publicKey": {"publicKeyPEM": "aGVsbG8="}}', "its public key cannot be used"),
    ],
)
def test_a_plugin_that_answers_otherwise_is_refused(tmp_path: Path, answer: str, says: str) -> None:
    plugin = answering(tmp_path, f"print({answer!r})", "sigstore-kms-acme")
    with pytest.raises(KeyUnusable) as refused:
        PluginKey.open(plugin, "teams/data")
    assert says in refused.value.message


# --- how they are named ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("exec:", "names no program"),
        ("exec:  ", "names no program"),
        ("exec:sign 'unbalanced", "cannot be read"),
        ("exec:no-such-program-anywhere --x", "no program no-such-program-anywhere"),
        ("acme://x", "needs cosign's plugin sigstore-kms-acme"),
        ("awskms:///alias/floe", "exec:PROGRAM"),
    ],
)
def test_a_program_that_is_not_there_is_named(name: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        key_source(name, Path(), "--key").open(Unlocking(os.environ))
    assert says in f"{refused.value.title} {refused.value.message} {refused.value.hint}"


def test_a_program_of_the_directory_one_works_in_is_not_found_by_its_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(tmp_path, ANSWERS)
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", f".{os.pathsep}", "../" + tmp_path.name):
        with pytest.raises(UsageError, match="no program sign"):
            key_source("exec:sign", tmp_path, "--key").open(Unlocking({"PATH": path}))


def test_arguments_of_a_program_are_never_shown(tmp_path: Path) -> None:
    assert "s3cret" not in str(key_source("exec:sign --pin s3cret", tmp_path, "--key"))
