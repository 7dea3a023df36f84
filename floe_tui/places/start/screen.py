"""Start: begin a platform, join one, open one, or try the demo."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from floe_engine import CancelToken, FloeError, Report
from floe_tui.actions import Place, bindings, find
from floe_tui.messages import StatusChanged
from floe_tui.places.place import PlaceScreen
from floe_tui.places.registry.facts import Versions, list_all
from floe_tui.places.start.facts import about, kind, remembered, rows_of
from floe_tui.session import Recent, Session
from floe_tui.text import count, homely
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import Begun

PROJECT, DOMAIN = "a dbt project", "mesh-domain"
"""What asks one thing more before a platform is begun."""


class StartScreen(PlaceScreen):
    """Where one is before there is any work."""

    place = Place.START
    about = (
        "Where there is nothing of floe yet: join a platform that is published, try the demo, or open a "
        "directory that you worked in before. Enter does what is under the cursor. 0 comes back here, where "
        "no text is being typed."
    )
    BINDINGS = [*bindings(Place.START)]
    CSS_PATH = "screen.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._recent: tuple[Recent, ...] = ()
        self._looked: Path | None = None

    def compose_body(self) -> ComposeResult:
        """The ways; what one does beside them."""
        with Horizontal(id="body"):
            with Frame(id="ways", classes="pane -active -list", title="Welcome to floe"):
                yield FilterList((Column(width=24, ends=True), Column(tone="info")), id="list")
            with Frame(id="way", classes="pane -follows", title="Begin"):
                yield TextView("", headings=True, wrap=True)

    def on_mount(self) -> None:
        """Offer the ways at once, and what was done before as soon as it is read."""
        super().on_mount()
        self.list.set_rows(rows_of(()))
        self.list.view.move_to("begin")
        self.list.view.focus()

    def on_screen_resume(self) -> None:
        """What was left meanwhile is a recent one now."""
        self._looked = None
        self.orient()

    def orient(self) -> None:
        """As ever, and which directory it is."""
        super().orient()
        here = self.workbench.options.directory
        if here == self._looked:
            return
        self._looked = here
        holds = kind(here)
        there = f"{here.name}/"  # a name alone reads like a word
        said = f"{there} holds a {holds}" if holds else f"There is nothing of floe in {there} yet"
        self.post_message(StatusChanged(said))
        self.job(
            lambda report, cancel: remembered(here),
            title="Looking at what was done before",
            group="start.recent",
            done=self._remembered,
            failed=lambda error: None,
            quiet=True,
        )

    def _remembered(self, recent: tuple[Recent, ...]) -> None:
        self._recent = recent
        self.list.set_rows(rows_of(recent))

    @property
    def list(self) -> FilterList:
        """The ways, and the recent directories."""
        return self.query_one("#list", FilterList)

    @on(RowView.Moved)
    def _moved(self) -> None:
        row = self.list.current
        title, text = about(row.key, self._recent) if row is not None else ("", "")
        self.query_one("#way", Frame).entitle(title)
        self.query_one(TextView).show(text)

    @on(RowView.Chosen)
    def _chosen(self, event: RowView.Chosen) -> None:
        ways: dict[str, Callable[[], object]] = {
            "begin": self.action_begin,
            "join": self.action_join,
            "demo": self.action_demo,
            "open": self.action_open,
        }
        if event.row.key in ways:
            action = find(self.place, event.row.key)
            if action is not None and (reason := self.workbench.why_not(action)):
                self.notify(f"{action.title}: {reason}", markup=False)
            else:
                ways[event.row.key]()
        elif not event.row.heading:
            self.workbench.open_directory(Path(event.row.key))

    # --- beginning -------------------------------------------------------------------------

    def action_begin(self) -> None:
        """Choose what to begin from, and write it."""
        from floe_engine import TEMPLATES
        from floe_tui.panels.choose import ChoosePanel

        rows = [Row(PROJECT, (PROJECT, "learn the strictest platform that it passes"), "▸")]
        rows += [Row(name, (name, said)) for name, said in TEMPLATES.items()]

        def chosen(key: str | None) -> None:
            if key == PROJECT:
                self._ask_for("Directory of the dbt project", self._project_here, "project")
            elif key == DOMAIN:
                self._ask_for("The enterprise platform above it", "", "parent", template=DOMAIN)
            elif key:
                self._begin(template=key)

        panel = ChoosePanel("Begin a platform from", rows, (Column(width=16), Column(tone="info")))
        self.app.push_screen(panel, chosen)

    @property
    def _project_here(self) -> str:
        """The directory of the dbt project that is meant, where there is one here."""
        here = self.workbench.options.directory
        found = [here, *sorted(path for path in here.iterdir() if path.is_dir())]
        paths = [path for path in found if (path / "dbt_project.yml").is_file()]
        return str(paths[0].relative_to(here)) if paths else ""

    def _ask_for(self, question: str, value: str, name: str, **more: str) -> None:
        from floe_tui.panels.ask import AskPanel

        hint = "relative to this directory" if name == "project" else "oci://host/name:v1.2.3, or a path"

        def answered(answer: str | None) -> None:
            if answer and answer.strip():
                self._begin(**{name: answer.strip()}, **more)

        self.app.push_screen(AskPanel(question, hint=hint, value=value), answered)

    def _begin(self, template: str = "medallion", project: str = "", parent: str = "") -> None:
        directory = self.workbench.options.directory
        words = ["--from-project", project] if project else ["--template", template]
        words += ["--parent", parent] if parent else []

        def work(report: Report, cancel: CancelToken) -> Begun:
            from floe_engine import Workspace, begin_platform

            return begin_platform(
                Workspace.open(directory),
                template=template,  # type: ignore[arg-type]  # one of the keys of TEMPLATES
                from_project=Path(project) if project else None,
                parent=parent or None,
                report=report,
                cancel=cancel,
            )

        self.job(
            work,
            title="Learning from the project" if project else "Beginning a platform",
            group="start.begin",
            done=self._begun,
            timeout=300,
            command=shlex.join(["floe", "platform", "init", *words]),
        )

    def _begun(self, begun: Begun) -> None:
        steps = begun.learnt.next_steps if begun.learnt is not None else ()
        said = f"✓ {begun.name}: {count(len(begun.written), 'file')} written"
        if steps:
            said += f"\nNot demanded yet, for the project does not meet it: {steps[0]}"
            said += f", and {count(len(steps) - 1, 'other')}" if len(steps) > 1 else ""
        self.notify(said, markup=False, timeout=12 if steps else 5)
        self.workbench.action_go(Place.MANIFEST)

    # --- joining ---------------------------------------------------------------------------

    def action_join(self) -> None:
        """Choose where, which version, how closely; see what that would do, and do it."""
        from floe_tui.panels.repositories import choose_repository

        choose_repository(self, "", self._list)

    def _list(self, repository: str) -> None:
        directory = self.workbench.options.directory
        self.job(
            lambda report, cancel: list_all(directory, repository, False, cancel),
            title="Listing versions",
            group="start.versions",
            done=self._choose_version,
            timeout=45,
            command="floe platform list" + (f" --registry {repository}" if repository else ""),
        )

    def _choose_version(self, versions: Versions) -> None:
        from floe_tui.panels.choose import ChoosePanel
        from floe_tui.panels.moving import choose_pin

        if not versions.tags:
            error = FloeError(
                "no version is published there yet",
                where=homely(versions.where),
                hint="i asks for another repository; d makes a demo that has some",
            )
            self.workbench.show_problem(error, "floe platform list")
            return
        rows = [Row(tag, (tag, "" if number else "the newest")) for number, tag in enumerate(versions.tags)]

        def chosen(tag: str | None) -> None:
            if tag:
                choose_pin(self, versions.where, tag, lambda: self.workbench.action_go(Place.PROJECT))

        panel = ChoosePanel(f"A version of {homely(versions.where)}", rows, (Column(width=24), Column()))
        self.app.push_screen(panel, chosen)

    # --- the demo, and other directories ---------------------------------------------------

    def action_demo(self) -> None:
        """Make it, and open its platform."""
        from floe_tui.places.start.demo import make

        directory = self.workbench.options.directory
        self.job(
            lambda report, cancel: make(directory, report, cancel),
            title="Making the demo",
            group="start.demo",
            done=self._open_demo,
            timeout=300,
            important=True,
        )

    def _open_demo(self, made: tuple[Path, Path]) -> None:
        platform, project = made
        Session.load(project).save()  # so that it is among the recent ones
        self.workbench.open_directory(platform)

    def action_open(self) -> None:
        """Ask for a directory."""
        from floe_tui.panels.ask import AskPanel

        here = self.workbench.options.directory

        def chosen(answer: str | None) -> None:
            if not (answer and answer.strip()):
                return
            directory = (here / Path(answer.strip()).expanduser()).resolve()
            if directory.is_dir():
                self.workbench.open_directory(directory)
            else:
                error = FloeError("there is no such directory", where=homely(str(directory)))
                self.workbench.show_problem(error)

        panel = AskPanel("Work in which directory?", hint="relative to this one, or from ~ or /", value="")
        self.app.push_screen(panel, chosen)
