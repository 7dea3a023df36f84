"""Text to read: a file of an artifact, the details of a row. Draws only the lines that are seen."""

from __future__ import annotations

import textwrap

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_tui.actions import part_bindings
from floe_tui.text import visible


class TextView(ScrollView, can_focus=True):
    """Lines as they are, shown safely. A line that begins with ``# `` is a heading where asked for."""

    COMPONENT_CLASSES = {"text-view--heading"}
    DEFAULT_CSS = """
    TextView {
        height: 1fr; background: $surface; padding: 0 1;
        .text-view--heading { color: $primary; text-style: bold; }
    }
    """
    BINDINGS = [*part_bindings("text")]

    def __init__(
        self, text: str = "", *, headings: bool = False, wrap: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.headings = headings
        self.wrap = wrap
        self._source = text
        self._lines: list[str] = []
        self.show(text)

    @property
    def text(self) -> str:
        """What is shown."""
        return self._source

    def show(self, text: str, *, keep_place: bool = False) -> None:
        """Show other text, from its top unless `keep_place`."""
        self._source = text
        self._lay_out()
        if not keep_place:
            self.scroll_to(0, 0, animate=False)

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        if self.wrap:
            self._lay_out()

    def _lay_out(self) -> None:
        lines = [visible(line) for line in self._source.splitlines()]
        if self.wrap:
            lines = self._broken(lines)
        self._lines = lines
        width = 0 if self.wrap else max(map(len, lines), default=0)
        self.virtual_size = Size(width, max(1, len(lines)))
        self.refresh()

    def _broken(self, lines: list[str]) -> list[str]:
        """The lines in parts that fit, also beside the scroll bar that they may need, shown or not yet."""
        region, bar = self.scrollable_content_region, self.styles.scrollbar_size_vertical
        width = region.width + (bar if self.show_vertical_scrollbar else 0)
        if width <= 10:
            return lines
        parts = [part for line in lines for part in _broken(line, width)]
        if len(parts) > region.height:
            parts = [part for line in lines for part in _broken(line, width - bar)]
        return parts

    def render_line(self, y: int) -> Strip:
        """One line."""
        index, width, base = y + self.scroll_offset.y, self.scrollable_content_region.width, self.rich_style
        if index >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[index]
        style = base
        if self.headings and line.startswith("# "):
            style = base + self.get_component_rich_style("text-view--heading", partial=True)
            line = line[2:]
        return Strip([Segment(line, style)]).crop(self.scroll_offset.x).adjust_cell_length(width, base)

    def action_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)


def _broken(line: str, width: int) -> list[str]:
    """A line in parts that fit; what follows the first is indented like it, and two more."""
    indent = " " * (len(line) - len(line.lstrip(" ")) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
