"""`floe platform import-rules`: what another tool checks, as rules of the platform."""

from __future__ import annotations

from pathlib import Path

import click

from floe_engine.cli.command import Context, command
from floe_engine.cli.options import argument, dry_run
from floe_engine.text import plural


@command(
    "import-rules",
    examples={
        "floe platform import-rules ../dbt/dbt-bouncer.yml --dry-run": "show what would be written",
        "floe platform import-rules ../dbt/.pre-commit-config.yaml": "the hooks of dbt-checkpoint",
        "floe platform import-rules ../dbt/dbt_project.yml": "the rules of dbt-project-evaluator",
    },
)
@argument(
    "configuration",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A dbt-bouncer.yml (.toml, pyproject.toml), .pre-commit-config.yaml or dbt_project.yml.",
)
@dry_run
def import_rules(context: Context, *, configuration: Path, dry_run: bool) -> None:
    """Write what another tool checks as rules into manifest.yaml, and list what cannot be carried.

    What floe has built in becomes its setting, the rest a rule in CEL. A rule that is there already is
    not written again.
    """
    from floe_engine.platform.import_rules import import_rules as carry

    imported = carry(context.workspace, configuration, write=not dry_run)
    out = context.output
    out.diff(imported.diff)
    out.section()
    new = sum(each.new for each in imported.carried)
    total = len(imported.carried) + len(imported.left)
    near = [each for each in imported.carried if each.near]
    for each in near:
        out.line(f"{_place(configuration, each.line)}: {each.check} is {each.to}. {each.near}")
    if near:
        out.section()
    for left in imported.left:
        out.line(f"{_place(configuration, left.line)}: {left.check} is not carried: {left.why}")
    if imported.left:
        out.section()
    there = len(imported.carried) - new
    already = f", {there} of them there already" if there else ""
    out.line(
        f"{'Would carry' if dry_run else 'Carried'} {len(imported.carried)} of "
        f"{plural(total, 'check')} of {imported.peer} into {imported.manifest}{already}"
    )
    if new and not dry_run:
        out.line("Next: floe platform check, and examples for rules that matter")
    out.result(
        peer=imported.peer,
        written=not dry_run,
        carried=[
            {"check": c.check, "line": c.line, "to": c.to, "new": c.new, "differs": c.near}
            for c in imported.carried
        ],
        left=[{"check": each.check, "line": each.line, "why": each.why} for each in imported.left],
        diff=imported.diff,
    )


def _place(file: Path, line: int) -> str:
    return f"{file.name}:{line}" if line else file.name
