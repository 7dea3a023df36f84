"""`floe compile`: how what was found is printed, in every form there is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from floe_engine.cli.command import Face

if TYPE_CHECKING:
    from floe_engine.workflows.compile_project import CompiledProject

FORMATS = ("text", "json", "junit", "sarif", "github", "markdown")

_COLOURS = {"error": "31", "warning": "33", "info": "36", "waived": "2", "detail": "2", "good": "32"}


def show(face: Face, compiled: CompiledProject, *, by_rule: bool, show_all: bool) -> None:
    """Print the findings of every project in the form that was asked for."""
    machine: dict[str, Callable[[CompiledProject], Any]] = {
        "json": _json,
        "junit": _junit,
        "sarif": _sarif,
        "github": _github,
        "markdown": _markdown,
    }
    if face.output.format == "text":
        _text(face, compiled, by_rule, show_all)
    else:
        face.output.data(machine[face.output.format](compiled))


def _text(face: Face, compiled: CompiledProject, by_rule: bool, show_all: bool) -> None:
    from floe_engine.policy.remedies import strict_preview
    from floe_engine.policy.report.text import findings_lines, preview_lines

    out = face.output
    for evaluation in compiled.evaluations:
        out.section()
        for line in findings_lines(evaluation, by="rule" if by_rule else "file", show_all=show_all):
            out.line(out.painted(line.text, _COLOURS.get(line.style, "")))
    for project, evaluation in zip(compiled.projects, compiled.evaluations, strict=True):
        if evaluation.passed and any(level == "warn" for level in evaluation.enforcement.values()):
            preview = strict_preview(compiled.platform, project)
            out.section()
            for line in preview_lines(preview):
                out.line(out.painted(line.text, _COLOURS.get(line.style, "")))


def _json(compiled: CompiledProject) -> dict[str, Any]:
    from floe_engine.cli.output import SCHEMA_VERSION
    from floe_engine.policy.report.json_report import findings_document

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
        "projects": [findings_document(evaluation) for evaluation in compiled.evaluations],
    }


def _junit(compiled: CompiledProject) -> str:
    from floe_engine.policy.report.junit import evaluation_junit

    return evaluation_junit(compiled.evaluation)


def _sarif(compiled: CompiledProject) -> dict[str, Any]:
    from floe_engine.policy.report.sarif import sarif_document

    documents = [sarif_document(evaluation) for evaluation in compiled.evaluations]
    runs = list(itertools.chain.from_iterable(document["runs"] for document in documents))
    return {**documents[0], "runs": runs}


def _github(compiled: CompiledProject) -> str:
    from floe_engine.policy.report.github import github_annotations

    return "\n".join(line for evaluation in compiled.evaluations for line in github_annotations(evaluation))


def _markdown(compiled: CompiledProject) -> str:
    from floe_engine.policy.report.markdown import findings_markdown

    return "\n\n".join(map(findings_markdown, compiled.evaluations))
