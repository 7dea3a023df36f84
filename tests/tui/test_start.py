"""Start: what an empty directory offers, and working in another directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine import Workspace, list_versions
from floe_tui.actions import Place
from floe_tui.app import Workbench
from floe_tui.panels.ask import AskPanel
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.leave import LeavePanel
from floe_tui.panels.moving import MovePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.places.start import demo
from floe_tui.session import Session, recent
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.place_tabs import PlaceTabs
from floe_tui.widgets.text_view import TextView

from .conftest import MANIFEST, Start, idle, kept_texts, place, rows, until


def keys(app: Workbench) -> list[str]:
    return [row.key for row in rows(app) if not row.heading]


async def test_an_empty_directory_says_what_can_be_done_and_what_each_would_do(
    workbench: Start, directory: Path
) -> None:
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        assert keys(app) == ["begin", "join", "demo", "open"]
        assert "manifest.yaml" in place(app).query_one(TextView).text
        await pilot.press("down", "down")
        await pilot.pause()
        assert "./floe-demo" in place(app).query_one(TextView).text
        assert "0 Start" in place(app).query_one(PlaceTabs).render().plain


async def test_the_six_places_are_reached_from_start_and_zero_comes_back(
    workbench: Start, directory: Path
) -> None:
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("f6")
        await idle(pilot, app)
        assert place(app).place == Place.REGISTRY
        assert "Start" not in place(app).query_one(PlaceTabs).render().plain
        await pilot.press("0")
        assert place(app).place == Place.START


@pytest.mark.parametrize("template", ["medallion", "minimal"])
async def test_a_platform_is_begun_from_a_template_and_is_good(
    workbench: Start, directory: Path, template: str
) -> None:
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel))
        app.screen.list.view.move_to(template)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: place(app).place == Place.MANIFEST, seconds=60)
        await idle(pilot, app)
        assert app.orientation.counts[Place.MANIFEST][0] == "✓"
    assert (directory / "manifest.yaml").is_file()


async def test_a_platform_is_learnt_from_a_dbt_project_that_passes_it(
    workbench: Start, directory: Path, data_team: Path
) -> None:
    data_team.rename(directory / "customers")
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskPanel) and app.focused is not None)
        assert app.focused.value == "customers"  # type: ignore[union-attr]
        await pilot.press("enter")
        await until(pilot, lambda: place(app).place == Place.MANIFEST, seconds=120)
        await idle(pilot, app)
        assert "customers" in app.screen.query_one(ManifestEditor).text


async def test_the_demo_is_made_and_opened_and_is_real(workbench: Start, directory: Path) -> None:
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: place(app).place == Place.MANIFEST, seconds=120)
        await idle(pilot, app)
        platform = directory / demo.FOLDER / demo.PLATFORM
        assert app.options.directory == platform
        assert len(list_versions(Workspace.open(platform)).versions) == len(demo.RELEASES)
        await pilot.press("f7")
        await idle(pilot, app)
        await pilot.press("0")
        await idle(pilot, app)
        project = platform.parent / demo.PROJECT
        assert str(project) in keys(app)
        place(app).query_one("#list").view.move_to(str(project))  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: place(app).place == Place.PROJECT)
        await idle(pilot, app)
        assert {row.cells[0] for row in rows(app) if row.glyph == "✗"} >= {"daily_sales", "silver_orders"}


def test_a_demo_that_is_there_is_left_alone_and_one_that_was_interrupted_made_anew(directory: Path) -> None:
    made = demo.make(directory)
    manifest = made[0] / "manifest.yaml"
    manifest.write_text(manifest.read_text() + "# mine\n")
    assert demo.make(directory) == made
    assert manifest.read_text().endswith("# mine\n")
    (made[1] / "floe.yaml").unlink()
    assert demo.make(directory) == made
    assert (made[1] / "floe.yaml").is_file()


async def test_another_folder_of_the_demos_name_is_not_touched(workbench: Start, directory: Path) -> None:
    (directory / demo.FOLDER).mkdir()
    (directory / demo.FOLDER / "mine").write_text("mine")
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
    assert (directory / demo.FOLDER / "mine").read_text() == "mine"


async def test_a_platform_is_joined_by_reference_version_and_precision(
    workbench: Start, published: Path, data_team: Path, tmp_path: Path
) -> None:
    registry = Workspace.open(published).registry.reference.name
    (data_team / "dbt_project.yml").rename(tmp_path / "away")
    app = workbench(data_team)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        (tmp_path / "away").rename(data_team / "dbt_project.yml")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel))
        chooser = app.screen
        chooser.list.view.move_to("other")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskPanel) and app.focused is not None)
        await pilot.press(*registry, "enter")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel) and "version" in app.screen.question)
        await pilot.press("enter")  # the newest
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel) and "Pin" in app.screen.question)
        await pilot.press("enter")  # exactly
        await until(pilot, lambda: isinstance(app.screen, MovePanel), seconds=60)
        await pilot.press(app.screen.key)  # type: ignore[attr-defined]
        await until(pilot, lambda: place(app).place == Place.PROJECT, seconds=60)
        await idle(pilot, app)
    assert "v2.0.0" in (data_team / "floe.yaml").read_text()


async def test_read_only_closes_the_ways_that_write(workbench: Start, directory: Path) -> None:
    app = workbench(directory, read_only=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("d", "down", "enter")
        await idle(pilot, app)
        assert any("--read-only" in note.message for note in app._notifications)
    assert list(directory.iterdir()) == []


def test_recent_directories_are_those_that_are_still_there_the_last_first(tmp_path: Path) -> None:
    import os

    folders = [tmp_path / name for name in ("a", "b", "gone", "here")]
    for age, folder in enumerate(folders):
        folder.mkdir()
        session = Session.load(folder)
        session.save()
        os.utime(session.path, (1000.0 + age, 1000.0 + age))
    folders[2].rmdir()
    assert [item.directory.name for item in recent(folders[3])] == ["b", "a"]


@pytest.mark.parametrize("way", ["leave", "stay"])
async def test_unsaved_text_is_asked_about_before_another_directory_is_opened(
    workbench: Start, platform: Path, data_team: Path, way: str
) -> None:
    Session.load(data_team).save()
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("x", "f6")
        await idle(pilot, app)
        await pilot.press("0")
        await until(pilot, lambda: str(data_team) in keys(app))
        place(app).query_one("#list").view.move_to(str(data_team))  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LeavePanel))
        await pilot.press("y" if way == "leave" else "escape")
        if way == "leave":
            await until(pilot, lambda: place(app).place == Place.PROJECT)
            await idle(pilot, app)
            assert app.options.directory == data_team
            assert kept_texts(platform / "manifest.yaml") == []
        else:
            await pilot.press("f2")
            assert app.screen.query_one(ManifestEditor).text == f"x{MANIFEST}"
            assert app.options.directory == platform


async def test_what_was_unsaved_in_one_directory_never_shows_in_another(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.yaml").write_text(MANIFEST.replace("acme", "other"))
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("f6", "0")
        await idle(pilot, app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, AskPanel) and app.focused is not None)
        await pilot.press(*"../other", "enter")
        await until(pilot, lambda: place(app).place == Place.MANIFEST)
        await idle(pilot, app)
        assert "other-data-platform" in app.screen.query_one(ManifestEditor).text
        assert app.orientation.platform == "other-data-platform"


async def test_a_directory_that_is_not_there_is_said(workbench: Start, directory: Path) -> None:
    app = workbench(directory)
    async with app.run_test(size=(120, 36)) as pilot:
        await idle(pilot, app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, AskPanel) and app.focused is not None)
        await pilot.press(*"nowhere", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
