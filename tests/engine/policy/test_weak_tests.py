"""Tests that say less than their name: told as a kind, by both readers, through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.project.test_limits import lets_pass, never_fails
from tests.cli import Ran, floe, ok

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.2.3"}
plugins: {compute: {type: duckdb}}
data_architecture: {naming: {enforcement: "off"}}
governance:
  quality_gates: {minimum_test_coverage: 80, required_tests: [], %s}
"""


def product(path: Path, gates: str, models: str, project: str = "") -> Path:
    """A dbt project with a model `m`, and the platform that judges it."""
    (path / "p/models").mkdir(parents=True)
    (path / "platform").mkdir()
    (path / "platform/manifest.yaml").write_text(MANIFEST % gates)
    (path / "p/dbt_project.yml").write_text(f"name: shop\nversion: '1.0'\nprofile: shop\n{project}")
    (path / "p/models/m.sql").write_text("select 1 as id, 2 as day\n")
    (path / "p/models/schema.yml").write_text(models)
    (path / "p/floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {manifest: ../platform/manifest.yaml}\n"
        "transforms: [{type: dbt}]\n"
    )
    return path / "p"


def findings(ran: Ran) -> dict[str, dict[str, Any]]:
    """Rule to its only finding."""
    return {finding["rule"]: finding for finding in json.loads(ran.out)["projects"][0]["findings"]}


def on_key(config: str, name: str = "m") -> str:
    """A model's entry, whose key has two tests with a config."""
    tests = f"[{{unique: {{config: {config}}}}}, {{not_null: {{config: {config}}}}}]"
    return f"{{name: {name}, columns: [{{name: id, data_tests: {tests}}}]}}"


KEYS = "coverage_metric: primary_keys, coverage_scope: model"


IDLE = (
    "{where: '1 = 0'}",
    "{where: \"day > 3 and ('a' <> 'a')\"}",
    "{where: 'false'}",
    "{limit: 0}",
    "{error_if: '< 0', warn_if: '< 0'}",
    "{limit: 5, error_if: '>5'}",
)
WEAK = {
    "{where: 'day > 3'}": "looks only at rows where day > 3",
    "{error_if: '>1000000'}": "lets 1000000 failing rows pass",
    "{error_if: '>=10'}": "lets 9 failing rows pass",
    "{severity: warn}": "only warns",
    "{where: '1 = 0 or day > 3'}": "looks only at rows where 1 = 0 or day > 3",
}


def many(path: Path, configs: Iterable[str]) -> Path:
    """A model for each config of its two tests: `m0`, `m1`, …"""
    entries = {f"m{number}": on_key(config, f"m{number}") for number, config in enumerate(configs)}
    project = product(path, KEYS, f"models: [{', '.join(entries.values())}]\n")
    (project / "models/m.sql").unlink()
    for name in entries:
        (project / f"models/{name}.sql").write_text("select 1 as id, 2 as day\n")
    return project


def test_tests_that_can_never_fail_hold_no_key_up(tmp_path: Path) -> None:
    done = floe(many(tmp_path, IDLE), "compile", "-o", "json")
    found = json.loads(done.out)["projects"][0]["findings"]
    assert done.code == 1
    for number in range(len(IDLE)):
        of = [finding for finding in found if finding["subject"] == f"m{number}"]
        assert [(finding["rule"], finding["severity"]) for finding in of] == [
            ("FLOE-E210", "error"),
            ("FLOE-E238", "warning"),
            ("FLOE-E238", "warning"),
        ]
        assert of[0]["actual"] == "0 of 1 (0%)"


def test_what_tests_let_pass_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    done = ok(floe(many(tmp_path, WEAK), "compile", "-o", "json"))
    found = json.loads(done.out)["projects"][0]["findings"]
    assert {(finding["rule"], finding["severity"]) for finding in found} == {("FLOE-E239", "info")}
    assert {finding["message"] for finding in found} == {
        f"2 tests of m{number}: each {told}" for number, told in enumerate(WEAK.values())
    }


