"""Cosign's second format: a sigstore bundle v0.3, attached to the artifact as an OCI referrer.

Files and whom to trust must not enter. Formats: sigstore protobuf-specs (``Bundle``), DSSE v1,
in-toto Statement v1, OCI image-spec 1.1 (``subject``), and the predicate of cosign 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from floe_engine.descriptor import OCI_EMPTY, OCI_MANIFEST, Descriptor
from floe_engine.errors import IntegrityError, NotFound
from floe_engine.files import strict_json
from floe_engine.signing.bundle_format import (
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    Bundle,
    open_bundle,
    pre_authentication,
)
from floe_engine.signing.keys import Digest, KeySigner, PrivateKey, PublicKey, der_of_pem
from floe_engine.signing.outside import (
    Unacceptable,
    compact_json,
    decode_base64,
    encode_base64,
    mapping,
    quoted,
    reason,
    texts,
)
from floe_engine.signing.repository import SignatureRepository, SignatureSource, descriptor_of
from floe_engine.signing.verdict import Anchors, Rejected, Signer

if TYPE_CHECKING:
    from floe_engine.signing.keyless import KeylessVerifier, TrustRoot

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_TYPE = "https://sigstore.dev/cosign/sign/v1"
CONTENT_ANNOTATION = "dev.sigstore.bundle.content"
PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"

MAX_BUNDLE = 1 << 20
"""Bytes of one bundle that are read."""
MAX_REFERRERS = 500
"""How many referrers of one artifact are opened: anybody who may write there may add some."""
MAX_BYTES = 32 << 20
"""Bytes of all bundles of one artifact together that are read."""
MAX_SECONDS = 60.0
"""How long one artifact's referrers are looked through."""

_ANY_BUNDLE = "application/vnd.dev.sigstore.bundle"


def statement_for(digest: str, annotations: Mapping[str, str]) -> bytes:
    """The in-toto statement that is signed: `digest` is what it speaks of.

    The subject's name is empty, for only the digest counts, and present, for some readers of
    in-toto demand one.
    """
    algorithm, _, value = digest.partition(":")
    return compact_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": "", "digest": {algorithm: value}, "annotations": dict(sorted(annotations.items()))}
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {},
        }
    )


def sign_with_key(statement: bytes, key: KeySigner) -> bytes:
    """A bundle around `statement` that names `key` by its hint, in JSON."""
    signature = key.sign(pre_authentication(PAYLOAD_TYPE, statement))
    return compact_json(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": key.public.hint}},
            "dsseEnvelope": {
                "payload": encode_base64(statement),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": encode_base64(signature)}],
            },
        }
    )


def referrer(subject: Descriptor, config: Descriptor, layer: Descriptor, predicate_type: str) -> bytes:
    """The manifest of a referrer that carries one bundle, `layer`; `config` is the empty one."""
    return compact_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": MEDIA_TYPE,
            "config": {"mediaType": OCI_EMPTY, "digest": config.digest, "size": config.size},
            "layers": [{"mediaType": MEDIA_TYPE, "digest": layer.digest, "size": layer.size}],
            "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
            "annotations": {CONTENT_ANNOTATION: "dsse-envelope", PREDICATE_ANNOTATION: predicate_type},
        }
    )


def made_before(
    repository: SignatureRepository, digest: str, statement: bytes, key: PublicKey, *, attested: bool = False
) -> bytes | None:
    """The bundle in which `key` has signed this very `statement` already; None where there is none.

    A program's signatures differ each time, so only looking tells that there is nothing to add.
    """
    signed = pre_authentication(PAYLOAD_TYPE, statement)
    for descriptor in _likely_first(repository.referrers(digest))[:MAX_REFERRERS]:
        try:
            raw = _fetch(repository, descriptor, digest, attested=attested)
            bundle = None if raw is None else _open(raw, attested=attested)
        except (ValueError, IntegrityError, NotFound):
            continue
        if bundle and bundle.payload == statement and key.verify(bundle.signature, signed):
            return bundle.raw
    return None


def signed_by(
    key: KeySigner,
    repository: SignatureRepository,
    digest: str,
    statement: bytes,
    *,
    first: bool,
    attested: bool,
) -> bytes:
    """The bundle in which `key` signs `statement`: the one that is there already, or a new one.

    `first` says that there is none to look for.
    """
    alike = first or isinstance(key, PrivateKey)  # it makes the same bytes again
    before = None if alike else made_before(repository, digest, statement, key.public, attested=attested)
    return before or sign_with_key(statement, key)


