"""Which of many names an expression can be found in at all, told by the words that it demands.

`floe_engine.expressions` answers for one text; here most texts are put aside before they are asked about,
and most expressions before they are made. What is left out is certain, what is left is no answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from floe_engine.expressions import case_flag, parsed, parser

Demand: TypeAlias = "tuple[str | tuple[Demand, ...], ...]"
"""What a text has to have, all of it: a word, or what one of some choices demands.

Words are printable ASCII in lower case, without ``_``.
"""


@lru_cache(maxsize=4096)  # a platform's policy tests ask for the same few hundred cases
def demanded(source: str) -> Demand:
    """What every text has in which the expression is found, case apart; nothing where nothing is known.

    Raises `BadExpression`, and `NotLinear` for an expression that is too long.
    """
    return _demanded(parsed(source, case_flag(source)).data)


def _demanded(items: Any) -> Demand:
    found: list[str | tuple[Demand, ...]] = []
    run = ""
    for operation, argument in (*items, (None, None)):
        if operation is parser.LITERAL and 32 <= argument < 127:
            run += chr(argument).lower()
            continue
        before, run = run, ""
        if operation is parser.BRANCH:
            # What all choices begin with, the parser has taken out.
            start = [(parser.LITERAL, ord(sign)) for sign in before]
            choices = tuple(_demanded((*start, *choice.data)) for choice in argument[1])
            if all(choices):
                found.append(choices)
                continue
        found += filter(None, before.split("_"))
        if operation is parser.SUBPATTERN:
            found += _demanded(argument[3].data)
        elif operation in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            found += _demanded(argument[2].data) if argument[0] else ()
    return tuple(found)


_SAME_LETTERS = str.maketrans("\u017f\u0130\u0131", "sii")
"""What `re` takes for a letter of ASCII, case apart, and `str.lower` does not make one."""


def sift(sources: Sequence[str], texts: Iterable[str]) -> dict[int, list[int]]:
    """Which of many texts an expression may be found in, case apart: by the text's index, the expressions'.

    No answer: what is left out is certain, for a word that is demanded is missing. Words are looked for in
    the parts between ``_``, of which many texts share few: that takes a hundredth of the time of trying.
    Raises `BadExpression`, and `NotLinear` for an expression that is too long.
    """
    lines = [text.replace("\n", " ") if "\n" in text else text for text in texts]
    having: defaultdict[str, list[int]] = defaultdict(list)
    # All at once: calls for each of thousands of texts take longer than what they do.
    together = "\n".join(lines).translate(_SAME_LETTERS).lower().replace("\0", " ")
    for number, line in enumerate(together.split("\n") if lines else ()):
        for part in line.split("_"):
            having[part].append(number)
    ends, end = {}, -1
    for part in having:
        end += len(part) + 1
        ends[end] = part
    whole = "\0".join((*having, ""))
    places: dict[str, set[int]] = {}

    def having_word(word: str) -> set[int]:
        if word not in places:
            places[word] = set().union(*(having[part] for part in _parts(word, whole, ends)))
        return places[word]

    def having_all(demand: Demand) -> set[int]:
        here: set[int] | None = None
        for each in demand:
            there = having_word(each) if isinstance(each, str) else set().union(*map(having_all, each))
            here = there if here is None else here & there
            if not here:
                break
        return here if here is not None else set(range(len(lines)))

    found: defaultdict[int, list[int]] = defaultdict(list)
    for source_number, source in enumerate(sources):
        for text_number in sorted(having_all(demanded(source))):
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
