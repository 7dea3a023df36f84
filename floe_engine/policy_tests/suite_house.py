"""The examples of house rules, as cases of the quality suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from floe_engine.artifact.model import CustomRule, written
from floe_engine.artifact.platform import Platform
from floe_engine.document.rendering import flow
from floe_engine.policy.cases import Case, Expectation, Result
from floe_engine.policy.example_models import PROJECT
from floe_engine.policy.rules.house import HouseRule
from floe_engine.policy_tests.made_cases import compliance, violation
from floe_engine.project.facts import Project


def house_cases(platform: Platform) -> Iterator[Case]:
    """What each rule says of its own examples."""
    for rule in platform.gates.custom_rules:
        if rule.type in ("cel", "python"):
            yield from _of(platform, rule)


def _of(platform: Platform, rule: CustomRule) -> Iterator[Case]:
    from floe_engine.manifest.house_rule import examples_of

    for kind, number, example in examples_of(written(rule)):
        wanted = compliance(platform, HouseRule.id) if kind == "pass" else _refusal(platform, rule)
        word = "passes" if kind == "pass" else "is refused"
        name = f"{rule.id}: example {number + 1} {word}"
        yield Case(
            name,
            Project(PROJECT, Path(), ()),
            (Expectation(HouseRule.id, f"{rule.id}", wanted),),
            given=f"{rule.subject or 'model'} {_short(example)}",
            rules=(HouseRule.id,),
            ask=partial(_asked, rule.id or "", example),
        )


def _refusal(platform: Platform, rule: CustomRule) -> Result:
    result = violation(platform, HouseRule.id)
    return "warn" if result == "fail" and rule.severity == "warning" else result


def _asked(rule_id: str, example: Mapping[str, Any], platform: Platform) -> tuple[Result, str]:
    """What the platform's rule of a name says of an example."""
    from floe_engine.manifest.house_rule import as_house_rule, example_values

    rule = next((each for each in platform.gates.custom_rules if each.id == rule_id), None)
    if rule is None or violation(platform, HouseRule.id) == "skip":
        return "skip", "the platform has no such rule, or does not enforce it"
    if rule.type == "python":
        return _asked_of_package(platform, rule, example)
    asked = as_house_rule(written(rule))
    verdict = asked.ask(*example_values(example, asked.subject))
    if verdict.answer in ("pass", "skip"):
        return ("pass" if verdict.answer == "pass" else "skip"), "`when` is false for it"
    return _refusal(platform, rule), verdict.why or asked.message(*example_values(example, asked.subject))


def _asked_of_package(platform: Platform, rule: CustomRule, example: Mapping[str, Any]) -> tuple[Result, str]:
    """What a package's function says of an example; where it cannot be run, neither kind of example holds."""
    from floe_engine.manifest.house_rule import example_values
    from floe_engine.manifest.rule_packages import NotUsable
    from floe_engine.policy.rules.package_rules import outcomes, rule_function

    try:
        values = example_values(example, rule.subject or "model")
        (outcome,) = outcomes(rule_function(rule), rule.parameters, [values])
    except NotUsable as error:
        return "skip", f"not judged: {error}"
    if outcome.untold:
        return "skip", f"not judged: {outcome.untold}"
    return (_refusal(platform, rule), outcome.wrong) if outcome.wrong else ("pass", "")


def _short(example: Mapping[str, Any]) -> str:
    text = flow(example)[1:-1] or "of which nothing is said"
    return text if len(text) <= 80 else f"{text[:77]}…"
