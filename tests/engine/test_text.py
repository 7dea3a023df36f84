"""Text from outside is shown, never obeyed; near misses are named."""

from __future__ import annotations

import pytest

from floe_engine.text import did_you_mean, plural, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü ✓", "plain ü ✓"),
        ("line\n\ttab", "line\n\ttab"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x00\x9b", "a\\x0db\\x00\\x9b"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
        ("\u200b", "\\u200b"),
        ("non\u00a0breaking", "non\u00a0breaking"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


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
