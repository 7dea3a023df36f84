"""Help while writing: completion, hover docs, definitions, and lines that begin where they should."""

from __future__ import annotations

import os
from pathlib import Path

from textual.pilot import Pilot

from floe_tui.app import Workbench
from floe_tui.panels.source import SourcePanel
from floe_tui.places.manifest.writing_help import REST
from floe_tui.widgets.completion_popup import CompletionPopup
from floe_tui.widgets.hover_card import HoverCard
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.row_view import RowView
from floe_tui.widgets.status_bar import StatusBar

from .conftest import MANIFEST, Start, settle, until


def editor(app: Workbench) -> ManifestEditor:
    return app.screen_stack[0].query_one(ManifestEditor)


def popup(app: Workbench) -> CompletionPopup:
    return app.screen_stack[0].query_one(CompletionPopup)


def labels(app: Workbench) -> list[str]:
    return [offer.label for offer in popup(app).offers] if popup(app).is_open else []


async def ready(pilot: Pilot[None], app: Workbench) -> None:
    await until(pilot, lambda: "checking" not in app.screen_stack[0].query_one(StatusBar).text)
    await settle(pilot)


async def write_at(pilot: Pilot[None], app: Workbench, line: int, *keys: str) -> None:
    """Press keys at the end of a line, once the text was read and checked."""
    await until(pilot, lambda: bool(editor(app).text))
    await ready(pilot, app)
    editor(app).go_to(line, len(editor(app).document.get_line(line)))
    await pilot.press(*keys)


async def test_a_key_is_offered_while_it_is_typed_and_enter_takes_it_and_asks_for_its_value(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 5, "enter", "o")
        await until(pilot, lambda: labels(app) == ["owner"])
        await pilot.press("enter", *"data")
        assert editor(app).document.get_line(6) == "  owner: data"


async def test_values_are_offered_behind_the_colon_and_tab_takes_the_one_chosen(
    workbench: Start, platform: Path
) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace(" strict", ""))
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16, "space")
        await until(pilot, lambda: labels(app) == ["off", "warn", "strict"])
        await pilot.press("down", "tab")
        assert editor(app).document.get_line(16) == "    enforcement: warn"
        assert not popup(app).is_open
        await pilot.press("ctrl+z")
        assert editor(app).document.get_line(16) == "    enforcement: "


async def test_ctrl_space_offers_what_has_the_word_anywhere(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 12, *"nan")
        await ready(pilot, app)
        assert labels(app) == []
        await pilot.press("ctrl+@")
        await until(pilot, lambda: labels(app) == ["governance"])
        await pilot.press("escape")
        assert not popup(app).is_open
        assert app.focused is editor(app)


async def test_a_click_takes_an_offer_and_the_text_keeps_the_focus(workbench: Start, platform: Path) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace(" strict", ""))
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16, "space")
        await until(pilot, lambda: popup(app).is_open)
        await pilot.pause()
        await pilot.click(popup(app).query_one(RowView), offset=(3, 2))
        await until(pilot, lambda: editor(app).document.get_line(16) == "    enforcement: strict")
        assert app.focused is editor(app)


async def test_a_closed_list_takes_no_keys(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16, "enter", "up", "down", "tab", "#", "enter")
        assert editor(app).document.lines[17:] == ["      #", "      ", ""]
        assert editor(app).cursor_location == (18, 6)


async def test_a_value_that_is_typed_out_leaves_enter_to_the_text(workbench: Start, platform: Path) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace(" strict", ""))
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16, "space", *"warn")
        await ready(pilot, app)
        await pilot.press("enter")
        assert editor(app).cursor_location == (17, 4)


async def test_going_elsewhere_closes_the_list(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 5, "enter", "o")
        await until(pilot, lambda: popup(app).is_open)
        await pilot.press("left", "left")
        assert not popup(app).is_open


async def test_the_list_stays_on_a_small_screen(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await write_at(pilot, app, 16, "enter", "backspace", "backspace", "backspace", "backspace")
        await ready(pilot, app)
        await pilot.press("ctrl+@")
        await until(pilot, lambda: popup(app).is_open)
        await pilot.pause()
        assert app.screen.region.contains_region(popup(app).region)


async def test_hover_tells_meaning_default_and_where_the_value_comes_from(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16)
        await pilot.press("ctrl+n")
        card = app.screen.query_one(HoverCard)
        assert card.is_open
        said = str(card.query_one("#card-meaning").render())
        assert "data_architecture.naming.enforcement" in said
        assert "default warn" in said
        assert "from enterprise acme-data-platform" in said
        await pilot.press("x")
        assert not card.is_open
        assert editor(app).document.get_line(16).endswith("strictx")


def inherit(platform: Path) -> None:
    above = platform / "enterprise"
    above.mkdir()
    (above / "manifest.yaml").write_text(MANIFEST)
    (platform / "manifest.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: Manifest\n"
        'metadata:\n  name: sales\n  version: "1.0.0"\n  scope: domain\n'
        "parent:\n  ref: ./enterprise/manifest.yaml\n"
        "data_architecture:\n  naming:\n    enforcement: strict\n"
    )


async def test_an_inherited_setting_is_shown_where_the_parent_sets_it(
    workbench: Start, platform: Path
) -> None:
    inherit(platform)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 10)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, SourcePanel))
        await pilot.pause()
        shown = app.screen.query_one(ManifestEditor)
        await until(pilot, lambda: shown.cursor_location[0] == 16)
        assert shown.text == MANIFEST
        await pilot.press("escape")
        assert app.focused is editor(app)


