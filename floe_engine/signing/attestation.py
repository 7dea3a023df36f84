"""What somebody says of an artifact under their signature, beside the artifact: in-toto attestations.

Written in both of cosign's formats from one DSSE envelope each: a sigstore bundle as a referrer
(cosign 3) and a layer under the tag ``sha256-….att`` (cosign 2). An attestation is never a
signature. What a predicate means must not enter. Formats: in-toto Statement v1, DSSE v1, cosign's
``specs/ATTESTATION_SPEC.md``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from floe_engine.descriptor import OCI_EMPTY, Descriptor
from floe_engine.errors import IntegrityError, NotFound, UsageError
from floe_engine.events import CancelToken
from floe_engine.files import sha256_digest, strict_json
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.bundle_format import (
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    open_envelope,
    open_statement,
    pre_authentication,
)
from floe_engine.signing.keyless import KeylessSigner
from floe_engine.signing.keys import KeySigner
from floe_engine.signing.outside import Unacceptable, compact_json, mapping, reason, texts
from floe_engine.signing.repository import SignatureRepository, SignatureSource, descriptor_of
from floe_engine.signing.verdict import Anchors, Rejected, Signer
from floe_engine.signing.writing import Writer, write_all
from floe_engine.text import did_you_mean

ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"
PREDICATE_ANNOTATION = "predicateType"
MAX_ATTESTATIONS = 100
"""How many layers of one ``.att`` tag are opened."""

PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"

SHORT_TYPES: Mapping[str, str] = {
    "slsaprovenance1": PROVENANCE,
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "test-result": TEST_RESULT,
    "spdxjson": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
    "openvex": "https://openvex.dev/ns",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "custom": "https://cosign.sigstore.dev/attestation/v1",
}
"""Predicate types by the names that cosign's ``--type`` has for them; ``test-result`` is ours."""

_EMPTY = Descriptor(OCI_EMPTY, sha256_digest(b"{}"), 2)


class Claim(Struct, frozen=True):
    """Something to attest: the predicate and its type, a URI."""

    predicate_type: str
    predicate: Mapping[str, Any]

    def statement(self, digest: str, name: str) -> bytes:
        """The in-toto statement about `digest`, the same bytes for the same claim.

        Its subject carries no annotations: those would let it pass for a signature that
        ``cosign verify -a`` accepts.
        """
        algorithm, _, value = digest.partition(":")
        document = {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {algorithm: value}}],
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


class Attestation(Struct, frozen=True):
    """One attestation as it was found. `signer` is None where nobody trusted made it: `problem` says why.

    `predicate_type` and `predicate` are what it says of itself; empty where it cannot be read.
    """

    where: str
    predicate_type: str
    predicate: Mapping[str, Any]
    signer: Signer | None = None
    problem: str = ""


def predicate_type_of(name: str, more: Mapping[str, str] | None = None) -> str:
    """The predicate type that a short name or a URI means; `more` are further short names.

    Raises `UsageError` for an unknown name, and for a signature's own type: a signature proves
    nothing beyond itself.
    """
    known = {**SHORT_TYPES, **(more or {})}
    found = known.get(name, name)
    if found == bundle.PREDICATE_TYPE:
        raise UsageError("that is the type of a signature, and no attestation", where=name)
    if ":" not in found:
        near = did_you_mean(name, known)
        raise UsageError(
            f"there is no attestation type {name}",
            hint=f"did you mean {near}?" if near else f"known are {', '.join(known)}, and any URI",
        )
    return found


