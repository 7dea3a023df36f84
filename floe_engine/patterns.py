"""Regular expressions that a module names and most runs never use: each is compiled when it is first used."""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    """Stands for an `re.Pattern`, and is as quick from the second use on."""

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Asked for what is not known yet alone: what was found once stands in the instance.
        value = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, value)
        return value


def pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`, later: a mistake in `source` is one of floe's, and shows where it is used."""
    return cast("re.Pattern[str]", _Pattern(source, flags))
