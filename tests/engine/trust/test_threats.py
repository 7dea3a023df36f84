"""Signatures bent in every way that a registry could bend them, and public commands that are to notice.

On a real docker-registry, below which only what a client may write was written. Each row is a repository
with a whole platform in it, of whose signatures one thing is wrong; what single formats do with it, and
what they call it, is told in `tests/engine/signing`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.descriptor import OCI_EMPTY
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.attestation import Claim, attest
from tests.engine.signing.test_trust import (
    SIMPLE,
    attach_raw,
    base64_of,
    signed_statement,
)
from tests.engine.trust.places import Place, Scene, ask, refused
from tests.interop.test_bundle_mutations import BOTH_REFUSE, COSIGN_ALONE_TAKES
from tests.interop.test_bundle_mutations import KEY as BENT_BY

Spoil = Callable[[Place], object]
SPOILT: dict[str, tuple[Spoil, str]] = {}
"""What is done, and a word of what is said."""


def spoilt(says: str) -> Callable[[Spoil], Spoil]:
    def note(spoil: Spoil) -> Spoil:
        SPOILT[spoil.__name__.replace("_", "-")] = (spoil, says)
        return spoil

    return note


# --- whose ---------------------------------------------------------------------------------------


@spoilt("claims, unproved, the key")
def by_a_stranger(at: Place) -> None:
    at.sign(at.mallory)


@spoilt("which did not make it")
def a_hint_that_lies(at: Place) -> None:
    made = json.loads(bundle.sign_with_key(bundle.statement_for(at.digest, {}), at.mallory))
    made["verificationMaterial"]["publicKey"]["hint"] = at.team.public.hint
    attach_raw(at.repository, at.digest, json.dumps(made).encode())


@spoilt("claims, unproved, the key")
def a_key_that_comes_along(at: Place) -> None:
    """Beside the stranger's signature lie the stranger's public key and a bundle that carries it."""
    at.sign(at.mallory)
    blob = at.repository.push_blob(at.mallory.public.pem, "application/x-pem-file")
    document = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "layers": [blob.document()]}
    document |= {
        "config": blob.document(),
        "subject": at.repository.manifest(at.digest).descriptor.document(),
    }
    at.repository.attach(json.dumps(document).encode(), at.digest)
    at.repository.push_manifest(json.dumps(document).encode(), tag="cosign.pub")


# --- of what -------------------------------------------------------------------------------------


@spoilt("unsigned")
def none_at_all(at: Place) -> None: ...


@spoilt("for another artifact")
def of_another_version_both_formats_copied_across(at: Place) -> None:
    other = at.other
    at.sign(at.team, other)
    tag = simple_signing.tag_of(other)
    at.repository.push_manifest(at.repository.manifest(tag).raw, tag=simple_signing.tag_of(at.digest))
    for referrer in at.repository.referrers(other):
        raw = at.repository.manifest(referrer.digest).raw
        at.repository.attach(raw.replace(other.encode(), at.digest.encode()), at.digest)


@spoilt("another artifact")
def a_referrer_of_another_version_listed_here(at: Place) -> None:
    other = at.other
    at.sign(at.team, other, formats=("bundle",))
    there, here = (digest.replace(":", "-") for digest in (other, at.digest))
    listed = at.repository.manifest(there)
    at.repository.push_manifest(listed.raw, listed.media_type, tag=here)


@spoilt("unsigned")
def an_attestation_alone(at: Place) -> None:
    claim = Claim("https://spdx.dev/Document", {})
    subject = at.repository.manifest(at.digest).descriptor
    at.repository.push_blob(b"{}", OCI_EMPTY)  # a signature would have brought it
    attest(at.repository, at.digest, [claim], at.team, name=at.name, subject=subject)


@spoilt("unsigned")
def an_attestation_that_is_annotated_as_a_signature(at: Place) -> None:
    said = json.loads(bundle.statement_for(at.digest, {})) | {"predicateType": "https://spdx.dev/Document"}
    kind = {bundle.PREDICATE_ANNOTATION: bundle.PREDICATE_TYPE}
    attach_raw(at.repository, at.digest, signed_statement(said, at.team), annotations=kind)


# --- damaged -------------------------------------------------------------------------------------

BENT: dict[str, Callable[[dict[str, Any]], object]] = {
    "two-signatures": lambda made: made["dsseEnvelope"].update(
        signatures=made["dsseEnvelope"]["signatures"] * 2
    ),
    "another-payload": lambda made: made["dsseEnvelope"].update(payload=base64_of(b"{}")),
    "no-base64": lambda made: made["dsseEnvelope"]["signatures"][0].update(sig="!!"),
    "no-material": lambda made: made.pop("verificationMaterial"),
}
for _name, _bend in BENT.items():
    SPOILT[f"bundle-{_name}"] = (lambda at, bend=_bend: at.bundle(bend), "untrusted")

for _number, _raw in enumerate((b"", b"null", b"\xff\xfe", b'{"mediaType":', b"[" * 100_000)):
    SPOILT[f"bundle-that-is-none-{_number}"] = (
        lambda at, raw=_raw: attach_raw(at.repository, at.digest, raw),
        "untrusted",
    )

for _signature in ("!!not base64 \x1b[31m", "", "AAAA"):
    SPOILT[f"sig-with-{_signature!r}"] = (
        lambda at, signature=_signature: at.put(at.layer(at.payload(), signature)),
        "untrusted",
    )


@spoilt("duplicate key")
def a_duplicate_key_in_a_bundle(at: Place) -> None:
    made = bundle.sign_with_key(bundle.statement_for(at.digest, {}), at.team)
    attach_raw(at.repository, at.digest, made.replace(b"{", b'{"mediaType":"x",', 1))


@spoilt("duplicate key")
def a_duplicate_key_in_a_signed_statement(at: Place) -> None:
    said = bundle.statement_for(at.digest, {}).replace(b'"predicate":{}', b'"predicate":{},"predicate":{}')
    attach_raw(at.repository, at.digest, signed_statement(said, at.team))


@spoilt("duplicate key")
def a_duplicate_key_in_a_signed_payload(at: Place) -> None:
    at.put(at.layer(at.payload().replace(b"{", b'{"optional":null,', 1)))


@spoilt("untrusted")
def a_sig_tag_that_is_an_index(at: Place) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": []}).encode()
    at.repository.push_manifest(raw, kind, tag=simple_signing.tag_of(at.digest))


@spoilt("untrusted")
def a_sig_tag_without_a_signature(at: Place) -> None:
    at.put()


@spoilt("untrusted")
def a_sig_layer_without_annotations(at: Place) -> None:
    at.put({**at.layer(at.payload()), "annotations": {}})


@spoilt("sign again with cosign 3")
def a_legacy_keyless_signature(at: Place) -> None:
    layer = at.layer(at.payload())
    layer["annotations"][simple_signing.CERTIFICATE_ANNOTATION] = "-----BEGIN CERTIFICATE-----"
    at.put(layer)


@spoilt("untrusted")
def payloads_over_a_mebibyte(at: Place) -> None:
    padding = {"padding": "x" * (1 << 20)}
    attach_raw(at.repository, at.digest, signed_statement(bundle.statement_for(at.digest, padding), at.team))
    at.put(at.layer(at.payload(padding)))


@spoilt("only 100 were looked at")
def a_good_one_behind_a_hundred_others(at: Place) -> None:
    payload = at.payload()
    at.put(*[at.layer(payload, base64_of(at.mallory.sign(payload)))] * 100, at.layer(payload))


@pytest.mark.parametrize("row", SPOILT)
def test_no_command_takes_a_platform_by_a_signature_that_is_none(
    scene: Scene, tmp_path: Path, row: str
) -> None:
    spoil, says = SPOILT[row]
    at = scene.place()
    spoil(at)
    refused(tmp_path, at, scene.anchor, says)


@pytest.mark.parametrize("row", [*BOTH_REFUSE, *COSIGN_ALONE_TAKES])
def test_no_command_takes_a_bundle_that_two_readers_may_read_differently(
    scene: Scene, tmp_path: Path, row: str
) -> None:
    """The rows of which cosign 3 is asked too, in `tests/interop/test_bundle_mutations.py`."""
    at = scene.place()
    good = json.loads(bundle.sign_with_key(bundle.statement_for(at.digest, {"a": "b"}), BENT_BY))
    bent = {**BOTH_REFUSE, **COSIGN_ALONE_TAKES}[row](good, at)  # what it asks of it
    attach_raw(at.repository, at.digest, bent if isinstance(bent, bytes) else json.dumps(good).encode())
    (tmp_path / "bent.pub").write_bytes(BENT_BY.public.pem)
    refused(tmp_path, at, f"trusted_keys: [{tmp_path / 'bent.pub'}]")


# --- what is good all the same --------------------------------------------------------------------

GOOD: dict[str, tuple[Spoil, str]] = {
    "as it should be": (lambda at: at.sign(at.team), ""),
    "a junk bundle beside a good .sig": (
        lambda at: (attach_raw(at.repository, at.digest, b"{"), at.sign(at.team, formats=SIMPLE)),
        "",
    ),
    "a stranger's beside a good one": (lambda at: (at.sign(at.mallory), at.sign(at.team)), ""),
    "made for another repository, as a mirror's is": (
        lambda at: at.sign(at.team, place="reg.example.com/acme", formats=SIMPLE),
        "reg.example.com/acme",
    ),
    "made for a repository that paints": (
        lambda at: at.sign(at.team, place="evil\x1b[2J/[bold]x", formats=SIMPLE),
        "[bold]x",
    ),
    "an artifact type that lies": (
        lambda at: (at.sign(at.team, formats=("bundle",)), lie_about_types(at)),
        "",
    ),
}
"""What is done, and a word of what is said."""


def lie_about_types(at: Place) -> None:
    """As cosign 3.1 writes them into the list that a client keeps."""
    tag = at.digest.replace(":", "-")
    listed = json.loads(at.repository.manifest(tag).raw)
    for entry in listed["manifests"]:
        entry |= {"artifactType": "application/vnd.oci.empty.v1+json"}
        entry.pop("annotations", None)
    at.repository.push_manifest(json.dumps(listed).encode(), listed["mediaType"], tag=tag)


@pytest.mark.parametrize("row", GOOD)
def test_a_good_signature_counts_whatever_lies_beside_it(scene: Scene, tmp_path: Path, row: str) -> None:
    do, says = GOOD[row]
    at = scene.place()
    do(at)
    ran = ask(tmp_path, at, scene.anchor)
    assert {words: each.code for words, each in ran.items()} == dict.fromkeys(ran, 0), ran
    told = [each.out + each.err for each in ran.values()]
    assert says in told[0] and "\x1b" not in "".join(told)
