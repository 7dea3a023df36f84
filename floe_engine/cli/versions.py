"""What changed, what it costs and whom it hits: `floe platform diff`, `bump` and `changelog`."""

from __future__ import annotations

import gc
import shutil
import sys
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from floe_engine.cli.changes import show_lines
from floe_engine.cli.command import Context, command
from floe_engine.cli.facts import change_facts
from floe_engine.cli.options import FILE_OR_NAME, VERSION, VERSION_OR_PLACE, argument, dry_run, option
from floe_engine.errors import UsageError
from floe_engine.events import Event, Report, Transfer, silent

if TYPE_CHECKING:
    from floe_engine.platform.blast_radius import Hit
    from floe_engine.platform.compare import Comparison

BumpLevel = Literal["patch", "minor", "major"]

_WIDTH = 100
"""Columns of a side-by-side comparison where there is no terminal, and COLUMNS does not say."""


_DIFF = {
    "floe platform diff v1.2.3": "what publishing changes",
    "floe platform diff v1.2.3 v2.0.0 --side-by-side": "both values",
    "floe platform diff HEAD:manifest.yaml": "what is not committed",
    "floe platform diff v1.2.3 --impact ../products": "which projects break",
    "floe platform diff v1.2.3 --breaking --exit-code": "for CI",
}
_BUMP = {
    "floe platform bump": "as far as the changes need",
    "floe platform bump --level major --dry-run": "what a major would be",
    "floe platform bump --to 2.0.0-rc.1": "this one, if it is enough",
}
_CHANGELOG = {
    "floe platform changelog > CHANGELOG.md": "every version so far",
    "floe platform changelog v1.2.3 v2.0.0": "after v1.2.3, up to v2.0.0",
}


# --- floe platform diff ------------------------------------------------------------------------


@command("diff", registry=True, formats=("text", "json", "markdown", "github", "html"), examples=_DIFF)
@argument(
    "old",
    type=VERSION_OR_PLACE,
    help="A tag, digest, reference, directory or manifest.yaml; or one in git, as HEAD:manifest.yaml.",
)
@argument(
    "new",
    type=VERSION_OR_PLACE,
    default="manifest.yaml",
    help="The other side, of the same kinds; absent: manifest.yaml.",
)
@option("--side-by-side", is_flag=True, help="Both values in columns, line by line.")
@option("--unified", is_flag=True, help="Removed and added settings.")
@option("--breaking", is_flag=True, help="Only what can break a project; for --exit-code too.")
@option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 where there are changes; with --breaking, breaking ones; with "
    "--breaking --impact, where a project would break.",
)
@option(
    "--impact",
    type=FILE_OR_NAME,
    multiple=True,
    metavar="PROJECT",
    help="Judge this project, or folder of projects, under both sides.",
)
@option("--executor", default="", metavar="ADDRESS", help="Judge on a Dask cluster: tcp://HOST:PORT.")
def diff(
    context: Context,
    *,
    old: str,
    new: str,
    side_by_side: bool,
    unified: bool,
    breaking: bool,
    exit_code: bool,
    impact: tuple[str, ...],
    executor: str,
) -> int:
    """Compare two platforms: what changed, the version it needs, and whom it would hit."""
    from floe_engine.platform.blast_radius import find_fleet, measure_impact
    from floe_engine.platform.compare import compare

    if side_by_side and unified:
        raise UsageError("--side-by-side and --unified are two forms of the same", hint="choose one")
    if executor and not impact:
        raise UsageError("--executor runs what --impact asks for", hint="add --impact PROJECTS")
    fleet = find_fleet(context.workspace, impact) if impact else None
    if fleet is not None:
        gc.enable()  # for as many projects as there are
    compared = compare(context.workspace, old, new, **context.progress)
    hit = None
    if fleet is not None:
        as_table = context.output.format in ("markdown", "github", "html")
        hit = measure_impact(
            compared,
            fleet,
            executor=executor,
            as_table=as_table,
            report=_counting(context),
            cancel=context.cancel,
        )
    shown = compared.only_breaking if breaking else compared
    found = hit.breaks if breaking and hit is not None else bool(shown.assessment.entries)
    form = "side by side" if side_by_side else "unified" if unified else "by rule"
    ok = not (exit_code and found)
    _show_comparison(context, shown, hit, form, ok=ok)
    return 0 if ok else 1


def _counting(context: Context) -> Report:
    """Count the projects on stderr while they are judged, where somebody looks at it."""
    if context.output.quiet or not sys.stderr.isatty():
        return silent

    def count(event: Event) -> None:
        if isinstance(event, Transfer):
            end = "\r\x1b[K" if event.done == event.total else ""
            sys.stderr.write(f"\rjudged {event.done:,} of {event.total:,} projects{end}")
            sys.stderr.flush()

    return count


