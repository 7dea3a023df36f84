"""Whom this reader trusts, and whether an artifact's signatures satisfy that.

The consumer's anchors decide, never the artifact's own words: floe.yaml first, then the user's
settings, then the lock. Where none of them says anything it is a first use: whoever signed is
shown, and recorded in the lock, so that every later version has to come from the same hands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.artifact.pack import SIGNING_KEY, VERSION
from floe_engine.artifact.platform import Platform
from floe_engine.errors import KeyUnusable, Unsigned, Untrusted
from floe_engine.events import Notice, Report, Step
from floe_engine.signing.keys import PublicKey, load_public, read_key_file
from floe_engine.signing.trust import Anchors, Identity, Signer, Verdict, verify
from floe_engine.store import Lock, LockedSigner
from floe_engine.versions import Version
from floe_engine.workflows.signing_key import trust_root
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.registry.client import Repository

AskFirstUse = Callable[[str, str], bool]
"""Shown (the platform, who signed it) at a terminal; whether to trust them from now on."""


@dataclass(frozen=True)
class TrustAnchors:
    """Anchors and where they were written down; no anchors means that nothing vouches yet."""

    anchors: Anchors
    source: str

    @property
    def configured(self) -> bool:
        """Whether anybody is trusted at all."""
        return bool(self.anchors.keys or self.anchors.identities)


def anchors_of(
    workspace: Workspace,
    *,
    keys: Sequence[str] = (),
    identities: Sequence[Mapping[str, str]] = (),
    lock: Lock | None = None,
) -> TrustAnchors:
    """Whom to trust: the first of floe.yaml (`keys`, `identities`), the user's settings, the lock."""
    settings = workspace.settings
    base = settings.path.parent
    if keys or identities:
        found = _load(keys, workspace.directory), _identities(identities)
        return TrustAnchors(_anchors(workspace, *found), "floe.yaml")
    if settings.trusted_keys or settings.trusted_identities:
        found = _load(settings.trusted_keys, base), _identities(settings.trusted_identities)
        return TrustAnchors(_anchors(workspace, *found), str(settings.path))
    if lock is not None and lock.signer is not None:
        signer = lock.signer
        pems = lock.trusted_keys or ((signer.public_key,) if signer.public_key else ())
        who = (Identity(signer.identity, signer.issuer),) if signer.identity else ()
        return TrustAnchors(_anchors(workspace, _load(pems, base), who), "artifacts.lock")
    return TrustAnchors(_anchors(workspace, (), ()), "")


def still_trusted(
    workspace: Workspace,
    lock: Lock,
    *,
    keys: Sequence[str] = (),
    identities: Sequence[Mapping[str, str]] = (),
) -> bool:
    """Whether this reader, as things stand now, accepts whoever signed the locked version.

    Asks no registry. False where the key was revoked since, or floe.yaml (`keys`, `identities`) or
    the user's settings name somebody else by now: then the signatures have to be looked at again.
    """
    signer, settings = lock.signer, workspace.settings
    if signer is not None and signer.fingerprint in settings.revoked_keys:
        return False
    if not (keys or identities or settings.trusted_keys or settings.trusted_identities):
        return True
    trust = anchors_of(workspace, keys=keys, identities=identities)
    return signer is not None and trust.anchors.trusts(
        Signer("bundle", "artifacts.lock", signer.fingerprint, signer.identity, signer.issuer)
    )


