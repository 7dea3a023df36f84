"""A syntax error hides nothing: the right line is blamed and the rest is still read."""

from __future__ import annotations

from typing import Any

import pytest

from floe_engine.document.codes import CODES
from floe_engine.document.document import Document, parse
from floe_engine.document.edit import apply

MANIFEST = """\
metadata:
  name: acme
  owner: me
plugins:
  compute:
    type: duckdb
governance:
  naming:
    enforcement: warn
"""

OWNER, NAME, TYPE = "owner: me", "name: acme", "    type: duckdb"


def content(**changes: Any) -> dict[str, Any]:
    """What MANIFEST says, with other values for `name`, `owner`, `type`; None leaves a key out."""
    values = {"name": "acme", "owner": "me", "type": "duckdb", **changes}

    def kept(**entries: Any) -> dict[str, Any]:
        return {key: value for key, value in entries.items() if value is not None}

    return {
        "metadata": kept(name=values["name"], owner=values["owner"]),
        "plugins": {"compute": kept(type=values["type"], x=values.get("x"))},
        "governance": {"naming": {"enforcement": values.get("enforcement", "warn")}},
    }


CONFLICT = "<<<<<<< HEAD\n  owner: me\n=======\n  owner: you\n>>>>>>> b"

# what somebody has just typed → code, line:column (from one), what is still read
TYPING = {
    "half a key": (MANIFEST.replace(OWNER, "own"), ["Y029 3:3"], content(owner=None)),
    "half the first key": (MANIFEST.replace(NAME, "nam"), ["Y029 2:3"], content(name=None)),
    "half a key at the end": (MANIFEST + "  qual", ["Y029 10:3"], content()),
    "an open double quote": (MANIFEST.replace(OWNER, 'owner: "me'), ["Y020 3:10"], content()),
    "an open single quote": (MANIFEST.replace(OWNER, "owner: 'me"), ["Y020 3:10"], content()),
    "an open quote before others": (
        MANIFEST.replace(OWNER, 'owner: "me').replace("warn", '"warn"'),
        ["Y020 3:10"],
        content(),
    ),
    "an open [": (MANIFEST.replace("duckdb", "[a, b"), ["Y021 6:11"], content(type=["a", "b"])),
    "an open {": (MANIFEST.replace("duckdb", "{a: 1"), ["Y021 6:11"], content(type={"a": 1})),
    "too little indentation": (
        MANIFEST.replace(TYPE, "   type: duckdb\n    x: 1"),
        ["Y028 7:1"],
        content(x=1),
    ),
    "too much indentation": (MANIFEST.replace(OWNER, f" {OWNER}"), ["Y028 3:1"], content()),
    "a tab": (MANIFEST.replace("  owner", "\towner"), ["Y022 3:1"], content()),
    "two colons": (MANIFEST.replace(OWNER, "owner: a: b"), ["Y025 3:10"], content(owner="a: b")),
    "a cron line": (MANIFEST.replace(OWNER, "owner: */10 * * *"), ["Y024 3:10"], content(owner="*/10 * * *")),
    "an @": (MANIFEST.replace(OWNER, "owner: @me"), ["Y024 3:10"], content(owner="@me")),
    "a dash among keys": (MANIFEST.replace(OWNER, f"- {OWNER}"), ["Y030 3:3"], content()),
    "an unknown escape": (MANIFEST.replace(OWNER, 'owner: "C:\\p"'), ["Y027 3:13"], content(owner="C:\\p")),
    "a merge conflict": (MANIFEST.replace(f"  {OWNER}", CONFLICT), ["Y026 3:1"], content()),
    "three errors": (
        MANIFEST.replace(OWNER, "owner: @me").replace("duckdb", "[a").replace("warn", "`x"),
        ["Y024 3:10", "Y021 6:11", "Y024 9:18"],
        content(owner="@me", type=["a"], enforcement="`x"),
    ),
    "no space behind the colon": (MANIFEST.replace(OWNER, "owner:me"), ["Y023 3:3"], content()),
    "no space behind the first colon": (MANIFEST.replace(NAME, "name:acme"), ["Y023 2:3"], content()),
}


def codes(document: Document) -> list[str]:
    return [f"{each.code.removeprefix('FLOE-')} {each.span.start}" for each in document.diagnostics]


@pytest.mark.parametrize("state", TYPING)
def test_an_unfinished_edit_blames_its_line_and_keeps_the_rest(state: str) -> None:
    text, blamed, value = TYPING[state]
    document = parse(text)
    assert codes(document) == blamed
    assert document.value == value