@pytest.mark.parametrize(
    ("config", "told"),
    [("+severity: warn", "only warns"), ("+where: day > 3", "looks only at rows where day > 3")],
)
@pytest.mark.parametrize("section", ["tests", "data_tests"])
def test_what_a_folder_lets_all_its_tests_pass_is_said_at_its_line(
    tmp_path: Path, section: str, config: str, told: str
) -> None:
    entry = "{name: %s, columns: [{name: id, data_tests: [unique, not_null]}]}"
    models = f"models: [{entry % 'm'}, {entry % 'n'}]\n"
    project = product(tmp_path, KEYS, models, f"{section}:\n  shop:\n    {config}\n")
    (project / "models/n.sql").write_text("select 1 as id, 2 as day\n")
    found = findings(ok(floe(project, "compile", "-o", "json")))["FLOE-E239"]
    assert found["message"] == f"4 tests of m, n: each {told}"
    assert (found["path"], found["line"]) == ("dbt_project.yml", 6)


def test_what_tests_say_themselves_is_not_said_of_a_folder(tmp_path: Path) -> None:
    models = f"models: [{on_key('{where: day > 3}')}, {on_key('{where: day > 3}', 'n')}]\n"
    project = product(tmp_path, KEYS, models, "data_tests: {shop: {+where: id > 0}}\n")
    (project / "models/n.sql").write_text("select 1 as id, 2 as day\n")
    found = findings(ok(floe(project, "compile", "-o", "json")))["FLOE-E239"]
    assert found["path"] == "models/schema.yml"


@pytest.mark.parametrize("folder", ["+severity: warn", "shop: {+severity: warn}"])
def test_keys_whose_tests_only_warn_are_not_counted_where_the_platform_says_so(
    tmp_path: Path, folder: str
) -> None:
    models = "models: [{name: m, columns: [{name: id, data_tests: [unique, not_null]}]}]\n"
    gates = f"{KEYS}, count_warn_severity: false"
    project = product(tmp_path, gates, models, f"data_tests: {{{folder}}}\n")
    done = floe(project, "compile", "-o", "json")
    assert done.code == 1
    assert findings(done)["FLOE-E210"]["actual"] == "0 of 1 (0%)"


def test_a_model_without_columns_is_said_to_have_none(tmp_path: Path) -> None:
    models = "models: [{name: m, description: a model}]\n"
    done = floe(product(tmp_path, "zero_column_behavior: fail", models), "compile", "-o", "json")
    assert done.code == 1
    found = findings(done)["FLOE-E210"]
    assert found["message"] == "m declares no column, and the minimum is 80%"
    assert "0 of 1" not in done.out


@pytest.mark.parametrize("scope", ["layer", "project"])
def test_models_without_columns_fail_a_sum_by_their_number(tmp_path: Path, scope: str) -> None:
    models = "models: [{name: m, columns: [{name: id, data_tests: [unique]}]}, {name: bronze_n}]\n"
    project = product(tmp_path, f"zero_column_behavior: fail, coverage_scope: {scope}", models)
    (project / "models/bronze_n.sql").write_text("select 1 as id")
    (project / "models/m.sql").rename(project / "models/bronze_m.sql")
    text = (project / "models/schema.yml").read_text().replace("name: m,", "name: bronze_m,")
    (project / "models/schema.yml").write_text(text)
    done = floe(project, "compile", "-o", "json")
    (found,) = (f for rule, f in findings(done).items() if rule in {"FLOE-E211", "FLOE-E212"})
    assert found["actual"] == "1 of 1 (100%) and 1 model without columns"
    assert done.code == 1


@pytest.mark.parametrize(
    "config",
    [
        {"where": "x > 0"},
        {"where": "'a' = 'a'"},
        {"limit": 1},
        {"error_if": ">5"},
        {"where": "1 = 0 or x"},
        {},
    ],
)
def test_a_test_that_can_fail_is_never_called_idle(config: dict[str, Any]) -> None:
    assert never_fails(config) == ""


def test_the_default_condition_lets_nothing_pass() -> None:
    assert lets_pass({"error_if": "!= 0", "severity": "ERROR", "where": None}) == ""
