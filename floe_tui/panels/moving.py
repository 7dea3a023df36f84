"""Pinning a version, wherever it was chosen: how closely, what it would do, and only then doing it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from floe_engine import CancelToken, Report
from floe_tui.panels.panel import Panel
from floe_tui.pinning import Move, Precision, is_pinned, pinned_repository, plan_move, take_move, undo
from floe_tui.places.registry.facts import Versions, first_use, list_all, ranges
from floe_tui.text import homely, plain
from floe_tui.widgets.row_view import Column, Row
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_tui.places.place import PlaceScreen

TIMEOUT = 300.0

READ_ONLY = "floe-tui was started with --read-only: this is what it would do, and nothing is written."

OPTIONS = {"pinned": "--exact", "patch": "--patch", "minor": "--minor"}
"""Precision to the option of `floe pin`."""

YES, ACCEPT = "y", "a"
"""Keys that confirm a move: a plain one, and one that breaks the project or goes back."""


class MovePanel(Panel[bool]):
    """The preview. Cancel has the focus; a move that breaks the project takes another key."""

    def __init__(self, move: Move, *, read_only: bool = False) -> None:
        super().__init__()
        self.move = move
        self.read_only = read_only
        self.takable = move.changes and not read_only
        self.key = ACCEPT if move.must_be_accepted else YES

    @property
    def verb(self) -> str:
        """What the confirming button says."""
        if self.move.breaks:
            return "Accept what breaks, and pin"
        return "Accept the older version, and pin" if self.move.downgrade else "Pin"

    def compose(self) -> ComposeResult:
        """Title, preview, and Cancel before the verb."""
        with Vertical(id="panel", classes="-wide -fitting -danger"):
            yield Static(plain(self.move.title), classes="title")
            yield TextView(self.move.text, headings=True, wrap=True)
            if self.read_only:
                yield Static(plain(READ_ONLY), classes="hint")
            with Horizontal(id="buttons"):
                yield Button("Cancel" if self.takable else "Close", id="cancel", compact=True)
                if self.takable:
                    yield Button(f"{self.verb} ({self.key})", id="confirm", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Cancel is the default."""
        self.query_one("#cancel", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """The confirming key, and the keys that scroll."""
        if event.key == self.key and self.takable:
            event.stop()
            self.dismiss(True)
        elif event.key in ("j", "down", "k", "up"):
            event.stop()
            self.query_one(TextView).scroll_relative(y=1 if event.key in ("j", "down") else -1, animate=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Either button."""
        self.dismiss(event.button.id == "confirm")

    def action_close(self) -> None:
        """Escape is Cancel."""
        self.dismiss(False)


def choose_pin(screen: PlaceScreen, repository: str, tag: str, done: Callable[[], object]) -> None:
    """Ask how closely to pin `tag` of `repository`, and go on with the preview.

    `done` is called once it is made.
    """
    from floe_tui.panels.choose import ChoosePanel

    options = ranges(tag)
    rows = [Row(precision, (text, about)) for precision, text, about in options]
    ways: dict[str, Precision] = {option[0]: option[0] for option in options}

    def chosen(key: str | None) -> None:
        if key:
            preview_move(screen, repository, tag, ways[key], done)

    screen.app.push_screen(ChoosePanel(f"Pin {tag}", rows, (Column(width=16), Column())), chosen)


def preview_move(
    screen: PlaceScreen, repository: str, tag: str, precision: Precision, done: Callable[[], object]
) -> None:
    """Say what pinning `tag` would do, and do it if that is confirmed."""
    directory, jobs = screen.workbench.options.directory, screen.workbench.jobs

    def work(report: Report, cancel: CancelToken) -> Move:
        return plan_move(directory, repository, tag, precision, first_use(jobs, cancel), report, cancel)

    def planned(move: Move) -> None:
        def answered(sure: bool | None) -> None:
            if sure:
                _take(screen, move, _command(screen, move.reference, tag, precision), done)

        read_only = screen.workbench.options.read_only
        screen.app.push_screen(MovePanel(move, read_only=read_only), answered)

    screen.job(
        work,
        title=f"Judging the project under {tag}",
        group="pin",
        done=planned,
        timeout=TIMEOUT,
        command=f"{_command(screen, f'{repository}:{tag}', tag, precision)} --dry-run",
    )


def _command(screen: PlaceScreen, reference: str, tag: str, precision: Precision) -> str:
    """What does the same without the workbench."""
    if not is_pinned(screen.workbench.options.directory):
        return shlex.join(["floe", "init", "--platform", reference])
    if precision == "kept":
        return shlex.join(["floe", "upgrade", "--to", tag])
    return shlex.join(["floe", "pin", tag, OPTIONS[precision]])


def choose_upgrade(screen: PlaceScreen, done: Callable[[], object]) -> None:
    """Choose another version of the platform, and go on with what it would do to this project."""
    directory = screen.workbench.options.directory

    def choose(versions: Versions) -> None:
        from floe_tui.panels.choose import ChoosePanel

        def about(tag: str) -> str:
            if tag == versions.locked:
                return "locked now"
            newest = "the newest" if tag == versions.tags[0] else ""
            return "older" if tag in versions.older else newest

        rows = [Row(tag, (tag, about(tag)), "▸" if tag == versions.locked else " ") for tag in versions.tags]

        def chosen(tag: str | None) -> None:
            if tag:
                preview_move(screen, "", tag, "kept", done)

        columns = (Column(width=24), Column())
        screen.app.push_screen(ChoosePanel("See what this version would do", rows, columns), chosen)

    screen.job(
        lambda report, cancel: list_all(directory, pinned_repository(directory, cancel), False, cancel),
        title="Listing versions",
        group="project.versions",
        done=choose,
        timeout=45,
        command="floe outdated",
    )


def undo_pin(screen: PlaceScreen, done: Callable[[], object]) -> None:
    """Take the last move of the pin back."""
    directory = screen.workbench.options.directory

    def undone(ref: str) -> None:
        screen.notify(f"✓ Pinned to {homely(ref)} again", markup=False)
        done()

    screen.job(
        lambda report, cancel: undo(directory, cancel),
        title="Taking the pin back",
        group="pin",
        done=undone,
        timeout=60,
        command="floe upgrade --undo",
    )


def _take(screen: PlaceScreen, move: Move, command: str, done: Callable[[], object]) -> None:
    directory = screen.workbench.options.directory

    def taken(ref: str) -> None:
        screen.notify(f"✓ Pinned to {homely(ref)}", markup=False)
        done()

    screen.job(
        lambda report, cancel: take_move(directory, move, accepted=move.must_be_accepted, cancel=cancel),
        title="Pinning",
        group="pin",
        done=taken,
        timeout=TIMEOUT,
        important=True,
        command=command,
    )
