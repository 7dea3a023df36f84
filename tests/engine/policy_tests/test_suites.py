from __future__ import annotations

import random
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from floe_engine.artifact.sections import LayerConstraint
from floe_engine.events import Event, Step
from floe_engine.manifest.terms import (
    BuildDemand,
    CodeFault,
    Described,
    ExposureDemand,
    GraphFault,
    Kept,
    MacroDemand,
    PlaceDemand,
    SemanticDemand,
    SourceDemand,
    Tagged,
)
from floe_engine.policy_tests.mutation import mutate
from floe_engine.policy_tests.running import run_policy_tests, run_suite
from floe_engine.policy_tests.suites import built_in_suites
from tests.engine.policy.samples import gates, platform
from tests.engine.variations import (
    ACCESS,
    CLASSES,
    EDITS,
    LAYERS,
    NAMING,
    PLAIN,
    SCHEMAS,
    Edit,
    compiled,
    edited,
)  # fmt: skip

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
    "few parents": {"governance__quality_gates": {"max_parents": 2}},
    "everything documented": {
        "governance__documentation": {
            "descriptions": {kind: number for number, kind in enumerate(get_args(Described), 1)},
            "meta": {
                kind: [{"key": "team", "pattern": "(core|web)"}, {"key": "a.b"}] for kind in get_args(Kept)
            },
            "tags": {kind: ["daily", "reviewed"] for kind in get_args(Tagged)},
            "one_description": True,
            "complete_columns": ["seed", "snapshot", "source"],
        }
    },
    "sources and exposures": {
        "governance__sources": {"require": list(get_args(SourceDemand))},
        "governance__exposures": {"require": list(get_args(ExposureDemand))},
        "governance__semantic_models": {"require": list(get_args(SemanticDemand))},
    },
    "a plain graph": {
        "governance__graph": {
            "max_children": 2,
            "min_children": 2,
            "max_sources": 1,
            "max_view_chain": 2,
            "forbid": list(get_args(GraphFault)),
        }
    },
    "built as wanted": {
        "governance__materialization": {
            "allowed": ["table", "incremental"],
            "require": list(get_args(BuildDemand)),
            "max_children_of_view": 2,
            "snapshot_strategies": ["check", "timestamp"],
        },
        "data_architecture__layers": {"gold": {"materializations": ["table", "materialized_view"]}},
    },
    "code and macros": {
        "governance__code": {
            "forbid": list(get_args(CodeFault)),
            "forbidden_patterns": ["(?i)current_date", "select 1"],
            "max_lines": 3,
        },
        "governance__macros": {"require": list(get_args(MacroDemand)), "max_arguments": 2, "max_lines": 3},
        "governance__structure": {"require": list(get_args(PlaceDemand))},
    },
    "tests by name of a column": gates(
        column_tests=[
            {"pattern": ".*_id", "test": "relationships"},
            {"pattern": "[a-z]+_id", "test": "dbt_utils.not_empty_string"},
        ],
        unit_test_formats=["csv"],
    ),
    "all declared": gates(require_sources=True, require_declared_columns=True),
    "columns wanted": {"governance__quality_gates": {"zero_column_behavior": "fail"}},
    "no columns are fine": {"governance__quality_gates": {"zero_column_behavior": "pass"}},
    "warning tests do not count": {"governance__quality_gates": {"count_warn_severity": False}},
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


STRICT = (f"{NAMING}.enforcement", "strict")


def _custom_rules(*rules: dict[str, Any]) -> tuple[Edit, ...]:
    return (("governance.custom_rules", list(rules)),)


