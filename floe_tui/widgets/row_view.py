"""A list of rows in columns that draws only what is seen: ten thousand rows cost what forty do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_tui.actions import part_bindings
from floe_tui.text import fitted, plain, shorten, visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, Toned, emptiness

Tone = Literal["", "error", "warning", "success", "info", "dim", "strong"]

_TONES = {"info": "muted", "dim": "faint"}
"""What the tones of rows are called as tones of marks, where they are called otherwise."""

TAIL_ROOM = 40
"""Cells that a row keeps for its columns before it shows its tail."""


class Row(Struct, frozen=True):
    """One row: `key` finds it again, `glyph` says its state in one cell, `tone` colours it.

    `search` is text that a filter finds too, though it is not shown.
    """

    key: str
    cells: tuple[str, ...]
    glyph: str = " "
    tone: Tone = ""
    search: str = ""
    heading: bool = False
    """It stands over the rows below: its cells are a title, or a code, a title and a count."""
    tones: tuple[Tone, ...] = ()
    """How the cells are toned, one by one; those that are not given are plain."""
    tail: tuple[Toned, ...] = ()
    """Drawn at the right end where there is room, such as chips and bars."""
    order: tuple[float | str, ...] = ()
    """What each column is sorted by, where that is not the cell's text."""


class Column(Struct, frozen=True):
    """A column's title and its width in cells; width 0 shares what is left."""

    title: str = ""
    width: int = 0
    right: bool = False
    least: int = 0
    """Left out where the list is narrower than so many cells."""
    ends: bool = False
    """Its texts are told apart by both ends: what is too long loses its middle."""
    tone: Tone = ""
    """How its cells are toned, where a row does not say otherwise."""


