"""House rules: what a platform says in CEL of its projects, and what of that could not be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from floe_engine.artifact.part import written
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import CustomRule
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import CUSTOM_RULES, PLACEMENT, SENSITIVITY
from floe_engine.policy.rule import Examined, Example, ExampleAnswer, Rule
from floe_engine.policy.view import View
from floe_engine.project.facts import Beside, Column, Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_HOUSE = ("cel", "python")
"""The types of custom rules that are house rules."""

STEPS_A_SUBJECT = 2_000
"""Steps that all rules may take together for each subject there is; sixty rules take a tenth of it."""

STEPS_BESIDES = 2_000_000
"""What they may take besides: a small project may be asked about as a whole too."""


class Failure(Struct, frozen=True, gc=False):
    """A rule, a subject that fails it or of which it cannot be told, and what to say."""

    rule: CustomRule
    subject: Model | Source | Beside | str
    column: Column | None
    message: str
    known: bool
    expected: str = ""
    actual: str = ""


class HouseAnswers(Struct, frozen=True):
    """What came of all house rules: every subject that was asked something, and the failures."""

    subjects: dict[str, None]
    failures: list[Failure]


class HouseRule(Rule):
    """What the platform's own rules ask holds.

    A custom rule of type ``cel``: an expression over the facts of a model, a source, a column or another
    subject must be true wherever its ``when`` is. The finding names the rule in its parameter, and tells
    the clause that is false and what stands in it. One of type ``python`` is a function of a package, which
    says itself what is wrong. A waiver names the rule by its id, or all by FLOE-E283.
    """

    id = "FLOE-E283"
    setting = "governance.custom_rules"
    reads = (*CUSTOM_RULES, *PLACEMENT, *SENSITIVITY)
    known = True

    def active(self, platform: Platform) -> bool:
        """Where there is a rule of type ``cel`` or ``python``."""
        return any(rule.type in _HOUSE for rule in platform.gates.custom_rules)

    def examine(self, view: View) -> Iterator[Examined]:
        asked = view.once(ask_all) if self.active(view.platform) else HouseAnswers({}, [])
        found: dict[str, list[Finding]] = {label: [] for label in asked.subjects}
        for failure in asked.failures:
            if failure.known is self.known:
                finding = self.found(failure)
                found[_label(failure.subject)].append(finding)
        yield from found.items()

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """What each of the platform's rules says of its own examples."""
        from floe_engine.manifest.house_rule import examples_of

        for rule in make.platform.gates.custom_rules:
            for kind, number, example in examples_of(written(rule)) if rule.type in _HOUSE else ():
                yield Example(
                    f"{rule.id}: example {number + 1} {'passes' if kind == 'pass' else 'is refused'}",
                    f"{rule.subject or 'model'} {_short(example)}",
                    rule.id or "",
                    (),
                    passes=kind == "pass",
                    ask=partial(_answer, rule.id, example),
                    severity=rule.severity,
                )

    def found(self, failure: Failure) -> Finding:
        """What is said of a failure."""
        rule = failure.rule
        return self.finding(
            failure.subject,
            failure.message,
            column=failure.column,
            expected=f"{rule.id}: {failure.expected}",
            actual=failure.actual,
            suggestion=rule.remedy or "",
            parameter=rule.id or "",
            severity=rule.severity,
        )


class HouseRuleNotJudged(HouseRule):
    """Every house rule could be answered.

    A rule cannot be answered where a fact is one that only dbt could tell (the static reader says so),
    where the expression asks for a key that ``meta`` does not have, or where it costs more than it may. A
    rule of a package cannot where the package is not installed, has other files than the platform's team
    signed, raises, or takes too long.
    The subject is then not judged, and this says so.
    """

    id = "FLOE-E284"
    known = False

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A rule that asks for a key of meta, of a model that has it and of one that does not."""
        for told in (True, False):
            yield Example(
                f"a rule that asks for a key which is {'there is answered' if told else 'absent is not'}",
                f"model.meta.team, of a model {'of team core' if told else 'without meta'}",
                "model.meta.team",
                (),
                passes=told,
                ask=partial(_answered, {"meta": {"team": "core"}} if told else {}),
            )

    def found(self, failure: Failure) -> Finding:
        """What could not be told, and why."""
        return self.finding(
            failure.subject,
            f"rule {failure.rule.id} could not be answered: {failure.message}",
            column=failure.column,
            expected="facts that can be told",
            actual=failure.message,
            suggestion=_INSTALL
            if failure.rule.type == "python"
            else "ask with `has(…)` or `.?key.orValue(…)` where a key may be absent; "
            "run `dbt parse` where only dbt could tell",
            parameter=failure.rule.id or "",
            severity=failure.rule.severity,
        )


def _answer(rule_id: str | None, example: Mapping[str, Any], platform: Platform) -> ExampleAnswer:
    """What the platform's rule of a name says of an example."""
    from floe_engine.manifest.house_rule import as_house_rule, example_values

    rule = next((each for each in platform.gates.custom_rules if each.id == rule_id), None)
    if rule is None:
        return ExampleAnswer(None, "the platform has no such rule")
    if rule.type == "python":
        return _answer_of_package(rule, example)
    asked = as_house_rule(written(rule))
    values = example_values(example, asked.subject)
    verdict = asked.ask(*values)
    if verdict.answer == "skip":
        return ExampleAnswer(None, "`when` is false for it")
    if verdict.answer == "pass":
        return ExampleAnswer(True, "")
    return ExampleAnswer(False, verdict.why or asked.message(*values), rule.severity)