LEGITIMATE: tuple[tuple[Edit, ...], ...] = (
    (STRICT, (f"{NAMING}.name_pattern", "(crm|erp)__[a-z_]+")),
    ((f"{NAMING}.enforcement", "warn"), (f"{NAMING}.name_pattern", "(crm|erp)__[a-z_]+")),
    (STRICT, (f"{NAMING}.name_pattern", "[a-z]{2,4}_[a-z_]+")),
    (STRICT, (f"{NAMING}.name_pattern", r"\d{3}-[A-Z][^a-z]x+")),
    (STRICT, (f"{NAMING}.custom_patterns", ["(crm|erp)__[a-z_]+", "stg_[a-z]{3}[0-9]"])),
    (STRICT, (f"{NAMING}.applies_to", ["seed"])),
    (STRICT, (f"{LAYERS}.bronze.prefixes", ["o", "or"])),
    (STRICT, (f"{LAYERS}.bronze.paths", ["**"])),
    (STRICT, (f"{LAYERS}.no_such_layer.prefix", "x_")),
    ((f"{SCHEMAS}.reserved_columns", ["order_id"]),),
    ((f"{SCHEMAS}.reserved_columns", ["ORDER_ID", "id", "key"]), (f"{SCHEMAS}.column_case", "camel")),
    ((f"{SCHEMAS}.type_rules", [{"pattern": ".*", "type": "text"}, {"pattern": "id", "type": "int"}]),),
    ((f"{SCHEMAS}.type_rules", [{"pattern": "k[0-9]{4}", "type": "uuid"}]),),
    _custom_rules(
        {"type": "require_meta_field", "field": "owner"},
        {"type": "require_meta_field", "field": "floe"},
        {"type": "require_meta_field", "field": "floe.layer", "applies_to": "g?ld_[ab]*"},
    ),
    _custom_rules(
        {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["a"]},
        {"type": "require_tags_for_prefix", "prefix": "go", "tags": ["b"]},
    ),
    _custom_rules(
        {"type": "require_tests_of_type", "test_types": ["unique"], "min_count": 2},
        {"type": "require_tests_of_type", "test_types": ["not_null", "mine"]},
    ),
    ((f"{CLASSES}.levels", ["yes", "no", "off", "true"]), (f"{CLASSES}.default_level", "yes")),
    ((f"{CLASSES}.levels", ["no_such_level", "b"]), (f"{CLASSES}.default_level", "no_such_level")),
    ((f"{CLASSES}.meta_keys", ["pii"]),),
    ((f"{CLASSES}.meta_keys", ["floe"]),),
    ((f"{CLASSES}.propagation.declassify_meta", "floe.classification"),),
    (
        (f"{CLASSES}.propagation.mode", "column"),
        (f"{CLASSES}.propagation.declassify_functions", ["analytics.mask"]),
    ),
    ((f"{CLASSES}.rules.pii.requires_meta", ["floe", "floe.layer", "classification", "pii"]),),
    ((f"{CLASSES}.name_patterns", [{"pattern": "cust_[0-9]+x", "level": "pii"}]),),
    ((f"{ACCESS}.roles", {"no_such_role": {}}), (f"{ACCESS}.permissions", [])),
)


@pytest.mark.parametrize("edits", LEGITIMATE, ids=str)
def test_no_legitimate_platform_fails_for_a_name_that_floe_made_up(edits: tuple[Edit, ...]) -> None:
    checked, artifact = compiled(edited(PLAIN, edits))
    assert artifact is not None, checked.errors
    run = run_policy_tests(artifact.platform)
    assert [(result.case.name, result.problems) for result in run.failures] == []
    assert [(trial.rule, trial.change) for trial in mutate(artifact.platform).survivors] == []


def test_platforms_of_several_random_settings_pass_their_own_suites() -> None:
    draw = random.Random(7)
    failed = []
    for _ in range(40):
        edits = tuple(draw.sample(EDITS, draw.randint(2, 5)))
        artifact = compiled(edited(PLAIN, edits))[1]
        if artifact is not None and (failures := run_policy_tests(artifact.platform).failures):
            failed.append((edits, failures[0].case.name, failures[0].problems))
    assert failed == []


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


def test_no_platform_fails_for_an_extra_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that read SQL are not asked where nothing reads it; data teams are told so, model by model."""
    monkeypatch.setattr("floe_engine.lineage.traces.available", lambda: False)
    on = platform(
        **gates(require_declared_columns=True),
        governance__classification={"propagation": {"mode": "column"}},
    )
    run = run_policy_tests(on)
    assert list(run.failures) == []
    assert "FLOE-E224" in run.unexercised
