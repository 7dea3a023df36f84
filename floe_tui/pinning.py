"""A project's move to another version of its platform: what it would do, in words, and doing it.

Functions here run in workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from floe_engine import CancelToken, FloeError, Report
from floe_tui.text import count, homely
from floe_tui.themes import GLYPHS

if TYPE_CHECKING:
    from floe_engine import Effect, FirstPin, Impact, UpgradePlan

Precision = Literal["pinned", "patch", "minor", "kept"]
"""How closely: exactly, with its patches, with its minor versions, or as closely as until now."""

Ask = Callable[[str, str], bool]
"""Whether to trust a signer whom nothing vouches for yet: platform, signer."""

SHOWN = 50
"""Findings of a kind that a preview lists; the others are counted."""

SHOWN_OF_RULE = 5
"""Findings of a rule that a first pin lists; it is to show what kinds of work there are."""

SEVERITIES: dict[Literal["error", "warning", "info"], str] = {
    "error": "error",
    "warning": "warning",
    "info": "hint",
}
"""Severity to what a person calls it."""


class Move(Struct, frozen=True):
    """What pinning another version would do. Nothing was written."""

    title: str
    text: str
    plan: UpgradePlan | FirstPin
    reference: str
    """What floe.yaml would say."""
    changes: bool
    breaks: bool
    """Whether a build that runs today would stop, or nobody can say that it would not."""
    downgrade: bool

    @property
    def must_be_accepted(self) -> bool:
        """Whether a plain yes is not enough."""
        return self.breaks or self.downgrade


def is_pinned(directory: Path) -> bool:
    """Whether there is a floe.yaml, so that another version is a move and no first pin."""
    return (directory / "floe.yaml").is_file()


def pin_stamp(directory: Path) -> tuple[int, ...]:
    """What tells whether the pin was moved: when floe.yaml and the lock were written (0: never)."""
    found = []
    for name in ("floe.yaml", ".floe/cache/artifacts.lock"):
        try:
            found.append((directory / name).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def plan_move(
    directory: Path,
    repository: str,
    tag: str,
    precision: Precision,
    ask: Ask,
    report: Report,
    cancel: CancelToken,
) -> Move:
    """Fetch and verify `tag`, and judge the project under it.

    `repository` is where the tag was seen (empty: where the pin points). Raises `FloeError` where
    that is not what the project is pinned to, and what planning raises.
    """
    from floe_engine import Workspace, is_first, plan_first_pin, plan_pin, plan_upgrade

    workspace = Workspace.open(directory)
    if is_first(workspace):
        first = plan_first_pin(
            workspace,
            f"{repository}:{tag}" if repository else tag,
            None if precision == "kept" else precision,
            allow_downgrade=True,
            ask=ask,
            report=report,
            cancel=cancel,
        )
        return described_first(first)
    if precision == "kept":
        plan = plan_upgrade(workspace, tag, allow_downgrade=True, ask=ask, report=report, cancel=cancel)
    else:
        plan = plan_pin(
            workspace, tag, precision, allow_downgrade=True, ask=ask, report=report, cancel=cancel
        )
    home = plan.pin.wanted.repository.name
    if repository and repository != home:
        raise FloeError(
            "the project is pinned to another repository",
            f"floe.yaml has {home}, and this version is in {repository}",
            hint="choose the project's repository first, or write platform.ref in floe.yaml by hand",
        )
    return described(plan)


def pinned_repository(directory: Path, cancel: CancelToken) -> str:
    """The repository that the project is pinned to. Raises `FloeError` where it is pinned to none."""
    from floe_engine import Workspace, outdated

    return str(outdated(Workspace.open(directory), cancel=cancel).repository.name)


def take_move(directory: Path, move: Move, *, accepted: bool, cancel: CancelToken) -> str:
    """Do it; says what floe.yaml has now. Raises `Refused` where it breaks and is not accepted."""
    from floe_engine import FirstPin, Workspace, take_first_pin, take_upgrade

    if isinstance(move.plan, FirstPin):
        take_first_pin(Workspace.open(directory), move.plan, cancel=cancel)
    else:
        take_upgrade(Workspace.open(directory), move.plan, accept_breaking=accepted, cancel=cancel)
    return move.plan.ref


def undo(directory: Path, cancel: CancelToken) -> str:
    """Take the last move back; says what floe.yaml has again."""
    from floe_engine import Workspace, undo_move

    return str(undo_move(Workspace.open(directory), cancel=cancel).ref)


def described(plan: UpgradePlan) -> Move:
    """A plan in words."""
    downgrade = plan.step == "older"
    breaks = plan.candidate is not None and (plan.breaks or plan.impact is None)
    lines = [
        "# floe.yaml",
        f"now      {homely(plan.pin.ref)}",
        f"then     {homely(plan.ref)}",
        f"locked   {plan.pin.version.tag} → {plan.version.tag} ({_step(plan.step)})",
        "",
        *_platform(plan),
        *_project(plan),
    ]
    title = f"Pin {plan.version.tag}?"
    return Move(title, "\n".join(lines), plan, plan.ref, plan.changes, breaks, downgrade)


def described_first(plan: FirstPin) -> Move:
    """A first pin in words."""
    lock = plan.locks
    locked = f"{plan.lock.tag} → " if plan.lock is not None else ""
    signer = lock.signer
    is_local = lock.reference.startswith("oci-layout:")
    trust = ", from now on" if signer is not None and signer.first_use else ""
    lines = [
        "# floe.yaml",
        f"now      {'as it is, with nothing locked' if plan.before is not None else 'there is none yet'}",
        f"then     {homely(plan.ref)}",
        f"locked   {locked}{lock.tag}{' (an older version)' if plan.downgrade else ''}",
        f"trusted  {f'{signer}{trust}' if signer is not None else 'nobody: it is not signed'}",
        *(["! a folder of this machine, which the rest of the team does not have"] if is_local else []),
        "",
        *_found(plan),
    ]
    title = f"Pin {lock.tag}?"
    return Move(title, "\n".join(lines), plan, plan.ref, changes=True, breaks=False, downgrade=plan.downgrade)


def _found(plan: FirstPin) -> Iterator[str]:
    from floe_engine import rule_by_id

    yield "# What it finds in this project"
    for problem in plan.problems:
        yield f"✗ floe.yaml:{problem.span.start}: {problem.message}"
    if plan.unjudged:
        yield f"! nobody can say: {plan.unjudged}"
        return
    severities = Counter(finding.severity for finding in plan.findings if not finding.waived)
    waived = sum(1 for finding in plan.findings if finding.waived)
    parts = [count(severities[name], noun) for name, noun in SEVERITIES.items() if severities[name]]
    parts += [f"{waived} waived"] if waived else []
    said = f"{', '.join(parts)} in {count(plan.models, 'model')}"
    if plan.breaks:
        yield f"✗ {said}: a build would stop until the errors are mended"
    elif parts:
        yield f"! {said}, and nothing that stops a build"
    else:
        yield f"✓ nothing to mend in {count(plan.models, 'model')}"
    for rule, findings in plan.by_rule.items():
        yield ""
        sign = GLYPHS[findings[0].severity]
        known = rule_by_id(rule)
        title = f" {known.title}" if known is not None else ""
        yield f"{sign} {rule}{title}: {count(len(findings), 'finding')}"
        for finding in findings[:SHOWN_OF_RULE]:
            yield f"    {finding.path}:{finding.line} {finding.message}"
        if len(findings) > SHOWN_OF_RULE:
            yield f"    and {count(len(findings) - SHOWN_OF_RULE, 'other')}"


def _step(step: str) -> str:
    return {"same": "the same version", "older": "an older version"}.get(step, f"a {step} step")


def _platform(plan: UpgradePlan) -> Iterator[str]:
    if plan.candidate is None:
        yield "The locked version stays; only the range in floe.yaml changes."
        return
    entries = plan.assessment.entries
    yield "# What changed in the platform"
    if not entries:
        yield "nothing"
    for entry in entries[:SHOWN]:
        sign = {"major": "✗", "minor": "!"}.get(entry.bump, "·")
        yield f"{sign} {entry.rule.id} {entry.sentence}"
    if len(entries) > SHOWN:
        yield f"  and {count(len(entries) - SHOWN, 'other change')}"
    yield ""


def _project(plan: UpgradePlan) -> Iterator[str]:
    if plan.candidate is None:
        return
    yield "# What it does to this project"
    for problem in plan.problems:
        yield f"✗ floe.yaml:{problem.span.start}: {problem.message}"
    if plan.impact is None:
        yield f"✗ nobody can say: {plan.unjudged}"
        return
    kinds = (
        ("✗", "would stop the build", plan.impact.breaking),
        ("!", "new or worse, but stop nothing", _others(plan.impact)),
        ("✓", "gone or eased", plan.impact.of("resolved", "eased")),
        ("-", "no longer looked at", plan.impact.of("no_longer_evaluated")),
    )
    quiet = not plan.problems
    for sign, what, effects in kinds:
        if not effects:
            continue
        quiet = False
        yield f"{sign} {count(len(effects), 'finding')} {what}"
        for effect in effects[:SHOWN]:
            found = effect.finding
            causes = ", ".join(dict.fromkeys(cause.rule.id for cause in effect.causes))
            yield f"    {found.path}:{found.line} {found.rule} {found.message}" + (
                f" (by {causes})" if causes else ""
            )
        if len(effects) > SHOWN:
            yield f"    and {count(len(effects) - SHOWN, 'other')}"
    if quiet:
        yield "✓ nothing: every finding stays as it is"


def _others(impact: Impact) -> list[Effect]:
    return [effect for effect in impact.of("new", "worsened") if not effect.breaks]
