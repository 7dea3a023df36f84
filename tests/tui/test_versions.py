"""The versions place: any two sides, grouped changes, what hits a project, search, copying."""

from __future__ import annotations

import time
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from floe_engine import side_by_side
from floe_tui.app import Workbench
from floe_tui.places.versions.screen import VersionsScreen
from floe_tui.widgets.moved import Moved, moved_blocks

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
        await pilot.press("A", "y")
        assert len(app.clipboard.splitlines()) == len(screen._compared.entries)  # type: ignore[union-attr]
        await pilot.press("escape")
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


LEFT = """\
alpha:
  description: the first of them
  owner: data
beta:
  description: the second one
  owner: sales
gamma: 1
"""


def after(text: str) -> Moved:
    return moved_blocks(side_by_side(LEFT, text))


def test_a_block_that_stands_elsewhere_is_moved_and_says_from_where_and_whereto() -> None:
    alpha, rest = LEFT[: LEFT.index("beta")], LEFT[LEFT.index("beta") :]
    moved = after(rest + alpha)
    assert moved.blocks == 1
    assert moved.old == {1: 5, 2: 0, 3: 0}
    assert moved.new == {5: 1, 6: 0, 7: 0}


def test_a_block_may_be_indented_otherwise_where_it_stands_now() -> None:
    alpha, rest = LEFT[: LEFT.index("beta")], LEFT[LEFT.index("beta") :]
    deeper = "".join(f"  {line}\n" for line in alpha.splitlines())
    assert after(f"{rest}all:\n{deeper}").blocks == 1


def test_what_is_changed_added_or_alike_by_chance_is_not_moved() -> None:
    assert after(LEFT.replace("first", "last")).blocks == 0
    assert after(LEFT + LEFT).blocks == 0
    assert moved_blocks(side_by_side("{\n}\na: 1\n", "a: 1\n{\n}\n")).blocks == 0


def test_a_line_that_stands_everywhere_does_not_cost_the_square_of_its_number() -> None:
    old = "".join(f"- name: n{number}\n  type: text of a column\n" for number in range(4000))
    new = "".join(f"- name: m{number}\n  type: text of a column\n" for number in range(4000))
    rows = side_by_side(old, new)
    started = time.process_time()
    assert moved_blocks(rows).blocks == 0
    assert time.process_time() - started < 1.0


async def test_moved_blocks_are_counted_in_the_title_and_marked(workbench: Start, published: Path) -> None:
    manifest = published / "manifest.yaml"
    app = workbench(published)
    async with app.run_test(size=SIZE) as pilot:
        screen = await versions(pilot, app)
        texts = screen.texts
        alpha, rest = LEFT[: LEFT.index("beta")], LEFT[LEFT.index("beta") :]
        texts.show(manifest.name, side_by_side(LEFT, rest + alpha))
        await pilot.pause()
        assert "↕ 1 moved" in title(app, "#texts")
        drawn = "\n".join(texts.diff.render_line(y).text for y in range(12))
        assert "↕" in drawn
        assert "to 5" in drawn
        assert "from 1" in drawn
