from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from floe_engine.artifact.model import Waiver
from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.policy.all_rules import every_rule, rule_by_id
from floe_engine.policy.baseline import Baseline
from floe_engine.project.facts import Exposure, Model
from tests.engine.policy.samples import (
    TODAY,
    asked,
    columns,
    found,
    gates,
    generic,
    judge,
    model,
    platform,
    source,
    subjects,
)

ACME = platform()
ALLOWING = platform(governance__waiver_policy={"allow_in_product": "allow"})


def waiver(**fields: Any) -> Waiver:
    settings = {"id": "w", "pattern": "stg_*", "reason": "old", "owner": "ann", "expires": "2025-07-01"}
    return Waiver(**(settings | fields))


# --- what an evaluation says


def test_the_seeds_three_lines_say_how_each_part_went() -> None:
    good = judge(ACME, model("bronze_a", key="id"))
    assert [(step.title, step.outcome) for step in good.steps] == [
        ("Naming conventions", "done"),
        ("Quality gates", "done"),
        ("Classification compliance", "done"),
    ]
    bad = judge(ACME, model("stg_a"), model("bronze_b"), model("bronze_c", key="id", tags=frozenset({"x"})))
    assert [step.outcome for step in bad.steps] == ["failed", "failed", "done"]
    assert bad.steps[0].errors == 1
    assert not bad.passed


def test_findings_come_in_the_order_of_files() -> None:
    evaluation = judge(ACME, model("stg_b", path="b.sql", line=0), model("stg_a", path="a.sql", line=0))
    assert [finding.path for finding in evaluation.findings] == ["a.sql", "b.sql"]


def test_nothing_checked_is_told_apart_from_passing() -> None:
    assert judge(ACME).nothing_checked
    assert not judge(ACME, model("bronze_a")).nothing_checked
    off = platform(governance__policy_enforcement_level="off")
    assert judge(off, model("stg_a")).nothing_checked


def test_a_waiver_alone_is_nothing_checked() -> None:
    evaluation = judge(ALLOWING, waivers=[waiver(expires="2020-01-01")])
    assert found(evaluation, "E290")
    assert evaluation.nothing_checked


def test_a_product_may_ask_for_more_than_its_platform_in_every_layer() -> None:
    from floe_engine.policy.product import tightened
    from floe_engine.project.spec import Spec

    spec = msgspec.convert(
        {
            "apiVersion": "floe.dev/v1",
            "kind": "DataProduct",
            "metadata": {"name": "sales", "version": "1.0.0"},
            "platform": {"manifest": "manifest.yaml"},
            "quality": {"minimum_coverage": 90, "required_tests": ["unit_test"]},
        },
        Spec,
    )
    lenient = platform(data_architecture__layers={"bronze": {"minimum_test_coverage": 50}})
    stricter = tightened(lenient, spec)
    assert stricter.layers["bronze"].minimum_test_coverage == 90
    assert stricter.gates.minimum_test_coverage == 90
    assert subjects(judge(stricter, model("bronze_a")), "E236") == ["bronze_a"]


def test_a_gone_finding_is_told_from_one_that_nobody_looked_for() -> None:
    off = platform(data_architecture__naming={"enforcement": "off"})
    (naming,) = judge(ACME, model("stg_a")).findings
    assert judge(ACME, model("stg_a")).was_checked(naming)
    assert not judge(off, model("stg_a")).was_checked(naming)
    column = found(judge(ACME, model("bronze_a", columns=columns("email"))), "E242")[0]
    assert column.subject == "bronze_a.email"
    assert judge(ACME, model("bronze_a")).was_checked(column)
    assert not judge(ACME, model("bronze_b")).was_checked(column)


def test_downstream_counts_models_and_exposures_once() -> None:
    evaluation = judge(
        ACME,
        model("stg_a"),
        model("silver_b", parents=["stg_a"]),
        model("silver_c", parents=["stg_a"]),
        model("gold_d", parents=["silver_b", "silver_c"]),
        exposures=(Exposure("exposure.shop.dash", "dash", ("model.shop.gold_d",)),),
    )
    assert found(evaluation, "E201")[0].downstream == 4


