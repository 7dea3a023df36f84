"""Project: what the platform says of this dbt project, and the line to mend."""

from __future__ import annotations

from collections import Counter
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
from floe_tui.registry_facts import first_use
from floe_tui.screens.place import PlaceScreen
from floe_tui.text import count, plain
from floe_tui.themes import GLYPHS
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row, RowView, Tone
from floe_tui.widgets.text_view import TextView

GROUPS = ("rule", "file", "severity")
NOUNS = {"error": "error", "warning": "warning", "info": "hint"}
ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement of the project."""

    platform: str
    steps: tuple[tuple[str, str, str], ...]
    """Title, outcome and numbers of the seed's three lines."""
    findings: tuple[Any, ...]
    models: int
    profile: str


class ProjectScreen(PlaceScreen):
    """The sixth place."""

    place = Place.PROJECT
    about = (
        "Judges the dbt project by the platform that floe.yaml pins. ✗ stops a build, ! does not, "
        "- is waived or known from the baseline. Enter or e opens the line in $EDITOR; t groups by rule, "
        "file or severity."
    )
    BINDINGS = [*bindings(Place.PROJECT)]
    CSS_PATH = "project.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._judged: Judged | None = None
        self._group = "rule"
        self._waived = True
        self._shown: dict[str, Any] = {}

    def compose_body(self) -> ComposeResult:
        """Summary and findings; the finding in full beside them."""
        columns = (Column("Rule", 10), Column("Where", 34), Column("What"))
        with Horizontal(id="body"):
            with Vertical(id="findings", classes="pane"):
                yield Label("", id="summary", markup=False)
                yield FilterList(columns, empty="No findings.", id="list")
            with Vertical(id="finding", classes="pane"):
                yield TextView("", headings=True, wrap=True)

    def on_mount(self) -> None:
        """Judge at once, in a worker."""
        super().on_mount()
        remembered = self.workbench.remembered(Place.PROJECT)
        if remembered.get("group") in GROUPS:
            self._group = str(remembered["group"])
        self.list.view.focus()
        self.action_check()

    @property
    def list(self) -> FilterList:
        """The findings."""
        return self.query_one("#list", FilterList)

    @property
    def finding(self) -> Any:
        """The finding under the cursor, or None."""
        row = self.list.current
        return self._shown.get(row.key) if row else None

    def why_not(self, action_id: str) -> str:
        """Opening and copying need a finding."""
        needs = {"project.open", "project.copy"}
        return "no finding is chosen" if action_id in needs and self.finding is None else ""

    # --- judging ---------------------------------------------------------------------------

    def action_check(self) -> None:
        """Judge; write nothing but the cache."""
        self._judge(write=False)

    def action_compile(self) -> None:
        """Judge and write the profile."""
        self._judge(write=True)

    def _judge(self, *, write: bool) -> None:
        directory, jobs = self.workbench.options.directory, self.workbench.jobs
        self.query_one("#summary", Label).update("judging the project")

        def failed(error: FloeError) -> None:
            self.query_one("#summary", Label).update(plain(f"✗ {error.title}"))
            parts = (error.where, error.message, f"→ {error.hint}" if error.hint else "")
            lines = [part for part in parts if part]
            lines += [f"✗ {item.span.start} {item.message}" for item in getattr(error, "diagnostics", ())]
            self.list.set_rows([])
            self.query_one(TextView).show("\n".join(["# floe compile", error.title, *lines]))

        self.job(
            lambda report, cancel: judge(directory, write, first_use(jobs, cancel), report, cancel),
            title="Judging the project",
            group="project.judge",
            done=self._done,
            failed=failed,
            timeout=300,
            command="floe compile",
        )

    def _done(self, judged: Judged) -> None:
        self._judged = judged
        parts = [f"{GLYPHS.get(outcome, ' ')} {title}{numbers}" for title, outcome, numbers in judged.steps]
        self.query_one("#summary", Label).update(plain("   ".join(parts)))
        if judged.profile:
            self.notify(judged.profile, markup=False)
        self._show()

    def _show(self) -> None:
        judged = self._judged
        if judged is None:
            return
        findings = [item for item in judged.findings if self._waived or not quiet(item)]
        self._shown = {}
        rows: list[Row] = []
        for name, members in grouped(findings, self._group):
            rows.append(Row(f"group {name}", (name, f"{len(members)}", ""), " ", "info"))
            for item in members:
                key = f"{item.fingerprint} {len(rows)}"
                self._shown[key] = item
                rows.append(row_of(key, item))
        self.list.set_rows(rows)
        found = Counter("-" if quiet(item) else item.severity for item in judged.findings)
        numbers = ", ".join(count(found[name], noun) for name, noun in NOUNS.items() if found[name])
        hidden = f", {found['-']} waived or known" if found["-"] else ""
        models = count(judged.models, "model")
        said = f"{judged.platform}: {models}, {numbers or 'nothing to mend'}{hidden}"
        self.post_message(StatusChanged(said))
        self.refresh_bindings()

    @on(RowView.Moved)
    def _moved(self) -> None:
        finding = self.finding
        self.query_one(TextView).show(in_full(finding) if finding is not None else "")
        self.refresh_bindings()

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

        finding = self.finding
        if finding is None:
            return
        path = (self.workbench.options.directory / finding.path).resolve()
        try:
            editor_command()
            if not path.is_file():
                raise FloeError("the file is not there any more", where=str(finding.path))
            with self.workbench.stepped_out():
                open_at(path, finding.line)
        except FloeError as error:
            self.workbench.show_problem(error)
        else:
            self.action_check()

    def action_copy(self) -> None:
        """The finding, as one line."""
        from floe_tui.clipboard import copy

        if (item := self.finding) is not None:
            self.notify(copy(self.app, f"{item.path}:{item.line}: {item.rule} {item.message}"), markup=False)

    def remember(self) -> dict[str, Any]:
        """How findings are grouped."""
        return {"group": self._group}


