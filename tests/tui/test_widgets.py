"""The widgets by themselves: lists, comparisons, steps, text from outside."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.widget import Widget

from floe_engine import Heading, Notice, Stage, Step, Transfer, side_by_side
from floe_tui.actions import ACTIONS
from floe_tui.orientation import Orientation
from floe_tui.text import fitted, shorten, visible
from floe_tui.themes import FALLBACK, themes
from floe_tui.widgets.context_line import ContextLine
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row
from floe_tui.widgets.split_diff import SplitDiff
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.wrapping import broken, hanging


class Holder(App[None]):
    """One widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        for theme in themes():
            self.register_theme(theme)
        self.theme = "floe-dark"


def lines_of(widget: Widget, count: int) -> list[str]:
    return [widget.render_line(y).text for y in range(count)]


# --- text from outside -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢", "plain é 漢"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("one\ntwo", "one\\ntwo"),
        ("\x7f\U000e0041", "\\x7f\\U000e0041"),
        ("zero\u200b\u180ewidth", "zero\\u200b\\u180ewidth"),
    ],
)
def test_nothing_from_outside_hides(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(), st.integers(0, 40))
def test_shortened_text_fits_and_keeps_its_ends(text: str, width: int) -> None:
    short = shorten(text, width)
    assert cell_len(short) <= max(width, 0)
    if text.isascii() and len(text) > width > 2:
        assert short[0] == text[0]
        assert short[-1] == text[-1]


@given(st.text(), st.integers(0, 40))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    assert cell_len(fitted(text, width)) <= width
    assert fitted(text, cell_len(text)) == text


def test_every_short_text_fits_whatever_its_characters_are_wide() -> None:
    for length in range(7):
        for text in map("".join, product("a 漢\u0301", repeat=length)):
            for width in range(9):
                assert cell_len(fitted(text, width)) <= width, (text, width)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("lacks a unique test, which every model requires", 33, "lacks a unique test, which every…"),
        ("lacks a unique test, which every model requires", 31, "lacks a unique test, which …"),
        ("bronze_payments_with_ledger_daily", 20, "bronze_pa…dger_daily"),
        ("bronze_payments_with_ledger_daily is late", 20, "bronze_p…ger_daily …"),
        ("the newest is v2.1.0-release.20260101.1", 26, "the newest is v2.1.…0101.1"),
        ("漢漢漢漢漢漢", 7, "漢 …漢"),
    ],
)
def test_no_word_and_no_name_is_broken_off(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (92, "floe │ acme-data-platform 1.2.4 │ pin v1.2.4 ↑ major │ platform │ last v2.0.0"),
        (75, "floe │ acme-data-platform 1.2.4 │ pin v1.2.4 ↑ major │ platform"),
        (62, "floe │ acme-data-platform 1.2.4 │ pin v1.2.4 ↑ major"),
        (40, "floe │ acme-data-platform 1.2.4"),
        (26, "floe │ acme-data-plat…"),
    ],
)
async def test_the_line_says_the_registry_in_a_word_before_it_leaves_it_out(width: int, said: str) -> None:
    where = Orientation(
        "acme-data-platform", "1.2.4", pin="v1.2.4", last="v2.0.0", registry="platform, on this machine"
    )
    line = ContextLine()
    app = Holder(line)
    async with app.run_test(size=(width, 3)) as pilot:
        line.orientation = where
        await pilot.pause()
        shown = line.render().plain
        assert shown.strip() == said
        assert cell_len(shown) <= width - 2


async def test_all_rows_have_the_columns_of_the_header_and_say_in_full_under_the_mouse_what_was_cut() -> None:
    columns = (Column("Name", 20), Column("Size", 6, least=58), Column("By"))
    rows = [
        Row("a", ("bronze_payments_with_ledger_balances_daily", "1 KB", "ada")),
        Row("b", ("b", "2 KB", "ada"), tail=((" ▸ locked ", "chip"),)),
    ]
    listing = FilterList(columns, id="list")
    app = Holder(listing)
    async with app.run_test(size=(60, 8)) as pilot:
        listing.set_rows(rows)
        await pilot.pause()
        lines = lines_of(listing.view, 3)
        assert len({line.index(word) for line, word in zip(lines, ("By", "ada", "ada"), strict=True)}) == 1
        await pilot.hover(listing.view, offset=(10, 1))
        assert str(listing.view.tooltip) == "bronze_payments_with_ledger_balances_daily  1 KB  ada"
        await pilot.hover(listing.view, offset=(10, 2))
        assert listing.view.tooltip is None


