"""The project place mends: `f` declares what findings ask for, `w` waives one, and both show it first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from floe_engine import Workspace, init_project, publish
from floe_tui.app import Workbench
from floe_tui.panels.change import ChangePanel
from floe_tui.panels.excuse import ExcusePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.places.project.screen import ProjectScreen

from .conftest import STRICTER, Start, idle, until

PERMISSIVE = STRICTER.replace("2.0.0", "3.0.0").replace(
    "{max_days: 36500}", "{max_days: 60, allow_in_product: allow}"
).replace('      expires: "2099-01-31"\n', "").replace("  waivers:\n", "").replace(
    STRICTER[STRICTER.index("    - id: legacy") : STRICTER.index('      expires: "2099')], ""
)  # fmt: skip
"""The stricter platform, with waivers by the data team permitted for sixty days, and none of its own."""

SCHEMA = """\
version: 2
models:
  - name: bronze_customers
    columns:
      - name: id
  - name: bronze_orders
    columns:
      - name: id
"""


@pytest.fixture
def permitted(published: Path, data_team: Path) -> Path:
    """The data team's directory, pinned to a version that lets them waive."""
    (published / "manifest.yaml").write_text(PERMISSIVE)
    publish(Workspace.open(published), "v3.0.0")
    init_project(Workspace.open(data_team), "v3.0.0")
    return data_team


@pytest.fixture
def strict(published: Path, data_team: Path) -> Path:
    """The same, pinned to a version that does not; two models have columns that nothing tests."""
    (data_team / "models/bronze_orders.sql").write_text("select 1 as id\n")
    (data_team / "models/schema.yml").write_text(SCHEMA)
    init_project(Workspace.open(data_team), "v2.0.0")
    return data_team


async def at_finding(pilot: Pilot[None], app: Workbench, rule: str, subject: str) -> ProjectScreen:
    await pilot.press("f7")
    await idle(pilot, app)
    screen = app.screen
    assert isinstance(screen, ProjectScreen)
    key = next(
        key for key, item in screen._by_key.items()
        if item.finding.rule == rule and item.finding.subject == subject
    )  # fmt: skip
    screen.list.view.move_to(key)
    await pilot.pause()
    return screen


async def change(pilot: Pilot[None], app: Workbench) -> ChangePanel:
    await until(pilot, lambda: isinstance(app.screen, ChangePanel) and app.focused is not None)
    assert isinstance(app.screen, ChangePanel)
    return app.screen


def found(screen: ProjectScreen, rule: str) -> set[str]:
    return {item.finding.subject for item in screen._by_key.values() if item.finding.rule == rule}


# --- declaring ---------------------------------------------------------------------------------


async def test_f_shows_what_it_would_declare_and_y_declares_it(workbench: Start, strict: Path) -> None:
    app = workbench(strict)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await at_finding(pilot, app, "FLOE-E230", "bronze_customers")
        before = found(screen, "FLOE-E230")
        await pilot.press("f")
        panel = await change(pilot, app)
        assert "+++ b/models/schema.yml" in panel.diff
        assert (strict / "models/schema.yml").read_text() == SCHEMA, (
            "nothing is written before it is confirmed"
        )
        await pilot.press("enter")
        await idle(pilot, app)
        assert (strict / "models/schema.yml").read_text() == SCHEMA, "Enter cancels"
        await pilot.press("f")
        await change(pilot, app)
        await pilot.press("y")
        await idle(pilot, app)
        customers, orders = (strict / "models/schema.yml").read_text().split("  - name: bronze_orders")
        assert "not_null" in customers
        assert "not_null" not in orders, "of one finding, that model alone"
        assert found(screen, "FLOE-E230") == before - {"bronze_customers"}, "it was judged again"
        assert app.ran[-2].command.startswith("floe fix FLOE-E230 bronze_customers")


async def test_over_a_heading_f_means_all_that_stands_under_it(workbench: Start, strict: Path) -> None:
    app = workbench(strict)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await at_finding(pilot, app, "FLOE-E230", "bronze_customers")
        subjects = found(screen, "FLOE-E230")
        assert len(subjects) > 1
        screen.list.view.move_to("group FLOE-E230")
        await pilot.pause()
        await pilot.press("f")
        panel = await change(pilot, app)
        assert panel.diff.count("+          - not_null") == len(subjects)
        assert "mended in 1 file" in panel.said[0]


