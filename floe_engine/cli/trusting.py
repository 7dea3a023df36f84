"""`floe platform verify`, `trust` and `fingerprint`: whom to believe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from floe_engine.cli.command import Context, command
from floe_engine.cli.facts import attestation_facts, verdict_facts
from floe_engine.cli.options import FILE_OR_NAME, VERSION, argument, option
from floe_engine.cli.output import Output
from floe_engine.errors import TrustError, UsageError
from floe_engine.events import Step

if TYPE_CHECKING:
    from floe_engine.signing.attestation import Attestation
    from floe_engine.signing.verdict import Verdict
    from floe_engine.store import LockedDelegation


@command("verify", registry=True)
@argument(
    "version",
    type=VERSION,
    required=False,
    help="v1.2.3, a constraint, sha256:…, or a whole reference; absent: what is pinned.",
)
@option(
    "--key",
    type=FILE_OR_NAME,
    multiple=True,
    metavar="FILE",
    help="Public key that must have signed it; may be repeated.",
)
@option("--offline", is_flag=True, help="Ask no registry; verify what lies in .floe/.")
@option(
    "--require-attestation",
    multiple=True,
    metavar="TYPE",
    help="Demand an attestation by whom you trust: slsaprovenance1, test-result, version-guard "
    "or a predicate type's URI; may be repeated.",
)
def verify(
    context: Context,
    *,
    version: str | None,
    key: tuple[str, ...],
    offline: bool,
    require_attestation: tuple[str, ...],
) -> int:
    """Verify the signatures of a version; exit code 6 unless enough are by whom you trust."""
    from floe_engine.distribution.verify import verify_stored, verify_version
    from floe_engine.trust.verdict import demand_attested, is_attested

    required = _predicate_types(require_attestation) if require_attestation else []
    if offline and required:
        raise UsageError(
            "attestations are not kept in .floe/", hint="leave out --offline to ask the registry for them"
        )
    if offline:
        found = verify_stored(context.workspace, version, keys=key or ())
    else:
        found = verify_version(
            context.workspace, version, keys=key or (), attestations=bool(required), cancel=context.cancel
        )
    out = context.output
    out.answer(f"Reference: {found.reference}")
    out.answer(f"Digest: {found.digest}")
    out.answer(f"Trusting: {found.trust_source or 'nobody yet (see `floe platform trust`)'}")
    show_verdict(out, found.verdict, found.rotations, found.delegated_by)
    if offline and found.verdict.status == "unsigned":
        out.answer("The files are those that the lock names; nothing proves who published them")
    if required:
        show_attestations(out, found.attestations)
    verified = found.verdict.status == "verified"
    missing = [kind for kind in required if not is_attested(found.attestations, kind)]
    out.result(
        reference=str(found.reference),
        digest=found.digest,
        trustFrom=found.trust_source,
        **verdict_facts(found.verdict),
        rotations=list(found.rotations),
        delegatedBy=str(found.delegated_by) if found.delegated_by else None,
        attestations=attestation_facts(found.attestations) if required else None,
        missingAttestations=missing,
        ok=verified and not missing,
    )
    if not verified and not out.machine:
        found.verdict.demand(str(found.reference))
    if missing and not out.machine:
        demand_attested(found.attestations, missing[0], str(found.reference))
    verified = verified and not missing
    return 0 if verified else TrustError.exit_code


def _predicate_types(names: Sequence[str]) -> list[str]:
    from floe_engine.distribution.predicate_types import OUR_TYPES
    from floe_engine.signing.attestation import predicate_type_of

    return [predicate_type_of(name, OUR_TYPES) for name in names]


@command("trust", registry=True)
@argument(
    "repository", required=False, help="A repository, such as oci://host/name; absent: what is pinned here."
)
def trust(context: Context, *, repository: str | None) -> None:
    """Show who would decide about a repository's signatures, and why."""
    from floe_engine.support.trust_report import trust_report

    found = trust_report(context.workspace, repository)
    who, out = found.authority, context.output
    out.answer(f"Repository: {found.repository}")
    out.answer("Asked, in this order:")
    for source, says in who.considered:
        out.answer(f"  {source}: {says}")
    if who.barred:
        decision = f"nothing from here is taken, by {who.barred}"
    elif who.layers:
        decision = who.source
    else:
        decision = {
            "refuse": "nobody, and a first use is refused",
            "accept": "nobody; a first signer is accepted and remembered",
        }.get(who.first_use or "", "nobody; a first signer is shown, and remembered where accepted")
    out.answer(f"Deciding: {decision}")
    for trusted in who.trusted:
        out.answer(f"  ✓ {trusted}")
    for revoked in (*sorted(who.revoked_keys), *map(str, who.revoked_identities)):
        out.answer(f"  ✗ {revoked} (revoked)")
    out.answer(f"Signers needed: {who.required}")
    out.result(
        repository=found.repository.name,
        considered=[{"source": source, "says": says} for source, says in who.considered],
        deciding=[str(layer) for layer in who.layers],
        trusted=list(who.trusted),
        revoked=[*sorted(who.revoked_keys), *map(str, who.revoked_identities)],
        required=who.required,
        firstUse=who.first_use,
        refusedBy=who.barred or None,
    )


@command("fingerprint")
@argument("file", type=FILE_OR_NAME, help="A public key in PEM, such as cosign.pub.")
def fingerprint(context: Context, *, file: str) -> None:
    """Print the fingerprint of a public key, to be compared with what others see."""
    from floe_engine.support.trust_report import public_key

    key = public_key(context.workspace, file)
    context.output.answer(key.fingerprint)
    context.output.result(fingerprint=key.fingerprint, kind=key.kind, file=file)


def show_verdict(
    out: Output, verdict: Verdict, rotations: Sequence[str] = (), delegated_by: LockedDelegation | None = None
) -> None:
    """Every signature of a version, good or not, and the versions that make its signers whom one trusts."""
    out.answer(f"Signatures: {verdict.status}")
    for hop in rotations:
        out.answer(f"Keys changed on the way: {hop}")
    if delegated_by is not None:
        out.answer(f"Delegated by: {delegated_by}")
    for signer in verdict.signers:
        out.step(Step(f"{signer.format}: {signer}", detail=signer.where))
    for entry in verdict.rejected:
        out.step(Step(f"{entry.where}: {entry.reason}", "failed"))
    for warning in verdict.warnings:
        out.warning(warning)


def show_attestations(out: Output, attestations: Sequence[Attestation]) -> None:
    """Every attestation of a version: verified, by whom; or not, and why."""
    from floe_engine.distribution.predicate_types import short_name

    verified = sum(entry.signer is not None for entry in attestations)
    out.answer(
        f"Attestations: {verified} verified of {len(attestations)}" if attestations else "Attestations: none"
    )
    for entry in attestations:
        name = short_name(entry.predicate_type) or "unreadable"
        if entry.signer is not None:
            out.step(Step(f"{name}: {entry.signer}", detail=entry.where))
        else:
            out.step(Step(f"{name}: not verified: {entry.problem}", "failed", entry.where))