async def test_a_setting_of_a_parent_in_a_registry_is_shown_as_the_parent_carries_it(
    workbench: Start, published: Path, data_team: Path
) -> None:
    inherit(data_team)
    text = (data_team / "manifest.yaml").read_text()
    registry = Path(os.environ["XDG_DATA_HOME"]) / "floe/registry/floe-platform"
    parent = f"oci-layout:{registry}:v2.0.0"
    (data_team / "manifest.yaml").write_text(text.replace("./enterprise/manifest.yaml", parent))
    app = workbench(data_team)
    async with app.run_test() as pilot:
        await pilot.press("f2")
        await write_at(pilot, app, 10)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, SourcePanel))
        shown = app.screen.query_one(ManifestEditor)
        await until(
            pilot, lambda: shown.document.get_line(shown.cursor_location[0]).endswith("enforcement: strict")
        )
        assert "minimum_test_coverage: 90" in shown.text
        assert shown.read_only
        title = str(app.screen.query_one(".title").render())
        assert "enterprise acme-data-platform@2.0.0" in title
        await pilot.press("e", "escape")
        assert app.focused is editor(app)


async def test_a_setting_that_nothing_else_sets_says_so(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "nowhere else" in app.screen.query_one(StatusBar).text)


async def test_a_new_line_begins_where_it_should(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 8, "enter", "#", "enter", "#")
        assert editor(app).document.lines[9:11] == ["    #", "    #"]


async def point_at(pilot: Pilot[None], app: Workbench, line: int, column: int) -> None:
    """Rest the mouse over a place of the text."""
    offset = editor(app).offset_of(line, column) - editor(app).region.offset
    await pilot.hover(ManifestEditor, offset=(offset.x, offset.y))


def card(app: Workbench) -> HoverCard:
    return app.screen_stack[0].query_one(HoverCard)


def said(app: Workbench) -> str:
    return str(card(app).query_one("#card-meaning").render())


async def test_the_mouse_at_rest_over_a_key_or_value_tells_what_the_key_tells(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 16)
        await pilot.press("ctrl+n")
        by_key = said(app)
        await pilot.press("escape", "up")
        for column in (6, 18):  # enforcement, strict
            await point_at(pilot, app, 16, column)
            assert not card(app).is_open  # not before it rests
            await until(pilot, lambda: card(app).is_open)
            assert said(app) == by_key
            assert app.focused is editor(app)
            assert editor(app).cursor_location[0] == 15
            await pilot.hover(ManifestEditor, offset=(60, 3))
            assert not card(app).is_open


async def test_the_card_of_the_mouse_stays_within_its_word_and_goes_with_the_mouse_or_a_key(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await write_at(pilot, app, 0)
        await point_at(pilot, app, 16, 6)
        await until(pilot, lambda: card(app).is_open)
        await point_at(pilot, app, 16, 9)
        assert card(app).is_open
        await pilot.hover("#outline", offset=(3, 3))
        assert not card(app).is_open
        await point_at(pilot, app, 16, 6)
        await until(pilot, lambda: card(app).is_open)
        await pilot.press("x")
        assert not card(app).is_open
        assert editor(app).document.get_line(0).endswith("v1x")


async def test_the_card_of_the_mouse_goes_with_a_key_for_another_part(
    workbench: Start, platform: Path
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(160, 45)) as pilot:
        await write_at(pilot, app, 0)
        app.screen.query_one("#outline").focus()
        await pilot.pause()
        await point_at(pilot, app, 16, 6)
        await until(pilot, lambda: card(app).is_open)
        await pilot.press("j")
        assert not card(app).is_open
        assert app.focused is app.screen.query_one("#outline")


async def test_the_mouse_over_nothing_or_on_its_way_opens_nothing(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 0)
        for line, column in ((6, 0), (16, 2), (16, 40), (9, 6)):  # empty, indentation, behind the end
            await point_at(pilot, app, line, column)
        await pilot.hover(ManifestEditor, offset=(1, 9))  # the gutter
        await pilot.pause(REST + 0.2)
        assert not card(app).is_open


async def test_the_mouse_over_a_problem_tells_it(workbench: Start, platform: Path) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST + "governence: {}\n")
    app = workbench(platform)
    async with app.run_test() as pilot:
        await write_at(pilot, app, 0)
        editor(app).go_to(17)
        await pilot.pause()
        await point_at(pilot, app, 17, 3)
        await until(pilot, lambda: card(app).is_open)
        assert "governence" in str(card(app).query_one("#card-problems").render())