async def test_a_finding_that_nothing_declared_mends_says_what_does(workbench: Start, strict: Path) -> None:
    app = workbench(strict)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await at_finding(pilot, app, "FLOE-E201", "customers")
        assert screen.why_not("project.fix") == "nothing that is declared mends it; e opens its line"


async def test_read_only_shows_the_change_and_writes_nothing(workbench: Start, strict: Path) -> None:
    app = workbench(strict, read_only=True)
    async with app.run_test(size=(140, 40)) as pilot:
        await at_finding(pilot, app, "FLOE-E230", "bronze_customers")
        await pilot.press("f")
        panel = await change(pilot, app)
        assert panel.diff
        await pilot.press("y", "escape")
        await idle(pilot, app)
        assert (strict / "models/schema.yml").read_text() == SCHEMA


# --- waiving -----------------------------------------------------------------------------------


async def test_w_asks_why_who_and_how_long_shows_the_change_and_writes_it(
    workbench: Start, permitted: Path
) -> None:
    app = workbench(permitted)
    spec = permitted / "floe.yaml"
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await at_finding(pilot, app, "FLOE-E201", "customers")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ExcusePanel) and app.focused is not None)
        form = app.screen
        assert isinstance(form, ExcusePanel)
        assert form.missing == "A reason is needed."
        await pilot.press(*"renamed in May", "enter", "ctrl+a", *"ada", "enter")
        last = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
        assert form.expires == last, "the platform's longest, where the usual is longer"
        await pilot.press("enter")
        panel = await change(pilot, app)
        assert f"+    expires: '{last}'" in panel.diff or f'+    expires: "{last}"' in panel.diff
        assert "waivers" not in spec.read_text()
        await pilot.press("y")
        await idle(pilot, app)
        assert "renamed in May" in spec.read_text()
        assert screen.finding is None or screen.finding.quiet
        assert any("floe waive" in ran.command and "--owner ada" in ran.command for ran in app.ran)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2999-01-01", "permits no waiver beyond"),
        ("tomorrow", "tomorrow is no day"),
        ("", "A last day is needed."),
    ],
)
async def test_a_day_that_the_platform_does_not_permit_is_told_as_it_is_typed(
    workbench: Start, permitted: Path, day: str, said: str
) -> None:
    app = workbench(permitted)
    async with app.run_test(size=(140, 40)) as pilot:
        await at_finding(pilot, app, "FLOE-E201", "customers")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ExcusePanel) and app.focused is not None)
        form = app.screen
        assert isinstance(form, ExcusePanel)
        await pilot.press(*"x", "enter", "ctrl+a", *"ada", "enter", "ctrl+a", "backspace", *day, "enter")
        assert app.screen is form
        assert said in form.missing


async def test_where_the_platform_permits_none_w_says_what_else_can_be_done(
    workbench: Start, strict: Path
) -> None:
    app = workbench(strict)
    async with app.run_test(size=(140, 40)) as pilot:
        await at_finding(pilot, app, "FLOE-E201", "customers")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
        assert isinstance(app.screen, ProblemPanel)
        assert app.screen.error.title == "the platform allows no waivers in a data product"
        assert "e opens its line" in app.screen.error.hint


async def test_what_is_waived_already_is_not_waived_again(workbench: Start, strict: Path) -> None:
    app = workbench(strict)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await at_finding(pilot, app, "FLOE-E201", "orders")
        assert screen.why_not("project.waive") == "it is waived already"


def test_a_diff_is_drawn_in_its_tones_and_its_files_in_the_colours_of_their_language() -> None:
    from floe_tui.widgets.text_view import changes

    diff = ["--- a/x.yml", "+++ b/x.yml", "@@ -1 +1 @@", "-old: 1", "+new: 1", " same: 1"]
    diff += ["--- a/y.sql", "+++ b/y.sql", "@@ -1 +0 @@", "--- said so", "-select 1"]
    assert list(changes(diff)) == [
        ("strong", ""),
        ("strong", ""),
        ("faint", ""),
        ("error-chip", "yaml"),
        ("success-chip", "yaml"),
        ("", "yaml"),
        ("strong", ""),
        ("strong", ""),
        ("faint", ""),
        ("error-chip", "sql"),
        ("error-chip", "sql"),
    ]
