"""Project: what the platform says of this dbt project, and the line to mend."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from floe_engine import FloeError
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.pinning import SEVERITIES, is_pinned, pin_stamp
from floe_tui.places.place import PlaceScreen
from floe_tui.places.project.facts import (
    GROUPS,
    UNPINNED,
    Judged,
    LocatedFinding,
    SensitiveWay,
    about_rule,
    about_way,
    coverage_rows,
    group_title,
    grouped,
    in_full,
    judge,
    mistakes,
    read_source,
    reasons,
    row_of,
    source_of,
    way_rows,
)
from floe_tui.places.project.mending import fix, not_mendable, waive
from floe_tui.places.registry.facts import first_use
from floe_tui.text import count, homely
from floe_tui.themes import GLYPHS
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.source_view import Remark, SourceView
from floe_tui.widgets.syntax import language_of
from floe_tui.widgets.text_view import TextView
from floe_tui.widgets.toned_lines import TonedLines

TOLD = "What the finding under the cursor says, and what mends it, is shown here."

WAYS = (Column(width=40, ends=True), Column(width=14, tone="info"), Column(tone="info"))


class ProjectScreen(PlaceScreen):
    """The sixth place."""

    place = Place.PROJECT
    about = (
        "Judges the dbt project by the platform that floe.yaml pins. ✗ stops a build, ! does not, "
        "- is waived or known from the baseline. f declares what findings ask for and w waives one, after "
        "showing what that writes; Enter or e opens the line in $EDITOR; t groups by rule, file, severity or "
        "waiver. u shows what another version of the platform would newly break here, "
        "before you take it."
    )
    BINDINGS = [*bindings(Place.PROJECT)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._judged: Judged | None = None
        self._pin: tuple[int, ...] = ()
        self._group = "rule"
        self._waived = True
        self._by_key: dict[str, LocatedFinding] = {}

    def compose_body(self) -> ComposeResult:
        """Summary and findings; the finding in full beside them."""
        columns = (Column(width=26, ends=True), Column(tone="info"))
        with Horizontal(id="body"):
            with Vertical(id="judged", classes="column -active"):
                with Frame(id="findings", classes="pane -active -list", title="Findings"):
                    yield FilterList(columns, empty="No findings.", markable=True, id="list")
                with Frame(id="sensitive", classes="pane -list -off", title="Where sensitive data goes"):
                    yield FilterList(WAYS, empty="Nothing here is sensitive.", id="ways")
            with Vertical(id="beside", classes="column -follows"):
                with Frame(id="source", classes="pane", title="Source"):
                    yield SourceView(empty="The finding under the cursor is shown here, where it is.")
                with Frame(id="finding", classes="pane -follows", title="Finding"):
                    yield TextView("", headings=True, wrap=True, empty=TOLD)
                with Frame(id="coverage", classes="pane", title="Test coverage by layer and owner"):
                    yield TonedLines()

    @property
    def frame(self) -> Frame:
        """The pane of the findings."""
        return self.query_one("#findings", Frame)

    def on_mount(self) -> None:
        """Judge at once, in a worker."""
        super().on_mount()
        remembered = self.workbench.remembered(Place.PROJECT)
        if remembered.get("group") in GROUPS:
            self._group = str(remembered["group"])
        self.list.view.focus()
        self.action_check()

    def on_screen_resume(self) -> None:
        """Judge again where another version was pinned meanwhile."""
        if self._pin and self._pin != pin_stamp(self.workbench.options.directory):
            self.action_check()

    @property
    def list(self) -> FilterList:
        """The findings."""
        return self.query_one("#list", FilterList)

    @property
    def finding(self) -> LocatedFinding | None:
        """The finding under the cursor, or None."""
        row = self.list.current
        return self._by_key.get(row.key) if row else None

    @property
    def meant(self) -> tuple[LocatedFinding, ...]:
        """The findings that are marked, else the one under the cursor."""
        return tuple(self._by_key[row.key] for row in self.list.meant if row.key in self._by_key)

    def why_not(self, action_id: str) -> str:
        """Opening and copying need a finding, moving a pin."""
        if (action_id == "project.open" and self.finding is None) or (
            action_id == "project.copy" and not self.meant
        ):
            return "no finding is chosen"
        if action_id == "project.open" and self.finding is not None and self.finding.file is None:
            return "it is the platform's, which has no file here"
        if action_id == "project.fix":
            allowed = self._judged is None or not self._judged.allowed.why_not
            return not_mendable(self._rules_meant, waivable=allowed)
        if action_id == "project.waive":
            return self._not_waivable
        if action_id in {"project.upgrade", "project.undo"} and not is_pinned(
            self.workbench.options.directory
        ):
            return "nothing is pinned here yet (F6)"
        return ""

    # --- judging ---------------------------------------------------------------------------

    def action_check(self) -> None:
        """Judge; write nothing but the cache."""
        self._judge(write=False)

    def action_compile(self) -> None:
        """Judge and write the profile."""
        self._judge(write=True)

    def _judge(self, *, write: bool) -> None:
        options, jobs = self.workbench.options, self.workbench.jobs
        directory = options.directory
        self._pin = pin_stamp(directory)
        self.frame.entitle("Findings", note="judging the project")
        self.list.empty = "The project is being judged."

        def failed(error: FloeError) -> None:
            self._judged = None
            self._pin = pin_stamp(directory)
            pinned = is_pinned(directory)
            wrong = [chip(f"{GLYPHS['error']} {error.title}", "error")] if pinned else []
            self.frame.entitle("Findings", *wrong)
            self.list.empty = "" if pinned else UNPINNED
            self.query_one("#coverage").set_class(True, "-off")
            self.workbench.count(self.place, GLYPHS["error"] if pinned else "", "error")
            self._by_key = {}
            rows = reasons(error, directory)
            for item in mistakes(error, directory):
                key = f"mistake {len(rows)}"
                self._by_key[key] = item
                rows.append(row_of(key, item))
            self.list.set_rows(rows)
            parts = (error.where, error.message, f"→ {error.hint}" if error.hint else "")
            lines = [homely(part) for part in parts if part]
            text = "\n".join([f"# {error.title}", *lines, "", "$ floe compile"])
            self.query_one(TextView).show(text if pinned else "")
            self.refresh_bindings()

        self.job(
            lambda report, cancel: judge(
                directory, write, first_use(jobs, cancel), report, cancel, read_only=options.read_only
            ),
            title="Judging the project",
            group="project.judge",
            done=self._done,
            failed=failed,
            timeout=300,
            command="floe compile",
        )

    def _done(self, judged: Judged) -> None:
        self._judged = judged
        self.list.empty = "No findings."
        self._pin = pin_stamp(self.workbench.options.directory)
        if judged.profile:
            self.notify(judged.profile, markup=False)
        self._show()

    def _summarise(self) -> None:
        """How many of each kind, and the seed's three steps."""
        judged = self._judged
        if judged is None:
            return
        found = Counter("" if item.quiet else item.finding.severity for item in judged.findings)
        chips = [
            chip(f"{GLYPHS[severity]} {found[severity]}", severity)
            for severity in ("error", "warning", "info")
            if found[severity]
        ]
        chips = chips or [chip(f"{GLYPHS['done']} nothing to mend", "success")]
        chips += [chip(f"{found['']} waived")] if found[""] else []
        self.frame.entitle("Findings", *chips)
        self.frame.tell(note=f"by {self._group}")
        name, _, version = judged.platform.rpartition(" ")
        self.workbench.orient(platform=name, version=version)
        errors, warnings = found["error"], found["warning"]
        self.workbench.tally(self.place, errors, warnings)
        coverage = self.query_one("#coverage", Frame)
        coverage.set_class(not judged.layers, "-off")
        lines = coverage_rows(judged, self.query_one(TonedLines).size.width)
        coverage.styles.height = min(10, len(lines) + 2)
        coverage.tell(note=f"│ {judged.least} % demanded" if judged.least else "nothing is demanded")
        self.query_one(TonedLines).show(lines)
        self._show_ways(judged)

    def _show_ways(self, judged: Judged) -> None:
        """Where what is sensitive goes."""
        pane, listing = self.query_one("#sensitive", Frame), self.query_one("#ways", FilterList)
        pane.set_class(not judged.ways, "-off")
        pane.styles.max_height = len(judged.ways) + 3
        low = sum(1 for way in judged.ways if way.reached.state == "too low")
        chips = [chip(f"{GLYPHS['error']} {low} too low", "error")] if low else []
        pane.entitle("Where sensitive data goes", chip(count(len(judged.ways), "column")), *chips)
        widest = max((cell_len(f"{way.lead}{way.reached.place}") for way in judged.ways), default=0)
        levels = max((cell_len(way.reached.level) for way in judged.ways), default=0)
        places = Column(width=max(12, min(40, widest)), ends=True)
        listing.view.columns = (places, Column(width=min(14, levels), tone="info"), WAYS[2])
        listing.set_rows(way_rows(judged))

    def _show(self) -> None:
        judged = self._judged
        if judged is None:
            return
        findings = [item for item in judged.findings if self._waived or not item.quiet]
        self._by_key = {item.key: item for item in findings}
        rows: list[Row] = []
        for name, members in grouped(findings, self._group):
            head = group_title(name, members, self._group)
            rows.append(Row(f"group {name}", head, " ", "info", heading=True))
            rows += [judged.rows[item.key] for item in members]
        names = max((len(item.finding.subject) for item in findings), default=0)
        self.list.view.columns = (Column(width=max(8, min(26, names)), ends=True), Column(tone="info"))
        self.list.set_rows(rows)
        if self._by_key and self.finding is None and self.list.view.cursor == 0 and len(rows) > 1:
            self.list.view.move_to(rows[1].key)  # the first finding, so that its source is there at once
        self._summarise()
        found = Counter("-" if item.quiet else item.finding.severity for item in judged.findings)
        numbers = ", ".join(count(found[name], noun) for name, noun in SEVERITIES.items() if found[name])
        hidden = f", {found['-']} waived or known" if found["-"] else ""
        models = count(judged.models, "model")
        said = f"{judged.platform}: {models}, {numbers or 'nothing to mend'}{hidden}, by {self._group}"
        self.post_message(StatusChanged(said))
        self._moved()  # the cursor has stayed, but the file under it may have changed

    @property
    def _way(self) -> SensitiveWay | None:
        """The place in the tree under the cursor, where that tree has the focus."""
        listing = self.query_one("#ways", FilterList)
        row = listing.current
        if self._judged is None or row is None or not listing.view.has_focus:
            return None
        return self._judged.ways[int(row.key.removeprefix("way "))]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What stands beside the lists is of the one that has the focus."""
        super().on_descendant_focus(event)
        if isinstance(event.widget, RowView):
            self._moved()

    @on(RowView.Moved)
    def _moved(self) -> None:
        if (way := self._way) is not None:
            self._show_way(way)
            self.refresh_bindings()
            return
        finding = self.finding
        self._show_source(finding)
        pane = self.query_one("#finding", Frame)
        if finding is not None:
            self.query_one(TextView).show(in_full(finding))
            pane.entitle(finding.finding.subject, note=finding.finding.rule)
        elif self._judged is not None:
            row = self.list.current
            self.query_one(TextView).show(about_rule(row.key.removeprefix("group ")) if row else "")
            pane.entitle(row.cells[1] if row and row.heading and len(row.cells) > 1 else "Finding")
        self.refresh_bindings()

    def _show_way(self, way: SensitiveWay) -> None:
        """Where a sensitive column is, and what is said of it."""
        reached, (sign, tone, words) = way.reached, way.sign
        pane = self.query_one("#finding", Frame)
        pane.entitle(reached.place, note=reached.level)
        self.query_one(TextView).show(about_way(way))
        source = self.query_one(SourceView)
        try:
            text = read_source(way.file)
        except FloeError as error:
            text = [f"{error.title}: {way.shown}"]
        line = max(1, reached.line)
        source.show(text, language_of(way.shown), Remark(line, sign, str(tone), f"{reached.level}, {words}"))
        self.query_one("#source", Frame).entitle(way.shown, note=f":{line}")

    def _show_source(self, item: LocatedFinding | None) -> None:
        """The line in its file; read here, because it is short and the cursor moves on."""
        pane, source = self.query_one("#source", Frame), self.query_one(SourceView)
        if item is None or item.file is None:
            source.show(())
            pane.entitle("Source")
            return
        try:
            lines, remark = source_of(item)
        except FloeError as error:
            source.show((f"{error.title}: {item.shown}",))
        else:
            source.show(lines, language_of(item.shown), remark)
        pane.entitle(item.shown, note=f":{item.finding.line}")

    # --- actions ---------------------------------------------------------------------------

    def action_group(self) -> None:
        """The next way to group."""
        self._group = GROUPS[(GROUPS.index(self._group) + 1) % len(GROUPS)]
        self._show()

    def action_waived(self) -> None:
        """Show or hide what stops nobody."""
        self._waived = not self._waived
        self._show()

    @on(RowView.Chosen)
    def action_open(self) -> None:
        """The line, in the user's editor."""
        from floe_tui.external import editor_command, open_at

        item, way = self.finding, self._way
        if way is not None:
            file, shown, line = way.file, way.shown, max(1, way.reached.line)
        elif item is not None and item.file is not None:
            file, shown, line = item.file, item.shown, item.finding.line
        else:
            return
        try:
            editor_command()
            if not file.is_file():
                raise FloeError("the file is not there any more", where=shown)
            with self.workbench.stepped_out():
                open_at(file, line)
        except FloeError as error:
            self.workbench.show_problem(error)
        else:
            self.action_check()

    def action_copy(self) -> None:
        """The finding, or those that are marked, a line each."""
        from floe_tui.clipboard import copy

        if items := self.meant:
            copy(
                self.app,
                "\n".join(f"{item.place}: {item.finding.rule} {item.finding.message}" for item in items),
            )

    # --- mending ---------------------------------------------------------------------------

    @property
    def _to_mend(self) -> tuple[LocatedFinding, ...]:
        """The findings that are marked, the one under the cursor, or all under a heading."""
        items = self.meant or tuple(
            self._by_key[row.key] for row in self.list.under_cursor if row.key in self._by_key
        )
        return tuple(item for item in items if not item.finding.waived and self._judged is not None)

    @property
    def _rules_meant(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.finding.rule for item in self._to_mend))

    @property
    def _not_waivable(self) -> str:
        item = self.finding
        if self._judged is None or item is None:
            return "no finding is chosen"
        if item.finding.waived:
            return "it is waived already"
        return "" if item.finding.fingerprint and item.file is not None else "it is the platform's own"

    def action_fix(self) -> None:
        """Declare what findings ask for, after showing it."""
        subjects = tuple(dict.fromkeys(item.finding.subject for item in self._to_mend))
        fix(self, self._rules_meant, subjects, self.action_check)

    def action_waive(self) -> None:
        """Excuse the finding under the cursor, after showing what that writes."""
        if self.finding is None or self._judged is None:
            return
        if reason := self._judged.allowed.why_not:
            way = "e opens its line" if not_mendable(self._rules_meant) else "f mends it"
            hint = f"{way}, or the platform team waives it in manifest.yaml"
            self.workbench.show_problem(FloeError(reason, hint=hint))
        else:
            waive(self, self.finding.finding, self._judged.allowed, self.action_check)

    # --- another version -------------------------------------------------------------------

    def action_upgrade(self) -> None:
        """Choose another version of the platform, and see what it would do to this project."""
        from floe_tui.panels.moving import choose_upgrade

        choose_upgrade(self, self.action_check)

    def action_undo(self) -> None:
        """Take the last move of the pin back."""
        from floe_tui.panels.moving import undo_pin

        undo_pin(self, self.action_check)

    def remember(self) -> dict[str, Any]:
        """How findings are grouped."""
        return {"group": self._group}
