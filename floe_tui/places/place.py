"""What the places have in common: the frame, their panes, and what they remember."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from floe_engine import CancelToken, Event, FloeError
from floe_tui.actions import Place, find
from floe_tui.jobs import TIMEOUT, Job
from floe_tui.messages import StatusChanged
from floe_tui.widgets.context_line import ContextLine
from floe_tui.widgets.key_footer import KeyFooter
from floe_tui.widgets.place_tabs import PlaceTabs
from floe_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from floe_tui.app import Workbench

T = TypeVar("T")

PARTS = 200
"""What the shares of two parts add up to, once the border was moved."""

LEAST = 0.15
"""Of the room, what each part keeps."""

WIDE = 110
"""Cells from which the parts of a place stand beside each other."""


class PlaceScreen(Screen[None]):
    """A place. Subclasses give `place`, `about`, their bindings and `compose_body`.

    A part of the body with the class ``pane`` is shown alone where the terminal is narrow, and where it is
    zoomed; going to the next pane, or focusing something in it, brings it up. Panes stand in columns
    (``column``), or are themselves the body's. The main pane is the first, and is written as ``-active``,
    with its column: made so afterwards, everything is styled twice before it is seen. A pane with
    ``-follows`` shows facts of the row under the main pane's cursor, and stays under it in a narrow terminal.
    """

    place: ClassVar[Place]
    about: ClassVar[str] = ""
    """A paragraph for the help screen."""

    split: ClassVar[tuple[int, int]] = (11, 9)
    """The shares of the body's two parts, until the user moves them."""

    stacked: ClassVar[bool] = False
    """Whether the two parts stand over each other."""

    AUTO_FOCUS = None

    _drawn = False
    """Whether it was drawn already."""

    _shares: tuple[int, int] = (11, 9)

    _dragging = False
    """Whether the mouse holds the border between the two parts."""

    def __init__(self) -> None:
        super().__init__()
        self._shares = self.split

    @property
    def workbench(self) -> Workbench:
        """The app, as what it is."""
        return cast("Workbench", self.app)

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        # Textual sets these at the first size event, after everything was styled without them.
        self.add_class(
            "-at-main",
            *self._get_breakpoint_classes(self.app.size.width, self.app.HORIZONTAL_BREAKPOINTS or []),
        )
        self.add_class(
            *self._get_breakpoint_classes(self.app.size.height, self.app.VERTICAL_BREAKPOINTS or [])
        )
        with Vertical(id="top"):
            yield ContextLine()
            yield PlaceTabs(self.place)
        yield from self.compose_body()
        with Vertical(id="foot"):
            yield StatusBar(read_only=self.workbench.options.read_only)
            yield KeyFooter()

    def compose_body(self) -> ComposeResult:
        """The place's own widgets."""
        raise NotImplementedError

    def job(
        self,
        work: Callable[[Callable[[Event], None], CancelToken], T],
        *,
        title: str,
        group: str,
        done: Callable[[T], object],
        failed: Callable[[FloeError], object] | None = None,
        progress: Callable[[Event], object] | None = None,
        command: str = "",
        timeout: float = TIMEOUT,
        important: bool = False,
        quiet: bool = False,
    ) -> Job[T]:
        """`Jobs.start` for this screen: what the engine gives is what `done` takes."""
        return self.workbench.jobs.start(
            self,
            work,
            title=title,
            group=group,
            done=done,
            failed=failed,
            progress=progress,
            command=command,
            timeout=timeout,
            important=important,
            quiet=quiet,
        )

    def remember(self) -> dict[str, Any]:
        """What to find again next time, as JSON values."""
        return {}

    @property
    def memory(self) -> dict[str, Any]:
        """`remember`, and how the panes share the room."""
        moved = {"split": list(self._shares)} if self._shares != self.split else {}
        return {**self.remember(), **moved}

    def manifest_saved(self) -> None:
        """The manifest on disk is another one now."""

    def unsaved(self) -> str:
        """What would be lost by leaving; empty: nothing."""
        return ""

    def keep(self) -> None:
        """Write down what `unsaved` names, so that it can be offered again: the process ends now."""

    def save(self, done: Callable[[], object]) -> None:
        """Save what `unsaved` names, and call `done` once it is."""

    def discard(self) -> None:
        """Let go of what `unsaved` names: whoever leaves chose to."""

    def why_not(self, action_id: str) -> str:
        """Why an action of this place cannot be done now; empty: it can."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what cannot be done now (Textual's meaning of None)."""
        argument = str(parameters[0]) if parameters else ""
        row = find(self.place, action, argument)
        if row is not None and self.workbench.why_not(row):
            return None
        return True

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        # Textual calls its own next, which styles everything anew. Coming up the first time, that was done
        # just now, as it was mounted.
        event.refresh_styles = self._drawn
        self.call_after_refresh(setattr, self, "_drawn", True)

    def _compositor_refresh(self) -> None:
        # Textual's own. While it mounts, it would draw the whole screen and throw that away; what is dirty
        # stays so, and is drawn once when the first mounting is over.
        if not self.app._batch_count:  # noqa: SLF001  # there is no public name
            super()._compositor_refresh()

    # --- panes -----------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Share the room as it was shared before, and show where one is."""
        found = self.workbench.remembered(self.place).get("split")
        if isinstance(found, list) and len(found) == 2 and all(isinstance(part, int) for part in found):
            self._shares = (found[0], found[1])
        self._share()
        self.orient()

    @property
    def panes(self) -> list[Widget]:
        """The panes in reading order, without those that are switched off."""
        return [pane for pane in self.query(".pane") if not pane.has_class("-off")]

    def orient(self) -> None:
        """Show where one is."""
        orientation = self.workbench.orientation
        for line in self.query(ContextLine):
            line.orientation = orientation
        for tabs in self.query(PlaceTabs):
            tabs.counts = orientation.counts

    def go_home(self) -> None:
        """Back to the main pane."""
        if panes := self.panes:
            self.activate(panes[0])

    def activate(self, pane: Widget) -> None:
        """Bring a pane up where only one fits, and move the focus into it."""
        self._bring_up(pane)
        target = next((node for node in pane.walk_children(Widget, with_self=True) if node.can_focus), None)
        if target is not None:
            self.set_focus(target)  # at once: what is typed right after belongs to it already

    def _bring_up(self, pane: Widget) -> None:
        for other in self.query(".pane"):
            other.set_class(other is pane, "-active")
        for column in self.query(".column"):
            column.set_class(column in pane.ancestors, "-active")
        self.set_class(pane is next(iter(self.panes), None), "-at-main")

    def action_next_pane(self) -> None:
        """Go to the pane after the one that is up."""
        panes = self.panes
        if not panes:
            return
        at = next((index for index, pane in enumerate(panes) if pane.has_class("-active")), -1)
        self.activate(panes[(at + 1) % len(panes)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whatever gets the focus is in the pane that is up."""
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Widget) and node.has_class("pane"):
                if not node.has_class("-active"):
                    self._bring_up(node)
                return

    def action_zoom(self) -> None:
        """The pane that is up alone, or all of them again."""
        self.toggle_class("-zoomed")

    def action_widen(self, step: str) -> None:
        """Move the border between the two parts."""
        self._move_border(self._shares[0] / sum(self._shares) + int(step) / 20)

    def _move_border(self, first: float) -> None:
        """Give the first part so much of the room, of 1; the second keeps some."""
        share = round(PARTS * max(LEAST, min(1 - LEAST, first)))
        self._shares = (share, PARTS - share)
        self._share()

    # --- the border under the mouse --------------------------------------------------------

    def _beside_border(self, x: int, y: int) -> bool:
        """Whether a place of the screen is on the frames where the two parts meet."""
        parts = [part for part in self.query_one("#body").children if part.region.area]
        if len(parts) != 2 or self.app.size.width < WIDE or self.has_class("-zoomed"):
            return False
        second = parts[1].region
        if not self.query_one("#body").region.contains(x, y):
            return False
        return y in (second.y - 1, second.y) if self.stacked else x in (second.x - 1, second.x)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the border."""
        if self._beside_border(event.screen_x, event.screen_y):
            event.stop()
            self._dragging = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The border goes with the mouse."""
        if self._dragging:
            body = self.query_one("#body").region
            at, size = (
                (event.screen_y - body.y, body.height)
                if self.stacked
                else (event.screen_x - body.x, body.width)
            )
            self._move_border((at + 1) / max(1, size))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of it."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def on_resize(self) -> None:
        """Where one part is shown at a time, it has all the room."""
        self._share()

    def _share(self) -> None:
        wide = self.app.size.width >= WIDE
        for part, share in zip(self.query_one("#body").children, self._shares, strict=False):
            if not wide:
                part.styles.clear_rule("width")
                part.styles.clear_rule("height")
            elif self.stacked:
                part.styles.height = f"{share}fr"
            else:
                part.styles.width = f"{share}fr"

    def on_status_changed(self, event: StatusChanged) -> None:
        """Say it in the status line."""
        self.query_one(StatusBar).text = event.text
