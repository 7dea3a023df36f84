"""The reports that lists, tables and harnesses take: GitLab's Code Quality, CSV and TAP."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pytest
import tap.line
from tap.parser import Parser

from floe_engine.output.findings.gitlab import quality_report
from floe_engine.output.findings.table import COLUMNS, findings_csv
from floe_engine.output.findings.tap import evaluations_tap, run_tap
from floe_engine.policy_tests.running import run_policy_tests
from tests.engine.output.test_reports import mixed
from tests.engine.policy.samples import judge, model, platform


def read(text: str) -> list[tap.line.Result]:
    """TAP as another program reads it."""
    lines = list(Parser().parse_text(text))
    plan = next(line for line in lines if isinstance(line, tap.line.Plan))
    results = [line for line in lines if isinstance(line, tap.line.Result)]
    assert plan.expected_tests == len(results)
    assert [each.number for each in results] == list(range(1, len(results) + 1))
    return results


def test_a_merge_request_gets_what_counts_with_what_gitlab_asks_of_an_issue() -> None:
    issues = quality_report([mixed()], ["dbt/"])
    assert issues
    for issue in issues:
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])
        assert issue["description"] and issue["check_name"].startswith("FLOE-")
        assert not issue["location"]["path"].startswith(("./", "/"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    told = " ".join(issue["description"] for issue in issues)
    assert "stg_new" in told
    assert "stg_old" not in told and "stg_known" not in told, "a waiver and the baseline excuse them"
    assert {issue["location"]["path"] for issue in issues if "stg_new" in issue["description"]} >= {
        "dbt/models/a b/stg_new.sql"
    }


def test_an_issue_is_the_same_one_after_lines_and_words_have_moved() -> None:
    before = quality_report([judge(platform(), model("stg_new", columns=()))], [""])
    after = quality_report([judge(platform(), model("stg_new", columns=(), line=40))], [""])
    assert [each["fingerprint"] for each in before] == [each["fingerprint"] for each in after]


def test_two_projects_of_one_repository_share_no_issue() -> None:
    one = judge(platform(), model("stg_new"))
    issues = quality_report([one, one], ["a/", "b/"])
    assert max(Counter(issue["fingerprint"] for issue in issues).values()) == 1


def test_csv_has_a_row_for_every_finding_and_says_what_excuses_it() -> None:
    evaluation = mixed()
    rows = list(csv.DictReader(io.StringIO(findings_csv([evaluation], ["dbt/"]), newline="")))
    assert len(rows) == len(evaluation.findings)
    assert tuple(rows[0]) == COLUMNS
    states = {row["subject"]: row["state"] for row in rows if row["rule"] == "FLOE-E201"}
    assert states == {"stg_old": "waived", "stg_new": "open", "stg_known": "baseline"}
    waived = next(row for row in rows if row["state"] == "waived")
    assert (waived["waiver"], waived["owner"], waived["expires"]) == ("old", "ann", "2025-07-01")


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@a", "\ta"])
def test_no_cell_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(findings_csv([judge(platform(), model(name))], [""]), newline="")))
    cells = [cell for row in rows[1:] for cell in row]
    assert any(name.strip() in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)


def test_csv_keeps_commas_and_quotes_of_a_name_in_their_cell_and_a_row_on_its_line() -> None:
    evaluation = judge(platform(), model('a,"b"\nc\x1b[31m'))
    rows = list(csv.DictReader(io.StringIO(findings_csv([evaluation], [""]), newline="")))
    assert rows[0]["subject"] == 'a,"b"\\nc\\x1b[31m'


def test_tap_has_a_line_for_every_check() -> None:
    evaluation = mixed()
    results = {each.description: each for each in read(evaluations_tap([evaluation], [""]))}
    assert len(results) == len(evaluation.checked)
    assert not results["- FLOE-E201 stg_new"].ok
    assert not results["- FLOE-E201 stg_new"].todo
    assert results["- FLOE-E201 stg_old"].skip
    assert results["- FLOE-E201 stg_known"].skip
    assert results["- FLOE-E201 bronze_x"].ok


def test_a_warning_is_a_failure_that_no_harness_counts() -> None:
    warned = platform(data_architecture__naming={"enforcement": "warn"})
    results = {each.description: each for each in read(evaluations_tap([judge(warned, model("x"))], [""]))}
    assert results["- FLOE-E201 x"].todo


def test_a_name_begins_no_directive_and_no_line_of_its_own() -> None:
    text = evaluations_tap([judge(platform(), model("a # SKIP\nok 99 - b\\"))], [""])
    named = [line for line in text.splitlines() if line.startswith("not ok") and "FLOE-E201" in line]
    assert named == [next(line for line in named if r"a \# SKIP\\nok 99 - b\\" in line)]
    assert "\nok 99" not in text


def test_tap_of_policy_tests_has_a_line_a_case() -> None:
    run = run_policy_tests(platform())
    results = read(run_tap(run))
    assert len(results) == sum(len(suite.cases) for suite in run.suites)
    assert all(each.ok for each in results)
