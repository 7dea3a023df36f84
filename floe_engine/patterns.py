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


_importing: list[int] = []
"""The threads that are in `compiled_on_use`, one that is in it twice twice."""
_turn = threading.Lock()


def _compile_later(source: Any, flags: int = 0) -> Any:
    waits = isinstance(source, str | bytes) and threading.get_ident() in _importing
    return _Pattern(source, flags) if waits else _compile(source, flags)


@contextmanager
def compiled_on_use() -> Iterator[None]:
    """What this thread compiles in here is compiled when it is first used: for a library that is imported.

    Several threads may be in here at once; with the last one `re.compile` is itself again.
    """
    here = threading.get_ident()
    with _turn:
        _importing.append(here)
        re.compile = _compile_later  # type: ignore[assignment]  # an overload of its own
    try:
        yield
    finally:
        with _turn:
            _importing.remove(here)
            if not _importing:
                re.compile = _compile
