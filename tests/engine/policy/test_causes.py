"""What one line causes is one finding at that line, whichever reader found it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.artifact.model import Waiver
from floe_engine.policy.baseline import Baseline
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.remedies import remedies, summed
from floe_engine.project.facts import Project
from floe_engine.project.reading import read_project
from floe_engine.upgrade.impact import impact
from tests.engine.policy.samples import TODAY, found, gates, platform
from tests.interop.dbt import run_dbt

ON = platform(
    **gates(minimum_test_coverage=0),
    governance__access_control={
        "roles": {"analyst": {}},
        "permissions": [{"role": "analyst", "access": "READ"}],
    },
    governance__waiver_policy={"allow_in_product": "allow"},
    governance__classification={"rules": {"pii": {"allowed_access": ["private", "protected"]}}},
)

PROJECT = """\
name: shop
version: '1.0'
profile: shop
models:
  shop:
    +grants: {select: [analyst]}
    gold:
      +access: public
      sales:
        +grants:
          +select: ['guest']
"""

FILES = {
    "dbt_project.yml": PROJECT,
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}\n",
    "models/gold/sales/gold_a.sql": "select 1 as id\n",
    "models/gold/sales/deep/gold_b.sql": "select 1 as id\n",
    "models/gold/sales/gold_c.sql": "{{ config(grants={'select': ['guest']}) }} select 1 as id\n",
    "models/gold/gold_d.sql": "select 1 as id\n",
    "models/gold/schema.yml": "models: [{name: gold_d, config: {access: protected}}]\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def judged(project: Project, **options: object) -> Evaluation:
    return evaluate(ON, project, today=TODAY, **options)


def test_a_grant_to_a_folder_is_one_finding_at_its_line(shop: Path) -> None:
    evaluation = judged(read_project(shop))
    of_folder, own = sorted(found(evaluation, "E260"), key=lambda finding: finding.path)
    assert (of_folder.subject, of_folder.path, of_folder.line) == (
        "models.shop.gold.sales.+grants",
        "dbt_project.yml",
        10,
    )
    assert of_folder.message.endswith("grants select to guest, who is no role of the platform (and 1 more)")
    assert of_folder.suggestion == "grant it to analyst"
    assert (own.subject, own.path) == ("gold_c", "models/gold/sales/gold_c.sql")
    assert ("FLOE-E260", "gold_a") not in evaluation.checked  # it did not pass
    assert evaluation.counts.errors == len(evaluation.findings)


def test_one_model_alone_is_named_and_the_line_is_the_folders(shop: Path) -> None:
    (shop / "models/gold/sales/deep/gold_b.sql").unlink()
    of_folder, _ = sorted(found(judged(read_project(shop)), "E260"), key=lambda finding: finding.path)
    assert (of_folder.subject, of_folder.path, of_folder.line) == ("gold_a", "dbt_project.yml", 10)


def test_an_access_of_a_folder_is_no_fault_of_a_model_that_says_otherwise(shop: Path) -> None:
    (finding,) = found(judged(read_project(shop)), "E263")
    assert (finding.subject, finding.line, finding.measure) == ("models.shop.gold.+access", 8, -3)


def test_what_a_folder_is_built_as_is_one_finding_too(shop: Path) -> None:
    on = platform(governance__materialization={"allowed": ["table"]})
    text = PROJECT.replace("    gold:\n", "    gold:\n      +materialized: ephemeral\n")
    (shop / "dbt_project.yml").write_text(text)
    (finding,) = found(evaluate(on, read_project(shop), today=TODAY), "E344")
    assert (finding.subject, finding.line, finding.suggestion) == (
        "models.shop.gold.+materialized",
        8,
        "build it as table",
    )


def test_a_waiver_and_a_baseline_hold_for_the_line(shop: Path) -> None:
    project = read_project(shop)
    line = Waiver(
        id="w",
        pattern="models.shop.gold.sales.*",
        rules=("FLOE-E260",),
        reason="r",
        owner="o",
        expires="2025-08-01",
    )
    waived = [finding.waived for finding in found(judged(project, waivers=[line]), "E260")]
    assert sorted(waived) == [False, True]
    known = judged(project, baseline=Baseline.of(judged(project).findings))
    assert (known.passed, known.stale_baseline) == (True, 0)
    (shop / "models/gold/sales/gold_e.sql").write_text("select 1 as id\n")
    worse = judged(read_project(shop), baseline=Baseline.of(judged(project).findings))
    assert "models.shop.gold.sales.+grants" in {finding.subject for finding in worse.blocking}


SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
      - name: people
        loaded_at_field: at
        freshness: {warn_after: {count: 1, period: day}}
"""
FRESH = platform(**gates(minimum_test_coverage=0, required_tests=["freshness"]))


