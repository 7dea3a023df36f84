"""What plain text means. The table is our own, made from YAML 1.2.2 §10.3.2 (core schema).

The whole YAML test suite is read by test_yaml_test_suite.py.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from floe_engine.document.document import parse
from floe_engine.document.nodes import Style

CORE = [
    # null
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("None", "None"),
    # bool
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("False", False),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("Off", "Off"),
    ("y", "y"),
    ("n", "n"),
    # int
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-19", -19),
    ("007", 7),
    ("0o7", 7),
    ("0o14", 12),
    ("0o8", "0o8"),
    ("0x3A", 58),
    ("0xfg", "0xfg"),
    ("-0x1", "-0x1"),
    ("1_000", "1_000"),
    ("1,000", "1,000"),
    ("0b11", "0b11"),
    ("٣", "٣"),
    # float
    ("0.", 0.0),
    ("-0.0", -0.0),
    (".5", 0.5),
    ("+12e03", 12000.0),
    ("-2E+05", -200000.0),
    ("1e3", 1000.0),
    ("685.230_15", "685.230_15"),
    (".", "."),
    ("1.2.3", "1.2.3"),
    ("e3", "e3"),
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    ("+.INF", math.inf),
    (".iNF", ".iNF"),
    ("inf", "inf"),
    ("nan", "nan"),
    # neither dates nor base 60
    ("2001-12-14", "2001-12-14"),
    ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
    ("190:20:30", "190:20:30"),
    ("12:30", "12:30"),
    # other indicators inside a text
    ("=", "="),
    ("-", [None]),
    ("--", "--"),
    ("a#b", "a#b"),
    ("http://x/y", "http://x/y"),
]


@pytest.mark.parametrize(("written", "value"), CORE)
def test_plain_text_means_what_the_core_schema_says(written: str, value: Any) -> None:
    document = parse(written)
    assert document.diagnostics == ()
    assert document.value == value
    assert type(document.value) is type(value)


@pytest.mark.parametrize("written", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_a_float(written: str) -> None:
    assert math.isnan(parse(written).value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!<tag:yaml.org,2002:str> 1", "1"),
        ("!!str", ""),
        ("!!int 0o7", 7),
        ("!!int '5'", 5),
        ("!!float 1", 1.0),
        ("!!float 0o7", 7.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!map {a: !!str 1}", {"a": "1"}),
        ("!!seq [1]", [1]),
    ],
)
def test_core_tags_are_honoured(written: str, value: Any) -> None:
    document = parse(written)
    assert document.diagnostics == ()
    assert document.value == value
    assert type(document.value) is type(value)


def test_quoted_and_block_text_stays_text() -> None:
    assert parse("a: '1'\nb: \"true\"\nc: |\n  1\nd: >-\n  null\n").value == {
        "a": "1",
        "b": "true",
        "c": "1\n",
        "d": "null",
    }


def test_a_number_keeps_what_was_written() -> None:
    document = parse("version: 1.10\n")
    node = document.find(("version",))
    assert node is not None
    assert (node.value, node.raw, node.style) == (1.1, "1.10", Style.PLAIN)
    assert document.raw(("version",)) == "1.10"


def test_keys_are_always_text() -> None:
    assert parse("1: a\ntrue: b\noff: c\n1.10: d\n~: e\n").value == {
        "1": "a",
        "true": "b",
        "off": "c",
        "1.10": "d",
        "~": "e",
    }


def test_digits_without_end_stay_text() -> None:
    assert parse("9" * 5000).value == "9" * 5000


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "\ufeff"])
def test_a_text_without_content_is_none(text: str) -> None:
    document = parse(text)
    assert document.value is None
    assert document.diagnostics == ()
