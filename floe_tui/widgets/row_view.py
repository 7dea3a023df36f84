"""A list of rows in columns that draws only what is seen: ten thousand rows cost what forty do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
from floe_tui.text import shorten, visible

Tone = Literal["", "error", "warning", "success", "info", "dim"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `key` finds it again, `glyph` says its state in one cell, `tone` colours it.

    `search` is text that a filter finds too, though it is not shown.
    """

    key: str
    cells: tuple[str, ...]
    glyph: str = " "
    tone: Tone = ""
    search: str = ""
    heading: bool = False
    """Its first cell stands over the rows below, across all columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title and its width in cells; width 0 shares what is left."""

    title: str = ""
    width: int = 0
    right: bool = False
    least: int = 0
    """Left out where the list is narrower than so many cells."""
    ends: bool = False
    """Its texts are told apart by both ends: what is too long loses its middle."""


class RowView(ScrollView, can_focus=True):
    """The rows. Up, down, j, k, g, G, pages; Enter or a click chooses."""

    COMPONENT_CLASSES = {
        "row-view--cursor",
        "row-view--header",
        "row-view--heading",
        *(f"row-view--{tone}" for tone in ("error", "warning", "success", "info", "dim")),
    }
    DEFAULT_CSS = """
    RowView {
        background: $surface; height: 1fr;
        .row-view--cursor { background: $panel; text-style: bold; }
        .row-view--header { color: $primary; text-style: bold; }
        .row-view--heading { text-style: bold; }
        .row-view--error { color: $error; }
        .row-view--warning { color: $warning; }
        .row-view--success { color: $success; }
        .row-view--info { color: $primary; }
        .row-view--dim { text-style: dim; }
        &:focus .row-view--cursor { background: $primary; color: $background; }
        &:ansi .row-view--cursor { text-style: bold underline; }
        &:ansi:focus .row-view--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    }
    """
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

    def __init__(
        self, columns: Sequence[Column] = (Column(),), *, empty: str = "Nothing here.", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.empty = empty
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        self._base: Style | None = None
        self._width: int | None = None
        self._header = any(column.title for column in self.columns)

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
        if self._header and y == 0:
            style = base + self.get_component_rich_style("row-view--header", partial=True)
            titles = tuple(column.title for column in self.columns)
            return Strip([Segment("  " + self._layout(titles, width - 2), style)], width)
        index = y + self.scroll_offset.y - self._header
        if not self._rows and index == 0:
            style = base + self.get_component_rich_style("row-view--dim", partial=True)
            return Strip([Segment(set_cell_size(f"  {self.empty}", width), style)], width)
        if not 0 <= index < len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        tone = self.get_component_rich_style(f"row-view--{row.tone}", partial=True) if row.tone else Style()
        text = base + tone if row.tone == "dim" else base
        sign = base + tone
        if index == self.cursor:
            cursor = self.get_component_rich_style("row-view--cursor", partial=True)
            text, sign = text + cursor, sign + cursor
        if row.heading:
            text += self.get_component_rich_style("row-view--heading", partial=True)
            layout = _fitting(visible(row.cells[0]), width - 2)
        else:
            layout = self._layout(row.cells, width - 2)
        return Strip([Segment(set_cell_size(row.glyph, 2), sign), Segment(layout, text)], width)

    def _layout(self, cells: Sequence[str], width: int) -> str:
        columns = [
            (column, visible(cells[index]) if index < len(cells) else "")
            for index, column in enumerate(self.columns)
            if width + 2 >= column.least
        ]
        fixed = sum(column.width for column, _ in columns) + len(columns) - 1
        shares = sum(1 for column, _ in columns if not column.width) or 1
        share = max(4, (width - fixed) // shares)
        # The room of empty cells at the end is the last text's: a case has no number beside its name.
        told = max((index for index, (_, text) in enumerate(columns) if text), default=0)
        parts = []
        for index, (column, text) in enumerate(columns):
            size = column.width or share
            if index == told and not column.right:
                size += sum(1 + (column.width or share) for column, _ in columns[index + 1 :])
            if cell_len(text) > size:
                text = shorten(text, size) if column.ends and text.isascii() else _fitting(text, size)
            pad = " " * (size - cell_len(text))
            parts.append(pad + text if column.right else text + pad)
            if index == told:
                break
        return set_cell_size(" ".join(parts), max(0, width))

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

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; on the same row again, choose it."""
        index = event.y + self.scroll_offset.y - self._header
        if 0 <= index < len(self._rows):
            if index == self.cursor:
                self.action_choose()
            else:
                self.cursor = index


def _fitting(text: str, width: int) -> str:
    """`text` in exactly `width` cells, with ``…`` at the end where it lost some."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)) + "…"
    return set_cell_size(text, max(0, width))
