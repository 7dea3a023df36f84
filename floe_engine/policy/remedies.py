"""What to do first: findings that one edit resolves, the most valuable edits at the top.

And what a stricter platform would stop, for the first day on which a project is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.finding import Finding
from floe_engine.policy.rules import rule_by_id
from floe_engine.project.facts import Project


@dataclass(frozen=True, slots=True)
class Remedy:
    """One edit and the findings that it resolves, the first of which stands for all."""

    title: str
    """The edit, in the imperative."""
    findings: tuple[Finding, ...]
    blocking: int
    """How many of them stop the build."""
    downstream: int
    """The most dependents that any of their subjects has."""

    @property
    def where(self) -> str:
        """The place of the first finding."""
        first = self.findings[0]
        return f"{first.path}:{first.line}" if first.path else first.subject

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it satisfies."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings))


def remedies(evaluation: Evaluation, limit: int = 10) -> tuple[Remedy, ...]:
    """The most valuable edits: those that unblock most, then those with most dependents.

    Findings of one rule on the columns of one model are one edit; so are findings with the same
    `Finding.fix`, whichever rule and model they are of. Waived and baselined ones need none.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in evaluation.findings:
        if not finding.waived and not finding.baseline:
            groups.setdefault(finding.fix or f"{finding.rule} {evaluation.asked_of(finding)}", []).append(
                finding
            )
    ranked = sorted(
        (_remedy(findings) for findings in groups.values()),
        key=lambda remedy: (-remedy.blocking, -len(remedy.findings), -remedy.downstream, remedy.title),
    )
    return tuple(ranked[:limit])


def _remedy(findings: list[Finding]) -> Remedy:
    first = findings[0]
    title = first.suggestion or first.message
    if not first.fix:
        title = f"{first.subject}: {title}"
    if len(findings) > 1:
        others = {finding.subject for finding in findings} - {first.subject}
        title += f" (and {len(others)} more)" if others and not first.fix else ""
    return Remedy(
        title,
        tuple(findings),
        sum(finding.blocking for finding in findings),
        max(finding.downstream for finding in findings),
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What would stop a build if everything were strict: by rule, most first."""

    rules: tuple[tuple[str, str, int], ...]
    """Rule ID, its title, and how many findings."""
    blocked: int
    """Models that at least one of them is about."""
    models: int
    """Models that were judged."""

    @property
    def findings(self) -> int:
        """All of them."""
        return sum(count for _, _, count in self.rules)


def strict_preview(
    platform: Platform, project: Project, *, waivers: Iterable[Waiver] = (), today: date | None = None
) -> Preview:
    """Judge a project as if everything were strict, and sum up what would stop it."""
    return summed(evaluate(platform, project, waivers=waivers, what_if="strict", today=today))


def summed(evaluation: Evaluation) -> Preview:
    """An evaluation's blocking findings by rule."""
    counts: dict[str, int] = {}
    blocked = set()
    for finding in evaluation.blocking:
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
        blocked.add(evaluation.asked_of(finding))
    rules = tuple(
        (rule_id, rule.title if (rule := rule_by_id(rule_id)) else "", count)
        for rule_id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return Preview(rules, len(blocked & evaluation.layers.keys()), evaluation.models)
