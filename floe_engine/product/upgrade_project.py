"""A project moved to another version of its platform: what it would break, before it is taken."""

from __future__ import annotations

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.artifact.content import Artifact
from floe_engine.distribution.pull import Candidate, PullOptions, load, obtain
from floe_engine.distribution.request import VersionRequest, choose_tag, demand_one_meaning, satisfies
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import parse
from floe_engine.errors import CacheCorrupt, NothingChecked, Refused, TrustError, UsageError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.product.pin import (
    Pin,
    constrained,
    constraint_of,
    move_pin,
    moved,
    read_pin,
    stale_comments,
)
from floe_engine.project.spec_check import against_platform
from floe_engine.store import Lock
from floe_engine.text import plural
from floe_engine.trust.authority import revoked_keys
from floe_engine.trust.verdict import AskFirstUse
from floe_engine.upgrade.fleet import project_impact
from floe_engine.upgrade.impact import Impact
from floe_engine.upgrade.pins import pin_status, pinned
from floe_engine.upgrade.rules import Assessment, compare
from floe_engine.versions import Constraint, Precision, Version, VersionStep
from floe_engine.workspace import Workspace

SHOWN_EFFECTS = 10
"""Breaking findings that a refusal names; the others are counted."""


class UpgradePlan(Struct, frozen=True):
    """What a move would do. Nothing was written; the new version was fetched and verified."""

    pin: Pin
    """As it is now."""
    ref: str
    """What floe.yaml would say."""
    version: Version
    """What would be locked."""
    candidate: Candidate | None
    """The new version; None where the locked one stays."""
    assessment: Assessment
    """What changed in the platform."""
    impact: Impact | None
    """What becomes of the project's findings; None where there was nothing to judge."""
    unjudged: str = ""
    """Why there is no impact."""
    problems: tuple[Diagnostic, ...] = ()
    """What floe.yaml asks for and the new version no longer permits."""

    @property
    def step(self) -> VersionStep:
        """How far the new version is from the locked one."""
        return self.version.step_from(self.pin.version)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.candidate is not None or self.ref != self.pin.ref

    @property
    def breaks(self) -> bool:
        """Whether a build that runs today would stop."""
        return bool(self.problems or (self.impact is not None and self.impact.breaking))

    @property
    def stale_comments(self) -> tuple[int, ...]:
        """Lines of floe.yaml whose comments offer this platform under constraints that it has left."""
        return stale_comments(self.pin.text, self.pin.ref, self.pin.path.parent, self.version)

    def demand(self) -> None:
        """Raise `Refused` where it breaks the project, `NothingChecked` where nobody can say."""
        if self.breaks:
            effects = self.impact.breaking if self.impact else ()
            lines = [f"floe.yaml:{problem.span.start}: {problem.message}" for problem in self.problems]
            for effect in effects[:SHOWN_EFFECTS]:
                found = effect.finding
                by = ", ".join(dict.fromkeys(cause.rule.id for cause in effect.causes)) or "no rule found"
                lines.append(f"{found.path}:{found.line}: {found.rule} {found.message} (by {by})")
            if len(effects) > SHOWN_EFFECTS:
                lines.append(f"and {plural(len(effects) - SHOWN_EFFECTS, 'other finding')}")
            raise Refused(
                f"{self.version.tag} would break this project",
                "\n".join(lines),
                hint=f"mend these first ({Act.UPGRADE:--dry-run} lists all), or use {Option.ACCEPT_BREAKING}",
            )
        if self.impact is None:
            raise NothingChecked(
                f"nobody can say whether {self.version.tag} would break this project",
                self.unjudged,
                hint=f"use {Option.ACCEPT_BREAKING} to move all the same",
            )


