"""The seed's four suites: the rules' own examples, made from an artifact itself.

Each states what the artifact's own settings mean, as projects that must pass and projects that
must not: a platform whose files do not do what they say fails its own tests. Waivers of the
platform are left out, for they are exceptions from exactly this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import RULES
from floe_engine.policy.cases import Case, Expectation, Suite
from floe_engine.policy.enforcement import said_of
from floe_engine.policy.finding import Result
from floe_engine.policy.resources import ExampleNodes
from floe_engine.policy.rule import Example, ExampleAnswer, Family, Rule
from floe_engine.project.facts import (
    Beside,
    Exposure,
    Macro,
    Project,
    ProjectTest,
    SemanticModel,
    UnitTest,
)

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


def built_in_suites(platform: Platform) -> tuple[Suite, ...]:
    """The four suites of a platform, in the seed's order."""
    make = ExampleNodes(platform)
    return tuple(
        Suite(title, tuple(case for rule in RULES if rule.family is family for case in cases_of(rule, make)))
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
    found: dict[type[Beside], Any] = {}
    for each in example.beside:
        found[type(each)] = (*found.get(type(each), ()), each)
    return Project(
        ExampleNodes.project,
        Path(),
        example.models,
        example.sources,
        exposures=found.get(Exposure, ()),
        macros=found.get(Macro, ()),
        semantic_models=found.get(SemanticModel, ()),
        unit_tests=found.get(UnitTest, ()),
        tests=found.get(ProjectTest, ()),
        groups=example.groups,
        adapter="duckdb",
    )


def _asked(rule: Rule, ask: Callable[[Platform], ExampleAnswer], platform: Platform) -> tuple[Result, str]:
    answer = ask(platform)
    result = said_of(rule, platform, answer.passes, answer.severity)
    return result, answer.why or ("the platform does not enforce the rule" if result == "skip" else "")


def without_waivers(platform: Platform) -> Platform:
    """The platform with no exceptions, as the generated suites judge it."""
    return replace(platform, gates=structs.replace(platform.gates, waivers=()))
