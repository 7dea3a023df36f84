"""Words for people: text from outside made safe to show, sizes, and near misses."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


def printable(text: str) -> str:
    """`text` with everything that a terminal might obey shown as an escape instead.

    Control characters (C0, C1), bidirectional overrides, lone surrogates and other invisible
    format characters become ``\\x1b``-style escapes; newlines and tabs stay.
    """
    if text.isascii() and text.isprintable():
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
    """The known word that `word` most likely was meant to be, or None where none is near.

    camelCase and dashes count as snake_case; a whole token in common (``tests`` in
    ``required_tests``) is near enough where spelling is not.
    """
    candidates = {_snake(candidate): candidate for candidate in known}
    wanted = _snake(word)
    if wanted in candidates:
        return candidates[wanted]
    close = difflib.get_close_matches(wanted, candidates, n=1, cutoff=0.6)
    if close:
        return candidates[close[0]]
    tokens = {token for token in wanted.split("_") if len(token) > 3}
    sharing = [name for name in candidates if tokens & set(name.split("_"))]
    return candidates[sharing[0]] if len(sharing) == 1 else None


def _snake(word: str) -> str:
    spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in word.replace("-", "_"))
    return spelled.strip("_")


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