def test_block_on_failure_concerns_the_gates_and_the_cap_everything() -> None:
    models = (model("stg_a"), model("bronze_a"))
    lenient = judge(platform(**gates(block_on_failure=False)), *models)
    assert found(lenient, "E201")[0].severity == "error"
    assert found(lenient, "E230")[0].severity == "warning"
    capped = judge(platform(governance__policy_enforcement_level="warn"), *models)
    assert {finding.severity for finding in capped.findings} == {"warning"}


def test_a_rule_may_be_set_by_itself_under_the_cap() -> None:
    softer = platform(
        governance__rules={"FLOE-E201": {"enforcement": "warn"}, "FLOE-E230": {"enforcement": "off"}}
    )
    evaluation = judge(softer, model("stg_a"), model("bronze_a"))
    assert found(evaluation, "E201")[0].severity == "warning"
    assert not asked(evaluation, "E230", "bronze_a")


def test_what_if_strict_raises_everything_but_what_is_switched_off_by_name() -> None:
    soft = platform(
        data_architecture__naming={"enforcement": "off"},
        governance__policy_enforcement_level="warn",
        governance__rules={"FLOE-E230": {"enforcement": "off"}},
    )
    evaluation = judge(soft, model("stg_a"), model("bronze_a"), what_if="strict")
    assert found(evaluation, "E201")[0].severity == "error"
    assert not found(evaluation, "E230")


def test_an_evaluation_can_be_sent_to_another_process() -> None:
    evaluation = judge(ALLOWING, model("stg_a"), waivers=[waiver()])
    assert pickle.loads(pickle.dumps(evaluation)) == evaluation


def test_versions_of_a_model_are_told_apart() -> None:
    from msgspec.structs import replace

    one = model("stg_a")
    evaluation = judge(
        ACME,
        replace(one, unique_id="model.shop.stg_a.v1", version="1"),
        replace(one, unique_id="model.shop.stg_a.v2", version="2"),
    )
    assert subjects(evaluation, "E201") == ["stg_a.v1", "stg_a.v2"]


def test_a_cycle_in_hand_written_data_ends() -> None:
    evaluation = judge(ACME, model("bronze_a", parents=["bronze_b"]), model("bronze_b", parents=["bronze_a"]))
    assert evaluation.models == 2


# --- selection


def test_select_and_exclude_take_names_tags_paths_and_rules() -> None:
    models = (
        model("stg_a", path="models/x/stg_a.sql"),
        model("stg_b", path="models/y/stg_b.sql", tags=frozenset({"nightly"})),
        model("stg_c", path="models/y/stg_c.sql"),
    )

    def left(**options: Any) -> list[str]:
        return subjects(judge(ACME, *models, **options), "E201")

    assert left(select=["stg_a"]) == ["stg_a"]
    assert left(select=["tag:nightly", "path:models/x"]) == ["stg_a", "stg_b"]
    assert left(exclude=["path:models/y"]) == ["stg_a"]
    assert left(select=["path:models/y"], exclude=["tag:night*"]) == ["stg_c"]
    assert left(select=["e20*"]) == ["stg_a", "stg_b", "stg_c"]
    assert left(exclude=["FLOE-E201"]) == []


def test_a_rule_that_does_not_exist_is_a_mistake_not_a_success() -> None:
    with pytest.raises(UsageError) as caught:
        judge(ACME, model("stg_a"), select=["FLOE-E999"])
    assert "FLOE-E999" in caught.value.title


def test_the_whole_project_stays_visible_to_lineage() -> None:
    raw = source("orders", has_freshness=False)
    evaluation = judge(
        ACME,
        model("bronze_a", key="id", parents=[raw.unique_id]),
        model("silver_a", key="id", parents=["bronze_a"]),
        sources=[raw],
        select=["silver_a"],
    )
    assert subjects(evaluation, "E232") == ["silver_a"]
    assert evaluation.models == 1


# --- waivers


