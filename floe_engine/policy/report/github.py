"""For a GitHub workflow: one annotation a finding, those with most dependents first."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.notation import annotation
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github_annotations(evaluation: Evaluation, *, prefix: str = "") -> Iterator[str]:
    """An annotation for each finding that counts. `prefix` leads from the repository to the project."""
    counting = [finding for finding in evaluation.findings if not finding.waived and not finding.baseline]
    order = list(_COMMANDS)
    for finding in sorted(counting, key=lambda f: (order.index(f.severity), -f.downstream)):
        yield _annotation(finding, prefix)


def _annotation(finding: Finding, prefix: str) -> str:
    where: dict[str, str | int] = {}
    if finding.path:
        where = {"file": f"{prefix}{finding.path}", "line": max(finding.line, 1)}
    fix = f"\nfix: {finding.suggestion}" if finding.suggestion else ""
    title = f"{finding.rule} {finding.subject}"
    return annotation(_COMMANDS[finding.severity], finding.message + fix, **where, title=title)
