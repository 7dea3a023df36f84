"""Versions: what changed between any two of them, what it costs, and the texts beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label

from floe_engine import CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.screens.place import PlaceScreen
from floe_tui.text import count, plain
from floe_tui.widgets.diff_rows import DiffRow, align
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row, RowView, Tone
from floe_tui.widgets.split_diff import SplitDiff

WORKING = "manifest.yaml"
"""The working copy, as `load_side` names it."""

SIGNS: dict[str, tuple[str, Tone]] = {
    "major": ("✗", "error"),
    "minor": ("!", "warning"),
    "patch": ("·", "info"),
    "none": (" ", "dim"),
}
KINDS = {"added": "+", "removed": "-"}


@dataclass(frozen=True, slots=True)
class FileTexts:
    """One of the eight files in both versions."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    rows: tuple[DiffRow, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions beside each other."""

    required: str
    entries: tuple[Any, ...]
    files: dict[str, FileTexts]


class VersionsScreen(PlaceScreen):
    """The second place."""

    place = Place.VERSIONS
    about = (
        "Compares two of the working copy, the published versions and the pinned one. Changes are listed "
        "by the rule that judges them: ✗ needs a major version, ! a minor, · a patch. Below, the file of "
        "the chosen change is shown as text; n and N walk through its differences."
    )
    BINDINGS = [*bindings(Place.VERSIONS)]
    CSS_PATH = "versions.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._old = self._new = ""
        self._compared: Compared | None = None
        self._breaking = False
        self._tags: tuple[str, ...] = ()
        self._locked = ""
        self._file = ""

    def compose_body(self) -> ComposeResult:
        """Changes above, texts below."""
        columns = (
            Column("Rule", 8),
            Column("Bump", 6),
            Column("Setting", 34, wide_only=True),
            Column("Change"),
        )
        with Vertical(id="body"):
            yield Label("", id="sides", markup=False)
            with Vertical(id="changes", classes="pane"):
                yield FilterList(columns, empty="Nothing changed.", id="list")
            with Vertical(id="texts", classes="pane"):
                yield Label("", id="file", markup=False)
                yield SplitDiff()

    def on_mount(self) -> None:
        """Find out what there is to compare."""
        super().on_mount()
        self.list.view.focus()
        remembered = self.workbench.remembered(Place.VERSIONS)
        self._old, self._new = (str(remembered.get(side, "")) for side in ("old", "new"))
        self._find_sides()

    @property
    def list(self) -> FilterList:
        """The changes."""
        return self.query_one("#list", FilterList)

    # --- sides -----------------------------------------------------------------------------

    def _find_sides(self) -> None:
        directory = self.workbench.options.directory

        def done(found: tuple[tuple[str, ...], str]) -> None:
            self._tags, self._locked = found
            here = (directory / WORKING).is_file()
            latest = self._tags[0] if self._tags else ""
            self._old = self._old or self._locked or (latest if here else "".join(self._tags[1:2]))
            self._new = self._new or (WORKING if here else latest)
            self.action_refresh()

        self.job(
            lambda report, cancel: known_versions(directory, cancel),
            title="Listing versions",
            group="versions.list",
            done=done,
            failed=lambda error: self._failed(error),
            timeout=45,
        )

    def action_choose_old(self) -> None:
        """What to compare from."""
        self._choose("Compare from", "_old")

    def action_choose_new(self) -> None:
        """What to compare with."""
        self._choose("Compare with", "_new")

    def _choose(self, title: str, side: str) -> None:
        from floe_tui.screens.choose import ChoosePanel

        rows = []
        if (self.workbench.options.directory / WORKING).is_file():
            rows.append(Row(WORKING, (WORKING, "the working copy, as saved")))
        if self._locked:
            rows.append(Row(self._locked, (self._locked, "pinned here"), "▸"))
        rows += [Row(tag, (tag, "published")) for tag in self._tags if tag != self._locked]

        def chosen(key: str | None) -> None:
            if key:
                setattr(self, side, key)
                self.action_refresh()

        self.app.push_screen(ChoosePanel(title, rows, (Column(width=24), Column())), chosen)

    def action_swap(self) -> None:
        """Exchange the sides."""
        self._old, self._new = self._new, self._old
        self.action_refresh()

    def manifest_saved(self) -> None:
        """Compare anew where the working copy is one of the sides."""
        if WORKING in (self._old, self._new):
            self.action_refresh()

    # --- comparing -------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Compare again."""
        label = self.query_one("#sides", Label)
        if not (self._old and self._new):
            label.update("Two versions are needed: publish one, or choose the sides with o and w.")
            return
        label.update(plain(f"{self._old} → {self._new}"))
        directory, old, new = self.workbench.options.directory, self._old, self._new
        self.job(
            lambda report, cancel: compare(directory, old, new, report, cancel),
            title=f"Comparing {old} and {new}",
            group="versions.compare",
            done=self._done,
            failed=self._failed,
            timeout=120,
        )

    def _failed(self, error: FloeError) -> None:
        self._compared = None
        self.list.set_rows([])
        self.query_one("#sides", Label).update(plain(f"✗ {error.title}"))
        self.post_message(StatusChanged(f"{error.message} {error.hint}".strip()))

    def _done(self, compared: Compared) -> None:
        self._compared = compared
        sign, _ = SIGNS.get(compared.required, (" ", ""))
        needs = "nothing changed" if compared.required == "none" else f"needs a {compared.required} version"
        self.query_one("#sides", Label).update(plain(f"{self._old} → {self._new}   {sign} {needs}"))
        self._show()
        changed = [name for name, texts in compared.files.items() if texts.old != texts.new]
        if not compared.entries and changed:
            self._show_file(changed[0])

    def _show(self) -> None:
        compared = self._compared
        if compared is None:
            return
        entries = [entry for entry in compared.entries if entry.breaking or not self._breaking]
        self.list.set_rows([row_of(str(compared.entries.index(entry)), entry) for entry in entries])
        breaking = sum(1 for entry in compared.entries if entry.breaking)
        only = ", only those shown" if self._breaking else ""
        self.post_message(
            StatusChanged(f"{count(len(compared.entries), 'change')}, {breaking} breaking{only}")
        )
        self._moved()

    def action_breaking(self) -> None:
        """Only what needs a major version, or everything."""
        self._breaking = not self._breaking
        self._show()

    @property
    def entry(self) -> Any:
        """The change under the cursor, or None."""
        row = self.list.current
        return self._compared.entries[int(row.key)] if row and self._compared else None

    @on(RowView.Moved)
    def _moved(self) -> None:
        if (entry := self.entry) is not None:
            self._show_file(entry.change.file)

    def _show_file(self, name: str) -> None:
        texts = self._compared.files.get(name) if self._compared else None
        if texts is None or name == self._file:
            return
        self._file = name
        self.query_one("#file", Label).update(plain(name))
        self.query_one(SplitDiff).show(texts.old, texts.new, texts.rows)

    @on(RowView.Chosen)
    def _chosen(self) -> None:
        self.activate(self.query_one("#texts"))

    def action_copy(self) -> None:
        """The change, as one line."""
        from floe_tui.clipboard import copy

        if (entry := self.entry) is not None:
            self.notify(copy(self.app, f"{entry.rule.id} {entry.place}: {entry.sentence}"), markup=False)

    def why_not(self, action_id: str) -> str:
        """Copying needs a change."""
        return "no change is chosen" if action_id == "versions.copy" and self.entry is None else ""

    def remember(self) -> dict[str, Any]:
        """Which sides were compared."""
        return {"old": self._old, "new": self._new}


