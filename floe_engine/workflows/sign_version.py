"""A signature on a version that is published already."""

from __future__ import annotations

from dataclasses import dataclass

from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Heading, Report, silent
from floe_engine.registry.reference import Reference
from floe_engine.workflows.publish import sign_digest
from floe_engine.workflows.pull import check_version, fetch_files
from floe_engine.workflows.signing_key import AskPassword, SigningOptions, choose_signing, open_signers
from floe_engine.workflows.wanted import Wanted, locate
from floe_engine.workspace import Workspace


@dataclass(frozen=True)
class Signed:
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
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Signed:
    """Vouch for a published version. Its content is read and checked first: nobody signs unseen.

    Signing again with the same key changes nothing. Raises `UsageError` where there is no key.
    """
    options = options or SigningOptions()
    wanted = Wanted.parse(version, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel, push=True)
    found = locate(repository, wanted)
    reference = found.reference
    fetched = fetch_files(repository, found.manifest, where=str(reference))
    platform = fetched.artifact.platform
    if not wanted.is_digest:
        check_version(platform, found.ref, str(reference))
    security = platform.manifest.security
    choice = choose_signing(workspace, security, options)
    signing = open_signers(workspace, choice, security, options, ask, cancel=cancel)
    if not signing:
        raise UsageError(
            "there is no key to sign with",
            hint="name one with --key or FLOE_SIGNING_KEY, or make one with `floe platform keygen`",
        )
    report(Heading(f"Signing {reference}"))
    subject = repository.resolve(fetched.digest)
    assert subject is not None  # it was fetched by this digest a moment ago
    signers = sign_digest(repository, subject, platform, signing, report=report, cancel=cancel)
    return Signed(reference, fetched.digest, tuple(signer.where for signer in signers))
