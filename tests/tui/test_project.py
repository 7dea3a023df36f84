"""The project place: findings, waivers, the file and line in $EDITOR, the upgrade preview."""

from __future__ import annotations

import shutil
import sys
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from floe_engine import Workspace, init_project, publish
from floe_tui.app import Workbench
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.moving import MovePanel
from floe_tui.places.project.screen import ProjectScreen
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.source_view import SourceView
from floe_tui.widgets.text_view import TextView
from floe_tui.widgets.toned_lines import TonedLines

from .conftest import STRICTER, Start, idle, rows, title
from .terminal import floe_tui

EDITOR = """\
#!{python}
import sys
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path

Path({notes!r}).write_text("\\n".join(sys.argv[1:]))
path = Path(sys.argv[-1])
path.write_text("-- mended\\n" + path.read_text())
"""


SENSITIVE = """\
version: 2
models:
  - name: bronze_customers
    config: {meta: {owner: ada}}
    columns:
      - name: id
      - name: email
        meta: {classification: pii}
  - name: customers
    columns:
      - name: email
"""


async def judged(pilot: Pilot[None], app: Workbench) -> ProjectScreen:
    await pilot.press("f7")
    await idle(pilot, app)
    assert isinstance(app.screen, ProjectScreen)
    return app.screen


@pytest.fixture
def latest(published: Path, data_team: Path) -> Path:
    """The data team's directory, pinned to the latest version, which has a waiver for one model."""
    init_project(Workspace.open(data_team), "v2.0.0")
    return data_team


@pytest.fixture
def nested(latest: Path) -> Path:
    """The same with the dbt project in a folder of the data product."""
    inner = latest / "transform"
    inner.mkdir()
    for name in ("dbt_project.yml", "models"):
        shutil.move(latest / name, inner / name)
    spec = latest / "floe.yaml"
    spec.write_text(spec.read_text().replace("    path: models/", "    project_dir: transform"))
    return latest


def go_to(screen: ProjectScreen, subject: str) -> None:
    row = next(row for row in screen.list.view.rows if row.cells[:1] == (subject,))
    screen.list.view.move_to(row.key)


async def test_findings_are_grouped_by_rule_file_severity_and_waiver(workbench: Start, latest: Path) -> None:
    app = workbench(latest)
    async with app.run_test(size=(140, 40)) as pilot:
        await judged(pilot, app)
        heads = []
        for _ in range(4):
            heads.append([row.cells[1] for row in rows(app) if row.heading])
            await pilot.press("t")
        rules, files, severities, waivers = heads
        assert "A model's name starts with the prefix of its layer" in rules
        assert "models/customers.sql" in files
        assert all(name.split()[-1].rstrip("s") in {"error", "warning", "hint"} for name in severities)
        assert "legacy-orders, until 2099-01-31" in waivers


async def test_a_waived_finding_says_until_when_and_whose_it_is(workbench: Start, latest: Path) -> None:
    app = workbench(latest)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        waived = next(row for row in rows(app) if "waived until 2099-01-31" in row.cells[-1])
        assert waived.glyph == "-"
        screen.list.view.move_to(waived.key)
        await pilot.pause()
        text = screen.query_one(TextView).text
        assert "owner      data" in text
        assert "expires    2099-01-31" in text
        await pilot.press("x")
        assert not any("waived until" in row.cells[-1] for row in rows(app))


async def test_a_finding_is_placed_from_the_directory_that_is_worked_in(
    workbench: Start, nested: Path
) -> None:
    app = workbench(nested)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        go_to(screen, "customers")
        await pilot.pause()
        assert screen.finding is not None
        assert screen.finding.file == nested / "transform/models/customers.sql"
        assert "at         transform/models/customers.sql:1" in screen.query_one(TextView).text
        await pilot.press("y")
        assert app.clipboard.startswith("transform/models/customers.sql:1: FLOE-")