# --- keys ------------------------------------------------------------------------------------


def test_no_place_has_a_key_that_its_lists_and_texts_take_first() -> None:
    taken = {key for action in ACTIONS if action.part for key in action.keys.split(",")}
    for action in ACTIONS:
        assert action.part or not taken & set(action.keys.split(",")), action.id


# --- lists -----------------------------------------------------------------------------------


def many(count: int) -> list[Row]:
    return [Row(f"k{i}", (f"v1.{i}.0", "sha256:" + "ab" * 32), "✓", "success") for i in range(count)]


async def test_ten_thousand_rows_move_and_filter_without_blocking() -> None:
    listing = FilterList((Column("tag", 12), Column("digest")))
    app = Holder(listing)
    async with app.run_test(size=(80, 24)) as pilot:
        listing.set_rows(many(10_000))
        listing.view.focus()
        await pilot.press("G")
        assert listing.current is not None
        assert listing.current.key == "k9999"
        await pilot.press("g", "j", "j", "k")
        assert listing.current.key == "k1"
        await pilot.press("/", *"v1.99")
        await pilot.pause()
        numbers = {99, *range(990, 1000), *range(9900, 10_000)}
        assert {row.key for row in listing.view.rows} == {f"k{number}" for number in numbers}
        await pilot.press("enter")
        assert listing.filter == "v1.99"
        await pilot.press("escape")
        assert len(listing.view.rows) == 10_000
        started = time.thread_time()
        for y in range(24):
            listing.view.render_line(y)
        assert time.thread_time() - started < 0.5


async def test_rows_are_marked_one_by_one_by_heading_and_all_that_a_filter_shows() -> None:
    rows = [Row("h", ("", "first", ""), heading=True), *many(4), Row("i", ("", "second", ""), heading=True)]
    rows.append(Row("z", ("last", "")))
    listing = FilterList((Column(width=12), Column()), markable=True)
    async with Holder(listing).run_test(size=(80, 12)) as pilot:
        listing.set_rows(rows)
        listing.view.focus()
        await pilot.press("down", "space", "space")
        assert listing.view.marked == {"k0", "k1"}
        assert listing.view.cursor == 3
        assert "•" in listing.view.render_line(1).text
        await pilot.press("home", "space")
        assert listing.view.marked == {"k0", "k1", "k2", "k3"}
        await pilot.press("space")
        assert listing.view.marked == set()
        await pilot.press("/", *"last", "enter", "A", "escape")
        assert listing.view.marked == {"z"}, "only what the filter showed"
        assert [row.key for row in listing.meant] == ["z"]
        await pilot.press("escape")
        assert listing.view.marked == set()


async def test_marks_of_rows_that_are_gone_go_too_and_those_that_stay_stay() -> None:
    listing = FilterList((Column(width=12), Column()), markable=True)
    async with Holder(listing).run_test(size=(80, 12)) as pilot:
        listing.set_rows(many(5))
        listing.view.focus()
        await pilot.press("space", "end", "space")
        listing.set_rows(many(3))
        assert listing.view.marked == {"k0"}


async def test_a_list_of_which_one_is_chosen_takes_no_marks() -> None:
    listing = FilterList((Column(width=12), Column()))
    async with Holder(listing).run_test(size=(80, 12)) as pilot:
        listing.set_rows(many(5))
        listing.view.focus()
        await pilot.press("space", "A")
        assert listing.view.marked == set()


async def test_the_cursor_stays_on_its_row_while_rows_arrive() -> None:
    listing = FilterList((Column("tag"),))
    app = Holder(listing)
    async with app.run_test() as pilot:
        listing.set_rows([Row("b", ("b",)), Row("c", ("c",))])
        listing.view.focus()
        await pilot.press("j")
        listing.set_rows([Row("a", ("a",)), Row("b", ("b",)), Row("c", ("c",))])
        assert listing.current == Row("c", ("c",))
        listing.update_rows([Row("c", ("c!",), "✓"), Row("z", ("of another list",))])
        assert listing.current == Row("c", ("c!",), "✓")
        assert len(listing.view.rows) == 3


