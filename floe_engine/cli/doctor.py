"""`floe platform doctor`: is everything here as it should be, and what to do about what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from floe_engine.cli.command import Context, command
from floe_engine.cli.options import option

if TYPE_CHECKING:
    from floe_engine.support.doctor import Check


@command(
    "doctor",
    registry=True,
    examples={
        "floe platform doctor": "look at everything, change nothing",
        "floe platform doctor --repair": "fetch or rebuild what is damaged",
        "floe platform doctor --offline -o json": "for a script, with no network",
    },
)
@option("--repair", is_flag=True, help="Mend what can be mended.")
@option("--offline", is_flag=True, help="Ask no registry.")
def doctor(context: Context, *, repair: bool, offline: bool) -> int:
    """Look at settings, files, lock, store, registry, clock and trust, and say what to do."""
    from floe_engine.support.doctor import examine_workspace

    workspace = context.workspace.without_network() if offline else context.workspace
    found = examine_workspace(
        workspace, repair=repair, on_check=lambda check: _show(context, check), cancel=context.cancel
    )
    ok = found.exit_code == 0
    context.output.result(checks=[_facts(check) for check in found.checks], ok=ok)
    return found.exit_code


def _facts(check: Check) -> dict[str, Any]:
    facts = asdict(check)
    code = facts.pop("exit_code")
    return {**facts, "exitCode": code}


def _show(context: Context, check: Check) -> None:
    marks = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "-"}
    said = f"{check.detail}{' (repaired)' if check.repaired else ''}"
    context.output.answer(f"{marks[check.status]} {check.name:<14} {said}")
    if check.hint:
        context.output.answer(f"  {'':<14} {check.hint}")
