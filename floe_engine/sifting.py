"""Which of many names an expression can be found in at all, told by the words that it demands.

`floe_engine.expressions` answers for one text; here most texts are put aside before they are asked about,
and most expressions before they are made. What is left out is certain, what is left is no answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from floe_engine.expressions import parsed, parser

Words = frozenset[str]
"""Printable ASCII in lower case and without ``_``, of which a text has to have one."""


@lru_cache(maxsize=4096)  # a platform's policy tests ask for the same few hundred cases
def demanded(source: str) -> tuple[Words, ...]:
    """What every text has in which the expression is found, case apart: one word of each set.

    Nothing where nothing is known. Raises `BadExpression`, and `NotLinear` for an expression that is too
    long.
    """
    found = (
        frozenset(max(word.split("_"), key=len) for word in words)
        for words in _demanded(parsed(source, _CASE))
    )
    return tuple(words for words in found if "" not in words)


_CASE = int(re.IGNORECASE)


def _demanded(items: Any) -> list[Words]:
    found: list[Words] = []
    run = ""
    for operation, argument in (*items, (None, None)):
        if operation is parser.LITERAL and 32 <= argument < 127:
            run += chr(argument).lower()
            continue
        before, run = run, ""
        if operation is parser.BRANCH:
            # What all choices begin with, the parser has taken out.
            start = [(parser.LITERAL, ord(sign)) for sign in before]
            choices = [_demanded((*start, *choice)) for choice in argument[1]]
            if all(choices):  # of each choice the set whose shortest word is longest
                found.append(frozenset().union(*(max(sets, key=_shortest) for sets in choices)))
                continue
        if before:
            found.append(frozenset((before,)))
        if operation is parser.SUBPATTERN:
            found += _demanded(argument[3])
        elif operation in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            found += _demanded(argument[2]) if argument[0] else ()
    return found


def _shortest(words: Words) -> int:
    return min(map(len, words))


_SAME_LETTERS = str.maketrans("\u017f\u0130\u0131", "sii")
"""What `re` takes for a letter of ASCII, case apart, and `str.lower` does not make one."""


def sift(sources: Sequence[str], texts: Iterable[str]) -> dict[int, list[int]]:
    """Which of many texts an expression may be found in, case apart: by the text's index, the expressions'.

    No answer: what is left out is certain, for a word that is demanded is missing. Words are looked for in
    the parts between ``_``, of which many texts share few: that takes a hundredth of the time of trying.
    Raises `BadExpression`, and `NotLinear` for an expression that is too long.
    """
    having: defaultdict[str, list[int]] = defaultdict(list)
    number = -1
    for number, text in enumerate(texts):
        for part in text.translate(_SAME_LETTERS).lower().replace("\0", " ").split("_"):
            having[part].append(number)
    ends, end = {}, -1
    for part in having:
        end += len(part) + 1
        ends[end] = part
    whole = "\0".join((*having, ""))
    places: dict[str, set[int]] = {}
    found: defaultdict[int, list[int]] = defaultdict(list)
    for source_number, source in enumerate(sources):
        here: set[int] | None = None
        for words in demanded(source):
            there = set()
            for word in words:
                if word not in places:
                    places[word] = set().union(*(having[part] for part in _parts(word, whole, ends)))
                there |= places[word]
            here = there if here is None else here & there
        for text_number in range(number + 1) if here is None else sorted(here):
            found[text_number].append(source_number)
    return found


def _parts(word: str, whole: str, ends: Mapping[int, str]) -> list[str]:
    """Which of the parts that `whole` is made of have a word; `ends` tells where each one ends."""
    found = []
    at = whole.find(word)
    while at >= 0:
        end = whole.find("\0", at)
        found.append(ends[end])
        at = whole.find(word, end)
    return found
