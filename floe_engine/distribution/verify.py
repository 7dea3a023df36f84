"""Who signed a published version, and whether this reader trusts them: looked at by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine.acts import Option
from floe_engine.distribution.examine import examine
from floe_engine.distribution.pull import PullOptions, load, pinned
from floe_engine.distribution.request import VersionRequest, check_pinned, satisfies
from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.files import stands
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Verdict
from floe_engine.store import LockedDelegation
from floe_engine.trust.verdict import attested, demand_admitted
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.signing.attestation import Attestation


class Verified(Struct, frozen=True):
    """A version, its signatures, and whom the reader trusted while looking."""

    reference: Reference
    digest: str
    verdict: Verdict
    trust_source: str
    attestations: tuple[Attestation, ...] = ()
    """What is attested beside the signatures, where that was asked for."""
    rotations: tuple[str, ...] = ()
    """``v1.1.0@sha256:…`` of every version since the locked one that handed the signers on to this one's."""
    delegated_by: LockedDelegation | None = None
    """The version of the enterprise platform that lets the signer sign, where one was needed."""


def verify_version(
    workspace: Workspace,
    version: str | None = None,
    *,
    keys: Sequence[str] = (),
    attestations: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Verified:
    """The verdict on every signature of `version` (a tag, constraint, digest or reference; None: the pin).

    It is fetched and judged as `init` would judge it. `keys` (paths) narrow whom the trust policy
    and floe.yaml name, and are trusted where those name nobody. `attestations` are looked for only
    where that is said. Raises `NotFound`, `RegistryError`,
    and `IntegrityError` for what is not the version that its tag says; a bad signature is no error
    here but a verdict.
    """
    wanted = VersionRequest.parse(version, workspace) if version else pinned(workspace, PullOptions())[0]
    repository = workspace.repository(wanted.repository, cancel=cancel)
    seen = examine(workspace, repository, wanted, keys=keys, exhaustive=True, report=report, cancel=cancel)
    demand_admitted(seen.trust, seen.subject.where)
    found_beside = attested(repository, seen.subject, seen.trust) if attestations else ()
    return Verified(
        seen.reference,
        seen.fetched.digest,
        seen.verdict,
        seen.trust.source,
        found_beside,
        tuple(hop.record for hop in seen.hops),
        seen.delegated,
    )


def verify_stored(workspace: Workspace, version: str | None = None, *, keys: Sequence[str] = ()) -> Verified:
    """The verdict on the locked version by what lies in ``.floe/``: files, image manifest, signatures.

    Asks no registry. Raises `UsageError` where nothing is locked or `version` is not, `LockMismatch` where
    floe.yaml pins something else, and what `load` raises.
    """
    lock = workspace.store.read_lock()
    if lock is None or (
        version is not None and not satisfies(lock, VersionRequest.parse(version, workspace))
    ):
        raise UsageError(
            f"{version} is not what is locked here" if lock else "nothing is locked here",
            f"locked is {lock.reference}:{lock.tag}" if lock else "",
            hint=f"leave out {Option.OFFLINE} to ask the registry, or pull it first",
            where=str(workspace.store.lock_path),
        )
    if version is None and stands(workspace.spec_path):
        # A lock of another place is judged by what is trusted there, and no other command would use it.
        wanted = pinned(workspace, PullOptions())[0]
        check_pinned(lock, wanted, str(workspace.store.lock_path))
    loaded = load(workspace, lock, PullOptions(trusted_keys=keys))
    return Verified(
        Reference.parse(lock.reference).with_tag(lock.tag),
        lock.digest,
        loaded.verdict,
        loaded.trust.source,
        delegated_by=lock.delegated_by,
    )