async def test_what_arrives_under_a_filter_comes_and_goes_by_its_words() -> None:
    listing = FilterList((Column("tag"), Column("signer")))
    app = Holder(listing)
    async with app.run_test() as pilot:
        listing.set_rows([Row(key, (key, "")) for key in "abc"])
        listing.filter = "alice"
        await pilot.pause()
        assert not listing.view.rows
        assert "Escape" in listing.view.empty
        listing.update_rows([Row("b", ("b", "Alice"))])
        assert [row.key for row in listing.view.rows] == ["b"]
        listing.update_rows([Row("b", ("b", "alice", "again")), Row("a", ("a", "bob"))])
        assert listing.view.rows == [Row("b", ("b", "alice", "again"))]
        listing.update_rows([Row("b", ("b", "bob"))])
        assert not listing.view.rows


async def test_a_column_that_is_told_apart_by_its_ends_loses_its_middle() -> None:
    listing = FilterList((Column("tag", 6), Column("size", 6, least=60), Column("signer", ends=True)))
    app = Holder(listing)
    signer = "github.com/acme/platform/.github/workflows/publish.yml@refs/heads/main"
    async with app.run_test(size=(50, 6)) as pilot:
        listing.set_rows([Row("a", ("v1", "10 kB", signer))])
        await pilot.pause()
        line = listing.view.render_line(1).text
        assert "github.com/acme" in line
        assert "heads/main" in line
        assert "10 kB" not in line, "what is needed less goes first"


async def test_a_row_shows_escapes_and_long_text_is_cut_with_a_sign() -> None:
    listing = FilterList((Column("name", 6), Column("rest")))
    app = Holder(listing)
    async with app.run_test(size=(40, 6)) as pilot:
        listing.set_rows([Row("a", ("\x1b[m", "x" * 100), "✗", "error")])
        await pilot.pause()
        line = listing.view.render_line(1).text
        assert line.startswith("▌ ✗ \\x1b[m")
        assert line.rstrip().endswith("x…" + "x" * 14)
        assert len(line) == listing.view.size.width


# --- comparisons -----------------------------------------------------------------------------


async def test_a_comparison_of_5000_lines_draws_a_page_at_once_and_walks_its_changes() -> None:
    old = [f"key_{i}: value" for i in range(5000)]
    new = [f"key_{i}: {'other' if i % 10 == 0 else 'value'}" for i in range(5000)]
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(120, 40)):
        diff.show(side_by_side("\n".join(old), "\n".join(new)))
        diff.focus()
        assert diff.changes == 500
        started = time.thread_time()
        lines_of(diff, 40)
        assert time.thread_time() - started < 0.5
        for step in (diff.action_next_change, diff.action_next_change, diff.action_previous_change):
            step()
        assert diff.position == 1
        assert diff.hunk == "-key_0: value\n+key_0: other"
        diff.action_previous_change()
        assert diff.position == 500
        assert (diff.one_column, len(lines_of(diff, 1))) == (False, 1)
        diff.unified = True
        assert diff.one_column
        assert any("~" in line or "+" in line for line in lines_of(diff, 40))


async def test_a_line_is_brought_up_with_the_change_that_it_is_in() -> None:
    old = [f"key_{i}: value" for i in range(1, 300)]
    new = [
        line.replace("value", "other") if line in ("key_100: value", "key_200: value") else line
        for line in old
    ]
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(120, 12)) as pilot:
        diff.show(side_by_side("\n".join(old), "\n".join(new)))
        diff.go_to_line(200)
        await pilot.pause()
        assert diff.position == 2
        assert any("key_200: other" in line for line in lines_of(diff, 10))
        diff.folded = False
        diff.go_to_line(150)
        await pilot.pause()
        assert diff.position == 0
        assert any("key_150" in line for line in lines_of(diff, 10))


