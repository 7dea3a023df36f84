"""Did you mean …? The nearest of some known words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from pydantic.alias_generators import to_snake


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant, None where nothing is near.

    First by likeness (difflib, 0.6) without regard to case, hyphens and camelCase; then the known
    word that has all parts of `word`, or whose parts `word` has (``coverage`` for
    ``minimum_test_coverage``), where there is only one.
    """
    return _nearest(word, tuple(known))


@lru_cache(maxsize=512)
def _nearest(word: str, words: tuple[str, ...]) -> str | None:
    """The search itself, remembered: one slip is often made in many places."""
    if word in words:
        return word
    plain: dict[str, str] = {}
    for candidate in words:
        plain.setdefault(_plain(candidate), candidate)
    wanted = _plain(word)
    close = get_close_matches(wanted, plain, n=1, cutoff=0.6)
    if close:
        return plain[close[0]]
    parts = _parts(wanted)
    if not parts:
        return None
    holders = [original for text, original in plain.items() if parts <= _parts(text)]
    if len(holders) != 1:
        holders = [original for text, original in plain.items() if _parts(text) <= parts]
    return holders[0] if len(holders) == 1 else None


def _plain(word: str) -> str:
    return to_snake(word[:100]) if not word.isupper() else word[:100].lower()


def _parts(text: str) -> set[str]:
    return {part for part in re.split(r"[^a-z0-9]+", text) if len(part) > 2}
