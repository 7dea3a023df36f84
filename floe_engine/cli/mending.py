"""`floe fix` and `floe waive`: what findings suggest, done."""

from __future__ import annotations

from floe_engine.cli.command import Context, command
from floe_engine.cli.options import Word, argument, dry_run, offline, option
from floe_engine.text import plural


@command("fix")
@argument(
    "wanted",
    type=Word("model"),
    nargs=-1,
    metavar="[RULE|MODEL]...",
    help="Rule IDs and globs over model names; none: all.",
)
@dry_run
@offline
def fix(context: Context, *, wanted: tuple[str, ...], dry_run: bool, offline: bool) -> None:
    """Declare what findings ask for in the properties files, and show the change.

    Tests of keys, meta, access, contracts and columns that the SQL gives are written where they belong;
    for what people have to say a marked place is made, which still counts as missing. A change that
    would raise another finding is not made. RULE and MODEL (a glob) narrow it.
    """
    from floe_engine.product.fix_project import fix_project, told

    fixed = fix_project(
        context.workspace.nearest(), wanted, write=not dry_run, offline=offline, **context.progress
    )
    out = context.output
    for file in fixed.files:
        out.diff(file.diff)
    out.section()
    for line in told(fixed, written=not dry_run):
        out.line(line)
    out.result(
        written=not dry_run,
        mended=fixed.mended,
        toFillIn=fixed.places,
        files=[
            {
                "path": file.path,
                "diff": file.diff,
                "repairs": [
                    {
                        "rule": repair.finding.rule,
                        "subject": repair.finding.subject,
                        "says": repair.says,
                        "toFillIn": repair.blank,
                    }
                    for repair in file.repairs
                ],
            }
            for file in fixed.files
        ],
        left=list(fixed.left),
    )


@command("waive")
@argument(
    "finding",
    type=Word("model"),
    nargs=-1,
    required=True,
    metavar="FINDING",
    help="A rule and a model, `E201 stg_orders`, or a fingerprint.",
)
@option("--reason", required=True, metavar="TEXT", help="Why it may stay; it stands in every report.")
@option("--owner", required=True, metavar="NAME", help="Who answers for it.")
@option("--expires", metavar="DAY", help="Last day on which it holds, YYYY-MM-DD.")
@dry_run
def waive(
    context: Context, *, finding: tuple[str, ...], reason: str, owner: str, expires: str | None, dry_run: bool
) -> None:
    """Excuse a finding in floe.yaml, with a reason, an owner and an end.

    FINDING is a rule and a model, such as `E201 stg_orders`, or a finding's fingerprint. A waiver that
    the platform does not permit is not written.
    """
    from floe_engine.product.waive import waive as waive_finding

    waived = waive_finding(
        context.workspace.nearest(),
        " ".join(finding),
        reason=reason,
        owner=owner,
        expires=expires,
        write=not dry_run,
        **context.progress,
    )
    out = context.output
    out.diff(waived.diff)
    out.section()
    rule = waived.findings[0].rule
    out.line(f"{'Would waive' if dry_run else 'Waived'} {plural(len(waived.findings), 'finding')} of {rule}")
    out.result(
        written=not dry_run,
        findings=[found.fingerprint for found in waived.findings],
        pattern=waived.waiver.pattern,
        rules=list(waived.waiver.rules),
        diff=waived.diff,
    )
