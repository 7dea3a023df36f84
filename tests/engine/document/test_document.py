"""Where things stand in a text, what leads to them, and what is wrong without being a syntax error."""

from __future__ import annotations

import pytest

from floe_engine.document.diagnostics import Position, Severity, Span
from floe_engine.document.document import MAX_BYTES, Document, decode, parse
from floe_engine.document.edit import apply
from floe_engine.document.text import split_lines
from floe_engine.errors import ConfigurationError


def only(document: Document) -> tuple[str, str, str]:
    """Code, place and message of the one diagnostic."""
    (found,) = document.diagnostics
    return found.code, document.slice(found.span), found.message


def test_spans_leave_out_anchor_tag_and_comment() -> None:
    document = parse("a: &x !!str one # why\nb: *x\n")
    assert document.raw(("a",)) == "one"
    assert document.locate(("a",)) == Span.at(0, 12, 0, 15)
    assert document.locate(("b",)) == Span.at(1, 3, 1, 5)


def test_a_block_ends_with_its_last_value() -> None:
    document = parse("a:\n  b: 1\n  c: 2 # x\n\n# y\nd: |\n  t\n\n\ne: 1\n")
    assert document.raw(("a",)) == "b: 1\n  c: 2"
    assert document.raw(("d",)) == "|\n  t\n"


def test_a_problem_is_shown_on_one_line() -> None:
    document = parse("block:\n  a: 1\nempty:\nlong: 'x\n  y'\nlist:\n- a:\n    b: 1\n")
    place = {name: document.slice(document.locate((name,))) for name in ("block", "empty", "long", "list")}
    assert place == {"block": "block", "empty": "empty", "long": "'x", "list": "list"}
    assert document.slice(document.locate(("block", "a"), key=True)) == "a"
    assert document.slice(document.locate(("block", "missing", "deeper"))) == "block"
    assert document.locate(("list", 0)) == Span.at(6, 2, 6, 3)


def test_positions_count_code_points() -> None:
    document = parse("🎉: é\nb: 1\n")
    assert document.locate(("🎉",)) == Span.at(0, 3, 0, 4)


def test_a_byte_order_mark_has_no_width() -> None:
    document = parse("\ufeffa: 1\nb: 2\n")
    assert document.text == "a: 1\nb: 2\n"
    assert document.locate(("a",)) == Span.at(0, 3, 0, 4)


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_line_breaks_of_every_system_are_lines(newline: str) -> None:
    document = parse(f"a: 1{newline}b:{newline}  c: 2{newline}")
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert document.locate(("b", "c")) == Span.at(2, 5, 2, 6)
    assert document.newline == newline


def test_aliases_share_the_value_and_tell_where_they_are_used() -> None:
    document = parse("base: &b\n  x: 1\nuse: *b\n")
    assert document.value == {"base": {"x": 1}, "use": {"x": 1}}
    assert document.locate(("use", "x")) == Span.at(1, 5, 1, 6)
    assert document.use_of(("use", "x")) == Span.at(2, 5, 2, 7)
    assert document.use_of(("base", "x")) is None


def test_merged_entries_give_way_to_those_written_out() -> None:
    text = "one: &1 {a: 1, b: 1}\ntwo: &2 {b: 2, c: 2}\nall:\n  c: 3\n  <<: [*1, *2]\n"
    document = parse(text)
    assert document.value["all"] == {"c": 3, "a": 1, "b": 1}
    assert document.diagnostics == ()
    assert document.use_of(("all", "a")) == Span.at(4, 7, 4, 9)
    assert document.use_of(("all", "c")) is None
    assert document.locate(("all", "a")) == Span.at(0, 12, 0, 13)


def test_a_quoted_merge_key_is_a_key() -> None:
    assert parse("'<<': 1\n").value == {"<<": 1}


def test_the_second_of_two_equal_keys_is_refused_and_can_be_removed() -> None:
    text = "a: 1\nb:\n  x: 1\na: # why\n  y: 2\n# c\n"
    document = parse(text)
    (found,) = document.diagnostics
    assert found.code == "FLOE-Y002"
    assert found.span == Span.at(3, 0, 3, 1)
    assert found.related[0].span == Span.at(0, 0, 0, 1)
    assert document.value == {"a": 1, "b": {"x": 1}}
    assert apply(text, found.fixes[0].edits) == "a: 1\nb:\n  x: 1\n# c\n"


