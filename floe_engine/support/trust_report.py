"""Who would decide about a repository, and why: shown, so that nobody has to guess."""

from __future__ import annotations

from msgspec import Struct

from floe_engine.distribution.pull import PullOptions, pinned
from floe_engine.errors import KeyUnusable
from floe_engine.files import stands
from floe_engine.registry.reference import Reference
from floe_engine.signing.keys import PublicKey, load_public, read_key_file
from floe_engine.trust.authority import Authority, authority, is_team
from floe_engine.workspace import Workspace


class TrustReport(Struct, frozen=True):
    """Whom this reader trusts for one repository."""

    repository: Reference
    authority: Authority


def trust_report(workspace: Workspace, repository: str | None = None) -> TrustReport:
    """Everything that has a say about `repository` (absent: what is pinned here, else the registry in use).

    Asks no registry. Raises what reading the sources raises, and `Untrusted` where they contradict.
    """
    if repository is not None:
        reference, _ = Reference.parse_constrained(repository, base=workspace.directory)
        reference = reference.without_target()
    elif stands(workspace.spec_path) and workspace.registry_option is None:
        reference = pinned(workspace, PullOptions())[0].repository
    else:
        reference = workspace.registry.reference
    lock = None if is_team(workspace) else workspace.store.read_lock()
    return TrustReport(reference, authority(workspace, reference, lock=lock, own=True))


def public_key(workspace: Workspace, file: str) -> PublicKey:
    """The public key of a file. Raises `ConfigurationError`, `KeyUnusable`."""
    return load_public(read_key_file(workspace.directory / file))


def fingerprint_of(pem: str) -> str:
    """The fingerprint of a key's text; the text itself where it is no key."""
    try:
        return load_public(pem.encode()).fingerprint
    except KeyUnusable:
        return pem
