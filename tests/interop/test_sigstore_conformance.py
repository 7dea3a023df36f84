"""Bundles as sigstore-conformance asks about them, by its own command-line protocol.

The suite's assets come with no licence and are not here. `FLOE_CONFORMANCE_ASSETS` names the
``test/assets`` of a checkout of github.com/sigstore/sigstore-conformance, and then all of its
``bundle-verify`` is asked. Always asked are cases of the same make: signed by the real cosign 3, and
by a Sigstore on loopback.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.files import sha256_digest
from floe_engine.signing import bundle
from floe_engine.signing.keyless import KeylessSigner, TrustRoot
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.interop.cosign import Cosign
from tests.interop.sigstore_conformance import Case, main, problem

pytestmark = pytest.mark.interop

ASSETS = os.environ.get("FLOE_CONFORMANCE_ASSETS")
CONTENT = b"what was signed\n"
Bend = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


@pytest.fixture
def cosign3(require_binary: Callable[[str], str], tmp_path: Path) -> Cosign:
    folder = tmp_path / "cosign"
    folder.mkdir()
    return Cosign(require_binary("cosign3"), 3, folder)


def write(folder: Path, name: str, raw: bytes, root: dict[str, Any], **files: str | bytes) -> Case:
    directory = folder / "bundle-verify" / name
    directory.mkdir(parents=True)
    (directory / "bundle.sigstore.json").write_bytes(raw)
    (directory / "trusted_root.json").write_text(json.dumps(root))
    for file, content in {"artifact": CONTENT, **files}.items():
        data = content if isinstance(content, bytes) else content.encode()
        (directory / file.replace("_", ".")).write_bytes(data)
    return Case(directory)


def keyless_bundle(sigstore: SigstoreDouble, folder: Path, content: bytes = CONTENT) -> bytes:
    config = folder / "client.json"
    config.write_text(json.dumps(sigstore.client_config()))
    signer = KeylessSigner(sigstore.token(), TrustRoot.read(config))
    return signer.sign(bundle.statement_for(sha256_digest(content), {}))[0]


BENT: dict[str, Bend] = {
    "swapped-signature": lambda b: b["dsseEnvelope"]["signatures"][0].update(
        sig=base64.b64encode(bytes(70)).decode()
    ),
    "other-payload": lambda b: b["dsseEnvelope"].update(payload=base64.b64encode(b"{}").decode()),
    "no-log-entry": lambda b: b["verificationMaterial"].update(tlogEntries=[]),
    "other-body": lambda b: b["verificationMaterial"]["tlogEntries"][0].update(canonicalizedBody="e30="),
    "no-certificate": lambda b: b["verificationMaterial"].pop("certificate"),
    "two-contents": lambda b: b.update(messageSignature={"signature": "AAAA"}),
    "unknown-member": lambda b: b.update(extra=True),
}


@pytest.mark.parametrize("name", ["happy-path", *BENT])
def test_a_keyless_bundle_is_good_only_as_it_was_made(
    sigstore: SigstoreDouble, tmp_path: Path, name: str
) -> None:
    document = json.loads(keyless_bundle(sigstore, tmp_path))
    if name in BENT:
        BENT[name](document)
    root, raw = sigstore.client_config()["trustedRoot"], json.dumps(document).encode()
    suffix = "_fail" if name in BENT else ""
    case = write(tmp_path, name + suffix, raw, root, identity=SUBJECT, issuer=sigstore.url)
    assert (problem(case.arguments) == "") is case.good, problem(case.arguments)


@pytest.mark.parametrize("wrong", ["identity", "issuer", "artifact", "root"])
def test_a_keyless_bundle_is_for_one_identity_issuer_artifact_and_sigstore(
    sigstore: SigstoreDouble, tmp_path: Path, wrong: str
) -> None:
    raw, root = keyless_bundle(sigstore, tmp_path), sigstore.client_config()["trustedRoot"]
    files: dict[str, str | bytes] = {"identity": SUBJECT, "issuer": sigstore.url}
    if wrong == "root":
        with SigstoreDouble() as foreign:
            root = foreign.client_config()["trustedRoot"]
    else:
        files[wrong] = "https://floe.test/mallory"
    case = write(tmp_path, f"wrong-{wrong}_fail", raw, root, **files)
    assert problem(case.arguments)


def test_a_digest_stands_for_the_artifact(sigstore: SigstoreDouble, tmp_path: Path) -> None:
    raw, root = keyless_bundle(sigstore, tmp_path), sigstore.client_config()["trustedRoot"]
    case = write(tmp_path, "digest", raw, root, identity=SUBJECT, issuer=sigstore.url)
    *asked, _ = case.arguments
    assert problem([*asked, sha256_digest(CONTENT)]) == ""
    assert problem([*asked, sha256_digest(b"else")])


def test_what_cosign_3_signs_with_a_key_is_good_for_that_key_alone(
    cosign3: Cosign, sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    """The suite's managed-key cases: a message signature, and no log."""
    _, public = cosign3.key_pair()
    (cosign3.folder / "artifact").write_bytes(CONTENT)
    config = cosign3.folder / "none.json"
    config.write_text(cosign3.must("signing-config", "create"))
    made = cosign3.folder / "made.json"
    signing = ("--key", "cosign.key", "--signing-config", str(config), "--bundle", str(made), "--yes")
    cosign3.must("sign-blob", *signing, "artifact")
    assert "messageSignature" in json.loads(made.read_text())
    root = sigstore.client_config()["trustedRoot"]
    good = write(tmp_path, "managed-key", made.read_bytes(), root, key_pub=public.read_bytes())
    assert problem(good.arguments) == ""
    other = write(
        tmp_path,
        "else_fail",
        made.read_bytes(),
        root,
        key_pub=public.read_bytes(),
        artifact=b"something else",
    )
    assert problem(other.arguments)
    stranger = public.read_bytes()
    for name in ("cosign.key", "cosign.pub"):
        (cosign3.folder / name).unlink()
    cosign3.key_pair()
    assert (cosign3.folder / "cosign.pub").read_bytes() != stranger
    wrong = write(
        tmp_path, "key_fail", made.read_bytes(), root, key_pub=(cosign3.folder / "cosign.pub").read_bytes()
    )
    assert problem(wrong.arguments)
    both = [*good.arguments[:-1], "--certificate-identity", SUBJECT, good.arguments[-1]]
    assert problem(both), "a key and an identity at once are no policy"


def test_the_adapter_is_the_client_that_the_suite_calls(sigstore: SigstoreDouble, tmp_path: Path) -> None:
    raw, root = keyless_bundle(sigstore, tmp_path), sigstore.client_config()["trustedRoot"]
    case = write(tmp_path, "program", raw, root, identity=SUBJECT, issuer=sigstore.url)
    program = [sys.executable, "-m", "tests.interop.sigstore_conformance"]
    assert subprocess.run([*program, *case.arguments], check=False).returncode == 0
    (case.directory / "artifact").write_bytes(b"something else")
    told = subprocess.run([*program, *case.arguments], check=False, capture_output=True, text=True)
    assert told.returncode == 1 and "another artifact" in told.stderr
    assert main(["sign-bundle"]) == 1, "what the adapter does not do it refuses"


if ASSETS:

    def test_the_suite_s_own_bundles_are_judged_as_it_wants() -> None:
        cases = [Case(path) for path in sorted((Path(ASSETS) / "bundle-verify").iterdir()) if path.is_dir()]
        assert len(cases) > 50
        wrong = {case.directory.name for case in cases if (main(case.arguments) == 0) is not case.good}
        assert not wrong, sorted(wrong)
