"""``:``: a command of floe, with completion, and what it says."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from floe_engine import Cancelled, CancelToken, FloeError, Report
from floe_tui.floe_command import Finished, complete, run
from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.field import Field
from floe_tui.widgets.text_view import TextView

HINT = "Tab completes, Enter runs, F12 stops, Escape closes"

TIMEOUT = 900.0


class CommandPanel(Panel[None]):
    """Stays open, so that one command may follow the other. Up brings back the last."""

    BINDINGS = [("f12", "stop", "Stop")]

    def __init__(self, line: str = "") -> None:
        super().__init__()
        self.line = line
        self.before: list[str] = []

    def compose(self) -> ComposeResult:
        """The line, what it could become, and the output."""
        with Vertical(id="panel", classes="-wide"):
            yield Static("floe …", classes="title")
            yield Field(self.line, placeholder="platform list", id="line", compact=True)
            yield Static(plain(HINT), id="said", classes="hint")
            yield TextView("", id="output")

    def on_mount(self) -> None:
        """What is typed next is the command."""
        self.query_one("#line", Field).focus()

    def on_key(self, event: events.Key) -> None:
        """Tab completes in the line, Up brings back the last command."""
        line = self.query_one("#line", Field)
        if not line.has_focus or event.key not in ("tab", "up"):
            return
        event.stop()
        event.prevent_default()
        if event.key == "up":
            line.value = self.before[-1] if self.before else line.value
            line.cursor_position = len(line.value)
        else:
            self._complete(line.value)

    def _complete(self, typed: str) -> None:
        directory = self.workbench.options.directory

        def done(offers: tuple[str, ...]) -> None:
            line = self.query_one("#line", Field)
            if line.value != typed or not offers:
                return
            start, _, word = typed.rpartition(" ")
            common = _common(offers)
            if len(offers) == 1 or len(common) > len(word):
                end = " " if len(offers) == 1 else ""
                line.value = f"{start} {common}{end}".lstrip()
                line.cursor_position = len(line.value)
            self._say("  ".join(offers) if len(offers) > 1 else HINT)

        self.workbench.jobs.start(
            self,
            lambda report, cancel: complete(directory, typed),
            title="Completing",
            group="command.complete",
            done=done,
            failed=lambda error: None,
            timeout=15,
            quiet=True,
        )

    @on(Input.Submitted, "#line")
    def _run(self, event: Input.Submitted) -> None:
        event.stop()
        line = event.value.strip()
        if not line:
            return
        workbench = self.workbench
        self.before.append(line)
        view = self.query_one("#output", TextView)
        view.show("")
        self._say("running; F12 stops it")
        directory = workbench.options.directory

        def work(report: Report, cancel: CancelToken) -> Finished:
            return run(directory, line, lambda text: self.call_later(self._show, text), cancel)

        def done(finished: Finished) -> None:
            self._show(finished.output)
            self._say(f"{'✓' if not finished.code else '✗'} exit {finished.code}   {HINT}")

        def failed(error: FloeError) -> None:
            stopped = isinstance(error, Cancelled)
            self._say("stopped" if stopped else f"✗ {error.title}: {error.message}")

        workbench.jobs.start(
            self,
            work,
            title=f"floe {line.removeprefix('floe ')}",
            group="command.run",
            done=done,
            failed=failed,
            command=f"floe {line.removeprefix('floe ')}",
            timeout=TIMEOUT,
        )

    def _show(self, text: str) -> None:
        view = self.query_one("#output", TextView)
        view.show(text, keep_place=True)
        view.scroll_end(animate=False)

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(plain(text))

    def action_stop(self) -> None:
        """Stop what runs."""
        self.workbench.jobs.cancel("command.run")

    def action_close(self) -> None:
        """What still runs ends with the panel."""
        self.action_stop()
        self.dismiss(None)


def _common(offers: tuple[str, ...]) -> str:
    first, last = min(offers), max(offers)
    size = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return first[:size] if size is not None else min(first, last, key=len)
