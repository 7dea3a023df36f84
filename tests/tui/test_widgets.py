"""The widgets by themselves: lists, comparisons, steps, text from outside."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widget import Widget

from floe_engine import Heading, Notice, Stage, Step, Transfer
from floe_tui.text import shorten, visible
from floe_tui.themes import themes
from floe_tui.widgets.diff_rows import DiffRow, align, changed_part, fold, unify
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row
from floe_tui.widgets.split_diff import SplitDiff
from floe_tui.widgets.steps import Steps


class Holder(App[None]):
    """One widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

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
        ("\x1b[31mred", "␛[31mred"),
        ("a\u202eb", "a<U+202E>b"),
        ("one\ntwo", "one␊two"),
        ("\x7f", "␡"),
        ("zero\u200bwidth", "zero<U+200B>width"),
    ],
)
def test_nothing_from_outside_hides(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(), st.integers(0, 40))
def test_shortened_text_fits_and_keeps_its_ends(text: str, width: int) -> None:
    short = shorten(text, width)
    assert len(short) <= max(width, 0)
    if len(text) > width > 2:
        assert short[0] == text[0]
        assert short[-1] == text[-1]


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
        started = time.perf_counter()
        for y in range(24):
            listing.view.render_line(y)
        assert time.perf_counter() - started < 0.5


async def test_the_cursor_stays_on_its_row_while_rows_arrive() -> None:
    listing = FilterList((Column("tag"),))
    app = Holder(listing)
    async with app.run_test() as pilot:
        listing.set_rows([Row("b", ("b",)), Row("c", ("c",))])
        listing.view.focus()
        await pilot.press("j")
        listing.set_rows([Row("a", ("a",)), Row("b", ("b",)), Row("c", ("c",))])
        assert listing.current == Row("c", ("c",))
        listing.update_row(Row("c", ("c!",), "✓"))
        assert listing.current == Row("c", ("c!",), "✓")


async def test_a_row_shows_escapes_and_long_text_is_cut_with_a_sign() -> None:
    listing = FilterList((Column("name", 6), Column("rest")))
    app = Holder(listing)
    async with app.run_test(size=(40, 6)) as pilot:
        listing.set_rows([Row("a", ("\x1b[31m", "x" * 100), "✗", "error")])
        await pilot.pause()
        line = listing.view.render_line(1).text
        assert line.startswith("✗ ␛[31m")
        assert line.rstrip().endswith("…")
        assert len(line) == listing.view.size.width


# --- comparisons -----------------------------------------------------------------------------


def test_changed_lines_stand_beside_each_other() -> None:
    assert align(["a", "b", "c"], ["a", "x", "c", "d"]) == (
        DiffRow("same", 0, 0),
        DiffRow("changed", 1, 1),
        DiffRow("same", 2, 2),
        DiffRow("added", None, 3),
    )


def test_one_column_has_the_removed_lines_before_the_added_ones() -> None:
    kinds = [(row.kind, row.old, row.new) for row in unify(align(["a", "b"], ["x", "y"]))]
    assert kinds == [("removed", 0, None), ("removed", 1, None), ("added", None, 0), ("added", None, 1)]


def test_equal_lines_far_from_a_change_are_folded() -> None:
    old = [str(i) for i in range(20)]
    new = [*old[:10], "new", *old[10:]]
    assert [row.kind for row in fold(align(old, new))] == [
        "folded",
        *["same"] * 3,
        "added",
        *["same"] * 3,
        "folded",
    ]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_every_line_of_both_texts_is_in_the_rows_in_its_order(old: list[str], new: list[str]) -> None:
    for rows in (align(old, new), unify(align(old, new))):
        assert [row.old for row in rows if row.old is not None] == list(range(len(old)))
        assert [row.new for row in rows if row.new is not None] == list(range(len(new)))


@given(st.text("ab"), st.text("ab"))
def test_the_changed_part_is_all_that_differs(old: str, new: str) -> None:
    start, old_end, new_end = changed_part(old, new)
    assert old[:start] == new[:start]
    assert old[old_end:] == new[new_end:]


async def test_a_comparison_of_5000_lines_draws_a_page_at_once_and_walks_its_changes() -> None:
    old = [f"key_{i}: value" for i in range(5000)]
    new = [f"key_{i}: {'other' if i % 10 == 0 else 'value'}" for i in range(5000)]
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(120, 40)) as pilot:
        diff.show(old, new, align(old, new))
        diff.focus()
        assert diff.changes == 500
        started = time.perf_counter()
        lines_of(diff, 40)
        assert time.perf_counter() - started < 0.5
        await pilot.press("n", "n", "N")
        assert diff.position == 1
        await pilot.press("N")
        assert diff.position == 500
        assert not diff.one_column
        await pilot.press("u")
        assert diff.one_column
        assert any("~" in line or "+" in line for line in lines_of(diff, 40))


async def test_a_narrow_comparison_is_one_column() -> None:
    diff = SplitDiff()
    app = Holder(diff)
    async with app.run_test(size=(80, 10)) as pilot:
        diff.show(["a"], ["b"], align(["a"], ["b"]))
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
