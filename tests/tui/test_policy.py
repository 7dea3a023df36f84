"""The policy place: suites and cases, one case in full, run again on saving, mutants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from floe_tui.app import Workbench
from floe_tui.places.policy.facts import line_of
from floe_tui.places.policy.screen import PolicyScreen
from floe_tui.widgets.source_view import SourceView
from floe_tui.widgets.text_view import TextView

from .conftest import Start, idle, rows, title, until

CASES = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: our names}
cases:
  - name: staging is not our word
    rules: [FLOE-E201]
    given: {models: [{name: stg_payments}, {name: bronze_payments}]}
    expect:
      - {rule: FLOE-E201, resource: stg_payments, result: RESULT}
      - {rule: FLOE-E201, resource: bronze_payments, result: pass}
"""


@pytest.fixture
def cases(platform: Path) -> Path:
    """A case file of the team, whose case passes."""
    path = platform / "tests/policies/names.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(CASES.replace("RESULT", "fail"))
    return path


async def policy(pilot: Pilot[None], app: Workbench) -> PolicyScreen:
    await pilot.press("f4")
    await idle(pilot, app)
    assert isinstance(app.screen, PolicyScreen)
    return app.screen


def case(app: Workbench, name: str) -> str:
    return next(row.key for row in rows(app) if row.cells[0].strip() == name)


def glyph(app: Workbench, name: str) -> str:
    return next((row.glyph for row in rows(app) if row.cells[0].strip() == name), "")


async def test_a_case_is_shown_with_what_was_given_expected_and_found(
    workbench: Start, platform: Path, cases: Path
) -> None:
    cases.write_text(CASES.replace("RESULT", "pass"))
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        assert "✗ 1 of" in title(app, "#cases")
        assert screen.list.current is not None
        assert screen.list.current.key == case(app, "staging is not our word"), "what failed comes first"
        text = screen.query_one(TextView).text
        assert "names.yaml :5" in title(app, "#source")
        assert "stg_payments" in text
        assert "expected pass, found fail" in text
        await pilot.press("x")
        assert {row.glyph for row in rows(app)} == {"✗"}


