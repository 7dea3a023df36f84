"""Versions: what changed between any two of them, what it costs, and the texts beside each other."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from floe_engine import Cancelled, CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.hints import in_place
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.versions.facts import (
    PLACE_WIDTH,
    SIGNS,
    Affected,
    Compared,
    ComparedSides,
    affect,
    compare,
    known_versions,
    rows_of,
)
from floe_tui.text import count, homely
from floe_tui.themes import GLYPHS
from floe_tui.widgets.file_diff import FileDiff
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.split_diff import SplitDiff

if TYPE_CHECKING:
    from floe_engine import Entry

TONES = {"error": "error", "warning": "warning"}

WORKING = "manifest.yaml"
"""The working copy, as `load_side` names it."""

LOOKING = "The versions are being looked for."

TWO_NEEDED = (
    "Two versions are needed to compare them.\n"
    "o  chooses the old side\nw  chooses the new one\nF5  publishes a version"
)

OTHER = "other"
"""The row that asks for something which is not in the list."""


class VersionsScreen(PlaceScreen):
    """The second place."""

    place = Place.VERSIONS
    about = (
        "Compares two of the working copy, the published versions, the pinned one, or anything else that "
        "you name. Changes are grouped by the rule that judges them: ✗ needs a major version, ! a minor, "
        "· a patch. p keeps only those that change what your project is told. Below, the file of the "
        "chosen change is shown at its line; n and N walk through its differences, Ctrl+F searches it."
    )
    BINDINGS = [*bindings(Place.VERSIONS)]
    CSS_PATH = "screen.tcss"
    split = (8, 12)
    stacked = True

    def __init__(self) -> None:
        super().__init__()
        self._old = self._new = ""
        self._compared: Compared | None = None
        self._affected: Affected | None = None
        self._breaking = self._mine = False
        self._project = "."
        self._sides = ComparedSides((), "")

    def compose_body(self) -> ComposeResult:
        """Changes above, texts below."""
        columns = (
            Column("Bump", 6, tone="dim"),
            Column("Setting", PLACE_WIDTH, least=100),
            Column("Change"),
        )
        with Vertical(id="body"):
            with Frame(id="changes", classes="pane -active -list", title="Changes"):
                yield FilterList(columns, empty=LOOKING, markable=True, id="list")
            yield FileDiff(id="texts", classes="pane")

    @property
    def frame(self) -> Frame:
        """The pane of the changes."""
        return self.query_one("#changes", Frame)

    def on_mount(self) -> None:
        """Find out what there is to compare."""
        super().on_mount()
        self.list.view.focus()
        remembered = self.workbench.remembered(Place.VERSIONS)
        self._old, self._new = (str(remembered.get(side, "")) for side in ("old", "new"))
        self._project = str(remembered.get("project", "") or ".")
        self.diff.unified = bool(remembered.get("unified", False))
        self._find_sides()

    def on_screen_resume(self) -> None:
        """Something may have been published or pinned elsewhere meanwhile."""
        if self._compared is not None:
            self._find_sides()

    @property
    def list(self) -> FilterList:
        """The changes."""
        return self.query_one("#list", FilterList)

    @property
    def texts(self) -> FileDiff:
        """The file that is shown."""
        return self.query_one(FileDiff)

    @property
    def diff(self) -> SplitDiff:
        """Its texts."""
        return self.texts.diff

    def why_not(self, action_id: str) -> str:
        """Copying needs a change, walking needs differences, a project needs a comparison."""
        if action_id == "versions.copy" and not self._meant:
            return "no change is chosen"
        if action_id in {"versions.next", "versions.previous"} and not self.diff.changes:
            return "the texts are the same"
        if action_id in {"versions.mine", "versions.breaking"} and self._compared is None:
            return "nothing is compared yet"
        if action_id in {"versions.match", "versions.match_back"} and not self.diff.found:
            return "nothing is searched (Ctrl+F)"
        return ""

    # --- sides -----------------------------------------------------------------------------

    def _find_sides(self) -> None:
        directory = self.workbench.options.directory

        def done(found: ComparedSides) -> None:
            self._sides = found
            here = (directory / WORKING).is_file()
            latest = found.tags[0] if found.tags else ""
            self._old = self._old or found.locked or (latest if here else "".join(found.tags[1:2]))
            self._new = self._new or (WORKING if here else latest)
            if self._compared is None:
                self.action_refresh()

        self.job(
            lambda report, cancel: known_versions(directory, cancel),
            title="Listing versions",
            group="versions.list",
            done=done,
            failed=self._failed,
            timeout=45,
        )

    def action_choose_old(self) -> None:
        """What to compare from."""
        self._choose("Compare from", "_old")

    def action_choose_new(self) -> None:
        """What to compare with."""
        self._choose("Compare with", "_new")

    def _choose(self, title: str, side: str) -> None:
        from floe_tui.panels.choose import ChoosePanel

        locked = self._sides.locked
        rows = []
        if (self.workbench.options.directory / WORKING).is_file():
            rows.append(Row(WORKING, (WORKING, "the working copy, as saved")))
        if locked:
            rows.append(Row(locked, (locked, "pinned here"), "▸"))
        rows += [Row(tag, (tag, "published")) for tag in self._sides.tags if tag != locked]
        rows.append(Row(OTHER, ("something else", "a reference, a digest, a directory")))

        def take(key: str | None) -> None:
            if key:
                setattr(self, side, key)
                self.action_refresh()

        def chosen(key: str | None) -> None:
            if key != OTHER:
                take(key)
                return
            from floe_tui.panels.ask import AskPanel

            hint = "oci://host/repository:v1.2.3, sha256:…, a directory with a platform"
            self.app.push_screen(AskPanel(title, hint=hint), take)

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
        if not (self._old and self._new):
            self._compared = None
            self.frame.entitle("Changes")
            self.list.empty = TWO_NEEDED
            return
        self.frame.entitle(self._sides_said, note="comparing")
        self.list.empty = "They are being compared."
        directory, old, new = self.workbench.options.directory, self._old, self._new
        self.job(
            lambda report, cancel: compare(directory, old, new, report, cancel),
            title=f"Comparing {old} and {new}",
            group="versions.compare",
            command=shlex.join(["floe", "platform", "diff", old, new]),
            done=self._done,
            failed=self._failed,
            timeout=120,
        )

    @property
    def _sides_said(self) -> str:
        return homely(f"{self._old} → {self._new}") if self._old and self._new else "Changes"

    def _failed(self, error: FloeError) -> None:
        """Nothing that was shown before holds any longer."""
        self._compared = self._affected = None
        self.list.set_rows([])
        stopped = isinstance(error, Cancelled)
        self.list.empty = "Stopped.\nr  compares them" if stopped else in_place(error.title, error.hint)
        self.texts.show("", ())
        self.frame.entitle(self._sides_said, chip(f"{GLYPHS['error']} {error.title}", "error"))
        self.workbench.count(self.place, "")
        self.post_message(StatusChanged(f"{error.message} {error.hint}".strip()))
        self.refresh_bindings()

    def _done(self, compared: Compared) -> None:
        self._compared, self._affected = compared, None
        self.texts.name_shown = ""  # its texts are others now
        self._show()
        if self._mine:
            self._measure()

    def _entitle(self, compared: Compared) -> None:
        entries = compared.entries
        if not entries:
            differ = len(compared.changed)
            said = f"only the text of {count(differ, 'file')} differs" if differ else "the same"
            self.frame.entitle(self._sides_said, chip(f"{GLYPHS['done']} {said}", "success"))
            rule = "No rule judges what differs" if differ else "Nothing changed"
            self.list.empty = f"{rule}: no other version is needed."
            return
        sign, tone = SIGNS.get(compared.required, (" ", ""))
        breaking = sum(1 for entry in entries if entry.breaking)
        chips = [
            chip(f"{sign} {compared.required}", TONES.get(tone, "")),
            chip(count(len(entries), "change")),
        ]
        chips += [chip(f"{breaking} breaking", "error")] if breaking else []
        chips += [chip("only breaking")] if self._breaking else []
        chips += [chip("my project")] if self._mine else []
        self.frame.entitle(self._sides_said, *chips)
        self.list.empty = "None of the changes is of this kind."

    def _show(self) -> None:
        compared = self._compared
        if compared is None:
            return
        affected = self._affected if self._mine else None
        rows = rows_of(compared, breaking=self._breaking, affected=affected)
        self._entitle(compared)
        self.workbench.count(self.place, compared.required if compared.entries else "", "muted")
        self.list.set_rows(rows)
        # The first change, not the rule above it, so that its text is there at once.
        if len(rows) > 1 and self.list.view.cursor == 0:
            self.list.view.move_to(rows[1].key)
        breaking = sum(1 for entry in compared.entries if entry.breaking)
        needs = f"; needs a {compared.required} version" if compared.entries else ""
        parts = [f"{count(len(compared.entries), 'change')}, {breaking} breaking{needs}"]
        parts += ["only breaking shown"] if self._breaking else []
        parts += [affected.said] if affected is not None else []
        self.post_message(StatusChanged("; ".join(parts)))
        if self.entry is None:
            changed = compared.changed
            self._show_file(changed[0] if changed else "")
        else:
            self._moved()
        self.refresh_bindings()

    def action_breaking(self) -> None:
        """Only what needs a major version, or everything."""
        self._breaking = not self._breaking
        self._show()

    # --- what hits a project ---------------------------------------------------------------

    def action_mine(self) -> None:
        """Only what changes what a project is told, or everything."""
        self._mine = not self._mine
        if self._mine and self._affected is None:
            self._measure()
        else:
            self._show()

    def action_project(self) -> None:
        """Ask for the project to measure by."""
        from floe_tui.panels.ask import AskPanel

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self._project, self._mine = answer.strip() or ".", True
                self._measure()

        hint = "a directory with a dbt project, or with several; empty: this one"
        self.app.push_screen(AskPanel("Project to measure by", hint=hint, value=self._project), chosen)

    def _measure(self) -> None:
        compared, project = self._compared, self._project
        if compared is None:
            return
        directory = self.workbench.options.directory

        def work(report: Report, cancel: CancelToken) -> Affected:
            from floe_engine import Workspace

            return affect(Workspace.open(directory), compared.comparison, project, report, cancel)

        def done(affected: Affected) -> None:
            self._affected = affected
            self._show()

        def failed(error: FloeError) -> None:
            self._mine = False
            self._show()
            if not isinstance(error, Cancelled):
                command = f"floe platform diff {self._old} {self._new} --impact {project}"
                self.workbench.show_problem(error, command)

        self.job(
            work,
            title="Judging the project under both",
            group="versions.impact",
            done=done,
            failed=failed,
            timeout=300,
        )

    # --- texts -----------------------------------------------------------------------------

    @property
    def entry(self) -> Entry | None:
        """The change under the cursor, or None."""
        row = self.list.current
        return self._compared.entries[int(row.key)] if row and row.key.isdigit() and self._compared else None

    @on(RowView.Moved)
    def _moved(self) -> None:
        compared, entry = self._compared, self.entry
        if compared is not None and entry is not None:
            self._show_file(entry.change.file)
            line, old = compared.lines[compared.entries.index(entry)]
            self.texts.go_to_line(line, old=old)
        self.refresh_bindings()

    def _show_file(self, name: str) -> None:
        if name != self.texts.name_shown:
            self.texts.show(name, self._compared.files.get(name, ()) if self._compared else ())

    @on(RowView.Chosen)
    def _chosen(self) -> None:
        self.activate(self.texts)

    def action_next(self) -> None:
        """The next difference of the text."""
        self._walk(1)

    def action_previous(self) -> None:
        """The difference before."""
        self._walk(-1)

    def _walk(self, step: int) -> None:
        """To a difference; the text comes up where it stands behind the changes."""
        if not self.diff.region.area:
            self.activate(self.texts)
        self.texts.walk(step)

    def action_columns(self) -> None:
        """One column or two."""
        self.diff.unified = not self.diff.unified

    def action_fold(self) -> None:
        """Fold or show the lines that are the same."""
        self.diff.folded = not self.diff.folded

    # --- searching -------------------------------------------------------------------------

    def action_search(self) -> None:
        """Open the search in the text."""
        self.activate(self.texts)
        self.texts.open_search()

    def action_match(self) -> None:
        """The next place of what is searched."""
        self.texts.match()

    def action_match_back(self) -> None:
        """The place before."""
        self.texts.match(-1)

    def on_file_diff_searched(self) -> None:
        """There may be matches to go to."""
        self.refresh_bindings()

    # --- copying ---------------------------------------------------------------------------

    def action_copy(self) -> None:
        """The change as one line; in the texts, the difference that was gone to, as a patch."""
        from floe_tui.clipboard import copy

        if self.diff.has_focus and (hunk := self.diff.hunk):
            copy(self.app, hunk)
        elif entries := self._meant:
            copy(self.app, "\n".join(f"{entry.rule.id} {entry.place}: {entry.sentence}" for entry in entries))

    @property
    def _meant(self) -> Sequence[Entry]:
        """The changes that are marked, else the one under the cursor."""
        compared = self._compared
        keys = [row.key for row in self.list.meant if row.key.isdigit()]
        return [compared.entries[int(key)] for key in keys] if compared is not None else []

    def remember(self) -> dict[str, Any]:
        """Which sides were compared, how, and for whom."""
        return {
            "old": self._old,
            "new": self._new,
            "project": self._project,
            "unified": self.diff.unified,
        }
