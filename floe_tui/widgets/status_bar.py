"""The line above the footer: what this place says, what is running, and whether writing is allowed."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from floe_tui.text import shorten, visible


class StatusBar(Widget):
    """One line. `text` on the left; running work and READ-ONLY on the right."""

    COMPONENT_CLASSES = {"status-bar--work", "status-bar--read-only"}
    DEFAULT_CSS = """
    StatusBar {
        height: 1; background: $panel; color: $foreground; padding: 0 1;
        .status-bar--work { color: $accent; text-style: bold; }
        .status-bar--read-only { color: $warning; text-style: bold; }
    }
    """

    text: reactive[str] = reactive("")
    work: reactive[str] = reactive("")
    cancel_key: str = "F12"

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self.read_only = read_only

    def render(self) -> Text:
        """The line; the left side gives way to the right."""
        right = Text(no_wrap=True, end="")
        if self.work:
            right.append(
                f" … {shorten(visible(self.work), 36)} ({self.cancel_key} cancels)",
                self.get_component_rich_style("status-bar--work", partial=True),
            )
        if self.read_only:
            right.append(" READ-ONLY", self.get_component_rich_style("status-bar--read-only", partial=True))
        width = max(0, self.content_size.width - right.cell_len)
        left = Text(shorten(visible(self.text), width), no_wrap=True, end="")
        left.pad_right(width - left.cell_len)
        return left.append_text(right)