def attest(
    repository: SignatureRepository,
    digest: str,
    claims: Sequence[Claim],
    *signers: KeySigner | KeylessSigner,
    name: str,
    subject: Descriptor,
    first: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[str, ...]:
    """Attest `claims` of `digest`, and give the digests of the referrers that carry them.

    Each signer attests each claim for itself; without a key there is the bundle alone. The
    artifact must have its signature already (`sign`): cosign 3 takes a lone attestation for one.
    Attesting the same again changes nothing. `first` says that nobody has attested before. Raises
    `RegistryError`, `TrustError`, `Cancelled`.
    """
    bundles: list[tuple[str, bytes]] = []
    envelopes: list[tuple[str, bytes]] = []
    for signer in signers:
        for claim in claims:
            statement = claim.statement(digest, name)
            if isinstance(signer, KeylessSigner):
                bundles.append((claim.predicate_type, signer.sign(statement, cancel)[0]))
                continue
            made = bundle.signed_by(signer, repository, digest, statement, first=first, attested=True)
            bundles.append((claim.predicate_type, made))
            envelopes.append((claim.predicate_type, compact_json(json.loads(made)["dsseEnvelope"])))
    referrers = _Referrers(repository, subject, bundles, first=first)
    writers: list[Writer] = [referrers]
    if envelopes:
        writers.append(_Tag(repository, digest, envelopes, first=first))
    write_all(writers, cancel or CancelToken())
    return referrers.digests


def attestations(repository: SignatureSource, digest: str, anchors: Anchors) -> tuple[Attestation, ...]:
    """Every attestation of `digest`, bundles first, judged by `anchors`.

    One that lies there in both formats is listed once. Raises `RegistryError` where the registry
    fails: that is never the same as having none.
    """
    found: list[Attestation] = []
    seen: list[tuple[str, Mapping[str, Any]]] = []
    bundles = bundle.attestations(repository, digest, anchors)
    for statement, outcome in itertools.chain(bundles, _under_tag(repository, digest, anchors)):
        maker = outcome.fingerprint if isinstance(outcome, Signer) else ""
        if statement and (maker, statement) in seen:
            continue
        seen.append((maker, statement))
        found.append(_judged(outcome, statement))
    return tuple(found)


def tag_of(digest: str) -> str:
    """The tag under which the attestations of `digest` lie for cosign 2."""
    return f"{digest.replace(':', '-')}.att"


class _Referrers:
    """Bundles of attestations as referrers of an artifact, to be written and to stay there."""

    def __init__(
        self,
        repository: SignatureRepository,
        subject: Descriptor,
        bundles: Sequence[tuple[str, bytes]],
        *,
        first: bool,
    ) -> None:
        self.where = subject.digest
        self.company = not first
        self.digests: tuple[str, ...] = ()
        self._repository = repository
        self._subject = subject
        self._bundles = bundles
        self._raws: list[bytes] = []

    def write(self) -> None:
        """Attach them, unless they are attached. Raises `RegistryError`."""
        if not self._raws:
            layers = self._repository.push_blobs([(made, bundle.MEDIA_TYPE) for _, made in self._bundles])
            # The empty config is there: the signature's own referrer has it too.
            self._raws = [
                bundle.referrer(self._subject, _EMPTY, layer, predicate_type)
                for (predicate_type, _), layer in zip(self._bundles, layers, strict=True)
            ]
        attached = self._repository.attach_all(self._raws, self._subject.digest, confirm=False)
        self.digests = tuple(descriptor.digest for descriptor in attached)

    def stands(self) -> bool:
        """Whether all of them are listed."""
        listed = {descriptor.digest for descriptor in self._repository.referrers(self._subject.digest)}
        return listed >= set(self.digests)


class _Tag(simple_signing.TaggedLayers):
    """Envelopes of attestations under the ``.att`` tag."""

    def __init__(
        self,
        repository: SignatureRepository,
        digest: str,
        envelopes: Sequence[tuple[str, bytes]],
        *,
        first: bool,
    ) -> None:
        super().__init__(repository, tag_of(digest), first=first)
        self.company = not first
        self._blobs = repository.push_blobs
        self._envelopes = envelopes
        self._pushed = False

    def write(self) -> None:
        """Append them, unless they are there. Raises `IntegrityError`, `RegistryError`."""
        mine = [_layer(predicate_type, envelope) for predicate_type, envelope in self._envelopes]
        before = self._there()
        there = {layer.get("digest") for layer in before}
        layers = [*before, *(layer for layer in mine if layer["digest"] not in there)]
        if len(layers) == len(before):
            return
        config = simple_signing.image_config(layers)
        contents = [(config, simple_signing.CONFIG_MEDIA_TYPE)]
        if not self._pushed:
            contents += [(envelope, ENVELOPE_MEDIA_TYPE) for _, envelope in self._envelopes]
        pushed = self._blobs(contents)[0]
        self._pushed = True
        self._put(pushed, layers)

    def _are_among(self, layers: list[dict[str, Any]]) -> bool:
        mine = {sha256_digest(envelope) for _, envelope in self._envelopes}
        return {layer.get("digest") for layer in layers} >= mine


def _layer(predicate_type: str, envelope: bytes) -> dict[str, Any]:
    return {
        "mediaType": ENVELOPE_MEDIA_TYPE,
        "size": len(envelope),
        "digest": sha256_digest(envelope),
        # cosign passes over a layer without the first, though the signature is inside.
        "annotations": {simple_signing.SIGNATURE_ANNOTATION: "", PREDICATE_ANNOTATION: predicate_type},
    }


def _under_tag(
    repository: SignatureSource, digest: str, anchors: Anchors
) -> list[tuple[dict[str, Any], Signer | Rejected]]:
    """The statement and the judged maker of every layer under the ``.att`` tag."""
    tag = tag_of(digest)
    try:
        layers = mapping(strict_json(repository.manifest(tag).raw), "the manifest").get("layers")
    except NotFound:
        return []
    except (ValueError, IntegrityError) as error:
        return [({}, Rejected(tag, f"damaged: {reason(error)}"))]
    found: list[tuple[dict[str, Any], Signer | Rejected]] = []
    for number, layer in enumerate(layers[:MAX_ATTESTATIONS] if isinstance(layers, list) else []):
        where = f"{tag}[{number}]"
        statement: dict[str, Any] = {}
        outcome: Signer | Rejected
        try:
            entry = mapping(layer, "the layer")
            if entry.get("mediaType") != ENVELOPE_MEDIA_TYPE:
                continue
            annotations = texts(entry.get("annotations"))
            if simple_signing.CERTIFICATE_ANNOTATION in annotations:
                raise Unacceptable("unsupported legacy keyless attestation; attest with cosign 3 or newer")
            if simple_signing.SIGNATURE_ANNOTATION not in annotations:
                raise Unacceptable(f"its layer is without {simple_signing.SIGNATURE_ANNOTATION}")
            raw = repository.blob(descriptor_of(entry, bundle.MAX_BUNDLE), bundle.MAX_BUNDLE)
            signature, payload = open_envelope(strict_json(raw), names_key=True)
            statement = open_statement(payload)
            if statement.get("predicateType") == bundle.PREDICATE_TYPE:
                raise Unacceptable("it is a signature and no attestation")
            key = anchors.key_of(signature, pre_authentication(PAYLOAD_TYPE, payload))
            bundle.subject_annotations(statement, digest)
            outcome = Signer("simple-signing", where, key.fingerprint)
        except (ValueError, IntegrityError, NotFound) as error:
            outcome = Rejected(where, reason(error))
        found.append((statement, outcome))
    return found


def _judged(outcome: Signer | Rejected, statement: Mapping[str, Any]) -> Attestation:
    kind, predicate = statement.get("predicateType"), statement.get("predicate")
    named = kind if isinstance(kind, str) else ""
    said = predicate if isinstance(predicate, dict) else {}
    if isinstance(outcome, Rejected):
        return Attestation(outcome.where, named, said, problem=outcome.reason)
    return Attestation(outcome.where, named, said, signer=outcome)
