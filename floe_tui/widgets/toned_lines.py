"""A few lines of toned pieces, such as bars."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widget import Widget

from floe_tui.text import visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, Toned


class TonedLines(Widget, can_focus=True):
    """Drawn as they are given, cut at the edge."""

    COMPONENT_CLASSES = {*TONE_CLASSES}
    DEFAULT_CSS = "TonedLines { height: 1fr; background: $background; color: $foreground;" + TONE_CSS + "}"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Sequence[Toned]] = ()

    def show(self, lines: Sequence[Sequence[Toned]]) -> None:
        """Show others."""
        self._lines = lines
        self.refresh()

    def render(self) -> Text:
        """The lines."""
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        for number, line in enumerate(self._lines):
            text.append("\n" if number else "")
            for words, tone in line:
                style = self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else ""
                text.append(visible(words), style)
        return text
