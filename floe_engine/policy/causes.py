"""Findings that one line causes, as one finding at that line, with their count.

The line gives a config to a folder's models (dbt_project.yml), is that of a source whose age nobody
watches, for all models below it, or calls what only dbt could follow, for all models that do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, structs

from floe_engine.policy.finding import Finding
from floe_engine.policy.freshness import how_to_watch, stale_above
from floe_engine.policy.view import View
from floe_engine.project.facts import Model
from floe_engine.project.project_file import FILE_NAME


class _Cause(Struct, frozen=True):
    name: str
    path: str
    line: int
    suggestion: str = ""
    """What to do there; empty where that is what the models are suggested."""
    named: bool = True
    """Whether it is what is judged, and not the one model that it is about."""


def by_cause(findings: Iterable[Finding], view: View) -> Iterator[tuple[Finding, Sequence[Finding]]]:
    """Each finding with those that it stands for; by itself, where it stands for none but itself.

    What a waiver excuses is excused by its model and stays as it is, and so does all of a project that
    was made up (`Project.folder_configs`).
    """
    models = {model.label: model for model in view.project.models}
    groups: dict[tuple[str, _Cause, str, str], list[Finding]] = {}
    for finding in findings:
        model = models.get(finding.subject) if finding.config and finding.waiver is None else None
        causes = tuple(_causes(finding, model, view)) if model is not None else ()
        if not causes:
            yield finding, (finding,)
        for cause in causes:
            key = (finding.rule, cause, finding.parameter, finding.severity)
            groups.setdefault(key, []).append(finding)
    for (_, cause, _, _), together in groups.items():
        yield _together(cause, together), together


def _causes(finding: Finding, model: Model, view: View) -> Iterator[_Cause]:
    configs = view.project.folder_configs
    key, _, word = finding.config.partition(":")
    if configs is None:
        return
    if key == "sources":
        causes = view.once(_sources)
        yield from (causes[label] for label in sorted(view.once(_stale)[model.unique_id]))
    elif key == "unread":
        if (gap := model.unread) is not None:
            yield _Cause(gap.what, gap.path, gap.line, named=gap.path != model.path)
    elif (found := configs.of(model, key, word)) is not None:
        yield _Cause(found.place, FILE_NAME, found.line, named=False)


def _sources(view: View) -> dict[str, _Cause]:
    return {
        source.label: _Cause(source.label, source.path, source.line or 1, how_to_watch(source.label))
        for source in view.project.sources
    }


def _stale(view: View) -> dict[str, frozenset[str]]:
    return stale_above(view.project, view.order, view.adapter)


def _together(cause: _Cause, findings: Sequence[Finding]) -> Finding:
    first = max(findings, key=lambda finding: finding.downstream)
    fix = f"{cause.name} {first.config} {cause.path}:{cause.line}"
    there = structs.replace(first, path=cause.path, line=cause.line, fix=fix)
    if len(findings) == 1 and not cause.named:
        return there
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    advice = {cause.suggestion or finding.suggestion for finding in findings}
    return structs.replace(
        there,
        subject=cause.name,
        message=f"{cause.name}: {first.message}{more}",
        suggestion=advice.pop() if len(advice) == 1 else "",
        models=tuple(sorted(finding.subject for finding in findings)),
        measure=-float(len(findings)),
    )
