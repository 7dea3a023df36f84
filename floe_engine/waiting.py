"""Waiting for something that may never come: never longer than is right, and never after Ctrl-C.

What a thread is blocked in (a name look-up, a `recv` of one byte a second, a program that hangs)
cannot be interrupted. So it is done in a thread of its own, and left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from floe_engine.events import CancelToken

_POLL = 0.05
"""Seconds after which a cancelled or overdue wait is noticed."""

_T = TypeVar("_T")


class Overdue(Exception):
    """The work has not ended in time."""


def wait_for(
    work: Callable[[], _T],
    cancels: Sequence[CancelToken] = (),
    *,
    overdue: Callable[[], bool] = lambda: False,
    let_go: Callable[[], object] = lambda: None,
) -> _T:
    """What `work` returns or raises; `Cancelled` or `Overdue` as soon as that is so.

    `overdue` is asked twenty times a second. `let_go` is called where the work is left behind, so
    that it can end: it holds a daemon thread until then.
    """
    for token in cancels:
        token.check()
    finished = threading.Event()
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed to the waiting thread, which raises it
            failure.append(error)
        finally:
            finished.set()

    threading.Thread(target=run, name="floe-waiting", daemon=True).start()
    try:
        while not finished.wait(_POLL):
            for token in cancels:
                token.check()
            if overdue():
                raise Overdue
    finally:
        if not finished.is_set():
            let_go()
    if failure:
        raise failure[0]
    return outcome[0]


def begin(work: Callable[[], _T]) -> Callable[[], _T]:
    """Start `work` before its result is wanted; what comes back waits for it, and returns or raises as it.

    It is left behind where nobody asks: `work` may write nothing that anybody could find, and has to end by
    itself.
    """
    from concurrent.futures import Future  # late: most commands wait for nothing

    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # handed to whoever asks
            future.set_exception(error)

    threading.Thread(target=run, name="floe-ahead", daemon=True).start()
    return future.result
