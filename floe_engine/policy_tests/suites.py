"""The seed's four suites: the rules' own examples, made from an artifact itself.

Each states what the artifact's own settings mean, as projects that must pass and projects that
must not: a platform whose files do not do what they say fails its own tests. Waivers of the
platform are left out, for they are exceptions from exactly this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import rules_for
from floe_engine.policy.cases import Case, Expectation, Suite
from floe_engine.policy.enforcement import enforcement_of, said_of
from floe_engine.policy.finding import Result
from floe_engine.policy.resources import ExampleNodes
from floe_engine.policy.rule import Example, ExampleAnswer, Family, Rule
from floe_engine.project.facts import (
    Exposure,
    Group,
    Macro,
    Model,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
)

_Made = TypeVar("_Made")

NAMING = "Naming convention enforcement"
QUALITY = "Quality gate validation"
CLASSIFICATION = "Classification propagation"
ACCESS = "Access control rules"

_FAMILIES = {
    NAMING: Family.NAMING,
    QUALITY: Family.QUALITY,
    CLASSIFICATION: Family.CLASSIFICATION,
    ACCESS: Family.ACCESS,
}


def suites_of(platform: Platform, files: Iterable[Path], *, built_in: bool = True) -> list[Suite]:
    """The built-in suites, then one a file. Raises `ConfigurationError` for a file that is no policy test."""
    suites = list(built_in_suites(platform)) if built_in else []
    if listed := list(files):
        from floe_engine.policy_tests.case_file import load_suite

        suites += map(load_suite, listed)
    return suites


def built_in_suites(platform: Platform) -> tuple[Suite, ...]:
    """The four suites of a platform, in the seed's order."""
    make, rules = ExampleNodes(platform), rules_for(platform)
    return tuple(
        Suite(
            title,
            tuple(case for rule in rules if rule.family is family for case in cases_of(rule, make)),
        )
        for title, family in _FAMILIES.items()
    )


def cases_of(rule: Rule, make: ExampleNodes) -> Iterator[Case]:
    """The examples of a rule that a platform asks for, each judged by that rule alone."""
    if not rule.active(make.platform):
        return
    for each in rule.examples(make):
        said = ((each.subject, each.passes), *each.also)
        yield Case(
            each.name,
            project_of(each),
            tuple(
                Expectation(rule.id, resource, said_of(rule, make.platform, passes, each.severity))
                for resource, passes in said
            ),
            given=each.given,
            rules=(rule.id,),
            ask=partial(_asked, rule, each.ask) if each.ask is not None else None,
        )


def project_of(example: Example) -> Project:
    """The project that an example gives."""

    def given(kind: type[_Made]) -> tuple[_Made, ...]:
        return tuple(each for each in example.nodes if isinstance(each, kind))

    return Project(
        ExampleNodes.project,
        Path(),
        given(Model),
        given(Source),
        exposures=given(Exposure),
        macros=given(Macro),
        semantic_models=given(SemanticModel),
        unit_tests=given(UnitTest),
        tests=given(ProjectTest),
        groups=given(Group),
        adapter="duckdb",
    )


def _asked(rule: Rule, ask: Callable[[Platform], ExampleAnswer], platform: Platform) -> tuple[Result, str]:
    answer = ask(platform)
    result = said_of(rule, platform, answer.passes, answer.severity)
    return result, answer.why or ("the platform does not enforce the rule" if result == "skip" else "")


def judge_of(suite: Suite, platform: Platform) -> Platform:
    """The platform as it judges a suite: a built-in one without its waivers."""
    return without_waivers(platform) if suite.path is None else platform


def biting(platform: Platform) -> list[Rule]:
    """The rules that ask something of projects and are not off, without those that only inform."""
    return [
        rule
        for rule in rules_for(platform)
        if rule.family is not Family.WAIVERS
        and not rule.advisory
        and rule.active(platform)
        and enforcement_of(rule, platform) != "off"
    ]


def without_waivers(platform: Platform) -> Platform:
    """The platform with no exceptions, as the generated suites judge it."""
    return replace(platform, gates=replace(platform.gates, waivers=()))
