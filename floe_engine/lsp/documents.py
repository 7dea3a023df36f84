"""The files that are open in the editor, and when each is looked at again.

A text is judged in a thread once its author rests; while one judgement runs no second one of the
same file begins, and what is out of date when it arrives is thrown away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

SHORTEST, LONGEST = 0.03, 0.3
"""Seconds of rest before a look: twice what the last one took, within these."""

Judgement = TypeVar("Judgement")


class _Open(Struct, Generic[Judgement]):
    """One file. `stamp` counts its changes; `judged` belongs to the stamp `judged_at`."""

    stamp: int = 0
    judged_at: int = -1
    judged: asyncio.Future[Judgement] | None = None
    looking: asyncio.Task[None] | None = None
    rest: float = 0.0


class OpenDocuments(Generic[Judgement]):
    """Belongs to one event loop, in which all its methods are called."""

    def __init__(
        self,
        prepare: Callable[[str], Callable[[], Judgement]],
        publish: Callable[[str, Judgement], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`prepare` takes the present text of a URI and returns what judges it, in a thread."""
        self._prepare = prepare
        self._publish = publish
        self._failed = failed
        self._open: dict[str, _Open[Judgement]] = {}

    def changed(self, uri: str) -> None:
        """The text of `uri` was opened, or is another now: look at it when its author rests."""
        state = self._open.setdefault(uri, _Open())
        state.stamp += 1
        if state.looking is None or state.looking.done():
            state.looking = asyncio.ensure_future(self._look(uri, state))

    def changed_elsewhere(self) -> None:
        """A file was saved that others may depend on: look at every open one again."""
        for uri in list(self._open):
            self.changed(uri)

    def closed(self, uri: str) -> None:
        """The editor shows `uri` no more."""
        self._open.pop(uri, None)

    async def judgement(self, uri: str) -> Judgement:
        """The judgement of the present text, made now unless it is there or on its way."""
        state = self._open.get(uri) or _Open()
        if state.judged is None or state.judged_at != state.stamp:
            state.judged_at = state.stamp
            state.judged = asyncio.ensure_future(asyncio.to_thread(self._prepare(uri)))
        # A request that the editor cancels must not take the judgement from the others.
        return await asyncio.shield(state.judged)

    async def _look(self, uri: str, state: _Open[Judgement]) -> None:
        while self._open.get(uri) is state:
            stamp = state.stamp
            await asyncio.sleep(state.rest)
            if state.stamp != stamp or self._open.get(uri) is not state:
                continue
            started = time.perf_counter()
            try:
                judgement = await self.judgement(uri)
            except Exception as error:  # the face: the server lives on, and says what happened
                self._failed(error)
                return
            state.rest = min(LONGEST, max(SHORTEST, 2 * (time.perf_counter() - started)))
            if state.stamp == stamp and self._open.get(uri) is state:
                self._publish(uri, judgement)
                return
