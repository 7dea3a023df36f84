"""The source around a line, with what is wrong underlined and said below it. Draws only what is seen."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_tui.actions import part_bindings
from floe_tui.text import fitted, visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, emptiness
from floe_tui.widgets.syntax import SYNTAX_CLASSES, SYNTAX_CSS, layered, spans

GUTTER = 7
"""Cells before the text: sign, number, a rest."""


class Remark(Struct, frozen=True):
    """What is said of a line (from 1): its sign, tone and words."""

    line: int
    glyph: str
    tone: str
    text: str


class SourceView(ScrollView, can_focus=True):
    """A text with line numbers and at most one remark, which is brought into view."""

    COMPONENT_CLASSES = {*TONE_CLASSES, *SYNTAX_CLASSES, "source--marked"}
    DEFAULT_CSS = (
        "SourceView { height: 1fr; background: $background;"
        + TONE_CSS
        + SYNTAX_CSS
        + ".source--marked { text-style: underline; } }"
    )
    BINDINGS = [*part_bindings("text")]

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.language = ""
        self.lines: Sequence[str] = ()
        self.remark: Remark | None = None

    def show(self, lines: Sequence[str], language: str = "", remark: Remark | None = None) -> None:
        """Show a text; with a `remark`, its line stands a third from the top."""
        self.lines, self.language = lines, language
        self.remark = remark if remark is not None and 1 <= remark.line <= len(lines) else None
        self.virtual_size = Size(0, max(1, len(lines) + (self.remark is not None)))
        top = max(0, self.remark.line - 1 - self.size.height // 3) if self.remark else 0
        self.scroll_to(0, top, animate=False, force=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line; the remark has one of its own, under the line that it is about."""
        at, width, base = y + self.scroll_offset.y, self.scrollable_content_region.width, self.rich_style
        remark = self.remark
        if not self.lines:
            drawn = emptiness(self.empty, width, self.size.height)
            pieces = [
                Segment(text, base + self._tone(tone)) for text, tone in (drawn[y] if y < len(drawn) else [])
            ]
            return Strip(pieces).adjust_cell_length(width, base)
        if remark is not None and at == remark.line:
            text = self.lines[remark.line - 1]
            indent = " " * (GUTTER + len(text) - len(text.lstrip(" -")))
            said = f"{indent}╰─ "
            said += fitted(visible(remark.text), max(4, width - len(said)))
            return Strip([Segment(said, base + self._tone(remark.tone))]).adjust_cell_length(width, base)
        index = at - (remark is not None and at > remark.line)
        if not 0 <= index < len(self.lines):
            return Strip.blank(width, base)
        here = remark is not None and index + 1 == remark.line
        if here and remark is not None and remark.tone in ("error", "warning", "success"):
            ground = self.get_component_rich_style(f"tone--{remark.tone}-chip", partial=True).bgcolor
            base = base + Style(bgcolor=ground)
        sign = remark.glyph if here and remark is not None else " "
        tone = remark.tone if here and remark is not None else ""
        text = visible(self.lines[index])
        layers = [
            (start, end, self.get_component_rich_style(f"syntax--{name}", partial=True))
            for start, end, name in spans(self.language, text)
        ]
        if here:
            marked = self.get_component_rich_style("source--marked", partial=True)
            layers.append((len(text) - len(text.lstrip(" -")), len(text.rstrip()), marked))
        pieces = [
            Segment(text[left:right], style) for left, right, style in layered(0, len(text), base, layers)
        ]
        number = self._tone("muted" if here else "faint")
        head = [Segment(f"{sign} ", base + self._tone(tone)), Segment(f"{index + 1:>4} ", base + number)]
        return Strip([*head, *pieces]).adjust_cell_length(width, base)

    def _tone(self, tone: str) -> Style:
        return self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else Style()

    def action_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)
