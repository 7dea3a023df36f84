"""The first line of every place: where one is. It gives way from the right, and never without a sign."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from floe_tui.orientation import Orientation
from floe_tui.text import shorten, visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, Toned

LONGEST = 34
"""Cells of one name, such as a registry's; what is longer loses its middle."""


class ContextLine(Widget):
    """One line."""

    COMPONENT_CLASSES = {*TONE_CLASSES}
    DEFAULT_CSS = (
        "ContextLine { height: 1; background: $background; color: $foreground; padding: 0 1;" + TONE_CSS + "}"
    )

    orientation: reactive[Orientation] = reactive(Orientation)

    def render(self) -> Text:
        """As many parts as fit; the connection stands at the right, whole."""
        right = self._text(self.orientation.connection())
        room = self.content_size.width - right.cell_len - 2
        for parts in self._shorter():
            line = Text(no_wrap=True, end="")
            for number, part in enumerate(parts):
                line.append_text(self._text([(" │ ", "frame"), *part] if number else part))
            if line.cell_len <= room:
                break
        if line.cell_len > room:
            line.truncate(max(0, room), overflow="ellipsis")
        line.pad_right(max(0, self.content_size.width - line.cell_len - right.cell_len))
        return line.append_text(right)

    def _shorter(self) -> Iterator[list[list[Toned]]]:
        """The parts, each time in less room: the last goes first, and none before the rest is brief."""
        name: list[Toned] = [("floe", "strong")]
        whole, brief = self.orientation.parts(), self.orientation.parts(brief=True)
        for many in range(len(whole), 0, -1) or (0,):
            yield [name, *whole[:many]]
            yield [name, *brief[:many]]

    def _text(self, pieces: list[Toned]) -> Text:
        text = Text(no_wrap=True, end="")
        for words, tone in pieces:
            style = self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else ""
            text.append(shorten(visible(words), LONGEST), style)
        return text
