"""Who signed a published version, and whether this reader trusts them: looked at by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from floe_engine.events import CancelToken, Report, silent
from floe_engine.registry.reference import Reference
from floe_engine.signing.trust import Verdict
from floe_engine.trust.verdict import demand_admitted
from floe_engine.workflows.examine import examine
from floe_engine.workflows.wanted import Wanted, locate
from floe_engine.workspace import Workspace


@dataclass(frozen=True)
class Verified:
    """A version, its signatures, and whom the reader trusted while looking."""

    reference: Reference
    digest: str
    verdict: Verdict
    trust_source: str


def verify_version(
    workspace: Workspace,
    version: str,
    *,
    keys: Sequence[str] = (),
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Verified:
    """The verdict on every signature of `version` (a tag, a constraint, a digest or a reference).

    It is fetched and judged as `init` would judge it. `keys` (paths) narrow whom the trust policy
    and floe.yaml name, and are trusted where those name nobody. Raises `NotFound`, `RegistryError`,
    and `IntegrityError` for what is not the version that its tag says; a bad signature is no error
    here but a verdict.
    """
    wanted = Wanted.parse(version, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    found = locate(repository, wanted)
    seen = examine(workspace, repository, found, wanted, keys=keys, exhaustive=True, report=report)
    demand_admitted(seen.trust, seen.subject.where)
    return Verified(seen.reference, seen.fetched.digest, seen.verdict, seen.trust.source)
