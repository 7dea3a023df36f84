"""The one verdict on an artifact: is it what it says, is it whose it should be, may it be taken.

Judged are the digest that was signed, the platform's name and the version (both as signed and as
written), the place that the signature names, continuity with what is locked, what the platform and
the lock demand, and how many signers there have to be. Nothing is written here, and no registry is
chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.artifact.pack import PLATFORM_NAME, SIGNING_KEY, VERSION
from floe_engine.errors import IntegrityError, KeyUnusable, LockMismatch, Refused, Unsigned, Untrusted
from floe_engine.events import Notice, Report, Step
from floe_engine.fingerprint import fingerprint_of_pem
from floe_engine.signing.outside import quoted
from floe_engine.signing.verdict import Identity, Rejected, Signer, Verdict
from floe_engine.store import Lock, LockedSigner
from floe_engine.text import printable
from floe_engine.trust.authority import Authority
from floe_engine.versions import Version

if TYPE_CHECKING:
    from floe_engine.artifact.model import SecurityPolicy, TrustedKey
    from floe_engine.artifact.platform import Platform
    from floe_engine.signing.attestation import Attestation
    from floe_engine.signing.keys import PublicKey
    from floe_engine.signing.repository import SignatureSource


class Accepted(Struct, frozen=True):
    """That an artifact may be taken, and on whose word."""

    signer: LockedSigner | None = None
    """Whom to record; None where it is accepted unsigned."""
    signers: tuple[Signer, ...] = ()
    """Whose signatures counted."""


AskFirstUse = Callable[[str, str], bool]
"""Shown (the platform, who signed it) at a terminal; whether to trust them from now on."""


class Subject(Struct, frozen=True):
    """What is judged: an artifact whose bytes were checked, and what it says of itself."""

    digest: str
    name: str
    version: str
    where: str
    """Its reference, for messages."""
    docker_reference: str = ""
    """``host/repository`` that it lies in."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of its image manifest."""
    require_signed: bool = False
    listed: tuple[str, ...] = ()
    """PEM of the keys that it says may sign it: never an anchor, good for a first use only."""
    identities: tuple[Identity, ...] = ()
    """Who it says may sign it without a key: never an anchor either."""
    revoked: tuple[str, ...] = ()
    """Fingerprints that it says are never to be believed again."""

    @classmethod
    def of(
        cls,
        digest: str,
        annotations: Mapping[str, str],
        *,
        where: str,
        docker_reference: str = "",
        platform: Platform | None = None,
    ) -> Subject:
        """An artifact by its image manifest, and by its files where they were fetched.

        Raises `IntegrityError` where the two disagree about name or version, or where a key that the
        files list is none.
        """
        if platform is None:
            name, version = annotations.get(PLATFORM_NAME, ""), annotations.get(VERSION, "")
            return cls(digest, name, version, where, docker_reference, annotations)
        inside = {PLATFORM_NAME: platform.name, VERSION: platform.version}
        for key, value in inside.items():
            if annotations.get(key, value) != value:
                raise IntegrityError(
                    "the image manifest and the artifact disagree about "
                    + ("the version" if key == VERSION else "the platform's name"),
                    f"{quoted(annotations[key])} outside, {quoted(value)} inside",
                    hint="do not use it, and tell the platform team",
                    where=where,
                )
        security = platform.manifest.security
        demand_readable_keys(security, where)
        return cls(
            digest,
            platform.name,
            platform.version,
            where,
            docker_reference,
            annotations,
            security.require_signed_artifacts,
            tuple(key.pem for key in security.trusted_keys),
            tuple(Identity(who.identity, who.issuer) for who in security.trusted_identities),
            security.revoked_keys,
        )

    def lists(self, signer: Signer) -> bool:
        """Whether `signer` is one whom it names itself, or it names nobody."""
        if not (self.listed or self.identities):
            return True
        return signer.is_among({*map(fingerprint_of_pem, self.listed)}, self.identities)

    def objection(self, signer: Signer) -> str:
        """Why a signature is not for this artifact though it holds; empty where it is.

        A signature names what it is for beside the digest, so that neither a tag that moved nor
        another platform's version passes for this one.
        """
        if signer.fingerprint in self.revoked:
            return f"made by the key {signer.fingerprint}, which this very version revokes"
        name = signer.annotations.get(PLATFORM_NAME)
        if name is not None and name != self.name:
            return f"made for the platform {quoted(name)}, and this is {quoted(self.name)}"
        signed = signer.annotations.get(VERSION)
        if signed is not None and Version.from_tag(signed) != Version.from_tag(self.version):
            return f"made for version {quoted(signed)}, and this is {quoted(self.version)}"
        return ""


