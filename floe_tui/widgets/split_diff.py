"""Two texts beside each other, or in one column; draws only the lines that are seen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_tui.actions import part_bindings
from floe_tui.text import visible
from floe_tui.themes import GLYPHS
from floe_tui.widgets.diff_rows import DiffRow, changed_part, fold, unify

NARROW = 100
"""Cells below which one column is shown whatever was asked for."""


class SplitDiff(ScrollView, can_focus=True):
    """Rows made by `diff_rows.align`. n and N go to the next and previous change."""

    COMPONENT_CLASSES = {
        "diff--added",
        "diff--removed",
        "diff--changed",
        "diff--part",
        "diff--number",
        "diff--folded",
        "diff--current",
    }
    DEFAULT_CSS = """
    SplitDiff {
        height: 1fr; background: $surface;
        .diff--added { background: $success 18%; }
        .diff--removed { background: $error 18%; }
        .diff--changed { background: $warning 14%; }
        .diff--part { text-style: bold underline; }
        .diff--number { text-style: dim; }
        .diff--folded { text-style: dim italic; }
        .diff--current { color: $accent; text-style: bold; }
        &:ansi .diff--added { background: ansi_default; color: ansi_green; }
        &:ansi .diff--removed { background: ansi_default; color: ansi_red; }
        &:ansi .diff--changed { background: ansi_default; color: ansi_yellow; }
    }
    """
    BINDINGS = [*part_bindings("diff")]

    unified: reactive[bool] = reactive(False)
    folded: reactive[bool] = reactive(True)

    def __init__(self, *, empty: str = "The texts are the same.", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self._old: Sequence[str] = ()
        self._new: Sequence[str] = ()
        self._aligned: tuple[DiffRow, ...] = ()
        self._shown: tuple[DiffRow, ...] = ()
        self._starts: tuple[int, ...] = ()
        self._at = -1

    # --- content ---------------------------------------------------------------------------

    def show(self, old: Sequence[str], new: Sequence[str], rows: Sequence[DiffRow]) -> None:
        """Show two texts' lines, aligned by `rows`; goes to the first change."""
        self._old, self._new, self._aligned = old, new, tuple(rows)
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

    def _rebuild(self) -> None:
        rows = self._aligned
        if not any(row.kind != "same" for row in rows):
            rows = ()
        rows = fold(rows) if self.folded else rows
        self._shown = unify(rows) if self.one_column else tuple(rows)
        self._starts = tuple(
            index
            for index, row in enumerate(self._shown)
            if row.kind not in ("same", "folded")
            and (index == 0 or self._shown[index - 1].kind in ("same", "folded"))
        )
        longest = max((len(line) for line in (*self._old, *self._new)), default=0)
        self.virtual_size = Size(0 if not self.one_column else longest + 16, max(1, len(self._shown)))
        self.refresh()

    def watch_unified(self) -> None:
        """Lay out anew."""
        self._rebuild()

    def watch_folded(self) -> None:
        """Lay out anew."""
        self._rebuild()

    def on_resize(self) -> None:
        """There may be room for two columns now, or no longer."""
        self._rebuild()

    # --- keys ------------------------------------------------------------------------------

    def action_next_change(self) -> None:
        """Go to the next change, around the end."""
        self._go(1)

    def action_previous_change(self) -> None:
        """Go to the change before, around the beginning."""
        self._go(-1)

    def action_toggle_unified(self) -> None:
        """One column or two."""
        self.unified = not self.unified

    def action_toggle_folded(self) -> None:
        """Show or fold the lines that are the same."""
        self.folded = not self.folded

    def action_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)

    def _go(self, step: int) -> None:
        if self._starts:
            before = -1 if self._at < 0 and step > 0 else max(self._at, 0)
            self._at = (before + step) % len(self._starts)
            self.scroll_to(y=max(0, self._starts[self._at] - 2), animate=False)
            self.refresh()

    # --- drawing ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row."""
        width, base = self.scrollable_content_region.width, self.rich_style
        index = y + self.scroll_offset.y
        if not self._shown and index == 0:
            return Strip([Segment(set_cell_size(f" {self.empty}", width), base)], width)
        if index >= len(self._shown):
            return Strip.blank(width, base)
        row = self._shown[index]
        if row.kind == "folded":
            style = base + self.get_component_rich_style("diff--folded", partial=True)
            plural = "s" if row.hidden > 1 else ""
            return Strip([Segment(set_cell_size(f" ⋯ {row.hidden} equal line{plural}", width), style)], width)
        current = bool(self._starts) and self._at >= 0 and index == self._starts[self._at]
        mark = Segment("▸" if current else " ", base + self._style("current"))
        if self.one_column:
            side = "old" if row.kind == "removed" else "new"
            return Strip([mark, *self._side(row, side, width - 1, base, self.scroll_offset.x)])
        half = (width - 2) // 2
        left = self._side(row, "old", half, base, 0)
        right = self._side(row, "new", width - 2 - half, base, 0)
        return Strip([mark, *left, Segment("│", base + self._style("number")), *right])

    def _side(self, row: DiffRow, side: str, width: int, base: Style, skip: int) -> list[Segment]:
        number = row.old if side == "old" else row.new
        if number is None:
            return [Segment(" " * width, base)]
        text = (self._old if side == "old" else self._new)[number]
        style, sign = base, GLYPHS["same"]
        if row.kind != "same":
            kind = "removed" if side == "old" else "added"
            sign = GLYPHS["changed"] if row.kind == "changed" else GLYPHS[kind]
            style = base + self._style("changed" if row.kind == "changed" else kind)
        head = f"{number + 1:>5} {sign} "
        parts = [Segment(head, style + self._style("number"))]
        room = width - len(head)
        pieces = [(visible(text), style)]
        if row.kind == "changed" and row.old is not None and row.new is not None:
            prefix, old_end, new_end = changed_part(self._old[row.old], self._new[row.new])
            end = old_end if side == "old" else new_end
            pieces = [
                (visible(text[:prefix]), style),
                (visible(text[prefix:end]), style + self._style("part")),
                (visible(text[end:]), style),
            ]
        strip = Strip([Segment(piece, look) for piece, look in pieces if piece])
        if skip:
            strip = strip.crop(skip)
        if strip.cell_length > room:
            strip = Strip([*strip.crop(0, max(0, room - 1)), Segment("…", style)])
        strip = strip.adjust_cell_length(max(0, room), style)
        return [*parts, *strip]

    def _style(self, name: str) -> Style:
        style = self.get_component_rich_style(f"diff--{name}", partial=True)
        if style.bgcolor is None:
            return style
        # A partial style forgets that its background is see-through; the whole one has it blended.
        blended = self.get_component_rich_style(f"diff--{name}").bgcolor
        return Style(color=style.color, bgcolor=blended)
