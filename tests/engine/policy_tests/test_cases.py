from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from floe_engine.errors import ConfigurationError
from floe_engine.policy_tests.case_file import check_policy_test, load_suite, policy_test_schema
from floe_engine.policy_tests.running import run_policy_tests, run_suite
from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.engine.policy.samples import platform

SEED = platform()

EXAMPLE = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: naming}
cases:
  - name: staging prefix is refused
    rules: [FLOE-E201]
    given:
      models:
        - {name: stg_payments, path: models/staging/stg_payments.sql}
        - name: bronze_payments
          columns: [{name: id, tests: [not_null]}]
    expect:
      - {rule: FLOE-E201, resource: stg_payments, result: fail}
      - {rule: FLOE-E201, resource: bronze_payments, result: pass}
"""


def suite_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def one_case(tmp_path: Path, given: str, expect: str, **more: Any) -> Any:
    """The result of one case; `given` and `expect` are flow YAML."""
    extra = "".join(f"    {key}: {value}\n" for key, value in more.items())
    text = (
        "apiVersion: floe.dev/v1\nkind: PolicyTest\nmetadata: {name: t}\ncases:\n"
        f"  - name: c\n    given: {given}\n    expect: {expect}\n{extra}"
    )
    return run_suite(SEED, load_suite(suite_of(tmp_path, text))).cases[0]


def test_a_file_of_cases_is_a_suite_beside_the_seeds_four(tmp_path: Path) -> None:
    run = run_policy_tests(SEED, [suite_of(tmp_path, EXAMPLE)])
    assert run.passed
    assert [suite.title for suite in run.suites][4:] == ["naming"]
    assert run.suites[4].cases[0].case.line == 5


def test_wanting_fail_and_getting_pass_is_red(tmp_path: Path) -> None:
    result = one_case(
        tmp_path,
        "{models: [{name: gold_x}]}",
        "[{rule: E201, resource: gold_x, result: fail}]",
        rules="[E201]",
    )
    assert not result.passed
    assert result.problems == ("FLOE-E201 gold_x: fail, but got pass",)


def test_expectations_are_exhaustive_unless_others_are_allowed(tmp_path: Path) -> None:
    given = "{models: [{name: stg_a}, {name: stg_b}]}"
    expect = "[{rule: FLOE-E201, resource: stg_a, result: fail}]"
    strict = one_case(tmp_path, given, expect)
    assert not strict.passed
    assert any("not expected: FLOE-E201 stg_b" in problem for problem in strict.problems)
    assert one_case(tmp_path, given, expect, allow_others="true").passed


def test_enforcement_severity_and_waivers_of_a_case_count(tmp_path: Path) -> None:
    given = "{models: [{name: stg_a}]}"
    assert one_case(
        tmp_path,
        given,
        "[{rule: E201, resource: stg_a, result: warn, severity: warning}]",
        enforcement="warn",
    ).passed
    assert one_case(
        tmp_path, given, "[{rule: E201, resource: stg_a, result: skip}]", enforcement="off"
    ).passed
    # This platform allows no waivers in a product, so the finding stays and the waiver is refused.
    assert one_case(
        tmp_path,
        given,
        "[{rule: E201, resource: stg_a, result: fail}, {rule: E292, resource: waiver w, result: fail}]",
        waivers="[{id: w, pattern: stg_*, expires: 2025-07-01}]",
        today="2025-06-01",
    ).passed


def test_a_dbt_manifest_may_be_given(tmp_path: Path) -> None:
    node = {
        "resource_type": "model",
        "name": "gold_daily_sales",
        "unique_id": "model.shop.gold_daily_sales",
        "package_name": "shop",
        "path": "gold_daily_sales.sql",
        "original_file_path": "models/gold_daily_sales.sql",
        "columns": {},
        "depends_on": {"nodes": []},
        "config": {},
        "tags": [],
    }
    manifest = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "project_name": "shop",
            "adapter_type": "duckdb",
        },
        "nodes": {"model.shop.gold_daily_sales": node},
        "sources": {},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = one_case(
        tmp_path,
        "{manifest: manifest.json}",
        "[{rule: FLOE-E233, resource: gold_daily_sales, result: fail, severity: error}]",
        allow_others="true",
    )
    assert result.passed, result.problems


def test_dbts_ways_to_write_a_test_are_read(tmp_path: Path) -> None:
    given = (
        "{models: [{name: silver_a, depends_on: [raw.orders], data_tests: ["
        "{dbt_utils.unique_combination_of_columns: {arguments: {combination_of_columns: [a, b]}}}],"
        " columns: [{name: a, data_tests: [not_null]},"
        " {name: b, tests: [{test_name: not_null, config: {severity: warn}}]}]}],"
        " sources: [{source: raw, name: orders, freshness: true}]}"
    )
    expect = (
        "[{rule: E230, resource: silver_a, result: pass}, {rule: E231, resource: silver_a, result: pass},"
        " {rule: E232, resource: silver_a, result: pass}]"
    )
    result = one_case(tmp_path, given, expect, rules="[E23*]")
    assert result.passed, result.problems


def test_every_problem_of_a_file_is_told_at_its_place() -> None:
    text = EXAMPLE.replace("resource: stg_payments", "resorce: stg_payments").replace(
        "rule: FLOE-E201, resource: bronze", "rule: FLOE-E999, resource: bronze"
    )
    parsed, diagnostics, _ = check_policy_test(text)
    assert parsed is None
    said = {(d.code, d.span.start.line + 1, d.hint) for d in diagnostics}
    assert ("FLOE-T001", 13, "did you mean `resource`?") in said
    _, diagnostics, _ = check_policy_test(EXAMPLE.replace("FLOE-E201, resource: b", "FLOE-E999, resource: b"))
    assert [(d.code, d.span.start.line + 1) for d in diagnostics] == [("FLOE-T004", 14)]


def test_a_test_without_a_name_is_a_mistake() -> None:
    _, diagnostics, _ = check_policy_test(EXAMPLE.replace("[not_null]", "[{}]"))
    assert [d.code for d in diagnostics] == ["FLOE-T003"]
    assert "a test is its name" in diagnostics[0].message


def test_a_dependency_that_the_case_does_not_give_is_a_mistake() -> None:
    text = EXAMPLE.replace("{name: stg_payments, path", "{name: stg_payments, depends_on: [raw.orders], path")
    _, diagnostics, _ = check_policy_test(text)
    assert [(d.code, d.span.start.line + 1) for d in diagnostics] == [("FLOE-T005", 9)]


@pytest.mark.parametrize("text", ["", "[]", "a: [", "kind: PolicyTest\ncases: []\n", "\x00"])
def test_any_other_text_is_refused_with_diagnostics(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_suite(suite_of(tmp_path, text))
    assert caught.value.diagnostics


def test_the_published_schema_takes_the_example_and_refuses_unknown_keys() -> None:
    from floe_engine.document.document import parse

    schema = policy_test_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = parse(EXAMPLE).value
    jsonschema.validate(document, schema)
    document["cases"][0]["givn"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_the_example_of_the_documentation_passes_on_the_seeds_platform(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "policy-tests.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    run = run_suite(SEED, load_suite(suite_of(tmp_path, example)))
    assert [result.problems for result in run.cases] == [(), (), ()]


CASE = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: mine}
cases:
"""


