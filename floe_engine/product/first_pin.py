"""A project's first pin: what the platform would find in it, before anything is written.

From one version to another is `upgrade_project`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.distribution.pull import Candidate, PullOptions, prepare
from floe_engine.distribution.request import VersionRequest
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import parse
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, NothingChecked, UsageError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.files import stands
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding
from floe_engine.policy.product import judge, projects_of
from floe_engine.product.pin import (
    as_written,
    constrained,
    constraint_of,
    moved,
    settle,
    with_ref,
)
from floe_engine.project.project_file import name_of_project
from floe_engine.project.spec import Spec
from floe_engine.project.spec_check import against_platform, check_spec
from floe_engine.project.spec_file import load_spec, new_spec_text
from floe_engine.store import Lock
from floe_engine.trust.verdict import AskFirstUse
from floe_engine.upgrade.pins import pinned
from floe_engine.versions import Precision, Version
from floe_engine.workspace import Workspace


class FirstPin(Struct, frozen=True, dict=True):
    """What a first pin would do. Nothing was written; the version was fetched and verified."""

    ref: str
    """What floe.yaml would say."""
    text: str
    """The whole floe.yaml, as it would be."""
    before: str | None
    """floe.yaml as it is now; None: there is none yet."""
    lock: Lock | None
    """What is locked already, of a pull before there was a floe.yaml."""
    locks: Lock
    """What the lock would say."""
    candidate: Candidate | None
    """The version; None where the locked one stays."""
    platform: Platform
    evaluations: tuple[Evaluation, ...]
    """What the platform says of each dbt project; empty where none could be judged."""
    unjudged: str = ""
    """Why there are none."""
    problems: tuple[Diagnostic, ...] = ()
    """What floe.yaml asks for and the platform does not permit."""

    @property
    def version(self) -> Version:
        """What would be locked."""
        return Version.parse(self.locks.version)

    @property
    def downgrade(self) -> bool:
        """Whether it is older than what is locked already."""
        return self.lock is not None and self.version < Version.parse(self.lock.version or self.lock.tag)

    @property
    def breaks(self) -> bool:
        """Whether a build under the platform would stop."""
        return bool(self.problems) or not all(evaluation.passed for evaluation in self.evaluations)

    @property
    def models(self) -> int:
        """How many models were judged."""
        return sum(evaluation.models for evaluation in self.evaluations)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all its dbt projects, waived ones among them."""
        return tuple(finding for evaluation in self.evaluations for finding in evaluation.findings)

    @cached_property
    def by_rule(self) -> Mapping[str, tuple[Finding, ...]]:
        """Rule ID to its findings that are not waived: what stops a build first, then the most frequent."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if not finding.waived:
                found.setdefault(finding.rule, []).append(finding)
        ranks = {"error": 0, "warning": 1, "info": 2}
        order = sorted(
            found, key=lambda rule: (min(ranks[f.severity] for f in found[rule]), -len(found[rule]), rule)
        )
        return {rule: tuple(found[rule]) for rule in order}


def is_first(workspace: Workspace) -> bool:
    """Whether there is nothing yet to compare another version with: no floe.yaml, or no lock beside it."""
    return not stands(workspace.spec_path) or workspace.store.read_lock() is None


def plan_first_pin(
    workspace: Workspace,
    version: str,
    precision: Precision | None = None,
    *,
    trusted_keys: Sequence[str] = (),
    allow_downgrade: bool = False,
    judged: bool = True,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> FirstPin:
    """What pinning a project that has no pin yet would do: to `version`, at a `precision`.

    Without a precision a floe.yaml keeps its own, and a new one says exactly what `version` does.
    Without `judged` the project is not looked at.
    `trusted_keys` are paths of public keys that a new floe.yaml is to list. Nothing is written.
    Raises what `pull` raises, `ConfigurationError` for a bad floe.yaml, and `UsageError` where
    floe.yaml names another repository or a manifest.
    """
    wanted = VersionRequest.parse(version, workspace)
    before = read_text(workspace.spec_path) if stands(workspace.spec_path) else None
    spec = load_spec(workspace.spec_path) if before is not None else None
    if spec is not None:
        _demand_same_repository(workspace, spec, wanted)
    lock = workspace.store.read_lock()
    options = PullOptions(spec=spec) if spec is not None else PullOptions(trusted_keys=trusted_keys)
    options = replace(options, allow_downgrade=allow_downgrade)
    found = prepare(workspace, wanted, lock, options=options, ask=ask, report=report, cancel=cancel)
    platform = found.artifact.platform
    ref = _ref(workspace, spec, wanted, found.lock, precision)
    if before is None:
        name, compute = name_of_project(workspace.directory), platform.manifest.plugins.get("compute", "")
        text = new_spec_text(ref=ref, name=name, compute=compute, trusted_keys=trusted_keys)
    else:
        text = with_ref(before, ref)
    locks = replace(found.lock, constraint=constraint_of(ref, workspace.directory))
    candidate = found if isinstance(found, Candidate) else None
    evaluations, unjudged = _judged(workspace, platform) if judged else ((), "nobody asked")
    problems = _refused(workspace, text, platform)
    return FirstPin(ref, text, before, lock, locks, candidate, platform, evaluations, unjudged, problems)


def take_first_pin(workspace: Workspace, plan: FirstPin, *, cancel: CancelToken | None = None) -> Lock:
    """Do what `plan` says: floe.yaml, the lock and the cached version, all or nothing.

    What the platform finds does not keep it from being pinned: nothing runs under it yet. Raises
    `Refused` where the files changed since the plan was made; then everything is as it was.
    """
    was, now = (plan.before, plan.lock), (plan.text, plan.locks)
    if plan.candidate is not None or was != now:
        doing = f"the first pin of {plan.locks.tag}"
        settle(workspace, doing, was, now, plan.candidate, cancel=cancel)
    return plan.locks


def _demand_same_repository(workspace: Workspace, spec: Spec, wanted: VersionRequest) -> None:
    pinned_now = VersionRequest.demanded(spec, workspace)
    if pinned_now.repository.name != wanted.repository.name:
        raise UsageError(
            "the project is pinned to another repository",
            f"floe.yaml has {pinned_now.repository.name}, and this version is in {wanted.repository.name}",
            hint="choose the project's repository first, or write platform.ref in floe.yaml by hand",
            where=str(workspace.spec_path),
        )


def _ref(
    workspace: Workspace, spec: Spec | None, wanted: VersionRequest, lock: Lock, precision: Precision | None
) -> str:
    version = Version.parse(lock.version)
    if spec is None or spec.platform.ref is None:
        constraint = wanted.constraint if precision is None else pinned(version, precision)
        return as_written(VersionRequest(wanted.repository, constraint), workspace.directory)
    if precision is None and VersionRequest.of(spec, workspace.directory) == wanted:
        return spec.platform.ref
    if precision is None:
        return moved(spec.platform.ref, workspace.directory, version, lock.digest)
    return constrained(spec.platform.ref, workspace.directory, pinned(version, precision))


def _judged(workspace: Workspace, platform: Platform) -> tuple[tuple[Evaluation, ...], str]:
    """What the platform says of the directory's dbt projects, or why nobody can say."""
    try:
        spec, projects = projects_of(workspace.directory, platform=platform)
        evaluations = judge(projects, platform, spec)
    except (ConfigurationError, NothingChecked) as error:
        return (), ": ".join(part for part in (error.title, error.message) if part)
    if not evaluations or all(evaluation.nothing_checked for evaluation in evaluations):
        return (), "no model was checked"
    return evaluations, ""


def _refused(workspace: Workspace, text: str, platform: Platform) -> tuple[Diagnostic, ...]:
    """What the floe.yaml asks for and the platform does not permit."""
    spec = check_spec(text, base=workspace.directory).spec
    found = against_platform(spec, parse(text), platform) if spec is not None else ()
    return tuple(problem for problem in found if problem.severity is Severity.ERROR)