def test_a_source_that_nobody_watches_is_one_finding_and_not_one_of_each_model_below(shop: Path) -> None:
    (shop / "models/sources.yml").write_text(SOURCES)
    for name in ("gold_a", "deep/gold_b"):
        (shop / f"models/gold/sales/{name}.sql").write_text("select id from {{ source('raw', 'orders') }}\n")
    evaluation = evaluate(FRESH, read_project(shop), today=TODAY)
    of_source, *own = sorted(found(evaluation, "E232"), key=lambda finding: finding.subject, reverse=True)
    assert (of_source.subject, of_source.path, of_source.line) == ("raw.orders", "models/sources.yml", 4)
    assert (of_source.models, of_source.count) == (("gold_a", "gold_b"), 2)
    assert of_source.suggestion.endswith(" on source raw.orders")
    assert [finding.subject for finding in own] == ["gold_d", "gold_c"]
    (edit,) = [each for each in remedies(evaluation) if each.findings[0] is of_source]
    assert (edit.resolves, edit.blocking) == (2, 2)
    assert summed(evaluation).blocked == 4
    (shop / "models/sources.yml").write_text(
        SOURCES.replace(
            "orders",
            "orders\n        freshness: {warn_after: {count: 1, period: day}}\n        loaded_at_field: at",
        )
    )
    mended = evaluate(FRESH, read_project(shop), today=TODAY)
    assert mended.was_checked(of_source)
    (effect,) = impact(evaluation, mended).of("resolved")
    assert effect.before == of_source


def test_what_only_dbt_could_follow_is_told_once_for_all_models_that_call_it(shop: Path) -> None:
    (shop / "macros").mkdir()
    (shop / "macros/m.sql").write_text(
        "{% macro hidden() %}\n{{ run_query('x').rows[0].name() }}\n{{ ref(run_query('y')) }}{% endmacro %}\n"
    )
    for name in ("gold_a", "deep/gold_b"):
        (shop / f"models/gold/sales/{name}.sql").write_text("select * from {{ hidden() }}\n")
    (finding,) = found(judged(read_project(shop)), "E206")
    assert (finding.models, finding.path, finding.line) == (("gold_a", "gold_b"), "macros/m.sql", 3)


def test_what_to_do_first_names_the_line_once(shop: Path) -> None:
    (first,) = [
        each
        for each in remedies(judged(read_project(shop)))
        if "models.shop.gold.sales" in each.findings[0].subject
    ]
    assert (first.where, len(first.findings)) == ("dbt_project.yml:10", 1)


@pytest.mark.interop
def test_dbts_manifest_leads_to_the_same_lines(shop: Path, require_binary: Callable[[str], str]) -> None:
    files = judged(read_project(shop, reader="static"))
    run_dbt(require_binary("dbt"), shop, "parse", "--no-partial-parse", "--profiles-dir", ".")
    manifest = judged(read_project(shop, reader="manifest"))
    assert manifest.reader == "manifest"
    assert {
        (f.rule, f.subject, f.path, f.line) for f in manifest.findings if f.path == "dbt_project.yml"
    } == {(f.rule, f.subject, f.path, f.line) for f in files.findings if f.path == "dbt_project.yml"}


def test_what_only_dbt_could_follow_is_shown_where_it_is_however_its_folder_is_called(shop: Path) -> None:
    odd = shop / "models/odd (a:b)"
    odd.mkdir()
    (odd / "gold_odd.sql").write_text("select 1 as id\nfrom {{ ref(run_query('(x:y)')) }}\n")
    found = [each for each in judged(read_project(shop, reader="static")).findings if each.config == "unread"]
    own = [each for each in found if each.subject == "gold_odd"]
    assert {(each.path, each.line) for each in own} == {("models/odd (a:b)/gold_odd.sql", 2)}
