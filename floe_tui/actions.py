"""Everything the workbench can be asked to do, as one table.

Key bindings, the command palette, the help screen and docs/keys.md are all made from it. A new
action is one row here and one ``action_…`` method on its place's screen (or on the app).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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


def _at(place: Place, *actions: Action) -> tuple[Action, ...]:
    return tuple(replace(action, place=place) for action in actions)


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
    Action("filter.clear", "escape", "Clear filter", "Show every row again", "clear_filter", part="filter"),
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

_MANIFEST = _at(
    Place.MANIFEST,
    Action(
        "manifest.save",
        "ctrl+s",
        "Save",
        "Write manifest.yaml",
        "save",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.find",
        "ctrl+f",
        "Find",
        "Find and replace in the manifest",
        "find",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.line", "ctrl+g", "Go to line", "Go to a line by its number", "go_to_line", priority=True
    ),
    Action(
        "manifest.problem.next",
        "f8",
        "Next problem",
        "Go to the next problem",
        "next_problem",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.problem.previous",
        "shift+f8",
        "Previous problem",
        "Go to the previous problem",
        "previous_problem",
        priority=True,
    ),
    Action(
        "manifest.fix",
        "ctrl+t",
        "Quick fix",
        "Mend the problem at the cursor",
        "fix",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.complete",
        "ctrl+@,ctrl+space",
        "Complete",
        "Offer the keys and values that could stand at the cursor",
        "complete",
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.explain",
        "ctrl+n",
        "Explain",
        "What the setting at the cursor means, its default, and where its value comes from",
        "explain",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.definition",
        "ctrl+r",
        "Definition",
        "Go to where the name, or the inherited setting, at the cursor is written",
        "definition",
        priority=True,
    ),
    Action(
        "manifest.outline", "ctrl+b", "Outline", "Show the sections of the manifest", "outline", priority=True
    ),
    Action(
        "manifest.compile",
        "f10",
        "Compile",
        "Write the eight files into .floe/artifacts",
        "compile",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.external",
        "f9",
        "$EDITOR",
        "Edit the text in $EDITOR; comes back as one undo",
        "external",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action("manifest.undo", "ctrl+z", "Undo", "Take back the last edit", "undo", priority=True),
    Action("manifest.redo", "ctrl+y", "Redo", "Do again what was taken back", "redo", priority=True),
    Action("manifest.reload", "", "Reload from disk", "Replace the text by the file's", "reload"),
)

_VERSIONS = _at(
    Place.VERSIONS,
    Action(
        "versions.old",
        "o",
        "Old side",
        "Choose what to compare from",
        "choose_old",
        show=True,
    ),
    Action(
        "versions.new",
        "w",
        "New side",
        "Choose what to compare with",
        "choose_new",
        show=True,
    ),
    Action("versions.swap", "s", "Swap", "Exchange the two sides", "swap"),
    Action(
        "versions.breaking",
        "b",
        "Breaking",
        "Only what needs a major version",
        "breaking",
        show=True,
    ),
    Action(
        "versions.mine",
        "p",
        "My project",
        "Only what changes what a project is told; judges it under both versions",
        "mine",
        show=True,
    ),
    Action("versions.project", "P", "Other project", "Choose the project to measure by", "project"),
    Action("versions.next", "n", "Next change", "Go to the text's next difference", "next", show=True),
    Action("versions.previous", "N", "Previous change", "Go to the difference before", "previous"),
    Action("versions.columns", "u", "Columns", "One column or two", "columns", show=True),
    Action("versions.fold", "z", "Fold", "Fold or show lines that are the same", "fold"),
    Action(
        "versions.search", "ctrl+f", "Search", "Search in the text (in the text also /)", "search", show=True
    ),
    Action("versions.match", "m", "Next match", "Go to the next place of what is searched", "match"),
    Action("versions.match_back", "M", "Previous match", "Go to the place before", "match_back"),
    Action("versions.refresh", "r", "Refresh", "Compare again", "refresh"),
    Action("versions.copy", "y", "Copy", "Copy the change; in the text, the difference as a patch", "copy"),
)

_POLICY = _at(
    Place.POLICY,
    Action("policy.all", "r", "Run all", "Run every suite", "run_all", show=True),
    Action("policy.one", "o", "Run one", "Run the case or suite under the cursor", "run_one", show=True),
    Action("policy.failed", "f", "Run failed", "Run what failed the last time", "run_failed", show=True),
    Action(
        "policy.mutate",
        "m",
        "Mutants",
        "Weaken one demand of the platform at a time: does any case notice?",
        "mutate",
        show=True,
    ),
    Action("policy.mutate_own", "M", "Own mutants", "The same, by the team's own cases alone", "mutate_own"),
    Action("policy.only_failed", "x", "Only failed", "Show only what failed", "only_failed", show=True),
    Action("policy.open", "e", "Open", "Open the case in $EDITOR", "open"),
)

_PUBLISH = _at(
    Place.PUBLISH,
    Action("publish.plan", "r", "Plan", "Say what would be pushed, and where", "plan", show=True),
    Action(
        "publish.publish",
        "p",
        "Publish",
        "Push, sign, verify and tag",
        "publish",
        show=True,
        needs_write=True,
    ),
    Action("publish.target", "t", "Target", "Choose the repository to publish to", "target", show=True),
    Action(
        "publish.signing",
        "s",
        "Signer",
        "Choose who signs: a key, a Sigstore identity, or nobody",
        "signing",
        show=True,
    ),
    Action("publish.version", "e", "Version", "Set the version to publish", "version", show=True),
    Action("publish.copy", "y", "Copy digest", "Copy the published digest", "copy"),
    Action(
        "publish.verify",
        "v",
        "Copy cosign",
        "Copy the command that verifies it by hand",
        "copy_verify",
    ),
)

_REGISTRY = _at(
    Place.REGISTRY,
    Action("registry.refresh", "r", "Refresh", "Ask the registry again", "refresh", show=True),
    Action(
        "registry.constraint",
        "c",
        "Constraint",
        "See what v1.2.* would resolve to",
        "constraint",
        show=True,
    ),
    Action(
        "registry.pull",
        "p",
        "Pull",
        "Fetch the version, verify it and lock it",
        "pull",
        show=True,
        needs_write=True,
    ),
    Action(
        "registry.verify",
        "v",
        "Verify",
        "Look at every signature of the version",
        "verify",
        show=True,
    ),
    Action(
        "registry.pin",
        "i",
        "Pin",
        "See what pinning the version would do: exact, patch or minor; and pin it in floe.yaml",
        "pin",
        show=True,
    ),
    Action(
        "registry.repositories",
        "b",
        "Repositories",
        "Look into another repository, listed or typed",
        "repositories",
        show=True,
    ),
    Action("registry.copy", "y", "Copy", "Copy the version's reference", "copy", show=True),
    Action(
        "registry.undo",
        "",
        "Undo pin",
        "Take the last move of the pin back: floe.yaml and the lock",
        "undo",
        needs_write=True,
    ),
)

_PROJECT = _at(
    Place.PROJECT,
    Action("project.check", "r", "Check", "Judge the project by its platform", "check", show=True),
    Action(
        "project.compile",
        "c",
        "Compile",
        "Judge, and write profiles.yml",
        "compile",
        show=True,
        needs_write=True,
    ),
    Action(
        "project.upgrade",
        "u",
        "Upgrade",
        "See what another version of the platform would newly break, and take it",
        "upgrade",
        show=True,
    ),
    Action("project.group", "t", "Group", "By rule, file, severity or waiver", "group", show=True),
    Action("project.open", "e", "Open", "Open the line in $EDITOR", "open", show=True),
    Action("project.waived", "x", "Waived", "Show or hide what is waived or known", "waived"),
    Action("project.copy", "y", "Copy", "Copy the finding", "copy"),
    Action(
        "project.undo",
        "",
        "Undo upgrade",
        "Take the last move of the pin back: floe.yaml and the lock",
        "undo",
        needs_write=True,
    ),
)

ACTIONS: tuple[Action, ...] = (
    *_GO,
    *_EVERYWHERE,
    *_MANIFEST,
    *_VERSIONS,
    *_POLICY,
    *_PUBLISH,
    *_REGISTRY,
    *_PROJECT,
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
