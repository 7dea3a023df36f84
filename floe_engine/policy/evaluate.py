"""Judging a project: every active rule asked of every subject, and enforcement applied.

`evaluate` is a function of its arguments alone; it reads no file, no clock but `today`'s default,
and no environment.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.events import Outcome
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.advice import advice
from floe_engine.policy.all_rules import rules_for
from floe_engine.policy.baseline import Baseline, baselinable
from floe_engine.policy.causes import by_cause
from floe_engine.policy.enforcement import enforcement_of, severity_of
from floe_engine.policy.finding import Finding, FindingSeverity
from floe_engine.policy.idle_waivers import note_on_idle
from floe_engine.policy.rule import Examined, Family, Rule, family_of, spelt
from floe_engine.policy.rules.coverage import by_layer, total
from floe_engine.policy.rules.waivers import WaiverRule, Waivers
from floe_engine.policy.view import Share, View
from floe_engine.project.facts import Model, Project, Reader, Source

if TYPE_CHECKING:
    from floe_engine.project.states import State

STEPS: tuple[tuple[str, frozenset[Family]], ...] = (
    ("Naming conventions", frozenset({Family.NAMING})),
    ("Quality gates", frozenset({Family.QUALITY, Family.WAIVERS})),
    ("Classification compliance", frozenset({Family.CLASSIFICATION, Family.ACCESS})),
)
"""The seed's three lines, and the rule families that each speaks for."""


class StepStatus(Struct, frozen=True):
    """One of the seed's three lines: how it went, and how many findings of each kind it has."""

    title: str
    outcome: Outcome
    errors: int = 0
    warnings: int = 0
    waived: int = 0
    baseline: int = 0


class Counts(Struct, frozen=True):
    """Findings by what they mean for the build. Each finding is in exactly one of the five."""

    errors: int = 0
    """Those that stop the build."""
    warnings: int = 0
    info: int = 0
    waived: int = 0
    baseline: int = 0


class CoverageSummary(Struct, frozen=True):
    """Test coverage in the platform's metric."""

    metric: str
    scope: str
    minimum: int
    """The platform's minimum, in per cent."""
    project: Share
    layers: Mapping[str, Share]
    """By layer, in the architecture's order; models without a layer are under ``""``."""


class Evaluation(Struct, frozen=True):
    """What a platform says of a project."""

    platform: str
    """Name and version: ``acme-data-platform 1.2.3``."""
    project: str
    findings: tuple[Finding, ...]
    """Sorted by path, line and rule. Waived and baselined ones are among them."""
    checked: frozenset[tuple[str, str]]
    """(rule, subject) of everything that was asked, so that a finding that is gone can be told
    from one that nobody looked for. Rules about columns count for their model."""
    layers: Mapping[str, str | None]
    """Model (as findings name it) to its layer."""
    coverage: CoverageSummary
    enforcement: Mapping[str, Enforcement]
    """ID of each rule that was asked, in the order of reports, to how it was enforced: never ``off``."""
    models: int
    """How many models were judged."""
    reader: Reader = "manifest"
    """Where the facts came from."""
    note: str = ""
    """What a data team should know and cannot mend: waivers of the platform that hold no longer."""
    partial: bool = False
    """Whether ``select`` or ``exclude`` left something out: a baseline cannot shrink by that."""
    stale_baseline: int = 0
    """Entries of the baseline that no finding matches any more."""

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a build."""
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def passed(self) -> bool:
        """Whether nothing stops a build."""
        return not any(finding.blocking for finding in self.findings)

    @property
    def nothing_checked(self) -> bool:
        """Whether no rule was asked of anything, which must never look like success.

        Waivers are looked at in any case and are no part of the project.
        """
        return all(family_of(rule) is Family.WAIVERS for rule, _ in self.checked)

    @property
    def counts(self) -> Counts:
        """Findings by what they mean for the build."""
        return _counts(self.findings)

    @property
    def by_rule(self) -> Mapping[str, int]:
        """Rule ID to how many findings it has, in the order of the rules."""
        found = Counter(finding.rule for finding in self.findings)
        return {rule: found[rule] for rule in self.enforcement if found[rule]}

    @property
    def steps(self) -> tuple[StepStatus, ...]:
        """The seed's three lines."""
        return tuple(self._step(title, families) for title, families in STEPS)

    def with_baseline(self, baseline: Baseline) -> Evaluation:
        """The same evaluation with the findings of `baseline` known, so that they stop nothing."""
        noted = [
            replace(finding, baseline=finding in baseline and baselinable(finding))
            for finding in self.findings
        ]
        return replace(self, findings=tuple(noted))

    def was_checked(self, finding: Finding) -> bool:
        """Whether a finding of another evaluation of the same project was looked for in this one."""
        return any(self._asked(finding.rule, subject) for subject in finding.models or (finding.subject,))

    def asked_of(self, finding: Finding) -> str:
        """The subject that was asked when a finding came up: the model, for a column's."""
        return self._asked(finding.rule, finding.subject) or finding.subject

    def _asked(self, rule: str, subject: str) -> str | None:
        while subject and (rule, subject) not in self.checked:
            subject = subject.rpartition(".")[0]
        return subject or None

    def _step(self, title: str, families: frozenset[Family]) -> StepStatus:
        rules = {rule: family for rule in self.enforcement if (family := family_of(rule)) in families}
        counts = _counts(finding for finding in self.findings if finding.rule in rules)
        outcome: Outcome = "done"
        if counts.errors:
            outcome = "failed"
        elif counts.warnings:
            outcome = "warned"
        elif all(rules.get(rule, Family.WAIVERS) is Family.WAIVERS for rule, _ in self.checked):
            outcome = "skipped"
        return StepStatus(title, outcome, counts.errors, counts.warnings, counts.waived, counts.baseline)


