"""Everything the workbench can be asked to do, as one table.

Key bindings, the command palette, the help screen and docs/keys.md are all made from it. A new
action is one row, here or in `place_actions`, and one ``action_…`` method on its place's screen (or on
the app).
"""

from __future__ import annotations

from textual.binding import Binding

from floe_tui.action import SIX as SIX
from floe_tui.action import Action as Action
from floe_tui.action import Place as Place
from floe_tui.place_actions import PLACES

_GO = tuple(
    action
    for place in SIX
    for action in (
        Action(
            f"go.{place}", place.key, place.title, f"Go to {place.title}", "go", None, place, priority=True
        ),
        Action(
            f"go.{place}.digit",
            str(place.number),
            place.title,
            f"Go to {place.title}, where no text is being typed",
            "go",
            None,
            place,
        ),
    )
)

_EVERYWHERE = (
    Action("go.start", "0", "Start", "Begin, join or open a platform", "go", argument=Place.START),
    Action("help", "f1", "Help", "What this place is for, and its keys", "help", priority=True),
    Action(
        "palette",
        "ctrl+p",
        "Commands",
        "Search every action by name; one that cannot be done now says why",
        "command_palette",
        priority=True,
    ),
    Action("jump", "ctrl+o", "Jump", "Put a letter on every part of the screen and go there", "jump"),
    Action(
        "pane.next", "ctrl+l", "Next pane", "Go to the next part of the screen", "next_pane", priority=True
    ),
    Action("zoom", "z", "Zoom", "The part that is up alone, or all of them again", "zoom"),
    Action(
        "split.wider", "greater_than_sign", "Wider", "More room for the first part", "widen", argument="1"
    ),
    Action(
        "split.narrower", "less_than_sign", "Narrower", "Less room for the first part", "widen", argument="-1"
    ),
    Action("command", "colon", "Run floe", "Run any command of floe and see what it says", "command"),
    Action(
        "log", "at", "Command log", "The commands that do what was just done here; Enter copies one", "log"
    ),
    Action("suspend", "ctrl+z", "Suspend", "Go back to the shell; fg returns", "suspend"),
    Action("work.cancel", "f12", "Cancel work", "Stop what is running", "cancel_work", priority=True),
    Action(
        "copy",
        "ctrl+c",
        "Copy text",
        "Copy the selected text; where none is, say how to leave",
        "copy",
        priority=True,
    ),
    Action("theme.next", "", "Next theme", "Light, dark, terminal colours, colour-blind", "next_theme"),
    Action("quit", "ctrl+q", "Quit", "Leave; asks first when work would be lost", "quit", priority=True),
)

_LISTS = (
    Action("list.down", "down,j", "Down", "The next row", "cursor_down", part="list"),
    Action("list.up", "up,k", "Up", "The row before", "cursor_up", part="list"),
    Action("list.first", "home,g", "First", "The first row", "first", part="list"),
    Action("list.last", "end,G", "Last", "The last row", "last", part="list"),
    Action("list.page_down", "pagedown,ctrl+d", "Page down", "A page down", "page_down", part="list"),
    Action("list.page_up", "pageup,ctrl+u", "Page up", "A page up", "page_up", part="list"),
    Action("list.choose", "enter", "Choose", "Open or go to the row", "choose", part="list"),
)

_FILTERS = (
    Action(
        "filter.open", "/", "Filter", "Show only rows with some words", "filter", part="filter", show=True
    ),
    Action("list.sort", "comma", "Sort", "Sort by the next column", "sort", part="filter"),
    Action("list.reverse", "full_stop", "Reverse", "Sort the other way round", "reverse", part="filter"),
    Action(
        "list.mark",
        "space",
        "Mark",
        "Mark the row, or all under a heading: copy, run, fix and waive then mean those",
        "mark",
        part="filter",
    ),
    Action("list.mark_all", "A", "Mark all", "Mark every row that is shown", "mark_all", part="filter"),
    Action(
        "filter.clear",
        "escape",
        "Clear filter",
        "Show every row again; without a filter, take the marks off",
        "clear_filter",
        part="filter",
    ),
)

_TEXTS = (
    Action("text.down", "j", "Down", "A line down", "down", part="text"),
    Action("text.up", "k", "Up", "A line up", "up", part="text"),
)

_DIFFS = (
    Action("diff.down", "j", "Down", "A line down", "down", part="diff"),
    Action("diff.up", "k", "Up", "A line up", "up", part="diff"),
    Action("diff.search", "/", "Search", "Search in the text", "screen.search", part="diff"),
)

ACTIONS: tuple[Action, ...] = (
    *_GO,
    *_EVERYWHERE,
    *PLACES,
    *_LISTS,
    *_FILTERS,
    *_TEXTS,
    *_DIFFS,
)
"""Every action, in the order in which help and docs show them."""


def bindings(place: Place | None) -> list[Binding]:
    """The key bindings of a place's screen, or of the app where `place` is None."""
    return [action.binding for action in ACTIONS if action.place == place and action.keys and not action.part]


def part_bindings(part: str) -> list[Binding]:
    """The key bindings of a kind of widget."""
    return [action.binding for action in ACTIONS if action.part == part]


def find(place: Place | None, target: str, argument: str = "") -> Action | None:
    """The action behind a Textual action name, such as ``("go", "manifest")``; None where it has no row."""
    for action in ACTIONS:
        if (action.place, action.part, action.target, action.argument) == (place, "", target, argument):
            return action
    return None
