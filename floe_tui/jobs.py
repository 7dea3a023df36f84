"""The one way in which the workbench runs anything that can take time.

A job is a function of the engine in a worker thread. Starting a job in a group stops the group's
earlier one, and what a stopped, timed-out or superseded job still returns is dropped. Callbacks
run in the owner's message loop, so that they may touch widgets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct, field

from floe_engine import Cancelled, CancelToken, Event, FloeError, Transfer
from floe_tui.crash import write_log
from floe_tui.messages import WorkChanged

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.timer import Timer

T = TypeVar("T")
A = TypeVar("A")

clock = time.monotonic

TIMEOUT = 120.0
"""Seconds after which a job is given up."""

TRANSFER_INTERVAL = 0.05
"""Seconds between two reports of one transfer: more would be unreadable and cost the screen."""


class Job(Struct, Generic[T], eq=False):
    """One piece of work on its way.

    `command` reproduces it without the workbench; `important` work makes quitting ask first;
    `quiet` work is not shown in the status line.
    """

    owner: DOMNode
    title: str
    group: str
    done: Callable[[T], object]
    failed: Callable[[FloeError], object] | None = None
    progress: Callable[[Event], object] | None = None
    command: str = ""
    important: bool = False
    quiet: bool = False
    cancel: CancelToken = field(default_factory=CancelToken)
    over: bool = False
    started: float = field(default_factory=lambda: clock())
    timer: Timer | None = None


class Jobs:
    """All work of one app. Use it on the app's own thread."""

    def __init__(
        self,
        app: App[Any],
        log: Path,
        explain: Callable[[FloeError, str], object],
        ran: Callable[[str, float, str], object] = lambda command, seconds, problem: None,
        keyed: Callable[[str], str] = lambda hint: hint,
    ) -> None:
        """`ran` hears of every job that a command does too: the command, its seconds, what went wrong.

        `keyed` makes of an error's hint what is to be done here.
        """
        self._keyed = keyed
        self._ran = ran
        self._app = app
        self._log = log
        self._explain = explain
        self._running: dict[str, Job[Any]] = {}

    @property
    def running(self) -> tuple[Job[Any], ...]:
        """The jobs that have not ended, oldest first."""
        return tuple(self._running.values())

    def is_running(self, group: str) -> bool:
        """Whether a group's job is on its way."""
        return group in self._running

    def start(
        self,
        owner: DOMNode,
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
        """Run ``work(report, cancel)`` in a thread, instead of what its group is doing.

        Exactly one of `done` and `failed` is called, and neither when the job is superseded.
        Without `failed` a problem panel explains the error with `command`.
        """
        if earlier := self._running.pop(group, None):
            self._end(earlier)
        job = Job(owner, title, group, done, failed, progress, command, important, quiet)
        self._running[group] = job
        job.timer = owner.set_timer(timeout, lambda: self._time_out(job, timeout))
        owner.run_worker(
            lambda: self._run(job, work),
            name=title,
            group=f"job.{group}",
            exit_on_error=False,
            thread=True,
        )
        self._announce()
        return job

    def cancel(self, group: str | None = None) -> int:
        """Stop a group's job, or every job that is shown; says how many there were.

        Each answers with `failed(Cancelled)`, at once: the screen does not wait for its thread.
        """
        jobs = [job for job in self.running if (job.group == group if group else not job.quiet)]
        for job in jobs:
            self._finish(job, None, Cancelled())
        return len(jobs)

    def close(self) -> None:
        """Stop everything without calling anybody back; for leaving."""
        for job in self.running:
            self._end(job)
        self._running.clear()

    def ask(self, panel: Callable[[], Screen[A]], cancel: CancelToken) -> A:
        """From a worker: show a panel and wait for its answer.

        Raises `Cancelled` where the user closes it without one, or the work is stopped meanwhile;
        then the panel goes too.
        """
        answers: SimpleQueue[A | None] = SimpleQueue()
        with self.showing(panel, answers.put):
            while True:
                cancel.check()
                if not self._app.is_running:  # it ended without asking: nobody will answer
                    raise Cancelled
                try:
                    answer = answers.get(timeout=0.1)
                except Empty:
                    continue
                if answer is None:
                    raise Cancelled
                return answer

    @contextmanager
    def showing(self, panel: Callable[[], Screen[A]], answered: Callable[[A | None], None]) -> Iterator[None]:
        """From a worker: show a panel while the block runs, if it is not answered before."""
        shown: list[Screen[A]] = []

        def show() -> None:
            shown.append(panel())
            self._app.push_screen(shown[0], answered)

        def take_away() -> None:
            if shown and shown[0] in self._app.screen_stack:
                shown[0].dismiss(None)

        self._app.call_later(show)
        try:
            yield
        finally:
            self._app.call_later(take_away)

    # --- in the worker's thread ------------------------------------------------------------

    def _run(self, job: Job[T], work: Callable[[Callable[[Event], None], CancelToken], T]) -> None:
        shown: dict[str, float] = {}

        def report(event: Event) -> None:
            if job.over or job.progress is None:
                return
            if isinstance(event, Transfer) and event.done < event.total:
                now = time.monotonic()
                if now - shown.get(event.name, 0.0) < TRANSFER_INTERVAL:
                    return
                shown[event.name] = now
            job.owner.call_later(self._deliver, job, event)

        result: T | None = None
        error: FloeError | None = None
        try:
            result = work(report, job.cancel)
        except FloeError as problem:
            error = problem
        except Exception as problem:  # a face: an unforeseen failure is explained, never a crash
            error = self._unforeseen(problem)
        if not job.owner.call_later(self._finish, job, result, error):
            self._app.call_later(self._finish, job, result, error)

    def _unforeseen(self, problem: Exception) -> FloeError:
        where = write_log(self._log, problem)
        return FloeError(
            "Something went wrong inside floe",
            f"{type(problem).__name__}: {problem}",
            hint=f"the traceback is in {where}" if where else "the traceback could not be written down",
        )

    # --- in the app's thread ---------------------------------------------------------------

    def _deliver(self, job: Job[Any], event: Event) -> None:
        if not job.over and job.progress is not None:
            job.progress(event)

    def _finish(self, job: Job[T], result: T | None, error: FloeError | None) -> None:
        if job.over:
            return
        self._end(job)
        if self._running.get(job.group) is job:
            del self._running[job.group]
        self._announce()
        if job.command and not isinstance(error, Cancelled):
            self._ran(job.command, clock() - job.started, error.title if error is not None else "")
        if not job.owner.is_running:
            return
        if error is not None:
            error.hint = self._keyed(error.hint)
        if error is None:
            job.done(result)  # type: ignore[arg-type]  # None is a T where work returns None
        elif job.failed is not None:
            job.failed(error)
        elif not isinstance(error, Cancelled):
            self._explain(error, job.command)

    def _time_out(self, job: Job[Any], seconds: float) -> None:
        self._finish(
            job,
            None,
            FloeError(
                f"{job.title}: no end after {seconds:.0f} s",
                "The work was given up.",
                hint="check the network and the registry, and try again",
            ),
        )

    def _end(self, job: Job[Any]) -> None:
        job.over = True
        job.cancel.cancel()
        if job.timer is not None:
            job.timer.stop()

    def _announce(self) -> None:
        titles = [job.title for job in self.running if not job.quiet]
        self._app.post_message(WorkChanged(titles[-1] if titles else ""))
