"""A signature on a version that is published already."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.artifact.content import Artifact, same_content
from floe_engine.artifact.model import SecurityPolicy
from floe_engine.distribution.examine import Examined, examine
from floe_engine.distribution.interrupted import under_way
from floe_engine.distribution.request import VersionRequest
from floe_engine.errors import Cancelled, Untrusted, UsageError
from floe_engine.events import CancelToken, Heading, Report, silent
from floe_engine.files import stands
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.platform.key_source import AskPassword
from floe_engine.platform.publish import sign_digest
from floe_engine.platform.signing_key import SigningOptions, check_listed, choose_signing, open_signers
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.keys import load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from floe_engine.workspace import Workspace

ConfirmUnseen = Callable[[str, str], bool]
"""Shown (the platform, its digest) of what was not built here; whether to vouch for it all the same."""


class Signed(Struct, frozen=True):
    """What was signed, and where the signatures lie."""

    reference: Reference
    digest: str
    signatures: tuple[str, ...]


def sign_version(
    workspace: Workspace,
    version: str,
    *,
    options: SigningOptions | None = None,
    ask: AskPassword | None = None,
    confirm: ConfirmUnseen | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Signed:
    """Vouch for a published version that holds what was built here.

    What a tag names is the registry's word. So anything else is signed only where `version` is a
    digest and `confirm` says yes. Signing again with the same key changes nothing. Raises `Untrusted`
    where the content is not this directory's, `UsageError` where there is no key or nobody to
    confirm, `Cancelled`.
    """
    options = options or SigningOptions()
    wanted = VersionRequest.parse(version, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel, push=True)
    seen = examine(workspace, repository, wanted)
    reference, platform = seen.reference, seen.fetched.artifact.platform
    if not _built_here(workspace, seen.fetched.artifact, cancel):
        _demand_confirmed(seen, named=wanted.is_digest, confirm=confirm)
    security = platform.manifest.security
    choice = choose_signing(workspace, security, options)
    # Beside a listed key's signature any other may stand: an old key's, for readers who know no new one.
    demanded = SecurityPolicy() if _vouched_for(repository, seen) else security
    signing = open_signers(workspace, choice, demanded, options, ask, cancel=cancel)
    if not signing:
        raise UsageError(
            "there is no key to sign with",
            hint=f"name one with {Option.KEY} or FLOE_SIGNING_KEY, or make one with {Act.KEYGEN}",
        )
    report(Heading(f"Signing {reference}"))
    subject = repository.resolve(seen.fetched.digest)
    assert subject is not None  # it was fetched by this digest a moment ago
    with under_way(workspace, "sign"):
        signers = sign_digest(repository, subject, platform, signing, report=report, cancel=cancel)
    check_listed(signers, demanded, where=str(reference))
    return Signed(reference, seen.fetched.digest, tuple(signer.where for signer in signers))


def _vouched_for(repository: Repository, seen: Examined) -> bool:
    """Whether somebody whom the version itself lists has signed it already."""
    subject = seen.subject
    keys = tuple(load_public(pem.encode()) for pem in subject.listed)
    anchors = Anchors(keys, subject.identities, trust_root=seen.trust.trust_root)
    verdict = verify(repository, subject.digest, anchors, objection=subject.objection)
    return bool(keys or subject.identities) and verdict.status == "verified"


def _built_here(workspace: Workspace, artifact: Artifact, cancel: CancelToken | None) -> bool:
    """Whether `artifact` is what this directory built, or what its manifest.yaml builds now."""
    built = workspace.store.load_built()
    if built is not None and same_content(built, artifact):
        return True
    if not stands(workspace.manifest_path):
        return False
    return same_content(compile_platform(workspace, write=False, cancel=cancel).artifact, artifact)


def _demand_confirmed(seen: Examined, *, named: bool, confirm: ConfirmUnseen | None) -> None:
    digest, platform = seen.fetched.digest, seen.fetched.artifact.platform
    if not named:
        raise Untrusted(
            "what the registry has under this tag is not what was built here",
            f"{seen.reference} is {digest}",
            hint=f"look at it ({Act.INSPECT:{seen.reference}}); to vouch for it all the same, "
            f"{Act.SIGN:{seen.reference.with_digest(digest)}}",
            where=str(seen.reference),
        )
    if confirm is None:
        raise UsageError(
            "nobody is here to confirm that this is to be signed, and it was not built here",
            f"{platform.name} v{platform.version}, {digest}",
            hint=f"use {Option.YES} where you have compared the digest",
            where=str(seen.reference),
        )
    if not confirm(f"{platform.name} v{platform.version}", digest):
        raise Cancelled
