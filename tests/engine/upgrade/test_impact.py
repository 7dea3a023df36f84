from __future__ import annotations

from pathlib import Path
from typing import Any

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import LAYER_CONSTRAINTS, NAMESPACES, NAMING_RULES, QUALITY_GATES
from floe_engine.upgrade.fleet import project_impact
from floe_engine.upgrade.impact import Impact
from floe_engine.upgrade.rule import ABSENT
from tests.engine.upgrade.artifacts import artifact
from tests.engine.upgrade.projects import GOOD, HALF, write_project

LOW = {(QUALITY_GATES, "minimum_test_coverage"): 50}


def effects(found: Impact) -> dict[tuple[str, str, str], list[str]]:
    """(status, policy rule, subject) to the upgrade rules that caused it, of what changed."""
    return {
        (e.status, e.finding.rule, e.finding.subject): [cause.rule.id for cause in e.causes]
        for e in found.effects
        if e.status != "unchanged"
    }


def going(tmp_path: Path, models: dict[str, Any], old: Artifact, new: Artifact) -> Impact:
    return project_impact(write_project(tmp_path / "shop", models), old, new)


def test_an_upgrade_to_the_same_platform_changes_nothing(tmp_path: Path) -> None:
    found = going(tmp_path, {"bronze_a": HALF, "wrong": GOOD}, artifact(LOW), artifact(LOW))
    assert effects(found) == {}
    assert found.counts["unchanged"] > 0
    assert found.breaking == ()


def test_a_tightened_demand_gives_new_findings_with_its_rule_as_the_cause(tmp_path: Path) -> None:
    new = artifact({(QUALITY_GATES, "minimum_test_coverage"): 80})
    found = going(tmp_path, {"bronze_a": HALF, "bronze_b": GOOD}, artifact(LOW), new)
    assert effects(found) == {("new", "FLOE-E210", "bronze_a"): ["COV001"]}
    assert [effect.finding.subject for effect in found.breaking] == ["bronze_a"]
    assert found.causes == {"COV001": 1}


def test_a_loosened_demand_resolves_findings(tmp_path: Path) -> None:
    old = artifact({(QUALITY_GATES, "minimum_test_coverage"): 80})
    found = going(tmp_path, {"bronze_a": HALF}, old, artifact(LOW))
    assert effects(found) == {("resolved", "FLOE-E210", "bronze_a"): ["COV002"]}
    assert found.breaking == ()


def test_a_warning_that_becomes_a_stop_has_worsened_and_breaks(tmp_path: Path) -> None:
    old = artifact({(NAMING_RULES, "enforcement"): "warn"})
    found = going(tmp_path, {"wrong": GOOD, "bronze_a": GOOD}, old, artifact())
    worse = found.of("worsened")
    assert [(effect.finding.subject, effect.causes[0].rule.id) for effect in worse] == [("wrong", "NAM001")]
    assert found.breaking == worse


def test_a_stop_that_becomes_a_warning_has_eased(tmp_path: Path) -> None:
    new = artifact({(NAMING_RULES, "enforcement"): "warn"})
    found = going(tmp_path, {"wrong": GOOD, "bronze_a": GOOD}, artifact(), new)
    assert found.counts["eased"] == 1
    assert found.counts["resolved"] == 0


def test_a_finding_whose_rule_looks_no_more_is_masked_and_not_resolved(tmp_path: Path) -> None:
    freshness = {(LAYER_CONSTRAINTS, "bronze", "required_tests"): ["freshness"]}
    found = going(tmp_path, {"bronze_a": GOOD}, artifact(freshness), artifact())
    gone = found.of("no_longer_evaluated")
    assert [(e.finding.rule, [c.rule.id for c in e.causes]) for e in gone] == [("FLOE-E232", ["TST002"])]


def test_the_findings_of_a_removed_layer_are_caused_by_its_removal(tmp_path: Path) -> None:
    removal = {
        (LAYER_CONSTRAINTS, "gold"): ABSENT,
        (LAYER_CONSTRAINTS, "_meta", "order"): ["bronze", "silver"],
        (NAMING_RULES, "prefixes", "gold"): ABSENT,
        (NAMESPACES, "layers", "gold"): ABSENT,
    }
    found = going(tmp_path, {"gold_a": GOOD, "bronze_a": GOOD}, artifact(), artifact(removal))
    new = [effect for effect in found.of("new") if effect.finding.subject == "gold_a"]
    assert new
    assert {cause.rule.id for effect in new for cause in effect.causes} == {"LAY001"}


def test_a_change_of_one_layer_is_no_cause_for_another(tmp_path: Path) -> None:
    old = artifact(LOW)
    tightened = {(QUALITY_GATES, "layerThresholds"): {"gold": 100, "silver": 90}}
    found = going(tmp_path, {"gold_a": HALF, "silver_a": HALF}, old, artifact({**LOW, **tightened}))
    causes = {e.finding.subject: [cause.change.path[-1] for cause in e.causes] for e in found.of("new")}
    assert causes == {"gold_a": ["gold"], "silver_a": ["silver"]}


def test_what_floe_yaml_asks_beyond_the_platform_is_judged_too(tmp_path: Path) -> None:
    directory = write_project(tmp_path / "shop", {"bronze_a": HALF})
    (directory / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\nmetadata: {name: shop, version: 1.0.0}\n"
        "platform: {ref: 'oci://registry.example/acme:v1.0.0'}\nquality: {minimum_coverage: 80}\n"
    )
    found = project_impact(directory, artifact(LOW), artifact({(QUALITY_GATES, "minimum_test_coverage"): 80}))
    assert effects(found) == {}
    assert [e.finding.rule for e in found.of("unchanged")] == ["FLOE-E210"]
