"""Everything the workbench can be asked to do, as one table.

Key bindings, the command palette, the help screen and docs/keys.md are all made from it. A new
action is one row here and one ``action_…`` method on its place's screen (or on the app).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Place(StrEnum):
    """One of the six places, in the order of their keys."""

    MANIFEST = "manifest"
    VERSIONS = "versions"
    POLICY = "policy"
    PUBLISH = "publish"
    REGISTRY = "registry"
    PROJECT = "project"

    @property
    def number(self) -> int:
        """1 to 6."""
        return list(Place).index(self) + 1

    @property
    def key(self) -> str:
        """Its function key, F2 to F7."""
        return f"f{self.number + 1}"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is never wanted of a place
        """As it is shown."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    `keys` is a comma-separated list as Textual takes it, empty where only the palette offers the
    action; `target` names the method without ``action_``, on the app where `place` is None and
    else on that place's screen, and `argument` is handed to it. `show` puts it into the footer.
    `priority` takes the key before a focused editor can. `needs_write` switches it off under
    ``--read-only``.
    """

    id: str
    keys: str
    title: str
    description: str
    target: str
    place: Place | None = None
    argument: str = ""
    show: bool = False
    priority: bool = False
    needs_write: bool = False
    part: str = ""
    """The kind of widget that it belongs to (``list``), wherever one stands; not in the palette."""

    @property
    def call(self) -> str:
        """As Textual's action language writes it: ``go('manifest')``."""
        return f"{self.target}('{self.argument}')" if self.argument else self.target

    @property
    def binding(self) -> Binding:
        """As Textual binds it; the id lets the settings file give it another key."""
        return Binding(
            self.keys,
            self.call,
            self.title,
            show=self.show,
            priority=self.priority,
            tooltip=self.description,
            id=self.id,
        )


_GO = tuple(
    action
    for place in Place
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
    Action("work.cancel", "f12", "Cancel work", "Stop what is running", "cancel_work", priority=True),
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
    Action("filter.clear", "escape", "Clear filter", "Show every row again", "clear_filter", part="filter"),
)

_TEXTS = (
    Action("text.down", "j", "Down", "A line down", "down", part="text"),
    Action("text.up", "k", "Up", "A line up", "up", part="text"),
)

_DIFFS = (
    Action("diff.next", "n", "Next change", "Go to the next change", "next_change", part="diff", show=True),
    Action("diff.previous", "N", "Previous change", "Go to the one before", "previous_change", part="diff"),
    Action("diff.columns", "u", "Columns", "One column or two", "toggle_unified", part="diff", show=True),
    Action("diff.fold", "z", "Fold", "Fold lines that are the same", "toggle_folded", part="diff", show=True),
    Action("diff.down", "j", "Down", "A line down", "down", part="diff"),
    Action("diff.up", "k", "Up", "A line up", "up", part="diff"),
)

_MANIFEST = (
    Action("manifest.save", "ctrl+s", "Save", "Write manifest.yaml", "save", Place.MANIFEST, show=True,
           priority=True, needs_write=True),
    Action("manifest.find", "ctrl+f", "Find", "Find and replace in the manifest", "find", Place.MANIFEST,
           show=True, priority=True),
    Action("manifest.line", "ctrl+g", "Go to line", "Go to a line by its number", "go_to_line",
           Place.MANIFEST, priority=True),
    Action("manifest.problem.next", "f8", "Next problem", "Go to the next problem", "next_problem",
           Place.MANIFEST, show=True, priority=True),
    Action("manifest.problem.previous", "shift+f8", "Previous problem", "Go to the previous problem",
           "previous_problem", Place.MANIFEST, priority=True),
    Action("manifest.fix", "ctrl+t", "Quick fix", "Mend the problem at the cursor", "fix",
           Place.MANIFEST, show=True, priority=True, needs_write=True),
    Action("manifest.outline", "ctrl+b", "Outline", "Show the sections of the manifest", "outline",
           Place.MANIFEST, priority=True),
    Action("manifest.compile", "f10", "Compile", "Write the eight files into .floe/artifacts", "compile",
           Place.MANIFEST, show=True, priority=True, needs_write=True),
    Action("manifest.external", "f9", "$EDITOR", "Edit the text in $EDITOR; comes back as one undo",
           "external", Place.MANIFEST, show=True, priority=True, needs_write=True),
    Action("manifest.undo", "ctrl+z", "Undo", "Take back the last edit", "undo", Place.MANIFEST,
           priority=True),
    Action("manifest.redo", "ctrl+y", "Redo", "Do again what was taken back", "redo", Place.MANIFEST,
           priority=True),
    Action("manifest.reload", "", "Reload from disk", "Replace the text by the file's", "reload",
           Place.MANIFEST),
)  # fmt: skip

ACTIONS: tuple[Action, ...] = (*_GO, *_EVERYWHERE, *_LISTS, *_FILTERS, *_TEXTS, *_DIFFS, *_MANIFEST)
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


def markdown() -> str:
    """docs/keys.md: every action by place."""
    lines = [
        "# Keys",
        "",
        "Made from `floe_tui/actions.py` by `scripts/keys_reference.py`; do not edit.",
        "Give an action another key in the settings file's `[keys]` table, by its id.",
    ]
    for place in (None, *Place):
        rows = [action for action in ACTIONS if action.place == place and not action.part]
        lines += _table(place.title if place else "Everywhere", rows)
    for part, title in (
        ("list", "In lists"),
        ("filter", "In lists with a filter"),
        ("diff", "In comparisons"),
    ):
        lines += _table(title, [action for action in ACTIONS if action.part == part])
    return "\n".join(lines) + "\n"


def _table(title: str, rows: list[Action]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"## {title}", ""]
    lines += ["| key | action | what it does | id |", "|---|---|---|---|"]
    for action in rows:
        keys = ", ".join(f"`{key}`" for key in action.keys.split(",") if key) or "palette"
        lines.append(f"| {keys} | {action.title} | {action.description} | `{action.id}` |")
    return lines
