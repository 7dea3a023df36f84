"""What the platform's commands tell of versions, as the JSON of their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from floe_engine.distribution.browse import VersionFacts
    from floe_engine.signing.attestation import Attestation
    from floe_engine.signing.verdict import Verdict
    from floe_engine.store import Lock
    from floe_engine.upgrade.guard import GuardVerdict
    from floe_engine.upgrade.rules import Entry


def guard_facts(guard: GuardVerdict) -> dict[str, Any]:
    """What the version guard says of a version."""
    return {
        "previous": guard.previous.tag if guard.previous else None,
        "required": guard.required,
        "suggestion": guard.suggestion.tag,
        "changes": change_facts(guard, lambda entry: entry.place),
    }


def change_facts(guard: GuardVerdict, place: Callable[[Entry], str]) -> list[dict[str, Any]]:
    """The changes that the version guard has looked at, and where each stands."""
    return [
        {"rule": entry.rule.id, "bump": entry.bump, "place": place(entry), "sentence": entry.sentence}
        for entry in guard.assessment.entries
    ]


def verdict_facts(verdict: Verdict) -> dict[str, Any]:
    """Who signed a version, and which signatures do not count."""
    return {
        "status": verdict.status,
        "signers": [
            {
                "format": signer.format,
                "where": signer.where,
                "fingerprint": signer.fingerprint,
                "identity": signer.identity,
                "issuer": signer.issuer,
                "annotations": dict(signer.annotations),
            }
            for signer in verdict.signers
        ],
        "rejected": [{"where": entry.where, "reason": entry.reason} for entry in verdict.rejected],
        "warnings": list(verdict.warnings),
    }


def attestation_facts(attestations: Iterable[Attestation]) -> list[dict[str, Any]]:
    """What is attested of a version; `problem` says why an attestation is not verified."""
    return [
        {
            "predicateType": entry.predicate_type,
            "verified": entry.signer is not None,
            "where": entry.where,
            "fingerprint": entry.signer.fingerprint if entry.signer else "",
            "identity": entry.signer.identity if entry.signer else "",
            "issuer": entry.signer.issuer if entry.signer else "",
            "problem": entry.problem,
            "predicate": dict(entry.predicate),
        }
        for entry in attestations
    ]


def version_facts(tag: str, entry: VersionFacts | None) -> dict[str, Any]:
    """A published version, with its details where they were asked for."""
    if entry is None:
        return {"tag": tag}
    return {
        "tag": tag,
        "digest": entry.digest,
        "created": entry.created,
        "size": entry.size,
        "signature": verdict_facts(entry.verdict) if entry.verdict else None,
        "problem": entry.problem,
        "rotations": list(entry.rotations),
    }


def lock_facts(lock: Lock) -> dict[str, Any]:
    """Which version is locked, and by whom it was signed."""
    return {
        "reference": f"{lock.reference}:{lock.tag}",
        "constraint": lock.constraint,
        "tag": lock.tag,
        "digest": lock.digest,
        "signer": str(lock.signer) if lock.signer else None,
        "firstUse": bool(lock.signer and lock.signer.first_use),
    }