def _show_comparison(context: Context, compared: Comparison, hit: Hit | None, form: str, *, ok: bool) -> None:
    assessment, sides, out = compared.assessment, compared.sides, context.output
    radius = hit.radius if hit else None
    match out.format:
        case "json":
            from floe_engine.output.changes.json_report import (
                blast_radius_document,
                changes_document,
                impact_document,
            )

            out.result(
                changes=changes_document(assessment, sides),
                impact=impact_document(hit.impact) if hit and hit.impact else None,
                blastRadius=blast_radius_document(radius) if radius else None,
                ok=ok,
            )
        case "github":
            from floe_engine.output.changes.github import blast_radius_annotations, github_annotations

            lines = [*github_annotations(assessment, sides)]
            out.data("\n".join([*lines, *(blast_radius_annotations(radius) if radius else ())]))
        case "markdown":
            from floe_engine.output.changes.markdown import changes_markdown

            out.data(changes_markdown(assessment, sides, radius))
        case "html":
            from floe_engine.output.changes.html import changes_page

            out.data(changes_page(assessment, sides, radius))
        case _:
            _show_comparison_text(context, compared, form, hit)


def _show_comparison_text(context: Context, compared: Comparison, form: str, hit: Hit | None) -> None:
    from floe_engine.output.changes import text

    assessment, sides = compared.assessment, compared.sides
    if form == "unified":
        show_lines(context, [*text.unified(assessment, sides), ""])
    elif form == "side by side":
        from floe_engine.output.changes.columns import two_columns

        width = shutil.get_terminal_size((_WIDTH, 24)).columns
        show_lines(context, [*two_columns(assessment, sides, width=width), ""])
    else:
        show_lines(context, text.changes_by_rule(assessment, sides))
    context.output.answer(text.summary(assessment))
    if hit is not None:
        context.output.section()
        show_lines(context, text.impact_lines(hit.impact) if hit.impact is not None else ())
        show_lines(context, text.blast_radius_lines(hit.radius) if hit.radius is not None else ())


# --- floe platform bump, changelog -------------------------------------------------------------


@command("bump", registry=True, examples=_BUMP)
@option(
    "--level", type=click.Choice(get_args(BumpLevel)), help="Bump this far; refused where it is too little."
)
@option("--to", metavar="VERSION", help="The version to write.")
@dry_run
def bump(context: Context, *, level: BumpLevel | None, to: str | None, dry_run: bool) -> None:
    """Write the right next version into manifest.yaml, and nothing else."""
    from floe_engine.platform.bump import bump as bump_version

    done = bump_version(context.workspace, level=level, to=to, dry_run=dry_run, **context.progress)
    out, verdict = context.output, done.verdict
    show_lines(
        context,
        (
            f"{entry.bump.upper():<6} {entry.rule.id} {done.place(entry)}: {entry.sentence}"
            for entry in verdict.assessment.entries
        ),
    )
    for entry, suppression in verdict.suppressed.suppressed:
        out.answer(f"({entry.rule.id} is suppressed by {suppression.owner})")
    out.answer(f"{verdict.summary[:1].upper()}{verdict.summary[1:]}")
    if not done.changed:
        out.answer(f"manifest.yaml: {done.version} is right as it is")
    else:
        out.answer(f"manifest.yaml: {done.before} → {done.version}{' (dry run)' if dry_run else ''}")
    ends: dict[str, Any] = {"from": str(done.before), "to": str(done.version)}
    out.result(
        **ends,
        changed=done.changed,
        written=done.changed and not dry_run,
        previous=verdict.previous.tag if verdict.previous else None,
        required=verdict.required,
        changes=change_facts(verdict, done.place),
    )


@command("changelog", registry=True, examples=_CHANGELOG)
@argument(
    "start",
    type=VERSION,
    required=False,
    metavar="[FROM]",
    help="Begin after this version; absent: the first.",
)
@argument(
    "end",
    type=VERSION_OR_PLACE,
    required=False,
    metavar="[TO]",
    help="End with this version, or manifest.yaml.",
)
def changelog(context: Context, *, start: str | None, end: str | None) -> None:
    """The changes between published versions, and up to the working copy, as Markdown."""
    from floe_engine.output.changes.json_report import changes_document
    from floe_engine.output.changes.places import Sides
    from floe_engine.platform.changelog import changelog as changes_of_versions

    found = changes_of_versions(context.workspace, start, end, **context.progress)
    if context.output.format == "text":
        context.output.data(found.markdown)
    context.output.result(
        platform=found.name,
        releases=[
            {
                "version": release.version.tag,
                "day": release.day,
                "previous": release.previous.tag if release.previous else None,
                "changes": changes_document(
                    release.assessment,
                    Sides(release.previous.tag if release.previous else "", release.version.tag),
                ),
            }
            for release in found.releases
        ],
    )
