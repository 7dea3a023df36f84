"""Two texts that cannot both be the file: how they differ, and which it shall be, as a whole or by hunk."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from floe_engine import DiffRow, side_by_side
from floe_tui.merging import SIDES, Side, hunks, merged
from floe_tui.panels.panel import Panel
from floe_tui.text import count, plain
from floe_tui.widgets.split_diff import SplitDiff


class Difference(Struct, frozen=True):
    """What is asked. Each side is what it is called and its text; theirs stands left, mine right."""

    question: str
    theirs: tuple[str, str]
    mine: tuple[str, str]
    note: str
    """What stands after how many lines differ."""
    take: str
    leave: str
    later: str
    keys: tuple[str, str]
    """Keys that take mine, and that take theirs."""


class Decision(Struct, frozen=True):
    """The answer, and the text that it makes."""

    side: Literal["mine", "theirs", "merged"]
    text: str


class DifferencePanel(Panel[Decision]):
    """Escape, and Enter on the button that has the focus at first, decide nothing and lose nothing."""

    def __init__(self, difference: Difference) -> None:
        super().__init__()
        self.difference = difference
        self.rows: list[DiffRow] = side_by_side(difference.theirs[1], difference.mine[1])
        self.sides: list[Side] = ["mine"] * hunks(self.rows)
        self.diff = SplitDiff(empty="They differ in line ends or in the last line's end alone.")

    def compose(self) -> ComposeResult:
        """Question, the texts, what the keys do, and the buttons."""
        asked = self.difference
        differing = sum(row.kind not in ("same", "folded") for row in self.rows)
        note = f"{count(differing, 'line')}, {asked.note}" if differing else asked.note
        with Vertical(id="panel", classes="-wide -danger"):
            yield Static(plain(asked.question), classes="title")
            yield Static(plain(f"{asked.theirs[0]} → {asked.mine[0]}: {note}"), id="sides", classes="hint")
            yield self.diff
            yield Static("", id="merge", classes="hint")
            with Horizontal(id="buttons"):
                yield Button(asked.later, id="later", compact=True)
                yield Button(asked.take, id="mine", variant="primary", compact=True)
                yield Button(asked.leave, id="theirs", variant="warning", compact=True)
                yield Button("Merge (m)", id="merged", compact=True)

    def on_mount(self) -> None:
        """Deciding nothing is the default; the first difference is gone to."""
        self.diff.show(self.rows, "yaml")  # two texts of one manifest
        self.diff.action_next_change()
        self.query_one("#later", Button).focus()
        self._say()

    def on_key(self, event: events.Key) -> None:
        """The keys that decide, and those that walk."""
        mine, theirs = self.difference.keys
        match event.key:
            case key if key == mine:
                self._decide("mine")
            case key if key == theirs:
                self._decide("theirs")
            case "m":
                self._decide("merged")
            case "n" | "down" | "j":
                self.diff.action_next_change()
            case "N" | "up" | "k":
                self.diff.action_previous_change()
            case "space":
                self._switch()
            case "pagedown" | "pageup":
                self.diff.scroll_relative(y=10 if event.key == "pagedown" else -10, animate=False)
            case _:
                return
        event.stop()
        self._say()

    def _switch(self) -> None:
        """The hunk that was gone to comes from the next side."""
        at = self.diff.position - 1
        if at >= 0:
            self.sides[at] = SIDES[(SIDES.index(self.sides[at]) + 1) % len(SIDES)]
            self.diff.dropped = {
                number: "old" if side == "mine" else "new"
                for number, side in enumerate(self.sides)
                if side != "both" and set(self.sides) != {"mine"}
            }
            self.diff.refresh()

    def _say(self) -> None:
        at, number = self.diff.position, len(self.sides)
        here = f"difference {at} of {number}: {self.sides[at - 1]}" if at else count(number, "difference")
        keys = "n next   Space mine, theirs, both"
        self.query_one("#merge", Static).update(plain(f"{here}   {keys}" if number else ""))

    def _decide(self, side: Literal["mine", "theirs", "merged"]) -> None:
        mine, theirs = self.difference.mine[1], self.difference.theirs[1]
        text = {"mine": mine, "theirs": theirs}.get(side)
        if text is None:
            text = merged(self.rows, self.sides, newline=mine.endswith("\n"))
        self.dismiss(Decision(side, text))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Any of them."""
        match event.button.id:
            case "mine" | "theirs" | "merged" as side:
                self._decide(side)
            case _:
                self.dismiss(None)
