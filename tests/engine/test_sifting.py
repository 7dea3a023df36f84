"""Names are put aside by the words that expressions demand: what is left out could not have been found."""

from __future__ import annotations

import re
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st

from floe_engine.sifting import demanded, sift
from floe_engine.text import as_words

_PARTS = st.sampled_from(
    ["mail", "Phone", "(^|_)", "(_|$)", "(lat|lng|latitude)", "(zip|post_?code)", "[a-z]*", "s?", "(no|nr)?",
     "_", "(a|b)", "(?:name){2}", "(x|)", "İ", "ß", r"\d+", "(card){0,2}", "(?=id)", "e+", "."]
)  # fmt: skip
_EXPRESSIONS = st.lists(_PARTS, min_size=1, max_size=5).map("".join)
_NAMES = st.lists(
    st.sampled_from(
        ["mail", "MAIL", "phone", "LAT", "lng", "itude", "zip", "POST", "code", "_", "s", "no", "name", "x",
         "card", "id", "e", "ß", "İ", "ı", "ſ", "\u212a", "0", "\0"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(_EXPRESSIONS, max_size=4), st.lists(_NAMES, max_size=6))
@example(["(^|_)mails?(_|$)"], ["e_MA\u0130LS"])
def test_whatever_is_found_was_not_put_aside(expressions: list[str], names: list[str]) -> None:
    possible = sift(expressions, names)
    for number, expression in enumerate(expressions):
        for index, name in enumerate(names):
            if re.search(expression, name, re.IGNORECASE):
                assert number in possible[index]


def test_a_letter_is_known_in_every_form_that_re_takes_for_it() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    any_letter = re.compile(f"[{letters}]", re.IGNORECASE)
    forms = [sign for sign in map(chr, range(sys.maxunicode + 1)) if any_letter.match(sign)]
    assert len(forms) > 2 * len(letters)
    for form in forms:
        letter = next(each for each in letters if re.match(each, form, re.IGNORECASE))
        assert sift([f"x{letter}x"], [f"x{form}x"]) == {0: [0]}


def test_most_names_and_expressions_are_put_aside() -> None:
    expressions = ["(^|_)e?_?mails?(_|$)", "(^|_)(first|last)_?name", "(lat|lng|latitude)"]
    names = ["order_id", "contact_email", "product_name", "status", "amount"]
    assert sift(expressions, names) == {1: [0]}


def test_nothing_is_asked_of_no_names() -> None:
    assert sift(["mail", "[a-z]*"], []) == {}


def test_every_part_of_an_expression_demands_its_own_words() -> None:
    assert demanded("(^|_)(first|last)_?Names?") == ((("first",), ("last",)), "name")
    assert demanded("lat|lng") == ((("lat",), ("lng",)),)
    assert demanded("(^|_)(zip_?code|post)") == ((("zip", "code"), ("post",)),)
    assert demanded("[a-z]+(id)?") == ()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12) | _NAMES, _EXPRESSIONS)
def test_what_the_words_of_a_name_have_the_name_has(name: str, expression: str) -> None:
    if re.search(expression, as_words(name), re.IGNORECASE):
        assert sift([expression], [name]) == {0: [0]}
