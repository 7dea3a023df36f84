"""Two texts beside each other, or in one column; draws only the lines that are seen.

A line that is too long is broken, and so is a value of several lines behind each of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_engine import DiffRow, changed_part, folded, one_column
from floe_tui.actions import part_bindings
from floe_tui.text import count, visible
from floe_tui.themes import GLYPHS
from floe_tui.widgets.moved import NOTHING, moved_blocks
from floe_tui.widgets.syntax import SYNTAX_CLASSES, SYNTAX_CSS, layered, spans
from floe_tui.widgets.wrapping import broken, hanging

NARROW = 100
"""Cells below which one column is shown whatever was asked for."""

HEAD = 8
"""Cells before a side's text: line number and sign."""


class SplitDiff(ScrollView, can_focus=True):
    """Rows of `floe_engine.side_by_side`. It walks through changes, and through what was searched."""

    COMPONENT_CLASSES = {
        "diff--added",
        "diff--removed",
        "diff--changed",
        "diff--moved",
        "diff--part",
        "diff--number",
        "diff--folded",
        "diff--current",
        "diff--found",
        "diff--dropped",
        "diff--rule",
        "diff--on-tint",
        *(f"diff--sign-{kind}" for kind in ("added", "removed", "changed", "moved")),
        *SYNTAX_CLASSES,
    }
    DEFAULT_CSS = (
        """
    SplitDiff {
        height: 1fr; background: $background;
        .diff--added { background: $success-soft; }
        .diff--removed { background: $error-soft; }
        .diff--changed { background: $warning-soft; }
        .diff--moved { background: $raised; }
        .diff--part { text-style: bold underline; }
        .diff--number { color: $faint; }
        .diff--on-tint { color: $muted; }
        .diff--sign-added { color: $success; text-style: bold; }
        .diff--sign-removed { color: $error; text-style: bold; }
        .diff--sign-changed { color: $warning; text-style: bold; }
        .diff--sign-moved { color: $muted; text-style: bold; }
        .diff--rule { color: $frame; }
        .diff--folded { color: $muted; background: $raised; }
        .diff--current { color: $focus; text-style: bold; }
        .diff--found { text-style: reverse; }
        .diff--dropped { color: $faint; text-style: strike; }
        &:ansi .diff--added { background: ansi_default; color: ansi_green; }
        &:ansi .diff--removed { background: ansi_default; color: ansi_red; }
        &:ansi .diff--changed { background: ansi_default; color: ansi_yellow; }
    """
        + SYNTAX_CSS
        + "}"
    )
    BINDINGS = [*part_bindings("diff")]

    unified: reactive[bool] = reactive(False)
    folded: reactive[bool] = reactive(True)

    def __init__(self, *, empty: str = "The texts are the same.", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.language = ""
        self._aligned: Sequence[DiffRow] = ()
        self._shown: Sequence[DiffRow] = ()
        self._tops: list[int] = [0]
        """Of each shown row the line where it begins, and the number of lines at the end."""
        self._starts: tuple[int, ...] = ()
        self._hidden = True
        self._at = -1
        self._needle = ""
        self._matches: tuple[int, ...] = ()
        self._match = -1
        self.moved = NOTHING
        self.dropped: Mapping[int, str] = {}
        """Of a change (from 0) the side, ``old`` or ``new``, that is not to be taken: drawn dim."""

    # --- content ---------------------------------------------------------------------------

    def show(self, rows: Sequence[DiffRow], language: str = "") -> None:
        """Show aligned rows from their top, in a language's colours."""
        self._aligned = rows
        self.language = language
        self.moved = moved_blocks(rows)
        self._at = -1
        self._rebuild()
        self.scroll_to(0, 0, animate=False)

    @property
    def one_column(self) -> bool:
        """Whether one column is shown: asked for, or for want of room."""
        return self.unified or self.scrollable_content_region.width < NARROW

    @property
    def changes(self) -> int:
        """How many runs of changed lines there are."""
        return len(self._starts)

    @property
    def position(self) -> int:
        """Which of them was gone to last, from 1; 0: none yet."""
        return self._at + 1

    @property
    def hunk(self) -> str:
        """The change that was gone to last as a patch writes it; empty where none was."""
        if not (self._starts and self._at >= 0):
            return ""
        lines = []
        for row in one_column(list(self._run(self._starts[self._at]))):
            lines.append(f"-{row.left}" if row.kind == "removed" else f"+{row.right}")
        return "\n".join(lines)

    def _run(self, start: int) -> Iterator[DiffRow]:
        for row in self._shown[start:]:
            if row.kind in ("same", "folded"):
                return
            yield row

    def _rebuild(self) -> None:
        rows = self._aligned
        if not any(row.kind != "same" for row in rows):
            rows = ()
        # What is searched may lie where nothing changed.
        rows = folded(rows) if self.folded and not self._needle else rows
        self._shown = one_column(rows) if self.one_column else rows
        self._starts = tuple(
            index
            for index, row in enumerate(self._shown)
            if row.kind not in ("same", "folded")
            and (index == 0 or self._shown[index - 1].kind in ("same", "folded"))
        )
        self._matches = tuple(self._found()) if self._needle else ()
        self._tops = [0, *accumulate(self._height(row) for row in self._shown)]
        self.virtual_size = Size(0, max(1, self._tops[-1]))
        self.refresh()

    @property
    def _rooms(self) -> tuple[int, int]:
        """Cells for a line's text in the one column, or in the left and the right."""
        width = self.scrollable_content_region.width
        if self.one_column:
            return max(1, width - 1 - HEAD), max(1, width - 1 - HEAD)
        half = (width - 2) // 2
        return max(1, half - HEAD), max(1, width - 2 - half - HEAD)

    def _height(self, row: DiffRow) -> int:
        if self._hidden:
            return 1  # how wide it will be shows itself when it comes up
        left, right = self._rooms
        return max(len(broken(row.left, left)), len(broken(row.right, right)))

    def watch_unified(self) -> None:
        """Lay out anew."""
        self._rebuild()

    def watch_folded(self) -> None:
        """Lay out anew."""
        self._rebuild()

    def on_resize(self) -> None:
        """There may be room for two columns now, or no longer."""
        was_hidden, self._hidden = self._hidden, not self.size.area
        self._rebuild()
        if was_hidden and self._starts and self._at >= 0:
            self._show_row(self._starts[self._at])

    # --- walking ---------------------------------------------------------------------------

    def action_next_change(self) -> None:
        """Go to the next change, around the end."""
        self._go(1)

    def action_previous_change(self) -> None:
        """Go to the change before, around the beginning."""
        self._go(-1)

    def action_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)

    def go_to_line(self, line: int, *, old: bool = False) -> None:
        """Bring up a line (from 1) of the new text, or the old, and the change that it is in."""
        numbers = [row.left_no if old else row.right_no for row in self._shown]
        at = next((index for index, number in enumerate(numbers) if number and number >= line), None)
        if at is None:
            return
        before = [number for number, start in enumerate(self._starts) if start <= at]
        inside = before and at < self._starts[before[-1]] + len(list(self._run(self._starts[before[-1]])))
        self._at = before[-1] if inside else -1
        self._show_row(self._starts[self._at] if self._at >= 0 else at)

    def _go(self, step: int) -> None:
        if self._starts:
            before = -1 if self._at < 0 and step > 0 else max(self._at, 0)
            self._at = (before + step) % len(self._starts)
            self._show_row(self._starts[self._at])

    def _show_row(self, index: int) -> None:
        # By force: where rows have just been shown, the view does not know yet that it can scroll.
        self.scroll_to(y=max(0, self._tops[index] - 2), animate=False, force=True)
        self.refresh()

    # --- searching -------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Mark `text` wherever it stands, in any case, and go to its first place; empty: stop that."""
        self._needle, self._match = text.casefold(), -1
        self._rebuild()
        self.next_match()

    def next_match(self, step: int = 1) -> None:
        """Go to the next place of what is searched, or to another, around the ends."""
        if self._matches:
            before = -1 if self._match < 0 and step > 0 else max(self._match, 0)
            self._match = (before + step) % len(self._matches)
            self._show_row(self._matches[self._match])

    @property
    def found(self) -> str:
        """How the search stands, in words."""
        if not self._needle:
            return ""
        if not self._matches:
            return "not found"
        return f"{self._match + 1} of {count(len(self._matches), 'line')}"

    def _found(self) -> Iterator[int]:
        for index, row in enumerate(self._shown):
            if self._needle in row.left.casefold() or self._needle in row.right.casefold():
                yield index

    # --- drawing ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row."""
        width, base = self.scrollable_content_region.width, self.rich_style
        line = y + self.scroll_offset.y
        if not self._shown and line == 0:
            return Strip([Segment(set_cell_size(f" {self.empty}", width), base)], width)
        if line >= self._tops[-1]:
            return Strip.blank(width, base)
        index = bisect_right(self._tops, line) - 1
        row, part = self._shown[index], line - self._tops[index]
        if row.kind == "folded":
            style = base + self.get_component_rich_style("diff--folded", partial=True)
            text = f"  ⋯  {count(row.hidden, 'equal line')}"
            return Strip([Segment(set_cell_size(text, width), style)], width)
        current = bool(self._starts) and self._at >= 0 and index == self._starts[self._at]
        current = current or (self._match >= 0 and self._matches[self._match : self._match + 1] == (index,))
        mark = Segment("▌" if current and part == 0 else " ", base + self._style("current"))
        left, right = self._rooms
        if self.one_column:
            side = "old" if row.kind == "removed" else "new"
            return Strip([mark, *self._side(row, side, left, base, part, index)])
        old = self._side(row, "old", left, base, part, index)
        new = self._side(row, "new", right, base, part, index)
        return Strip([mark, *old, Segment("│", base + self._style("rule")), *new])

    def _side(self, row: DiffRow, side: str, room: int, base: Style, part: int, index: int) -> list[Segment]:
        """One of the lines that a side of a row takes."""
        number, text = (row.left_no, row.left) if side == "old" else (row.right_no, row.right)
        if number is None:
            return [Segment(" " * (HEAD + room), base)]
        style, sign, look = base, GLYPHS["same"], Style()
        place = (self.moved.old if side == "old" else self.moved.new).get(number)
        number_style = self._style("number")
        if row.kind != "same":
            kind = "changed" if row.kind == "changed" else "removed" if side == "old" else "added"
            kind = kind if place is None else "moved"
            sign, look = GLYPHS[kind], self._style(f"sign-{kind}")
            style, number_style = base + self._style(kind), self._style("on-tint")
            if self.dropped.get(bisect_right(self._starts, index) - 1) == side:
                style, look = base + self._style("dropped"), self._style("dropped")
        if part:
            head = [Segment(" " * HEAD, style)]
        else:
            head = [Segment(f"{number:>5} ", style + number_style), Segment(f"{sign} ", style + look)]
        parts = broken(text, room)
        if part >= len(parts):
            return [*head, Segment(" " * room, style)]
        first, last = parts[part]
        layers = [
            (start, end, self.get_component_rich_style(f"syntax--{name}", partial=True))
            for start, end, name in spans(self.language, text)
        ]
        if row.kind == "changed" and place is None:
            start, left_end, right_end = changed_part(row.left, row.right)
            layers.append((start, left_end if side == "old" else right_end, self._style("part")))
        layers += self._marked(text)
        pieces = [(visible(text[at:to]), look) for at, to, look in layered(first, last, style, layers)]
        if part:
            pieces.insert(0, (" " * hanging(text, room), style))
        strip = Strip([Segment(piece, look) for piece, look in pieces if piece])
        if place and part == 0:
            note = f"{'to' if side == 'old' else 'from'} {place} "
            strip = strip.adjust_cell_length(max(0, room - len(note)), style)
            strip = Strip([*strip, Segment(note, style + self._style("on-tint"))])
        return [*head, *strip.adjust_cell_length(room, style)]

    def _marked(self, text: str) -> list[tuple[int, int, Style]]:
        """What is searched, wherever it stands in a line."""
        lower = text.casefold()
        if not self._needle or len(lower) != len(text):  # a letter that folds into two has other places
            return []
        found = self.get_component_rich_style("diff--found", partial=True)
        size = len(self._needle)
        return [(at, at + size, found) for at in range(len(lower)) if lower.startswith(self._needle, at)]

    def _style(self, name: str) -> Style:
        style = self.get_component_rich_style(f"diff--{name}", partial=True)
        if style.bgcolor is None:
            return style
        # A partial style forgets that its background is see-through; the whole one has it blended.
        blended = self.get_component_rich_style(f"diff--{name}").bgcolor
        return Style(color=style.color, bgcolor=blended)