def a_platform(tmp_path: Path, cases: str, more: str = "", name: str = "mine.yaml") -> Path:
    """A platform team's directory with a file of policy tests."""
    directory = platform_directory(tmp_path / "platform", MANIFEST + more)
    (directory / "tests/policies").mkdir(parents=True)
    (directory / "tests/policies" / name).write_text(CASE + cases)
    return directory


GOOD = (
    "  - name: a staging model has no layer\n    given: {models: [{name: stg_a}]}\n"
    "    rules: [E201]\n    expect: [{rule: E201, resource: stg_a, result: fail}]\n"
)


def test_both_endings_of_yaml_are_read(tmp_path: Path) -> None:
    done = ok(floe(a_platform(tmp_path, GOOD, name="mine.yml"), "platform", "test", "--output", "json"))
    assert done.json["suites"][-1]["title"] == "mine"


def test_a_glob_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    directory = a_platform(tmp_path, GOOD, "policy_tests: [tests/policy/*.yaml]\n")
    done = floe(directory, "platform", "test")
    assert done.code == 2
    assert "tests/policy/*.yaml" in done.err


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (
            GOOD.replace("resource: stg_a, result: fail", "resource: stg_b, result: skip"),
            "stg_b: skip, but the given project has no such resource",
        ),
        (GOOD + GOOD, "there is a case a staging model has no layer above"),
        (GOOD.replace("rules: [E201]", "rules: [E999]"), "there is no rule E999"),
    ],
)
def test_a_case_that_shows_nothing_does_not_pass(tmp_path: Path, cases: str, said: str) -> None:
    done = floe(a_platform(tmp_path, cases), "platform", "test")
    assert done.code in (1, 2)
    assert said in done.out + done.err


def test_a_file_that_is_no_text_is_named_with_the_place_of_its_first_bad_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"cases:\n  - \xff\n")
    with pytest.raises(ConfigurationError) as refused:
        load_suite(path)
    assert refused.value.where == f"{path}:2:5"


def test_config_may_stand_in_a_case_as_dbt_spells_it(tmp_path: Path) -> None:
    case = (
        "  - name: a model declares its level in config\n    rules: [E241]\n"
        "    given:\n      models:\n        - name: bronze_a\n"
        "          config: {meta: {classification: nonsense}, tags: nightly, grants: {select: [x]}}\n"
        "          columns: [{name: id, config: {meta: {classification: pii}, tags: [a]}}]\n"
        "    expect: [{rule: E241, resource: bronze_a, result: fail}]\n"
    )
    ok(floe(a_platform(tmp_path, case), "platform", "test"))


def test_github_is_told_the_file_and_the_line_of_a_failing_case(tmp_path: Path) -> None:
    directory = a_platform(tmp_path, GOOD.replace("result: fail", "result: pass"))
    done = floe(directory, "platform", "test", "--output", "github")
    assert done.code == 1
    assert done.out.startswith("::error file=tests/policies/mine.yaml,line=5,title=mine%3A a staging model")


@pytest.mark.parametrize(
    ("named", "made", "told"),
    [
        ("", "link", "cannot be read"),  # the usual place, which nobody wrote
        ("policy_tests: [elsewhere/*.yaml]\n", "link", "cannot be read"),
        ("policy_tests: [elsewhere/**/*.yaml]\n", "link", "cannot be read"),
        ("policy_tests: [elsewhere]\n", "folder", "is a folder"),
    ],
)
def test_a_folder_of_tests_that_cannot_be_looked_into_is_an_error(
    tmp_path: Path, named: str, made: str, told: str
) -> None:
    folder = platform_directory(tmp_path, MANIFEST + named) / ("elsewhere" if named else "tests/policies")
    folder.parent.mkdir(exist_ok=True)
    if made == "link":
        folder.symlink_to("nowhere")
    else:
        folder.mkdir()
    done = floe(tmp_path, "platform", "test")
    assert done.code == 2
    assert told in done.err
