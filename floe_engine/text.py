"""Words for people: text from outside made safe to show, sizes, and near misses."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator

from floe_engine.patterns import pattern

_HUMP = pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a camelCase word goes on."""

_UNSEEN = pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0100-\U000e01ef]"
    "|[\ufe00-\ufe0d]|(?<![\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
)
"""What Unicode calls default-ignorable and Python printable: it draws nothing, and text hides in it.

The two last are the selectors of text and emoji style, which stand after a symbol alone.
"""


_SIGNS = frozenset((*map(chr, range(32, 127)), *"✗✓→≥…·–"))
"""What floe's own lines are made of: there is nothing in them to search for."""


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with everything that a terminal might obey, or that nobody would see, as an escape instead.

    Controls (C0, C1), bidirectional and other format characters, tags, fillers, variation
    selectors that no symbol asks for, lone surrogates and unassigned characters become ``\\x1b``,
    ``\\u202e`` or ``\\U000e0041``; tabs stay. A line break becomes ``\\n``, or stays where the place
    has room for several `lines`. What was escaped already is left as it is.
    """
    if text.isprintable() and (text.isascii() or _SIGNS.issuperset(text) or not _UNSEEN.search(text)):
        return text
    shown = "".join(map(_visible, text))
    shown = _UNSEEN.sub(lambda found: _escape(found[0]), shown)
    return shown if lines else shown.replace("\n", "\\n")


def _escape(character: str) -> str:
    """The escape by which a character is named: ``\\x1b``, ``\\u202e``, ``\\U000e0041``."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _visible(character: str) -> str:
    if character in "\n\t" or character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return _escape(character)


_LINE = pattern(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$")


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends: CRLF, LF or CR alone, as editors and SARIF count them."""
    return _LINE.findall(text)


def changed_lines(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """What differs: its first line, the one after its last (of `before`, from 0), and what replaces them."""
    import difflib

    old, new = lines_of(before), lines_of(after)
    for tag, first, last, start, end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            yield first, last, "".join(new[start:end])


def unified_diff(before: str, after: str, *, old: str, new: str) -> str:
    """The change from one text to another as ``diff -u`` writes it; `old` and `new` name the two."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


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
    from difflib import get_close_matches

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
    """A word in snake case, shortened: nobody means a key of a hundred characters."""
    head = word[:100].replace("-", "_")
    return head.lower() if head.isupper() else _HUMP.sub("_", head).lower()


def _parts(text: str) -> set[str]:
    return {part for part in re.split(r"[^a-z0-9]+", text) if len(part) > 2}


_WORD_ENDS = pattern(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+"
)


_SNAKE = pattern(r"[a-z]+(?:_[a-z]+)*")
_ASCII_WORDS = pattern(r"[a-z]+|[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z]+|[A-Z]+|[0-9]+")


@functools.lru_cache(maxsize=65_536)
def as_words(name: str) -> str:
    """The words of a name in lower case, with ``_`` between: ``customerEmail2`` is ``customer_email_2``."""
    if _SNAKE.fullmatch(name):  # most names
        return name
    if name.isascii():  # three times as fast
        return "_".join(_ASCII_WORDS.findall(name)).lower()
    return "_".join(word for word in _WORD_ENDS.split(name) if word).lower()


def plural(count: int, noun: str) -> str:
    """``1 change``, ``3 changes``, ``2 policies``, ``4 matches``."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1