async def test_what_is_saved_while_the_tests_run_is_tested_again(
    workbench: Start, platform: Path, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from floe_tui.places.policy import facts

    cases.write_text(CASES.replace("RESULT", "pass"))

    def run_and_save(*arguments: Any) -> facts.Tested:
        tested = facts.run_tests(*arguments)
        cases.write_text(CASES.replace("RESULT", "fail"))
        return tested

    monkeypatch.setattr("floe_tui.places.policy.screen.run_tests", run_and_save)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f4")
        await until(pilot, lambda: glyph(app, "staging is not our word") == "✗")
        await until(pilot, lambda: glyph(app, "staging is not our word") == "✓")


LAYERS = """\
data_architecture:
  naming: {enforcement: strict}
  layers:
    bronze:
      prefix: bronze_
    silver:
      # prefix: none
      paths: [models/silver]
      prefix: silver_
governance:
  layers: {}
"""


@pytest.mark.parametrize(
    ("setting", "hint", "line"),
    [
        ("data_architecture.layers.<layer>.prefix", "silver: a name without its prefix", 9),
        ("data_architecture.layers.<layer>.prefix", "a name", 5),
        ("data_architecture.layers.<layer>.may_depend_on", "silver may select", 6),
        ("governance.quality_gates.minimum_test_coverage", "", 10),
        ("catalog.schema_registry", "", 0),
    ],
)
def test_the_deepest_part_of_a_setting_that_the_manifest_has_is_found(
    setting: str, hint: str, line: int
) -> None:
    assert line_of(LAYERS.splitlines(), setting, hint) == line


async def test_beside_a_generated_case_stands_the_setting_that_it_is_made_from(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        await pilot.press("down")
        await pilot.pause()
        assert "manifest.yaml :" in title(app, "#source")
        remark = screen.query_one(SourceView).remark
        assert remark is not None
        assert remark.glyph == "✓"
        assert "E201" in remark.text


async def test_a_rule_that_was_not_asked_says_why_and_where_it_would_be(
    workbench: Start, platform: Path, cases: Path
) -> None:
    expected = "{rule: FLOE-E232, resource: stg_payments, result: skip}"
    cases.write_text(
        CASES.replace("rules: [FLOE-E201]", "rules: [FLOE-E201, FLOE-E232]").replace(
            "{rule: FLOE-E201, resource: stg_payments, result: RESULT}", expected
        )
    )
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        screen.list.view.move_to(case(app, "staging is not our word"))
        await pilot.pause()
        text = screen.query_one(TextView).text
        assert "found skip" in text
        assert "the platform does not enforce the rule" in text or "does not apply" in text
        assert "data_architecture.layers.<layer>.required_tests" in text


async def test_saving_a_case_file_by_any_program_runs_the_tests_again(
    workbench: Start, platform: Path, cases: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        assert glyph(app, "staging is not our word") == "✓"
        await until(pilot, lambda: screen._stamps is not None)
        cases.write_text(CASES.replace("RESULT", "pass"))
        await until(pilot, lambda: glyph(app, "staging is not our word") == "✗")
        cases.unlink()
        await until(pilot, lambda: glyph(app, "staging is not our word") == "")


async def test_one_case_and_the_failed_ones_run_by_themselves(
    workbench: Start, platform: Path, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("floe_tui.places.policy.screen.LOOK", 3600.0)
    cases.write_text(CASES.replace("RESULT", "pass"))
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        every = len(rows(app))
        cases.write_text(CASES.replace("RESULT", "fail"))
        await pilot.press("f")
        await idle(pilot, app)
        assert len(rows(app)) == every
        assert glyph(app, "staging is not our word") == "✓"
        assert screen.why_not("policy.failed")
        cases.write_text(CASES.replace("RESULT", "pass"))
        screen.list.view.move_to(case(app, "staging is not our word"))
        await pilot.press("o")
        await idle(pilot, app)
        assert glyph(app, "staging is not our word") == "✗"


async def test_a_suite_is_folded_and_opened_by_enter(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await policy(pilot, app)
        every = len(rows(app))
        await pilot.press("g", "enter")
        assert len(rows(app)) < every
        assert rows(app)[0].cells[1].startswith("▸")
        await pilot.press("enter")
        assert len(rows(app)) == every


async def test_mutants_that_no_case_notices_are_listed_first(
    workbench: Start, platform: Path, cases: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await policy(pilot, app)
        await pilot.press("M")  # by the own cases alone: they say nothing of most demands
        await idle(pilot, app)
        assert "survived" in title(app, "#cases")
        at = next(index for index, row in enumerate(rows(app)) if row.cells[-2].endswith("own cases alone"))
        assert rows(app)[at + 1].glyph == "✗"
        screen.list.view.move_to(rows(app)[at + 1].key)
        await pilot.pause()
        assert "No case notices." in screen.query_one(TextView).text
        noticed = [row for row in rows(app)[at + 1 :] if row.glyph == "✓"]
        assert noticed
        screen.list.view.move_to(noticed[0].key)
        await pilot.pause()
        assert "noticed by our names: staging is not our word" in screen.query_one(TextView).text


async def test_judging_mutants_can_be_stopped(
    workbench: Start, platform: Path, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from floe_engine import CancelToken

    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await policy(pilot, app)
        cancelled = []

        def endless(directory: Path, own: bool, report: object, cancel: CancelToken) -> None:
            try:
                while True:
                    cancel.sleep(0.01)
            finally:
                cancelled.append(True)

        monkeypatch.setattr("floe_tui.places.policy.screen.mutate", endless)
        await pilot.press("m")
        await until(pilot, lambda: any(job.group == "policy.mutate" for job in app.jobs.running))
        await pilot.press("f12")
        await until(pilot, lambda: bool(cancelled))
        assert "✓" in title(app, "#cases")
