"""Attestations under an ``.att`` tag, bent in one place at a time: what both cosigns refuse we refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from floe_engine.registry.client import Repository
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.attestation import ENVELOPE_MEDIA_TYPE, Claim, tag_of
from floe_engine.signing.bundle_format import PAYLOAD_TYPE
from floe_engine.signing.keys import PrivateKey, load_private
from floe_engine.signing.trust import sign
from tests.engine.trust.here import floe
from tests.interop.cosign import Cosign
from tests.registries import DockerRegistry
from tests.teams import PlatformTeam, new_key

pytestmark = pytest.mark.interop

KIND = "https://spdx.dev/Document"


@dataclass
class Attested:
    """An attestation as cosign 2 lays it down: the statement, the envelope around it, its layer."""

    key: PrivateKey
    statement: dict[str, Any]
    payload_type: str = PAYLOAD_TYPE
    envelope: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, str] = field(
        default_factory=lambda: {simple_signing.SIGNATURE_ANNOTATION: "", "predicateType": KIND}
    )
    media_type: str = ENVELOPE_MEDIA_TYPE

    def seal(self) -> None:
        """Sign the statement as it is now."""
        payload = json.dumps(self.statement).encode()
        signature = self.key.sign(bundle.pre_authentication(self.payload_type, payload))
        self.envelope = {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
        }

    def put(self, repository: Repository, digest: str) -> None:
        """Make it the only one under the tag."""
        blob = repository.push_blob(json.dumps(self.envelope).encode(), self.media_type)
        layers = [{**blob.document(), "annotations": self.annotations}]
        config = repository.push_blob(simple_signing.image_config(layers), simple_signing.CONFIG_MEDIA_TYPE)
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.document(),
            "layers": layers,
        }
        repository.push_manifest(json.dumps(manifest).encode(), tag=tag_of(digest))


Bend = Callable[[Attested], object]
BEFORE: dict[str, tuple[Bend, bool, bool, bool]] = {
    "as it is": (lambda good: None, True, True, True),
    "a statement v0.1": (
        lambda good: good.statement.update(_type="https://in-toto.io/Statement/v0.1"),
        *(True, True, True),
    ),
    "no predicate": (lambda good: good.statement.pop("predicate"), True, True, True),
    "another artifact": (
        lambda good: good.statement["subject"][0].update(digest={"sha256": "0" * 64}),
        *(False, False, False),
    ),
    "no subject": (lambda good: good.statement.update(subject=[]), False, False, False),
    "another payload type": (
        lambda good: setattr(good, "payload_type", "application/json"),
        *(False, False, False),
    ),
    "Subject beside subject": (lambda good: good.statement.update(Subject=[]), False, False, False),
    "a statement with more": (lambda good: good.statement.update(extra=1), True, False, False),
    "a statement of no type": (lambda good: good.statement.pop("_type"), True, True, False),
    "a statement of another type": (
        lambda good: good.statement.update(_type="https://example.com"),
        *(True, True, False),
    ),
    "a signature": (
        lambda good: good.statement.update(predicateType=bundle.PREDICATE_TYPE),
        *(True, True, False),
    ),
}
"""What is signed: how it is bent, and whether cosign 2, cosign 3 and floe take it."""

AFTER: dict[str, tuple[Bend, bool, bool, bool]] = {
    "another payload type, unsigned": (
        lambda good: good.envelope.update(payloadType="application/json"),
        *(False, False, False),
    ),
    "no signature": (lambda good: good.envelope.update(signatures=[]), False, False, False),
    "no empty annotation of a signature": (
        lambda good: good.annotations.pop(simple_signing.SIGNATURE_ANNOTATION),
        *(False, False, False),
    ),
    "no annotations": (lambda good: good.annotations.clear(), False, False, False),
    "a keyid": (lambda good: good.envelope["signatures"][0].update(keyid="x"), True, True, True),
    "an annotation that names another predicate": (
        lambda good: good.annotations.update(predicateType="x"),
        *(True, True, True),
    ),
    "two signatures": (
        lambda good: good.envelope.update(signatures=good.envelope["signatures"] * 2),
        *(True, True, False),
    ),
    "an envelope with more": (lambda good: good.envelope.update(extra=1), True, True, False),
    "another media type": (lambda good: setattr(good, "media_type", "application/json"), True, True, False),
}
"""What is around it, likewise."""


def test_no_attestation_is_taken_that_both_cosigns_refuse(
    docker_registry: DockerRegistry, require_binary: Callable[[str], str], tmp_path: Path
) -> None:
    key = new_key(tmp_path / "keys" / "team.key")
    signer, public = load_private(key.read_bytes()), str(key.with_suffix(".pub"))
    team = PlatformTeam(tmp_path / "platform", f"oci://{docker_registry.host}/acme")
    digest, repository = team.publish().digest, team.repository
    # Without a bundle: beside any, cosign 3 does not look under the tag.
    place = f"{docker_registry.host}/acme"
    sign(repository, digest, signer, docker_reference=place, annotations={}, formats=("simple-signing",))
    cosigns = [Cosign(require_binary(f"cosign{version}"), version, tmp_path) for version in (2, 3)]
    seen = {}
    for name, (bend, *_) in {**BEFORE, **AFTER}.items():
        made = Attested(signer, json.loads(Claim(KIND, {}).statement(digest, "acme")))
        if name in BEFORE:
            bend(made)
        made.seal()
        if name in AFTER:
            bend(made)
        made.put(repository, digest)
        kind = str(made.statement["predicateType"])
        theirs = ("verify-attestation", "--key", public, "--insecure-ignore-tlog=true", "--type", kind)
        taken = [cosign.run(*theirs, f"{place}@{digest}").returncode == 0 for cosign in cosigns]
        ours = ("verify", f"{team.registry}:v1.0.0", "--key", public, "--require-attestation", kind)
        ran = floe(tmp_path, "platform", *ours)
        assert ran.code in (0, 2, 6), ran.err
        seen[name] = (*taken, ran.code == 0)
    assert seen == {name: tuple(taken) for name, (_, *taken) in {**BEFORE, **AFTER}.items()}
