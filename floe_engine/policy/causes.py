"""Findings that one line of dbt_project.yml causes, as one finding at that line, with their count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import structs

from floe_engine.policy.finding import Finding
from floe_engine.project.facts import Model, Project
from floe_engine.project.folder_configs import FolderConfig
from floe_engine.project.project_file import FILE_NAME


def by_cause(findings: Iterable[Finding], project: Project) -> Iterator[tuple[Finding, Sequence[Finding]]]:
    """Each finding with those that it stands for; by itself, where it stands for none but itself.

    What a waiver excuses is excused by its model and stays as it is.
    """
    models = {model.label: model for model in project.models}
    groups: dict[tuple[str, ...], tuple[FolderConfig, list[Finding]]] = {}
    for finding in findings:
        model = models.get(finding.subject) if finding.config and finding.waiver is None else None
        cause = _cause(finding, model, project) if model is not None else None
        if cause is None:
            yield finding, (finding,)
        else:
            key = (finding.rule, cause.place, finding.parameter, finding.severity)
            groups.setdefault(key, (cause, []))[1].append(finding)
    for cause, together in groups.values():
        yield _together(cause, together), together


def _cause(finding: Finding, model: Model, project: Project) -> FolderConfig | None:
    if project.folder_configs is None:
        return None
    key, _, word = finding.config.partition(":")
    return project.folder_configs.of(model, key, word)


def _together(cause: FolderConfig, findings: Sequence[Finding]) -> Finding:
    first = max(findings, key=lambda finding: finding.downstream)
    there = structs.replace(first, path=FILE_NAME, line=cause.line, fix=f"{cause.place} {first.config}")
    if len(findings) == 1:
        return there
    advice = {finding.suggestion for finding in findings}
    return structs.replace(
        there,
        subject=cause.place,
        message=f"{cause.place}: {first.message} (and {len(findings) - 1} more)",
        suggestion=first.suggestion if len(advice) == 1 else "",
        measure=-float(len(findings)),
    )
