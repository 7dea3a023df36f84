"""What to do first: findings that one edit resolves, the most valuable edits at the top.

And what a stricter platform would stop, for the first day on which a project is judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.finding import Finding
from floe_engine.policy.harm import Harm, harm_of
from floe_engine.project.facts import Project
from floe_engine.text import plural


class Remedy(Struct, frozen=True):
    """One edit and the findings that it resolves, the first of which stands for all."""

    title: str
    """The edit, in the imperative."""
    findings: tuple[Finding, ...]
    blocking: int
    """How many of them stop the build."""
    downstream: int
    """The most dependents that any of their subjects has."""
    harm: Harm
    """The worst of what it mends."""
    edits: int = 1
    """How many models want the same edit, one after the other."""

    @property
    def where(self) -> str:
        """The place of the first finding."""
        first = self.findings[0]
        return f"{first.path}:{first.line}" if first.path else first.subject

    @property
    def resolves(self) -> int:
        """How many findings go with it, each counted for all that it stands for."""
        return sum(finding.count for finding in self.findings)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it satisfies."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings))


def remedies(evaluation: Evaluation, limit: int = 10) -> tuple[Remedy, ...]:
    """What to do first: by harm, then what unblocks most at once, then what has most dependents.

    No rule takes more than `_SHARE` of the places while others have edits too.
    Findings of one rule on the columns of one model are one edit; so are findings with the same
    `Finding.fix`, whichever rule and model they are of. What a rule wants of each model of a folder
    is told once, for all of them. Waived and baselined ones need none.
    """
    groups: dict[str, list[Finding]] = {}
    found: list[Remedy] = []
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in evaluation.findings:
        if not finding.waived and not finding.baseline:
            groups.setdefault(finding.fix or f"{finding.rule} {evaluation.asked_of(finding)}", []).append(
                finding
            )
    for findings in groups.values():
        first = findings[0]
        if len(findings) > 1 or first.fix or not first.path:
            found.append(_remedy(findings))
        else:
            alike.setdefault((first.rule, first.path.rpartition("/")[0]), []).append(first)
    for (_, folder), findings in alike.items():
        if len(findings) < _ALIKE:
            found += [_remedy([finding]) for finding in findings]
        else:  # the one with most dependents stands for all
            findings.sort(key=lambda finding: (-finding.downstream, finding.subject))
            found.append(_remedy(findings, folder or "."))
    return tuple(_mixed(sorted(found, key=rank), limit))


def rank(remedy: Remedy) -> tuple[Harm, float, float, int, int, str]:
    """What to sort by, so that the first is to be done first: among several projects' remedies, too."""
    return (
        remedy.harm,
        -(remedy.blocking / remedy.edits),
        -(remedy.resolves / remedy.edits),
        -remedy.blocking,
        -remedy.downstream,
        remedy.title,
    )


def _mixed(ranked: Sequence[Remedy], limit: int) -> Iterator[Remedy]:
    """The first `limit`, but those past a rule's share only where nothing else is left; order is kept."""
    share = max(1, round(limit * _SHARE))
    seen: Counter[str] = Counter()
    early: list[tuple[int, Remedy]] = []
    late: list[tuple[int, Remedy]] = []
    for place, remedy in enumerate(ranked):
        rule = remedy.findings[0].rule
        seen[rule] += 1
        (early if seen[rule] <= share else late).append((place, remedy))
    chosen = (early + late)[:limit]
    yield from (remedy for _, remedy in sorted(chosen, key=lambda pair: pair[0]))


_SHARE = 0.3
"""Of the places in a list of what to do first, how many one rule may take."""

_ALIKE = 3
"""From how many models of a folder on an edit that all of them want is told once."""


def _edit(finding: Finding) -> str:
    """The edit that a finding wants; its subject comes first where nothing in the edit names it."""
    title = finding.suggestion or finding.message
    return title if finding.fix or title.startswith(finding.subject) else f"{finding.subject}: {title}"


def _remedy(findings: list[Finding], folder: str = "") -> Remedy:
    """One edit, or the same one of many models of a folder."""
    first = findings[0]
    title = _edit(first)
    if folder:
        title += f" (and {plural(len(findings) - 1, 'other')} in {folder})"
    elif len(findings) > 1:
        others = {finding.subject for finding in findings} - {first.subject}
        title += f" (and {len(others)} more)" if others and not first.fix else ""
    return Remedy(
        title,
        tuple(findings),
        sum(finding.count for finding in findings if finding.blocking),
        max(finding.downstream for finding in findings),
        min(map(harm_of, {finding.rule for finding in findings})),
        len(findings) if folder else 1,
    )


class Preview(Struct, frozen=True):
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
    blocked: set[str] = set()
    for finding in evaluation.blocking:
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
        blocked.update(finding.models or (evaluation.asked_of(finding),))
    rules = tuple(
        (rule_id, rule.title if (rule := rule_by_id(rule_id)) else "", count)
        for rule_id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return Preview(rules, len(blocked & evaluation.layers.keys()), evaluation.models)