def demand_readable_keys(security: SecurityPolicy, where: str) -> None:
    """Raise `IntegrityError` where a key that an artifact lists cannot be read, or is another one.

    At the door, for later nobody could tell it from a key that was never listed.
    """
    lists = {
        "trusted_keys": security.trusted_keys,
        **{f"delegated_keys.{name}": keys for name, keys in security.delegated_keys.items()},
    }
    for place, keys in lists.items():
        for number, entry in enumerate(keys):
            if reason := _flaw(entry):
                raise IntegrityError(
                    "the artifact lists a key that cannot be used",
                    f"manifest.json: security.{place}[{number}] ({printable(entry.name)}): {reason}",
                    hint="do not use it, and tell the platform team: it has to publish a version with a "
                    "good key",
                    where=where,
                )


def _flaw(entry: TrustedKey) -> str:
    """Why a listed key is none; empty where it is one."""
    from floe_engine.signing.keys import load_public

    try:
        found = load_public(entry.pem.encode()).fingerprint
    except KeyUnusable as error:
        return ": ".join(part for part in (error.title, error.message) if part)
    except UnicodeEncodeError:
        return "its text is none"
    return "" if found == entry.fingerprint else f"its fingerprint is {found}, not {entry.fingerprint}"


def check_tag(subject: Subject, tag: str) -> None:
    """Raise `IntegrityError` unless the artifact is the version that its tag says."""
    if Version.from_tag(tag) != Version.from_tag(subject.version):
        raise IntegrityError(
            "the tag and the artifact disagree about the version",
            f"the tag says {tag}, the artifact {subject.version}",
            hint="somebody moved or copied a tag: tell the platform team",
            where=subject.where,
        )


def check_continuity(
    subject: Subject, lock: Lock | None, *, taken: bool = True, allow_downgrade: bool = False
) -> None:
    """Raise where an artifact does not go on from what is locked.

    `LockMismatch` for another platform; `Refused` for a lower version that is to be `taken` and not
    only looked at.
    """
    if lock is None:
        return
    if lock.name and subject.name and lock.name != subject.name:
        raise LockMismatch(
            "this is another platform",
            f"locked is {lock.name}, and {subject.where} is {subject.name}",
            hint="remove .floe/cache/artifacts.lock if the project really moves to another platform",
            where=subject.where,
        )
    if taken and not allow_downgrade and is_lower(subject, lock):
        raise Refused(
            "this is a lower version than the locked one",
            f"locked is {lock.tag}, and {subject.where} is v{subject.version}",
            hint=f"{Act.UPGRADE:--to v{subject.version} --allow-downgrade} goes back to it; where floe.yaml "
            f"names it already, {Act.PULL:--allow-downgrade} does",
            where=subject.where,
        )


def is_lower(subject: Subject, lock: Lock) -> bool:
    """Whether the artifact has a lower version than the locked one."""
    locked, version = Version.from_tag(lock.tag), Version.from_tag(subject.version)
    return locked is not None and version is not None and version < locked


def check_unmoved(subject: Subject, lock: Lock | None, repository: str, tag: str) -> None:
    """Raise `LockMismatch` where `tag` of `repository` is locked with other content."""
    if lock is not None and (lock.reference, lock.tag) == (repository, tag) and lock.digest != subject.digest:
        raise moved_tag(lock, subject.digest)


def moved_tag(lock: Lock, digest: str) -> LockMismatch:
    """What is said of a tag that no longer names what was locked."""
    return LockMismatch(
        f"the tag {lock.tag} has moved since it was locked",
        f"locked   {lock.digest}\nregistry {digest}",
        hint=f"a version tag never moves by itself: ask the platform team, then run {Act.PULL:--force}",
        where=f"{lock.reference}:{lock.tag}",
    )


