"""F1: what the place is for, and every key that works here."""

from __future__ import annotations

from rich.table import Table
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from floe_tui.actions import ACTIONS, Place
from floe_tui.panels.panel import Panel
from floe_tui.text import plain

MOVING = (
    ("↑ ↓ or j k", "move in a list"),
    ("g G, PgUp PgDn", "first, last, by a page"),
    ("/", "filter a list; Escape takes the filter off"),
    ("Tab, Shift+Tab", "next and previous part (in the editor: indent; Escape leaves it)"),
)


class HelpPanel(Panel[None]):
    """Help for one place."""

    BINDINGS = [("f1", "close", "Close"), ("q", "close", "Close")]

    def __init__(self, place: Place | None, about: str, display: dict[str, str]) -> None:
        """`display` is an action's id to its keys as they are now, after the user's settings."""
        super().__init__()
        self.place = place
        self.about = about
        self.display_keys = display

    def compose(self) -> ComposeResult:
        """The paragraph, then the tables."""
        with Vertical(id="panel", classes="-wide"):
            yield Static(plain(f"Help: {self.place.title if self.place else 'floe'}"), classes="title")
            with VerticalScroll(can_focus=True):
                if self.about:
                    yield Static(plain(self.about), classes="section")
                if self.place is not None:
                    yield Static(
                        self._table(f"In {self.place.title}", self._rows(self.place)), classes="section"
                    )
                yield Static(self._table("Moving", MOVING), classes="section")
                yield Static(self._table("Everywhere", self._rows(None)))

    def _rows(self, place: Place | None) -> tuple[tuple[str, str], ...]:
        return tuple(
            (self.display_keys.get(action.id, "") or "palette", f"{action.title}: {action.description}")
            for action in ACTIONS
            if action.place == place and not action.part and not action.id.endswith(".digit")
        )

    @staticmethod
    def _table(title: str, rows: tuple[tuple[str, str], ...]) -> Table:
        table = Table(title=title, title_justify="left", box=None, show_header=False, expand=True)
        table.add_column(width=18, style="bold", overflow="fold")
        table.add_column(ratio=1)
        for keys, meaning in rows:
            table.add_row(keys, meaning)
        return table
