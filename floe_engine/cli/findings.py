"""`floe compile`: how what was found is printed, in every form there is."""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from floe_engine.cli.code_hosts import top
from floe_engine.cli.command import Context
from floe_engine.cli.output import SCHEMA_VERSION, Painted

if TYPE_CHECKING:
    from floe_engine.product.compile_project import CompiledProject

FORMATS = ("text", "json", "junit", "sarif", "github", "gitlab", "markdown", "csv", "tap", "html")

_TOO_MANY = 60
"""From more findings on a terminal shows the overview first."""

_COLOURS = {"error": "31", "warning": "33", "info": "36", "waived": "2", "detail": "2", "good": "32"}


def show(
    context: Context,
    compiled: CompiledProject,
    *,
    by_rule: bool,
    show_all: bool,
    summary: bool | None = None,
    limit: int | None = None,
) -> None:
    """Print the findings of every project in the form that was asked for.

    `summary` None means one screen at a terminal where there are many; `limit` is how many to show.
    """
    out = context.output
    if out.machine:
        out.data(_document(compiled, out.format))
        return
    from floe_engine.output.findings.text import findings_lines, preview_lines, shares
    from floe_engine.policy.product import own_waivers
    from floe_engine.policy.remedies import strict_preview

    counting = sum(
        not (finding.waived or finding.baseline)
        for evaluation in compiled.evaluations
        for finding in evaluation.findings
    )
    if summary is None:
        chosen = by_rule or show_all or limit is not None
        summary = not chosen and counting > _TOO_MANY and sys.stdout.isatty()
    if summary:
        _overview(context, compiled)
        return
    grouping: Literal["file", "rule"] = "rule" if by_rule else "file"
    evaluations = compiled.evaluations
    limits = [None] * len(evaluations) if limit is None else shares(evaluations, limit, show_all=show_all)
    several = len(evaluations) > 1
    for project, evaluation, at_most in zip(compiled.projects, evaluations, limits, strict=True):
        out.section()
        if several:
            out.answer(Painted(evaluation.project, "1"))
        prefix = _prefix(project.directory)
        lines = findings_lines(evaluation, by=grouping, show_all=show_all, limit=at_most, prefix=prefix)
        out.answers((line.text, _COLOURS.get(line.style, "")) for line in lines)
    if compiled.profile_outcome != "written":
        return  # the preview is for the first run, and for a platform that has just changed
    for project, evaluation in zip(compiled.projects, compiled.evaluations, strict=True):
        if any(level == "warn" for level in evaluation.enforcement.values()):
            preview = strict_preview(compiled.platform, project, waivers=own_waivers(compiled.spec))
            out.section()
            if several:
                out.answer(Painted(evaluation.project, "1"))
            out.answers((line.text, _COLOURS.get(line.style, "")) for line in preview_lines(preview))


def _document(compiled: CompiledProject, form: str) -> Any:
    """The findings for a machine."""
    evaluations, prefixes = compiled.evaluations, _prefixes(compiled)
    match form:
        case "json":
            return _json(compiled)
        case "junit":
            from floe_engine.output.findings.junit import evaluations_junit

            return evaluations_junit(evaluations, prefixes)
        case "sarif":
            return _sarif(compiled)
        case "github":
            from floe_engine.output.findings.github import step_annotations

            from_top = _prefixes(compiled, top())
            return "\n".join(step_annotations(list(zip(evaluations, from_top, strict=True))))
        case "gitlab":
            from floe_engine.output.findings.gitlab import quality_report

            return quality_report(evaluations, _prefixes(compiled, top()))
        case "markdown":
            from floe_engine.output.findings.markdown import findings_markdown

            parts = zip(evaluations, prefixes, strict=True)
            return "\n\n".join(findings_markdown(each, prefix=prefix) for each, prefix in parts)
        case "csv":
            from floe_engine.output.findings.table import findings_csv

            return findings_csv(evaluations, prefixes)
        case "tap":
            from floe_engine.output.findings.tap import evaluations_tap

            return evaluations_tap(evaluations, prefixes)
        case _:
            from floe_engine.output.findings.html import PagePart, findings_page
            from floe_engine.policy.overview import overview

            shown = (overview(compiled.platform, project) for project in compiled.projects)
            return findings_page(list(map(PagePart, evaluations, shown, prefixes)))


def _overview(context: Context, compiled: CompiledProject) -> None:
    """The first screen: what is worst, and what to do first."""
    from floe_engine.output.findings.text import overview_lines

    context.output.section()
    for line in overview_lines(compiled.evaluations, prefixes=_prefixes(compiled)):
        context.output.answer(Painted(line.text, _COLOURS.get(line.style, "")))
    context.output.answer("`floe compile --all` shows every finding, `--by-rule` groups them")


def _json(compiled: CompiledProject) -> dict[str, Any]:
    from floe_engine.output.findings.json_report import findings_document

    return {
        "schemaVersion": SCHEMA_VERSION,
        "command": "compile",
        "ok": compiled.ok,
        "platform": {"name": compiled.platform.name, "version": compiled.platform.version},
        "reader": {"used": compiled.project.reader, "reason": compiled.project.reason},
        "profile": {
            "path": str(compiled.profile_path) if compiled.profile_path else None,
            "outcome": compiled.profile_outcome,
        },
        "profiles": [{"path": str(each.path), "outcome": each.outcome} for each in compiled.profiles],
        "projects": [findings_document(evaluation) for evaluation in compiled.evaluations],
    }


def _sarif(compiled: CompiledProject) -> str:
    from floe_engine.output.findings.sarif import sarif_document
    from floe_engine.product.fix_project import proposals

    documents = [
        sarif_document(evaluation, prefix=prefix, proposals=fixes)
        for evaluation, prefix, fixes in zip(
            compiled.evaluations, _prefixes(compiled, top()), proposals(compiled), strict=True
        )
    ]
    runs = list(itertools.chain.from_iterable(document["runs"] for document in documents))
    # One line: code scanning takes ten megabytes, and half of an indented log is spaces.
    return json.dumps({**documents[0], "runs": runs}, ensure_ascii=True, separators=(",", ":"))


def _prefixes(compiled: CompiledProject, start: Path | None = None) -> list[str]:
    return [_prefix(project.directory, start) for project in compiled.projects]


def _prefix(directory: Path, start: Path | None = None) -> str:
    """From `start`, else from where the command was run, to the dbt project."""
    relative = Path(os.path.relpath(directory, start)).as_posix()
    return "" if relative == "." else f"{relative}/"
