"""A small box beside a place of the text, over everything else; it never takes the focus."""

from __future__ import annotations

from textual.containers import Vertical
from textual.geometry import Offset


class Floating(Vertical):
    """Closed until `open_at`. It stands under the line it belongs to, or above it where there is no room."""

    DEFAULT_CSS = """
    Floating {
        display: none; overlay: screen; position: absolute;
        background: $background; border: round $frame;
        &.-open { display: block; }
    }
    """

    @property
    def is_open(self) -> bool:
        """Whether it is seen."""
        return self.has_class("-open")

    def open_at(self, anchor: Offset, width: int, height: int) -> None:
        """Open, `width` by `height` cells with the border, for what stands at `anchor` on the screen."""
        screen = self.screen.size
        width, height = min(width, screen.width), min(height, screen.height)
        below = anchor.y + 1
        y = below if below + height <= screen.height else max(0, anchor.y - height)
        self.styles.width, self.styles.height = width, height
        self.absolute_offset = Offset(max(0, min(anchor.x, screen.width - width)), y)
        self.add_class("-open")

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")
