from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from floe_engine.artifact.model import LayerConstraint
from floe_engine.events import Event, Step
from floe_engine.policy.running import run_policy_tests, run_suite
from floe_engine.policy.suites import built_in_suites
from tests.engine.policy.samples import gates, platform

SEED = platform()


def test_the_seeds_platform_passes_the_seeds_four_suites_by_name() -> None:
    said: list[Event] = []
    run = run_policy_tests(SEED, report=said.append)
    assert run.passed
    assert [step.text for step in said if isinstance(step, Step)] == [
        "Naming convention enforcement",
        "Quality gate validation",
        "Classification propagation",
        "Access control rules",
    ]


def test_every_suite_has_cases_that_must_pass_and_cases_that_must_not() -> None:
    for suite in built_in_suites(SEED):
        results = {entry.result for case in suite.cases for entry in case.expect}
        assert "pass" in results, suite.title
        assert results & {"fail", "warn"}, suite.title


def test_every_active_rule_of_the_seeds_platform_is_exercised() -> None:
    assert run_policy_tests(SEED).unexercised == ()


PLATFORMS: dict[str, dict[str, Any]] = {
    "kimball": {"data_architecture__pattern": "kimball"},
    "data vault": {"data_architecture__pattern": "data_vault"},
    "no naming": {"data_architecture__naming": {"enforcement": "off"}},
    "naming warns": {"data_architecture__naming": {"enforcement": "warn"}},
    "upper-case names": {
        "data_architecture__naming": {"enforcement": "strict", "name_pattern": "[A-Z]+"},
        "data_architecture__layers": {"bronze": {"prefixes": ["B_", "RAW_"]}},
    },
    "custom names": {
        "data_architecture": {
            "pattern": "custom",
            "naming": {"enforcement": "strict", "custom_patterns": ["(in|out)_[a-z]+"]},
            "layers": {"inbound": {"prefix": "in_", "required_tests": ["unique_pk"]}},
        }
    },
    "no layers": {
        "data_architecture": {
            "pattern": "custom",
            "naming": {"enforcement": "strict", "custom_patterns": ["[a-z_]+"]},
        }
    },
    "gates warn": gates(block_on_failure=False),
    "capped": {"governance__policy_enforcement_level": "warn"},
    "everything off": {"governance__policy_enforcement_level": "off"},
    "coverage by layer": gates(coverage_scope="layer", layer_thresholds={"gold": 95}),
    "coverage by project": gates(coverage_scope="project", minimum_test_coverage=100),
    "coverage of models": gates(coverage_metric="models", coverage_scope="project"),
    "coverage of a model": gates(coverage_metric="models"),
    "coverage of keys": gates(coverage_metric="primary_keys", coverage_scope="layer"),
    "no coverage": gates(minimum_test_coverage=0),
    "tests by name": gates(required_tests=["not_null", "dbt_utils.at_least_one", "relationships"]),
    "descriptions": gates(require_descriptions=True, require_column_descriptions=True),
    "model propagation": {"governance__classification__propagation": {"mode": "model"}},
    "strict propagation": {
        "governance__classification__propagation": {"mode": "name", "enforcement": "strict"}
    },
    "column propagation": {
        "governance__classification__propagation": {"mode": "column", "enforcement": "strict"}
    },
    "no propagation": {"governance__classification__propagation": {"mode": "off"}},
    "own levels": {
        "governance__classification": {
            "levels": ["open", "secret"],
            "default_level": "open",
            "require_declared": True,
            "rules": {
                "secret": {
                    "forbidden_layers": ["gold"],
                    "requires_meta": ["owner", "retention_days"],
                    "required_tests": ["contract", "unit_test"],
                    "minimum_test_coverage": 90,
                    "allowed_roles": ["admin"],
                }
            },
        }
    },
    "schema registry": {
        "catalog__schema_registry": {
            "column_case": "snake",
            "reserved_columns": ["rowid"],
            "required_columns": {"gold": [{"name": "loaded_at", "type": "timestamp"}, {"name": "batch_id"}]},
            "type_rules": [{"pattern": ".*_at", "type": "timestamp"}],
            "require_data_types": True,
            "require_contract": ["gold"],
        }
    },
    "custom rules": {
        "governance__custom_rules": [
            {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["published", "daily"]},
            {"type": "require_meta_field", "field": "owner", "id": "owned"},
            {
                "type": "require_tests_of_type",
                "test_types": ["not_null", "unique"],
                "min_count": 2,
                "applies_to": "silver_*",
            },
        ]
    },
    "everybody may": {"governance__access_control": {"default": "allow"}},
    "roles by level": {
        "governance__access_control": {
            "roles": {"reader": {}, "officer": {"inherits": ["reader"]}},
            "permissions": [
                {"role": "reader", "levels": ["public", "internal"], "access": "READ"},
                {"role": "officer", "levels": ["pii"], "access": "ADMIN"},
            ],
        }
    },
    "waived": {
        "governance__waivers": [
            {"id": "all", "pattern": "*", "reason": "legacy", "owner": "x", "expires": "2099-01-01"}
        ]
    },
    "per-rule": {"governance__rules": {"FLOE-E201": {"enforcement": "warn"}}},
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_of_any_settings_passes_its_own_suites(name: str) -> None:
    run = run_policy_tests(platform(**PLATFORMS[name]))
    assert [(result.case.name, result.problems) for result in run.failures] == []
    assert [suite.title for suite in run.suites] == [suite.title for suite in built_in_suites(SEED)]


def test_an_artifact_that_does_less_than_its_cases_say_fails() -> None:
    """The cases of one platform against a weaker one: what mutation mode does, by hand."""
    weaker = replace(SEED, layers={**SEED.layers, "silver": LayerConstraint(required_tests=())})
    quality = built_in_suites(SEED)[1]
    failures = run_suite(weaker, quality).failures
    assert {result.case.name for result in failures} >= {"silver: a model without unique_pk is refused"}
    assert any("but got skip" in problem for result in failures for problem in result.problems)


def test_select_runs_the_suites_and_cases_that_it_names() -> None:
    run = run_policy_tests(SEED, select=["access control"])
    assert [suite.title for suite in run.suites] == ["Access control rules"]
    run = run_policy_tests(SEED, select=["silver: a model without unique_pk"])
    assert [len(suite.cases) for suite in run.suites] == [1]
