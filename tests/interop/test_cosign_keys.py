"""Key signatures, in both directions, between floe and the real cosign 2 and cosign 3."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from floe_engine.errors import RegistryError
from floe_engine.files import write_file
from floe_engine.registry.client import Repository
from floe_engine.signing.ahead import ReadAhead
from floe_engine.signing.keys import generate, load_private, load_public
from floe_engine.signing.trust import sign, verify
from floe_engine.signing.verdict import Anchors
from tests.engine.signing.conftest import new_key
from tests.interop.cosign import PASSWORD, Artifact, Cosign

pytestmark = pytest.mark.interop


@pytest.fixture
def cosigns(require_binary, tmp_path):
    """cosign 2 and 3, each in a directory of its own."""
    made = {}
    for version in (2, 3):
        folder = tmp_path / f"cosign{version}"
        folder.mkdir()
        made[version] = Cosign(require_binary(f"cosign{version}"), version, folder)
    return made


@pytest.fixture
def artifact(docker_registry):
    return Artifact.push(docker_registry)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    """Our own key files, as `floe platform keygen` writes them."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = generate(PASSWORD.encode())
    write_file(folder / "cosign.key", private, mode=0o600)
    write_file(folder / "cosign.pub", public)
    return folder / "cosign.key", folder / "cosign.pub"


@pytest.fixture(scope="module")
def key(pair):
    return load_private(pair[0].read_bytes(), PASSWORD.encode())


def write_signature(artifact, key, **more):
    more = {"annotations": {}, **more}
    return sign(artifact.repository, artifact.digest, key, docker_reference=artifact.docker_reference, **more)


def our_verdict(artifact, *public, exhaustive=True):
    anchors = Anchors(keys=public)
    return verify(
        artifact.repository,
        artifact.digest,
        anchors,
        docker_reference=artifact.docker_reference,
        exhaustive=exhaustive,
    )


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("formats", [("simple-signing",), ("bundle",), ("bundle", "simple-signing")])
def test_cosign_verifies_what_we_sign(artifact, cosigns, pair, key, version, formats):
    write_signature(artifact, key, formats=formats)
    verified = cosigns[version].verifies(artifact.reference, pair[1])
    # cosign 2 knows the older format alone; every other combination holds.
    assert bool(verified) == ("simple-signing" in formats or version == 3)


@pytest.mark.parametrize("version", [2, 3])
def test_cosign_verifies_by_tag_and_reads_what_we_signed_beside_the_digest(
    artifact, cosigns, pair, key, version
):
    write_signature(artifact, key, annotations={"org.opencontainers.image.version": "1.0.0"})
    tag = f"{artifact.docker_reference}:1.0.0"
    assert cosigns[version].verifies(tag, pair[1], "-a", "org.opencontainers.image.version=1.0.0")
    assert not cosigns[version].verifies(tag, pair[1], "-a", "org.opencontainers.image.version=2.0.0")


@pytest.mark.parametrize("version", [2, 3])
def test_cosign_refuses_our_signature_under_another_key(artifact, cosigns, key, version):
    write_signature(artifact, key)
    _, other = cosigns[version].key_pair()
    assert not cosigns[version].verifies(artifact.reference, other)


@pytest.mark.parametrize("version", [2, 3])
def test_we_verify_what_cosign_signs_with_its_own_key(artifact, cosigns, version):
    private, public = cosigns[version].key_pair()
    cosigns[version].sign(artifact.reference, private, "-a", "team=data")
    verdict = our_verdict(artifact, load_public(public.read_bytes()))
    assert verdict.status == "verified"
    assert {signer.format for signer in verdict.signers} == {"simple-signing" if version == 2 else "bundle"}
    assert verdict.signers[0].annotations["team"] == "data"
    assert not verdict.rejected
    assert not verdict.warnings


def test_we_verify_the_older_format_of_cosign_3(artifact, cosigns):
    private, public = cosigns[3].key_pair()
    cosigns[3].must(
        *("sign", "--key", str(private), "--new-bundle-format=false", "--use-signing-config=false"),
        *("--tlog-upload=false", "--yes", artifact.reference),
    )
    verdict = our_verdict(artifact, load_public(public.read_bytes()))
    assert [signer.format for signer in verdict.signers] == ["simple-signing"]