def _answer_of_package(rule: CustomRule, example: Mapping[str, Any]) -> ExampleAnswer:
    """What a package's function says of an example; where it cannot be run, neither kind of example holds."""
    from floe_engine.manifest.house_rule import example_values
    from floe_engine.manifest.rule_packages import NotUsable
    from floe_engine.policy.rules.package_rules import outcomes, rule_function

    try:
        values = example_values(example, rule.subject or "model")
        (outcome,) = outcomes(rule_function(rule), rule.parameters, [values])
    except NotUsable as error:
        return ExampleAnswer(None, f"not judged: {error}")
    if outcome.untold:
        return ExampleAnswer(None, f"not judged: {outcome.untold}")
    return ExampleAnswer(not outcome.wrong, outcome.wrong, rule.severity)


def _answered(example: Mapping[str, Any], platform: Platform) -> ExampleAnswer:
    """Whether a rule that asks for a key of meta can be answered."""
    from floe_engine.manifest.house_rule import as_house_rule, example_values

    asked = as_house_rule({"expr": "model.meta.team == 'core'"})
    verdict = asked.ask(*example_values(example, asked.subject))
    return ExampleAnswer(verdict.answer != "unknown", verdict.why)


def _short(example: Mapping[str, Any]) -> str:
    from floe_engine.document.rendering import flow

    text = flow(example)[1:-1] or "of which nothing is said"
    return text if len(text) <= 80 else f"{text[:77]}…"


_Subject: TypeAlias = Model | Source | Beside | str


_Listed: TypeAlias = tuple[str, _Subject, Column | None, tuple[Any, ...]]
"""A subject: its label, itself, the column of it, and the values that are asked."""

_INSTALL = "install the package with the digest that the platform names; its team knows where it is"


def _label(subject: _Subject) -> str:
    return subject if isinstance(subject, str) else subject.label


def _size(view: View) -> int:
    """How many subjects of all kinds a project has."""
    nodes: tuple[Model | Source, ...] = (*view.project.models, *view.project.sources)
    return len(nodes) + sum(len(node.columns) for node in nodes) + len(view.project.beside)


def ask_all(view: View) -> HouseAnswers:
    """What comes of asking all house rules of all that is to be judged."""
    asked = HouseAnswers({}, [])
    _ask(view.platform.gates.custom_rules, view, asked, STEPS_BESIDES + STEPS_A_SUBJECT * _size(view))
    return asked


def failures_of(rules: Sequence[CustomRule], view: View, steps: int) -> tuple[list[Failure], int]:
    """What some house rules find in a view, and how many of `steps` are left."""
    asked = HouseAnswers({}, [])
    left = _ask(rules, view, asked, steps)
    return asked.failures, left


def _ask(rules: Sequence[CustomRule], view: View, asked: HouseAnswers, left: int) -> int:
    """Ask rules of a view, and say how many steps are left."""
    from floe_engine.cel.running import MOST_STEPS
    from floe_engine.cel.values import Frame
    from floe_engine.manifest.house_rule import house_rule
    from floe_engine.policy.facts.subjects import Facts, subjects

    facts = view.once(Facts)
    of_kind: dict[str, list[_Listed]] = {}
    frame = Frame(0)
    for rule in rules:
        if rule.type not in _HOUSE:
            continue
        kind = rule.subject or "model"
        listed = of_kind.get(kind)
        if listed is None:
            listed = of_kind[kind] = [(_label(each[0]), *each) for each in subjects(facts, kind)]
        if rule.type == "python":
            _ask_package(rule, listed, asked, view.project.name)
            continue
        ready = house_rule(kind, rule.when or "", rule.expr or "", rule.message or "")
        ask = ready.ask_on
        for label, subject, column, values in listed:
            most = frame.left = left if kind == "project" or left < MOST_STEPS else MOST_STEPS
            verdict = ask(frame, *values)
            left -= most - frame.left
            answer = verdict.answer
            if answer == "skip":
                continue
            asked.subjects[label] = None
            if answer == "unknown":
                asked.failures.append(Failure(rule, subject, column, verdict.why, known=False))
            elif answer == "fail":
                clause, stands = ready.failing(verdict, *values)
                name = label if column is None else f"{label}.{column.name}"
                message = ready.message(*values) or f"{name} does not meet the rule {rule.id}"
                asked.failures.append(Failure(rule, subject, column, message, True, clause, stands))
    return left


def _ask_package(rule: CustomRule, listed: list[_Listed], asked: HouseAnswers, project: str) -> None:
    """Ask a rule of a package: where that cannot be used, one finding says so of the whole project."""
    from floe_engine.manifest.rule_packages import NotUsable
    from floe_engine.policy.rules.package_rules import outcomes, rule_function
    from floe_engine.text import plural

    try:
        told = outcomes(rule_function(rule), rule.parameters, [values for _, _, _, values in listed])
    except NotUsable as error:
        if listed:
            asked.subjects[project] = None
            why = f"{error} ({plural(len(listed), rule.subject or 'model')} not judged)"
            asked.failures.append(Failure(rule, project, None, why, known=False))
        return
    for (label, subject, column, _), outcome in zip(listed, told, strict=True):
        asked.subjects[label] = None
        if outcome.untold:
            asked.failures.append(Failure(rule, subject, column, outcome.untold, known=False))
        elif outcome.wrong:
            name = label if column is None else f"{label}.{column.name}"
            message = f"{name}: {outcome.wrong}"
            asked.failures.append(
                Failure(rule, subject, column, message, True, f"{rule.package} {rule.rule}", outcome.wrong)
            )