def judge(
    workspace: Workspace,
    repository: Repository,
    digest: str,
    platform: Platform,
    annotations: Mapping[str, str],
    trust: TrustAnchors,
    *,
    where: str,
    lock: Lock | None = None,
    first_use: str | None = None,
    ask: AskFirstUse | None = None,
    report: Report,
) -> LockedSigner | None:
    """Decide on an artifact's signatures; the signer to record, or None for an accepted unsigned one.

    `annotations` are the image manifest's. Raises `Unsigned`, `Untrusted`, or whatever the
    registry raised while signatures were looked for: that is never read as "unsigned".
    """
    required = platform.manifest.security.require_signed_artifacts or (
        lock is not None and lock.require_signed
    )
    if trust.configured:
        verdict = verify(repository, digest, trust.anchors)
        verdict.demand(where)
        return _accept(verdict, trust.anchors.keys, where, report, first_use=False)
    candidates = _candidates(platform, annotations)
    verdict = verify(repository, digest, _anchors(workspace, candidates, ()))
    if verdict.status == "unsigned":
        if required:
            raise Unsigned(
                "the artifact is not signed, and this platform requires it",
                f"nothing vouches for {digest}",
                hint="ask the platform team to sign it (`floe platform sign`)",
                where=where,
            )
        report(Step("Verifying signature", "skipped", "not signed", key="signature"))
        report(Notice(f"{where} is not signed: nothing proves who published it"))
        return None
    newcomer = verdict.signers[0] if verdict.signers else _certified(verdict)
    if newcomer is None:
        _report_unverifiable(verdict, required or bool(candidates), where, report)
        return None
    name = f"{platform.name} v{platform.version}"
    if first_use == "refuse" or (first_use is None and ask is not None and not ask(name, str(newcomer))):
        raise Untrusted(
            "nothing vouches for the signer yet",
            f"{where} is signed by {newcomer}",
            hint="compare that with the platform team; then add them to platform.trusted_keys or "
            "platform.trusted_identities in floe.yaml",
            where=where,
        )
    if ask is None or first_use == "accept":
        report(
            Notice(
                f"first use: trusting {newcomer} from now on, because they signed {where}",
                hint="compare that with the platform team; the lock records it",
            )
        )
    return _accept(verdict, candidates, where, report, first_use=True, signer=newcomer)


def _accept(
    verdict: Verdict,
    keys: Sequence[PublicKey],
    where: str,
    report: Report,
    *,
    first_use: bool,
    signer: Signer | None = None,
) -> LockedSigner:
    signer = signer or verdict.signers[0]
    for warning in verdict.warnings:
        report(Notice(warning))
    _check_signed_version(signer, where)
    report(Step("Verifying signature", key="signature"))
    pem = next((key.pem.decode() for key in keys if key.fingerprint == signer.fingerprint), "")
    return LockedSigner(signer.fingerprint, pem, signer.identity, signer.issuer, first_use)


def _check_signed_version(signer: Signer, where: str) -> None:
    """A version that the signer named must be the tag's: signatures can be copied, tags moved."""
    signed = signer.annotations.get(VERSION)
    tag = where.rpartition(":")[2]
    asked = Version.from_tag(tag)
    if signed is not None and asked is not None and Version.from_tag(signed) != asked:
        raise Untrusted(
            "the signature is for another version",
            f"it was made for {signed}, and the tag says {tag}",
            hint="somebody moved the tag: tell the platform team",
            where=where,
        )


def _report_unverifiable(verdict: Verdict, refused: bool, where: str, report: Report) -> None:
    if refused:
        verdict.demand(where)
    reasons = "; ".join(rejected.reason for rejected in verdict.rejected)
    report(Step("Verifying signature", "skipped", "no key to verify it with", key="signature"))
    report(
        Notice(
            f"{where} has signatures that could not be verified: {reasons}",
            hint="ask the platform team for their public key and add it to platform.trusted_keys",
        )
    )


def _certified(verdict: Verdict) -> Signer | None:
    """A keyless signer whose certificate holds, though nobody listed them."""
    return next((rejected.signer for rejected in verdict.rejected if rejected.signer), None)


def _candidates(platform: Platform, annotations: Mapping[str, str]) -> tuple[PublicKey, ...]:
    """Keys that the artifact itself names: good for a first use only, where nothing else vouches."""
    pems = [key.pem for key in platform.manifest.security.trusted_keys]
    if SIGNING_KEY in annotations:
        pems.append(annotations[SIGNING_KEY])
    keys: dict[str, PublicKey] = {}
    for pem in pems:
        try:
            key = load_public(pem.encode())
        except KeyUnusable:
            continue  # a damaged suggestion is no suggestion
        keys.setdefault(key.fingerprint, key)
    return tuple(keys.values())


def _anchors(workspace: Workspace, keys: Iterable[PublicKey], identities: Iterable[Identity]) -> Anchors:
    revoked = frozenset(workspace.settings.revoked_keys)
    return Anchors(tuple(keys), tuple(identities), revoked, trust_root(workspace))


def _load(entries: Iterable[str], base: Path) -> tuple[PublicKey, ...]:
    """Keys given as PEM text or as paths relative to the file that lists them."""
    return tuple(
        load_public(
            entry.encode() if entry.lstrip().startswith("-----BEGIN") else read_key_file(base / entry)
        )
        for entry in entries
    )


def _identities(entries: Iterable[Mapping[str, str]]) -> tuple[Identity, ...]:
    return tuple(
        Identity(
            entry.get("identity") or entry.get("identity_regexp", ""),
            entry.get("issuer", ""),
            pattern="identity_regexp" in entry,
        )
        for entry in entries
    )