@pytest.mark.parametrize("version", [2, 3])
def test_we_sign_with_a_key_file_of_cosign_and_cosign_with_ours(artifact, cosigns, pair, version):
    private, public = cosigns[version].key_pair()
    write_signature(artifact, load_private(private.read_bytes(), PASSWORD.encode()))
    assert cosigns[version].verifies(artifact.reference, public)
    cosigns[version].sign(artifact.reference, pair[0])
    assert our_verdict(artifact, load_public(pair[1].read_bytes())).status == "verified"
    assert cosigns[version].must("public-key", "--key", str(pair[0])) == pair[1].read_text()


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("ours_first", [True, False])
def test_our_signatures_and_cosigns_live_side_by_side(artifact, cosigns, pair, key, version, ours_first):
    cosign = cosigns[version]
    private, public = cosign.key_pair()
    steps = [lambda: write_signature(artifact, key), lambda: cosign.sign(artifact.reference, private)]
    for step in steps if ours_first else reversed(steps):
        step()
    assert cosign.verifies(artifact.reference, public)
    assert cosign.verifies(artifact.reference, pair[1])
    theirs = load_public(public.read_bytes())
    verdict = our_verdict(artifact, key.public, theirs)
    assert len(verdict.signers) == 3
    assert not verdict.rejected
    assert our_verdict(artifact, theirs).status == "verified"


@pytest.mark.parametrize("version", [2, 3])
def test_an_attestation_that_cosign_attaches_is_no_signature(artifact, cosigns, pair, key, version):
    cosigns[version].attest(artifact.reference, pair[0], "https://spdx.dev/Document")
    assert our_verdict(artifact, key.public).status == "unsigned"
    write_signature(artifact, key)
    assert our_verdict(artifact, key.public).status == "verified"


def test_signing_twice_leaves_one_signature_of_each_format_in_a_real_registry(artifact, cosigns, pair, key):
    for _ in range(2):
        write_signature(artifact, key)
    assert len(our_verdict(artifact, key.public).signers) == 2
    assert len(artifact.repository.referrers(artifact.digest)) == 1
    assert len(cosigns[2].verifies(artifact.reference, pair[1])) == 1


def test_the_first_good_signature_costs_at_most_five_requests(docker_registry, artifact, key):
    """docker-registry has no referrers API, so this is the longer way, over the fallback tag."""
    for formats in (("simple-signing",), ("bundle", "simple-signing")):
        write_signature(artifact, key, formats=formats)
        reader = Repository(docker_registry.reference("acme/platform"))
        assert verify(reader, artifact.digest, Anchors(keys=(key.public,))).status == "verified"
        assert reader.requests == 4


@pytest.mark.parametrize("signed", [(), ("simple-signing",), ("bundle", "simple-signing")])
def test_reading_the_first_signature_ahead_asks_the_same_and_says_the_same(
    docker_registry, artifact, key, signed
):
    if signed:
        write_signature(artifact, key, formats=signed)
    anchors = Anchors(keys=(key.public,))
    reader, early = (Repository(docker_registry.reference("acme/platform")) for _ in range(2))
    verdict = verify(reader, artifact.digest, anchors)
    ahead = ReadAhead(early, artifact.digest)
    assert verify(ahead, artifact.digest, anchors) == verdict
    assert early.requests == reader.requests
    assert verify(ahead, artifact.digest, anchors) == verdict  # from here on it asks anew
    assert early.requests > reader.requests


def test_whoever_is_told_that_it_signed_has_signed_however_many_sign_at_once(docker_registry, artifact):
    """docker-registry forgets a blob for a moment when two upload it, so one may be told to try again."""
    signed, refused = [], []
    start = threading.Barrier(6)

    def work(signer):
        repository = Repository(docker_registry.reference("acme/platform"), push=True)
        start.wait()
        try:
            write_signature(replace(artifact, repository=repository), signer)
            signed.append(signer.public)
        except RegistryError as error:
            refused.append(error.status)

    threads = [threading.Thread(target=work, args=(new_key(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) + len(refused) == len(threads)
    assert set(refused) <= {400}
    verdict = our_verdict(artifact, *signed)
    for form in ("bundle", "simple-signing"):
        found = {signer.fingerprint for signer in verdict.signers if signer.format == form}
        assert found == {public.fingerprint for public in signed}


@pytest.mark.parametrize("kind", ["ecdsa-p384", "rsa", "ed25519"])
def test_cosign_verifies_our_signatures_by_other_kinds_of_keys(artifact, cosigns, tmp_path, kind):
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = {
        "ecdsa-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    key = load_private(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = tmp_path / "key.pub"
    public.write_bytes(key.public.pem)
    write_signature(artifact, key)
    assert cosigns[2].verifies(artifact.reference, public)
    assert cosigns[3].verifies(artifact.reference, public)
