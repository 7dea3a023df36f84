"""Cases that are made from a platform: what each expects of it, and the rules' own examples among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.all_rules import RULES, rule_by_id
from floe_engine.policy.cases import Case, Expectation, Result
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.example_models import PROJECT, example_model
from floe_engine.policy.rule import Family
from floe_engine.project.facts import (
    Beside,
    Exposure,
    Group,
    Macro,
    Model,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
    Unread,
)

_ENFORCED: Mapping[Enforcement, Result] = {"strict": "fail", "warn": "warn", "off": "skip"}


def violation(platform: Platform, rule_id: str) -> Result:
    """What a violation of a rule is on this platform: `fail`, `warn`, or `skip` where it is off."""
    rule = rule_by_id(rule_id)
    if rule is None or not rule.active(platform):
        return "skip"
    return _ENFORCED[enforcement_of(rule, platform)]


def compliance(platform: Platform, rule_id: str) -> Result:
    """What a rule says of a resource that has nothing wrong: `pass`, or `skip` where it is off."""
    return "skip" if violation(platform, rule_id) == "skip" else "pass"


def examples(platform: Platform, family: Family) -> Iterator[Case]:
    """The rules' own examples, as cases."""
    for rule in RULES:
        if rule.family is family and rule.active(platform):
            for each in rule.examples(platform):
                result = (compliance if each.passes else violation)(platform, rule.id)
                yield case(
                    each.name,
                    each.given,
                    each.models,
                    Expectation(rule.id, each.subject, result),
                    sources=each.sources,
                    beside=each.beside,
                )


def case(
    name: str,
    given: str,
    models: Iterable[Model],
    *expect: Expectation,
    sources: Sequence[Source] = (),
    groups: Sequence[Group] = (),
    beside: Sequence[Beside] = (),
) -> Case:
    """A generated case, judged by the rules that it names alone."""
    found: dict[type[Beside], Any] = {}
    for each in beside:
        found[type(each)] = (*found.get(type(each), ()), each)
    return Case(
        name,
        Project(
            PROJECT,
            Path(),
            tuple(models),
            tuple(sources),
            exposures=found.get(Exposure, ()),
            macros=found.get(Macro, ()),
            semantic_models=found.get(SemanticModel, ()),
            unit_tests=found.get(UnitTest, ()),
            tests=found.get(ProjectTest, ()),
            groups=tuple(groups),
            adapter="duckdb",
        ),
        expect,
        given=given,
        rules=tuple(dict.fromkeys(entry.rule for entry in expect)),
    )


def unread_cases(platform: Platform, layer: str | None, rule: str) -> Iterator[Case]:
    """A model of which only dbt could tell all parents, and one that is as it is read."""
    whole = example_model(platform, layer)
    told = replace(whole, unread=Unread("macro a_macro()", whole.path, 1))
    yield case(
        f"a parent that only dbt could tell does not pass unseen ({layer or 'no layer'})",
        f"{told.name} calls a macro that is nowhere to be found",
        [told],
        Expectation(rule, told.name, violation(platform, rule)),
    )
    yield case(
        f"parents that can be told are no question ({layer or 'no layer'})",
        f"model {whole.name}",
        [whole],
        Expectation(rule, whole.name, compliance(platform, rule)),
    )
