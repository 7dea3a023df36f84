"""Programs that keep the key: openssl, cosign 2, cosign 3 and cosign's plugins sign what floe publishes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.files import sha256_digest
from floe_engine.platform.publish import publish
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.registry.client import Repository
from floe_engine.signing.keys import load_public
from tests.interop.cosign import Cosign
from tests.registries import DockerRegistry
from tests.teams import PlatformTeam, manifest

pytestmark = pytest.mark.interop

PASSWORD = "correct horse"

OPENSSL_MESSAGE = """\
case "$1" in
  public-key) openssl pkey -in {key} -pubout ;;
  sign) openssl dgst -sha256 -sign {key} ;;
esac
"""
OPENSSL_DIGEST = """\
case "$1" in
  public-key) openssl pkey -in {key} -pubout ;;
  sign) printf %s "$2" | xxd -r -p > digest
        openssl pkeyutl -sign -inkey {key} -in digest -pkeyopt digest:sha256 | base64 ;;
esac
"""
OPENSSL_SIDE_BY_SIDE = """\
case "$1" in
  public-key) openssl pkey -in {key} -pubout ;;
  sign) openssl dgst -sha256 -sign {key} | {python} -c '
import base64, sys
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
r, s = decode_dss_signature(sys.stdin.buffer.read())
print(base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode().rstrip("="))' ;;
esac
"""
COSIGN_2 = """\
export COSIGN_PASSWORD='{password}'
case "$1" in
  public-key) {cosign2} public-key --key {cosign_key} ;;
  sign) {cosign2} sign-blob --key {cosign_key} --tlog-upload=false -y - ;;
esac
"""
COSIGN_3 = """\
export COSIGN_PASSWORD='{password}'
case "$1" in
  public-key) {cosign3} public-key --key {cosign_key} ;;
  sign) {cosign3} signing-config create > empty.json
        {cosign3} sign-blob --key {cosign_key} --signing-config empty.json --bundle bundle.json -y - >&2
        {python} -c 'import json; print(json.load(open("bundle.json"))["messageSignature"]["signature"])' ;;
esac
"""
PLUGIN = """\
import base64, json, subprocess, sys
request = json.loads(sys.argv[2])
assert (sys.argv[1], request["initOptions"]["keyResourceID"]) == ("v1", "teams/data")
def openssl(*words, stdin=b""):
    done = subprocess.run(["openssl", *words], input=stdin, capture_output=True)
    return base64.b64encode(done.stdout).decode()
if request["methodName"] == "publicKey":
    answer = {{"publicKey": {{"publicKeyPEM": openssl("pkey", "-in", "{key}", "-pubout")}}}}
else:
    message = sys.stdin.buffer.read()
    answer = {{"signMessage": {{"signature": openssl("dgst", "-sha256", "-sign", "{key}", stdin=message)}}}}
print(json.dumps(answer))
"""


@pytest.fixture
def team(tmp_path: Path, docker_registry: DockerRegistry) -> PlatformTeam:
    made = PlatformTeam(tmp_path / "platform", f"oci://{docker_registry.host}/floe-platform")
    made.directory.mkdir()
    (made.directory / "manifest.yaml").write_text(manifest())
    made.environ = {**os.environ, "COSIGN_PASSWORD": "not for the signer"}
    return made


@pytest.fixture
def cosigns(require_binary: Callable[[str], str], tmp_path: Path) -> list[Cosign]:
    return [Cosign(require_binary(f"cosign{version}"), version, tmp_path) for version in (2, 3)]


@pytest.fixture
def openssl_key(tmp_path: Path) -> Path:
    made = tmp_path / "openssl.pem"
    command = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def script(path: Path, text: str, **names: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    head = f"#!{sys.executable}\n" if "import" in text.splitlines()[0] else "#!/bin/sh\nset -e\n"
    path.write_text(head + text.format(python=sys.executable, password=PASSWORD, **names))
    path.chmod(0o755)
    return path


def verified_by_all(team: PlatformTeam, cosigns: list[Cosign], digest: str, public: Path) -> None:
    reference = f"{team.registry.removeprefix('oci://')}@{digest}"
    for cosign in cosigns:
        assert cosign.verifies(reference, public), cosign.version


@pytest.mark.parametrize(
    "text", [OPENSSL_MESSAGE, OPENSSL_DIGEST, OPENSSL_SIDE_BY_SIDE, COSIGN_2, COSIGN_3],
    ids=["openssl-message", "openssl-digest", "openssl-r-s", "cosign2", "cosign3"],
)  # fmt: skip
def test_what_a_program_signs_verifies_with_both_cosigns(
    team: PlatformTeam, cosigns: list[Cosign], openssl_key: Path, tmp_path: Path, text: str
) -> None:
    cosigns[0].environment["COSIGN_PASSWORD"] = PASSWORD
    private, _ = cosigns[0].key_pair()
    signer = script(
        tmp_path / "bin" / "sign",
        text,
        key=openssl_key,
        cosign_key=private,
        cosign2=cosigns[0].program,
        cosign3=cosigns[1].program,
    )
    published = publish(team.workspace, "v1.0.0", options=SigningOptions(keys=(f"exec:{signer}",)))
    public = tmp_path / "signer.pub"
    public.write_bytes(subprocess.run([signer, "public-key"], capture_output=True, check=True).stdout)
    verified_by_all(team, cosigns, published.digest, public)
    assert published.signers[0].fingerprint == load_public(public.read_bytes()).fingerprint


def test_what_a_plugin_of_cosign_signs_verifies_with_both_cosigns_and_cosign_takes_the_same_plugin(
    team: PlatformTeam, cosigns: list[Cosign], openssl_key: Path, tmp_path: Path
) -> None:
    script(tmp_path / "bin" / "sigstore-kms-acme", PLUGIN, key=openssl_key)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    team.environ = {**team.environ, "PATH": path}
    options = SigningOptions(keys=("acme://teams/data",))
    published = publish(team.workspace, "v1.0.0", options=options)
    for cosign in cosigns:
        cosign.environment["PATH"] = path
        public = tmp_path / f"by-cosign{cosign.version}.pub"
        public.write_text(cosign.must("public-key", "--key", "acme://teams/data"))
        verified_by_all(team, cosigns, published.digest, public)


def test_signing_again_with_a_program_changes_nothing_though_its_signatures_differ(
    team: PlatformTeam, openssl_key: Path, tmp_path: Path, docker_registry: DockerRegistry
) -> None:
    signer = script(tmp_path / "bin" / "sign", OPENSSL_MESSAGE, key=openssl_key)
    options = SigningOptions(keys=(f"exec:{signer}",))
    digest = publish(team.workspace, "v1.0.0", options=options).digest
    repository = Repository(docker_registry.reference("floe-platform"))

    def signatures() -> tuple[int, str]:
        tag = sha256_digest(repository.manifest(f"{digest.replace(':', '-')}.sig").raw)
        return len(repository.referrers(digest)), tag

    before = signatures()
    again = sign_version(team.workspace, "v1.0.0", options=options)
    assert signatures() == before
    assert len(again.signatures) == 2
