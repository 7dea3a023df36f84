"""The editor: colours, problems, edits as one undo, find and replace, and its budget."""

from __future__ import annotations

import statistics
import sys
import time

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input

from floe_engine import Diagnostic, Position, Severity, Span, TextEdit
from floe_tui.panels.confirm import ConfirmPanel
from floe_tui.themes import FALLBACK
from floe_tui.widgets.find_bar import FindBar
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.yaml_colours import YamlColours

TEXT = "plugins:\n  compute:\n    type: duckdb\n    size: 3 # big\n"


class Editing(App[None]):
    """An editor and its find bar."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.editor = ManifestEditor(text)
        self.bar = FindBar(self.editor)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def compose(self) -> ComposeResult:
        yield self.editor
        yield self.bar


def problem(line: int, start: int, end: int, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic("FLOE-M001", severity, Span.at(line, start, line, end), "is wrong")


def colours(text: str, row: int) -> set[tuple[str, str]]:
    lines = text.split("\n")
    return {(lines[row][start:end], name) for start, end, name in YamlColours().line(lines, row)}


def test_keys_values_and_comments_are_told_apart() -> None:
    assert colours(TEXT, 3) == {("size", "key"), ("3", "number"), ("# big", "comment")}


def test_a_line_in_the_middle_of_a_long_text_is_coloured_like_one_at_its_top() -> None:
    text = "".join(f"key{i}:\n  name: 'x'\n  text: |\n    a: b\n" for i in range(3000))
    assert colours(text, 6001) == {("name", "key"), ("'x'", "string")}
    assert colours(text, 6003) == {("    a: b", "string")}


def test_a_line_that_is_being_typed_leaves_the_others_their_colours() -> None:
    text = "metadata:\n  o\n  name: acme\n\nplugins:\n  compute:\n    type: duckdb\n"
    assert ("type", "key") in colours(text, 6)
    assert ("name", "key") in colours(text, 2)


def test_without_tree_sitter_the_keys_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    assert colours(TEXT, 3) == {("size", "key")}


def test_columns_are_characters_where_the_text_is_not_ascii() -> None:
    assert colours("é漢: 'ü' # ö\n", 0) == {("é漢", "key"), ("'ü'", "string"), ("# ö", "comment")}


async def test_a_problem_is_underlined_and_marked_in_the_gutter_by_a_sign() -> None:
    app = Editing(TEXT)
    async with app.run_test(size=(60, 10)) as pilot:
        app.editor.diagnostics = (problem(2, 10, 16), problem(3, 4, 8, Severity.WARNING))
        await pilot.pause()
        assert "✗" in app.editor.render_line(2).text[: app.editor.gutter_width]
        assert "!" in app.editor.render_line(3).text[: app.editor.gutter_width]
        underlined = [s.text for s in app.editor.render_line(2) if s.style and s.style.underline]
        assert "".join(underlined) == "duckdb"


async def test_edits_of_a_fix_are_one_step_of_undo() -> None:
    app = Editing(TEXT)
    async with app.run_test() as pilot:
        app.editor.apply(
            [
                TextEdit(Span(Position(3, 10), Position(3, 11)), '"3"'),
                TextEdit(Span(Position(0, 0), Position(0, 7)), "PLUGINS"),
            ]
        )
        assert app.editor.text == 'PLUGINS:\n  compute:\n    type: duckdb\n    size: "3" # big\n'
        await pilot.pause()
        app.editor.undo()
        assert app.editor.text == TEXT


async def test_undo_of_a_paste_that_made_the_text_scroll_ends_nothing() -> None:
    app = Editing(TEXT)
    async with app.run_test(size=(60, 10)) as pilot:
        app.editor.focus()
        app.post_message(events.Paste("a: 1\n" * 40))
        await pilot.pause()
        assert app.editor.document.line_count > 40
        await pilot.press("ctrl+end", "ctrl+z")
        assert app.editor.text == TEXT
        await pilot.press("ctrl+y")
        assert app.editor.document.line_count > 40


@pytest.mark.parametrize(
    "new",
    ["", "a", "plugins:\n", TEXT + "more: 1\n", "first: 1\n" + TEXT, TEXT.replace("3", "4"), TEXT[:-1], TEXT],
)
async def test_a_text_from_outside_replaces_as_one_step_of_undo(new: str) -> None:
    app = Editing(TEXT)
    async with app.run_test():
        app.editor.set_text(new)
        assert app.editor.text == new
        if new != TEXT:
            app.editor.undo()
        assert app.editor.text == TEXT


async def test_windows_line_ends_are_kept() -> None:
    text = TEXT.replace("\n", "\r\n")
    app = Editing(text)
    async with app.run_test():
        app.editor.set_text(text.replace("duckdb", "spark"))
        assert app.editor.text == text.replace("duckdb", "spark")


async def test_find_goes_round_and_replacing_all_asks_with_a_count_and_is_one_undo() -> None:
    app = Editing("one two\ntwo One\n")
    async with app.run_test() as pilot:
        app.bar.open()
        await pilot.press(*"one", "enter")
        assert app.editor.selection.start == (0, 0)
        await pilot.press("enter")
        assert app.editor.selection.start == (1, 4)
        await pilot.press("enter")
        assert app.editor.selection.start == (0, 0)
        await pilot.press("tab", *"1", "ctrl+e")
        assert isinstance(app.screen, ConfirmPanel)
        assert app.screen.question == "Replace 2 matches?"
        await pilot.press("enter")
        assert app.editor.text == "one two\ntwo One\n", "Enter is Cancel"
        await pilot.press("ctrl+e", "y")
        assert app.editor.text == "1 two\ntwo 1\n"
        await pilot.press("escape")
        app.editor.undo()
        assert app.editor.text == "one two\ntwo One\n"


async def test_ctrl_a_selects_in_the_text_and_in_a_field_and_erases_nothing() -> None:
    app = Editing("one two\n")
    async with app.run_test() as pilot:
        app.bar.open()
        await pilot.press(*"one", "ctrl+a")
        assert app.bar.query_one("#needle", Input).selected_text == "one"
        assert app.editor.text == "one two\n"
        await pilot.press("escape", "ctrl+a")
        assert app.editor.selected_text == "one two\n"


async def test_every_match_is_seen_while_finding() -> None:
    app = Editing("one two\ntwo one one\n")
    async with app.run_test() as pilot:
        app.bar.open()
        await pilot.press(*"one")
        marked = [
            [part.text for part in app.editor.render_line(row) if part.style and part.style.bold]
            for row in (0, 1)
        ]
        assert [found.count("one") for found in marked] == [1, 2]
        await pilot.press("escape")
        assert not any(
            part.text == "one" and part.style.bold for part in app.editor.render_line(1) if part.style
        )


async def test_an_insert_at_20_000_lines_stays_within_the_budget_of_a_frame() -> None:
    text = "".join(f"key{i}:\n  name: 'x'\n  size: {i}\n  on: true\n" for i in range(5000))
    app = Editing(text)
    async with app.run_test(size=(120, 40)) as pilot:
        app.editor.focus()
        for row in (4, 10_000, 19_990):
            app.editor.move_cursor((row, 2))
            await pilot.pause()
            times = []
            for _ in range(15):
                started = time.thread_time()
                app.editor.insert("x")
                times.append(time.thread_time() - started)
            # The goal is 16 ms; this bound, of processor time, only catches what would be felt.
            assert statistics.median(times) < 0.08
