"""When to ask again, and when to stop: tries, pauses with jitter, Retry-After, a total budget."""

from __future__ import annotations

import time
from collections.abc import Sequence

from floe_engine.events import CancelToken
from floe_engine.registry.transport import Transport


class Retry:
    """The tries of one request. Make one per request; not shared between threads."""

    def __init__(self, settings: Transport, cancels: Sequence[CancelToken] = ()) -> None:
        self._settings = settings
        self._cancels = cancels
        self._tries = 1
        self._start = time.monotonic()

    @property
    def end(self) -> float:
        """When, by the monotonic clock, the last try must be over."""
        return self._start + self._settings.budget

    def again(self, retry_after: str = "") -> bool:
        """Pause as long as is right and return True, or return False where it is enough.

        `retry_after` is the header's value (RFC 9110, 10.2.3). Raises `Cancelled` while pausing.
        """
        import random

        pause = self._settings.backoff * 2 ** (self._tries - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if (wanted := _seconds(retry_after)) is not None:
            pause = max(pause, wanted)
        spent = time.monotonic() - self._start
        if self._tries >= self._settings.attempts or spent + pause > self._settings.budget:
            return False
        self._tries += 1
        pause_for(pause, self._cancels)
        return True


def pause_for(seconds: float, cancels: Sequence[CancelToken]) -> None:
    """Wait, waking up with `Cancelled` as soon as one of the tokens says so."""
    deadline = time.monotonic() + seconds
    while True:
        for token in cancels:
            token.check()
        left = deadline - time.monotonic()
        if left <= 0:
            return
        if cancels:
            cancels[0].sleep(min(left, 0.05 if len(cancels) > 1 else left))
        else:
            time.sleep(left)


def _seconds(retry_after: str) -> float | None:
    """A Retry-After header, as seconds or as a date, in seconds from now."""
    text = retry_after.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    import datetime
    import email.utils

    try:
        when = email.utils.parsedate_to_datetime(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=datetime.UTC)
        return max(0.0, (when - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):  # a year that no calendar has, for one
        return None