def test_a_waiver_takes_a_finding_out_of_the_count_and_stays_visible() -> None:
    evaluation = judge(ALLOWING, model("stg_a"), waivers=[waiver()])
    assert evaluation.passed
    assert evaluation.counts.waived == 1
    waived = found(evaluation, "E201")[0].waiver
    assert waived is not None
    assert waived.reason == "old"


def test_a_waiver_may_only_downgrade() -> None:
    evaluation = judge(ALLOWING, model("stg_a"), waivers=[waiver(action="downgrade")])
    assert (evaluation.counts.errors, evaluation.counts.warnings) == (0, 1)


def test_a_waiver_is_for_its_rules_and_its_models_alone() -> None:
    named = waiver(pattern="path:models", rules=("e230",))
    evaluation = judge(ALLOWING, model("stg_a"), model("bronze_a"), waivers=[named])
    assert [f.waived for f in found(evaluation, "E201")] == [False]
    assert [f.waived for f in found(evaluation, "E230")] == [True]


def test_the_last_day_of_a_waiver_is_its_expiry() -> None:
    until = [waiver(expires=TODAY.isoformat())]
    assert judge(ALLOWING, model("stg_a"), waivers=until).passed
    expired = judge(ALLOWING, model("stg_a"), waivers=until, today=date(2025, 6, 2))
    assert {finding.rule for finding in expired.blocking} == {"FLOE-E201", "FLOE-E290"}
    (finding,) = found(expired, "E290")
    assert finding.path == "floe.yaml"
    assert "expired on 2025-06-01" in finding.message


def test_an_unused_waiver_is_reported_but_stops_nothing() -> None:
    evaluation = judge(ALLOWING, model("bronze_a", key="id"), waivers=[waiver()])
    (finding,) = found(evaluation, "E291")
    assert finding.severity == "warning"
    assert evaluation.passed
    # A part of the project cannot tell.
    assert not found(
        judge(ALLOWING, model("bronze_a", key="id"), waivers=[waiver()], select=["bronze_a"]), "E291"
    )


@pytest.mark.parametrize(
    ("policy", "fields", "objection"),
    [
        ({}, {}, "allows no waivers in a data product"),
        ({"allow_in_product": "allow"}, {"expires": None}, "has no expiry"),
        ({"allow_in_product": "allow"}, {"expires": "soon"}, "is no date"),
        ({"allow_in_product": "allow"}, {"expires": "2026-01-01"}, "more than 180 days ahead"),
        ({"allow_in_product": "allow"}, {"owner": None}, "names no owner"),
        ({"allow_in_product": "allow"}, {"reason": " "}, "gives no reason"),
    ],
)
def test_a_waiver_that_the_platform_does_not_permit_covers_nothing(
    policy: dict[str, Any], fields: dict[str, Any], objection: str
) -> None:
    on = platform(governance__waiver_policy=policy)
    evaluation = judge(on, model("stg_a"), waivers=[waiver(**fields)])
    assert {finding.rule for finding in evaluation.blocking} == {"FLOE-E201", "FLOE-E292"}
    assert objection in found(evaluation, "E292")[0].message


def test_a_rule_that_is_not_overridable_cannot_be_waived_below_the_platform() -> None:
    fixed = {"FLOE-E201": {"overridable": False}}
    on = platform(governance__waiver_policy={"allow_in_product": "allow"}, governance__rules=fixed)
    assert found(judge(on, model("stg_a"), waivers=[waiver(rules=("FLOE-E201",))]), "E292")
    general = judge(on, model("stg_a"), waivers=[waiver()])
    assert [finding.waived for finding in found(general, "E201")] == [False]
    own = platform(
        governance__rules=fixed,
        governance__waivers=[{"pattern": "stg_*", "reason": "r", "expires": "2025-07-01"}],
    )
    assert judge(own, model("stg_a")).passed


def test_a_products_waivers_are_shown_where_the_platform_wants_to_see_them() -> None:
    on = platform(governance__waiver_policy={"allow_in_product": "warn"})
    evaluation = judge(on, model("stg_a"), waivers=[waiver()])
    assert evaluation.passed
    assert subjects(evaluation, "E293") == ["waiver w"]


