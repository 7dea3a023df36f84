"""The two verbs of this room: who vouches for a digest, and vouching for one.

Decisions about what to do with a verdict, files and floe's own notions must not enter.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from floe_engine.descriptor import Descriptor
from floe_engine.errors import NotFound, UsageError
from floe_engine.events import CancelToken
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.outside import quoted
from floe_engine.signing.repository import SignatureRepository, SignatureSource
from floe_engine.signing.verdict import Anchors, Format, Rejected, Signer, Status, Verdict

if TYPE_CHECKING:
    from floe_engine.signing.keyless import KeylessSigner
    from floe_engine.signing.keys import KeySigner
    from floe_engine.signing.writing import Writer

BOTH_FORMATS: tuple[Format, ...] = ("bundle", "simple-signing")
"""What a key signature is written as: cosign 2 sees only the second, cosign 3 prefers the first."""


Objection = Callable[[Signer], str]
"""Why a signature that holds does not count all the same; empty where it does."""


def verify(
    repository: SignatureSource,
    digest: str,
    anchors: Anchors,
    *,
    docker_reference: str = "",
    exhaustive: bool = False,
    required: int = 1,
    objection: Objection = lambda signer: "",
) -> Verdict:
    """What the signatures of `digest` in `repository` are worth to a reader with `anchors`.

    Bundles are looked at first, then the ``.sig`` tag, until `required` different signers are good
    or, where `exhaustive`, to the end. A signature to which there is an `objection` is rejected
    with it. A signature that names another repository than `docker_reference`
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
        if reason := objection(outcome):
            rejected.append(Rejected(outcome.where, reason))
            continue
        signers.append(outcome)
        if not exhaustive and len({signer.who for signer in signers}) >= required:
            break
    enough = len({signer.who for signer in signers}) >= required
    status: Status = "verified" if enough else "untrusted" if signers or rejected else "unsigned"
    warnings = [
        f"the signature at {signer.where} was made for {quoted(signer.docker_reference)}, "
        f"and the artifact lies in {docker_reference}"
        for signer in signers
        if docker_reference and signer.docker_reference not in ("", docker_reference)
    ]
    return Verdict(digest, status, tuple(signers), tuple(rejected), tuple(warnings), required)


def sign(
    repository: SignatureRepository,
    digest: str,
    *signers: KeySigner | KeylessSigner,
    docker_reference: str,
    annotations: Mapping[str, str],
    formats: tuple[Format, ...] = BOTH_FORMATS,
    subject: Descriptor | None = None,
    first: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[Signer, ...]:
    """Vouch for `digest`, which `repository` already holds, and for `annotations` beside it.

    Each of `signers` vouches for itself: whoever trusts one of them needs no other. A key writes
    each of `formats`; doing so again changes nothing. Without a key there is one format, the
    bundle: the older one cannot carry what offline verification needs. `subject` saves the request
    that finds the digest's media type and size; `first` says that the digest is new and cannot have
    signatures yet, and saves the look at what it has.

    Returns the signatures as a reader will find them, bundles first, read back from the registry.
    Raises `NotFound` where the digest is not there, `TrustError` where signing is refused,
    `RegistryError`, `Cancelled`.
    """
    from floe_engine.signing.keyless import KeylessSigner  # late: whoever only verifies needs no way to sign
    from floe_engine.signing.writing import write_all

    if not formats:
        raise UsageError("no signature format is chosen")
    if subject is None:
        subject = repository.resolve(digest)
        if subject is None:
            raise NotFound("there is nothing to sign", f"the repository has no {digest}")
    writers: list[tuple[Writer, Signer]] = []
    statement = bundle.statement_for(digest, annotations)
    payload = simple_signing.payload_for(digest, docker_reference, annotations)
    new = first
    for signer in signers:
        if isinstance(signer, KeylessSigner):
            made, proof = signer.sign(statement, cancel)
            who = Signer(
                "bundle", "", proof.fingerprint, proof.identity, proof.issuer, annotations=dict(annotations)
            )
            writers.append((bundle.Attachment(repository, subject, made), who))
            continue
        for format in sorted(formats, reverse=True):
            who = Signer(format, "", signer.public.fingerprint, annotations=dict(annotations))
            if format == "bundle":
                made = bundle.signed_by(signer, repository, digest, statement, first=new, attested=False)
                writers.append((bundle.Attachment(repository, subject, made), who))
            else:
                who = replace(who, docker_reference=docker_reference)
                writers.append(
                    (simple_signing.KeySignature(repository, digest, payload, signer, first=first), who)
                )
                first = False  # the next key finds this one's signature there
    write_all([writer for writer, _ in writers], cancel or CancelToken())
    found = [replace(who, where=writer.where) for writer, who in writers]
    return tuple(sorted(found, key=lambda who: who.format))
