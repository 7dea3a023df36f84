"""Registry: which versions there are, what is known of each, and taking one."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Label

from floe_engine import CancelToken, FloeError, Report, human_size
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.registry_facts import Versions, details, first_use, judged, list_all, ranges, verdict_lines
from floe_tui.screens.place import PlaceScreen
from floe_tui.text import count, homely, plain
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.text_view import TextView

AROUND = 30
"""Versions described around the cursor; the others wait until it comes near."""

REST = 0.15
"""Seconds that the cursor rests before what is near it is asked for."""

COLUMNS = (
    Column("Version", 14),
    Column("Digest", 19),
    Column("Created", 10),
    Column("Size", 8, right=True),
    Column("Change", 10),
    Column("Signer"),
)


class RegistryScreen(PlaceScreen):
    """The fifth place."""

    place = Place.REGISTRY
    about = (
        "The versions of the registry, newest first. ✓ is signed by somebody you trust, ! signed by "
        "others, - not signed; ▸ is the version this directory has locked. Enter shows a version's "
        "files and signatures. The constraint box says what a range such as v1.2.* would take."
    )
    BINDINGS = [*bindings(Place.REGISTRY)]
    CSS_PATH = "registry.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._versions: Versions | None = None
        self._facts: dict[str, Any] = {}
        self._rest: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """Where, constraint, versions; details beside them."""
        with Horizontal(id="body"):
            with Vertical(id="versions", classes="pane"):
                yield Label("", id="where", markup=False)
                with Horizontal(id="ask"):
                    yield Label("Constraint")
                    yield Input(placeholder="v1.2.*", id="constraint", compact=True)
                    yield Label("", id="resolved", markup=False)
                yield FilterList(COLUMNS, empty="No versions here yet.", id="list")
            with Vertical(id="details", classes="pane"):
                yield TextView("Enter on a version shows its files and signatures.", headings=True, wrap=True)

    def on_mount(self) -> None:
        """Paint first, ask the registry in a worker."""
        super().on_mount()
        self.list.view.focus()
        self.action_refresh()

    @property
    def list(self) -> FilterList:
        """The versions."""
        return self.query_one("#list", FilterList)

    @property
    def tag(self) -> str:
        """The version under the cursor."""
        row = self.list.current
        return row.key if row else ""

    def why_not(self, action_id: str) -> str:
        """Most things need a version."""
        needs = {"registry.pull", "registry.verify", "registry.pin", "registry.copy"}
        return "no version is chosen" if action_id in needs and not self.tag else ""

    # --- listing ---------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask the registry for its tags."""
        directory = self.workbench.options.directory

        def failed(error: FloeError) -> None:
            self._offline(error)

        self.query_one("#where", Label).update("asking the registry")
        self.job(
            lambda report, cancel: list_all(directory, False, cancel),
            title="Listing versions",
            group="registry.list",
            done=self._listed,
            failed=failed,
            timeout=45,
            command="floe platform list",
        )

    def _offline(self, error: FloeError) -> None:
        """The registry does not answer: show what was seen the last time, and say why."""
        directory = self.workbench.options.directory
        self.query_one("#where", Label).update(plain(f"✗ {error.title}"))

        def shown(versions: Versions) -> None:
            self._listed(versions)
            self.notify(f"{error.title}. Shown is what was seen at {versions.listed_at}.", markup=False)

        self.job(
            lambda report, cancel: list_all(directory, True, cancel),
            title="Reading the last listing",
            group="registry.list",
            done=shown,
            failed=lambda _: self.workbench.show_problem(error, "floe platform list"),
            timeout=20,
            quiet=True,
        )

    def _listed(self, versions: Versions) -> None:
        self._versions = versions
        seen = f"  (offline, seen {versions.listed_at})" if versions.cached else ""
        skipped = f"  {versions.ignored} other tags" if versions.ignored else ""
        where = f"{versions.where}  ({versions.source})"
        self.query_one("#where", Label).update(plain(homely(where)))
        self.post_message(StatusChanged(f"{count(len(versions.tags), 'version')}{skipped}{seen}"))
        self.list.set_rows([self._row(tag) for tag in versions.tags])
        if versions.locked:
            self.list.view.move_to(versions.locked)
        self._describe()
        self.refresh_bindings()

    def _row(self, tag: str) -> Row:
        versions, facts = self._versions, self._facts.get(tag)
        locked = versions is not None and tag == versions.locked
        change = "locked" if locked else (versions.changes.get(tag, "") if versions else "")
        name = f"▸{tag}" if locked else tag
        if facts is None:
            return Row(tag, (name, "", "", "", change, ""))
        if facts.problem:
            return Row(tag, (name, "", "", "", change, facts.problem), "✗", "error")
        sign, tone, signer = judged(facts.verdict)
        digest = facts.digest[:19]
        return Row(
            tag,
            (name, digest, facts.created[:10], human_size(facts.size), change, signer),
            sign,
            tone,
            facts.name,
        )

    # --- facts as they arrive --------------------------------------------------------------

    @on(RowView.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._describe)

    def _describe(self) -> None:
        versions = self._versions
        if versions is None or versions.cached:
            return
        at = self.list.view.cursor
        near = self.list.view.rows[max(0, at - AROUND // 2) : at + AROUND]
        tags = [row.key for row in near if row.key not in self._facts]
        if not tags:
            return
        directory = self.workbench.options.directory

        def work(report: Report, cancel: CancelToken) -> None:
            from floe_engine import Workspace, describe_versions

            workspace = Workspace.open(directory)
            describe_versions(
                workspace,
                workspace.registry.reference,
                tags,
                on_facts=lambda facts: self.call_later(self._described, facts),
                cancel=cancel,
            )

        self.job(
            work,
            title="Reading signatures",
            group="registry.describe",
            done=lambda _: None,
            failed=lambda error: self.post_message(StatusChanged(f"✗ {error.title}")),
            timeout=60,
            quiet=True,
        )

    def _described(self, facts: Any) -> None:
        self._facts[facts.tag] = facts
        if self._versions is not None and facts.tag in self._versions.tags:
            self.list.update_row(self._row(facts.tag))

    # --- details ---------------------------------------------------------------------------

    @on(RowView.Chosen)
    def _chosen(self, event: RowView.Chosen) -> None:
        directory, tag = self.workbench.options.directory, event.row.key

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import Workspace, inspect_version

            return details(inspect_version(Workspace.open(directory), tag, report=report, cancel=cancel))

        self._show_details(work, f"Reading {tag}", f"floe platform inspect {tag}")

    def action_verify(self) -> None:
        """Every signature of the version under the cursor."""
        directory, tag = self.workbench.options.directory, self.tag

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import Workspace, verify_version

            found = verify_version(Workspace.open(directory), tag, report=report, cancel=cancel)
            source = found.trust_source or "nobody is trusted here yet"
            lines = [
                f"# {homely(str(found.reference))}",
                f"digest   {found.digest}",
                f"trust    {source}",
                "",
            ]
            return "\n".join(lines + verdict_lines(found.verdict))

        self._show_details(work, f"Verifying {tag}", f"floe platform verify {tag}")

    def _show_details(self, work: Any, title: str, command: str) -> None:
        def done(text: str) -> None:
            self.query_one(TextView).show(text)
            self.activate(self.query_one("#details"))

        self.job(work, title=title, group="registry.details", done=done, timeout=60, command=command)

    # --- constraint ------------------------------------------------------------------------

    def action_constraint(self) -> None:
        """Go to the constraint box."""
        self.query_one("#constraint", Input).focus()

    @on(Input.Changed, "#constraint")
    def _constrain(self, event: Input.Changed) -> None:
        versions, text = self._versions, event.value.strip()
        label = self.query_one("#resolved", Label)
        if not text or versions is None:
            label.update("")
            return

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import Constraint

            found = Constraint.parse(text).resolve(versions.tags)
            newer = f", newer is {found.newer.tag}" if found.newer else ""
            return f"→ {found.tag} ({found.candidates} allowed{newer})" if found.tag else f"→ none{newer}"

        self.job(
            work,
            title="Resolving",
            group="registry.resolve",
            done=lambda answer: label.update(plain(answer)),
            failed=lambda error: label.update(plain(f"✗ {error.title}")),
            timeout=20,
            quiet=True,
        )

    @on(Input.Submitted, "#constraint")
    def _constrained(self) -> None:
        self.list.view.focus()

    # --- taking a version ------------------------------------------------------------------

    def action_pull(self) -> None:
        """Fetch, verify, lock."""
        directory, tag, jobs = self.workbench.options.directory, self.tag, self.workbench.jobs

        def work(report: Report, cancel: CancelToken) -> tuple[str, bool]:
            from floe_engine import Wanted, Workspace, pull

            workspace = Workspace.open(directory)
            ask = first_use(jobs, cancel)
            pulled = pull(workspace, Wanted.parse(tag, workspace), ask=ask, report=report, cancel=cancel)
            return pulled.lock.digest, pulled.changed

        def done(result: tuple[str, bool]) -> None:
            digest, changed = result
            self.notify(f"✓ {tag} {'pulled' if changed else 'was here already'}: {digest[:19]}", markup=False)
            self.action_refresh()

        self.job(
            work,
            title=f"Pulling {tag}",
            group="registry.pull",
            done=done,
            timeout=300,
            command=f"floe platform pull {tag}",
        )

    def action_pin(self) -> None:
        """Choose how closely to pin, then pull and write floe.yaml."""
        from floe_tui.screens.choose import ChoosePanel

        tag = self.tag
        rows = [Row(text, (text, about)) for text, about in ranges(tag)]
        panel = ChoosePanel(f"Pin {tag}", rows, (Column(width=16), Column()))
        self.app.push_screen(panel, lambda chosen: self._pin(chosen) if chosen else None)

    def _pin(self, constraint: str) -> None:
        directory, jobs = self.workbench.options.directory, self.workbench.jobs

        def work(report: Report, cancel: CancelToken) -> tuple[str, ...]:
            from floe_engine import Workspace, init_project

            ask = first_use(jobs, cancel)
            made = init_project(Workspace.open(directory), constraint, ask=ask, report=report, cancel=cancel)
            return tuple(made.created)

        def done(created: tuple[str, ...]) -> None:
            what = ", ".join(created) if created else "nothing had to change"
            self.notify(f"✓ Pinned {constraint}: {what}", markup=False)
            self.action_refresh()

        self.job(
            work,
            title=f"Pinning {constraint}",
            group="registry.pull",
            done=done,
            timeout=300,
            command=f"floe init --platform={constraint}",
        )

    def action_copy(self) -> None:
        """The version's reference."""
        from floe_tui.clipboard import copy

        if self._versions is not None and self.tag:
            self.notify(copy(self.app, f"{self._versions.where}:{self.tag}"), markup=False)
