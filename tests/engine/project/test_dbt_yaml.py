"""dbt's YAML: the values of PyYAML's SafeLoader, lines, and no text that can hurt."""

from __future__ import annotations

import string
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.project.dbt_yaml import BrokenYaml, Lined, load

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.dates()
    | st.floats(allow_nan=False)
    | st.text(string.printable),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_read_as_pyyaml_reads_it(value: Any) -> None:
    text = yaml.safe_dump(value)
    assert load(text) == yaml.safe_load(text)


@given(st.text(max_size=60) | st.text("[]{}:-&*!|>'\"\n #,?ab", max_size=40))
def test_any_text_gives_a_value_or_says_where_it_is_broken(text: str) -> None:
    try:
        load(text)
    except BrokenYaml as error:
        assert error.line >= 1


def test_scalars_are_those_of_yaml_1_1() -> None:
    text = "[yes, off, 0x1f, 1_000, 1e3, 1.5, 2024-01-01, ~, 'yes', !!str 12, 0o8]"
    assert load(text) == yaml.safe_load(text)


def test_merges_keep_what_is_written() -> None:
    text = "base: &b {a: 1, b: 2}\nfirst: {<<: *b, a: 9}\nlast:\n  a: 9\n  <<: [*b, {c: 3}]\n"
    assert load(text) == yaml.safe_load(text)


def test_mappings_know_their_line() -> None:
    value = load("models:\n\n  - name: a\n    columns:\n      - {name: id}\n")
    entry = value["models"][0]
    assert isinstance(entry, Lined)
    assert (entry.line, entry["columns"][0].line) == (3, 5)


def test_strings_with_braces_are_rendered() -> None:
    assert load("a: '{{ x }}'\nb: plain\n", render=lambda text: 7) == {"a": 7, "b": "plain"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[" * 200_000, 1, "nested too deeply"),
        ("{a: " * 2_000, 1, "nested too deeply"),
        ("a: 1\nb: *nobody\n", 2, "undefined alias"),
        ("a: &a\n  - *a\n", 2, "contains itself"),
        ("a: 1\n? [b]\n: c\n", 2, "must be a scalar"),
        ("a: [\n", 2, ""),
        ("a:\n\t- b\n", 2, ""),
        ("\0", 1, ""),
    ],
    ids=["deep list", "deep mapping", "alias", "cycle", "key", "open", "tab", "nul"],
)
def test_broken_text_says_where(text: str, line: int, words: str) -> None:
    with pytest.raises(BrokenYaml) as caught:
        load(text)
    assert caught.value.line == line
    assert words in str(caught.value)


def test_an_alias_bomb_is_refused_before_anybody_walks_through_it() -> None:
    names = "abcdefghij"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, after in pairwise(names):
        aliases = ", ".join([f"*{before}"] * 9)
        lines.append(f"{after}: &{after} [{aliases}]")
    assert len(load("\n".join(lines[:4]))["d"]) == 9
    with pytest.raises(BrokenYaml, match="aliases repeat more than 1,000,000 values"):
        load("\n".join(lines))


@pytest.mark.parametrize("tagged", ["!!int ''", "!!float ''", "!!bool maybe", "!!timestamp x", "!!null [a]"])
def test_a_tag_that_does_not_fit_what_it_stands_before_is_left_out(tagged: str) -> None:
    assert load(f"a: {tagged}") in ({"a": ""}, {"a": "maybe"}, {"a": "x"}, {"a": ["a"]})
