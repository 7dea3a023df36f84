"""The two verbs of this room: who vouches for a digest, and vouching for one.

Decisions about what to do with a verdict, files and floe's own notions must not enter.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from floe_engine.errors import NotFound, UsageError
from floe_engine.events import CancelToken
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.keyless import KeylessSigner
from floe_engine.signing.keys import PrivateKey
from floe_engine.signing.outside import quoted
from floe_engine.signing.repository import SignatureRepository, StoredDescriptor
from floe_engine.signing.verdict import Anchors, Format, Identity, Rejected, Signer, Status, Verdict

__all__ = [
    "BOTH_FORMATS",
    "Anchors",
    "Identity",
    "Rejected",
    "Signer",
    "Verdict",
    "Written",
    "sign",
    "verify",
]

BOTH_FORMATS: tuple[Format, ...] = ("bundle", "simple-signing")
"""What a key signature is written as: cosign 2 sees only the second, cosign 3 prefers the first."""


@dataclass(frozen=True, slots=True)
class Written:
    """One signature that now lies in the repository: a referrer's digest or a ``.sig`` tag."""

    format: Format
    where: str


def verify(
    repository: SignatureRepository,
    digest: str,
    anchors: Anchors,
    *,
    docker_reference: str = "",
    exhaustive: bool = False,
) -> Verdict:
    """What the signatures of `digest` in `repository` are worth to a reader with `anchors`.

    Bundles are looked at first, then the ``.sig`` tag, until one signature is good or, where
    `exhaustive`, to the end. A signature that names another repository than `docker_reference`
    (``host/repository``) still holds, for mirrors are allowed, and gives a warning. Raises
    `RegistryError` where the registry fails: that is never the same as having no signature.
    """
    signers: list[Signer] = []
    rejected: list[Rejected] = []
    for outcome in itertools.chain(
        bundle.verify(repository, digest, anchors),
        simple_signing.verify(repository, digest, anchors),
    ):
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
            continue
        signers.append(outcome)
        if not exhaustive:
            break
    status: Status = "verified" if signers else "untrusted" if rejected else "unsigned"
    warnings = [
        f"the signature at {signer.where} was made for {quoted(signer.docker_reference)}, "
        f"and the artifact lies in {docker_reference}"
        for signer in signers
        if docker_reference and signer.docker_reference not in ("", docker_reference)
    ]
    return Verdict(digest, status, tuple(signers), tuple(rejected), tuple(warnings))


def sign(
    repository: SignatureRepository,
    digest: str,
    signer: PrivateKey | KeylessSigner,
    *,
    docker_reference: str,
    annotations: Mapping[str, str],
    formats: tuple[Format, ...] = BOTH_FORMATS,
    subject: StoredDescriptor | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Written, ...]:
    """Vouch for `digest`, which `repository` already holds, and for `annotations` beside it.

    A key writes each of `formats`; doing so again changes nothing. Without a key there is one
    format, the bundle: the older one cannot carry what offline verification needs. `subject`
    saves the request that finds the digest's media type and size. Raises `NotFound` where the
    digest is not there, `TrustError` where signing is refused, `RegistryError`.
    """
    if not formats:
        raise UsageError("no signature format is chosen")
    if subject is None:
        subject = repository.resolve(digest)
        if subject is None:
            raise NotFound("there is nothing to sign", f"the repository has no {digest}")
    statement = bundle.statement_for(digest, annotations)
    if isinstance(signer, KeylessSigner):
        return (Written("bundle", bundle.attach(repository, subject, signer.sign(statement))),)

    payload = simple_signing.payload_for(digest, docker_reference, annotations)
    written: list[Written] = []
    added = ""
    if "simple-signing" in formats:
        added = simple_signing.add(repository, digest, payload, signer, cancel=cancel)
        written.append(Written("simple-signing", simple_signing.tag_of(digest)))
    if "bundle" in formats:
        made = bundle.sign_with_key(statement, signer)
        written.insert(0, Written("bundle", bundle.attach(repository, subject, made)))
    if added:
        # Late on purpose: the requests of the bundle gave a concurrent signer the time to
        # overwrite the tag, which is when it can be noticed.
        simple_signing.settle(repository, digest, payload, signer, added, cancel=cancel)
    return tuple(written)