# --- the baseline


def test_known_findings_stop_nothing_and_new_ones_do(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    Baseline.of(judge(ACME, model("stg_a")).findings).save(path)
    evaluation = judge(ACME, model("stg_a"), model("stg_b"), baseline=Baseline.load(path))
    assert [finding.subject for finding in evaluation.blocking] == ["stg_b"]
    assert evaluation.counts.baseline == 1


def test_a_baseline_only_shrinks() -> None:
    before = Baseline.of(judge(ACME, model("stg_a"), model("stg_b")).findings)
    after = judge(ACME, model("stg_b"), model("stg_c"), baseline=before)
    assert after.stale_baseline == 1
    shrunk = before.shrunk(after.findings)
    assert [entry["subject"] for entry in shrunk.findings.values()] == ["stg_b"]


def test_a_baseline_holds_neither_waived_findings_nor_findings_on_waivers() -> None:
    evaluation = judge(
        ALLOWING, model("stg_a"), waivers=[waiver(), waiver(id="old", pattern="x", expires="2020-01-01")]
    )
    assert len(Baseline.of(evaluation.findings)) == 0


def test_a_part_of_the_project_is_told_from_all_of_it() -> None:
    assert judge(ACME, model("stg_a"), select=["stg_a"]).partial
    assert judge(ACME, model("stg_a"), exclude=["E230"]).partial
    assert not judge(ACME, model("stg_a")).partial


_KNOWN = '{"apiVersion": "floe.dev/v1", "kind": "Baseline", "findings": {"f": '


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1 column 1"),
        ("[]", "None None"),
        ('{"kind": "Other"}', "Other"),
        ('{"apiVersion": "floe.dev/v2", "kind": "Baseline", "findings": {}}', "floe.dev/v2"),
        ('{"apiVersion": "floe.dev/v1", "kind": "Baseline"}', "no mapping `findings`"),
        ('{"apiVersion": "floe.dev/v1", "kind": "Baseline", "findings": [1]}', "no mapping `findings`"),
        ('{"apiVersion": "floe.dev/v1", "kind": "Baseline", "findings": {"f": 1}}', "finding f"),
        ('{"apiVersion": "floe.dev/v1", "kind": "Baseline", "findings": {"f": {"measure": 1}}}', "finding f"),
        *((f'{_KNOWN}{{"measure": "{no}"}}}}}}', "is no number") for no in ("nan", "-inf", "", "1e9")),
    ],
)
def test_another_file_is_no_baseline_and_excuses_nothing(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        Baseline.load(path)
    assert why in refused.value.message
    assert "Error" not in refused.value.message


# --- the rules themselves


def test_rule_ids_are_unique_and_every_rule_explains_itself() -> None:
    assert len({rule.id for rule in every_rule()}) == len(every_rule())
    for rule in every_rule():
        assert rule.title
        assert rule.setting
        assert not rule.title.endswith(".")


def test_a_rule_is_found_by_any_spelling_of_its_id() -> None:
    assert rule_by_id("e201") is rule_by_id("FLOE-E201")
    assert rule_by_id("E999") is None


def test_a_baseline_remembers_the_measure_and_fails_on_worsening(tmp_path: Path) -> None:
    def orders(*tested: str) -> Model:
        tests = tuple(generic("not_null", name) for name in tested)
        return model("bronze_a", key="id", columns=columns("a", "b", "c", "d"), tests=tests)

    path = tmp_path / "baseline.json"
    Baseline.of(judge(ACME, orders("a", "b")).findings).save(path)
    known = Baseline.load(path)
    assert judge(ACME, orders("a", "b"), baseline=known).passed
    worse = judge(ACME, orders("a"), baseline=known)
    assert [finding.rule for finding in worse.blocking] == ["FLOE-E210"]
    better = known.shrunk(judge(ACME, orders("a", "b", "c"), baseline=known).findings)
    assert len(better) <= len(known)
    assert not judge(ACME, orders("a"), baseline=better or known).passed
