"""`floe outdated`, `floe upgrade` and `floe pin`: where a pin stands, and how it is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floe_engine.cli import asking
from floe_engine.cli.changes import show_lines
from floe_engine.cli.command import Context, command
from floe_engine.cli.options import (
    CONSTRAINT,
    accept_breaking,
    allow_downgrade,
    argument,
    dry_run,
    offline,
    option,
)
from floe_engine.cli.output import diagnostic_document, error_document
from floe_engine.errors import FloeError, UsageError
from floe_engine.text import printable

if TYPE_CHECKING:
    from floe_engine.product.upgrade_project import UpgradePlan
    from floe_engine.versions import Precision, Version

_OUTDATED = {
    "floe outdated": "is there anything newer?",
    "floe outdated --exit-code -o json": "for a bot: exit 1 where there is",
}
_UPGRADE = {
    "floe upgrade --dry-run": "what the latest version would break here",
    "floe upgrade --to v1.3.0": "to this version, if nothing breaks",
    "floe upgrade --to '^1.2'": "to the highest that a constraint admits",
    "floe upgrade --accept-breaking": "to the latest, whatever breaks",
    "floe upgrade --undo": "back to what was pinned before",
}
_PIN = {
    "floe pin v1.2.3": "to this version alone",
    "floe pin 'v1.2.*'": "to 1.2 and its patches",
    "floe pin --patch": "the locked version and its patches: v1.2.*",
    "floe pin --minor": "the locked version and its minor versions: v1.*.*",
}


# --- floe outdated -----------------------------------------------------------------------------


@command("outdated", examples=_OUTDATED)
@option("--exit-code", is_flag=True, help="Exit with 1 where a newer version is published.")
@offline
def outdated(context: Context, *, exit_code: bool, offline: bool) -> int:
    """The locked version, the highest that the pin admits, and the latest."""
    from floe_engine.product.outdated import outdated as where_it_stands

    workspace = context.workspace.without_network() if offline else context.workspace
    found = where_it_stands(workspace, cancel=context.cancel)
    seen, out = found.status, context.output
    ok = not (exit_code and seen.outdated)
    header = ("platform", "pinned", "current", "wanted", "latest")
    row = (
        printable(found.name or found.repository.name),
        found.constraint[:19],
        seen.current.tag if seen.current else "nothing",
        _with_step(seen.wanted, seen.wanted_step),
        _with_step(seen.latest, seen.latest_step),
    )
    widths = [max(map(len, column)) for column in zip(header, row, strict=True)]
    for cells in (header, row):
        out.answer("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
    if found.cached:
        out.answer(f"(as of {found.listed_at})")
    if found.withdrawn and seen.current is not None:
        out.warning(f"the registry no longer has {seen.current.tag}", "ask the platform team why")
    out.result(
        platform=found.name,
        repository=found.repository.name,
        constraint=found.constraint,
        current=seen.current.tag if seen.current else None,
        wanted=_step_facts(seen.wanted, seen.wanted_step),
        latest=_step_facts(seen.latest, seen.latest_step),
        outdated=seen.outdated,
        withdrawn=found.withdrawn,
        ignoredTags=found.ignored,
        listedAt=found.listed_at,
        cached=found.cached,
        ok=ok,
    )
    return 0 if ok else 1


def _with_step(version: Version | None, step: str) -> str:
    if version is None:
        return "nothing"
    return version.tag if step == "same" else f"{version.tag} ({step})"


def _step_facts(version: Version | None, step: str) -> dict[str, Any] | None:
    return {"version": version.tag, "level": step} if version else None


# --- floe upgrade, floe pin --------------------------------------------------------------------


@command("upgrade", examples=_UPGRADE)
@option(
    "--to", type=CONSTRAINT, metavar="VERSION", help="A version or a constraint; absent: the latest release."
)
@dry_run
@accept_breaking
@allow_downgrade
@option("--undo", is_flag=True, help="Take the last upgrade or pin back.")
def upgrade(
    context: Context,
    *,
    to: str | None,
    dry_run: bool,
    accept_breaking: bool,
    allow_downgrade: bool,
    undo: bool,
) -> int:
    """Move the pin: show what would break, then change floe.yaml and the lock together."""
    from floe_engine.product.upgrade_project import plan_upgrade

    if undo:
        if to or dry_run or accept_breaking or allow_downgrade:
            raise UsageError("--undo takes no other option")
        return _undo(context)
    plan = plan_upgrade(
        context.workspace, to, allow_downgrade=allow_downgrade, ask=asking.first_use(), **context.progress
    )
    return _carry_out(context, plan, dry_run=dry_run, accept_breaking=accept_breaking)


@command("pin", examples=_PIN)
@argument(
    "version", type=CONSTRAINT, required=False, help="v1.2.3, v1.2.*, ^1.2 …; absent: the locked version."
)
@option("--exact", is_flag=True, help="This version alone: v1.2.3.")
@option("--patch", is_flag=True, help="And its patches: v1.2.*.")
@option("--minor", is_flag=True, help="And its minor versions: v1.*.*.")
@dry_run
@accept_breaking
@allow_downgrade
def pin(
    context: Context,
    *,
    version: str | None,
    exact: bool,
    patch: bool,
    minor: bool,
    dry_run: bool,
    accept_breaking: bool,
    allow_downgrade: bool,
) -> int:
    """Pin the platform more or less closely, or to another version."""
    from floe_engine.product.upgrade_project import plan_pin

    ways: dict[Precision, bool] = {"pinned": exact, "patch": patch, "minor": minor}
    chosen = [precision for precision, wanted in ways.items() if wanted]
    if len(chosen) > 1:
        raise UsageError("--exact, --patch and --minor exclude each other", hint="choose one")
    plan = plan_pin(
        context.workspace,
        version,
        chosen[0] if chosen else None,
        allow_downgrade=allow_downgrade,
        ask=asking.first_use(),
        **context.progress,
    )
    return _carry_out(context, plan, dry_run=dry_run, accept_breaking=accept_breaking)


def _carry_out(context: Context, plan: UpgradePlan, *, dry_run: bool, accept_breaking: bool) -> int:
    """Show the plan, then do it; a refusal is shown with everything that led to it."""
    from floe_engine.product.upgrade_project import take_upgrade

    _show_plan(context, plan)
    refusal: FloeError | None = None
    if not accept_breaking and plan.candidate is not None:
        try:
            plan.demand()
        except FloeError as error:
            refusal = error
    if dry_run or refusal is not None:
        if refusal is not None and context.output.format != "json":
            context.output.error(refusal)
        elif refusal is None:
            _show_move(context, plan, " (dry run)")
        state = "refused" if refusal else "planned" if plan.changes else "current"
        context.output.result(**_plan_facts(plan, state, refusal), ok=refusal is None)
        return refusal.exit_code if refusal else 0
    take_upgrade(context.workspace, plan, accept_breaking=accept_breaking, cancel=context.cancel)
    _show_move(context, plan)
    if plan.changes:
        context.output.line("Undo it with: floe upgrade --undo")
    context.output.result(**_plan_facts(plan, "moved" if plan.changes else "current", None))
    return 0


def _show_move(context: Context, plan: UpgradePlan, note: str = "") -> None:
    """What is written, or would be."""
    out = context.output
    out.section()
    if not plan.changes:
        out.line(f"Nothing to do: {plan.pin.version.tag} is what is wanted")
        return
    lock = plan.candidate.lock if plan.candidate else plan.pin.lock
    if plan.ref != plan.pin.ref:
        out.line(f"floe.yaml: {plan.ref}{note}")
        if lines := plan.stale_comments:
            named = ", ".join(map(str, lines))
            out.line(f"Comments of floe.yaml that name another version stay as they are: line {named}")
    out.line(f"Locked: {lock.tag} {lock.digest}{note}")


def _show_plan(context: Context, plan: UpgradePlan) -> None:
    from floe_engine.output.changes.text import impact_lines, summary

    out = context.output
    if plan.candidate is None:
        return
    out.section()
    out.answer(f"{plan.pin.lock.name} {plan.pin.version.tag} → {plan.version.tag} ({plan.step})")
    show_lines(
        context,
        (f"{entry.bump.upper():<6} {entry.rule.id}  {entry.sentence}" for entry in plan.assessment.entries),
    )
    out.answer(summary(plan.assessment))
    out.section()
    if plan.impact is None:
        out.answer(f"This project was not judged: {plan.unjudged}")
    else:
        show_lines(context, impact_lines(plan.impact))
    for problem in plan.problems:
        show_lines(context, [f"✗ floe.yaml:{problem.span.start}: {problem.code} {problem.message}"])


def _plan_facts(plan: UpgradePlan, state: str, refusal: Any) -> dict[str, Any]:
    from floe_engine.output.changes.json_report import changes_document, impact_document
    from floe_engine.output.changes.places import Sides

    locked = plan.candidate.lock if plan.candidate else plan.pin.lock
    sides = Sides(plan.pin.version.tag, plan.version.tag)
    return {
        "state": state,
        "platform": locked.name,
        "from": {"version": plan.pin.version.tag, "digest": plan.pin.lock.digest, "ref": plan.pin.ref},
        "to": {"version": plan.version.tag, "digest": locked.digest, "ref": plan.ref},
        "level": plan.step,
        "breaks": plan.breaks,
        "changes": changes_document(plan.assessment, sides),
        "impact": impact_document(plan.impact) if plan.impact is not None else None,
        "unjudged": plan.unjudged,
        "problems": [diagnostic_document(problem) for problem in plan.problems],
        **({"error": error_document(refusal)} if refusal else {}),
    }


def _undo(context: Context) -> int:
    from floe_engine.product.pin import undo_move

    undone = undo_move(context.workspace, cancel=context.cancel)
    context.output.line(f"floe.yaml: {undone.ref}")
    context.output.line(f"Locked: {undone.lock.tag} {undone.lock.digest}")
    context.output.result(
        state="undone",
        undone=undone.undone,
        ref=undone.ref,
        version=undone.lock.tag,
        digest=undone.lock.digest,
    )
    return 0
