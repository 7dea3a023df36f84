"""A rule says what it reads of a platform: a recording platform is asked whether that is so."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import get_args

import pytest

from floe_engine.artifact.model import Waiver
from floe_engine.manifest import terms
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.reads import touches
from floe_engine.policy.rule import Rule
from floe_engine.policy.rules.waivers import WaiverRule, Waivers
from floe_engine.policy.view import View
from tests.engine.policy.recording import Place, recorded
from tests.engine.variations import (
    ACCESS,
    CLASSES,
    GATES,
    LAYERS,
    NAMING,
    PLAIN,
    SCHEMAS,
    TODAY,
    WAIVERS,
    WRITTEN,
    Edit,
    compiled,
    edited,
    project,
)  # fmt: skip

RICH: tuple[Edit, ...] = (
    (f"{GATES}.require_descriptions", True),
    (f"{GATES}.require_column_descriptions", True),
    (f"{GATES}.required_tests", ["my_test"]),
    (f"{GATES}.layer_thresholds", {"gold": 50}),
    (f"{GATES}.max_parents", 1),
    (f"{GATES}.require_sources", True),
    (f"{GATES}.require_declared_columns", True),
    (f"{GATES}.column_tests", [{"pattern": ".*", "test": "unique"}]),
    (f"{GATES}.unit_test_formats", ["dict"]),
    (f"{WRITTEN}.descriptions", {"model": 2}),
    (f"{WRITTEN}.meta", {"model": [{"key": "owner", "pattern": "x"}]}),
    (f"{WRITTEN}.tags", {"model": ["daily"]}),
    (f"{WRITTEN}.one_description", True),
    (f"{WRITTEN}.complete_columns", ["source"]),
    ("governance.sources.require", list(get_args(terms.SourceDemand))),
    ("governance.exposures.require", list(get_args(terms.ExposureDemand))),
    ("governance.semantic_models.require", list(get_args(terms.SemanticDemand))),
    ("governance.graph", {"max_children": 1, "min_children": 1, "max_sources": 1, "max_view_chain": 1}),
    ("governance.graph.forbid", list(get_args(terms.GraphFault))),
    ("governance.materialization", {"allowed": ["table"], "snapshot_strategies": ["check"]}),
    ("governance.materialization.max_children_of_view", 1),
    ("governance.materialization.require", list(get_args(terms.BuildDemand))),
    (f"{LAYERS}.gold.materializations", ["table"]),
    (
        "governance.code",
        {"forbid": list(get_args(terms.CodeFault)), "forbidden_patterns": ["x"], "max_lines": 1},
    ),
    ("governance.macros.require", list(get_args(terms.MacroDemand))),
    ("governance.macros.max_arguments", 1),
    ("governance.macros.max_lines", 1),
    ("governance.structure.require", list(get_args(terms.PlaceDemand))),
    (f"{CLASSES}.require_declared", True),
    (f"{CLASSES}.rules.pii.forbidden_layers", ["bronze"]),
    (f"{CLASSES}.rules.internal.requires_meta", ["owner"]),
    (f"{CLASSES}.rules.pii.minimum_test_coverage", 90),
    (f"{CLASSES}.rules.pii.required_tests", ["unit_test"]),
    (f"{SCHEMAS}.column_case", "snake"),
    (f"{SCHEMAS}.reserved_columns", ["amount"]),
    (f"{SCHEMAS}.require_data_types", True),
    (f"{SCHEMAS}.required_columns", {"gold": [{"name": "id", "type": "integer"}]}),
    (f"{SCHEMAS}.type_rules", [{"pattern": "id", "type": "integer"}]),
    (f"{SCHEMAS}.require_contract", ["gold"]),
    (
        "governance.custom_rules",
        [
            {"type": "require_meta_field", "field": "owner", "id": "x"},
            {"type": "require_tests_of_type", "test_types": ["unique"]},
            {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["daily"]},
            {"type": "cel", "id": "y", "expr": "model.layer == 'gold' && model.level == 'pii'"},
            {"type": "cel", "id": "z", "expr": "model.columns.all(c, c.level == 'pii')"},
        ],
    ),
    (f"{LAYERS}.mart.prefixes", ["mart_", "m_"]),
    (f"{LAYERS}.gold.tags", ["daily"]),
    (f"{LAYERS}.silver.schemas", ["raw"]),
    (f"{LAYERS}.bronze.paths", ["landing"]),
    (
        f"{LAYERS}.silver.required_tests",
        ["contract", "relationships", "freshness", "documentation", "unique_pk", "not_null_pk", "unit_test"],
    ),
    (
        f"{ACCESS}.permissions",
        [
            {"role": "analyst", "namespaces": ["gold"], "access": "READ"},
            {"role": "analyst", "levels": ["pii"], "access": "READ"},
        ],
    ),
    (f"{WAIVERS}.allow_in_product", "warn"),
    ("governance.rules", {"FLOE-E230": {"overridable": False}}),
)
"""A platform that asks something of every rule."""

OTHERWISE: tuple[tuple[Edit, ...], ...] = (
    (),
    ((f"{CLASSES}.propagation.mode", "model"),),
    ((f"{CLASSES}.propagation.mode", "column"),),
    ((f"{GATES}.coverage_scope", "layer"),),
    ((f"{GATES}.coverage_scope", "project"),),
    ((f"{GATES}.coverage_scope", "project"), (f"{GATES}.coverage_metric", "models")),
    ((f"{NAMING}.custom_patterns", ["gold_.*"]),),
)

OF_PRODUCT = (
    Waiver(id="p", pattern="silver_*", reason="r", owner="o", expires="2026-08-01"),
    Waiver(id="q", pattern="bronze_*", rules=("FLOE-E230",), reason="r", owner="o"),
)


@cache
def readings() -> dict[str, set[Place]]:
    """Rule ID to the places that it read, over all those platforms and a project."""
    found: dict[str, set[Place]] = defaultdict(set)
    for edits in OTHERWISE:
        checked, artifact = compiled(edited(PLAIN, (*RICH, *edits)))
        assert artifact is not None, checked.errors
        for rule in every_rule():
            platform = recorded(artifact.platform, found[rule.id])
            if not rule.active(platform):
                continue
            if isinstance(rule, WaiverRule):
                waivers = Waivers(platform, OF_PRODUCT, TODAY)
                list(rule.examine_waivers(waivers.entries, waivers.unused()))
            else:
                for seed in (1, 2):
                    list(rule.examine(View(platform, project(seed))))
    return found


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_a_rule_reads_what_it_says_and_nothing_else(rule: Rule) -> None:
    places = readings()[rule.id]
    unsaid = {place for place in places if not any(touches(place, read) for read in rule.reads)}
    assert unsaid == set()
    unread = {read for read in rule.reads if not any(touches(read, place) for place in places)}
    assert unread == set()
