"""When Python looks for garbage: a full pass stops the screen for 15 to 60 ms, so it waits for a pause."""

from __future__ import annotations

import gc
import time
from typing import Any

from textual.app import App

REST = 1.0
"""Seconds without a key or a move of the mouse after which somebody has paused."""
PASSES = 10
"""Passes through what is young, 7,000 new objects each, after which CPython looks through everything."""
LATEST = 100
"""The same, for somebody who does not pause: some 700,000 objects."""


class Collector:
    """Python's own, held back; only where `floe_tui.__main__` has turned it off for the start."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._touched = 0.0

    def begin(self) -> None:
        """Turn it on. What the first paint has loaded stays, and need not be looked through ever again."""
        if gc.isenabled():
            return
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, LATEST)
        gc.enable()
        self._app.set_interval(REST, self._look)

    def touched(self) -> None:
        """Somebody is at work."""
        self._touched = time.monotonic()

    def _look(self) -> None:
        if gc.get_count()[2] > PASSES and time.monotonic() - self._touched > REST:
            gc.collect()
