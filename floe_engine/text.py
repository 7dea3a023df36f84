"""Words for people: text from outside made safe to show, sizes, and near misses."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterable

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a camelCase word goes on."""


def printable(text: str) -> str:
    """`text` with everything that a terminal might obey shown as an escape instead.

    Control characters (C0, C1), bidirectional overrides, lone surrogates and other invisible
    format characters become ``\\x1b``-style escapes; newlines and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant, or None where nothing is near.

    First by likeness (difflib, 0.6) without regard to case, hyphens and camelCase; then the known
    word that has all parts of `word`, or whose parts `word` has (``coverage`` for
    ``minimum_test_coverage``), where there is only one.
    """
    return _nearest(word, tuple(known))


@functools.lru_cache(maxsize=512)
def _nearest(word: str, words: tuple[str, ...]) -> str | None:
    """The search itself, remembered: one slip is often made in many places."""
    if word in words:
        return word
    plain: dict[str, str] = {}
    for candidate in words:
        plain.setdefault(_plain(candidate), candidate)
    wanted = _plain(word)
    close = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.6)
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
    """A word in snake case, shortened: nobody means a key of a hundred characters."""
    head = word[:100].replace("-", "_")
    return head.lower() if head.isupper() else _HUMP.sub("_", head).lower()


def _parts(text: str) -> set[str]:
    return {part for part in re.split(r"[^a-z0-9]+", text) if len(part) > 2}


def plural(count: int, noun: str) -> str:
    """``1 change``, ``3 changes``, ``2 policies``."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}s"


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1
