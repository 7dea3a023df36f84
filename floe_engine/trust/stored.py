"""What lies in ``.floe/`` judged again, without a network: lock → manifest → files → signatures.

A lock comes with whatever repository was cloned, so its word alone is worth nothing: its digest has
to be that of the kept image manifest, the manifest has to list the files that are there, and
the kept signatures have to be good by today's anchors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe_engine.acts import Act
from floe_engine.artifact.pack import read_annotations, read_manifest
from floe_engine.errors import CacheCorrupt, KeyUnusable, LockMismatch, Unsigned, Untrusted
from floe_engine.files import sha256_digest
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Anchors, Identity, Verdict
from floe_engine.store import Lock, LockedFile, LockedSigner, unreadable
from floe_engine.trust import delegation, receipts
from floe_engine.trust.authority import Authority, authority
from floe_engine.trust.evidence import Evidence
from floe_engine.trust.verdict import Subject, check_tag, demand_admitted, names, weigh

if TYPE_CHECKING:
    from floe_engine.artifact.platform import Platform
    from floe_engine.workspace import Workspace


def check_stored(
    workspace: Workspace, lock: Lock, platform: Platform, kept: bytes | None, trust: Authority
) -> Verdict:
    """Judge the locked version by what was `kept` of it; its files were hashed against the lock already.

    An unsigned platform that nobody vouches for has digests alone to stand on: the verdict is
    ``unsigned`` then, and nothing is raised. Raises `CacheCorrupt` where nothing (whole) was kept,
    `LockMismatch` where the lock was edited, `Unsigned` or `Untrusted` where whoever signed is not
    trusted, or not any more.
    """
    where = str(workspace.store.lock_path)
    evidence = _read(lock, kept, str(workspace.store.directory(lock.tag)))
    annotations = read_annotations(evidence.image, where=where)
    subject = Subject.of(lock.digest, annotations, where=f"{lock.reference}:{lock.tag}", platform=platform)
    check_lock(lock, subject, evidence, where)
    demand_admitted(trust, subject.where)
    if lock.signer is None and not trust.configured:
        if subject.require_signed or trust.demanding:
            raise Unsigned(
                "the locked version is not signed, and "
                + ("this platform requires it" if subject.require_signed else "nothing else vouches for it"),
                f"nothing vouches for {lock.digest}",
                hint=f"run {Act.PULL:--force}",
                where=where,
            )
        return Verdict(lock.digest, "unsigned", required=trust.required)
    if not trust.configured:
        raise Untrusted(
            "nothing vouches for the signer of the locked version",
            f"{subject.where} is signed by {lock.signer}, and only the lock says that they may",
            hint="add them to platform.trusted_keys in floe.yaml, or to the trust policy",
            where=where,
        )
    if not evidence.keyless:
        return _verdict(lock, evidence, subject, delegation.kept(workspace, lock, evidence, trust), where)
    facts = _facts(workspace, evidence, lock, trust)
    if receipts.noted(workspace, "good", *facts):
        return Verdict(lock.digest, "verified", required=trust.required)
    verdict = _verdict(lock, evidence, subject, delegation.kept(workspace, lock, evidence, trust), where)
    receipts.note(workspace, "good", *facts)
    return verdict


def check_lock(lock: Lock, subject: Subject, evidence: Evidence, where: str) -> None:
    """Raise `LockMismatch` where the lock says other things than the artifact of its digest."""
    listed = read_manifest(evidence.image, where=where)
    files = {file.path: LockedFile(file.digest, file.size) for file in listed}
    said = {
        "files": (dict(lock.files), files),
        "name": (lock.name, subject.name),
        "version": (lock.version, subject.version),
        "trusted_keys": (lock.trusted_keys, subject.listed),
        "trusted_identities": (
            {(who.identity, who.issuer) for who in lock.trusted_identities},
            {(who.subject, who.issuer) for who in subject.identities},
        ),
        "revoked_keys": (lock.revoked_keys, subject.revoked),
        "require_signed": (lock.require_signed, subject.require_signed),
        "signer": (lock.signer is not None, evidence.signed),
        "delegated_by": (
            lock.delegated_by.digest if lock.delegated_by is not None else None,
            evidence.delegation.digest if evidence.delegation is not None else None,
        ),
    }
    wrong = [field for field, (locked, true) in said.items() if locked != true]
    if wrong:
        raise edited_lock(
            lock, f"{', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not what {lock.digest} has", where
        )
    check_tag(subject, lock.tag)


def edited_lock(lock: Lock, reason: str, where: str) -> LockMismatch:
    """What is said of a lock that was changed by somebody else than floe."""
    return LockMismatch(
        "the lock does not describe the version that it pins",
        reason,
        hint=f"somebody edited it: restore it from git, or delete it and pull {lock.tag} anew",
        where=where,
    )


def _read(lock: Lock, kept: bytes | None, where: str) -> Evidence:
    hint = f"run {Act.PULL} with network"
    if kept is None:
        raise CacheCorrupt(
            f"the signatures of {lock.tag} are not in the cache",
            "it was pulled by an older floe, or something removed them",
            hint=hint,
            where=where,
        )
    try:
        evidence = Evidence.from_json(kept)
        if evidence.digest != lock.digest:
            raise ValueError("they belong to another artifact")
    except ValueError as error:
        raise CacheCorrupt(
            f"the kept signatures of {lock.tag} are damaged", str(error), hint=hint, where=where
        ) from None
    return evidence


def _verdict(lock: Lock, evidence: Evidence, subject: Subject, trust: Authority, where: str) -> Verdict:
    verdict = weigh(evidence, subject, trust, exhaustive=True)
    verdict.demand(subject.where)
    signer = lock.signer
    if signer is None or not (
        _among(signer, verdict) or _among(signer, _claimed(signer, evidence, trust, where))
    ):
        raise edited_lock(lock, f"it names {signer or 'nobody'} as the signer, who did not sign", where)
    return verdict


def _among(locked: LockedSigner, verdict: Verdict) -> bool:
    return any(names(locked, found) for found in verdict.signers)


def _claimed(signer: LockedSigner, evidence: Evidence, trust: Authority, where: str) -> Verdict:
    """What the evidence says of whom the lock names: they signed, though they are no longer trusted."""
    from floe_engine.signing.keys import load_public
    from floe_engine.signing.trust import verify

    try:
        keys = (load_public(signer.public_key.encode()),) if signer.public_key else ()
    except KeyUnusable as error:
        raise unreadable(error.title, where) from None
    identities = (Identity(signer.identity, signer.issuer),) if signer.identity else ()
    return verify(
        evidence, evidence.digest, Anchors(keys, identities, trust_root=trust.trust_root), exhaustive=True
    )


def _facts(workspace: Workspace, evidence: Evidence, lock: Lock, trust: Authority) -> tuple[str, ...]:
    """Everything that a keyless verdict follows from."""
    readers = [trust]
    if lock.delegated_by is not None:
        readers.append(authority(workspace, Reference.parse(lock.delegated_by.reference)))
    root = trust.trust_root
    if root is not None:
        sigstore = sha256_digest(root.trusted_root.encode())
    else:
        from importlib.metadata import version

        sigstore = version("sigstore")
    said = [
        (
            sorted((layer.source, sorted(layer.keys), repr(layer.identities)) for layer in reader.layers),
            (sorted(reader.revoked_keys), repr(reader.revoked_identities)),
            (reader.required, reader.barred),
        )
        for reader in readers
    ]
    return sha256_digest(evidence.to_json()), repr(lock.signer), repr(said), sigstore
