"""Registry: which versions there are, what is known of each, and taking one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Label

from floe_engine import Cancelled, CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.registry.describing import COLUMNS, Describing
from floe_tui.places.registry.facts import (
    Versions,
    age,
    details,
    distance_lines,
    first_use,
    list_all,
    open_at,
    verdict_lines,
)
from floe_tui.text import count, homely, plain
from floe_tui.widgets.field import Field
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Row, RowView
from floe_tui.widgets.text_view import TextView

AROUND = 30
"""Versions described around the cursor; the others wait until it comes near."""

REST = 0.15
"""Seconds that the cursor rests before what is near it is asked for."""

ASKING = "The registry is being asked."
NONE = "No versions here yet."
SILENT = "The registry did not answer."


class RegistryScreen(PlaceScreen):
    """The fifth place."""

    place = Place.REGISTRY
    about = (
        "The versions of the registry, newest first. ✓ is signed by somebody you trust, ! signed by "
        "others, - not signed; ▸ is the version this directory has locked. Change is how far a version is "
        "from that one, measured by what both hold; ↓ goes back. Enter shows a version's files and "
        "signatures. The constraint box says what a range such as v1.2.* would take; Enter goes there. "
        "b looks into another repository. Without network it shows what was seen the last time."
    )
    BINDINGS = [*bindings(Place.REGISTRY)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._versions: Versions | None = None
        self._repository = ""  # as the user chose; empty: the one that the directory says
        self._known = Describing(self, self._renew)
        self._resolved = ""
        self._rest: Timer | None = None
        self._can_choose = False
        self._away = False

    def compose_body(self) -> ComposeResult:
        """Where, constraint, versions; details beside them."""
        with Horizontal(id="body"):
            with Vertical(id="versions", classes="pane"):
                yield Label("", id="where", markup=False)
                with Horizontal(id="ask"):
                    yield Label("Constraint")
                    yield Field(placeholder="v1.2.*", id="constraint", compact=True)
                    yield Label("", id="resolved", markup=False)
                yield FilterList(COLUMNS, empty=ASKING, id="list")
            with Vertical(id="details", classes="pane"):
                yield TextView("Enter on a version shows its files and signatures.", headings=True, wrap=True)

    def on_mount(self) -> None:
        """Paint first, ask the registry in a worker."""
        super().on_mount()
        self.list.view.focus()
        remembered = self.workbench.remembered(Place.REGISTRY).get("repository")
        self._repository = remembered if isinstance(remembered, str) else ""
        self._known.look_into(self._repository)
        self.action_refresh()

    def on_screen_suspend(self) -> None:
        """Another place comes up, or only a panel over this one."""
        self._away = self not in self.app.screen_stack

    def on_screen_resume(self) -> None:
        """Something may have been published or pinned in another place meanwhile."""
        if self._away and self._versions is not None:
            self.action_refresh()
        self._away = False

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

    def remember(self) -> dict[str, Any]:
        """Which repository was looked into."""
        return {"repository": self._repository}

    # --- which repository ------------------------------------------------------------------

    def action_repositories(self) -> None:
        """Choose another repository."""
        from floe_tui.panels.repositories import choose_repository

        choose_repository(self, self._repository, self._look_into)

    def _look_into(self, repository: str) -> None:
        self._repository = repository
        self._versions = None
        self._known.look_into(repository)
        self.list.set_rows([])
        self.query_one(TextView).show("")
        self.action_refresh()

    # --- listing ---------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask the registry for its tags."""
        directory, repository = self.workbench.options.directory, self._repository
        self.query_one("#where", Label).update("asking the registry")
        self.list.empty = ASKING
        self.job(
            lambda report, cancel: list_all(directory, repository, False, cancel),
            title="Listing versions",
            group="registry.list",
            done=self._listed,
            failed=self._offline,
            timeout=45,
            command=self._command("list"),
        )

    def _command(self, verb: str, *words: str) -> str:
        """What does the same without the workbench."""
        chosen = ["--registry", self._repository] if self._repository else []
        return shlex.join(["floe", "platform", verb, *words, *chosen])

    def _offline(self, error: FloeError) -> None:
        """The registry does not answer: show what was seen the last time, and say why."""
        directory, repository = self.workbench.options.directory, self._repository
        self.query_one("#where", Label).update(plain(f"✗ {error.title}"))
        self.list.empty = SILENT
        if isinstance(error, Cancelled):
            return

        def shown(versions: Versions) -> None:
            self._listed(versions)
            self.notify(f"{error.title}. Shown is what was seen {age(versions.listed_at)}.", markup=False)

        self.job(
            lambda report, cancel: list_all(directory, repository, True, cancel),
            title="Reading the last listing",
            group="registry.list",
            done=shown,
            failed=lambda _: self.workbench.show_problem(error, self._command("list")),
            timeout=20,
            quiet=True,
        )

    def _listed(self, versions: Versions) -> None:
        before, self._versions = self._versions, versions
        self._known.set_versions(versions)
        self.list.empty = NONE
        where = f"{versions.where}  ({versions.source})"
        if versions.cached:
            where = f"! offline, as seen {age(versions.listed_at)}: {where}"
        self.query_one("#where", Label).update(plain(homely(where)))
        skipped = f"  {versions.ignored} other tags" if versions.ignored else ""
        seen = f"  (offline, seen {versions.listed_at})" if versions.cached else ""
        self.post_message(StatusChanged(f"{count(len(versions.tags), 'version')}{skipped}{seen}"))
        self.list.set_rows(self._known.rows(versions.tags))
        if versions.locked and before is None:
            self.list.view.move_to(versions.locked)
        self._describe()
        self.refresh_bindings()

    # --- facts as they arrive --------------------------------------------------------------

    @on(RowView.Moved)
    def _moved(self) -> None:
        if bool(self.tag) != self._can_choose:  # the footer costs as much as the list
            self._can_choose = bool(self.tag)
            self.refresh_bindings()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._describe)

    def _describe(self) -> None:
        at = self.list.view.cursor
        near = self.list.view.rows[max(0, at - AROUND // 2) : at + AROUND]
        self._known.ask([row.key for row in near])

    def _renew(self, rows: Sequence[Row]) -> None:
        self.list.update_rows(rows)

    # --- details ---------------------------------------------------------------------------

    @on(RowView.Chosen)
    def _chosen(self, event: RowView.Chosen) -> None:
        directory, repository, tag = self.workbench.options.directory, self._repository, event.row.key
        locked = self._versions.locked if self._versions else ""
        more = distance_lines(self._known.distance(tag), locked)

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import inspect_version

            found = inspect_version(open_at(directory, repository), tag, report=report, cancel=cancel)
            return "\n".join([details(found), *more])

        self._show_details(work, f"Reading {tag}", self._command("inspect", tag))

    def action_verify(self) -> None:
        """Every signature of the version under the cursor."""
        directory, repository, tag = self.workbench.options.directory, self._repository, self.tag

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import verify_version

            found = verify_version(open_at(directory, repository), tag, report=report, cancel=cancel)
            source = found.trust_source or "nobody is trusted here yet"
            lines = [
                f"# {homely(str(found.reference))}",
                f"digest   {found.digest}",
                f"trust    {source}",
                "",
            ]
            return "\n".join(lines + verdict_lines(found.verdict))

        self._show_details(work, f"Verifying {tag}", self._command("verify", tag))

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
        self._resolved = ""
        if not text or versions is None:
            label.update("")
            return

        def work(report: Report, cancel: CancelToken) -> tuple[str, str]:
            from floe_engine import Constraint

            found = Constraint.parse(text).resolve(versions.tags)
            newer = f", newer is {found.newer.tag}" if found.newer else ""
            if not found.tag:
                return "", f"→ none{newer}"
            return found.tag, f"→ {found.tag} ({found.candidates} allowed{newer})"

        def done(answer: tuple[str, str]) -> None:
            self._resolved, said = answer
            label.update(plain(said))

        self.job(
            work,
            title="Resolving",
            group="registry.resolve",
            done=done,
            failed=lambda error: label.update(plain(f"✗ {error.title}")),
            timeout=20,
            quiet=True,
        )

    @on(Input.Submitted, "#constraint")
    def _constrained(self) -> None:
        if self._resolved:
            self.list.view.move_to(self._resolved)
        self.list.view.focus()

    # --- taking a version ------------------------------------------------------------------

    def action_pull(self) -> None:
        """Fetch, verify, lock."""
        directory, repository, tag = self.workbench.options.directory, self._repository, self.tag
        jobs = self.workbench.jobs

        def work(report: Report, cancel: CancelToken) -> tuple[str, bool]:
            from floe_engine import Wanted, pull

            workspace = open_at(directory, repository)
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
            command=self._command("pull", tag),
        )

    def action_pin(self) -> None:
        """Choose how closely to pin; a project that is pinned already sees first what it would do."""
        from floe_tui.panels.moving import choose_pin

        if self._versions is not None:
            choose_pin(self, self._versions.where, self.tag, self.action_refresh)

    def action_undo(self) -> None:
        """Take the last move of the pin back."""
        from floe_tui.panels.moving import undo_pin

        undo_pin(self, self.action_refresh)

    def action_copy(self) -> None:
        """The version's reference."""
        from floe_tui.clipboard import copy

        if self._versions is not None and self.tag:
            copy(self.app, f"{self._versions.where}:{self.tag}")
