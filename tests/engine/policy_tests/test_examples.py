"""Every rule has examples beside it: what it passes and what it does not, of some platform."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from floe_engine.artifact.model import QualityGates
from floe_engine.artifact.sections import LayerConstraint
from floe_engine.policy.all_rules import FAMILIES, every_rule, rules_for
from floe_engine.policy.cases import run_case
from floe_engine.policy.resources import ExampleNodes
from floe_engine.policy.rule import Rule
from floe_engine.policy_tests.suites import cases_of, without_waivers
from tests.engine.policy.samples import platform
from tests.engine.policy_tests.test_suites import PLATFORMS

OF_THEIR_OWN: dict[str, dict[str, Any]] = {
    "waivers are told": {"governance__waiver_policy": {"allow_in_product": "warn"}},
    "house rules": {
        "governance__custom_rules": [
            {
                "type": "cel",
                "id": "owned",
                "expr": "model.owner != null",
                "examples": {"pass": [{"owner": "core"}], "fail": [{"owner": None}]},
            }
        ]
    },
}

ASKING = [without_waivers(platform(**settings)) for settings in (PLATFORMS | OF_THEIR_OWN).values()]


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_every_rule_has_examples_beside_it_that_pass_and_that_do_not(rule: Rule) -> None:
    shown: set[bool | None] = set()
    for asking in ASKING:
        make = ExampleNodes(asking)
        if rule.active(asking):
            shown |= {each.passes for each in rule.examples(make)}
            judged = [run_case(asking, case) for case in cases_of(rule, make)]
            assert [result.problems for result in judged if not result.passed] == []
    assert shown >= {True, False}
    owner = next(each for each in type(rule).__mro__ if "examples" in vars(each))
    assert owner.__module__ == type(rule).__module__


def without(part: Any, unset: Any, fields: tuple[str, ...]) -> Any:
    """A part of the artifact of which some fields say nothing."""
    return replace(part, **{each: getattr(unset, each) for each in part.__struct_fields__ if each in fields})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_is_not_loaded_has_no_active_rule(family: str) -> None:
    every = {rule for rule in every_rule() if type(rule).__module__ == f"floe_engine.policy.rules.{family}"}
    assert every
    for asking in ASKING:
        silent = replace(
            asking,
            gates=without(asking.gates, QualityGates(platform=asking.gates.platform), FAMILIES[family]),
            layers={
                name: without(layer, LayerConstraint(), FAMILIES[family])
                for name, layer in asking.layers.items()
            },
        )
        for judged in (asking, silent):
            assert {rule for rule in every if rule.active(judged)} <= set(rules_for(judged))
        assert bool(every & set(rules_for(silent))) is not bool(FAMILIES[family])
