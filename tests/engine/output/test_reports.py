from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import junitparser
import pytest
from msgspec import structs
from msgspec.structs import replace

from floe_engine import __version__
from floe_engine.artifact.model import Waiver
from floe_engine.output.findings.github import SHOWN, step_annotations
from floe_engine.output.findings.json_report import findings_document
from floe_engine.output.findings.junit import evaluations_junit, run_junit
from floe_engine.output.findings.markdown import findings_markdown
from floe_engine.output.findings.sarif import MOST, sarif_document
from floe_engine.output.findings.text import findings_lines, overview_lines, preview_lines
from floe_engine.output.notation import COMMENT_LIMIT
from floe_engine.policy.baseline import Baseline
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.harm import Harm, harm_of
from floe_engine.policy.remedies import remedies, strict_preview
from floe_engine.policy_tests.running import run_policy_tests
from floe_engine.project.facts import Column
from tests.engine.policy.samples import columns, judge, model, platform, project, source

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[2] / "docs" / "schemas"

WAIVED = platform(
    governance__waivers=[
        {"id": "old", "pattern": "stg_old", "reason": "goes in May", "owner": "ann", "expires": "2025-07-01"}
    ]
)


def mixed() -> Evaluation:
    """A finding of every kind: error, warning, waived, and one that the baseline knows."""
    models = (
        model("stg_old"),
        model("stg_new", path="models/a b/stg_new.sql", properties_path=None, columns=()),
        model("stg_known"),
        model("bronze_x", key="id", columns=()),
    )
    first = judge(WAIVED, *models)
    known = Baseline.of(f for f in first.findings if f.subject == "stg_known")
    return judge(WAIVED, *models, baseline=known)


def test_the_json_document_fits_its_published_schema() -> None:
    schema = json.loads((SCHEMAS / "findings.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = findings_document(mixed())
    jsonschema.validate(document, schema)
    assert document["counts"]["waived"] == 1
    assert document["counts"]["baseline"] == 1
    assert {f["subject"] for f in document["findings"] if f["blocking"]} == {"stg_new"}
    json.dumps(document, allow_nan=False)


def test_sarif_fits_the_standard_and_carries_waivers_as_suppressions() -> None:
    schema = json.loads((HERE / "sarif_parts.schema.json").read_text(encoding="utf-8"))
    log = sarif_document(mixed(), prefix="dbt/")
    jsonschema.validate(log, schema)
    results = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: result
        for result in log["runs"][0]["results"]
    }
    assert results["stg_old"]["suppressions"][0]["justification"] == (
        "waiver old, ann (until 2025-07-01): goes in May"
    )
    assert results["stg_new"]["suppressions"] == []
    assert results["stg_known"]["baselineState"] == "unchanged"
    location = results["stg_new"]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "dbt/models/a%20b/stg_new.sql"
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    for result in results.values():
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def official_sarif() -> dict[str, Any]:
    """The standard's own schema, named by SARIF_SCHEMA; skips without it, fails where it is required."""
    path = os.environ.get("SARIF_SCHEMA", "")
    if Path(path).is_file():
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))
    message = (
        "SARIF's schema is not here: npm install @microsoft/jest-sarif, and name its"
        " lib/schemas/sarif-2.1.0-rtm.5.json in SARIF_SCHEMA"
    )
    if os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        pytest.fail(message)
    pytest.skip(message)


def test_sarif_fits_the_schema_that_its_standard_ships() -> None:
    schema = official_sarif()
    for evaluation in (mixed(), judge(platform(), model("bad\x00\x1b]<name>"))):
        jsonschema.validate(sarif_document(evaluation, prefix="dbt/"), schema)


def test_a_rule_in_sarif_leads_to_its_part_of_the_page_where_the_release_says_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "helpUri" not in json.dumps(sarif_document(mixed())), "a checkout has no home"
    installed = tmp_path / f"floe_workbench-{__version__}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: floe-workbench\nVersion: {__version__}\n"
        "Project-URL: Homepage, https://github.com/example/floe\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in sarif_document(mixed())["runs"][0]["tool"]["driver"]["rules"]:
        address, _, anchor = rule["helpUri"].partition("#")
        assert address == f"https://github.com/example/floe/blob/v{__version__}/docs/rules.md"
        assert anchor.startswith(rule["id"].lower()) and anchor in anchors


