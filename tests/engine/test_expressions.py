"""An expression means what `re` says it means, and no expression or name makes anybody wait."""

from __future__ import annotations

import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from floe_engine.expressions import (
    LONGEST,
    LONGEST_TEXT,
    BadExpression,
    Expressions,
    NotLinear,
    compiled,
    found_in_any_case,
    fullmatch,
)
from floe_engine.sifting import sift

_ONE = st.sampled_from(
    ["a", "b", "é", "K", "_", "0", ".", "[ab]", "[^a]", "[a-z0-9_]", r"\w", r"\W", r"\d", r"\s", "\n"]
)
_PLACE = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\Z", ""])
_TIMES = st.sampled_from(["", "*", "+", "?", "*?", "+?", "{2}", "{1,3}", "{2,}"])


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequence = st.lists(inner, min_size=1, max_size=4).map("".join)
    choice = st.lists(sequence, min_size=1, max_size=3).map("|".join)
    kind = st.sampled_from(["(?:{})", "({})", "(?i:{})", "(?s:{})"])
    return st.builds(lambda text, form, times: form.format(text) + times, choice, kind, _TIMES)


_EXPRESSIONS = st.recursive(st.builds("{}{}".format, _ONE, _TIMES) | _PLACE, _more, max_leaves=8)


@settings(max_examples=400)
@given(_EXPRESSIONS, st.text(alphabet="abBkKéÉ_0 \n", max_size=8), st.booleans())
def test_it_means_what_re_says(source: str, text: str, ignore_case: bool) -> None:
    try:
        expected = re.compile(source, re.IGNORECASE if ignore_case else 0)
    except re.error:
        assume(False)
        raise
    regex = compiled(source, ignore_case=ignore_case)
    assert (regex.fullmatch(text) is not None) == (expected.fullmatch(text) is not None)
    assert (regex.search(text) is not None) == (expected.search(text) is not None)


@settings(max_examples=150)
@given(st.lists(_EXPRESSIONS, min_size=1, max_size=4), st.text(alphabet="aB_0é\n", max_size=6))
def test_several_at_once_say_which_is_the_first(sources: list[str], text: str) -> None:
    together = Expressions(sources)
    for ours, method in ((together.fullmatch, re.fullmatch), (together.search, re.search)):
        first = next((index for index, one in enumerate(sources) if method(one, text)), None)
        assert ours(text) == first


@settings(max_examples=300)
@given(st.text(alphabet=r"ab\dw()[]{}|*+?^$.,-=!<>:P#12i ", max_size=30) | st.text(max_size=20))
def test_any_text_is_an_expression_or_says_why_not(source: str) -> None:
    started = time.process_time()
    try:
        fullmatch(source, "customer_orders")
    except (BadExpression, NotLinear) as error:
        assert str(error)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(?:\w|\w|\w|\w|\w|\w|\w|\w|\w)*!", "a" * 1000),
        (r"(x+x+)+y", "x" * 1000),
        (r"(a|b)*a(a|b){12}", "ab" * 500),
        (r"(?:a?){200}a{200}", "a" * 200),
        (r"(?:\w{1,63}\.)*\w+!", "a." * 500),
        ("a?" * 60 + "a" * 60, "a" * 60),
        (r"\w*\w*\w*\w*\w*!", "a" * 60),
        ("(a|aa|aaa|aaaa)" * 30 + "!", "a" * 60),
        ("(a|b|ab|[ab]c?)" * 30 + "!", "ab" * 30),
        ("(a|A|a|A)" * 30 + "!", "a" * 60),
    ],
)
def test_what_takes_re_for_ever_takes_a_moment(source: str, text: str) -> None:
    started = time.process_time()
    fullmatch(source, text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "source",
    [
        "(" * 400 + ")" * 400,
        "(?:" * 9 + "){1000}" * 9,
        "(?:){4000000000}",
        "((a{99}){99}){99}",
        "a" * (LONGEST + 1),
    ],
)
def test_no_expression_is_too_large_to_be_refused_at_once(source: str) -> None:
    started = time.process_time()
    try:
        compiled(source)
    except (BadExpression, NotLinear) as error:
        assert "large" in str(error) or "places" in str(error) or "long" in str(error) or "deep" in str(error)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("source", "named", "instead"),
    [
        ("(?!.*__)[a-z][a-z0-9_]*", "looking ahead", "[a-z][a-z0-9]*(_[a-z0-9]+)*_?"),
        ("[a-z_]+(?<=_id)", "behind", "[a-z]+_id"),
        (r"(a|b)\1", "back to a group", "aa|bb"),
        ("a++", "possessive", "leave the second sign out"),
        ("(?>a|b)", "atomic", "(?:…)"),
        ("(a)?(?(1)b|c)", "condition", "(a)b|c"),
        ("(?m)a", "flags", "one line"),
        ("(?a:a)", "flags", "one line"),
    ],
)
def test_what_cannot_be_is_named_with_another_way(source: str, named: str, instead: str) -> None:
    with pytest.raises(NotLinear, match=re.escape(named)) as refused:
        compiled(source)
    assert instead in refused.value.hint


@given(st.text(alphabet="ab_0", max_size=9))
def test_the_way_without_looking_ahead_is_the_same(text: str) -> None:
    looking = re.fullmatch("(?!.*__)[a-z][a-z0-9_]*", text) is not None
    assert fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*_?", text) == looking


def test_a_text_longer_than_any_name_is_none() -> None:
    assert fullmatch("a*", "a" * LONGEST_TEXT)
    assert not fullmatch("a*", "a" * (LONGEST_TEXT + 1))
    assert compiled("b").search("a" * LONGEST_TEXT + "b") is None


def test_several_threads_may_be_the_first_to_ask_for_a_long_text() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for number in range(60):
                expression = Expressions((f"(^|_)[a-z]+{number}(_|$)",))
                asked = pool.map(expression.search, [f"{'a' * 300}{number}"] * 4)
                assert list(asked) == [0] * 4
    finally:
        sys.setswitchinterval(before)


def test_what_is_slow_for_one_name_is_not_so_for_thousands() -> None:
    expression = Expressions(("a?" * 10 + "a" * 10 + "b",))
    started = time.process_time()
    assert all(expression.search(f"{'a' * 58}{number}") is None for number in range(10_000))
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    "source",
    ["(^|_)e?_?mails?(_|$)", "[a-z]+_k[0-9]", "[^a-z_]s", "(?x) a b", "(?i)ab", "a.c$", "i{2}",
     "[@-_]b", "[9-a]x", "[ -z]k", r"\x41b", "Ab", "\u017f", "a-b", "[a-c-]k", r"\bk\b", "[^@-_]"],
)  # fmt: skip
def test_an_expression_is_found_in_any_case_as_re_finds_it(source: str) -> None:
    texts = [
        "EMail",
        "x_e_mails",
        "ABC_K7",
        "abc_\u212a7",
        "A9s",
        "\u017fs",
        "aB",
        "ab",
        "a\nC",
        "II",
        "iI",
        "\u0130i",
    ]
    texts += [
        "`B",
        "{b",
        "Qb",
        "5X",
        "ax",
        "ZK",
        "k",
        "K",
        "a-B",
        "-k",
        "\u0131",
        "_",
        "[",
        "z",
        "Z",
        "\u00e9K",
    ]
    for text in texts:
        expected = re.search(source, text, re.IGNORECASE) is not None
        assert found_in_any_case(source)(text) is expected, text
        assert expected <= bool(sift([source], [text])), text
