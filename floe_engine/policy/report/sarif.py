"""For code scanning: a SARIF log, waivers as suppressions. Regions are whole lines."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from floe_engine.notation import sarif_log
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import SPEC_FILE, Finding, located
from floe_engine.policy.harm import Harm, harm_of
from floe_engine.policy.rule import Rule
from floe_engine.policy.rules import RULES

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif_document(evaluation: Evaluation, *, prefix: str = "") -> dict[str, Any]:
    """An evaluation as a SARIF log. `prefix` leads from the repository to the project (``dbt/``)."""
    rules = [rule for rule in RULES if evaluation.enforcement.get(rule.id, "off") != "off"]
    index = {rule.id: place for place, rule in enumerate(rules)}
    suppressed = any(finding.waived for finding in evaluation.findings)
    compared = any(finding.baseline for finding in evaluation.findings)
    results = []
    for finding in evaluation.findings:
        result = _result(finding, index, prefix)
        # SARIF §3.27.23: either every result of a run says how it is suppressed, or none does.
        if suppressed:
            result["suppressions"] = _suppressions(finding)
        if compared:
            result["baselineState"] = "unchanged" if finding.baseline else "new"
        results.append(result)
    described = [_rule(rule, evaluation) for rule in rules]
    return sarif_log(evaluation.project, described, results, {"platform": evaluation.platform})


def _rule(rule: Rule, evaluation: Evaluation) -> dict[str, Any]:
    title, _, rest = rule.documentation.partition("\n")
    problem = "recommendation" if rule.advisory else "error" if harm_of(rule.id) <= Harm.KEYS else "warning"
    strict = evaluation.enforcement[rule.id] == "strict"
    return {
        "id": rule.id,
        "name": type(rule).__name__,
        "shortDescription": {"text": title},
        "fullDescription": {"text": rest.strip() or title},
        "help": {
            "text": f"{rest.strip() or title}\n\nSetting: {rule.setting}",
            "markdown": f"{rest.strip() or title}\n\nSetting: `{rule.setting}`",
        },
        "defaultConfiguration": {"level": "note" if rule.advisory else "error" if strict else "warning"},
        "properties": {"tags": [rule.family.value], "precision": "very-high", "problem.severity": problem},
    }


def _result(finding: Finding, index: dict[str, int], prefix: str) -> dict[str, Any]:
    fix = f". Fix: {finding.suggestion}" if finding.suggestion else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}{fix}"},
        "partialFingerprints": {"floeFinding/v1": finding.fingerprint},
    }
    if finding.downstream:
        result["properties"] = {"downstream": finding.downstream}
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    # GitHub refuses a log with a result that has no place in a file.
    path = finding.path or SPEC_FILE
    logical = {"fullyQualifiedName": finding.subject}
    result["locations"] = [
        {
            "physicalLocation": {
                "artifactLocation": {
                    "uri": quote(located(prefix, path), errors="surrogateescape"),
                },
                "region": {"startLine": max(finding.line, 1)},
            },
            "logicalLocations": [logical],
        }
    ]
    return result


def _suppressions(finding: Finding) -> list[dict[str, Any]]:
    if not finding.waived or finding.waiver is None:
        return []
    waiver = finding.waiver
    until = f" (until {waiver.expires})" if waiver.expires else ""
    owner = f", {waiver.owner}" if waiver.owner else ""
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": f"waiver {waiver.id}{owner}{until}: {waiver.reason}",
        }
    ]
