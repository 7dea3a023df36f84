"""For programs: the whole evaluation as one JSON document (docs/schemas/findings.schema.json)."""

from __future__ import annotations

from typing import Any

from floe_engine.artifact.part import written
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding
from floe_engine.policy.remedies import Remedy, remedies
from floe_engine.policy.view import Share

SCHEMA_VERSION = "1.0"
"""Of the document: a new key raises the second number, anything else the first."""


def findings_document(evaluation: Evaluation, *, fixes: int = 10) -> dict[str, Any]:
    """An evaluation as plain JSON values."""
    counts, coverage = evaluation.counts, evaluation.coverage
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "Findings",
        "platform": evaluation.platform,
        "project": evaluation.project,
        "passed": evaluation.passed,
        "models": evaluation.models,
        "checks": len(evaluation.checked),
        "counts": {
            "errors": counts.errors,
            "warnings": counts.warnings,
            "info": counts.info,
            "waived": counts.waived,
            "baseline": counts.baseline,
        },
        "steps": [{"title": step.title, "outcome": step.outcome} for step in evaluation.steps],
        "coverage": {
            "metric": coverage.metric,
            "scope": coverage.scope,
            "minimum": coverage.minimum,
            "project": _share(coverage.project),
            "layers": {layer: _share(share) for layer, share in coverage.layers.items()},
        },
        "staleBaseline": evaluation.stale_baseline,
        "findings": [_finding(finding) for finding in evaluation.findings],
        "fixes": [_remedy(remedy) for remedy in remedies(evaluation, fixes)],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    document: dict[str, Any] = {
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "expected": finding.expected,
        "actual": finding.actual,
        "suggestion": finding.suggestion,
        "parameter": finding.parameter,
        "fingerprint": finding.fingerprint,
        "downstream": finding.downstream,
        "count": finding.count,
        "blocking": finding.blocking,
        "waived": finding.waived,
        "baseline": finding.baseline,
    }
    if finding.waiver is not None:
        document["waiver"] = written(finding.waiver)
    return document


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "title": remedy.title,
        "where": remedy.where,
        "rules": list(remedy.rules),
        "findings": [finding.fingerprint for finding in remedy.findings],
        "blocking": remedy.blocking,
        "downstream": remedy.downstream,
    }


def _share(share: Share) -> dict[str, Any]:
    percent = share.percent
    return {
        "tested": share.tested,
        "total": share.total,
        "percent": None if percent is None else round(percent, 2),
    }