def test_sarif_says_nothing_of_suppressions_where_there_are_none() -> None:
    (result,) = sarif_document(judge(platform(), model("stg_x")))["runs"][0]["results"]
    assert "suppressions" not in result
    assert "baselineState" not in result


def check_junit(text: str) -> ElementTree.Element:
    """The structure of junit-10.xsd that CI systems rely on."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite.attrib.keys() >= {"name", "tests", "failures", "errors", "skipped"}
        cases = list(suite)
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
        for case in cases:
            assert case.tag == "testcase"
            assert case.attrib.keys() >= {"name", "classname"}
            assert len(case) <= 1
            assert {child.tag for child in case} <= {"failure", "skipped", "system-out"}
    assert int(root.attrib["tests"]) == sum(len(suite) for suite in root)
    return root


def test_junit_counts_a_case_for_every_check() -> None:
    evaluation = mixed()
    root = check_junit(evaluations_junit([evaluation]))
    assert int(root.attrib["tests"]) == len(evaluation.checked)
    naming = next(suite for suite in root if suite.attrib["name"].startswith("FLOE-E201"))
    outcomes = {case.attrib["name"]: [child.tag for child in case] for case in naming}
    assert outcomes == {
        "stg_old": ["skipped"],
        "stg_new": ["failure"],
        "stg_known": ["skipped"],
        "bronze_x": [],
    }


def test_junit_is_what_another_program_reads_in_it() -> None:
    parsed = junitparser.JUnitXml.fromstring(evaluations_junit([mixed()]).encode())
    assert (parsed.tests, parsed.failures, parsed.errors) == (sum(suite.tests for suite in parsed), 1, 0)
    (naming,) = (suite for suite in parsed if suite.name.startswith("FLOE-E201"))
    results = {case.name: [type(result).__name__ for result in case.result] for case in naming}
    assert results == {
        "stg_old": ["Skipped"],
        "stg_new": ["Failure"],
        "stg_known": ["Skipped"],
        "bronze_x": [],
    }


def test_junit_survives_what_xml_cannot_hold() -> None:
    evaluation = judge(platform(), model("bad\x00\x1b]<name>\u202e\ud800\ufffe"))
    assert "bad\\x00\\x1b]&lt;name&gt;\\u202e\\ud800\\ufffe" in evaluations_junit([evaluation])
    check_junit(evaluations_junit([evaluation]))


def test_junit_of_policy_tests_has_a_suite_a_suite() -> None:
    root = check_junit(run_junit(run_policy_tests(platform())))
    assert next(suite.attrib["name"] for suite in root) == "Naming convention enforcement"
    assert root.attrib["failures"] == "0"


def test_github_annotations_escape_what_would_end_them() -> None:
    evaluation = judge(platform(), model("stg_x", key="id", path="models/a,b:c%.sql", properties_path=None))
    (line,) = step_annotations([(evaluation, "dbt/")])
    assert line.startswith("::error file=dbt/models/a%2Cb%3Ac%25.sql,line=1,title=FLOE-E201 stg_x::")
    assert "%0Afix: rename it to bronze_x" in line
    assert "\n" not in line


def test_github_annotations_leave_out_what_is_excused() -> None:
    assert [re.findall(r"title=\S+ (\S+?)::", line)[0] for line in step_annotations([(mixed(), "")])] == [
        "stg_new"
    ]


def test_markdown_shows_text_from_outside_as_text() -> None:
    evaluation = judge(platform(), model("stg_x|<img src=x>@team`[a](b)"))
    text = findings_markdown(evaluation)
    assert "<img" not in text
    assert "@team" not in text
    assert r"stg\_x\|" in text


def test_markdown_fits_a_comment_and_says_what_it_left_out() -> None:
    many = (model(f"stg_model_with_a_long_name_{number}") for number in range(1000))
    text = findings_markdown(judge(platform(), *many))
    assert len(text) <= COMMENT_LIMIT
    assert re.search(r"…and \d+ findings more", text)
    assert text.rstrip().endswith("</details>")


def test_text_shows_where_what_expected_found_and_the_fix() -> None:
    text = "\n".join(line.text for line in findings_lines(mixed(), show_all=True))
    assert "models/a b/stg_new.sql:1" in text
    assert "FLOE-E201  stg_new belongs to no layer" in text
    assert "expected a name that starts with bronze_ or silver_ or gold_\n" in text
    assert "waiver old until 2025-07-01, ann: goes in May" in text
    assert "1 error, 0 warnings, 1 waived, 1 in the baseline · 4 models" in text


def test_text_by_rule_groups() -> None:
    evaluation = judge(platform(), model("stg_a"), model("stg_b"))
    lines = [line.text for line in findings_lines(evaluation, by="rule")]
    assert lines[0] == "FLOE-E201  A model's name starts with the prefix of its layer"


def test_nothing_checked_never_reads_like_success() -> None:
    lines = list(findings_lines(judge(platform())))
    assert (lines[-1].text, lines[-1].style) == ("Nothing was checked", "error")


def test_one_edit_that_resolves_many_findings_comes_first() -> None:
    raw = source("orders", has_freshness=False)
    models = [
        model("bronze_orders", key="id", parents=[raw.unique_id]),
        *(model(f"silver_{n}", key="id", parents=["bronze_orders"]) for n in range(3)),
    ]
    evaluation = judge(platform(), *models, model("stg_x"), sources=[raw])
    first = next(edit for edit in remedies(evaluation) if edit.harm is Harm.COVERAGE)
    assert first.title == (
        "declare freshness with warn_after or error_after, and loaded_at_field, on source raw.orders"
    )
    assert first.blocking == 3


def test_a_missing_key_is_one_edit_for_both_rules_about_keys() -> None:
    raw = source("orders")
    silver = model("silver_x", parents=[raw.unique_id])
    (edit,) = [
        edit for edit in remedies(judge(platform(), silver, sources=[raw])) if "FLOE-E230" in edit.rules
    ]
    assert edit.rules == ("FLOE-E230", "FLOE-E231")


def test_the_preview_says_what_strict_would_stop() -> None:
    lenient = platform(
        data_architecture__naming={"enforcement": "off"}, governance__policy_enforcement_level="warn"
    )
    models = (model("stg_a"), model("stg_b"), model("bronze_c", key="id"))
    assert judge(lenient, *models).passed
    preview = strict_preview(lenient, project(*models))
    assert preview.rules[0][0::2] == ("FLOE-E201", 2)
    assert (preview.blocked, preview.models) == (2, 3)
    assert next(line.text for line in preview_lines(preview)) == (
        "A strict platform would stop 2 of 3 models (2 findings)"
    )


def test_a_waiver_of_the_platform_that_downgrades_shows_in_text() -> None:
    waiver = Waiver(id="w", pattern="stg_*", action="downgrade", reason="soon", expires="2025-06-30")
    base = platform()
    lenient = replace(base, gates=structs.replace(base.gates, waivers=(waiver,)))
    evaluation = judge(lenient, model("stg_x"))
    assert evaluation.passed
    assert any("waiver w until 2025-06-30: soon" in line.text for line in findings_lines(evaluation))


def test_what_a_rule_finds_in_many_columns_of_a_model_is_shown_once() -> None:
    base = platform(governance__quality_gates__require_column_descriptions=True)
    wide = model("bronze_wide", key="id", columns=tuple(Column(f"c{n}", line=n) for n in range(1, 31)))
    evaluation = judge(base, wide, model("stg_x", key="id", columns=(Column("a"), Column("b"))))
    lines = [line.text for line in findings_lines(evaluation, fixes=0)]
    assert sum("FLOE-E221" in line for line in lines) == 1 + 2 + 1  # folded, two of stg_x, and the count
    assert "      the same of c2, c3, c4, c5, c6, c7, c8, c9 and 21 more" in lines
    assert "  32  FLOE-E221  Every declared column has a description" in lines
    in_full = [line.text for line in findings_lines(evaluation, fixes=0, show_all=True)]
    assert sum("FLOE-E221" in line for line in in_full) == 32 + 1


def test_an_edit_that_many_models_of_a_folder_want_is_told_once() -> None:
    raw = source("orders", has_freshness=False)
    place: dict[str, Any] = {"key": "id", "properties_path": None}
    renamed = [model(f"stg_{n}", path=f"models/stg/stg_{n}.sql", **place) for n in range(9)]
    elsewhere = model("fct_x", path="models/fct_x.sql", parents=["stg_4"], **place)
    fresh = [
        model("bronze_a", key="id", parents=[raw.unique_id]),
        *(model(f"silver_{n}", key="id", parents=["bronze_a"]) for n in range(2)),
    ]
    second, third, first = remedies(judge(platform(), *renamed, elsewhere, *fresh, sources=[raw]))
    assert first.title.startswith("declare freshness")
    assert (second.edits, len(second.findings), second.downstream) == (9, 9, 1)
    assert second.title.startswith("stg_4: rename it to bronze_4 ")
    assert second.title.endswith("(and 8 others in models/stg)")
    assert third.title.startswith("fct_x: ")


def test_every_place_that_people_read_starts_where_the_command_was_run() -> None:
    evaluation = judge(platform(), model("stg_x"))
    assert "dbt/models/schema.yml:3" in [line.text for line in findings_lines(evaluation, prefix="dbt/")]
    assert "error: dbt/models/schema.yml:3: " in evaluations_junit([evaluation], ["dbt/"])
    assert r"dbt/models/schema.yml:3" in findings_markdown(evaluation, prefix="dbt/")


def vast() -> Evaluation:
    """A project with thousands of findings of many kinds."""
    on = platform(
        governance__classification={
            "rules": {"pii": {"forbidden_layers": ["gold"]}},
            "propagation": {"mode": "name", "enforcement": "strict"},
        }
    )
    pii = {"classification": "pii"}
    models = [
        model(f"{layer}_a_model_with_quite_a_long_name_{number}", columns=columns("id", "email", ssn=pii))
        for layer in ("bronze", "silver", "gold", "stg")
        for number in range(500)
    ]
    exposed = model("gold_z", parents=["bronze_z"], columns=columns(ssn=pii))
    return judge(on, *models, exposed, model("bronze_z", key="id"))


def test_a_first_screen_fits_any_project_and_begins_with_the_worst() -> None:
    evaluation = vast()
    assert len(evaluation.findings) > 5_000
    lines = [line.text for line in overview_lines([evaluation] * 20)]
    assert len(lines) < 40
    assert lines[0].startswith("Sensitive data exposed")
    assert max(map(len, lines)) <= 120
    assert "read by the manifest reader" in lines[-2]


def test_every_form_says_the_same_to_do_first() -> None:
    evaluation = vast()
    first = remedies(evaluation, 5)[0].title
    screen = [line.text for line in overview_lines([evaluation])]
    in_full = [line.text for line in findings_lines(evaluation, fixes=5)]
    for lines in (screen, in_full):
        told = lines[lines.index("Start here") + 1].strip()
        assert f"1. {first}".startswith(told.removesuffix("…"))
        assert len(told) > 50


def test_what_to_do_first_is_ranked_by_harm_and_shows_every_kind() -> None:
    evaluation = vast()
    harms = [edit.harm for edit in remedies(evaluation)]
    assert harms == sorted(harms)
    assert {Harm.EXPOSED, Harm.KEYS, Harm.LAYERS} <= set(harms)


def test_github_gets_as_many_annotations_as_it_shows() -> None:
    lines = list(step_annotations([(vast(), "")]))
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == SHOWN
    assert "FLOE-E243" in errors[0]
    assert re.search(r"title=[\d%C,]+ more of the errors::FLOE-E", errors[-1])
    assert all("file=" in line for line in errors[:-1])


def test_sarif_of_twenty_thousand_findings_is_taken_by_github() -> None:
    evaluation = vast()
    findings = [replace(each, baseline=True) for each in evaluation.findings]
    many = replace(evaluation, findings=tuple((findings * 20)[:20_000]))
    document = sarif_document(many, prefix="dbt/of/some/depth/in/a/large/repository/of/many/teams/")
    assert len(json.dumps(document, separators=(",", ":"))) < 10_000_000
    jsonschema.validate(document, official_sarif())
    for result in document["runs"][0]["results"]:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    for rule in document["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]


def test_a_sarif_log_has_no_more_results_than_github_takes_and_keeps_the_worst() -> None:
    evaluation = vast()
    count = MOST // len(evaluation.findings) + 1
    many = replace(evaluation, findings=evaluation.findings * count)
    (run,) = sarif_document(many)["runs"]
    assert len(run["results"]) == MOST
    assert run["properties"]["findingsLeftOut"] == len(many.findings) - MOST
    exposed = sum(finding.blocking and harm_of(finding.rule) is Harm.EXPOSED for finding in many.findings)
    worst = [r for r in run["results"] if harm_of(r["ruleId"]) is Harm.EXPOSED and r["level"] == "error"]
    assert len(worst) == exposed > 0
