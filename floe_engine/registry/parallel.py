"""The same work for several things at once, with one end: all of it, or the first failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from floe_engine.events import CancelToken

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def fan_out(work: Callable[[_In, CancelToken], _Out], items: Sequence[_In], workers: int) -> list[_Out]:
    """``work(item, stop)`` for every item in up to `workers` threads; results in the items' order.

    The first failure is raised after `stop` has told the others to end, which they do at their
    next look; none is left running.
    """
    stop = CancelToken()
    if len(items) < 2 or workers < 2:
        return [work(item, stop) for item in items]
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(min(workers, len(items)), "floe-blob") as pool:
        futures = [pool.submit(work, item, stop) for item in items]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            stop.cancel()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]
