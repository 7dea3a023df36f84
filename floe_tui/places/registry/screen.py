"""Registry: which versions there are, what is known of each, and taking one."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Label

from floe_engine import Cancelled, CancelToken, FloeError, NotFound, Report
from floe_tui.actions import Place, bindings
from floe_tui.hints import in_place
from floe_tui.messages import StatusChanged
from floe_tui.orientation import Answering, registry_name
from floe_tui.places.place import PlaceScreen
from floe_tui.places.registry import remembered
from floe_tui.places.registry.describing import COLUMNS, Describing, columns_for, summary
from floe_tui.places.registry.facts import (
    Versions,
    age,
    allowed_tags,
    beside_lock,
    by_major,
    changes_text,
    details,
    distance_lines,
    first_use,
    list_all,
    open_at,
    verdict_lines,
)
from floe_tui.places.registry.remembered import Known
from floe_tui.text import count, homely, plain, shorten
from floe_tui.themes import GLYPHS
from floe_tui.widgets.field import Field
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Row, RowView
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import Transferred

AROUND = 30
"""Versions described around the cursor; the others wait until it comes near."""

REST = 0.15
"""Seconds that the cursor rests before what is near it is asked for."""

ASKING = "The registry is being asked."
NONE = "No versions here yet.\nb  looks into another repository\nF5  publishes a version"
GONE = (
    "The versions that were seen here are gone: the folder was moved, say, or somebody deleted them.\n"
    "r  asks again\nb  looks into another repository"
)
TOLD = "What is known of the version under the cursor is shown here."
SILENT = "The registry did not answer."
ABSENT = (
    "The registry has no such repository yet.\nb  looks into another repository\n"
    "F5  publishes a version, with which most registries make it"
)


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
        self._shown: Sequence[str] = ()
        self._detailed = ""
        self._away = False

    def compose_body(self) -> ComposeResult:
        """Where, constraint, versions; details beside them."""
        with Horizontal(id="body"):
            with Frame(id="versions", classes="pane -active -list", title="Versions"):
                with Horizontal(id="ask"):
                    yield Label("Constraint")
                    yield Field(placeholder="v1.2.*", id="constraint", compact=True)
                    yield Label("", id="resolved", markup=False)
                yield FilterList(COLUMNS, empty=ASKING, markable=True, id="list")
            with Vertical(id="beside", classes="column -follows"):
                with Frame(id="details", classes="pane -follows", title="Version"):
                    yield TextView("", headings=True, wrap=True, empty=TOLD, id="facts")
                with Frame(id="since", classes="pane -off", title="Since the pin"):
                    yield TextView("", headings=True, wrap=True, id="changes")

    @property
    def frame(self) -> Frame:
        """The pane of the versions."""
        return self.query_one("#versions", Frame)

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
        if self._away and (self._versions is not None or self.list.empty == ABSENT):
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
        return row.key if row and not row.heading else ""

    def why_not(self, action_id: str) -> str:
        """Most things need a version."""
        needs = {"registry.pull", "registry.verify", "registry.pin", "registry.promote", "registry.copy"}
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
        self._detailed = ""
        self.list.set_rows([])
        self.query_one("#facts", TextView).show("")
        self.action_refresh()

    # --- listing ---------------------------------------------------------------------------

    def action_refresh(self) -> None:
        """Ask the registry for its tags."""
        directory, repository = self.workbench.options.directory, self._repository
        self.list.empty = ASKING
        self._say_where("asking")
        if self._versions is None:
            self._recall()
        self.job(
            lambda report, cancel: list_all(directory, repository, False, cancel),
            title="Listing versions",
            group="registry.list",
            done=self._listed,
            failed=self._offline,
            timeout=45,
            command=self._command("list"),
        )

    def _recall(self) -> None:
        """Show what was seen the last time, with its age, until the registry has answered."""
        directory, repository = self.workbench.options.directory, self._repository

        def work(report: Report, cancel: CancelToken) -> tuple[Versions | None, dict[str, Known]]:
            workspace = open_at(directory, repository)
            versions, facts = remembered.read(workspace.registry.reference.name)
            return versions and beside_lock(workspace, versions), facts

        def done(found: tuple[Versions | None, dict[str, Known]]) -> None:
            versions, facts = found
            if repository != self._repository:
                return
            self._known.remember(facts)
            if self._versions is None and versions is not None:
                self._list(versions)
                self._say_where("asking")
            elif self._versions is not None:
                self._renew(self._known.rows(self._versions.tags))

        self.job(
            work,
            title="Reading what was seen",
            group="registry.recall",
            done=done,
            failed=lambda error: None,
            quiet=True,
        )

    def _say_where(self, answering: Answering, problem: str = "") -> None:
        """Which repository, how it answers, and how old what is shown is."""
        versions = self._versions
        seen = age(versions.listed_at) if versions is not None and answering != "online" else ""
        name = registry_name(versions.where) if versions is not None else "Versions"
        chips = [chip(count(len(versions.tags), "version"))] if versions is not None else []
        if answering == "asking":
            chips.append(chip(f"… asking{f', as seen {seen}' if seen else ''}"))
        elif answering == "offline":
            chips.append(chip(f"{GLYPHS['warning']} offline{f', as seen {seen}' if seen else ''}", "warning"))
        if problem:
            chips = [chip(f"{GLYPHS['error']} {problem}", "error"), *chips]
        self.frame.entitle(homely(name), *chips)
        last = versions.tags[0] if versions is not None and versions.tags else ""
        known: dict[str, Any] = {"registry": homely(name), "last": last} if versions is not None else {}
        self.workbench.orient(answering=answering, seen=seen, **known)
        if versions is not None:
            self.workbench.count(self.place, str(len(versions.tags)), "muted")

    def _command(self, verb: str, *words: str) -> str:
        """What does the same without the workbench."""
        chosen = ["--registry", self._repository] if self._repository else []
        return shlex.join(["floe", "platform", verb, *words, *chosen])

    def _offline(self, error: FloeError) -> None:
        """The registry does not answer: show what was seen the last time, and say why."""
        directory, repository = self.workbench.options.directory, self._repository
        if isinstance(error, NotFound) and error.status is not None:  # it answered
            self._versions = None
            self.list.set_rows([])
            self.list.empty = ABSENT
            self._forget_details()
            self._say_where("online", "no such repository")
            return
        self.list.empty = in_place(f"{SILENT} {error.title}", error.hint)
        if isinstance(error, Cancelled):
            self._say_where("", "stopped")
            return
        if self._versions is not None:
            self._list(replace(self._versions, cached=True))
            self._say_where("offline")
            self.post_message(StatusChanged(f"✗ {error.title}: {error.hint or error.message}"))
            return

        def shown(versions: Versions) -> None:
            self._list(versions)
            self._say_where("offline")
            self.notify(f"{error.title}. Shown is what was seen {age(versions.listed_at)}.", markup=False)

        def nothing(_: FloeError) -> None:
            self._say_where("offline", error.title)
            self.workbench.show_problem(error, self._command("list"))

        self.job(
            lambda report, cancel: list_all(directory, repository, True, cancel),
            title="Reading the last listing",
            group="registry.list",
            done=shown,
            failed=nothing,
            timeout=20,
            quiet=True,
        )

    def _listed(self, versions: Versions) -> None:
        self._list(versions)
        self._say_where("offline" if versions.cached else "online")

    def _list(self, versions: Versions) -> None:
        first = self._versions is None
        gone = self._versions is not None and bool(self._versions.tags) and not versions.tags
        self._versions = versions
        self._known.set_versions(versions)
        self.list.empty = GONE if gone else NONE
        if not versions.tags:
            self._forget_details()
        skipped = f", {versions.ignored} other tags" if versions.ignored else ""
        self.post_message(
            StatusChanged(f"{count(len(versions.tags), 'version')}{skipped}; {versions.source}")
        )
        self._shown = versions.tags
        self._set_rows()
        if versions.locked and first:
            self.list.view.move_to(versions.locked)
        elif first and len(self.list.view.rows) > 1:
            self.list.view.move_to(self.list.view.rows[1].key)
        self._describe()
        self._moved()
        self.refresh_bindings()

    def _set_rows(self) -> None:
        """The versions by major; of those that a constraint allows where one is given."""
        rows: list[Row] = []
        for major, tags in by_major(self._shown):
            rows.append(Row(f"major {major}", ("", major, str(len(tags))), heading=True))
            rows += self._known.rows(tags)
        self.list.view.columns = columns_for(self._shown)
        self.list.set_rows(rows)

    # --- facts as they arrive --------------------------------------------------------------

    @on(RowView.Moved)
    def _moved(self) -> None:
        if bool(self.tag) != self._can_choose:  # the footer costs as much as the list
            self._can_choose = bool(self.tag)
            self.refresh_bindings()
        self._tell_facts()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._describe)

    def _tell_facts(self) -> None:
        """What is known already of the version under the cursor, at once."""
        tag = self.tag
        if not tag or tag == self._detailed:
            return
        self._detailed = ""
        self.query_one("#details", Frame).entitle(tag, *(chip(*badge) for badge in self._known.badges(tag)))
        lines = summary(tag, self._known.known(tag), self._known.badges(tag), self._versions)
        locked = self._versions.locked if self._versions else ""
        lines += distance_lines(self._known.distance(tag), locked)
        self.query_one("#facts", TextView).show("\n".join(lines))
        self.query_one("#details", Frame).tell(note="Enter files and signatures")

    def _forget_details(self) -> None:
        """Beside an empty list there is nothing to tell."""
        self._detailed = ""
        self.query_one("#details", Frame).entitle("Version")
        self.query_one("#facts", TextView).show("")
        self.query_one("#since", Frame).set_class(True, "-off")

    def _describe(self) -> None:
        at = self.list.view.cursor
        near = self.list.view.rows[max(0, at - AROUND // 2) : at + AROUND]
        self._known.ask([row.key for row in near if not row.heading])
        self._read_changes()

    def _read_changes(self) -> None:
        """What changed between the pin and the version under the cursor."""
        versions, tag = self._versions, self.tag
        pane = self.query_one("#since", Frame)
        distance = self._known.distance(tag)
        away = versions is None or not versions.locked or not tag or tag == versions.locked
        if away or versions is None or versions.cached or tag in versions.older:
            pane.set_class(True, "-off")
            return
        directory, repository, pin = self.workbench.options.directory, self._repository, versions.locked
        pane.entitle(f"Since {pin}", note="reading" if distance is None else "")

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import changelog

            found = changelog(open_at(directory, repository), pin, tag, cancel=cancel)
            return changes_text(found)

        def done(text: str) -> None:
            if tag == self.tag:
                pane.set_class(False, "-off")
                pane.entitle(f"Since {pin}")
                self.query_one("#changes", TextView).show(text)

        self.job(
            work,
            title=f"Reading the changes up to {tag}",
            group="registry.changes",
            done=done,
            failed=lambda error: pane.set_class(True, "-off"),
            timeout=60,
            quiet=True,
        )

    def _renew(self, rows: Sequence[Row]) -> None:
        self.list.update_rows(rows)
        self._tell_facts()

    # --- details ---------------------------------------------------------------------------

    @on(RowView.Chosen)
    def _chosen(self, event: RowView.Chosen) -> None:
        if event.row.heading:
            return
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
                f"reference  {homely(str(found.reference))}",
                f"digest     {found.digest}",
                f"trust      {source}",
                "",
            ]
            return "\n".join(lines + verdict_lines(found.verdict, found.rotations))

        self._show_details(work, f"Verifying {tag}", self._command("verify", tag))

    def _show_details(self, work: Callable[[Report, CancelToken], str], title: str, command: str) -> None:
        tag = self.tag

        def done(text: str) -> None:
            self._detailed = tag
            self.query_one("#facts", TextView).show(text)
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
            if versions is not None and self._shown != versions.tags:
                self._shown = versions.tags
                self._set_rows()
            return

        def work(report: Report, cancel: CancelToken) -> tuple[str, str, tuple[str, ...]]:
            from floe_engine import Constraint

            constraint = Constraint.parse(text)
            found = constraint.resolve(versions.tags)
            allowed = allowed_tags(constraint, versions.tags)
            newer = f", newer {found.newer.tag}" if found.newer else ""
            if not found.tag:
                return "", f"→ none{newer}", allowed
            return found.tag, f"→ {found.tag}, {found.candidates} allowed{newer}", allowed

        def done(answer: tuple[str, str, tuple[str, ...]]) -> None:
            self._resolved, said, self._shown = answer
            self._set_rows()
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

    def on_key(self, event: events.Key) -> None:
        """From the constraint box, down goes to the versions, and Escape to all of them."""
        box = self.query_one("#constraint", Input)
        if box.has_focus and event.key in ("down", "escape"):
            event.stop()
            if event.key == "escape":
                box.value = ""
            self.set_focus(self.list.view)

    # --- taking a version ------------------------------------------------------------------

    def action_pull(self) -> None:
        """Fetch, verify, lock."""
        directory, repository, tag = self.workbench.options.directory, self._repository, self.tag
        jobs = self.workbench.jobs

        def work(report: Report, cancel: CancelToken) -> tuple[str, bool]:
            from floe_engine import VersionRequest, pull

            workspace = open_at(directory, repository)
            ask = first_use(jobs, cancel)
            pulled = pull(
                workspace, VersionRequest.parse(tag, workspace), ask=ask, report=report, cancel=cancel
            )
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

    def action_promote(self) -> None:
        """Choose another repository, see what would go there, and copy it."""
        from floe_tui.panels.confirm import ConfirmPanel
        from floe_tui.panels.repositories import choose_repository

        versions, tag = self._versions, self.tag
        if versions is None:
            return
        known = self._known.known(tag)
        # What is confirmed is what goes, wherever the tag points by then.
        source = known.digest if known is not None and known.digest else tag

        def chosen(target: str) -> None:
            facts = [("from", homely(f"{versions.where}:{tag}")), ("to", homely(f"{target}:{tag}"))]
            if known is not None and known.digest:
                facts.append(("digest", known.digest))
            if known is not None and known.status:
                facts.append(("signed by", known.signer or "nobody"))
            panel = ConfirmPanel(f"Copy {tag} to another registry?", facts, verb="Copy")
            self.app.push_screen(panel, lambda sure: self._promote(source, target) if sure else None)

        choose_repository(self, self._repository, chosen, bound=tag)

    def _promote(self, source: str, target: str) -> None:
        directory, repository = self.workbench.options.directory, self._repository

        def work(report: Report, cancel: CancelToken) -> Transferred:
            from floe_engine import copy_version

            return copy_version(open_at(directory, repository), source, target, report=report, cancel=cancel)

        def done(copied: Transferred) -> None:
            said = "copied" if copied.changed else "was there already"
            signed = "" if copied.signatures else "; it has no signature, so none came along"
            self.notify(f"✓ {homely(copied.target)} {said}{signed}", markup=False)

        self.job(
            work,
            title=f"Copying {shorten(source, 24)}",
            group="registry.promote",
            done=done,
            timeout=300,
            important=True,
            command=self._command("copy", source, target),
        )

    def action_copy(self) -> None:
        """The reference of the version, or of those that are marked, a line each."""
        from floe_tui.clipboard import copy

        if self._versions is not None and (meant := self.list.meant):
            copy(self.app, "\n".join(f"{self._versions.where}:{row.key}" for row in meant))