def evaluate(
    platform: Platform,
    project: Project,
    *,
    waivers: Iterable[Waiver] = (),
    baseline: Baseline | None = None,
    select: Iterable[str] = (),
    exclude: Iterable[str] = (),
    what_if: Enforcement | None = None,
    today: date | None = None,
) -> Evaluation:
    """Judge a project.

    `waivers` are the data product's own, beside the platform's; `baseline` holds findings that
    are known already; `select` and `exclude` are selectors (`selection.py`); `what_if` judges as
    if everything were enforced so; `today` is the day on which waivers are looked at (UTC).

    Raises `UsageError` for a selector that names a rule that does not exist.
    """
    excuses = Waivers(platform, waivers, today or datetime.now(UTC).date())
    (evaluation,) = evaluate_together(
        platform,
        (project,),
        excuses,
        baseline=baseline,
        select=tuple(select),
        exclude=tuple(exclude),
        what_if=what_if,
    )
    return evaluation


def evaluate_together(
    platform: Platform,
    projects: Sequence[Project],
    excuses: Waivers,
    *,
    baseline: Baseline | None = None,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    what_if: Enforcement | None = None,
    states: Sequence[State] | None = None,
    selector: str | None = None,
) -> tuple[Evaluation, ...]:
    """Judge the projects of one data product: a waiver is needed where any of them needs it.

    What is wrong with the waivers themselves is found once, in the first evaluation. `states` say
    what ``state:`` means in each project, and `selector` which one of their selectors.yml is judged.
    """
    judgings, titles = [], told_apart(projects)
    chosen = _chosen(platform, projects, select, exclude, states, selector)
    for number, project in enumerate(projects):
        nodes, rules = chosen[number]
        view = View(platform, project, nodes)
        judging = _Judging(view, excuses, baseline, what_if, rules)
        judging.title = titles[number]
        judging.several = len(projects) > 1
        for rule in rules_for(platform):
            if rule.id in judging.enforcement:
                judging.ask(rule, rule.examine(view))
        judging.gather()
        judgings.append(judging)
    # A part of the models or rules cannot tell whether a waiver is needed for the rest.
    unused = [] if any(judging.partial for judging in judgings) else excuses.unused()
    for judging in judgings[:1]:
        for rule in rules_for(platform):
            if isinstance(rule, WaiverRule) and rule.id in judging.enforcement:
                judging.ask(rule, rule.examine_waivers(excuses.own, unused))
    known = len(baseline) if baseline is not None else 0
    left = 0
    if baseline is not None and not any(judging.partial for judging in judgings):
        left = known - len(baseline.shrunk(finding for judging in judgings for finding in judging.findings))
    return tuple(judging.evaluation(left if judging is judgings[0] else 0) for judging in judgings)


def _chosen(
    platform: Platform,
    projects: Sequence[Project],
    select: Sequence[str],
    exclude: Sequence[str],
    states: Sequence[State] | None,
    selector: str | None,
) -> list[tuple[frozenset[str] | None, frozenset[str] | None]]:
    """For each project the nodes and the rules to judge, None for all of them."""
    if not (select or exclude or selector is not None):
        return [(None, None)] * len(projects)
    rules = frozenset(map(spelt, select))
    if rules <= {rule.id for rule in rules_for(platform)} and not exclude and selector is None:
        return [(None, rules)] * len(projects)  # no word of it is a selector of nodes: policy tests ask so
    from floe_engine.policy.named_selectors import find
    from floe_engine.policy.selection import resolve

    named = find([project.directory for project in projects], selector) if selector is not None else ()
    found = []
    for number, project in enumerate(projects):
        state = states[number] if states is not None else None
        meant = (named[number], selector) if selector is not None else None
        selection = resolve(project, select, exclude, state, meant)
        found.append((selection.nodes, selection.rules))
    return found


def told_apart(projects: Sequence[Project]) -> list[str]:
    """What several projects are called; those that have one name by their folders too: ``shop (teams/a)``."""
    names = Counter(project.name for project in projects)
    if len(names) == len(projects):
        return [project.name for project in projects]
    folders = [os.path.abspath(project.directory) for project in projects]  # noqa: PTH100  (follows no link)
    above = Path(os.path.commonpath(folders))
    return [
        f"{project.name} ({Path(folder).relative_to(above).as_posix()})"
        if names[project.name] > 1
        else project.name
        for project, folder in zip(projects, folders, strict=True)
    ]


