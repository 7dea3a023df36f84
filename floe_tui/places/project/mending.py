"""Mending findings from the place that shows them: declare what they ask for, or waive one.

Both show first what they would write, and write it when that is confirmed. `f` of a finding means it,
of a heading its rule, and what is marked means all that is marked.
"""

from __future__ import annotations

import glob
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine import CancelToken, Finding, Report
from floe_tui.text import count

if TYPE_CHECKING:
    from floe_engine import CompiledProject, FixedProject, Waived
    from floe_tui.panels.excuse import Excuse
    from floe_tui.places.place import PlaceScreen

TIMEOUT = 300.0

USUAL = 90
"""Days that a waiver is offered for, where the platform permits as many."""


class Allowance(Struct, frozen=True):
    """What the platform says of a data team's waivers."""

    why_not: str = ""
    """Why there may be none; empty: there may."""
    days: int = 0
    """How long one may hold."""
    ends: bool = True
    """Whether it has to end."""
    owner: str = ""
    """Who most likely answers for one."""

    @property
    def latest(self) -> str:
        """The last day permitted, as YYYY-MM-DD."""
        return _in(self.days)

    @property
    def usual(self) -> str:
        """The day to offer."""
        return _in(min(USUAL, self.days))


ALLOWED = Allowance()
"""Where nobody knows otherwise."""


def allowance(done: CompiledProject) -> Allowance:
    """Whether the data team may waive here, and how."""
    policy = done.platform.gates.waiver_policy
    refused = "the platform allows no waivers in a data product" if policy.allow_in_product == "never" else ""
    return Allowance(refused, policy.max_days, policy.require_expiry, done.spec.metadata.owner or "")


def _in(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def not_mendable(rules: Sequence[str], *, waivable: bool = True) -> str:
    """Why nothing can be declared for any of these rules, and what can be done; empty: something can."""
    from floe_engine import mendable

    other = "w waives it" if waivable else "e opens its line"
    return "" if rules and mendable(rules) else f"nothing that is declared mends it; {other}"


def fix(
    screen: PlaceScreen, rules: Sequence[str], subjects: Sequence[str], done: Callable[[], object]
) -> None:
    """Show what would be declared for the findings of `rules` on `subjects` (none: on all), and write it."""
    from floe_engine import mendable

    wanted = [*mendable(rules), *(glob.escape(subject) for subject in subjects)]
    directory = screen.workbench.options.directory
    command = shlex.join(["floe", "fix", *wanted])

    def work(write: bool) -> Callable[[Report, CancelToken], FixedProject]:
        def run(report: Report, cancel: CancelToken) -> FixedProject:
            from floe_engine import Workspace, fix_project

            return fix_project(Workspace.open(directory), wanted, write=write, report=report, cancel=cancel)

        return run

    def planned(fixed: FixedProject) -> None:
        from floe_tui.panels.change import ChangePanel

        if not fixed.files:
            left = fixed.left[0] if fixed.left else "what is left is for people, or for SQL; w waives it."
            screen.notify(f"Nothing to declare: {left}", markup=False)
            return
        said = [f"✓ {count(fixed.mended, 'finding')} mended in {count(len(fixed.files), 'file')}"]
        if fixed.places:
            said.append(f"! {count(fixed.places, 'place')} to fill in: what only people know")
        said += [f"! {line}" for line in fixed.left]
        panel = ChangePanel(
            "Declare what the findings ask for?",
            said,
            "\n".join(file.diff.rstrip("\n") for file in fixed.files),
            read_only=screen.workbench.options.read_only,
        )
        screen.app.push_screen(panel, lambda sure: write() if sure else None)

    def write() -> None:
        screen.job(
            work(True), title="Writing the declarations", group="project.mend", done=written, timeout=TIMEOUT,
            important=True, command=command,
        )  # fmt: skip

    def written(fixed: FixedProject) -> None:
        screen.notify(f"✓ {count(fixed.mended, 'finding')} mended", markup=False)
        done()

    screen.job(
        work(False), title="Looking for what can be declared", group="project.mend", done=planned,
        timeout=TIMEOUT, command=f"{command} --dry-run",
    )  # fmt: skip


def waive(screen: PlaceScreen, finding: Finding, allowed: Allowance, done: Callable[[], object]) -> None:
    """Ask for reason, owner and end of a waiver, show what it would write, and write it."""
    from floe_tui.panels.excuse import ExcusePanel

    name = f"{finding.rule} on {finding.subject}"
    panel = ExcusePanel(
        f"Waive {name}?", finding.message, owner=allowed.owner, expires=allowed.usual,
        latest=allowed.latest, must_end=allowed.ends,
    )  # fmt: skip

    def said(excuse: Excuse | None) -> None:
        if excuse is not None:
            _waive(screen, finding, name, excuse, done)

    screen.app.push_screen(panel, said)


def _waive(
    screen: PlaceScreen, finding: Finding, name: str, excuse: Excuse, done: Callable[[], object]
) -> None:
    directory = screen.workbench.options.directory
    words = ["--reason", excuse.reason, "--owner", excuse.owner]
    words += ["--expires", excuse.expires] if excuse.expires else []
    command = shlex.join(["floe", "waive", finding.fingerprint, *words])

    def work(write: bool) -> Callable[[Report, CancelToken], Waived]:
        def run(report: Report, cancel: CancelToken) -> Waived:
            from floe_engine import Workspace
            from floe_engine import waive as waive_finding

            return waive_finding(
                Workspace.open(directory),
                finding.fingerprint,
                reason=excuse.reason,
                owner=excuse.owner,
                expires=excuse.expires or None,
                write=write,
                report=report,
                cancel=cancel,
            )

        return run

    def planned(waived: Waived) -> None:
        from floe_tui.panels.change import ChangePanel

        number = len(waived.findings)
        until = f"until {excuse.expires}" if excuse.expires else "for ever"
        said = [f"- {count(number, 'finding')} of {finding.rule} waived {until}, by {excuse.owner}"]
        read_only = screen.workbench.options.read_only
        panel = ChangePanel(f"Waive {name}?", said, waived.diff, verb="Waive", read_only=read_only)
        screen.app.push_screen(panel, lambda sure: write() if sure else None)

    def write() -> None:
        screen.job(
            work(True), title="Waiving", group="project.mend", done=written, timeout=TIMEOUT, important=True,
            command=command,
        )  # fmt: skip

    def written(waived: Waived) -> None:
        screen.notify(f"- {count(len(waived.findings), 'finding')} waived in floe.yaml", markup=False)
        done()

    screen.job(
        work(False), title="Looking at the waiver", group="project.mend", done=planned, timeout=TIMEOUT,
        command=f"{command} --dry-run",
    )  # fmt: skip
