"""Bundles bent in one place at a time: what cosign 3 refuses we refuse, and mostly the other way round."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.descriptor import OCI_EMPTY
from floe_engine.signing import bundle
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from tests.engine.signing.conftest import new_key
from tests.interop.cosign import Artifact, Cosign

pytestmark = pytest.mark.interop

KEY = new_key()
INDEX = "application/vnd.oci.image.index.v1+json"
CERTIFICATE = {"rawBytes": "MAA="}
FORGED = {
    "logIndex": "1",
    "logId": {"keyId": base64.b64encode(b"\1" * 32).decode()},
    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "1700000000",
    "inclusionPromise": {"signedEntryTimestamp": base64.b64encode(b"x" * 70).decode()},
    "canonicalizedBody": "e30=",
}
Bend = Callable[[dict[str, Any], Artifact], object]
"""Changes a good bundle in place, or returns the bytes of another."""


def message(artifact: Artifact, **more: object) -> dict[str, Any]:
    digest = base64.b64encode(bytes.fromhex(artifact.digest.removeprefix("sha256:"))).decode()
    signature = KEY.sign(artifact.repository.manifest(artifact.digest).raw)
    return {
        "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
        "signature": base64.b64encode(signature).decode(),
        **more,
    }


def material(**more: object) -> Bend:
    return lambda good, artifact: good["verificationMaterial"].update(more)


def envelope(**more: object) -> Bend:
    return lambda good, artifact: good["dsseEnvelope"].update(more)


def signature(**more: object) -> Bend:
    return lambda good, artifact: good["dsseEnvelope"]["signatures"][0].update(more)


def statement(change: Callable[[dict[str, Any]], object]) -> Bend:
    def bend(good: dict[str, Any], artifact: Artifact) -> bytes:
        said = json.loads(bundle.statement_for(artifact.digest, {"a": "b"}))
        change(said)
        return bundle.sign_with_key(json.dumps(said).encode(), KEY)

    return bend


def only_message(good: dict[str, Any], artifact: Artifact) -> None:
    del good["dsseEnvelope"]
    good["messageSignature"] = message(artifact)


def wrong_message(good: dict[str, Any], artifact: Artifact) -> None:
    del good["dsseEnvelope"]
    nothing = base64.b64encode(bytes(32)).decode()
    good["messageSignature"] = message(artifact, messageDigest={"algorithm": "SHA2_256", "digest": nothing})


def no_content(good: dict[str, Any], artifact: Artifact) -> None:
    del good["dsseEnvelope"]


BOTH_TAKE: dict[str, Bend] = {
    "as it is": lambda good, artifact: None,
    "no log entries": material(tlogEntries=[]),
    "null for no log entries": material(tlogEntries=None),
    "no hint": material(publicKey={}),
    "a hint that lies": material(publicKey={"hint": "zzz"}),
    "an empty keyid": signature(keyid=""),
    "statement v0.1": statement(lambda said: said.update(_type="https://in-toto.io/Statement/v0.1")),
    "another subject first": statement(
        lambda said: said["subject"].insert(0, {"name": "x", "digest": {"sha256": "0" * 64}})
    ),
    "no predicate": statement(lambda said: said.pop("predicate")),
}
BOTH_REFUSE: dict[str, Bend] = {
    "two contents": lambda good, artifact: good.update(messageSignature=message(artifact)),
    "no content": no_content,
    "a key and a certificate": material(certificate=CERTIFICATE),
    "a key and a chain": material(x509CertificateChain={"certificates": [CERTIFICATE]}),
    "an empty log entry": material(tlogEntries=[{}]),
    "a forged log entry": material(tlogEntries=[FORGED]),
    "a member too many": lambda good, artifact: good.update(extra=1),
    "a member in another case": lambda good, artifact: good.update(DsseEnvelope={}),
    "a material too many": material(extra=1),
    "a hint that is no text": material(publicKey={"hint": 7}),
    "a keyid": signature(keyid="x"),
    "an envelope with more": envelope(extra=1),
    "another payload type": envelope(payloadType="application/json"),
    "no signature": envelope(signatures=[]),
    "Subject beside subject": statement(lambda said: said.update(Subject=[])),
    "a statement with more": statement(lambda said: said.update(extra=1)),
    "a subject with more": statement(lambda said: said["subject"][0].update(extra=1)),
    "Digest beside digest": statement(lambda said: said["subject"][0].update(Digest={"sha256": "0"})),
    "another artifact": statement(lambda said: said["subject"][0].update(digest={"sha256": "0" * 64})),
    "an older version": lambda good, artifact: good.update(
        mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"
    ),
    "a version to come": lambda good, artifact: good.update(
        mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"
    ),
    "a message of another digest": wrong_message,
}
COSIGN_ALONE_TAKES: dict[str, Bend] = {
    "a lone attestation": statement(lambda said: said.update(predicateType="https://slsa.dev/provenance/v1")),
    "a statement of no type": statement(lambda said: said.pop("_type")),
    "a statement of another type": statement(lambda said: said.update(_type="https://example.com")),
}
WE_ALONE_TAKE: dict[str, Bend] = {"a signature over the manifest itself": only_message}
"""cosign 3 looks for an envelope in what is attached to an image, and nowhere else."""

TABLE = [
    *((name, bend, True, True) for name, bend in BOTH_TAKE.items()),
    *((name, bend, False, False) for name, bend in BOTH_REFUSE.items()),
    *((name, bend, True, False) for name, bend in COSIGN_ALONE_TAKES.items()),
    *((name, bend, False, True) for name, bend in WE_ALONE_TAKE.items()),
]


def attach(artifact: Artifact, raw: bytes) -> None:
    repository = artifact.repository
    subject = repository.resolve(artifact.digest)
    assert subject is not None
    config = repository.push_blob(b"{}", OCI_EMPTY)
    layer = repository.push_blob(raw, bundle.MEDIA_TYPE)
    repository.attach(bundle.referrer(subject, config, layer, bundle.PREDICATE_TYPE), artifact.digest)


@pytest.fixture
def cosign(require_binary: Callable[[str], str], tmp_path: Path) -> Cosign:
    (tmp_path / "key.pub").write_bytes(KEY.public.pem)
    return Cosign(require_binary("cosign3"), 3, tmp_path)


def test_cosign_3_and_we_agree_on_bent_bundles(docker_registry, cosign: Cosign, tmp_path: Path) -> None:
    seen = {}
    for number, (name, bend, _, _) in enumerate(TABLE):
        artifact = Artifact.push(docker_registry, content=name, name=f"acme/p{number}")
        good = json.loads(bundle.sign_with_key(bundle.statement_for(artifact.digest, {"a": "b"}), KEY))
        bent = bend(good, artifact)
        attach(artifact, bent if isinstance(bent, bytes) else json.dumps(good).encode())
        theirs = bool(cosign.verifies(artifact.reference, tmp_path / "key.pub"))
        ours = verify(artifact.repository, artifact.digest, Anchors(keys=(KEY.public,))).status == "verified"
        seen[name] = (theirs, ours)
    assert seen == {name: (theirs, ours) for name, _, theirs, ours in TABLE}


def test_150_junk_referrers_hide_no_good_one(docker_registry) -> None:
    artifact = Artifact.push(docker_registry)
    repository = artifact.repository
    subject = repository.resolve(artifact.digest)
    assert subject is not None
    config = repository.push_blob(b"{}", OCI_EMPTY)
    entries = []
    good = bundle.sign_with_key(bundle.statement_for(artifact.digest, {}), KEY)
    for number in range(151):
        raw = good if number == 150 else json.dumps({"junk": number}).encode()
        layer = repository.push_blob(raw, bundle.MEDIA_TYPE)
        manifest = bundle.referrer(subject, config, layer, bundle.PREDICATE_TYPE)
        entries.append(repository.push_manifest(manifest).document())
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    repository.push_manifest(json.dumps(index).encode(), INDEX, tag=artifact.digest.replace(":", "-"))
    verdict = verify(repository, artifact.digest, Anchors(keys=(KEY.public,)))
    assert verdict.status == "verified"
    assert len(verdict.rejected) == 150
