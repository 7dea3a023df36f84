"""Publish: first what would happen, then a question that names it, then the steps as they are done."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from floe_engine import Cancelled, CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.publish.facts import Asking, Done, How, Outline, Signing, Wish, plan, push, wanted_tag
from floe_tui.text import homely, plain
from floe_tui.widgets.row_view import Column, Row
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import Invitation

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
        "Publishes manifest.yaml as it is saved. The plan says what would be pushed, where, under which "
        "tag and signed by whom, and what the version guard thinks of the number; t, s and e choose "
        "another target, signer and version. Nothing is pushed before you confirm, with another key than "
        "the one that asked. The tag is written last, so nobody ever sees a version half done; F12 stops."
    )
    BINDINGS = [*bindings(Place.PUBLISH)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._wish = Wish()
        self._plan: Outline | None = None
        self._published: Done | None = None
        self._begun = False

    def compose_body(self) -> ComposeResult:
        """The plan beside the steps."""
        with Horizontal(id="body"):
            with Vertical(id="plan", classes="pane"):
                yield Label("", id="target", markup=False)
                yield TextView("", headings=True, wrap=True, id="plan-text")
            with Vertical(id="run", classes="pane"):
                yield Steps(empty="Nothing was published from here yet.")

    def on_mount(self) -> None:
        """Plan at once: it is what the place is for."""
        super().on_mount()
        self.query_one("#plan-text", TextView).focus()
        remembered = self.workbench.remembered(Place.PUBLISH)
        tag, repository = (str(remembered.get(name) or "") for name in ("tag", "repository"))
        self._wish = Wish(tag, repository)
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
                return "there is no plan yet (r)"
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
        """Say what would happen; pushes nothing."""
        directory, wish, tag = self.workbench.options.directory, self._wish, ""
        self._plan = None
        self.query_one("#target", Label).update("planning")

        def failed(error: FloeError) -> None:
            self.query_one("#target", Label).update(plain(f"✗ {error.title}"))
            hint = f"→ {error.hint}" if error.hint else ""
            lines = [homely(part) for part in (error.where, error.message, hint) if part]
            lines += [f"✗ {item.span.start} {item.message}" for item in getattr(error, "diagnostics", ())]
            where = homely(wish.repository) or "as this directory says"
            lines += ["", "# Asked for", f"target     {where}", f"signed by  {_signed_by(wish.signing)}"]
            command = wish.command(tag, "--dry-run") if tag else "floe platform check"
            lines += ["", "# Without the workbench", f"$ {command}"]
            self.query_one("#plan-text", TextView).show("\n".join(lines))
            self.refresh_bindings()

        def work(report: Report, cancel: CancelToken) -> Outline:
            nonlocal tag
            tag = wanted_tag(directory, wish, cancel)
            return plan(directory, wish, tag, report, cancel)

        self.job(
            work,
            title="Planning",
            group="publish.plan",
            done=self._planned,
            failed=failed,
            timeout=90,
        )

    def _planned(self, outline: Outline) -> None:
        self._plan = outline
        sign = "✓ published already" if outline.exists else "→ to publish"
        self.query_one("#target", Label).update(plain(f"{outline.tag}  {sign}"))
        self.query_one("#plan-text", TextView).show(outline.text)
        self.post_message(StatusChanged(homely(outline.reference)))
        self.refresh_bindings()

    def _wished(self, **changed: Any) -> None:
        self._wish = replace(self._wish, **changed)
        self.action_plan()

    def action_version(self) -> None:
        """Ask for the version."""
        from floe_tui.panels.ask import AskPanel

        def answer(value: str | None) -> None:
            if value is not None:
                self._wished(tag=value.strip())

        hint = "empty: the version of manifest.yaml"
        self.app.push_screen(AskPanel("Version to publish", hint=hint, value=self._wish.tag), answer)

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
            steps.say(f"\n{error.title}", sign="✗", tone="error")
            steps.say("No tag was written: nobody sees this version.", tone="dim")

        self.job(
            work,
            title=f"Publishing {outline.tag}",
            group="publish.run",
            done=self._done,
            failed=failed,
            progress=steps.add,
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

        def confirm(outline: Outline) -> bool:
            facts = [
                ("target", homely(outline.reference)),
                ("digest", outline.digest),
                ("signed by", homely(outline.signer)),
                ("note", "a published version can never be changed"),
            ]
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
        self.activate(self.query_one("#run"))

    def _done(self, done: Done | None) -> None:
        self.refresh_bindings()
        if done is None:
            return
        self._published = done
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
        """The version and the target that were asked for; never how it is signed."""
        return {"tag": self._wish.tag, "repository": self._wish.repository}


def _signed_by(signing: Signing) -> str:
    return homely(signing.key) if signing.how == "key" else WAYS[signing.how][0]