def plan_upgrade(
    workspace: Workspace,
    to: str | None = None,
    *,
    allow_downgrade: bool = False,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> UpgradePlan:
    """What moving to `to` (a version or a constraint; None: the latest release) would do.

    The pin keeps its precision: ``v1.2.*`` becomes ``v2.0.*``. Nothing is written. Raises what
    `pull` raises: a version that could not be pulled is never previewed.
    """
    pin = read_pin(workspace)
    version = _latest(workspace, pin, cancel) if to is None else _named(workspace, pin, to, cancel)
    if version == pin.version:
        _demand_still_trusted(workspace, pin)
    candidate = _candidate(workspace, pin, version, allow_downgrade, ask, report, cancel)
    digest = candidate.lock.digest if candidate else pin.lock.digest
    ref = moved(pin.ref, workspace.directory, version, digest)
    return _plan(workspace, pin, ref, version, candidate, report, cancel)


def plan_pin(
    workspace: Workspace,
    constraint: str | None = None,
    precision: Precision | None = None,
    *,
    allow_downgrade: bool = False,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> UpgradePlan:
    """What pinning differently would do: to `constraint`, or to the locked version at a `precision`.

    With both, to the version that `constraint` means, at that precision. The locked version stays
    where the new pin admits it; else the highest that it admits is fetched and verified.
    """
    pin = read_pin(workspace)
    if constraint is None and precision is None:
        raise UsageError(
            "nothing says how to pin",
            hint=f"name a version, or {Option.EXACT}, {Option.PATCH} or {Option.MINOR}",
        )
    stays = constraint is None or satisfies(pin.lock, VersionRequest(pin.wanted.repository, constraint))
    version = pin.version if stays or constraint is None else _named(workspace, pin, constraint, cancel)
    written = (
        constraint.strip() if precision is None and constraint else pinned(version, precision or "pinned")
    )
    for warning in Constraint.parse(written).warnings:
        report(Notice(warning))
    candidate = _candidate(workspace, pin, version, allow_downgrade, ask, report, cancel)
    ref = constrained(pin.ref, workspace.directory, written)
    return _plan(workspace, pin, ref, version, candidate, report, cancel)


def take_upgrade(
    workspace: Workspace,
    plan: UpgradePlan,
    *,
    accept_breaking: bool = False,
    cancel: CancelToken | None = None,
) -> Lock:
    """Do what `plan` says: floe.yaml, the lock and the cached version, all or nothing; returns the new lock.

    Raises `Refused` where it would break the project and `accept_breaking` is not set, or where the
    files changed since the plan was made; then everything is as it was.
    """
    if not plan.changes:
        return plan.pin.lock
    if plan.candidate is not None and not accept_breaking:
        plan.demand()
    return move_pin(workspace, plan.pin, plan.ref, plan.candidate, cancel=cancel)


# --- which version -----------------------------------------------------------------------------


def _latest(workspace: Workspace, pin: Pin, cancel: CancelToken | None) -> Version:
    """The latest release; the locked version where it is higher, such as a prerelease of the next."""
    repository = workspace.repository(pin.wanted.repository, cancel=cancel)
    seen = pin_status(Constraint.parse("*"), pin.version, repository.tags())
    latest = max(filter(None, (seen.latest, pin.version)))
    for pair in seen.resolution.conflicts:
        if latest.tag in pair and latest != pin.version:
            demand_one_meaning(repository, pair)
    return latest


def _demand_still_trusted(workspace: Workspace, pin: Pin) -> None:
    """Raise `TrustError` where whoever signed the locked version is trusted no more: it is not up to date."""
    try:
        load(workspace, pin.lock, PullOptions(spec=pin.spec))
    except CacheCorrupt:
        return  # nothing is there to be believed; whoever uses it fetches it again
    except TrustError as refused:
        refused.hint = (
            f"{Act.UPGRADE:--to VERSION} moves to one that somebody you trust has signed, a lower one too; "
            f"{Act.LIST:--details} shows which those are"
        )
        raise


def _named(workspace: Workspace, pin: Pin, text: str, cancel: CancelToken | None) -> Version:
    """The version that a constraint means: itself, or the highest that it admits."""
    constraint = Constraint.parse(text)
    if constraint.exact is not None:
        return constraint.exact
    repository = workspace.repository(pin.wanted.repository, cancel=cancel)
    return Version.parse(choose_tag(repository, VersionRequest(pin.wanted.repository, text)))


def _candidate(
    workspace: Workspace,
    pin: Pin,
    version: Version,
    allow_downgrade: bool,
    ask: AskFirstUse | None,
    report: Report,
    cancel: CancelToken | None,
) -> Candidate | None:
    if version == pin.version:
        return None
    wanted = VersionRequest(pin.wanted.repository, str(version))
    options = PullOptions(spec=pin.spec, allow_downgrade=allow_downgrade)
    return obtain(workspace, wanted, pin.lock, options=options, ask=ask, report=report, cancel=cancel)


# --- what it does ------------------------------------------------------------------------------


def _plan(
    workspace: Workspace,
    pin: Pin,
    ref: str,
    version: Version,
    candidate: Candidate | None,
    report: Report,
    cancel: CancelToken | None,
) -> UpgradePlan:
    constraint_of(ref, workspace.directory)  # a ref that floe.yaml could not hold is refused here
    if candidate is None:
        return UpgradePlan(pin, ref, version, None, Assessment(()), Impact(()))
    old, new = _locked(workspace, pin, report, cancel), candidate.artifact
    assessment = compare(old, new, revoked=revoked_keys(workspace))
    problems = _refused(pin, new, known=_refused(pin, old))
    try:
        found = project_impact(workspace.directory, old, new)
    except NothingChecked as error:
        return UpgradePlan(pin, ref, version, candidate, assessment, None, str(error), problems)
    return UpgradePlan(pin, ref, version, candidate, assessment, found, "", problems)


def _locked(workspace: Workspace, pin: Pin, report: Report, cancel: CancelToken | None) -> Artifact:
    """The locked version: from the cache, or fetched by its digest, for nothing may be written yet.

    Of one whose signer is trusted no more the cached files are compared with all the same, for it is left.
    """
    options = PullOptions(spec=pin.spec)
    try:
        return load(workspace, pin.lock, options).artifact
    except TrustError:
        return workspace.store.load(pin.lock)
    except CacheCorrupt:
        wanted = VersionRequest(pin.wanted.repository, pin.lock.digest)
        return obtain(
            workspace, wanted, pin.lock, options=options, restore=pin.lock, report=report, cancel=cancel
        ).artifact


def _refused(pin: Pin, artifact: Artifact, known: tuple[Diagnostic, ...] = ()) -> tuple[Diagnostic, ...]:
    """What floe.yaml asks for and the platform does not permit, without what was refused before."""
    before = {(problem.code, problem.path) for problem in known}
    return tuple(
        problem
        for problem in against_platform(pin.spec, parse(pin.text), artifact.platform)
        if problem.severity is Severity.ERROR and (problem.code, problem.path) not in before
    )
