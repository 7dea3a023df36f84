"""The line above the keys: what this place says, what is running, and whether writing is allowed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from floe_tui.text import fitted, visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS
from floe_tui.widgets.text_view import fact


class StatusBar(Widget):
    """One line. `text` on the left; running work and READ-ONLY on the right."""

    COMPONENT_CLASSES = {*TONE_CLASSES}
    DEFAULT_CSS = (
        "StatusBar { height: 1; background: $background; color: $muted; padding: 0 1;" + TONE_CSS + "}"
    )

    text: reactive[str] = reactive("")
    work: reactive[str] = reactive("")
    command: reactive[str] = reactive("")
    """The command that does what was done last."""
    cancel_key: str = "F12"

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self.read_only = read_only

    def render(self) -> Text:
        """The line; the left side gives way to the right."""
        right = Text(no_wrap=True, end="")
        if self.work:
            right.append(f" … {fitted(visible(self.work), 36)} ", self._style("strong"))
            right.append(f" {self.cancel_key} ", self._style("chip"))
            right.append(" stops it")
        if self.read_only:
            right.append(" ")
            right.append(" READ-ONLY ", self._style("warning-chip"))
        width = max(0, self.content_size.width - right.cell_len)
        if self.command and not self.work and width - cell_len(self.text) > len(self.command) + 6:
            last = Text(no_wrap=True, end="")
            last.append("$ ", self._style("faint")).append(visible(self.command))
            right = last.append_text(right)
            width = max(0, self.content_size.width - right.cell_len)
        left = Text(no_wrap=True, end="")
        for part, tone in fact(fitted(visible(self.text), width)):
            left.append(part, self._style(tone) if tone in ("error", "warning", "success", "faint") else "")
        left.pad_right(width - left.cell_len)
        return left.append_text(right)

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"tone--{tone}", partial=True)
