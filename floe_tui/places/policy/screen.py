"""Policy: the platform's policies put to the test, case by case, and the tests put to it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from floe_engine import Cancelled, Event, FloeError, Transfer, read_bounded
from floe_tui.actions import Place, bindings
from floe_tui.hints import in_place, problems_of
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.policy.facts import (
    MANIFEST,
    Mutated,
    Shown,
    Tested,
    changed_files,
    explained,
    line_of,
    mutate,
    rows_of,
    rule_setting,
    rule_title,
    run_tests,
    unexercised_text,
)
from floe_tui.text import count
from floe_tui.themes import GLYPHS
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, RowView
from floe_tui.widgets.source_view import Remark, SourceView
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import CancelToken, Report, Stamps

LIMIT = 1_000_000
"""Bytes of a case file that are shown."""

NOT_RUN = "No tests were run yet.\nr  runs them"

TOLD = "What a case was given, what it expects, and what the platform says, is shown here."

LOOK = 1.0
"""Seconds between two looks at the files that the tests depend on, while this place is up."""


class PolicyScreen(PlaceScreen):
    """The third place."""

    place = Place.POLICY
    about = (
        "Runs the platform's policy tests: the four suites that every platform has, then the team's own "
        "case files. Each case is a small project and what the platform should say of it; a case is shown "
        "with what was given, expected and found. Saving the manifest or a case file runs them again. "
        "m weakens one demand of the platform at a time and asks whether any case notices; a survivor is "
        "a demand that could be dropped with every test still green. Enter folds a suite."
    )
    BINDINGS = [*bindings(Place.POLICY)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._tested: Tested | None = None
        self._mutated: Mutated | None = None
        self._only_failed = False
        self._folded: set[str] = set()
        self._shown: dict[str, Shown] = {}
        self._files: Callable[[], Sequence[Path]] | None = None
        self._stamps: Stamps | None = None

    def compose_body(self) -> ComposeResult:
        """Suites and cases; one case in full beside them."""
        with Horizontal(id="body"):
            with Frame(id="cases", classes="pane -active -list", title="Policies"):
                columns = (Column(), Column(width=7, right=True, tone="dim"))
                yield FilterList(columns, empty=NOT_RUN, markable=True, id="list")
            with Vertical(id="beside", classes="column -follows"):
                with Frame(id="case", classes="pane -follows", title="Case"):
                    yield TextView("", headings=True, wrap=True, empty=TOLD)
                with Frame(id="source", classes="pane", title="Source"):
                    yield SourceView(empty="It is made from the manifest itself: no file has it.")

    @property
    def frame(self) -> Frame:
        """The pane of the cases."""
        return self.query_one("#cases", Frame)

    def on_mount(self) -> None:
        """Run at once."""
        super().on_mount()
        self.list.view.focus()
        self.action_run_all()
        self.set_interval(LOOK, self._look)

    @property
    def list(self) -> FilterList:
        """Suites and cases."""
        return self.query_one("#list", FilterList)

    @property
    def shown(self) -> Shown | None:
        """What the row under the cursor stands for."""
        row = self.list.current
        return self._shown.get(row.key) if row else None

    def why_not(self, action_id: str) -> str:
        """One case needs a case, the failed ones a failure, a file one."""
        if action_id == "policy.one" and not self._chosen_names():
            return "no case is chosen"
        if action_id == "policy.failed" and not (self._tested and self._tested.failed):
            return "nothing failed"
        if action_id == "policy.open" and not (self.shown and (self.shown.path or self.shown.house)):
            return "no case of a file and no house rule is chosen"
        return ""

    # --- running ---------------------------------------------------------------------------

    def action_run_all(self) -> None:
        """Every suite."""
        self._run(())

    def action_run_one(self) -> None:
        """The case, or the suite, under the cursor."""
        self._run(self._chosen_names())

    def action_run_failed(self) -> None:
        """What failed the last time."""
        self._run(self._tested.failed if self._tested else ())

    def action_only_failed(self) -> None:
        """Show only what failed, or everything."""
        self._only_failed = not self._only_failed
        self._show()

    def _chosen_names(self) -> Sequence[str]:
        marked = [self._shown[row.key].case for row in self.list.meant if row.key in self._shown]
        if self.list.view.marked:
            return [case for case in marked if case]
        if self._tested is None or self.shown is None:
            return ()
        suite, case = self.shown.suite, self.shown.case
        return (case,) if case else [name for title, name in self._tested.results if title == suite]

    def _run(self, names: Sequence[str]) -> None:
        directory, before, files = self.workbench.options.directory, self._tested, self._files
        if not (directory / "manifest.yaml").is_file():
            self._nothing_to_test()
            return
        self.frame.entitle("Policies", note="running")
        self.list.empty = "The tests are running."

        seen: list[Stamps] = []

        def work(report: Report, cancel: CancelToken) -> Tested:
            seen.append(changed_files(directory, files)[1])  # what is saved from here on asks for another run
            return run_tests(directory, names, report, cancel)

        def ended() -> None:
            if seen and not names:
                self._stamps = seen[0]

        def failed(error: FloeError) -> None:
            ended()
            self._failed(error)

        def done(tested: Tested) -> None:
            ended()
            self._tested = before.renewed_by(tested) if names and before is not None else tested
            if not names:
                self._mutated = None  # they were of the platform as it was
            self._show()
            if before is None:
                self._go_to_failed()

        self.job(
            work,
            title="Testing policies",
            group="policy.run",
            done=done,
            failed=failed,
            timeout=300,
            command="floe platform test",
        )

    def _nothing_to_test(self) -> None:
        """Calmly: there is nothing wrong with a directory that is no platform's."""
        self.workbench.jobs.cancel("policy.run")
        self._tested, self._mutated, self._shown = None, None, {}
        self.list.empty = self.workbench.nothing_here("There is no platform to test in this directory.")
        self.list.set_rows([])
        self.frame.entitle("Policies")
        self.workbench.count(self.place, "")

    def _failed(self, error: FloeError) -> None:
        if isinstance(error, Cancelled):
            self._show()
            return
        self.frame.entitle("Policies", chip(f"{GLYPHS['error']} {error.title}", "error"))
        self._tested, self._mutated, self._shown = None, None, {}
        self.list.empty = in_place(error.title, error.hint)
        self.list.set_rows([])
        self.workbench.count(self.place, GLYPHS["error"], "error")
        found = problems_of(error)
        hint = f"→ {error.hint}" if error.hint else ""
        lines = [part for part in (error.where, error.message, *found, hint) if part]
        self.query_one(TextView).show("\n".join(lines))

    # --- running again on saving -----------------------------------------------------------

    def manifest_saved(self) -> None:
        """The platform may say something else now."""
        self._stamps = None
        self.action_run_all()

    def _look(self) -> None:
        """See whether the manifest or a case file was saved, by whatever program."""
        if not self.is_current or self.workbench.jobs.is_running("policy.look"):
            return
        directory, files = self.workbench.options.directory, self._files

        def done(seen: tuple[Callable[[], Sequence[Path]], Stamps]) -> None:
            before, (self._files, self._stamps) = self._stamps, seen
            if before is not None and before != self._stamps:
                self.action_run_all()

        self.job(
            lambda report, cancel: changed_files(directory, files),
            title="Looking at the files",
            group="policy.look",
            done=done,
            failed=lambda error: None,  # an unreadable directory shows itself when the tests run
            timeout=30,
            quiet=True,
        )

    # --- mutants ---------------------------------------------------------------------------

    def action_mutate(self) -> None:
        """Weaken one demand at a time: does any case notice?"""
        self._mutate(own=False)

    def action_mutate_own(self) -> None:
        """The same, with the team's own cases alone."""
        self._mutate(own=True)

    def _mutate(self, *, own: bool) -> None:
        directory, frame = self.workbench.options.directory, self.frame
        frame.entitle("Policies", note="weakening the platform")

        def progress(event: Event) -> None:
            if isinstance(event, Transfer):
                frame.entitle("Policies", note=f"{event.done} of {count(event.total, 'mutant')} judged")

        def done(mutated: Mutated) -> None:
            self._mutated = mutated
            self._show()
            self.list.view.move_to(mutated.title)

        self.job(
            lambda report, cancel: mutate(directory, own, report, cancel),
            title="Weakening one demand at a time",
            group="policy.mutate",
            done=done,
            failed=self._failed,
            progress=progress,
            timeout=1800,
            command=f"floe platform test --mutate{' --own' if own else ''}",
        )

    # --- showing ---------------------------------------------------------------------------

    def _show(self) -> None:
        tested = self._tested
        if tested is None:
            self.frame.entitle("Policies")
            self.list.empty = NOT_RUN
            return
        rows, self._shown = rows_of(tested, self._mutated, self._folded, only_failed=self._only_failed)
        self.list.set_rows(rows)
        failed, every = len(tested.failed), len(tested.results)
        said = chip(f"{GLYPHS['error']} {failed} of {every}", "error") if failed else ""
        passed = chip(f"{GLYPHS['done']} {count(every, 'case')}", "success")
        survived = ""
        if self._mutated is not None:
            left = len(self._mutated.survivors)
            survived = chip(self._mutated.said, "warning" if left else "success")
        self.frame.entitle("Policies", said or passed, survived)
        self.workbench.tally(self.place, failed)
        rules = count(len(tested.unexercised), "rule")
        untested = f"{rules} no case expects to fail" if tested.unexercised else ""
        self.post_message(StatusChanged(f"{tested.platform}  {untested}".strip()))
        self._moved()

    def _go_to_failed(self) -> None:
        """The first thing to look at, where something failed."""
        failed = (key for key, shown in self._shown.items() if shown.result and not shown.result.passed)
        if key := next(failed, ""):
            self.list.view.move_to(key)

    @on(RowView.Moved)
    def _moved(self) -> None:
        view, shown = self.query_one(TextView), self.shown
        if shown is not None and (shown.result is not None or shown.trial is not None):
            view.show(explained(shown))
            self.query_one("#case", Frame).entitle(shown.title)
        elif self._tested is not None:
            view.show(unexercised_text(self._tested))
            self.query_one("#case", Frame).entitle("What no case looks at")
        self._show_source(shown)
        self.refresh_bindings()

    @on(RowView.Chosen)
    def _chosen(self, event: RowView.Chosen) -> None:
        """Fold a suite; show a case."""
        shown = self._shown.get(event.row.key)
        if shown is not None and shown.is_head:
            self._folded ^= {shown.suite}
            self._show()
        else:
            self.activate(self.query_one("#case"))

    def _show_source(self, shown: Shown | None) -> None:
        """The case as its file has it, where it has one."""
        pane, source = self.query_one("#source", Frame), self.query_one(SourceView)
        result = shown.result if shown is not None else None
        if shown is not None and shown.path is None and self._show_setting(shown):
            return
        if shown is None or shown.path is None or result is None:
            rules = self._tested.unexercised if self._tested is not None else ()
            pane.entitle("Rules that no case expects to fail", chip(str(len(rules))))
            source.empty = "Every rule has a case that expects it to fail."
            source.show([f"{rule}  {rule_title(rule)}" for rule in rules])
            return
        try:
            lines = read_bounded(shown.path, LIMIT, what="case file").decode("utf-8", "replace").splitlines()
        except FloeError:
            lines = []
        failed = not result.passed
        said = "does not do what it expects" if failed else "does what it expects"
        sign, tone = ("✗", "error") if failed else ("✓", "success")
        pane.entitle(shown.path.name, note=f":{shown.line}")
        source.show(lines, "yaml", Remark(shown.line, sign, tone, said))

    def _show_setting(self, shown: Shown) -> bool:
        """The setting that a generated case or a mutant is about, where the manifest has it."""
        lines = self._tested.manifest if self._tested is not None else ()
        house = shown.house
        line = house.place.line + 1 if house else line_of(lines, rule_setting(shown.rule), shown.case)
        if not line:
            return False
        survived = shown.trial is not None and shown.trial.survived
        good = shown.result.passed if shown.result is not None else not survived
        sign, tone = (GLYPHS["done"], "success") if good else (GLYPHS["error"], "error")
        self.query_one("#source", Frame).entitle(MANIFEST, note=f":{line}")
        said = "" if house else f"{shown.rule} {rule_title(shown.rule)}"
        self.query_one(SourceView).show(lines, "yaml", Remark(line, sign, tone, said or "must be true"))
        return True

    async def action_open(self) -> None:
        """The case, in the user's editor; a house rule where the manifest is edited."""
        from floe_tui.external import editor_command, open_at

        shown = self.shown
        if shown is not None and shown.house is not None:
            await self.workbench.edit_rule(shown.house.id)
            return
        if shown is None or shown.path is None:
            return
        try:
            editor_command()
            with self.workbench.stepped_out():
                open_at(shown.path, shown.line)
        except FloeError as error:
            self.workbench.show_problem(error)
