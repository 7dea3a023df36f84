"""The list of what could be typed at the cursor, with what the one under its own cursor means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Static

from floe_tui.text import marked
from floe_tui.widgets.floating import Floating
from floe_tui.widgets.row_view import Column, Row, RowView

if TYPE_CHECKING:
    from floe_engine import Completion

MOST_ROWS = 7
"""Rows that are seen at once."""

MEANING = 2
"""Lines kept for what the row under the cursor means."""

WIDEST = 64
"""Cells, so that the box fits a terminal of 80 beside the text."""


class _Rows(RowView, can_focus=False):
    """Rows that a single click chooses: the text keeps the focus."""

    def on_click(self, event: events.Click) -> None:
        """Choose the row."""
        event.prevent_default()
        index = event.y + self.scroll_offset.y
        if 0 <= index < len(self.rows):
            self.cursor = index
            self.action_choose()


class CompletionPopup(Floating):
    """Offers for a place in the text. The editor hands it keys first, by `press`, while it is open."""

    DEFAULT_CSS = """
    CompletionPopup {
        RowView .row-view--cursor { background: $cursor; }
        RowView .row-view--edge { color: $focus; }
        &:ansi RowView .row-view--cursor {
            background: ansi_default; color: ansi_default; text-style: reverse;
        }
        #meaning { height: 2; padding: 0 2; color: $muted; display: none; }
        &.-meaning #meaning { display: block; }
    }
    """

    @dataclass
    class Accepted(Message):
        """Type this."""

        completion: Completion

    def __init__(self) -> None:
        super().__init__()
        self.offers: tuple[Completion, ...] = ()
        self._rows = _Rows((Column(), Column()), signs=False)

    def compose(self) -> ComposeResult:
        """The rows, and the meaning under them."""
        yield self._rows
        yield Static("", id="meaning")

    def offer(self, offers: Sequence[Completion], anchor: Offset) -> None:
        """Open with these (none: close); the cursor stays on an offer that was there before."""
        if not offers:
            self.close()
            return
        self.offers = tuple(offers)
        if not self.is_open:
            self._rows.cursor = 0
        label = min(30, max(cell_len(offer.label) for offer in offers))
        detail = max(cell_len(_first_line(offer.detail)) for offer in offers)
        self._rows.columns = (Column(width=label), Column()) if detail else (Column(),)
        self._rows.show([Row(offer.label, (offer.label, _first_line(offer.detail))) for offer in offers])
        meaning = any(offer.documentation for offer in offers)
        self.set_class(meaning, "-meaning")
        inner = WIDEST - 2 if meaning else min(WIDEST - 2, 4 + label + (detail + 1 if detail else 0))
        height = min(MOST_ROWS, len(offers)) + (MEANING if meaning else 0)
        self.open_at(anchor, inner + 3, height + 2)
        self._explain()

    def press(self, key: str) -> bool:
        """Take a key that is for the list; False where it is for the text."""
        if not self.is_open:
            return False
        match key:
            case "up" | "down":
                step = 1 if key == "down" else -1
                self._rows.cursor = (self._rows.cursor + step) % len(self.offers)
            case "pageup":
                self._rows.action_page_up()
            case "pagedown":
                self._rows.action_page_down()
            case "enter" | "tab":
                self._accept(self._rows.cursor)
            case "escape":
                self.close()
            case _:
                return False
        return True

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        """Explain the row."""
        event.stop()
        self._explain()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        """A click."""
        event.stop()
        self._accept(self._rows.cursor)

    def _accept(self, index: int) -> None:
        self.close()
        self.post_message(self.Accepted(self.offers[index]))

    def _explain(self) -> None:
        if self._rows.cursor < len(self.offers):
            said = self.offers[self._rows.cursor].documentation
            self.query_one("#meaning", Static).update(marked(" ".join(said.split("\n\n")[:1]).strip()))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