def test_an_equal_key_in_braces_goes_with_its_comma() -> None:
    text = "{a: 1, 'a': 2, b: 3}"
    assert apply(text, parse(text).diagnostics[0].fixes[0].edits) == "{a: 1, b: 3}"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: *nobody\n", "FLOE-Y004", "*nobody"),
        ("a: &x\n  b: *x\n", "FLOE-Y005", "*x"),
        ("? [a, b]\n: 1\n", "FLOE-Y006", "[a, b]"),
        ("a: {{ name }}\n", "FLOE-Y006", "{ name }"),
        ("<<: 1\n", "FLOE-Y007", "1"),
        ("a: &x 1\n", "FLOE-Y008", "&x"),
        ("a: !env HOME\n", "FLOE-Y009", "!env"),
        ("a: !!binary aGk=\n", "FLOE-Y009", "!!binary"),
        ("a: !!int x\n", "FLOE-Y010", "x"),
        ("a: !!seq {b: 1}\n", "FLOE-Y010", "!!seq"),
        ("a: 1\n---\nb: 2\n", "FLOE-Y003", "---"),
        ("a: x\x00\x01y\n", "FLOE-Y001", "\x00\x01"),
        ("a: x\ud800\n", "FLOE-Y001", "\ud800"),
    ],
)
def test_what_yaml_permits_and_floe_does_not_is_said_where_it_stands(
    text: str, code: str, place: str
) -> None:
    found = only(parse(text))
    assert found[:2] == (code, place)


def test_an_unused_anchor_is_only_mentioned() -> None:
    assert parse("a: &x 1\n").diagnostics[0].severity is Severity.INFO


def test_a_misspelt_alias_is_told_the_right_name() -> None:
    text = "a: &defaults {x: 1}\nb: *default\nc: *defaults\n"
    (found,) = parse(text).diagnostics
    assert found.hint == "did you mean *defaults?"
    assert parse(apply(text, found.fixes[0].edits)).diagnostics == ()


def test_a_tag_can_be_removed() -> None:
    text = "a: &x !env HOME\nb: *x\n"
    assert apply(text, parse(text).diagnostics[0].fixes[0].edits) == "a: &x HOME\nb: *x\n"


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "a:\n" + " " * 3 + "[" * 500]
)
def test_nesting_without_end_is_refused(text: str) -> None:
    assert "FLOE-Y011" in {each.code for each in parse(text).diagnostics}


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    levels = ["a0: &a0 " + "[" * 100 + "]" * 100]
    levels += [f"a{n}: &a{n} " + "[" * 100 + f"*a{n - 1}" + "]" * 100 for n in range(1, 5)]
    assert "FLOE-Y011" in {each.code for each in parse("\n".join(levels)).diagnostics}


def test_a_few_aliases_cannot_stand_for_billions_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    document = parse("\n".join(lines))
    assert [each.code for each in document.diagnostics if each.severity is Severity.ERROR] == ["FLOE-Y012"]
    assert document.root is not None
    assert document.root.size < 1_100_000


def test_a_text_beyond_the_limit_is_not_read() -> None:
    assert only(parse("#" * (MAX_BYTES + 1)))[0] == "FLOE-Y013"


def test_a_long_run_of_control_characters_is_one_problem_and_many_runs_are_counted() -> None:
    assert len(parse("\0" * 10_000).diagnostics) == 1
    document = parse("a\0" * 50)
    assert len([each for each in document.diagnostics if each.code == "FLOE-Y001"]) == 10
    assert document.diagnostics[9].message.endswith("; 40 more like it follow")


PLACES = """\
metadata:
  name: acme

plugins:
  - type: duckdb
    config: {a: 1}
"""


@pytest.mark.parametrize(
    ("line", "column", "path"),
    [
        (0, 3, ("metadata",)),
        (1, 2, ("metadata", "name")),
        (1, 10, ("metadata", "name")),
        (1, 12, ("metadata", "name")),
        (2, 0, ()),
        (2, 2, ("metadata",)),
        (4, 6, ("plugins", 0, "type")),
        (5, 13, ("plugins", 0, "config", "a")),
        (6, 0, ()),
        (6, 4, ("plugins", 0)),
    ],
)
def test_a_position_has_a_path(line: int, column: int, path: tuple[str | int, ...]) -> None:
    assert parse(PLACES).path_at(Position(line, column)) == path


def test_a_position_on_a_key_is_told_from_one_on_its_value() -> None:
    document = parse(PLACES)
    assert document.key_at(Position(1, 4)) == ("metadata", "name")
    assert document.key_at(Position(1, 9)) is None


def test_bytes_are_read_as_utf8_or_utf16() -> None:
    text = "a: é🎉\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        assert decode(text.encode(encoding)) == text
    assert decode(b"") == ""


def test_a_byte_that_is_no_text_is_named_with_its_place() -> None:
    with pytest.raises(ConfigurationError) as caught:
        decode("a: 1\nb: é".encode("latin-1"), where="manifest.yaml")
    assert caught.value.where == "manifest.yaml:2:4"
    assert "0xe9" in caught.value.message


def test_lines_break_where_yaml_readers_break_them() -> None:
    assert split_lines("a\nb\r\nc\rd\x85e\u2028f\u2029") == ["a", "b", "c", "d", "e", "f", ""]


def test_without_the_c_library_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = (PLACES, "a: &x 1\nb: *x\nc: ! 1\n", "a: [\nb: 1\n", "a: 'x\nb: 1\n", "a: |\n  x\n\nb: 1\n")
    native = [parse(text) for text in texts]
    monkeypatch.setattr("yaml.__with_libyaml__", False)
    for text, expected in zip(texts, native, strict=True):
        document = parse(text)
        assert document.value == expected.value
        assert [each.code for each in document.diagnostics] == [each.code for each in expected.diagnostics]
