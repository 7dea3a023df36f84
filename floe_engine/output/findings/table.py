"""For a spreadsheet or a database: every finding as a row of CSV (RFC 4180), excused ones too."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.harm import harm_of
from floe_engine.text import printable

COLUMNS = (
    "platform", "project", "rule", "severity", "state", "harm", "subject", "layer", "path", "line", "message",
    "expected", "actual", "suggestion", "dependents", "waiver", "owner", "expires", "fingerprint",
)  # fmt: skip
"""The header. New columns are added at the end only: people's queries count on the order."""

_FORMULA = ("=", "+", "-", "@", "\t")
"""With these at its start a spreadsheet takes a cell for a formula, and would run it."""


def findings_csv(evaluations: Sequence[Evaluation], prefixes: Sequence[str]) -> str:
    """The findings of all projects, with a header; `prefixes` lead from the repository to each project."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)  # the dialect is RFC 4180's, line ends too
    writer.writerow(COLUMNS)
    for evaluation, prefix in zip(evaluations, prefixes, strict=True):
        for finding in evaluation.findings:
            writer.writerow(_cell(value) for value in _row(evaluation, finding, prefix))
    return text.getvalue()


def _row(evaluation: Evaluation, finding: Finding, prefix: str) -> tuple[str | int, ...]:
    waiver = finding.waiver
    model = evaluation.asked_of(finding)
    return (
        evaluation.platform,
        evaluation.project,
        finding.rule,
        finding.severity,
        "waived" if finding.waived else "baseline" if finding.baseline else "open",
        harm_of(finding.rule).title,
        finding.subject,
        evaluation.layers.get(model) or "",
        located(prefix, finding.path) if finding.path else "",
        finding.line if finding.path else "",
        finding.message,
        finding.expected,
        finding.actual,
        finding.suggestion,
        finding.downstream,
        waiver.id if waiver else "",
        (waiver.owner or "") if waiver else "",
        str(waiver.expires or "") if waiver else "",
        finding.fingerprint,
    )


def _cell(value: str | int) -> str | int:
    """A value that no spreadsheet runs, no terminal obeys, and that begins no line in a runner's log."""
    if isinstance(value, int):
        return value
    shown = printable(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
