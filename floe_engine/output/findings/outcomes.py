"""What came of every check of a project: a rule asked of a subject, with what was found there.

The reports that show what passed beside what did not (JUnit, TAP) are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.rule import Rule

Came = Literal["passed", "failed", "excused", "warned"]


class AskedRule(Struct, frozen=True):
    """A rule that was asked of a subject (of its model, where it is about columns)."""

    rule: Rule
    subject: str
    findings: tuple[Finding, ...]

    @property
    def came(self) -> Came:
        """``failed`` where the build stops; ``excused`` where a waiver or the baseline has all of it."""
        if not self.findings:
            return "passed"
        if any(finding.blocking for finding in self.findings):
            return "failed"
        if all(finding.waived or finding.baseline for finding in self.findings):
            return "excused"
        return "warned"

    @property
    def headline(self) -> str:
        """The message that says most: the first that stops the build, or else the first."""
        return next((each for each in self.findings if each.blocking), self.findings[0]).message

    @property
    def excuse(self) -> str:
        """Why nothing is said of it."""
        waiver = self.findings[0].waiver
        return f"waiver {waiver.id}: {waiver.reason}" if waiver else "in the baseline"

    def lines(self, prefix: str) -> list[str]:
        """Each finding: how bad, where, what, and its fix. `prefix` leads to the project."""
        return [_line(finding, prefix) for finding in self.findings]


def checks(evaluation: Evaluation) -> Iterator[AskedRule]:
    """Every check of a project, rule by rule in their order, subjects in the alphabet's."""
    asked: dict[str, list[str]] = {}
    for rule_id, subject in sorted(evaluation.checked):
        asked.setdefault(rule_id, []).append(subject)
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in evaluation.findings:
        found.setdefault((finding.rule, evaluation.asked_of(finding)), []).append(finding)
    for rule_id in evaluation.enforcement:
        if (rule := rule_by_id(rule_id)) is not None:
            for subject in asked.get(rule_id, ()):
                yield AskedRule(rule, subject, tuple(found.get((rule_id, subject), ())))


def _line(finding: Finding, prefix: str) -> str:
    place = f"{located(prefix, finding.path)}:{finding.line}: " if finding.path else ""
    fix = f" (fix: {finding.suggestion})" if finding.suggestion else ""
    return f"{finding.severity}: {place}{finding.message}{fix}"
