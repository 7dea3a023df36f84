"""For a GitLab merge request: its Code Quality report. What a waiver or the baseline excuses is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from floe_engine.output.notation import QualitySeverity, quality_issue
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import SPEC_FILE, Finding, located
from floe_engine.policy.harm import Harm, harm_of


def quality_report(evaluations: Sequence[Evaluation], prefixes: Sequence[str]) -> list[dict[str, Any]]:
    """The findings that count of all projects; `prefixes` lead from the repository to each (``dbt/``)."""
    return [
        quality_issue(
            finding.rule,
            finding.message + (f". Fix: {finding.suggestion}" if finding.suggestion else ""),
            severity=_severity(finding),
            path=located(prefix, finding.path or SPEC_FILE),
            line=finding.line,
            identity=(evaluation.project, finding.subject, finding.parameter),
        )
        for evaluation, prefix in zip(evaluations, prefixes, strict=True)
        for finding in evaluation.findings
        if not finding.waived and not finding.baseline
    ]


def _severity(finding: Finding) -> QualitySeverity:
    harm = harm_of(finding.rule)
    if finding.severity == "error":
        return "blocker" if harm is Harm.EXPOSED else "critical"
    if finding.severity == "warning":
        return "minor" if harm is Harm.PROSE else "major"
    return "info"
