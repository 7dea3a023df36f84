from __future__ import annotations

import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.policy.words import LONGEST, words


@pytest.mark.parametrize(
    "expression",
    [
        "(crm|erp)__[a-z_]+",
        "[a-z]{2,4}_[a-z_]+",
        r"\d{3}-[A-Z][^a-z]x+",
        "[^_]+_[^_]+",
        r"^(stg|int)_\w+$",
        "(?i)abc",
        "x*y?",
        ".",
    ],
)
def test_a_word_is_found_for_the_patterns_that_people_write(expression: str) -> None:
    assert next(words(expression), None) is not None


@given(st.text(alphabet="ab_|()[]{}*+?^-1,.\\dw", max_size=20))
def test_no_word_is_proposed_that_the_expression_refuses(expression: str) -> None:
    for word in islice(words(expression), 20):
        assert re.fullmatch(expression, word)


@pytest.mark.parametrize(
    "expression", ["(", "a{1000}{1000}{1000}", "(?<=x)a", "(?!tmp)[a-z]+_v[1-9]", "(?>ab|a)c", "[^\\s\\S]"]
)
def test_where_there_is_no_word_none_is_found_and_nothing_grows(expression: str) -> None:
    assert list(words(expression)) == []
    assert LONGEST < 1000
