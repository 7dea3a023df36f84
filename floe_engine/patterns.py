"""Regular expressions that a module names and most runs never use: each is compiled when it is first used."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

_compile = re.compile
"""It, and not what stands in its place meanwhile (`compiled_on_use`)."""


class _Pattern:
    """Stands for an `re.Pattern`, and is as quick from the second use on."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Asked for what is not known yet alone: what was found once stands in the instance.
        value = getattr(_compile(self._source, self._flags), name)
        setattr(self, name, value)
        return value


def pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`, later: a mistake in `source` is one of floe's, and shows where it is used."""
    return cast("re.Pattern[str]", _Pattern(source, flags))


@contextmanager
def compiled_on_use() -> Iterator[None]:
    """What this thread compiles in here is compiled when it is first used: for a library that is imported."""
    before, here = re.compile, threading.get_ident()

    def later(source: Any, flags: int = 0) -> Any:
        waits = isinstance(source, str | bytes) and threading.get_ident() == here
        return _Pattern(source, flags) if waits else _compile(source, flags)

    re.compile = later  # type: ignore[assignment]  # an overload of its own
    try:
        yield
    finally:
        re.compile = before
