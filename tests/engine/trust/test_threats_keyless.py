"""Keyless signatures bent in every way, and public commands that are to notice; Sigstore is on loopback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.signing import bundle
from floe_engine.signing.keyless import KeylessSigner
from tests.engine.signing.test_keyless import (
    TAMPERING,
    expired_bundle,
    made_bundle,
    root_of,
)
from tests.engine.signing.test_trust import (
    attach_raw,
)
from tests.engine.trust.places import Scene, ask, refused
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble

# --- without a key --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


@pytest.fixture
def believed(sigstore: SigstoreDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reader trusts one workflow of this Sigstore."""
    root = tmp_path / "sigstore.json"
    root.write_text(json.dumps(sigstore.client_config()))
    monkeypatch.setenv("FLOE_TRUST_ROOT", str(root))
    return f"trusted_identities: [{{identity: '{SUBJECT}', issuer: '{sigstore.url}'}}]"


Made = dict[tuple[int, bool], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def bundles(scene: Scene, sigstore: SigstoreDouble) -> Made:
    """Two good bundles for v1.0.0 under each Rekor, deep enough in the log to have proofs."""
    return {
        (rekor, tsa): [made_bundle(sigstore, scene.digest, rekor=rekor, tsa=tsa) for _ in range(4)][2:]
        for rekor, tsa in ((1, False), (2, True))
    }


@pytest.mark.parametrize(
    ("rekor", "tsa", "alter"),
    [*TAMPERING, (1, False, None), (2, True, None)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_no_command_takes_a_keyless_bundle_that_was_tampered_with(
    scene: Scene,
    bundles: Made,
    believed: str,
    tmp_path: Path,
    rekor: int,
    tsa: bool,
    alter: Callable[[dict[str, Any], dict[str, Any]], None] | None,
) -> None:
    good, other = copy.deepcopy(bundles[rekor, tsa])
    at = scene.place()
    if alter is not None:
        alter(good, other)
        attach_raw(at.repository, at.digest, json.dumps(good).encode())
        refused(tmp_path, at, believed)
        return
    attach_raw(at.repository, at.digest, json.dumps(good).encode())
    assert {ran.code for ran in ask(tmp_path, at, believed).values()} == {0}


@pytest.mark.parametrize("wrong", ["identity", "issuer", "sigstore", "artifact", "no TSA"])
def test_no_command_takes_a_keyless_bundle_of_somebody_or_something_else(
    scene: Scene, sigstore: SigstoreDouble, believed: str, tmp_path: Path, wrong: str
) -> None:
    at = scene.place()
    digest = at.digest if wrong != "artifact" else at.other
    with SigstoreDouble() as foreign:
        made_by = foreign if wrong == "sigstore" else sigstore
        claims = {"subject": "https://floe.test/mallory"} if wrong == "identity" else {}
        root = root_of(made_by, rekor=2, tsa=True)
        signer = KeylessSigner(made_by.token(**claims), root)
        raw = signer.sign(bundle.statement_for(digest, {}))[0]
    made = json.loads(raw)
    if wrong == "no TSA":
        del made["verificationMaterial"]["timestampVerificationData"]
    attach_raw(at.repository, at.digest, json.dumps(made).encode())
    anchor = believed.replace(sigstore.url, "https://issuer.example.com") if wrong == "issuer" else believed
    refused(tmp_path, at, anchor)


def test_no_command_takes_a_bundle_whose_certificate_had_expired_when_it_was_logged(
    scene: Scene, sigstore: SigstoreDouble, believed: str, tmp_path: Path
) -> None:
    at = scene.place()
    attach_raw(at.repository, at.digest, expired_bundle(sigstore, at.digest))
    refused(tmp_path, at, believed)
