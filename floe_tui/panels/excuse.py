"""What a waiver needs: a reason, an owner, and an end."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.field import Field

NAMES = ("reason", "owner", "expires")


class Excuse(Struct, frozen=True):
    """What a person says of a finding that may stay."""

    reason: str
    owner: str
    expires: str
    """The last day, as YYYY-MM-DD; empty: none."""


class ExcusePanel(Panel[Excuse]):
    """Three lines to type. Enter goes to the next one, and from the last one on to what it would write."""

    def __init__(
        self, question: str, finding: str, *, owner: str, expires: str, latest: str, must_end: bool
    ) -> None:
        """`latest` is the last day that the platform permits, `must_end` whether there has to be one."""
        super().__init__()
        self.question = question
        self.finding = finding
        self.owner = owner
        self.expires = expires
        self.latest = latest
        self.must_end = must_end

    def compose(self) -> ComposeResult:
        """Question, the finding, and the lines."""
        until = f"last day, {self.latest} at most" if self.must_end else "last day; empty: for ever"
        lines = (
            ("reason", "", "why it may stay; it stands in every report"),
            ("owner", self.owner, "who answers for it"),
            ("expires", self.expires, until),
        )
        with Vertical(id="panel", classes="-danger"):
            yield Static(plain(self.question), classes="title")
            yield Static(plain(self.finding), classes="section")
            for name, value, about in lines:
                with Horizontal(classes="line"):
                    yield Static(plain(f"{name:<8}"), classes="label")
                    yield Field(value, placeholder=about, id=name, compact=True)
            yield Static("", id="says", classes="hint")

    def on_mount(self) -> None:
        """The reason is what nobody else can know."""
        self.query_one("#reason", Field).focus()
        self._say()

    @on(Input.Changed)
    def _say(self) -> None:
        wrong = self.missing
        self.query_one("#says", Static).update(plain(wrong or "Enter shows what is written into floe.yaml."))

    @property
    def missing(self) -> str:
        """What is not as it has to be yet; empty: nothing."""
        said = self._said
        if not said.reason:
            return "A reason is needed."
        if not said.owner:
            return "An owner is needed."
        if not said.expires:
            return "A last day is needed." if self.must_end else ""
        try:
            day = date.fromisoformat(said.expires)
        except ValueError:
            return f"{said.expires} is no day: write it as YYYY-MM-DD."
        if day > date.fromisoformat(self.latest):
            return f"The platform permits no waiver beyond {self.latest}."
        return ""

    @property
    def _said(self) -> Excuse:
        return Excuse(*(self.query_one(f"#{name}", Field).value.strip() for name in NAMES))

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        at = NAMES.index(str(event.input.id))
        if event.value.strip() and at < len(NAMES) - 1:
            self.query_one(f"#{NAMES[at + 1]}", Field).focus()
        elif not self.missing:
            self.dismiss(self._said)
