"""Signing in with a browser: where to go, and that it is waited for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from floe_engine import open_in_browser
from floe_tui.panels.panel import Panel
from floe_tui.text import plain
from floe_tui.widgets.field import Field

if TYPE_CHECKING:
    from floe_engine import Invitation


class SignInPanel(Panel[bool]):
    """Stays until somebody has signed in; Escape declines. Whoever shows it takes it away."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__()
        self.invitation = invitation
        self.here = can_open_a_browser()

    def compose(self) -> ComposeResult:
        """The link, a code for those whose browser is elsewhere, and the buttons."""
        invitation = self.invitation
        with Vertical(id="panel", classes="-danger"):
            yield Static(plain(f"Sign in at {invitation.issuer}"), classes="title")
            yield Static(plain("Open this in a browser here, and say who you are:"))
            yield Static(plain(invitation.link), classes="command")
            yield Static(plain("No browser here? Copy the long link, type its code:"), classes="hint")
            yield Field(placeholder="code", compact=True)
            with Horizontal(id="buttons"):
                if self.here:
                    yield Button("Open the browser", id="open", variant="primary", compact=True)
                yield Button("Copy link", id="copy", compact=True)
                yield Button("Copy long link", id="copy-long", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """What most people want is under Enter."""
        self.query_one("#open" if self.here else "#copy", Button).focus()

    @on(Button.Pressed, "#open")
    def _open(self) -> None:
        if self.app.is_web:  # the browser that shows the workbench
            self.app.open_url(self.invitation.link)
        else:
            open_in_browser(self.invitation.link)

    @on(Button.Pressed, "#copy")
    def _copy(self) -> None:
        self._to_clipboard(self.invitation.link)

    @on(Button.Pressed, "#copy-long")
    def _copy_long(self) -> None:
        self._to_clipboard(self.invitation.elsewhere)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_close()

    @on(Input.Submitted)
    def _code(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.invitation.code = event.value
            event.input.clear()

    def _to_clipboard(self, text: str) -> None:
        from floe_tui.clipboard import copy

        copy(self.app, text)

    def action_close(self) -> None:
        """Nobody signs in."""
        self.invitation.declined = True
        self.dismiss(False)


def can_open_a_browser() -> bool:
    """Whether a browser would open in a window; one for terminals would take this one."""
    if os.environ.get("SSH_TTY"):
        return False
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
