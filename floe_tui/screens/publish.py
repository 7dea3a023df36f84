"""Publish: first what would happen, then a question that names it, then the steps as they are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from floe_engine import Cancelled, CancelToken, FloeError, Report, human_size
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.screens.place import PlaceScreen
from floe_tui.text import homely, plain
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.text_view import TextView

TIMEOUT = 900.0
"""Seconds for a whole publication, the time to type a password included."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan as the screen shows it."""

    tag: str
    reference: str
    digest: str
    exists: bool
    signer: str
    text: str


class PublishScreen(PlaceScreen):
    """The fourth place."""

    place = Place.PUBLISH
    about = (
        "Publishes manifest.yaml as it is saved. The plan says what would be pushed, where, under which "
        "tag and signed by whom, and what the version guard thinks of the number. Nothing is pushed "
        "before you confirm. The tag is written last, so nobody ever sees a version half done."
    )
    BINDINGS = [*bindings(Place.PUBLISH)]
    CSS_PATH = "publish.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._tag = ""  # as the user asked; empty: the version that the manifest says
        self._plan: Outline | None = None
        self._published: Outline | None = None

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
        remembered = self.workbench.remembered(Place.PUBLISH).get("tag")
        self._tag = remembered if isinstance(remembered, str) else ""
        self.action_plan()

    def why_not(self, action_id: str) -> str:
        """Publishing needs a plan, copying a result."""
        if action_id == "publish.publish":
            if self._plan is None:
                return "there is no plan yet (r)"
            return "exactly this is published already" if self._plan.exists else ""
        if action_id in {"publish.copy", "publish.verify"} and self._published is None:
            return "nothing was published from here yet"
        return ""

    def manifest_saved(self) -> None:
        """What would be pushed is something else now."""
        if not any(job.group == "publish.run" for job in self.workbench.jobs.running):
            self.action_plan()

    # --- the plan --------------------------------------------------------------------------

    def action_plan(self) -> None:
        """Say what would happen; pushes nothing."""
        directory, tag = self.workbench.options.directory, self._tag
        self._plan = None
        self.query_one("#target", Label).update("planning")

        def failed(error: FloeError) -> None:
            self.query_one("#target", Label).update(plain(f"✗ {error.title}"))
            lines = [
                part for part in (error.where, error.message, f"→ {error.hint}" if error.hint else "") if part
            ]
            found = getattr(error, "diagnostics", ())
            lines += [f"✗ {item.span.start} {item.message}" for item in found]
            self.query_one("#plan-text", TextView).show("\n".join(lines))
            self.refresh_bindings()

        self.job(
            lambda report, cancel: plan(directory, tag, report, cancel),
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

    def action_version(self) -> None:
        """Ask for the version."""
        from floe_tui.screens.ask import AskPanel

        def answer(value: str | None) -> None:
            if value is not None:
                self._tag = value.strip()
                self.action_plan()

        hint = "empty: the version of manifest.yaml"
        self.app.push_screen(AskPanel("Version to publish", hint=hint, value=self._tag), answer)

    # --- publishing ------------------------------------------------------------------------

    def action_publish(self) -> None:
        """Ask, naming target and digest."""
        from floe_tui.screens.confirm import ConfirmPanel

        outline = self._plan
        if outline is None:
            return
        facts = [
            ("target", homely(outline.reference)),
            ("digest", outline.digest),
            ("signed by", homely(outline.signer)),
            ("note", "a published version can never be changed"),
        ]
        panel = ConfirmPanel(f"Publish {outline.tag}?", facts, verb="Publish", key="y")
        self.app.push_screen(panel, lambda sure: self._publish(outline) if sure else None)

    def _publish(self, outline: Outline) -> None:
        steps = self.query_one(Steps)
        steps.clear()
        self.activate(self.query_one("#run"))
        directory, jobs = self.workbench.options.directory, self.workbench.jobs

        def work(report: Report, cancel: CancelToken) -> str:
            from floe_engine import Workspace, publish
            from floe_tui.screens.ask import PasswordPanel

            def ask(prompt: str) -> str:
                question = PasswordPanel(prompt.rstrip(": "), hint="It is used once and kept nowhere.")
                answer: str = jobs.ask(lambda: question, cancel)
                return answer

            workspace = Workspace.open(directory)
            done = publish(workspace, outline.tag, ask=ask, report=report, cancel=cancel)
            return str(done.digest)

        def failed(error: FloeError) -> None:
            steps.say(f"\n{error.title}", sign="✗", tone="error")
            if not isinstance(error, Cancelled):
                self.workbench.show_problem(error, f"floe platform publish {outline.tag}")

        def done(digest: str) -> None:
            self._published = Outline(
                outline.tag, outline.reference, digest, True, outline.signer, outline.text
            )
            steps.say(f"\nPublished: {homely(outline.reference)}\nDigest: {digest}\n\nVerify it by hand:")
            steps.say(f"  {verify_command(self._published)}", tone="info")
            self.notify(f"✓ Published {outline.tag}", markup=False)
            self.action_plan()

        self.job(
            work,
            title=f"Publishing {outline.tag}",
            group="publish.run",
            done=done,
            failed=failed,
            progress=steps.add,
            timeout=TIMEOUT,
            important=True,
        )

    def action_copy(self) -> None:
        """The published digest."""
        self._copy(self._published.digest if self._published else "")

    def action_copy_verify(self) -> None:
        """The cosign command."""
        self._copy(verify_command(self._published) if self._published else "")

    def _copy(self, text: str) -> None:
        from floe_tui.clipboard import copy

        if text:
            self.notify(copy(self.app, text), markup=False)

    def remember(self) -> dict[str, Any]:
        """The version that was asked for."""
        return {"tag": self._tag}


def verify_command(published: Outline) -> str:
    """How to verify the published version with the real cosign."""
    name = published.reference.removeprefix("oci://").rpartition(":")[0]
    return f"cosign verify --key cosign.pub --insecure-ignore-tlog=true {name}@{published.digest}"


def plan(directory: Any, tag: str, report: Report, cancel: CancelToken) -> Outline:
    """What publishing a directory's manifest would do."""
    from floe_engine import Workspace, check_platform, plan_publication

    workspace = Workspace.open(directory)
    if not tag:
        manifest = check_platform(workspace, cancel=cancel).manifest
        tag = f"v{manifest.metadata.version}" if manifest is not None else "v0.0.0"
    found = plan_publication(workspace, tag, report=report, cancel=cancel)
    guard = found.guard.summary if found.guard is not None else "exactly this is published already"
    files = found.compiled.artifact.files
    lines = [
        "# What",
        f"platform   {found.compiled.manifest.metadata.name} {found.compiled.manifest.metadata.version}",
        f"digest     {found.packed.digest}",
        f"files      {len(files)}, {human_size(found.compiled.artifact.size)}",
        "",
        "# Where",
        f"reference  {homely(str(found.reference))}",
        f"chosen by  {homely(found.registry_source)}",
        "",
        "# Signed by",
        homely(str(found.signing)),
        "",
        "# Version guard",
        f"{'✓' if found.guard is None or found.guard.ok else '✗'} {guard}",
        "",
        "# Files",
        *(f"{human_size(len(data)):>8}  {path}" for path, data in files.items()),
    ]
    return Outline(
        str(found.reference.tag or tag),
        str(found.reference),
        found.packed.digest,
        found.exists,
        str(found.signing),
        "\n".join(lines),
    )
