"""What a workflow tells its caller while it runs, and how the caller stops it.

A workflow takes `report`, a function that is handed these events, and `cancel`, a token that
every loop and every network call looks at. The CLI prints the events; the workbench draws them.
Events are facts, never formatted text with colour or layout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from floe_engine.errors import Cancelled

Outcome = Literal["done", "failed", "skipped", "warned"]


class Event(Struct, frozen=True):
    """Something that happened. Subclasses say what."""


class Heading(Event, frozen=True):
    """A new part of the work begins, such as ``Publishing to oci://…``."""

    text: str


class Stage(Event, frozen=True):
    """A numbered stage begins: ``[2/4] Resolving plugin charts``."""

    number: int
    total: int
    title: str


class Step(Event, frozen=True):
    """One thing is finished: ``✓ Schema validation passed``.

    `detail` is a short addition such as a size; `key` names the step for a machine.
    """

    text: str
    outcome: Outcome = "done"
    detail: str = ""
    key: str = ""


class Transfer(Event, frozen=True):
    """Bytes moved so far for one named thing; `total` is 0 while unknown."""

    name: str
    done: int
    total: int


class Notice(Event, frozen=True):
    """A warning: the work goes on, but the reader should know. `hint` is what to do about it."""

    message: str
    hint: str = ""


Report = Callable[[Event], None]


def silent(event: Event) -> None:
    """A `Report` for callers that want only the result."""


def warnings_only(report: Report) -> Report:
    """For a step inside of other work: its warnings pass, its own headings and stages do not."""

    def forward(event: Event) -> None:
        if isinstance(event, Notice):
            report(event)

    return forward


class CancelToken:
    """Shared between the one who may stop a piece of work and the work itself (thread-safe)."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next look."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Wait, but wake up and raise `Cancelled` as soon as somebody asks to stop."""
        if self._event.wait(seconds):
            raise Cancelled