async def test_a_search_finds_folded_lines_too_and_goes_around_the_ends() -> None:
    old = [f"key_{i}: value" for i in range(1, 300)]
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(120, 12)) as pilot:
        diff.show(side_by_side("\n".join(old), "\n".join([*old, "last: line"])))
        diff.search("KEY_12")
        await pilot.pause()
        assert diff.found == "1 of 11 lines"
        assert any("key_12:" in line for line in lines_of(diff, 10))
        diff.next_match(-1)
        assert diff.found == "11 of 11 lines"
        diff.search("nowhere")
        assert diff.found == "not found"
        diff.search("")
        assert diff.found == ""
        await pilot.pause()
        assert any("equal lines" in line for line in lines_of(diff, 10))


async def test_a_narrow_comparison_is_one_column() -> None:
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(80, 10)) as pilot:
        diff.show(side_by_side("a", "b"))
        await pilot.pause()
        first, second = lines_of(diff, 2)
        assert first.split() == ["1", "-", "a"]
        assert second.split() == ["1", "+", "b"]


# --- steps -----------------------------------------------------------------------------------


async def test_steps_are_shown_as_the_seed_prints_them() -> None:
    steps = Steps()
    app = Holder(steps)
    async with app.run_test():
        steps.add(Heading("Publishing to oci://registry/platform:v1"))
        steps.add(Stage(1, 2, "Uploading"))
        steps.add(Transfer("manifest.json", 500, 1000))
        assert "50%" in steps.lines[-1]
        steps.add(Transfer("manifest.json", 1000, 1000))
        steps.add(Step("Uploading manifest.json", detail="1.0 KB"))
        steps.add(Notice("the key is old", "make another"))
        assert steps.lines == (
            "Publishing to oci://registry/platform:v1",
            "",
            "[1/2] Uploading",
            "  ✓ Uploading manifest.json (1.0 KB)",
            "  ! the key is old",
            "  → make another",
        )


@pytest.mark.parametrize("unified", [False, True])
async def test_a_long_line_and_a_value_of_several_lines_are_broken_and_shown_whole(unified: bool) -> None:
    old = '  "description": "First.\\nSecond, with a backslash \\\\n in it.\\nLast.",'
    new = '  "description": "First.\\n' + "word " * 60 + '\\nLast.",'
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(140, 30)) as pilot:
        diff.show(side_by_side(f"a\n{old}\nz", f"a\n{new}\nz"))
        diff.unified = unified
        await pilot.pause()
        seen = lines_of(diff, 20)
        assert sum(line.count("word") for line in seen) == 60
        firsts = [line for line in seen if "First." in line]
        assert len(firsts) == (2 if unified else 1)
        assert "~" in firsts[0] or "-" in firsts[0]
        assert any("Second, with a backslash" in line and "in it" in line for line in seen)
        lasts = [line for line in seen if "Last." in line]
        assert not any("First" in line for line in lasts)
        assert all(len(line) == diff.scrollable_content_region.width for line in seen)
        diff.action_next_change()
        await pilot.pause()
        assert diff.position == 1
        assert sum(line.count("▌") for line in lines_of(diff, 20)) == 1


@given(text=st.text(max_size=200), room=st.integers(1, 60))
def test_every_character_of_a_broken_line_is_in_one_part_that_fits(text: str, room: int) -> None:
    parts = broken(text, room)
    assert "".join(text[start:end] for start, end in parts) == text
    for index, (start, end) in enumerate(parts):
        cells = cell_len(visible(text[start:end]))
        limit = room - (hanging(text, room) if index else 0)
        assert cells <= limit or end - start == 1


async def test_the_last_text_of_a_row_has_the_room_of_the_empty_cells_behind_it() -> None:
    view = FilterList((Column("Case"), Column("Passed", 9, right=True)))
    app = Holder(view)
    async with app.run_test(size=(46, 6)):
        long = "a case whose name needs all of the row"
        view.set_rows([Row("suite", ("suite", "2/2")), Row("case", (long, ""))])
        header, suite, case = lines_of(view.view, 3)
        assert case.strip() == long
        assert suite.rstrip().endswith("2/2")
        assert header.rstrip().endswith("Passed")