def test_the_line_opens_in_the_users_editor_and_the_project_is_judged_again(
    nested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "opened"
    script = tmp_path / "my editor"
    script.write_text(EDITOR.format(python=sys.executable, notes=str(notes)))
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{script}' --wait")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with floe_tui(elsewhere, "--dir", str(nested), columns=120, rows=40) as terminal:
        terminal.shows("✗ 8", "customers")
        terminal.press("t", "G", "e")
        terminal.until(notes.exists)
        assert notes.read_text().splitlines() == [
            "--wait",
            "+1",
            str(nested / "transform/models/orders.sql"),
        ]
        # What was on the screen before looks the same; a key that is pressed under the editor is lost.
        terminal.shows("✗ 8", "-- mended", "F1  Help")
        assert (nested / "transform/models/orders.sql").read_text().startswith("-- mended\n")
        terminal.press("ctrl+q")
        assert terminal.ends() == 0
    assert terminal.leftovers == []


async def test_the_upgrade_preview_says_what_would_newly_break_and_by_what(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    before = (project / "floe.yaml").read_text()
    async with app.run_test(size=(140, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("u")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, ChoosePanel)
        assert [row.cells for row in panel.rows] == [
            ("v2.0.0", "the newest"),
            ("v1.3.0", ""),
            ("v1.2.3", "locked now"),
        ]
        await pilot.press("enter")
        await idle(pilot, app)
        preview = app.screen
        assert isinstance(preview, MovePanel)
        assert "would stop the build" in preview.move.text
        assert "(by " in preview.move.text
        await pilot.press("escape")
        assert (project / "floe.yaml").read_text() == before


async def test_taking_an_upgrade_judges_the_project_by_it(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        before = len(rows(app))
        await pilot.press("u")
        await idle(pilot, app)
        await pilot.press("enter")
        await idle(pilot, app)
        await pilot.press("a")
        await idle(pilot, app)
        assert "2.0.0" in (project / "floe.yaml").read_text()
        assert len(rows(app)) > before
        assert screen._judged is not None
        assert screen._judged.platform.endswith("2.0.0")


async def test_a_read_only_workbench_previews_and_takes_nothing(workbench: Start, project: Path) -> None:
    app = workbench(project, read_only=True)
    async with app.run_test(size=(140, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("u")
        await idle(pilot, app)
        await pilot.press("enter")
        await idle(pilot, app)
        assert isinstance(app.screen, MovePanel)
        assert [button.id for button in app.screen.query(Button)] == ["cancel"]
        await pilot.press("a")
        await idle(pilot, app)
        assert "v1.2.3" in (project / "floe.yaml").read_text()


async def test_without_a_pin_the_place_says_how_to_get_one_and_judges_once_there_is(
    workbench: Start, published: Path, data_team: Path
) -> None:
    app = workbench(data_team)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await judged(pilot, app)
        assert "\nF6  " in screen.list.view.empty
        assert screen.why_not("project.upgrade")
        await pilot.press("f6")
        await idle(pilot, app)
        await pilot.press("i", "enter")
        await idle(pilot, app)
        await pilot.press("y")
        await idle(pilot, app)
        await judged(pilot, app)
        assert any(row.cells[:1] == ("customers",) for row in rows(app))


async def test_a_mistake_in_floe_yaml_is_a_row_that_opens_at_its_line(
    workbench: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = project / "floe.yaml"
    spec.write_text(spec.read_text() + "enviroment: prod\n")
    last = len(spec.read_text().splitlines())
    opened: list[tuple[Path, int]] = []
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setattr("floe_tui.external.open_at", lambda file, line: opened.append((file, line)))
    monkeypatch.setattr(Workbench, "stepped_out", lambda app: nullcontext())
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        row = next(row for row in rows(app) if "enviroment" in row.cells[-1])
        screen.list.view.move_to(row.key)
        await pilot.pause()
        assert f"floe.yaml:{last}" in screen.query_one(TextView).text
        await pilot.press("enter")
        await idle(pilot, app)
        assert opened == [(spec, last)]
        spec.write_text(spec.read_text().replace("enviroment: prod\n", ""))
        await pilot.press("r")
        await idle(pilot, app)
        assert screen._judged is not None


async def test_a_read_only_workbench_does_not_lock_what_is_not_locked_yet(
    workbench: Start, project: Path
) -> None:
    shutil.rmtree(project / ".floe")
    app = workbench(project, read_only=True)
    async with app.run_test(size=(140, 40)) as pilot:
        await judged(pilot, app)
        assert "there is no lock" in "\n".join(row.cells[0] for row in rows(app))
    assert not (project / ".floe" / "cache" / "artifacts.lock").exists()


async def test_the_cursor_stays_on_its_finding_when_the_grouping_changes(
    workbench: Start, latest: Path
) -> None:
    app = workbench(latest)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        go_to(screen, "customers")
        await pilot.pause()
        before = screen.finding
        for _ in range(4):
            await pilot.press("t")
            await pilot.pause()
            assert screen.finding == before


async def test_over_a_rules_findings_stands_what_it_demands_and_where_the_platform_asks_for_it(
    workbench: Start, latest: Path
) -> None:
    app = workbench(latest)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        await pilot.press("g")
        await pilot.pause()
        head = rows(app)[0]
        assert head.heading
        text = screen.query_one(TextView).text
        assert text.splitlines()[1].rstrip(".") in head.cells[1]
        assert "of manifest.yaml" in text


async def test_a_waiver_that_ends_soon_is_counted_down(
    workbench: Start, published: Path, data_team: Path
) -> None:
    ends = (date.today() + timedelta(days=10)).isoformat()
    (published / "manifest.yaml").write_text(STRICTER.replace("2.0.0", "3.0.0").replace("2099-01-31", ends))
    publish(Workspace.open(published), "v3.0.0")
    init_project(Workspace.open(data_team), "v3.0.0")
    app = workbench(data_team)
    async with app.run_test(size=(160, 40)) as pilot:
        screen = await judged(pilot, app)
        waived = next(row for row in rows(app) if "waived until" in row.cells[-1])
        assert f"until {ends}, 10 days left" in waived.cells[-1]
        screen.list.view.move_to(waived.key)
        await pilot.pause()
        assert f"expires    {ends}, 10 days left" in screen.query_one(TextView).text


async def test_the_way_of_sensitive_columns_is_a_tree_whose_places_are_shown_in_their_source(
    workbench: Start, project: Path
) -> None:
    (project / "models/schema.yml").write_text(SENSITIVE)
    app = workbench(project)
    async with app.run_test(size=(140, 44)) as pilot:
        screen = await judged(pilot, app)
        ways = screen.query_one("#ways", FilterList)
        drawn = [(row.cells[0], row.glyph) for row in ways.view.rows]
        assert drawn == [
            ("bronze_customers.email", "✓"),
            ("├─ customers.email", "✗"),
            ("└─ orders.email", "·"),  # it declares no columns
        ]
        assert "✗ 1 too low" in title(app, "#sensitive")
        ways.view.focus()
        await pilot.press("down")
        await pilot.pause()
        source = screen.query_one(SourceView)
        assert source.remark is not None
        assert "email" in source.lines[source.remark.line - 1]
        assert "too low" in screen.query_one(TextView).text
        screen.list.view.focus()
        await pilot.pause()
        assert "too low" not in screen.query_one(TextView).text


async def test_without_sensitive_columns_there_is_no_pane_for_them(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 44)) as pilot:
        screen = await judged(pilot, app)
        assert not screen.query_one("#sensitive").region.area


async def test_coverage_is_drawn_by_layer_and_by_owner(workbench: Start, project: Path) -> None:
    (project / "models/schema.yml").write_text(SENSITIVE)
    app = workbench(project)
    async with app.run_test(size=(140, 44)) as pilot:
        screen = await judged(pilot, app)
        said = screen.query_one(TonedLines).render().plain.splitlines()
        assert any(line.startswith("bronze") for line in said)
        assert "by owner" in said
        assert any(line.startswith("ada") for line in said)
        assert any(line.startswith("nobody") for line in said)


async def test_all_findings_that_are_marked_are_copied(workbench: Start, latest: Path) -> None:
    app = workbench(latest)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await judged(pilot, app)
        await pilot.press("A", "y")
        findings = [row for row in screen.list.view.rows if not row.heading]
        assert len(findings) > 1
        assert len(app.clipboard.splitlines()) == len(findings)
        assert f"{len(findings)} marked" in title(app, "#findings")
