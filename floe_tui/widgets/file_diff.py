"""A file of two versions: its name, what differs, and a line to search it by."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from floe_engine import DiffRow
from floe_tui.text import count, plain
from floe_tui.themes import GLYPHS
from floe_tui.widgets.field import Field
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.split_diff import SplitDiff
from floe_tui.widgets.syntax import language_of


class FileDiff(Frame):
    """The differences of one file at a time."""

    DEFAULT_CSS = """
    FileDiff {
        padding: 0;
        #search { height: 1; display: none; padding: 0 1; }
        #search.-open { display: block; }
        #words { width: 1fr; }
        #found { width: auto; padding: 0 1; }
    }
    """

    class Searched(Message):
        """The search stands otherwise than before."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.name_shown = ""
        """The file; empty: none."""
        self.diff = SplitDiff()

    def compose(self) -> ComposeResult:
        """Differences, search."""
        yield self.diff
        with Horizontal(id="search"):
            yield Field(placeholder="search: Enter goes on, Escape ends", id="words", compact=True)
            yield Label("", id="found", markup=False)

    def show(self, name: str, rows: Sequence[DiffRow]) -> None:
        """Show a file; an empty name shows none."""
        self.name_shown = name
        self.diff.show(rows, language_of(name))
        self._say()

    def go_to_line(self, line: int, *, old: bool) -> None:
        """To a line (from 1) of the new text, or the old."""
        self.diff.go_to_line(line, old=old)
        self._say()

    def walk(self, step: int) -> None:
        """To the next difference, or for -1 to the one before."""
        if step > 0:
            self.diff.action_next_change()
        else:
            self.diff.action_previous_change()
        self._say()

    def _say(self) -> None:
        at, of = self.diff.position, self.diff.changes
        moved = self.diff.moved.blocks
        chips = [chip(count(of, "difference"))] if self.name_shown else []
        chips += [chip(f"{GLYPHS['moved']} {moved} moved")] if moved else []
        self.entitle(self.name_shown or "Text", *chips)
        self.tell(position=f"{at} of {of}" if at else "")

    # --- searching -------------------------------------------------------------------------

    def open_search(self) -> None:
        """Open the search; what is typed next is looked for."""
        self.query_one("#search").add_class("-open")
        self.screen.set_focus(self.query_one("#words", Input))

    def match(self, step: int = 1) -> None:
        """To the next place of what is searched, or for -1 to the one before."""
        self.diff.next_match(step)
        self._say_found()

    @on(Input.Changed, "#words")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.diff.search(event.value)
        self._say_found()

    @on(Input.Submitted, "#words")
    def _search_on(self, event: Input.Submitted) -> None:
        event.stop()
        self.match()

    def _say_found(self) -> None:
        self.query_one("#found", Label).update(plain(self.diff.found))
        self.post_message(self.Searched())

    def on_key(self, event: events.Key) -> None:
        """Escape ends the search, from its line or from the text."""
        bar = self.query_one("#search")
        if event.key == "escape" and bar.has_class("-open"):
            event.stop()
            self.query_one("#words", Input).clear()
            bar.remove_class("-open")
            self.screen.set_focus(self.diff)