def weigh(
    repository: SignatureSource, subject: Subject, trust: Authority, *, exhaustive: bool = False
) -> Verdict:
    """What the signatures of `subject` are worth to this reader.

    Without anchors no signature is good, and none where a policy takes nothing from here. Raises
    `RegistryError` where signatures cannot be looked for: that is never read as "unsigned".
    """
    if trust.barred:
        return Verdict(
            subject.digest, "untrusted", rejected=(Rejected(trust.barred, "it takes nothing from here"),)
        )
    keys = _suggested(subject) if trust.configured else ()
    return _weigh(repository, subject, trust, keys, exhaustive=exhaustive)


def attested(repository: SignatureSource, subject: Subject, trust: Authority) -> tuple[Attestation, ...]:
    """The attestations of `subject`, each judged as a signature by the same maker would be.

    Whatever they say, they are no signatures. Raises `RegistryError` where the registry fails.
    """
    from floe_engine.signing.attestation import attestations

    keys = _suggested(subject) if trust.configured else ()
    found = attestations(repository, subject.digest, trust.anchors(keys))
    return tuple(
        replace(entry, signer=None, problem=objection)
        if entry.signer is not None and (objection := trust.objection(entry.signer))
        else entry
        for entry in found
    )


def is_attested(found: Iterable[Attestation], predicate_type: str) -> bool:
    """Whether somebody trusted made an attestation of that type."""
    return any(entry.signer is not None and entry.predicate_type == predicate_type for entry in found)


def demand_attested(found: Iterable[Attestation], predicate_type: str, where: str) -> None:
    """Raise `Untrusted` unless somebody trusted made an attestation of that type."""
    entries = tuple(found)
    if is_attested(entries, predicate_type):
        return
    alike = [entry for entry in entries if entry.predicate_type == predicate_type]
    reasons = "\n".join(f"{entry.where}: {entry.problem}" for entry in alike)
    raise Untrusted(
        f"nobody you trust attests {predicate_type}",
        reasons or "there is no attestation of that type",
        hint=f"{Act.INSPECT} shows what is attested, and by whom",
        where=where,
    )


def judge(
    repository: SignatureSource,
    subject: Subject,
    trust: Authority,
    *,
    lock: Lock | None = None,
    exhaustive: bool = False,
    ask: AskFirstUse | None = None,
    report: Report,
) -> Accepted:
    """Decide on an artifact that is to be taken; `exhaustive` looks at every signature.

    Raises `Unsigned`, `Untrusted`, or whatever the registry raised while signatures were looked for.
    """
    demand_admitted(trust, subject.where)
    suggested = _suggested(subject)
    verdict = _weigh(repository, subject, trust, suggested, exhaustive=exhaustive)
    for warning in verdict.warnings:
        report(Notice(warning))
    known = {key.fingerprint: key for key in (*trust.keys, *suggested)}
    if trust.configured:
        verdict.demand(subject.where)
        report(Step("Verifying signature", key="signature"))
        return Accepted(_record(verdict.signers[0], known, first_use=False), verdict.signers)
    return _first_use(verdict, subject, trust, known, lock, ask, report)


def names(locked: LockedSigner | None, signer: Signer) -> bool:
    """Whether `signer` is whom a lock names."""
    return locked is not None and (locked.fingerprint, locked.identity, locked.issuer) == (
        signer.fingerprint,
        signer.identity,
        signer.issuer,
    )


def demand_admitted(trust: Authority, where: str) -> None:
    """Raise `Untrusted` where a policy takes nothing from this repository."""
    if trust.barred:
        raise Untrusted(
            "the trust policy takes nothing from here",
            f"no scope of {trust.barred} holds {where}, and its default is to refuse",
            hint=f"ask whoever keeps the policy; {Act.TRUST} shows what it says",
            where=where,
        )


def demand_unvouched(trust: Authority, where: str) -> None:
    """Raise `Untrusted` where the reader takes nothing that nobody has signed, such as a manifest.yaml."""
    demand_admitted(trust, where)
    if trust.first_use == "refuse":
        raise Untrusted(
            "nothing vouches for a manifest.yaml",
            "it is not published, so nobody has signed it, and first uses are refused here",
            hint=f"pin a published version with platform.ref; {Act.TRUST} shows who refuses",
            where=where,
        )


