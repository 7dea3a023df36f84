"""Policy: the platform's policies put to the test, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from floe_engine import CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.screens.place import PlaceScreen
from floe_tui.text import count, plain
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row, RowView, Tone
from floe_tui.widgets.text_view import TextView


@dataclass(frozen=True, slots=True)
class Tested:
    """One run: each case's result by suite title and case name, in their order."""

    platform: str
    results: dict[tuple[str, str], Any]
    unexercised: tuple[str, ...]


class PolicyScreen(PlaceScreen):
    """The third place."""

    place = Place.POLICY
    about = (
        "Runs the platform's policy tests: the four suites that every platform has, then the team's own "
        "case files. Each case is a small project and what the platform should say of it; a case is shown "
        "with what was given, expected and found. Saving the manifest runs them again."
    )
    BINDINGS = [*bindings(Place.POLICY)]
    CSS_PATH = "policy.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._results: dict[tuple[str, str], Any] = {}
        self._unexercised: tuple[str, ...] = ()
        self._only_failed = False
        self._platform = ""

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

    @property
    def list(self) -> FilterList:
        """Suites and cases."""
        return self.query_one("#list", FilterList)

    def why_not(self, action_id: str) -> str:
        """One case needs a case, the failed ones a failure."""
        if action_id == "policy.one" and not self._chosen_names():
            return "no case is chosen"
        if action_id == "policy.failed" and not self._failed_names():
            return "nothing failed"
        return ""

    def manifest_saved(self) -> None:
        """The platform may say something else now."""
        self.action_run_all()

    # --- running ---------------------------------------------------------------------------

    def action_run_all(self) -> None:
        """Every suite."""
        self._run(())

    def action_run_one(self) -> None:
        """The case, or the suite, under the cursor."""
        self._run(self._chosen_names())

    def action_run_failed(self) -> None:
        """What failed the last time."""
        self._run(self._failed_names())

    def action_only_failed(self) -> None:
        """Show only what failed, or everything."""
        self._only_failed = not self._only_failed
        self._show()

    def _chosen_names(self) -> tuple[str, ...]:
        row = self.list.current
        if row is None:
            return ()
        suite, _, case = row.key.partition("\n")
        return (case,) if case else tuple(name for title, name in self._results if title == suite)

    def _failed_names(self) -> tuple[str, ...]:
        return tuple(name for (_, name), result in self._results.items() if not result.passed)

    def _run(self, names: Sequence[str]) -> None:
        directory = self.workbench.options.directory
        self.query_one("#summary", Label).update("running")

        def done(tested: Tested) -> None:
            if names:
                self._results.update(tested.results)
            else:
                self._results, self._unexercised = tested.results, tested.unexercised
            self._platform = tested.platform
            self._show()

        def failed(error: FloeError) -> None:
            self.query_one("#summary", Label).update(plain(f"✗ {error.title}"))
            found = [f"✗ {item.span.start} {item.message}" for item in getattr(error, "diagnostics", ())]
            hint = f"→ {error.hint}" if error.hint else ""
            lines = [part for part in (error.where, error.message, *found, hint) if part]
            self.query_one(TextView).show("\n".join(lines))

        self.job(
            lambda report, cancel: run_tests(directory, names, report, cancel),
            title="Testing policies",
            group="policy.run",
            done=done,
            failed=failed,
            timeout=300,
            command="floe platform test",
        )

    # --- showing ---------------------------------------------------------------------------

    def _show(self) -> None:
        rows: list[Row] = []
        suites: dict[str, list[tuple[str, Any]]] = {}
        for (suite, name), result in self._results.items():
            suites.setdefault(suite, []).append((name, result))
        for suite, cases in suites.items():
            good = sum(1 for _, result in cases if result.passed)
            whole = good == len(cases)
            if self._only_failed and whole:
                continue
            sign, tone = judged(whole)
            rows.append(Row(suite, (suite, f"{good}/{len(cases)}"), sign, tone))
            rows += [case_row(suite, *case) for case in cases if not (self._only_failed and case[1].passed)]
        self.list.set_rows(rows)
        failures = len(self._failed_names())
        good = len(self._results) - failures
        sign = "✓" if not failures else "✗"
        text = f"{sign} {count(len(suites), 'suite')}, {good} of {count(len(self._results), 'case')} passed"
        self.query_one("#summary", Label).update(plain(text))
        rules = count(len(self._unexercised), "rule")
        untested = f"{rules} no case expects to fail" if self._unexercised else ""
        self.post_message(StatusChanged(f"{self._platform}  {untested}".strip()))
        self._moved()

    @on(RowView.Moved)
    def _moved(self) -> None:
        row = self.list.current
        view = self.query_one(TextView)
        suite, _, name = row.key.partition("\n") if row else ("", "", "")
        result = self._results.get((suite, name))
        if result is not None:
            view.show(in_full(result))
        elif self._unexercised:
            view.show("\n".join(["# Rules that no case expects to fail", *self._unexercised]))
        else:
            view.show("")
        self.refresh_bindings()

    @on(RowView.Chosen)
    def _chosen(self) -> None:
        self.activate(self.query_one("#case"))


def run_tests(directory: Path, names: Sequence[str], report: Report, cancel: CancelToken) -> Tested:
    """Run the policy tests of a directory's manifest; with `names`, only the cases of these names."""
    from floe_engine import Workspace, test_policies

    run = test_policies(Workspace.open(directory), select=tuple(names), report=report, cancel=cancel)
    results = {
        (suite.suite.title, result.case.name): result
        for suite in run.suites
        for result in suite.cases
        if not names or result.case.name in names
    }
    return Tested(run.platform, results, tuple(run.unexercised))


def judged(passed: bool) -> tuple[str, Tone]:
    """Sign and tone."""
    return ("✓", "success") if passed else ("✗", "error")


def case_row(suite: str, name: str, result: Any) -> Row:
    """A case as a row under its suite."""
    sign, tone = judged(result.passed)
    return Row(f"{suite}\n{name}", (f"  {name}", ""), sign, tone, suite)


def in_full(result: Any) -> str:
    """A case: given, expected, found."""
    case = result.case
    lines = [f"# {case.name}", "", "# Given", case.given or f"{count(len(case.project.models), 'model')}"]
    lines += ["", "# Expected and found"]
    for checked in result.checked:
        wanted = checked.expected
        sign, _ = judged(checked.ok)
        what = f"{wanted.rule} on {wanted.resource}"
        lines.append(f"{sign} {what}: expected {wanted.result}, found {checked.actual}")
        if checked.detail:
            lines.append(f"    {checked.detail}")
    if result.unexpected:
        lines += ["", "# Found, and not expected"]
        lines += [f"✗ {item.rule} {item.subject}: {item.message}" for item in result.unexpected]
    return "\n".join(lines)