class Attachment:
    """One bundle as a referrer of an artifact, to be written and to stay there.

    Where a registry has no referrers API the list of referrers is a tag, which a writer at the
    same moment may overwrite: `stands` finds that out.
    """

    def __init__(self, repository: SignatureRepository, subject: Descriptor, bundle: bytes) -> None:
        self.where = ""
        self.company = False
        self._repository = repository
        self._subject = subject
        self._bundle = bundle
        self._raw = b""

    def write(self) -> None:
        """Attach the bundle, unless it is attached. Raises `RegistryError`.

        Whether it stays is for `stands` to say, once every format is written. The referrer's
        manifest carries no date, so that the same bundle is the same referrer
        however often it is attached.
        """
        if not self._raw:
            config = self._repository.push_blob(b"{}", OCI_EMPTY)
            layer = self._repository.push_blob(self._bundle, MEDIA_TYPE)
            self._raw = referrer(self._subject, config, layer, PREDICATE_TYPE)
        self.where = self._repository.attach(self._raw, self._subject.digest, confirm=False).digest

    def stands(self) -> bool:
        """Whether a reader who looks for the artifact's signatures gets this very bundle."""
        referrers = self._repository.referrers(self._subject.digest)
        self.company = len(referrers) > 1
        for descriptor in referrers:
            if descriptor.digest == self.where:
                return _fetch(self._repository, descriptor, self._subject.digest) == self._bundle
        return False


def verify(repository: SignatureSource, digest: str, anchors: Anchors) -> Iterator[Signer | Rejected]:
    """Every bundle that refers to `digest` and speaks of a signature, judged.

    Attestations (an SBOM, provenance) are not signatures and are passed over. Lazy: a bundle
    costs its two requests only when the caller asks for it. Raises `RegistryError` where the
    registry fails.
    """
    try:
        referrers = _likely_first(repository.referrers(digest))
    except IntegrityError as error:
        yield Rejected("referrers", reason(error))
        return
    keyless = _verifier(anchors.trust_root)
    end = time.monotonic() + MAX_SECONDS
    read = 0
    for number, descriptor in enumerate(referrers):
        where = descriptor.digest
        if number >= MAX_REFERRERS or read > MAX_BYTES or time.monotonic() > end:
            yield Rejected("referrers", f"there are {len(referrers)}; only {number} were looked at")
            return
        try:
            raw = _fetch(repository, descriptor, digest)
            read += len(raw or b"")
            bundle = None if raw is None else _open(raw)
            if bundle is None:
                continue
            outcome = _judge(repository, bundle, digest, anchors, keyless, where)
        except (ValueError, IntegrityError, NotFound) as error:
            outcome = Rejected(where, reason(error))
        yield outcome


def read_first(repository: SignatureSource, digest: str) -> bool:
    """Read what `verify` reads before its first verdict, judging nothing; whether anything refers there."""
    referrers = _likely_first(repository.referrers(digest))
    if referrers:
        _fetch(repository, referrers[0], digest)
    return bool(referrers)


def attestations(
    repository: SignatureSource, digest: str, anchors: Anchors
) -> Iterator[tuple[dict[str, Any], Signer | Rejected]]:
    """Every bundle that refers to `digest` and is no signature: its statement, and its maker judged.

    The statement is empty where it cannot be read. Raises `RegistryError` where the registry fails.
    """
    keyless = _verifier(anchors.trust_root)
    for descriptor in repository.referrers(digest)[:MAX_REFERRERS]:
        statement: dict[str, Any] = {}
        outcome: Signer | Rejected
        try:
            raw = _fetch(repository, descriptor, digest, attested=True)
            bundle = None if raw is None else _open(raw, attested=True)
            if bundle is None or bundle.statement is None:
                continue
            statement = dict(bundle.statement)
            outcome = _judge(repository, bundle, digest, anchors, keyless, descriptor.digest)
        except (ValueError, IntegrityError, NotFound) as error:
            outcome = Rejected(descriptor.digest, reason(error))
        yield statement, outcome


def _verifier(root: TrustRoot | None) -> Callable[[], KeylessVerifier]:
    """The verifier of what was made without a key, made once and by whoever first meets such a thing."""

    @cache
    def make() -> KeylessVerifier:
        from floe_engine.signing.keyless import KeylessVerifier

        return KeylessVerifier(root)

    return make


def _fetch(
    repository: SignatureSource, descriptor: Descriptor, digest: str, *, attested: bool = False
) -> bytes | None:
    """The bundle inside a referrer, or None where the referrer is something else.

    `attested` asks for attestations in place of signatures.

    What the index says of an entry is not believed: cosign 3.1 writes a wrong artifact type into
    the fallback tag, and anybody may write there.
    """
    manifest = mapping(strict_json(repository.manifest(descriptor.digest).raw), "the manifest")
    layers = manifest.get("layers")
    bundles = [
        layer
        for layer in (layers if isinstance(layers, list) else [])
        if isinstance(layer, dict) and str(layer.get("mediaType")).startswith(_ANY_BUNDLE)
    ]
    if not bundles:
        return None
    subject = manifest.get("subject")
    if not isinstance(subject, dict) or subject.get("digest") != digest:
        raise Unacceptable("refers to another artifact")
    claimed = texts(manifest.get("annotations")).get(PREDICATE_ANNOTATION)
    if claimed is not None and (claimed != PREDICATE_TYPE) != attested:
        return None
    if len(bundles) != 1:
        raise Unacceptable(f"holds {len(bundles)} bundles instead of one")
    return repository.blob(descriptor_of(bundles[0], MAX_BUNDLE), MAX_BUNDLE)


