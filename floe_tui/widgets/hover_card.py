"""What the setting at the cursor means, beside it, until the next key."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.geometry import Offset
from textual.widgets import Static

from floe_engine import Diagnostic
from floe_tui.text import marked
from floe_tui.themes import GLYPHS
from floe_tui.widgets.floating import Floating

WIDEST = 72
TALLEST = 16


class HoverCard(Floating):
    """Problems first, then the meaning."""

    DEFAULT_CSS = """
    HoverCard Static { height: auto; padding: 0 1; background: $background; }
    HoverCard #card-problems { color: $error; }
    """

    def compose(self) -> ComposeResult:
        """Two texts."""
        yield Static("", id="card-problems")
        yield Static("", id="card-meaning")

    def explain(self, meaning: str, problems: Sequence[Diagnostic], anchor: Offset) -> None:
        """Open with `meaning` (the engine's small Markdown) and the problems of the place."""
        said = "\n".join(
            f"{GLYPHS[found.severity]} {found.code} {found.message}"
            + (f" → {found.hint}" if found.hint else "")
            for found in problems
        )
        width = min(WIDEST, self.screen.size.width)
        height = 2
        for name, text in (("#card-problems", said), ("#card-meaning", meaning)):
            content = marked(text)
            part = self.query_one(name, Static)
            part.display = bool(text)
            part.update(content)
            height += len(content.wrap(width - 4)) if text else 0
        self.open_at(anchor, width, min(TALLEST, height))
