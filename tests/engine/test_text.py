"""Text from outside is shown, never obeyed; near misses are named."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.text import did_you_mean, plural, printable


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