# further mistakes: the text, where it is blamed, what is still read
MISTAKES = {
    "a constraint without quotes": ("a: >=1.2\nb: 1\n", ["Y024 1:4"], {"a": ">=1.2", "b": 1}),
    "a template in the middle": ("a: {{ x }}/y\nb: 1\n", ["Y024 1:4"], {"a": "{{ x }}/y", "b": 1}),
    "a percent sign": ("a: %x\nb: 1\n", ["Y024 1:4"], {"a": "%x", "b": 1}),
    "a backtick in a list": ("- a\n- `b`\n- c\n", ["Y024 2:3"], ["a", "`b`", "c"]),
    "text behind a quote": ('a: "x" y\nb: 1\n', ["Y033 1:4"], {"a": '"x" y', "b": 1}),
    "a list beside its key": ("a: - x\nb: 1\n", ["Y032 1:4"], {"a": ["x"], "b": 1}),
    "a key among items": ("a:\n  - x\n  y: 1\nb: 2\n", ["Y031 3:3"], {"a": ["x"], "b": 2}),
    "a list of several lines": ("a: [x,\n  y\nb: 1\n", ["Y021 1:4"], {"a": ["x", "y"], "b": 1}),
    "a quote in brackets": ('a: [x, "y]\nb: 1\n', ["Y020 1:8"], {"a": ["x", "y"], "b": 1}),
    "a quote before a comment": ('a: "x # why\nb: 1\n', ["Y020 1:4"], {"a": "x", "b": 1}),
    "tabs everywhere": ("a:\n\tb:\n\t\tc: 1\nd: 2\n", ["Y022 2:1"], {"a": {"b": {"c": 1}}, "d": 2}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_common_mistake_is_named_for_what_it_is(mistake: str) -> None:
    text, blamed, value = MISTAKES[mistake]
    document = parse(text)
    assert codes(document) == blamed
    assert document.value == value


ALL = {**TYPING, **MISTAKES}
FIXABLE = [name for name, (text, _, _) in ALL.items() if all(each.fixes for each in parse(text).diagnostics)]


def test_most_mistakes_have_a_fix() -> None:
    assert set(ALL) - set(FIXABLE) == {
        "half a key",
        "half the first key",
        "half a key at the end",
        "a key among items",
    }


@pytest.mark.parametrize("name", FIXABLE)
def test_fixes_make_the_text_say_what_was_read_around_the_mistake(name: str) -> None:
    text, _, value = ALL[name]
    document = parse(text)
    mended = parse(apply(text, [edit for each in document.diagnostics for edit in each.fixes[0].edits]))
    assert mended.diagnostics == ()
    assert mended.value == value


def test_the_second_side_of_a_conflict_can_be_kept() -> None:
    text = TYPING["a merge conflict"][0]
    (conflict,) = parse(text).diagnostics
    assert apply(text, conflict.fixes[1].edits) == MANIFEST.replace(OWNER, "owner: you")


def test_what_a_dropped_line_may_have_held_is_uncertain() -> None:
    document = parse(MANIFEST.replace(OWNER, "own"))
    assert document.recovered_lines == {2}
    assert document.is_uncertain(("metadata",))
    assert not document.is_uncertain(())
    assert not document.is_uncertain(("governance",))


def test_a_value_that_was_dropped_is_uncertain() -> None:
    document = parse("a: &]\nb: 1\n")
    assert document.value["b"] == 1
    assert document.diagnostics


def test_a_mapping_with_nothing_but_a_half_key_is_uncertain() -> None:
    document = parse("a:\n  na\n  b\nc: [\nd: 1\n")
    assert document.diagnostics
    assert document.value["d"] == 1


def test_reading_stops_after_twenty_errors_and_says_so() -> None:
    document = parse("".join(f"a{number}: @x\n" for number in range(30)))
    assert len(document.diagnostics) == 21
    assert document.diagnostics[-1].code == "FLOE-Y040"
    assert len(document.value) == 20


def test_every_code_has_an_explanation() -> None:
    seen = {each.code for text, _, _ in ALL.values() for each in parse(text).diagnostics}
    assert seen <= set(CODES)
    assert all(entry.title and entry.prose for entry in CODES.values())


def test_messages_hold_nothing_that_a_terminal_obeys() -> None:
    document = parse("a:\n  b: 1\n  c\x1b[31m\u202ed\n  e: 1\n")
    shown = "".join(each.message + each.hint for each in document.diagnostics)
    assert shown.isprintable()


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n   ", "\n\u2028", "\r\n"])
@pytest.mark.parametrize("broken", ["{" * 30, "- a\n" + "\t- {[\n" * 30, "a: [\n" * 30 + "'", '"'])
def test_what_cannot_be_read_is_pointed_at_inside_the_text(broken: str, end: str) -> None:
    document = parse(broken + end)
    assert document.diagnostics
    for found in document.diagnostics:
        for place in (found.span.start, found.span.end):
            assert place.column <= len(document.lines[place.line]), found