def _weigh(
    repository: SignatureSource,
    subject: Subject,
    trust: Authority,
    suggested: tuple[PublicKey, ...],
    *,
    exhaustive: bool,
) -> Verdict:
    from floe_engine.signing.trust import verify  # late: an unsigned lock needs none of the formats

    return verify(
        repository,
        subject.digest,
        trust.anchors(suggested),
        docker_reference=subject.docker_reference,
        exhaustive=exhaustive,
        required=trust.required,
        objection=lambda signer: trust.objection(signer) or subject.objection(signer),
    )


def _first_use(
    verdict: Verdict,
    subject: Subject,
    trust: Authority,
    known: Mapping[str, PublicKey],
    lock: Lock | None,
    ask: AskFirstUse | None,
    report: Report,
) -> Accepted:
    """Nobody vouches yet: whoever signed is shown, and remembered where that is accepted."""
    where = subject.where
    required = subject.require_signed or (lock is not None and lock.require_signed) or trust.required > 1
    if verdict.status == "unsigned":
        if required or trust.first_use == "refuse":
            raise Unsigned(
                "the artifact is not signed, and this platform requires it"
                if required
                else "the artifact is not signed, and nothing else vouches for it",
                f"nothing vouches for {subject.digest}",
                hint=f"ask the platform team to sign it ({Act.SIGN})",
                where=where,
            )
        report(Step("Verifying signature", "skipped", "not signed", key="signature"))
        report(Notice(f"{where} is not signed: nothing proves who published it"))
        return Accepted()
    newcomer = verdict.signers[0] if verdict.status == "verified" else _certified(verdict, subject, trust)
    if newcomer is None:
        if required or known or trust.first_use == "refuse":
            verdict.demand(where)
        reasons = "; ".join(rejected.reason for rejected in verdict.rejected)
        report(Step("Verifying signature", "skipped", "no key to verify it with", key="signature"))
        report(
            Notice(
                f"{where} has signatures that could not be verified: {reasons}",
                hint="ask the platform team for their public key and add it to platform.trusted_keys",
            )
        )
        return Accepted()
    if not subject.lists(newcomer):
        raise Untrusted(
            "the platform does not list whoever signed it",
            f"{where} is signed by {newcomer}, and its security section names others",
            hint=f"ask the platform team to sign it as one of those ({Act.SIGN})",
            where=where,
        )
    name = f"{subject.name} v{subject.version}"
    asked = ask is not None and trust.first_use != "accept"
    if trust.first_use == "refuse" or (asked and ask is not None and not ask(name, str(newcomer))):
        raise Untrusted(
            "nothing vouches for the signer yet",
            f"{where} is signed by {newcomer}",
            hint="compare that with the platform team; then add them to platform.trusted_keys or "
            "platform.trusted_identities in floe.yaml",
            where=where,
        )
    if not asked:
        report(
            Notice(
                f"first use: trusting {newcomer} from now on, because they signed {where}",
                hint="compare that with the platform team; the lock records it",
            )
        )
    report(Step("Verifying signature", key="signature"))
    return Accepted(_record(newcomer, known, first_use=True), verdict.signers or (newcomer,))


def _record(signer: Signer, known: Mapping[str, PublicKey], *, first_use: bool) -> LockedSigner:
    key = known.get(signer.fingerprint)
    pem = key.pem.decode() if key is not None and not signer.identity else ""
    return LockedSigner(signer.fingerprint, pem, signer.identity, signer.issuer, first_use)


def _certified(verdict: Verdict, subject: Subject, trust: Authority) -> Signer | None:
    """A keyless signer whose certificate holds and who is not revoked, though nobody listed them."""
    if trust.required > 1:
        return None
    certified = (rejected.signer for rejected in verdict.rejected if rejected.signer)
    return next(
        (signer for signer in certified if not (trust.objection(signer) or subject.objection(signer))), None
    )


def _suggested(subject: Subject) -> tuple[PublicKey, ...]:
    """Keys that the artifact itself names: good for a first use, or where anchors list the fingerprint."""
    from floe_engine.signing.keys import readable_keys

    annotated = subject.annotations.get(SIGNING_KEY)
    pems = subject.listed if annotated is None else (*subject.listed, annotated)
    return tuple(readable_keys(pems).values())