def row_of(key: str, entry: Any) -> Row:
    """A change as a row."""
    sign, tone = SIGNS.get(entry.bump, (" ", ""))
    kind = KINDS.get(entry.change.kind, "~")
    security = " [security]" if entry.security else ""
    return Row(
        key, (entry.rule.id, entry.bump, entry.place, f"{kind} {entry.sentence}{security}"), sign, tone
    )


def known_versions(directory: Path, cancel: CancelToken) -> tuple[tuple[str, ...], str]:
    """The published tags, newest first, and the locked one; offline, those that were seen last."""
    from floe_engine import RegistryError, Workspace, list_versions

    workspace = Workspace.open(directory)
    lock = workspace.store.read_lock()
    try:
        listing = list_versions(workspace, cancel=cancel)
    except RegistryError:
        try:
            listing = list_versions(workspace.without_network(), cancel=cancel)
        except FloeError:
            return (), lock.tag if lock else ""
    return tuple(listing.tags[version] for version in listing.versions), lock.tag if lock else ""


def compare(directory: Path, old: str, new: str, report: Report, cancel: CancelToken) -> Compared:
    """Both versions, their changes judged, and their texts aligned."""
    from floe_engine import Workspace, compare_sides, load_side

    workspace = Workspace.open(directory)
    first = load_side(workspace, old, report=report, cancel=cancel)
    second = load_side(workspace, new, report=report, cancel=cancel)
    found = compare_sides(first, second)
    files = {}
    for name in second.artifact.files:
        cancel.check()
        before, after = (_lines(side.artifact.files.get(name, b"")) for side in (first, second))
        files[name] = FileTexts(before, after, align(before, after))
    return Compared(found.assessment.required, tuple(found.assessment.entries), files)


def _lines(data: bytes) -> tuple[str, ...]:
    text: Sequence[str] = data.decode("utf-8", "replace").splitlines()
    return tuple(text)
