"""Policy: the platform's policies put to the test, case by case, and the tests put to it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from floe_engine import Cancelled, Event, FloeError, Transfer
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.policy.facts import (
    Mutated,
    Shown,
    Tested,
    changed_files,
    explained,
    mutate,
    rows_of,
    run_tests,
    unexercised_text,
)
from floe_tui.text import count, plain
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, RowView
from floe_tui.widgets.text_view import TextView

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
        self._stamps: Any = None

    def compose_body(self) -> ComposeResult:
        """Suites and cases; one case in full beside them."""
        with Horizontal(id="body"):
            with Vertical(id="cases", classes="pane"):
                yield Label("", id="summary", markup=False)
                columns = (Column("Case"), Column("Passed", 9, right=True))
                yield FilterList(columns, empty="No tests were run yet (r).", id="list")
            with Vertical(id="case", classes="pane"):
                yield TextView("", headings=True, wrap=True)

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
        if action_id == "policy.open" and (self.shown is None or self.shown.path is None):
            return "no case of a file is chosen"
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
        if self._tested is None or self.shown is None:
            return ()
        suite, case = self.shown.suite, self.shown.case
        return (case,) if case else [name for title, name in self._tested.results if title == suite]

    def _run(self, names: Sequence[str]) -> None:
        directory, before = self.workbench.options.directory, self._tested
        self.query_one("#summary", Label).update("running")

        def done(tested: Tested) -> None:
            self._tested = before.renewed_by(tested) if names and before is not None else tested
            if not names:
                self._mutated = None  # they were of the platform as it was
            self._show()
            if before is None:
                self._go_to_failed()

        self.job(
            lambda report, cancel: run_tests(directory, names, report, cancel),
            title="Testing policies",
            group="policy.run",
            done=done,
            failed=self._failed,
            timeout=300,
            command="floe platform test",
        )

    def _failed(self, error: FloeError) -> None:
        if isinstance(error, Cancelled):
            self._show()
            return
        self.query_one("#summary", Label).update(plain(f"✗ {error.title}"))
        found = [f"✗ {item.span.start} {item.message}" for item in getattr(error, "diagnostics", ())]
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
        if not self.is_current:
            return
        directory, files = self.workbench.options.directory, self._files

        def done(seen: tuple[Callable[[], Sequence[Path]], Any]) -> None:
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
        directory, label = self.workbench.options.directory, self.query_one("#summary", Label)
        label.update("weakening the platform")

        def progress(event: Event) -> None:
            if isinstance(event, Transfer):
                label.update(plain(f"{event.done} of {count(event.total, 'mutant')} judged"))

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
            self.query_one("#summary", Label).update("No tests were run yet (r).")
            return
        rows, self._shown = rows_of(tested, self._mutated, self._folded, only_failed=self._only_failed)
        self.list.set_rows(rows)
        sign = "✗" if tested.failed else "✓"
        good, every = len(tested.results) - len(tested.failed), count(len(tested.results), "case")
        text = f"{good} of {every} passed"
        if self._mutated is None:
            text = f"{sign} {count(len(tested.suites), 'suite')}, {text}"
        else:  # the suites can be counted, and what the mutants did must not be cut
            text = f"{sign} {text}; {self._mutated.said}"
        self.query_one("#summary", Label).update(plain(text))
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
        elif self._tested is not None:
            view.show(unexercised_text(self._tested))
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

    def action_open(self) -> None:
        """The case, in the user's editor."""
        from floe_tui.external import editor_command, open_at

        shown = self.shown
        if shown is None or shown.path is None:
            return
        try:
            editor_command()
            with self.workbench.stepped_out():
                open_at(shown.path, shown.line)
        except FloeError as error:
            self.workbench.show_problem(error)
