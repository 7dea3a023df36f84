"""Keys that come faster than what they are for.

The key that opens a panel, a place or a filter is often followed at once by what is to be typed into it.
Textual hands every key to what has the focus when it arrives, though what an earlier key does to the
focus may still be on its way: later keys would be lost, or taken by what is below. Here a key waits
until the one before it has done all it does. Only text that runs into a field does not wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ScreenStackError

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.screen import Screen

Typed = events.Key | events.Paste

ROUNDS = 2
"""A key goes through the queues from the focused widget up to the app, which acts on it. What the act
itself posts to that widget goes the same way once more."""

PATIENCE = 0.3
"""Seconds after which a key counts as done: the widget that it went to may be gone with it."""


class TypedAhead:
    """Owned by the app, which hands it every key first; `deliver` is what Textual does with one.

    `ways` are keys that lead to places: of several that wait, one behind another, only the last is wanted.
    """

    def __init__(
        self,
        app: App[Any],
        deliver: Callable[[events.Event], Awaitable[None]],
        ways: frozenset[str] = frozenset(),
    ) -> None:
        self._ways = ways
        self._app = app
        self._deliver = deliver
        self._held: deque[Typed] = deque()
        self._up: Screen[Any] | None = None
        self._running_text = False
        """Whether text was delivered and nobody waited for its arrival."""
        self._watch: asyncio.TimerHandle | None = None
        self._turn = 0
        self._afterwards: list[Callable[[], object]] = []

    async def take(self, event: Typed) -> None:
        """Deliver a key, now or in its turn."""
        if self._held and self._leads(self._held[-1]) and self._leads(event):
            self._held.pop()
        self._held.append(event)
        if self._watch is None:
            await self.go_on()

    def afterwards(self, call: Callable[[], object]) -> None:
        """Call it once nothing is on its way, such as for a question that no key asked for."""
        self._afterwards.append(call)
        if self._watch is None:
            self._rest()

    async def go_on(self) -> None:
        """Deliver what is held, as far as that goes without waiting."""
        while self._held:
            try:
                screen = self._app.screen
            except ScreenStackError:  # before the first screen, and after the last
                return
            is_text = self._is_text(self._held[0])
            if screen is not self._up or (self._running_text and not is_text):
                self._wait(screen)
                return
            try:
                await self._deliver(self._held.popleft())
            except ScreenStackError:  # the app is ending, and the place that the key leads to is gone
                self._held.clear()
                return
            self._running_text = is_text
            if not is_text:
                self._wait(screen)
                return

    def _leads(self, event: Typed) -> bool:
        return isinstance(event, events.Key) and event.key in self._ways

    def _is_text(self, event: Typed) -> bool:
        focused = self._app.focused
        if focused is None:
            return False
        return isinstance(event, events.Paste) or focused.check_consume_key(event.key, event.character)

    def _wait(self, screen: Screen[Any]) -> None:
        self._turn += 1
        self._watch = asyncio.get_running_loop().call_later(
            PATIENCE, self._app.call_later, self._arrive, self._turn
        )
        self._up, self._running_text = screen, False
        self._send(self._turn, ROUNDS)

    def _send(self, turn: int, rounds: int) -> None:
        if rounds == 0:
            self._app.call_later(self._arrive, turn)
            return
        start = self._app.focused or self._app.screen
        self._pass_on([*start.ancestors_with_self], turn, rounds)

    def _pass_on(self, path: list[MessagePump], turn: int, rounds: int) -> None:
        """Behind the key in the queue of the first of `path`, and then of the next, up to the app."""
        if not path:
            self._send(turn, rounds - 1)
        elif not path[0].call_later(self._pass_on, path[1:], turn, rounds):
            self._pass_on(path[1:], turn, rounds)  # it is closing

    async def _arrive(self, turn: int) -> None:
        if turn == self._turn and self._watch is not None:
            self._watch.cancel()
            self._watch = None
            await self.go_on()
            if self._watch is None:
                self._rest()

    def _rest(self) -> None:
        calls, self._afterwards = self._afterwards, []
        for call in calls:
            call()
