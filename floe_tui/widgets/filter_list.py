"""A list with a filter: ``/`` opens it, it stays on until Escape takes it off."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from floe_tui.actions import part_bindings
from floe_tui.widgets.field import Field
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.row_view import Column, Row, RowView

_NUMBERS = re.compile(r"(\d+)")

NO_MATCH = "No row has these words; Escape shows all."


class FilterList(Vertical):
    """Rows, and a line to filter them by. Words are joined by "and"; case does not matter."""

    DEFAULT_CSS = """
    FilterList {
        height: 1fr;
        Input { display: none; height: 1; margin: 0 1; }
    }
    """
    BINDINGS = [*part_bindings("filter")]

    def __init__(
        self,
        columns: Sequence[Column] = (Column(),),
        *,
        empty: str = "Nothing here.",
        markable: bool = False,
        id: str | None = None,
    ) -> None:
        """`markable`: rows can be marked, for what is done with several at once."""
        super().__init__(id=id)
        self._markable = markable
        self.view = RowView(columns, empty=empty, id=f"{id}-rows" if id else None)
        self._empty = empty
        self._all: list[Row] = []
        self._texts: list[str] = []
        self._at: dict[str, int] = {}
        self._sort: tuple[int, bool] | None = None
        self._places: list[int] = []
        """Of the rows that are shown, headings left out, the indexes."""
        self._number = 0

    def compose(self) -> ComposeResult:
        """Rows above, filter below."""
        yield self.view
        yield Field(placeholder="filter: words, Escape clears", compact=True)

    @property
    def filter(self) -> str:
        """The words of the filter."""
        return self.query_one(Input).value if self.is_mounted else ""

    @filter.setter
    def filter(self, words: str) -> None:
        self.query_one(Input).value = words
        self._open(bool(words))

    @property
    def empty(self) -> str:
        """What stands there while there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        self._empty = text
        if not self._all:
            self.view.empty = text
            self.view.refresh()

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.view.current

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Replace all rows; filter, order and cursor stay."""
        self._all = list(rows)
        self._texts = [_text(row) for row in self._all]
        self._at = {row.key: index for index, row in enumerate(self._all)}
        self._number = sum(1 for row in self._all if not row.heading)
        self.view.marked &= self._at.keys()
        self._apply()

    # --- marks -----------------------------------------------------------------------------

    @property
    def meant(self) -> tuple[Row, ...]:
        """The rows that an action is about: those that are marked, else the one under the cursor."""
        marked = tuple(row for row in self._all if row.key in self.view.marked)
        current = self.current
        return marked or ((current,) if current is not None and not current.heading else ())

    @property
    def under_cursor(self) -> tuple[Row, ...]:
        """The row under the cursor; of a heading, all rows that stand under it."""
        rows, at = self.view.rows, self.view.cursor
        if rows and rows[at].heading:
            return tuple(takewhile(lambda row: not row.heading, rows[at + 1 :]))
        return tuple(rows[at : at + 1])

    def action_mark(self) -> None:
        """Mark the row or take its mark off, and go on; over a heading, all rows that stand under it."""
        rows = self.view.rows
        if not rows:
            return
        self._mark([row.key for row in self.under_cursor])
        if not rows[self.view.cursor].heading:
            self.view.cursor += 1

    def action_mark_all(self) -> None:
        """Mark every row that is shown, or take all their marks off."""
        self._mark([row.key for row in self.view.rows if not row.heading])

    def _mark(self, keys: Sequence[str]) -> None:
        marked = self.view.marked
        if marked.issuperset(keys):
            marked.difference_update(keys)
        else:
            marked.update(keys)
        self._marks_changed()

    def unmark(self) -> None:
        """Take all marks off."""
        self.view.marked.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.view.refresh()
        self._say()
        self.screen.refresh_bindings()

    # --- order -----------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column that is shown, and after the last in the order of before."""
        columns = [index for index, column in enumerate(self.view.columns) if column.title]
        at = -1 if self._sort is None else columns.index(self._sort[0])
        self.sort_by(columns[at + 1] if at + 1 < len(columns) else None)

    def action_reverse(self) -> None:
        """The other way round."""
        column, down = self._sort if self._sort is not None else (0, False)
        self.sort_by(column, down=not down)

    def sort_by(self, column: int | None, *, down: bool = False) -> None:
        """Sort by a column (None: as the rows were given). Headings stay above theirs."""
        self._sort = None if column is None else (column, down)
        self.view.sorted = self._sort
        self._apply()
        self.view.refresh()

    @on(RowView.Titled)
    def _titled(self, event: RowView.Titled) -> None:
        event.stop()
        same = self._sort is not None and self._sort[0] == event.column
        self.sort_by(event.column, down=same and not (self._sort or (0, True))[1])

    def _in_order(self, rows: list[Row]) -> list[Row]:
        if self._sort is None:
            return rows
        column, down = self._sort
        result: list[Row] = []
        group: list[Row] = []
        for row in [*rows, None]:
            if row is None or row.heading:
                result += sorted(group, key=lambda row: _rank(row, column), reverse=down)
                group = []
                result += [row] if row is not None else []
            else:
                group.append(row)
        return result

    def update_rows(self, rows: Sequence[Row]) -> None:
        """Replace the rows of the same keys, in their places; a row of a new key is not shown."""
        words = self._words()
        reorder = False
        for row in rows:
            index = self._at.get(row.key)
            if index is None:
                continue
            shown = _matches(self._texts[index], words)
            self._all[index], self._texts[index] = row, _text(row)
            if _matches(self._texts[index], words) != shown:
                reorder = True
            elif shown and not reorder:
                self.view.replace(row)
        if reorder:
            self._apply()

    def _words(self) -> list[str]:
        return self.filter.casefold().split()

    def _apply(self) -> None:
        words = self._words()
        if words:
            pairs = zip(self._all, self._texts, strict=True)
            rows = [row for row, text in pairs if _matches(text, words)]
        else:
            rows = self._all
        self.view.empty = NO_MATCH if self._all and not rows else self._empty
        shown = self._in_order(list(rows))
        self._places = [index for index, row in enumerate(shown) if not row.heading]
        self.view.show(shown)
        self._say()

    @on(RowView.Moved)
    def _say(self) -> None:
        """In the frame: ``3 of 14``, and of how many where a filter is on."""
        frame = next((node for node in self.ancestors if isinstance(node, Frame)), None)
        if frame is None:
            return
        shown, every = self._places, self._number
        at = bisect_right(shown, self.view.cursor)
        position = f"{max(1, at)} of {len(shown)}" if shown else ""
        if len(shown) != every:
            position = f"/{self.filter}  {len(shown)} of {every}"
        if self.view.marked:
            position = f"{len(self.view.marked)} marked  {position}"
        frame.tell(position=position)

    def action_filter(self) -> None:
        """Open the filter."""
        self._open(True)
        # At once, not after the next refresh: what is typed right after belongs to the filter already.
        self.screen.set_focus(self.query_one(Input))

    def _open(self, opened: bool) -> None:
        self.set_class(opened, "-filtering")
        self.query_one(Input).display = opened

    def action_clear_filter(self) -> None:
        """Take the filter off, or where there is none, the marks."""
        if self.has_class("-filtering"):
            self.filter = ""
            self.screen.set_focus(self.view)
        else:
            self.unmark()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a filter and marks, Escape is for whoever holds the list."""
        if action in ("mark", "mark_all"):
            return self._markable
        return action != "clear_filter" or self.has_class("-filtering") or bool(self.view.marked)

    def on_key(self, event: events.Key) -> None:
        """From the filter, down goes to the rows."""
        if event.key == "down" and self.query_one(Input).has_focus:
            event.stop()
            self.screen.set_focus(self.view)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._apply()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._open(bool(event.value))
        self.screen.set_focus(self.view)


def _rank(row: Row, column: int) -> tuple[object, ...]:
    """What a row is sorted by: its own order, else its cell, numbers in it as numbers."""
    given = row.order[column] if column < len(row.order) else ""
    if given != "":
        return (0, given) if isinstance(given, (int, float)) else (1, given)
    cell = row.cells[column] if column < len(row.cells) else ""
    return (1, [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBERS.split(cell)])


def _matches(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _text(row: Row) -> str:
    return " ".join((*row.cells, row.search)).casefold()
