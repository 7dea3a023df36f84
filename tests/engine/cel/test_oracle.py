"""Our CEL beside Google's: it takes what Google's takes, refuses what that refuses, and gives the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floe_engine.cel.checking import check
from floe_engine.cel.types import BOOL
from tests.engine.cel.cases import CASES
from tests.engine.cel.oracle import VARIABLES, google, is_quick, ours

DIFFERENT = {
    "1u": "unsigned numbers",
    "b'x'": "bytes",
    "type(1) == int": "types as values",
    "s.matches(s)": "a pattern is written out, so that it is known to match in linear time",
    "s.matches('(')": "a pattern is looked at before anything is run",
}
"""What Google's engine takes and ours refuses, on purpose."""


def plain(value: Any) -> Any:
    """A value and its type, lists and all, so that 1, 1.0 and true are three things."""
    if isinstance(value, str | bool | int | float) or value is None:
        return type(value).__name__, value
    return ["list", *(plain(item) for item in value)]


@pytest.mark.parametrize("expression", CASES)
def test_ours_gives_what_googles_gives(expression: str) -> None:
    assert plain(ours(expression)) == plain(ours(expression, slowly=True)) == plain(google(expression))


@pytest.mark.parametrize("expression", DIFFERENT)
def test_what_is_left_out_is_refused_with_a_reason(expression: str) -> None:
    assert google(expression) is not None
    assert check(expression, VARIABLES).problems


# --- expressions that nobody thought of --------------------------------------------------------

TEXTS = st.sampled_from(["s", "'a'", "''", "'é😀'", "meta.owner", "string(n)", "tags[0]", "tags[n]"])
NUMBERS = st.sampled_from(["n", "0", "1", "-3", "size(s)", "numbers[1]", "int(s)", "int('12')", "meta.count"])


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        TEXTS,
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
        inner.map(lambda text: f"{text}.upperAscii()"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}.replace({pair[1]}, 'x')"),
        inner.map(lambda text: f"{text}.substring(1)"),
    )


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from("+-*/%")
    return st.one_of(
        NUMBERS, st.tuples(inner, signs, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})")
    )


SOME_TEXT = st.recursive(TEXTS, _texts, max_leaves=4)
SOME_NUMBER = st.recursive(NUMBERS, _numbers, max_leaves=4)
LISTS = st.one_of(
    st.sampled_from(["tags", "tags.filter(t, false)", "['a', s]", "meta.tags"]),
    SOME_TEXT.map(lambda text: f"tags.filter(x, x < {text})"),
    SOME_TEXT.map(lambda text: f"tags.map(x, x + {text})"),
    SOME_TEXT.map(lambda text: f"{text}.split('a')"),
)
QUESTIONS = st.one_of(
    st.sampled_from(["b", "true", "false", "meta.on", "has(meta.nothing)", "meta.nothing", "meta.owner"]),
    st.tuples(SOME_TEXT, st.sampled_from(["==", "!=", "<", ">="]), SOME_TEXT).map(" ".join),
    st.tuples(SOME_NUMBER, st.sampled_from(["==", "!=", "<", ">="]), SOME_NUMBER).map(" ".join),
    st.tuples(SOME_TEXT, st.just("in"), LISTS).map(" ".join),
    st.tuples(SOME_TEXT, SOME_TEXT).map(lambda pair: f"{pair[0]}.contains({pair[1]})"),
    st.tuples(SOME_NUMBER, st.just("=="), SOME_TEXT).map(" ".join),
)


def _questions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda question: f"!({question})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) ? ({parts[1]}) : ({parts[2]})"),
        st.tuples(LISTS, st.sampled_from(["all", "exists", "exists_one"]), inner).map(
            lambda parts: f"{parts[0]}.{parts[1]}(s, {parts[2]})"
        ),
    )


@settings(max_examples=300, derandomize=True)
@given(st.recursive(QUESTIONS, _questions, max_leaves=6))
def test_ours_agrees_on_expressions_that_nobody_thought_of(expression: str) -> None:
    assert plain(ours(expression)) == plain(ours(expression, slowly=True)) == plain(google(expression))


@pytest.mark.parametrize(
    "expression",
    [
        "(b ? true : meta.owner) && true",
        "[true, meta.owner].all(x, x)",
        "[1, meta.on].exists(x, x == 1)",
        "!(b ? meta.owner : true)",
        "[meta.owner, 'b'].map(x, x).exists(x, x < 'c')",
        "tags.exists(x, x == (b ? meta.count : 'a'))",
    ],
)
def test_what_only_passes_for_a_type_is_not_taken_for_one(expression: str) -> None:
    assert plain(ours(expression)) == plain(ours(expression, slowly=True))


def test_what_rules_are_made_of_becomes_a_function() -> None:
    asked = "tags.exists(t, t.startsWith('a')) && !(s in ['x', 'y']) && size(tags.filter(t, t != s)) >= n"
    assert is_quick(asked)
    assert is_quick("has(meta.owner) ? meta.owner == 'x' : meta.?count.orValue(1) < 2")


@settings(max_examples=200, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_is_a_question_or_has_a_problem_inside_it(text: str) -> None:
    checked = check(text, VARIABLES, BOOL)
    assert checked.ok is not bool(checked.problems)
    for problem in checked.problems:
        assert 0 <= problem.start <= problem.end <= max(len(text), 1)
