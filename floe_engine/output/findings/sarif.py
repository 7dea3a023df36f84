"""For code scanning: a SARIF log, waivers as suppressions. Regions are whole lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from floe_engine.output.notation import sarif_log
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import SPEC_FILE, Finding, located
from floe_engine.policy.harm import Harm, harm_of
from floe_engine.policy.rule import Rule
from floe_engine.text import changed_lines, lines_of

if TYPE_CHECKING:
    from floe_engine.policy.repairs import ChangedFile

MOST = 25_000
"""Results of a run; GitHub refuses a log with more (docs.github.com, "SARIF support for code scanning")."""

_TERSE = 10_000
"""Results from which on each leaves out what can be told without, so that GitHub takes the log's size."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif_document(
    evaluation: Evaluation, *, prefix: str = "", proposals: Mapping[str, ChangedFile] = MappingProxyType({})
) -> dict[str, Any]:
    """An evaluation as a SARIF log. `prefix` leads from the repository to the project (``dbt/``).

    `proposals`, by fingerprint, become the fixes of their findings. Past `MOST` findings those that do least
    harm are left out, and the run's properties say how many.
    """
    rules = [rule for each in evaluation.enforcement if (rule := rule_by_id(each)) is not None]
    index = {rule.id: place for place, rule in enumerate(rules)}
    suppressed = any(finding.waived for finding in evaluation.findings)
    compared = any(finding.baseline for finding in evaluation.findings)
    findings = _most_harmful(evaluation.findings)
    results = []
    for finding in findings:
        result = _result(finding, index, prefix)
        if len(findings) > _TERSE:
            del result["locations"][0]["logicalLocations"]
            result.pop("ruleIndex", None)
            result.pop("properties", None)
        # SARIF §3.27.23: either every result of a run says how it is suppressed, or none does.
        if suppressed:
            result["suppressions"] = _suppressions(finding)
        if compared:
            result["baselineState"] = "unchanged" if finding.baseline else "new"
        if (proposal := proposals.get(finding.fingerprint)) is not None:
            result["fixes"] = [_fix(proposal, prefix)]
        results.append(result)
    page = _rules_page()
    described = [_rule(rule, evaluation, page) for rule in rules]
    properties: dict[str, Any] = {"platform": evaluation.platform}
    if left := len(evaluation.findings) - len(findings):
        properties["findingsLeftOut"] = left
    return sarif_log(evaluation.project, described, results, properties)


def _most_harmful(findings: Sequence[Finding]) -> Sequence[Finding]:
    """As many findings as a run may have, in their order."""
    if len(findings) <= MOST:
        return findings

    def weight(place: int) -> tuple[bool, Harm, int]:
        return not findings[place].blocking, harm_of(findings[place].rule), place

    return [findings[place] for place in sorted(sorted(range(len(findings)), key=weight)[:MOST])]


def _rules_page() -> str:
    """The address of docs/rules.md as of this release; empty where it names no home, as a checkout does."""
    from importlib.metadata import PackageNotFoundError, metadata

    from floe_engine import __version__

    try:
        links = metadata("floe-workbench").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    home = next((link.partition(", ")[2] for link in links if link.startswith("Homepage, https://")), "")
    return f"{home}/blob/v{__version__}/docs/rules.md" if home else ""


def _heading_anchor(rule: Rule) -> str:
    """Where that page has a rule, as GitHub names its headings."""
    heading = f"{rule.id}: {rule.title}".lower()
    return "".join(letter for letter in heading if letter.isalnum() or letter in "-_ ").replace(" ", "-")


def _rule(rule: Rule, evaluation: Evaluation, page: str) -> dict[str, Any]:
    title, _, rest = rule.documentation.partition("\n")
    problem = "recommendation" if rule.advisory else "error" if harm_of(rule.id) <= Harm.KEYS else "warning"
    strict = evaluation.enforcement[rule.id] == "strict"
    return {
        "id": rule.id,
        "name": type(rule).__name__,
        "shortDescription": {"text": title},
        "fullDescription": {"text": rest.strip() or title},
        **({"helpUri": f"{page}#{_heading_anchor(rule)}"} if page else {}),
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
    if finding.count > 1:
        result["occurrenceCount"] = finding.count
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
                "artifactLocation": _place(prefix, path),
                "region": {"startLine": max(finding.line, 1)},
            },
            "logicalLocations": [logical],
        }
    ]
    return result


def _place(prefix: str, path: str) -> dict[str, str]:
    return {"uri": quote(located(prefix, path), errors="surrogateescape")}


def _fix(proposal: ChangedFile, prefix: str) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _lines(proposal.before, first, last), "insertedContent": {"text": text}}
        for first, last, text in changed_lines(proposal.before, proposal.after)
    ]
    change = {"artifactLocation": _place(prefix, proposal.path), "replacements": replacements}
    return {"description": {"text": proposal.says}, "artifactChanges": [change]}


def _lines(text: str, first: int, last: int) -> dict[str, int]:
    """Whole lines as a region: up to the first column of the next, or to the end of a text without one."""
    lines = lines_of(text)
    if last == len(lines) > first and not text.endswith(("\n", "\r")):
        end = {"endLine": last, "endColumn": len(lines[-1].encode("utf-16-le")) // 2 + 1}
    else:
        end = {"endLine": last + 1, "endColumn": 1}
    return {"startLine": first + 1, "startColumn": 1, **end}


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
