"""The workbench's app: it composes the places and routes between them, and decides nothing else."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from msgspec.structs import replace
from textual import events
from textual._callback import invoke
from textual.app import App, ScreenStackError, SuspendNotSupported
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from floe_engine import FloeError
from floe_tui import crash
from floe_tui import session as sessions
from floe_tui import settings as user_settings
from floe_tui.action import as_sent
from floe_tui.actions import ACTIONS, SIX, Action, Place, bindings, find
from floe_tui.command_log import MOST, Ran
from floe_tui.commands import ActionProvider
from floe_tui.garbage import Collector
from floe_tui.hints import keyed
from floe_tui.jobs import Jobs
from floe_tui.messages import WorkChanged
from floe_tui.orientation import Orientation, look_around
from floe_tui.panels.too_small import HEIGHT, WIDTH, TooSmall
from floe_tui.places import create
from floe_tui.places.place import WIDE, PlaceScreen
from floe_tui.settings import Options
from floe_tui.themes import FALLBACK, GLYPHS, fitting_theme, themes
from floe_tui.themes.own import read_themes
from floe_tui.typed_ahead import TypedAhead
from floe_tui.widgets.status_bar import StatusBar
from floe_tui.widgets.thin_bar import ThinBar

PATIENCE = 30.0
"""Seconds that a row of the palette waits for what its place is doing first."""

OVER_PANELS = ("quit", "copy")
"""Actions that a panel leaves to the app."""


class Workbench(App[None]):
    """The places over the engine."""

    CSS_PATH = ["app.tcss", *(f"places/{place}/screen.tcss" for place in Place)]
    """Those of the places too: where Textual reads one at their first visit, it reads all others again."""
    TITLE = "floe"
    COMMANDS = {ActionProvider}
    BINDINGS = [*bindings(None)]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.settings, self._settings_error = user_settings.load_or_default()
        self.session = sessions.Session.load(options.directory)
        self.orientation = Orientation()
        self.ran: list[Ran] = []
        self.jobs = Jobs(self, sessions.log_path(), self.show_problem, self.has_run, self.keyed)
        ways = ",".join(self.settings.keys.get(f"go.{place}", place.key) for place in SIX)
        self.typed_ahead = TypedAhead(self, super().on_event, frozenset(ways.replace(" ", "").split(",")))
        self._collector = Collector(self)
        self.crash = ""
        """Why it ended by itself, in one line for the terminal; empty: it did not."""
        for place in Place:
            self.add_mode(place, partial(self._create, place))
        self._put_on_theme()

    def _create(self, place: Place) -> PlaceScreen:
        screen = create(place)
        # Its widgets get their styles as they are mounted. Textual would read all style sheets again, twice,
        # for a screen that it takes to have older ones. The name is Textual's own: without it, that happens.
        screen._css_update_count = self._css_update_count  # noqa: SLF001  # there is no public one
        return screen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The tokens, so that style sheets hold under a theme that is not ours."""
        return FALLBACK

    def _put_on_theme(self) -> None:
        """Before anything is drawn or styled: a theme that comes later has every style made twice."""
        ScrollBar.renderer = ThinBar
        own, self._wrong_themes = read_themes(user_settings.settings_path().parent / "themes")
        for theme in (*themes(), *own):
            self.register_theme(theme)
        self._theme_names = [theme.name for theme in (*themes(), *own)]
        wanted = self.options.theme or self.settings.theme or self.session.theme
        if self.options.theme and wanted not in self._theme_names:
            self._wrong_themes += (f"there is no theme {wanted}; there are {', '.join(self._theme_names)}",)
        self.theme = wanted if wanted in self._theme_names else fitting_theme()
        self._read_with = self.get_css_variables()
        self.stylesheet.set_variables(self._read_with)

    def refresh_css(self, animate: bool = True) -> None:
        """As Textual's; but the theme of the start changes nothing: everything is read with it already."""
        read_with, self._read_with = self._read_with, {}
        if read_with != self.get_css_variables():
            super().refresh_css(animate)

    async def on_mount(self) -> None:
        """Put on the user's keys, and open the place that fits."""
        self.set_keymap({name: as_sent(keys) for name, keys in self.settings.keys.items()})
        if not self.is_headless:
            self._obey_signals()
        await self.switch_mode(sessions.opening_place(self.options.directory, self.session))
        self._fit(self.size)
        await self.typed_ahead.go_on()
        self.call_after_refresh(self._collector.begin)
        if self._settings_error is not None:
            error = self._settings_error
            text = f"{error.title}: {error.message}. The rest of it counts."
            self.notify(text, severity="warning", markup=False)
        for wrong in self._wrong_themes:
            self.notify(f"A theme is left out: {wrong}", severity="warning", markup=False)
        self.call_after_refresh(self._look_around)

    def _look_around(self) -> None:
        if not self.session.path.exists():
            self.session.save()  # after a crash too it is among those of before
        self._look_again(lambda found: self.orient(**found))

    def _look_again(self, done: Callable[[Mapping[str, str]], object]) -> None:
        directory = self.options.directory
        self.jobs.start(
            self,
            lambda report, cancel: look_around(directory, cancel),
            title="Looking around",
            group="orientation",
            done=done,
            failed=lambda error: None,
            quiet=True,
        )

    def orient(self, **changed: Any) -> None:
        """What a place learnt about where one is; shown at the top of every place."""
        self.orientation = replace(self.orientation, **changed)
        for screen in self._places():
            screen.orient()

    def count(self, place: Place, text: str, tone: str = "") -> None:
        """What a place has to count, for its tab."""
        self.orient(counts={**self.orientation.counts, place: (text, tone)})

    def tally(self, place: Place, errors: int, warnings: int = 0) -> None:
        """How many of what a place found stop, or only warn, for its tab."""
        if errors:
            self.count(place, f"{GLYPHS['error']}{errors}", "error")
        elif warnings:
            self.count(place, f"{GLYPHS['warning']}{warnings}", "warning")
        else:
            self.count(place, GLYPHS["done"], "success")

    # --- what can be done ------------------------------------------------------------------

    @property
    def place_screen(self) -> PlaceScreen | None:
        """The place that is up, also where a panel stands over it."""
        bottom = self.screen_stack[0]
        return bottom if isinstance(bottom, PlaceScreen) else None

    def why_not(self, action: Action) -> str:
        """Why an action cannot be done now; empty: it can."""
        if action.needs_write and self.options.read_only:
            return "floe-tui was started with --read-only"
        if action.id == "work.cancel" and not any(not job.quiet for job in self.jobs.running):
            return "nothing is running"
        if action.place is not None:
            here = self.place_screen
            return here.why_not(action.id) if here is not None and here.place == action.place else ""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A panel takes all keys but quitting; a disabled action is dimmed (None)."""
        row = find(None, action, str(parameters[0]) if parameters else "")
        if row is None or row.id in OVER_PANELS:
            return True
        if isinstance(self.screen, ModalScreen):
            return False
        return None if self.why_not(row) else True

    async def perform(self, action: Action) -> None:
        """Do a row of the palette: go to its place where it has one, or say why it cannot be done."""
        here = self.place_screen
        if action.place is not None and (here is None or here.place != action.place):
            self.session.place = action.place
            await self.switch_mode(action.place)
            # What it is to act on is on its way; and so it waits, as somebody would who pressed the key.
            self.call_after_refresh(self._perform_there, action)
        else:
            await self._do(action)

    def _perform_there(self, action: Action) -> None:
        async def settled() -> None:
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while any(not job.quiet for job in self.jobs.running):
                if asyncio.get_running_loop().time() > deadline:
                    break
                await asyncio.sleep(0.02)
            await self._do(action)

        self.run_worker(settled(), group="palette", exclusive=True, exit_on_error=False)

    async def _do(self, action: Action) -> None:
        if reason := self.why_not(action):
            self.notify(f"{action.title}: {reason}", markup=False)
            return
        target = self.place_screen if action.place is not None else self
        method = getattr(target, f"action_{action.target}")
        await invoke(method, *([action.argument] if action.argument else []))

    # --- actions everywhere ----------------------------------------------------------------

    def action_go(self, place: str) -> None:
        """Go to a place."""
        here = self.place_screen
        if here is not None and here.place == place:
            here.go_home()
            return
        self.session.place = place
        self.switch_mode(place)

    async def edit_rule(self, name: str) -> None:
        """Go to a house rule where the manifest is edited."""
        from floe_tui.places.manifest.screen import ManifestScreen

        self.session.place = Place.MANIFEST
        await self.switch_mode(Place.MANIFEST)
        if isinstance(here := self.place_screen, ManifestScreen):
            here.go_to_rule(name)

    def action_help(self) -> None:
        """Explain the place that is up."""
        from floe_tui.panels.help import HelpPanel

        here = self.place_screen
        keys = {action.id: self._keys_of(action) for action in ACTIONS}
        self.push_screen(HelpPanel(here.place if here else None, here.about if here else "", keys))

    def _keys_of(self, action: Action) -> str:
        keys = self.settings.keys.get(action.id, action.keys)
        return ", ".join(
            self.get_key_display(Binding(key.strip(), "")) for key in keys.split(",") if key.strip()
        )

    def get_key_display(self, binding: Binding) -> str:
        """A key as it stands on a keyboard: ``F1``, and not ``f1``."""
        name = super().get_key_display(binding)
        return name.upper() if name[:1] == "f" and name[1:].isdigit() else name

    def action_jump(self) -> None:
        """Letters on everything that takes the focus."""
        from floe_tui.panels.jump import JumpPanel

        def focus(widget: Widget | None) -> None:
            if widget is not None:
                widget.focus()

        targets = [widget for widget in self.screen.focus_chain if widget.region.area]
        self.push_screen(JumpPanel(targets), focus)

    def action_next_pane(self) -> None:
        """Go to the next part of the place."""
        if here := self.place_screen:
            here.action_next_pane()

    def action_zoom(self) -> None:
        """The part that is up alone, or all of them again."""
        if here := self.place_screen:
            here.action_zoom()

    def action_widen(self, step: str) -> None:
        """Move the border between a place's two parts."""
        if here := self.place_screen:
            here.action_widen(step)

    def action_command(self) -> None:
        """Run any command of floe."""
        from floe_tui.panels.command import CommandPanel

        self.push_screen(CommandPanel())

    def action_log(self) -> None:
        """The commands behind what was just done."""
        from floe_tui.panels.choose import ChoosePanel
        from floe_tui.widgets.row_view import Column, Row

        if not self.ran:
            self.notify("Nothing was done yet that a command does too.", markup=False)
            return
        rows = [
            Row(
                str(at),
                (ran.command, ran.said),
                "✗" if ran.problem else "✓",
                "error" if ran.problem else "success",
            )
            for at, ran in enumerate(reversed(self.ran))
        ]

        def chosen(key: str | None) -> None:
            if key:
                from floe_tui.clipboard import copy

                copy(self, rows[int(key)].cells[0])

        columns = (Column("Command"), Column("How it went", 24, tone="info"))
        self.push_screen(ChoosePanel("What was done, as commands: Enter copies one", rows, columns), chosen)

    def action_suspend(self) -> None:
        """Back to the shell, where there is one to come back from."""
        self.action_suspend_process()

    def has_run(self, command: str, seconds: float, problem: str) -> None:
        """Some work ended that a command does too."""
        self.ran.append(Ran(command, seconds, problem))
        del self.ran[:-MOST]
        for screen in self._places():
            for bar in screen.query(StatusBar):
                bar.command = f"{command}  {self.ran[-1].said}"
        self._look_again(self._follow_pin)  # it may have moved

    def _follow_pin(self, found: Mapping[str, str]) -> None:
        """Which registry is looked into, its place knows better, unless nobody has looked yet."""
        known = self.orientation.registry
        self.orient(**{**found, "registry": known} if known else found)

    def action_cancel_work(self) -> None:
        """Stop what the status line shows."""
        count = self.jobs.cancel()
        self.notify("Stopped." if count else "Nothing is running.", markup=False)

    def action_next_theme(self) -> None:
        """The theme after this one; remembered for this directory."""
        names = self._theme_names
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = self.session.theme = names[(at + 1) % len(names)]

    def action_copy(self) -> None:
        """Copy what is selected. Most people press this to leave: where nothing is, say how that is done."""
        if text := self._selected():
            from floe_tui.clipboard import copy

            copy(self, text)
        else:
            keys = self._keys_of(next(action for action in ACTIONS if action.id == "quit"))
            self.notify(
                f"To leave floe, press {keys}. This key copies, where text is selected.", markup=False
            )

    def _selected(self) -> str:
        # By name, not by kind: the text editor is not loaded before it is needed.
        if getattr(self.focused, "password", False):
            return ""
        return getattr(self.focused, "selected_text", "") or self.screen.get_selected_text() or ""

    async def action_quit(self) -> None:
        """Leave; ask first where something would be lost."""
        self._ask_before(self._leave)

    def open_directory(self, directory: Path) -> None:
        """Work in another directory from now on; ask first where something would be lost here."""
        self._ask_before(
            lambda: self.run_worker(self._move_to(directory), exclusive=True, exit_on_error=False)
        )

    async def _move_to(self, directory: Path) -> None:
        self._remember()
        self.options = replace(self.options, directory=directory)
        self.session = sessions.Session.load(directory)
        self.ran.clear()
        for place in SIX:
            await self.remove_mode(place)
            self.add_mode(place, partial(self._create, place))
        self.orientation = Orientation()
        await self.switch_mode(sessions.opening_place(directory, self.session))
        self.orient()
        self._look_around()

    def _ask_before(self, leave: Callable[[], object]) -> None:
        unsaved = [screen for screen in self._places() if screen.unsaved()]
        losses = [screen.unsaved() for screen in unsaved]
        losses += [f"{job.title} is running" for job in self.jobs.running if job.important]
        if not losses:
            leave()
            return
        from floe_tui.panels.leave import LeavePanel, Leaving

        def answered(way: Leaving | None) -> None:
            if way == "save":
                unsaved[0].save(leave)  # only the manifest is written here
            elif way == "leave":
                for screen in unsaved:
                    screen.discard()
                leave()

        self.push_screen(LeavePanel(losses, savable=bool(unsaved)), answered)

    def _leave(self) -> None:
        self._remember()
        self.exit()

    def _remember(self) -> None:
        for screen in self._places():
            self.session.places[screen.place] = screen.memory
        if here := self.place_screen:
            self.session.place = here.place
        self.session.save()
        self.jobs.close()

    def _obey_signals(self) -> None:
        # Python's own answer to these ends the process at once, with the terminal still in raw mode.
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows has neither SIGHUP nor handlers
                number = getattr(signal, name)
                loop.add_signal_handler(number, self._end, number)
        self._go_on_only_after_a_stop()

    def _go_on_only_after_a_stop(self) -> None:
        """Textual takes up the terminal at every SIGCONT, though it never gave it up: it then reads keys
        twice over, and waits for ever for the first reader when it ends."""
        if (number := getattr(signal, "SIGCONT", None)) is None:
            return
        take_up = signal.getsignal(number)
        driver = getattr(take_up, "__self__", None)
        if not callable(take_up) or driver is None:  # a pilot has no terminal
            return

        def go_on(number: int, frame: FrameType | None) -> None:
            # The flag is Textual's own, from giving the terminal up to taking it up; a test holds it.
            if getattr(driver, "_must_signal_resume", True):
                take_up(number, frame)

        signal.signal(number, go_on)

    def _end(self, number: int) -> None:
        """A signal ends it: nobody can be asked, so what is unsaved is kept for the next start."""
        for screen in self._places():
            screen.keep()
        self._remember()
        self.exit(return_code=128 + number)

    def _handle_exception(self, error: Exception) -> None:
        """Whatever was not foreseen ends it: in order, with the text kept and a line for the user.

        Textual would write the traceback, with all local variables, over the terminal. The name is
        Textual's own; a test holds that it is still called.
        """
        if self.crash:
            return  # what fails while everything ends says nothing new
        self._exception = error  # a pilot raises it in its test
        self._return_code = crash.EXIT_CODE
        kept = False
        for screen in self._places():
            with suppress(Exception):  # its widgets may be what failed
                kept = bool(screen.unsaved()) or kept
                screen.keep()
        self.crash = crash.tell(error, sessions.log_path(), kept=kept)
        self._close_messages_no_wait()
        self._exception_event.set()

    def _places(self) -> list[PlaceScreen]:
        """Those that stand; one on its way has no widgets yet, and reads what there is when it comes."""
        return [
            stack[0]
            for stack in self._screen_stacks.values()
            if stack and isinstance(stack[0], PlaceScreen) and stack[0].is_mounted
        ]

    @contextmanager
    def stepped_out(self) -> Iterator[None]:
        """Give the terminal to another program. Raises `FloeError` where there is none to give."""
        try:
            with self.suspend():
                yield
        except SuspendNotSupported:
            raise FloeError(
                "there is no terminal to give to an editor", hint="a browser has none; edit here"
            ) from None

    # --- events ----------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Every event passes here; a key waits for its turn."""
        if isinstance(event, (events.InputEvent, events.Paste)):
            self._collector.touched()
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self.typed_ahead.take(event)
            return
        if isinstance(event, events.AppBlur) and self.is_web:
            # Each page begins so, and what it says of its focus may come before or after. A page without the
            # keyboard sends no keys; where one does, they go to the part of the screen that had them.
            return
        if isinstance(event, events.Key) and not self.screen_stack:
            return  # it was still on its way up when everything ended
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """A key that nothing took, though something here has it: say why it does nothing now."""
        active = self.screen.active_bindings.get(event.key)
        if active is None or active.enabled or isinstance(self.screen, ModalScreen):
            return
        action = next((each for each in ACTIONS if each.id == active.binding.id), None)
        if action is not None and (reason := self.why_not(action)):
            said = f"{action.title}: {reason}"
            if all(toast.message != said for toast in self._notifications):  # pressed again and again
                self.notify(said, markup=False)

    def show_problem(self, error: FloeError, command: str = "") -> None:
        """The calm panel."""
        from floe_tui.panels.problem import ProblemPanel

        error.hint = self.keyed(error.hint)
        self.push_screen(ProblemPanel(error, command))

    def nothing_here(self, sentence: str) -> str:
        """What a platform's place shows where there is no platform: a sentence, and where to go."""
        keys = {action.id: self._keys_of(action).partition(",")[0] for action in ACTIONS}
        start = f"{keys['go.start']}, then"
        lines = [sentence]
        if (self.options.directory / "floe.yaml").is_file():
            lines.append(f"{keys['go.project']}  says what the pinned platform says of the project here")
        lines.append(f"{start} {keys['start.begin']}  begins a platform")
        lines.append(f"{start} {keys['start.demo']}  makes one to try everything with")
        return "\n".join(lines)

    def keyed(self, hint: str) -> str:
        """A hint with the key that does what it says here, before the command that it names."""
        return keyed(hint, self._keys_of)

    def on_work_changed(self, event: WorkChanged) -> None:
        """Show running work in every place's status line."""
        for screen in self._places():
            for bar in screen.query(StatusBar):
                bar.work = event.title
        with suppress(ScreenStackError):  # it is being closed
            self.refresh_bindings()

    def unsaved_manifest(self) -> str:
        """What of manifest.yaml is not saved; empty: nothing."""
        return next((said for screen in self._places() if (said := screen.unsaved())), "")

    def manifest_saved(self) -> None:
        """Tell every place that was visited."""
        for screen in self._places():
            screen.manifest_saved()

    def on_resize(self, event: events.Resize) -> None:
        """Stand over everything while the terminal is too small."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        if self.place_screen is None:
            return  # the first size comes before the first place; what stood over nothing would be lost
        small = size.width < WIDTH or size.height < HEIGHT
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def remembered(self, place: Place) -> dict[str, Any]:
        """What a place wrote down last time."""
        return self.session.places.get(place, {})