def _open(raw: bytes, *, attested: bool = False) -> Bundle | None:
    """Take a bundle apart; None where its statement is an attestation and no signature.

    `attested` asks for the contrary. What signs the artifact itself is a signature.
    """
    bundle = open_bundle(raw)
    predicate_type = PREDICATE_TYPE if bundle.statement is None else bundle.statement.get("predicateType")
    return None if (predicate_type != PREDICATE_TYPE) != attested else bundle


def _judge(
    repository: SignatureSource,
    bundle: Bundle,
    digest: str,
    anchors: Anchors,
    keyless: Callable[[], KeylessVerifier],
    where: str,
) -> Signer | Rejected:
    annotations = {} if bundle.statement is None else subject_annotations(bundle.statement, digest)
    if bundle.statement is None and f"sha256:{bundle.message_digest}" != digest:
        raise Unacceptable("made for another artifact")
    if bundle.hint is None:
        return _judge_keyless(bundle, digest, annotations, anchors, keyless, where)
    if bundle.payload is None:
        signed = _content(repository, digest)
    else:
        signed = pre_authentication(PAYLOAD_TYPE, bundle.payload)
    try:
        key = anchors.key_of(bundle.signature, signed)
    except Unacceptable as error:
        return Rejected(where, f"{error}{_what_the_hint_says(bundle.hint, anchors)}")
    if bundle.entries:
        from floe_engine.signing.log_entry import Made

        made = Made(bundle.signature, signed, bundle.payload, der_of_pem(key.pem))
        for entry in bundle.entries:
            keyless().verify_entry(entry, made)
    return Signer(format="bundle", where=where, fingerprint=key.fingerprint, annotations=annotations)


def _content(repository: SignatureSource, digest: str) -> bytes | Digest:
    """What has that digest; where nobody has it, the digest itself, which many keys' signatures are over."""
    try:
        return repository.manifest(digest).raw
    except NotFound:
        return Digest(bytes.fromhex(digest.removeprefix("sha256:")))


def _judge_keyless(
    bundle: Bundle,
    digest: str,
    annotations: dict[str, str],
    anchors: Anchors,
    keyless: Callable[[], KeylessVerifier],
    where: str,
) -> Signer | Rejected:
    if not anchors.identities and anchors.keys:
        return Rejected(where, "made without a key, and no identities are trusted")
    certified = keyless().verify(bundle.raw, digest)
    if bundle.payload is not None and (certified.payload_type, certified.payload) != (
        PAYLOAD_TYPE,
        bundle.payload,
    ):
        raise Unacceptable("two readers of the bundle see different payloads")
    signer = Signer(
        format="bundle",
        where=where,
        fingerprint=certified.fingerprint,
        identity=certified.identity,
        issuer=certified.issuer,
        annotations=annotations,
    )
    if certified.fingerprint in anchors.revoked:
        return Rejected(where, f"made by the revoked key {certified.fingerprint}", signer)
    if anchors.trusts(signer):
        return signer
    who = f"{quoted(certified.identity)} (issuer {quoted(certified.issuer)})"
    return Rejected(where, f"made by {who}, who is not among the trusted identities", signer)


def subject_annotations(statement: Mapping[str, Any], digest: str) -> dict[str, str]:
    """What is signed beside `digest`; `Unacceptable` where the statement speaks of another."""
    algorithm, _, value = digest.partition(":")
    subjects = statement.get("subject")
    for subject in subjects if isinstance(subjects, list) else []:
        if isinstance(subject, dict) and texts(subject.get("digest")).get(algorithm) == value:
            return texts(subject.get("annotations"))
    raise Unacceptable("made for another artifact")


def _what_the_hint_says(hint: str, anchors: Anchors) -> str:
    """An addition to a reason, for people only: a hint proves nothing and decides nothing."""
    try:
        claimed = decode_base64(hint)
    except ValueError:
        return ""
    if len(claimed) != 32:
        return ""
    fingerprint = f"sha256:{claimed.hex()}"
    for key in anchors.keys:
        if key.fingerprint == fingerprint and key.kind == "Ed25519":
            return "; cosign 3 signs bundles with Ed25519ph, which is not supported: use an ECDSA P-256 key"
        if key.fingerprint == fingerprint:
            return f"; it claims the trusted key {fingerprint}, which did not make it"
    return f"; it claims, unproved, the key {fingerprint}"


def _likely_first(referrers: Sequence[Descriptor]) -> list[Descriptor]:
    """Entries that look like signatures before the others: an order, never a filter."""

    def rank(descriptor: Descriptor) -> int:
        if (descriptor.annotations or {}).get(PREDICATE_ANNOTATION) == PREDICATE_TYPE:
            return 0
        return 1 if (descriptor.artifact_type or "").startswith(_ANY_BUNDLE) else 2

    return sorted(referrers, key=rank)
