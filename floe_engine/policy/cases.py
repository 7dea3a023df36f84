"""A policy test as a value, and its verdict: given a project, which rule says what of which resource.

Whoever writes cases (`policy_tests.suites`, or a team's files through `policy_tests.case_file`) makes these
values; `policy_tests.running` judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from msgspec import Struct

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.finding import Finding, FindingSeverity, Result, homes
from floe_engine.project.facts import Project


class Expectation(Struct, frozen=True):
    """What a rule is expected to say of a resource: a model, ``model.column``, layer, group, project."""

    rule: str
    resource: str
    result: Result
    severity: FindingSeverity | None = None
    """The finding's severity, where the case cares."""

    def __str__(self) -> str:
        severity = f" ({self.severity})" if self.severity else ""
        return f"{self.rule} {self.resource}: {self.result}{severity}"


class Case(Struct, frozen=True):
    """A project and what the platform should say of it.

    Exhaustive: any other finding of the rules that are judged makes the case fail, unless
    `allow_others`. `rules` narrows what is judged (empty: every rule).
    """

    name: str
    project: Project
    expect: tuple[Expectation, ...]
    given: str = ""
    """The project in a few words, for people."""
    rules: tuple[str, ...] = ()
    allow_others: bool = False
    waivers: tuple[Waiver, ...] = ()
    enforcement: Enforcement | None = None
    """Judge as if everything were enforced so."""
    today: date | None = None
    line: int = 0
    """Where its file has it (1-based)."""
    ask: Callable[[Platform], tuple[Result, str]] | None = None
    """Asks the platform by itself, where what is judged is given as facts and not as a project: what it says
    of the one resource that is expected, and why."""


class Suite(Struct, frozen=True):
    """Cases that belong together: one of the seed's four, or one file of a team."""

    title: str
    cases: tuple[Case, ...]
    path: Path | None = None
    """The file; None for a generated suite."""


class CheckedExpectation(Struct, frozen=True):
    """An expectation beside what the platform really says."""

    expected: Expectation
    actual: Result
    severity: FindingSeverity | None = None
    detail: str = ""
    """The finding's message, or why the rule was not asked."""
    unknown: bool = False
    """Whether the given project has nothing of that name: then nothing was shown, whatever is expected."""

    @property
    def ok(self) -> bool:
        """Whether both agree; `fail` wanted and `pass` got is never agreement."""
        wanted = self.expected
        return not self.unknown and self.actual == wanted.result and wanted.severity in (None, self.severity)


class CaseResult(Struct, frozen=True):
    """The verdict on a case."""

    case: Case
    checked: tuple[CheckedExpectation, ...]
    unexpected: tuple[Finding, ...] = ()
    """Findings that the case does not mention, and does not allow; what only informs is no matter."""

    @property
    def passed(self) -> bool:
        """Whether everything is as expected, and nothing else is."""
        return all(entry.ok for entry in self.checked) and not self.unexpected

    @property
    def problems(self) -> tuple[str, ...]:
        """What differs, one line each; empty where it passed."""
        wrong = [
            f"{entry.expected}, but {entry.detail}"
            if entry.unknown
            else f"{entry.expected}, but got {entry.actual}"
            + (f" ({entry.severity})" if entry.severity else "")
            + (f": {entry.detail}" if entry.detail else "")
            for entry in self.checked
            if not entry.ok
        ]
        others = [
            f"not expected: {finding.rule} {finding.subject}: {_result((finding,))}: {finding.message}"
            for finding in self.unexpected
        ]
        return (*wrong, *others)


def run_case(platform: Platform, case: Case) -> CaseResult:
    """Judge a case's project, and compare."""
    if case.ask is not None:
        result, why = case.ask(platform)
        return CaseResult(
            case, tuple(CheckedExpectation(expected, result, detail=why) for expected in case.expect)
        )
    evaluation = evaluate(
        platform,
        case.project,
        waivers=case.waivers,
        select=case.rules,
        what_if=case.enforcement,
        today=case.today,
    )
    checked = tuple(_check(evaluation, expectation, case.project) for expectation in case.expect)
    if case.allow_others:
        return CaseResult(case, checked)
    named = {(entry.rule, entry.resource) for entry in case.expect}
    unexpected = tuple(
        finding
        for finding in evaluation.findings
        if finding.severity != "info"
        and not any((finding.rule, resource) in named for resource in homes(finding.subject))
    )
    return CaseResult(case, checked, unexpected)


def _check(evaluation: Evaluation, expected: Expectation, project: Project) -> CheckedExpectation:
    about = [
        finding
        for finding in evaluation.findings
        if finding.rule == expected.rule and expected.resource in homes(finding.subject)
    ]
    if about:
        result = _result(about)
        shown = next(finding for finding in about if _result((finding,)) == result)
        return CheckedExpectation(expected, result, shown.severity, shown.message)
    if any((expected.rule, resource) in evaluation.checked for resource in homes(expected.resource)):
        return CheckedExpectation(expected, "pass")
    unknown = not _exists(evaluation, expected.resource, project)
    return CheckedExpectation(
        expected, "skip", detail=_why_skipped(evaluation, expected, project), unknown=unknown
    )


def _exists(evaluation: Evaluation, resource: str, project: Project) -> bool:
    """Whether a case gives a resource, a column of one, or what a rule may be about beside them."""
    if resource.startswith(("group ", "waiver ")) or resource in (project.name, *evaluation.layers.values()):
        return True
    labels = {node.label for node in project.by_id.values()} | {node.name for node in project.by_id.values()}
    labels |= {each.label for each in project.beside}
    return any(home in labels for home in homes(resource))


def _result(findings: Iterable[Finding]) -> Result:
    """The worst of some findings."""
    results = {"waived" if f.waived else "fail" if f.severity == "error" else "warn" for f in findings}
    return "fail" if "fail" in results else "warn" if "warn" in results else "waived"


def _why_skipped(evaluation: Evaluation, expected: Expectation, project: Project) -> str:
    if expected.rule not in evaluation.enforcement:
        return "the platform does not enforce the rule, or asks nothing of it"
    names = {model.name for model in project.models} | {source.name for source in project.sources}
    if not names & set(expected.resource.split(".")):
        return "the given project has no such resource, or the rule is not about it"
    return "the rule does not apply to it"
