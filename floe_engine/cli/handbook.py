"""Where the pages of the documentation are on this machine: a wheel has them beside the code."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from floe_engine.patterns import pattern

_PAGE = pattern(r"\bdocs/([a-z-]+\.md)\b")


def with_pages(text: str) -> str:
    """`text` with the whole path of each page that it names, which lies below no directory of a reader's."""
    if "docs/" not in text:
        return text
    return _PAGE.sub(lambda named: str(_folder() / named[1]), text)


@cache
def _folder() -> Path:
    package = Path(__file__).parents[1]
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent / "docs"
