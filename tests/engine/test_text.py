"""Text from outside is shown, never obeyed; near misses are named."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.text import as_words, did_you_mean, plural, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü ✓", "plain ü ✓"),
        ("line\n\ttab", "line\\n\ttab"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x00\x9b", "a\\x0db\\x00\\x9b"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
        ("\u200b\u180e\u034f\u3164", "\\u200b\\u180e\\u034f\\u3164"),
        ("\U000e0041\U000e0100\ufeff", "\\U000e0041\\U000e0100\\ufeff"),
        ("a\u2028b\x85c\x0bd", "a\\u2028b\\x85c\\x0bd"),
        ("⚠\ufe0f a\ufe0f \u3164\ufe0f", "⚠\ufe0f a\\ufe0f \\u3164\\ufe0f"),
        ("non\u00a0breaking", "non\u00a0breaking"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys_or_an_eye_misses(text: str) -> None:
    shown = printable(text, lines=True)
    for character in shown.replace("\n", "").replace("\t", ""):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"), hex(
            ord(character)
        )
    assert printable(text) == printable(shown), "what was escaped once is not escaped again"
    assert "\n" not in printable(text)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("enforcment", "enforcement"),
        ("requiredTests", "required_tests"),
        ("required-tests", "required_tests"),
        ("coverage", "minimum_test_coverage"),
        ("zzz", None),
    ],
)
def test_the_nearest_known_word_is_found(word: str, meant: str | None) -> None:
    assert did_you_mean(word, ["enforcement", "required_tests", "minimum_test_coverage"]) == meant


def test_counting_words() -> None:
    assert [plural(1, "policy"), plural(2, "policy"), plural(1234, "key")] == [
        "1 policy",
        "2 policies",
        "1,234 keys",
    ]


@given(st.text(st.sampled_from("aZbY09_- .$\n")))
def test_names_in_ascii_have_the_words_that_other_names_have(name: str) -> None:
    """They are read by a quicker expression: a letter of another alphabet in front asks the general one."""
    assert as_words(f"é_{name}").removeprefix("é").removeprefix("_") == as_words(name)


def test_words_begin_where_people_see_them_begin() -> None:
    assert as_words("customerEmail2") == "customer_email_2"
    assert as_words("HTTPServer__Über-Größe") == "http_server_über_größe"