class _Judging:
    """Collects what rules find, and makes of each finding what the platform wants."""

    def __init__(
        self,
        view: View,
        waivers: Waivers,
        baseline: Baseline | None,
        what_if: Enforcement | None,
        rules: frozenset[str] | None,
    ) -> None:
        self.view = view
        self.waivers = waivers
        self.baseline = baseline
        self.partial = view.narrowed or rules is not None
        self.enforcement: dict[str, Enforcement] = {}
        known = view.platform.once(_enforcements)
        for rule in rules_for(view.platform):
            if rules is not None and rule.id not in rules:
                continue
            if (rule.id, what_if) not in known:
                active = rule.active(view.platform)
                known[rule.id, what_if] = enforcement_of(rule, view.platform, what_if) if active else "off"
            if (level := known[rule.id, what_if]) != "off":
                self.enforcement[rule.id] = level
        self.title = view.project.name
        self.several = False
        """Whether other projects are judged beside it, so that a finding says whose it is."""
        self.findings: list[Finding] = []
        self.checked: set[tuple[str, str]] = set()
        nodes: Sequence[Model | Source] = (*view.sources, *view.resources)
        self.nodes = {node.label: node for node in nodes}

    def ask(self, rule: Rule, examined: Iterable[Examined]) -> None:
        """Take in what a rule found."""
        severity = severity_of(rule, self.enforcement[rule.id])
        for subject, findings in examined:
            self.checked.add((rule.id, subject))
            for finding in findings:
                self.findings.append(self._judged(rule, finding, subject, severity))

    def evaluation(self, stale_baseline: int) -> Evaluation:
        """What came of it."""
        view = self.view
        return Evaluation(
            platform=f"{view.platform.name} {view.platform.version}",
            project=self.title,
            findings=tuple(sorted(self.findings, key=_place)),
            checked=frozenset(self.checked),
            layers={model.label: view.layer(model) for model in view.models},
            coverage=_coverage(view),
            enforcement=self.enforcement,
            models=len(view.models),
            reader=view.project.reader,
            note=note_on_idle(self.waivers),
            partial=self.partial,
            stale_baseline=stale_baseline,
        )

    def gather(self) -> None:
        """What one line causes is found there, and not at every model."""
        found = []
        for finding, caused in by_cause(self.findings, self.view):
            if finding.subject != caused[0].subject:
                self.checked -= {(each.rule, each.subject) for each in caused}
                self.checked.add((finding.rule, finding.subject))
                known = self.baseline is not None and finding in self.baseline
                node = self.nodes.get(finding.subject)
                waiver, severity = self.waivers.of(finding, node), finding.severity
                if waiver is not None and waiver.action == "downgrade" and severity == "error":
                    severity = "warning"
                below = self.view.downstream.get(node.unique_id, 0) if node is not None else 0
                below = max(below, finding.downstream)
                finding = replace(finding, severity=severity, waiver=waiver, baseline=known, downstream=below)
            found.append(finding)
        self.findings = found

    def _judged(self, rule: Rule, finding: Finding, subject: str, severity: FindingSeverity) -> Finding:
        node = self.nodes.get(subject)
        if self.several:
            finding = replace(finding, project=self.title)
        if severity == "error":
            severity = finding.severity
        waiver = None if rule.family is Family.WAIVERS else self.waivers.of(finding, node)
        if waiver is not None and waiver.action == "downgrade" and severity == "error":
            severity = "warning"
        known = self.baseline is not None and finding in self.baseline and baselinable(finding)
        downstream = self.view.downstream.get(node.unique_id, 0) if node is not None else 0
        suggestion = advice(finding, subject, node, self.view)
        return replace(
            finding,
            severity=severity,
            waiver=waiver,
            baseline=known,
            downstream=downstream,
            suggestion=suggestion,
        )


def _enforcements(_: Platform) -> dict[tuple[str, Enforcement | None], Enforcement]:
    """How rules are enforced that somebody asked for, by rule and by what is played through."""
    return {}


def _place(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path, finding.line, finding.rule, finding.subject, finding.parameter


def _counts(findings: Iterable[Finding]) -> Counts:
    return Counts(**Counter(map(_kind, findings)))


def _kind(finding: Finding) -> str:
    """The field of `Counts` that it counts in."""
    if finding.waived:
        return "waived"
    return "baseline" if finding.baseline else _COUNTED[finding.severity]


_COUNTED = {"error": "errors", "warning": "warnings", "info": "info"}


def _coverage(view: View) -> CoverageSummary:
    gates = view.platform.gates
    return CoverageSummary(
        metric=gates.coverage.metric,
        scope=gates.coverage.scope,
        minimum=gates.minimum_test_coverage,
        project=total(view),
        layers={layer or "": share for layer, share in by_layer(view).items() if share},
    )