def judge(directory: Path, write: bool, ask: Any, report: Report, cancel: CancelToken) -> Judged:
    """Compile the project of a directory."""
    from floe_engine import CompileOptions, Workspace, compile_project

    options = CompileOptions(write_profile=write)
    workspace = Workspace.open(directory)
    done = compile_project(workspace, options=options, ask=ask, report=report, cancel=cancel)
    findings = [item for evaluation in done.evaluations for item in evaluation.findings]
    steps = [
        (step.title, step.outcome, "".join((f" {step.errors} ✗" if step.errors else "",
                                            f" {step.warnings} !" if step.warnings else "")))
        for evaluation in done.evaluations
        for step in evaluation.steps
    ]  # fmt: skip
    written = f"✓ profiles.yml {done.profile_outcome}" if write and done.profile_path else ""
    models = sum(evaluation.models for evaluation in done.evaluations)
    platform = f"{done.platform.name} {done.platform.version}"
    return Judged(platform, tuple(steps), tuple(findings), models, written)


def quiet(finding: Any) -> bool:
    """Whether it stops nobody, because it is waived or was known before."""
    return bool(finding.waived or finding.baseline)


def grouped(findings: Sequence[Any], by: str) -> list[tuple[str, list[Any]]]:
    """Findings in groups; the groups with the worst findings first, then the largest."""
    groups: dict[str, list[Any]] = {}
    for item in findings:
        name = {"rule": item.rule, "file": item.path, "severity": item.severity}[by]
        groups.setdefault(name, []).append(item)

    def worst(group: tuple[str, list[Any]]) -> tuple[int, int, str]:
        name, members = group
        return min(ORDER[item.severity] + 3 * quiet(item) for item in members), -len(members), name

    return sorted(groups.items(), key=worst)


def row_of(key: str, finding: Any) -> Row:
    """A finding as a row."""
    tones: dict[str, Tone] = {"error": "error", "warning": "warning", "info": "info"}
    sign, tone = GLYPHS[finding.severity], tones[finding.severity]
    if quiet(finding):
        sign, tone = GLYPHS["skipped"], "dim"
    cells = (finding.rule, f"{finding.subject}", finding.message)
    return Row(key, cells, sign, tone, f"{finding.path} {finding.severity}")


def in_full(finding: Any) -> str:
    """A finding with everything that helps to mend it."""
    lines = [
        f"# {finding.rule} {finding.subject}",
        finding.message,
        "",
        f"at         {finding.path}:{finding.line}",
    ]
    for label, value in (
        ("expected", finding.expected),
        ("actual", finding.actual),
        ("do", finding.suggestion),
        ("depends", f"{finding.downstream} models and exposures" if finding.downstream else ""),
    ):
        if value:
            lines.append(f"{label:<10} {value}")
    if waiver := finding.waiver:
        lines += ["", "# Waiver", f"{waiver.id}: {waiver.reason}"]
        lines.append(f"owner      {waiver.owner or 'nobody'}")
        lines.append(f"until      {waiver.expires or 'for ever'}")
    if finding.baseline:
        lines += ["", "Known from the baseline: it stops nothing."]
    return "\n".join(lines)
