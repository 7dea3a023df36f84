"""Checks the manifest while it is typed: after a rest, in a worker, and only the newest text counts."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine import Cancelled, CancelToken, Diagnostic, FloeError

if TYPE_CHECKING:
    from textual.timer import Timer

    from floe_engine import Catalogue, Checked
    from floe_tui.places.place import PlaceScreen

SHORTEST, LONGEST = 0.03, 0.3
"""Seconds of rest before a check: twice what the last one took, within these."""


class CheckedText(Struct, frozen=True):
    """What one text turned out to be."""

    text: str
    checked: Checked
    files: dict[str, bytes] | None
    """The eight files it makes; None where it makes none."""
    seconds: float

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every problem of the text."""
        return self.checked.diagnostics


class LiveCheck:
    """Owned by the screen that edits; calls `found` in the screen's loop."""

    def __init__(self, screen: PlaceScreen, directory: Path, found: Callable[[CheckedText], object]) -> None:
        self._screen = screen
        self._directory = directory
        self._found = found
        self._timer: Timer | None = None
        self._rest = SHORTEST
        self.last: CheckedText | None = None
        """What was found last."""

    def later(self, text: Callable[[], str]) -> None:
        """Check the text that `text` gives, unless it changes again before the rest is over."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(self._rest, lambda: self._start(text()))

    def _start(self, text: str) -> None:
        directory = self._directory
        catalogue = self.last.checked.catalogue if self.last is not None else None
        self._screen.job(
            lambda report, cancel: check_text(directory, text, cancel, catalogue),
            title="Checking manifest.yaml",
            group="manifest.check",
            done=self._done,
            failed=self._failed,
            timeout=30,
            quiet=True,
        )

    def _done(self, found: CheckedText) -> None:
        if self.last is None:
            # What was loaded for the first check stays: the collector's full passes, which stop the
            # screen for as long as they take (60 ms), need not go through it again and again.
            gc.freeze()
        self._rest = min(LONGEST, max(SHORTEST, 2 * found.seconds))
        self.last = found
        self._found(found)

    def _failed(self, error: FloeError) -> None:
        if not isinstance(error, Cancelled):
            self._screen.notify(
                f"The check failed: {error.title}. {error.hint}", severity="error", markup=False
            )


def check_text(
    directory: Path, text: str, cancel: CancelToken, catalogue: Catalogue | None = None
) -> CheckedText:
    """Every problem of `text` as the manifest of `directory`, and the files it makes.

    The plugins' `catalogue` is read from disk where none is given, which costs more than the check.
    """
    from floe_engine import Workspace, check_platform, compile_platform

    started = time.perf_counter()
    workspace = Workspace.open(directory)
    checked = check_platform(workspace, text=text, catalogue=catalogue, cancel=cancel)
    seconds = time.perf_counter() - started
    files = None
    cancel.check()
    if checked.ok:
        try:
            compiled = compile_platform(workspace, checked=checked, write=False, cancel=cancel)
        except Cancelled:
            raise
        except FloeError:
            pass  # a key file or a parent is missing: the diagnostics say so, and there is no preview
        else:
            files = dict(compiled.artifact.files)
    return CheckedText(text, checked, files, seconds)
