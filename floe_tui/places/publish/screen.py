"""Publish: first what would happen, then a question that names it, then the steps as they are done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from floe_engine import Cancelled, CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.publish.facts import Asking, Done, How, PlanOutline, Signing, Wish, plan, push
from floe_tui.places.publish.preflight import CHECKS, Bump, Check, Preflight, State, bumps, set_version
from floe_tui.text import homely
from floe_tui.themes import GLYPHS
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, Row, RowView, Tone
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import Invitation

MANIFEST_FILE = "manifest.yaml"

UNKNOWN = "v0.0.0"
"""The version of what cannot be read: never shown."""

OTHER = "other"
"""The row that asks for a version which is not in the list."""

CHECKED = "What a check found, and how it is mended, is shown here."

PLANNED = "What would be pushed, and where to, is shown here before anything is."

STATES: dict[State, tuple[str, Tone]] = {
    "waiting": ("…", "dim"),
    "passed": ("✓", "success"),
    "warning": ("!", "warning"),
    "failed": ("✗", "error"),
    "skipped": ("-", "dim"),
}

TIMEOUT = 900.0
"""Seconds for a whole publication, the time to type a password included."""

WAYS: dict[How, tuple[str, str]] = {
    "found": ("as found", "FLOE_SIGNING_KEY, or cosign.key beside the manifest"),
    "key": ("a key", "a private key in cosign's format, by its path"),
    "keyless": ("keyless", "your Sigstore identity: by token, CI job or browser"),
    "none": ("no signature", "nobody can tell then who made it"),
}


class PublishScreen(PlaceScreen):
    """The fourth place."""

    place = Place.PUBLISH
    about = (
        "Publishes manifest.yaml as it is saved. Six checks run first: the manifest, the policy tests, the "
        "version guard, the key, the registry, and the projects beside this directory; Enter goes where one "
        "is mended. t and s choose another target and signer, e raises the version in manifest.yaml. Nothing "
        "is pushed before you confirm, with another key than the one that asked. The tag is written last, so "
        "nobody ever sees a version half done; F12 stops."
    )
    BINDINGS = [*bindings(Place.PUBLISH)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._wish = Wish()
        self._plan: PlanOutline | None = None
        self._published: Done | None = None
        self._checks: dict[str, Check] = {check.title: check for check in CHECKS}
        self._refused: FloeError | None = None
        self._begun = False

    def compose_body(self) -> ComposeResult:
        """The plan beside the steps."""
        columns = (Column(width=10), Column(), Column(width=7, right=True, tone="dim"))
        with Horizontal(id="body"):
            with Vertical(classes="column -active", id="before"):
                with Frame(id="checks", classes="pane -active -list", title="Preflight"):
                    yield RowView(columns, empty="", id="list")
                with Frame(id="check", classes="pane -follows", title="Check"):
                    yield TextView("", headings=True, wrap=True, empty=CHECKED, id="check-text")
            with Vertical(classes="column", id="beside"):
                with Frame(id="plan", classes="pane", title="What would be pushed"):
                    yield TextView("", headings=True, wrap=True, empty=PLANNED, id="plan-text")
                with Frame(id="run", classes="pane -off", title="Publication"):
                    yield Steps(empty="Nothing was published from here yet.")

    @property
    def frame(self) -> Frame:
        """The pane of the checks."""
        return self.query_one("#checks", Frame)

    @property
    def list(self) -> RowView:
        """The checks."""
        return self.query_one("#list", RowView)

    def on_mount(self) -> None:
        """Look at everything at once: it is what the place is for."""
        super().on_mount()
        self.list.focus()
        remembered = self.workbench.remembered(Place.PUBLISH)
        self._wish = Wish("", str(remembered.get("repository") or ""))
        self.action_plan()

    def on_unmount(self) -> None:
        """The app ended, perhaps without asking: nobody will sign in any more."""
        self.workbench.jobs.close()

    @property
    def running(self) -> bool:
        """Whether something is being published."""
        return any(job.group == "publish.run" for job in self.workbench.jobs.running)

    def why_not(self, action_id: str) -> str:
        """Publishing needs a plan, copying a result."""
        choosing = {"publish.plan", "publish.target", "publish.signing", "publish.version"}
        if action_id in {"publish.publish", *choosing} and self.running:
            return "it is being published; F12 stops it"
        if action_id == "publish.publish":
            if self._plan is None:
                planning = self.workbench.jobs.is_running("publish.plan")
                return "the checks are still running" if planning else "there is no plan yet (r)"
            return "exactly this is published already" if self._plan.exists else ""
        if action_id == "publish.copy":
            return "" if self._published is not None else "nothing was published from here yet"
        if action_id == "publish.verify":
            shown = self._published or self._plan
            return shown.unverifiable if shown is not None else "there is no plan yet (r)"
        return ""

    def manifest_saved(self) -> None:
        """What would be pushed is something else now."""
        if not self.running:
            self.action_plan()

    # --- the plan --------------------------------------------------------------------------

    def action_plan(self) -> None:
        """Run every check, and say what would be pushed; pushes nothing."""
        directory, wish, keyed = self.workbench.options.directory, self._wish, self.workbench.keyed
        self._plan = None
        self._checks = {check.title: check for check in CHECKS}
        self._refused = None
        self._show_checks()
        self.frame.entitle("Preflight", note="looking")
        self.query_one("#plan-text", TextView).show("")
        self.query_one("#plan", Frame).entitle("What would be pushed")

        if not (directory / MANIFEST_FILE).is_file():
            self._nothing_to_publish()
            return

        def work(report: Report, cancel: CancelToken) -> tuple[str, PlanOutline | FloeError]:
            flight = Preflight(
                directory, wish, lambda check: self.call_later(self._told, check, wish), cancel, keyed
            )
            flight.run()
            version = flight.version or UNKNOWN
            try:
                return version, plan(directory, wish, version, report, cancel)
            except Cancelled:
                raise
            except FloeError as error:
                error.hint = keyed(error.hint)
                return version, error

        def failed(error: FloeError) -> None:
            self.frame.entitle("Preflight", chip(f"{GLYPHS['error']} {error.title}", "error"))
            self.refresh_bindings()

        self.job(
            work,
            title="Looking at everything",
            group="publish.plan",
            done=self._planned,
            failed=failed,
            timeout=180,
        )

    def _nothing_to_publish(self) -> None:
        """Calmly: there is nothing wrong with a directory that is no platform's."""
        self.workbench.jobs.cancel("publish.plan")
        self.frame.entitle("Preflight")
        self.list.empty = self.workbench.nothing_here("There is no platform to publish in this directory.")
        self.list.show(())
        self.query_one("#check-text", TextView).show("")
        self.query_one("#check", Frame).entitle("Check")
        self.query_one("#check", Frame).tell(note="")
        self.workbench.count(self.place, "")
        self.refresh_bindings()

    def _told(self, check: Check, wish: Wish) -> None:
        """A check ended."""
        if wish is self._wish:
            self._checks[check.title] = check
            self._show_checks()

    def _show_checks(self) -> None:
        rows = []
        for check in self._checks.values():
            sign, tone = STATES[check.state]
            seconds = f"{check.seconds:.1f} s" if check.state not in ("waiting", "skipped") else ""
            said = check.said or ("…" if check.state == "waiting" else "")
            rows.append(Row(check.title, (check.title, said, seconds), sign, tone))
        self.list.show(rows)
        self._moved()

    @on(RowView.Moved, "#list")
    def _moved(self) -> None:
        """Details of the check under the cursor."""
        row = self.list.current
        check = self._checks.get(row.key) if row else None
        if check is None:
            return
        sign, _ = STATES[check.state]
        lines = [f"{sign} {check.said}".strip()] if check.said else ["It is being looked at."]
        lines += [f"→ {check.mend}"] if check.mend else []
        lines += ["", *check.lines] if check.lines else []
        self.query_one("#check-text", TextView).show("\n".join(lines))
        pane = self.query_one("#check", Frame)
        pane.entitle(check.title)
        pane.tell(note=f"Enter goes to {check.place.title}" if check.place else "")

    @on(RowView.Chosen, "#list")
    def _go_there(self, event: RowView.Chosen) -> None:
        check = self._checks.get(event.row.key)
        if check is not None and check.place is not None:
            self.workbench.action_go(check.place)

    def _planned(self, found: tuple[str, PlanOutline | FloeError]) -> None:
        version, outline = found
        states = [check.state for check in self._checks.values()]
        bad, warned = states.count("failed"), states.count("warning")
        chips = [chip(f"{GLYPHS['error']} {bad}", "error")] if bad else []
        chips += [chip(f"{GLYPHS['warning']} {warned}", "warning")] if warned else []
        pane, text = self.query_one("#plan", Frame), self.query_one("#plan-text", TextView)
        if isinstance(outline, FloeError):
            self._refused = outline
            bad = bad or 1
            self.frame.entitle("Preflight" if version == UNKNOWN else f"Preflight of {version}", *chips)
            pane.entitle("Nothing can be pushed")
            hint = f"→ {outline.hint}" if outline.hint else ""
            command = self._wish.command(version, "--dry-run")
            lines = [
                f"✗ {outline.title}",
                outline.message,
                hint,
                "",
                "# Without the workbench",
                f"$ {command}",
            ]
            text.show("\n".join(homely(line) for line in lines if line is not None))
            self.post_message(StatusChanged(f"✗ {outline.title}"))
        else:
            self._plan = outline
            if outline.exists:  # exactly this: the guard has nothing to say of it
                self._checks["Guard"] = replace(
                    self._checks["Guard"], state="passed", said="exactly this is published already", mend=""
                )
                self._show_checks()
                bad, warned, chips = 0, 0, [chip("published already")]
            self.frame.entitle(f"Preflight of {outline.tag}", *(chips or [chip("✓ ready", "success")]))
            pane.entitle("What would be pushed", note=outline.tag)
            text.show(outline.text)
            self.post_message(StatusChanged(homely(outline.reference)))
        self.workbench.tally(self.place, bad, warned)
        self._go_to_what_counts()
        self.refresh_bindings()

    def _go_to_what_counts(self) -> None:
        """To the first check that does not hold, else to what changed; unless the cursor was moved."""
        states = {check.state: check.title for check in reversed(self._checks.values())}
        if self.list.cursor == 0:
            self.list.move_to(states.get("failed") or states.get("warning") or "Guard")

    def _wished(self, **changed: Any) -> None:
        self._wish = replace(self._wish, **changed)
        self.action_plan()

    def action_version(self) -> None:
        """Offer the versions that the changes allow, and write the one chosen into manifest.yaml."""
        directory, wish = self.workbench.options.directory, self._wish
        self.job(
            lambda report, cancel: bumps(directory, wish, cancel),
            title="Looking for the next version",
            group="publish.bump",
            done=self._choose_version,
            timeout=90,
            command="floe platform bump --dry-run",
        )

    def _choose_version(self, found: Sequence[Bump]) -> None:
        from floe_tui.panels.ask import AskPanel
        from floe_tui.panels.choose import ChoosePanel

        rows = [
            Row(item.version, (item.version, item.about), "✓" if item.enough else "✗",
                "success" if item.enough else "error")
            for item in found
        ]  # fmt: skip
        rows.append(Row(OTHER, ("another", "a prerelease, or any version that is free")))
        enough = {item.version for item in found if item.enough}

        def chosen(key: str | None) -> None:
            if key == OTHER:
                panel = AskPanel("Version for manifest.yaml", hint="such as 2.1.0-rc.1")
                self.app.push_screen(panel, lambda value: self._set_version(value.strip()) if value else None)
            elif key in enough:
                self._set_version(str(key))
            elif key:
                self.notify(f"A {key} version promises less than there is.", severity="warning", markup=False)

        columns = (Column("Version", 16), Column())
        self.app.push_screen(ChoosePanel("Version for manifest.yaml", rows, columns), chosen)

    def _set_version(self, version: str) -> None:
        directory, wish = self.workbench.options.directory, self._wish
        if unsaved := self.workbench.unsaved_manifest():
            self.notify(f"{unsaved}: F2 and Ctrl+S save them first.", severity="warning", markup=False)
            return

        def done(now: str) -> None:
            self.notify(f"✓ manifest.yaml has version {now}", markup=False)
            self.workbench.manifest_saved()

        self.job(
            lambda report, cancel: set_version(directory, wish, version, cancel),
            title=f"Setting version {version}",
            group="publish.bump",
            done=done,
            timeout=60,
            command=f"floe platform bump --to {version}",
        )

    def action_target(self) -> None:
        """Choose the repository."""
        from floe_tui.panels.repositories import choose_repository

        def chosen(repository: str) -> None:
            self._wished(repository=repository)

        choose_repository(self, self._wish.repository, chosen)

    def action_signing(self) -> None:
        """Choose who signs."""
        from floe_tui.panels.choose import ChoosePanel

        rows = [Row(how, words, "▸" if how == self._wish.signing.how else " ") for how, words in WAYS.items()]

        def chosen(key: str | None) -> None:
            how = next((way for way in WAYS if way == key), None)
            if how == "key":
                self._ask_for_key()
            elif how is not None:
                self._wished(signing=Signing(how))

        self.app.push_screen(ChoosePanel("Signed by", rows, (Column(width=14), Column())), chosen)

    def _ask_for_key(self) -> None:
        from floe_tui.panels.ask import AskPanel

        def answer(value: str | None) -> None:
            if value and value.strip():
                path = (self.workbench.options.directory / value.strip()).expanduser()
                self._wished(signing=Signing("key", str(path)))

        hint = "relative to this directory; its password is asked for when it signs"
        panel = AskPanel("Path of the private key", hint=hint, value=self._wish.signing.key or "cosign.key")
        self.app.push_screen(panel, answer)

    # --- publishing ------------------------------------------------------------------------

    def action_publish(self) -> None:
        """Prepare it, ask by naming exactly what it has become, and only then push."""
        outline = self._plan
        if outline is None:
            return
        steps = self.query_one(Steps)
        steps.clear()
        self.query_one("#run").set_class(True, "-off")
        self._begun = False
        directory = self.workbench.options.directory

        def work(report: Report, cancel: CancelToken) -> Done | None:
            return push(outline, directory, self._asking(cancel), report, cancel)

        def failed(error: FloeError) -> None:
            self.refresh_bindings()
            if not isinstance(error, Cancelled):
                self.workbench.show_problem(error, outline.wish.command(outline.tag))
            elif not self._begun:
                self.notify("Nothing was published.", markup=False)
                return
            self.query_one("#run", Frame).entitle(
                f"Publication of {outline.tag}", chip(f"✗ {error.title}", "error")
            )
            steps.say(f"\n{error.title}", sign="✗", tone="error")
            steps.say("No tag was written: nobody sees this version.", tone="dim")

        self.job(
            work,
            title=f"Publishing {outline.tag}",
            group="publish.run",
            done=self._done,
            failed=failed,
            progress=steps.add,
            command=outline.wish.command(outline.tag),
            timeout=TIMEOUT,
            important=True,
        )
        self.refresh_bindings()

    def _asking(self, cancel: CancelToken) -> Asking:
        """The three questions of a publication, for its worker."""
        from floe_tui.panels.ask import PasswordPanel
        from floe_tui.panels.confirm import ConfirmPanel
        from floe_tui.panels.sign_in import SignInPanel

        jobs = self.workbench.jobs

        def password(prompt: str) -> str:
            question = PasswordPanel(prompt.rstrip(": "), hint="It is used once and kept nowhere.")
            answer: str = jobs.ask(lambda: question, cancel)
            return answer

        def confirm(outline: PlanOutline) -> bool:
            key = self._checks.get("Key")
            facts = [
                ("target", homely(outline.reference)),
                ("digest", outline.digest),
                ("signed by", homely(outline.signer)),
                ("note", "a published version can never be changed"),
            ]
            if key is not None and key.state == "warning":
                facts.insert(0, ("! loud", key.said))
            panel = ConfirmPanel(f"Publish {outline.tag}?", facts, verb="Publish", key="y")
            sure: bool = jobs.ask(lambda: panel, cancel)
            if sure:
                self.call_later(self._begin)
            return sure

        def sign_in(invitation: Invitation) -> AbstractContextManager[None]:
            return jobs.showing(lambda: SignInPanel(invitation), lambda _: None)

        return Asking(password, confirm, sign_in)

    def _begin(self) -> None:
        """It is confirmed: the steps come up."""
        self._begun = True
        self.query_one("#run").set_class(False, "-off")
        self.query_one("#run", Frame).entitle("Publication", chip("running"))
        self.activate(self.query_one("#run"))

    def _done(self, done: Done | None) -> None:
        self.refresh_bindings()
        if done is None:
            return
        self._published = done
        self.query_one("#run").set_class(False, "-off")
        tag = done.reference.rpartition(":")[2]
        self.query_one("#run", Frame).entitle(f"Publication of {tag}", chip("✓ published", "success"))
        steps = self.query_one(Steps)
        steps.say(f"\nPublished: {homely(done.reference)}\nDigest: {done.digest}")
        steps.say(f"Signed by: {homely(done.signer)}")
        if done.verify:
            steps.say("\nVerify it by hand:")
            steps.say(f"  {homely(done.verify)}", tone="info")
        else:
            steps.say(f"\nNo cosign command: {done.unverifiable}", tone="dim")
        self.notify(f"✓ Published {done.reference.rpartition(':')[2]}", markup=False)
        self.action_plan()

    def action_copy(self) -> None:
        """The published digest."""
        self._copy(self._published.digest if self._published else "")

    def action_copy_verify(self) -> None:
        """The cosign command of what was published."""
        self._copy(self._published.verify if self._published else "")

    def _copy(self, text: str) -> None:
        from floe_tui.clipboard import copy

        if text:
            copy(self.app, text)

    def remember(self) -> dict[str, Any]:
        """The target that was asked for; never how it is signed."""
        return {"repository": self._wish.repository}
