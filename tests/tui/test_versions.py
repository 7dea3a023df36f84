"""The versions place: any two sides, grouped changes, what hits a project, search, copying."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from floe_tui.app import Workbench
from floe_tui.places.versions.screen import VersionsScreen

from .conftest import Start, idle, title

SIZE = (140, 44)


async def versions(pilot: Pilot[None], app: Workbench) -> VersionsScreen:
    await pilot.press("f3")
    await idle(pilot, app)
    assert isinstance(app.screen, VersionsScreen)
    return app.screen


def listed(screen: VersionsScreen) -> list[str]:
    found = []
    for row in screen.list.view.rows:
        words = [*row.cells, *(text for text, _ in row.tail)]
        found.append(" ".join(words).strip())
    return found


async def test_changes_stand_under_their_rule_and_the_text_at_their_line(
    workbench: Start, published: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        heads = [row.cells[0] for row in screen.list.view.rows if row.key.startswith("rule ")]
        assert heads == list(dict.fromkeys(entry.rule.id for entry in screen._compared.entries))  # type: ignore[union-attr]
        for row in screen.list.view.rows:
            if row.key.startswith("rule "):
                continue
            screen.list.view.move_to(row.key)
            await pilot.pause()
            assert screen.diff.position > 0, row.cells


async def test_any_side_can_be_a_reference_that_is_typed(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=SIZE) as pilot:
        await versions(pilot, app)
        await pilot.press("w", "G", "enter")
        await pilot.pause()
        await pilot.press(*"v1.3.0", "enter")
        await idle(pilot, app)
        assert "v1.2.3 → v1.3.0" in title(app, "#changes")


async def test_only_what_hits_this_project_is_left_and_says_how_often(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        before = listed(screen)
        await pilot.press("p")
        await idle(pilot, app)
        assert 0 < len(listed(screen)) < len(before)
        changes = [line for line in listed(screen) if "→" in line]
        assert changes
        assert all("finding" in line for line in changes)
        await pilot.press("p")
        await idle(pilot, app)
        assert listed(screen) == before


async def test_another_project_can_be_measured_and_a_wrong_one_is_explained(
    workbench: Start, published: Path, project: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        await pilot.press("P")
        app.screen.query_one(Input).value = str(project)
        await pilot.press("enter")
        await idle(pilot, app)
        assert screen._affected is not None
        await pilot.press("P")
        app.screen.query_one(Input).value = "models-that-are-not-here"
        await pilot.press("enter")
        await idle(pilot, app)
        assert app.screen is not screen
        await pilot.press("escape")
        assert app.screen is screen


async def test_the_text_is_searched_and_the_search_ends_with_escape(
    workbench: Start, published: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        await pilot.press("ctrl+f")
        await pilot.pause()
        await pilot.press(*"version")
        assert screen.diff.found.startswith("1 of ")
        await pilot.press("enter")
        assert screen.diff.found.startswith("2 of ")
        await pilot.press("escape")
        assert screen.diff.found == ""
        assert screen.diff.has_focus


async def test_what_is_copied_is_the_change_or_the_difference(workbench: Start, published: Path) -> None:
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        await pilot.press("y")
        assert screen.entry.sentence in app.clipboard
        await pilot.press("ctrl+l", "n", "y")
        assert app.clipboard.startswith("-")


async def test_only_breaking_leaves_what_needs_a_major_version(workbench: Start, published: Path) -> None:
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        before = len(screen.list.view.rows)
        await pilot.press("b")
        assert 0 < len(screen.list.view.rows) < before
        assert {row.glyph for row in screen.list.view.rows} == {"✗"}


async def test_on_a_small_screen_the_next_change_brings_the_text_up(
    workbench: Start, published: Path
) -> None:
    app = workbench(published)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await versions(pilot, app)
        assert not screen.diff.region.area
        at = screen.diff.position
        await pilot.press("n", "N", "n")
        await idle(pilot, app)
        assert screen.diff.region.area
        assert screen.diff.position == at % screen.diff.changes + 1
        width, height = screen.diff.size
        assert any("▌" in screen.diff.render_line(y).text[:width] for y in range(height))
        assert f"{screen.diff.position} of {screen.diff.changes}" in title(app, "#texts")