class RowView(ScrollView, can_focus=True):
    """The rows. Up, down, j, k, g, G, pages; Enter or a click chooses."""

    COMPONENT_CLASSES = {
        "row-view--cursor",
        "row-view--edge",
        "row-view--header",
        "row-view--sorted",
        "row-view--heading",
        *TONE_CLASSES,
    }
    DEFAULT_CSS = (
        """
    RowView {
        background: $background; height: 1fr;
        .row-view--cursor { background: $raised; }
        .row-view--edge { color: $frame; }
        .row-view--header { color: $muted; }
        .row-view--sorted { color: $foreground; text-style: bold; }
        .row-view--heading { text-style: bold; }
        &:focus .row-view--cursor { background: $cursor; }
        &:focus .row-view--edge { color: $focus; }
        &:ansi .row-view--cursor { text-style: bold underline; }
        &:ansi:focus .row-view--cursor { text-style: reverse; }
    """
        + TONE_CSS
        + "}"
    )
    BINDINGS = [*part_bindings("list")]

    cursor: reactive[int] = reactive(0)
    """Index of the row under the cursor."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row (None: there is none)."""

        view: RowView
        row: Row | None

        @property
        def control(self) -> RowView:
            """For ``@on(..., "#id")``."""
            return self.view

    @dataclass
    class Chosen(Message):
        """Enter or a click on a row."""

        view: RowView
        row: Row

        @property
        def control(self) -> RowView:
            """For ``@on(..., "#id")``."""
            return self.view

    @dataclass
    class Titled(Message):
        """A click on a column's title."""

        view: RowView
        column: int

    def __init__(
        self,
        columns: Sequence[Column] = (Column(),),
        *,
        empty: str = "Nothing here.",
        signs: bool = True,
        id: str | None = None,
    ) -> None:
        """`empty` stands where there are no rows; without `signs` no room is kept for them."""
        super().__init__(id=id)
        self._signs = signs
        self.columns = tuple(columns)
        self.empty = empty
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        self._base: Style | None = None
        self._width: int | None = None
        self._pointed: Row | None = None
        self._header = any(column.title for column in self.columns)
        self._grouped = False
        self.marked: set[str] = set()
        """Keys of the rows that are marked; some may not be shown."""
        self.sorted: tuple[int, bool] | None = None
        """The column that the rows are sorted by, and whether downwards; it is only marked here."""

    # --- rows ------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that are shown."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows; the cursor stays on the row of the same key where there is one."""
        before = self.current
        self._rows = list(rows)
        self._at = {row.key: index for index, row in enumerate(self._rows)}
        self._grouped = any(row.heading for row in self._rows)
        self.virtual_size = Size(0, len(rows) + self._header)
        at = min(self.cursor, max(0, len(rows) - 1))
        if before is not None and not (at < len(rows) and rows[at].key == before.key):
            at = self._at.get(before.key, at)
        if at == self.cursor:
            self.refresh()
            if self.current != before:
                self.post_message(self.Moved(self, self.current))
        else:
            self.cursor = at

    def replace(self, row: Row) -> None:
        """Show another row in the place of the one with the same key; one that is not shown stays so."""
        index = self._at.get(row.key)
        if index is None:
            return
        self._rows[index] = row
        self.refresh()
        if index == self.cursor:
            self.post_message(self.Moved(self, row))

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row of a key."""
        index = self._at.get(key)
        if index is None:
            return False
        self.cursor = index
        return True

    def validate_cursor(self, cursor: int) -> int:
        """Within the rows."""
        return max(0, min(cursor, len(self._rows) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the cursor in view and tell."""
        top, height = self.scroll_offset.y, self.size.height - self._header
        # By force: where rows have just been shown, the view does not know yet that it can scroll.
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif height > 0 and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)
        if self.scroll_offset.y == top:
            # Of a whole page only two lines are others, and a held key comes thirty times a second.
            for index in (before, now):
                self.refresh_lines(index + self._header)
        else:
            self.refresh()
        self.post_message(self.Moved(self, self.current))

    # --- drawing ---------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Ask once what is the same for every line: asking costs more than drawing one."""
        self._base, self._width = self.rich_style, self.scrollable_content_region.width
        try:
            return super().render_lines(crop)
        finally:
            self._base = self._width = None

    def render_line(self, y: int) -> Strip:
        """One line: the header stays, the rows scroll."""
        width = self._width if self._width is not None else self.scrollable_content_region.width
        base = self._base or self.rich_style
        lead = self._lead
        if self._header and y == 0:
            return Strip(
                [Segment(" " * lead, base), *self._titles(width - lead - 1, base)]
            ).adjust_cell_length(width, base)
        index = y + self.scroll_offset.y - self._header
        if not self._rows and index >= 0:
            drawn = emptiness(self.empty, width, self.size.height - self._header)
            line = drawn[index] if index < len(drawn) else []
            pieces = [Segment(text, base + self._tone(tone)) for text, tone in line]
            return Strip(pieces).adjust_cell_length(width, base)
        if not 0 <= index < len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        here = index == self.cursor
        if here:
            base = base + self.get_component_rich_style("row-view--cursor", partial=True)
        edge = base + self.get_component_rich_style("row-view--edge", partial=True) if here else base
        start = Segment("▌" if here else " ", edge)
        if row.heading:
            return Strip([start, *self._heading(row, width - 1, base)]).adjust_cell_length(width, base)
        sign = base + self._tone(row.tone)
        mark = "•" if row.key in self.marked else " "
        pieces = [start, Segment(mark + " " * (lead - 4), base + self._tone("strong"))]
        if self._signs:
            pieces.append(Segment(set_cell_size(row.glyph, 2), sign))
        tail = self._tail(row, width - lead, base)
        room = width - lead - 1
        pieces += self._cells(row, room, room - sum(cell_len(piece.text) for piece in tail), base)
        return Strip([*pieces, *tail, Segment(" ", base)]).adjust_cell_length(width, base)

    @property
    def _lead(self) -> int:
        """Cells before a row's text: the cursor's edge, a rest, and the sign; under headings one more."""
        if not self._signs:
            return 2
        return 5 if self._grouped else 4

    def _tone(self, tone: str) -> Style:
        tone = _TONES.get(tone, tone)
        return self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else Style()

    def _heading(self, row: Row, width: int, base: Style) -> list[Segment]:
        """A code, which is faint, a title, a rule to the edge, and a count."""
        code, title, count = row.cells if len(row.cells) == 3 else ("", row.cells[0], "")
        sign = f"{row.glyph} " if row.glyph.strip() else ""
        count = f" {count} " if count else " "
        left = cell_len(sign) + (cell_len(code) + 1 if code else 0)
        title = visible(title)
        title = fitted(title, max(4, width - left - cell_len(count) - 1))
        rule = max(0, width - left - cell_len(title) - 1 - cell_len(count) - 1)
        heading = base + self.get_component_rich_style("row-view--heading", partial=True)
        return [
            Segment(sign, base + self._tone(row.tone)),
            Segment(f"{visible(code)} " if code else "", base + self._tone("faint")),
            Segment(f"{title} ", heading),
            Segment("─" * rule, base + self._tone("frame")),
            Segment(count, base + self._tone("muted")),
        ]

    def _tail(self, row: Row, width: int, base: Style) -> list[Segment]:
        if not row.tail:
            return []
        size = sum(cell_len(text) for text, _ in row.tail)
        if width - size < TAIL_ROOM:
            return []
        return [Segment(visible(text), base + self._tone(tone)) for text, tone in row.tail]

    def _titles(self, width: int, base: Style) -> list[Segment]:
        style = base + self.get_component_rich_style("row-view--header", partial=True)
        marked = style + self.get_component_rich_style("row-view--sorted", partial=True)
        titles = [column.title for column in self.columns]
        if self.sorted is not None:
            at, down = self.sorted
            titles[at] = f"{titles[at]} {'↓' if down else '↑'}"
        return [
            Segment(text, marked if self.sorted is not None and at == self.sorted[0] else style)
            for at, text in self._layout(titles, width, width)
        ]

    def _cells(self, row: Row, every: int, width: int, base: Style) -> list[Segment]:
        pieces = []
        for at, text in self._layout(row.cells, every, width):
            tone = row.tones[at] if 0 <= at < len(row.tones) else self.columns[at].tone if at >= 0 else ""
            tone = tone or ("dim" if row.tone == "dim" else "")
            pieces.append(Segment(text, base + self._tone(tone)))
        return pieces

    def _shown(self, width: int) -> list[int]:
        return [index for index, column in enumerate(self.columns) if width + 2 >= column.least]

    def _layout(self, cells: Sequence[str], every: int, width: int) -> list[tuple[int, str]]:
        """Column and text, in exactly `width` cells together; between columns -1.

        `every` is what a row without a tail has: it decides which columns there are, the same in all rows.
        """
        columns = [
            (index, self.columns[index], visible(cells[index]) if index < len(cells) else "")
            for index in self._shown(every)
        ]
        fixed = sum(column.width for _, column, _ in columns) + len(columns) - 1
        shares = sum(1 for _, column, _ in columns if not column.width) or 1
        share = max(4, (width - fixed) // shares)
        # The room of empty cells at the end is the last text's: a case has no number beside its name.
        told = max((at for at, (_, _, text) in enumerate(columns) if text), default=0)
        parts: list[tuple[int, str]] = []
        for at, (index, column, text) in enumerate(columns):
            size = column.width or share
            if at == told and not column.right:
                size += sum(1 + (column.width or share) for _, column, _ in columns[at + 1 :])
            text = shorten(text, size) if column.ends else fitted(text, size)
            pad = " " * (size - cell_len(text))
            parts.append((index, f"{pad + text if column.right else text + pad} "))
            if at == told:
                break
        total = sum(cell_len(text) for _, text in parts)
        if parts and total != width:
            index, text = parts[-1]
            parts[-1] = (index, set_cell_size(text, max(0, cell_len(text) + width - total)))
        return parts

    # --- keys and mouse --------------------------------------------------------------------

    def action_cursor_down(self) -> None:
        """The next row."""
        self.cursor += 1

    def action_cursor_up(self) -> None:
        """The row before."""
        self.cursor -= 1

    def action_first(self) -> None:
        """The first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """The last row."""
        self.cursor = len(self._rows) - 1

    def action_page_down(self) -> None:
        """A view's height down."""
        self.cursor += max(1, self.size.height - self._header - 1)

    def action_page_up(self) -> None:
        """A view's height up."""
        self.cursor -= max(1, self.size.height - self._header - 1)

    def action_choose(self) -> None:
        """The row under the cursor."""
        if (row := self.current) is not None:
            self.post_message(self.Chosen(self, row))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say in full what a row under the mouse had no room for."""
        index = event.y + self.scroll_offset.y - self._header
        row = self._rows[index] if event.y >= self._header and 0 <= index < len(self._rows) else None
        if row is not self._pointed:
            self._pointed = row
            cut = row is not None and "…" in self.render_line(event.y).text
            said = "  ".join(cell for cell in row.cells if cell) if row is not None and cut else ""
            self.tooltip = plain(said) if said else None

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self._pointed = self.tooltip = None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; on the same row again, choose it; on a title, sort by that column."""
        if self._header and event.y == 0:
            self._click_title(event.x - self._lead)
            return
        index = event.y + self.scroll_offset.y - self._header
        if 0 <= index < len(self._rows):
            if index == self.cursor:
                self.action_choose()
            else:
                self.cursor = index

    def _click_title(self, x: int) -> None:
        at, width = 0, self.scrollable_content_region.width - self._lead - 1
        for index, text in self._layout([column.title for column in self.columns], width, width):
            at += cell_len(text)
            if x < at:
                self.post_message(self.Titled(self, index))
                return
