"""An edit changes what it names and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from floe_engine.document.diagnostics import Span, TextEdit
from floe_engine.document.document import parse
from floe_engine.document.edit import append, apply, insert_key, remove, set_value
from floe_engine.document.nodes import KeyPath

FILE = """\
# The platform of Acme.
metadata:
  name: 'acme'   # single quotes
  owner: "data"  # double quotes
  version: 1.10

# What runs.
plugins: {compute: duckdb, catalog: polaris}
layers:
    - name: bronze   # raw
      prefix: stg_

    - name: gold
tags: [a, b]
text: |
  one
  two
empty:
"""


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, as (before, after)."""
    return [pair for pair in zip(before.split("\n"), after.split("\n"), strict=True) if pair[0] != pair[1]]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("metadata", "name"), "it's", "  name: 'it''s'   # single quotes"),
        (("metadata", "owner"), "me", '  owner: "me"  # double quotes'),
        (("metadata", "version"), "1.10", '  version: "1.10"'),
        (("metadata", "version"), 2, "  version: 2"),
        (("plugins", "compute"), "a, b", 'plugins: {compute: "a, b", catalog: polaris}'),
        (("layers", 0, "name"), "off", '    - name: "off"   # raw'),
        (("layers", 0, "name"), "no", '    - name: "no"   # raw'),
        (("layers", 0, "name"), "12:30", '    - name: "12:30"   # raw'),
        (("layers", 0, "name"), "a: b", '    - name: "a: b"   # raw'),
        (("layers", 0, "name"), "@daily", '    - name: "@daily"   # raw'),
        (("layers", 0, "name"), "", '    - name: ""   # raw'),
        (("layers", 0, "name"), "v1.2.3", "    - name: v1.2.3   # raw"),
        (("layers", 0, "name"), True, "    - name: true   # raw"),
        (("layers", 0, "name"), None, "    - name: null   # raw"),
        (("layers", 1), {"a": [1, {"b": "x"}]}, None),
        (("tags", 1), {"x": 1}, "tags: [a, {x: 1}]"),
        (("empty",), "now", "empty: now"),
        (("empty",), [], "empty: []"),
    ],
)
def test_setting_a_value_changes_its_line_alone(path: KeyPath, value: Any, line: str | None) -> None:
    document = parse(FILE)
    after = apply(FILE, set_value(document, path, value))
    node = parse(after).find(path)
    assert node is not None
    assert node.value == value
    if line is not None:
        assert [new for _, new in changed(FILE, after)] == [line]


def test_setting_what_is_there_changes_nothing() -> None:
    assert set_value(parse(FILE), ("metadata", "name"), "acme") == ()


def test_a_comment_stays_on_its_line_when_the_value_grows() -> None:
    text = "a: 1 # why\nb: 2\n"
    assert apply(text, set_value(parse(text), ("a",), {"x": [1]})) == "a: # why\n  x:\n    - 1\nb: 2\n"


def test_a_text_of_several_lines_becomes_a_block() -> None:
    text = "a: 1\r\nb: 2\r\n"
    assert apply(text, set_value(parse(text), ("a",), "x\ny\n")) == "a: |\r\n  x\r\n  y\r\nb: 2\r\n"


def test_an_alias_is_replaced_where_it_is_used() -> None:
    text = "a: &x 1\nb: *x\n"
    assert apply(text, set_value(parse(text), ("b",), 2)) == "a: &x 1\nb: 2\n"


def test_a_merged_entry_is_written_out_beside_the_merge() -> None:
    text = "a: &x {k: 1}\nb:\n  <<: *x\n"
    assert apply(text, set_value(parse(text), ("b", "k"), 2)) == "a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n"


@pytest.mark.parametrize(
    ("path", "after", "expected"),
    [
        (("metadata",), None, "  version: 1.10\n  new: 1\n"),
        (("metadata",), "name", "  name: 'acme'   # single quotes\n  new: 1\n"),
        (("plugins",), None, "plugins: {compute: duckdb, catalog: polaris, new: 1}\n"),
        (("plugins",), "compute", "plugins: {compute: duckdb, new: 1, catalog: polaris}\n"),
        (("layers", 0), None, "      prefix: stg_\n      new: 1\n"),
        (("empty",), None, "empty:\n  new: 1\n"),
        ((), None, "empty:\nnew: 1\n"),
        ((), "metadata", "  version: 1.10\nnew: 1\n"),
    ],
)
def test_a_key_is_added_in_the_column_of_its_neighbours(
    path: KeyPath, after: str | None, expected: str
) -> None:
    document = parse(FILE)
    text = apply(FILE, insert_key(document, path, "new", 1, after=after))
    assert expected in text
    assert len(text) - len(FILE) <= len("\n      new: 1")
    node = parse(text).find((*path, "new"))
    assert node is not None


COMMENTED = """\
models:
  - name: a
    columns:
      - name: id
        tests:  # none yet
          # - unique

        # of id
      # of b
      - name: b
    # of a
  # of c
  - name: c
    list:
    - one
    # of key
    key: 1
# the end
"""


def column_of(path: KeyPath) -> int:
    node = parse(COMMENTED).find(path)
    assert node is not None
    return node.column


@pytest.mark.parametrize(
    ("path", "above", "below"),
    [
        (("models", 0, "columns", 0), "        # of id\n", "      # of b\n"),
        (("models", 0), "    # of a\n", "  # of c\n"),
        (("models", 1), "    key: 1\n", "# the end\n"),
        ((), "# the end\n", ""),
    ],
)
def test_a_key_is_added_below_the_comments_that_are_indented_like_its_neighbours(
    path: KeyPath, above: str, below: str
) -> None:
    added = f"{' ' * column_of(path)}new: 1\n"
    text = apply(COMMENTED, insert_key(parse(COMMENTED), path, "new", 1))
    assert above + added + below in text
    assert text.replace(added, "") == COMMENTED


@pytest.mark.parametrize(
    ("path", "above", "below"),
    [
        (("models", 0, "columns", 0, "tests"), "          # - unique\n", "\n        # of id\n"),
        (("models", 0, "columns"), "      - name: b\n", "    # of a\n"),
        (("models", 1, "list"), "    - one\n", "    # of key\n"),
    ],
)
def test_an_item_is_added_below_the_comments_inside_its_list(path: KeyPath, above: str, below: str) -> None:
    text = apply(COMMENTED, append(parse(COMMENTED), path, "new"))
    start, _, end = text.partition(above)
    added, _, rest = end.partition(below)
    assert added.strip() == "- new"
    assert start + above + below + rest == COMMENTED


def test_what_is_written_as_json_stays_json() -> None:
    text = '{"a": [1, {"b": "x"}], "c": {}, "d": []}'
    for edits in (
        insert_key(parse(text), ("a", 1), "k", ["é", {"y": None}]),
        insert_key(parse(text), (), "k", {"on": True}),
        append(parse(text), ("a",), {"k": "it's"}),
        append(parse(text), ("d",), "x"),
        set_value(parse(text), ("c",), {"k": 1}),
        set_value(parse(text), ("a", 1, "b"), "yes"),
    ):
        after = apply(text, edits)
        assert json.loads(after) == parse(after).value
        assert after != text


def test_a_key_between_others_is_added_above_the_comments_of_the_next() -> None:
    text = "a: 1\n  # of a\n# of b\nb: 2\n"
    assert apply(text, insert_key(parse(text), (), "new", 1, after="a")) == (
        "a: 1\n  # of a\nnew: 1\n# of b\nb: 2\n"
    )


def test_nested_data_is_added_as_a_block() -> None:
    text = "a:\n  b: 1"
    value: dict[str, Any] = {"list": [{"x": 1, "on": "off"}, "z"], "none": None, "empty": {}}
    after = apply(text, insert_key(parse(text), ("a",), "c", value))
    rows = ["list:", "  - x: 1", '    "on": "off"', "  - z", "none: null", "empty: {}"]
    assert after == "\n    ".join(["a:\n  b: 1\n  c:", *rows])
    assert parse(after).value["a"]["c"] == value


@pytest.mark.parametrize("text", ["", "# only a comment\n", "# no line break", "---\n"])
def test_a_key_is_added_to_a_text_without_content(text: str) -> None:
    after = apply(text, insert_key(parse(text), (), "a", 1))
    assert parse(after).value == {"a": 1}
    assert after.startswith(text)


def test_a_key_that_exists_is_not_added_again() -> None:
    with pytest.raises(ValueError, match=r"metadata\.name exists already"):
        insert_key(parse(FILE), ("metadata",), "name", 1)
    with pytest.raises(ValueError, match="is a scalar, not a mapping"):
        insert_key(parse(FILE), ("metadata", "name"), "x", 1)
    with pytest.raises(KeyError):
        insert_key(parse(FILE), ("nowhere",), "x", 1)


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        (("metadata", "owner"), '  owner: "data"  # double quotes\n'),
        (("plugins", "compute"), "compute: duckdb, "),
        (("plugins", "catalog"), ", catalog: polaris"),
        (("layers", 1), "    - name: gold\n"),
        (("layers", 0), "    - name: bronze   # raw\n      prefix: stg_\n"),
        (("layers", 0, "name"), "name: bronze   # raw\n      "),
        (("tags", 0), "a, "),
        (("text",), "text: |\n  one\n  two\n"),
        (("empty",), "empty:\n"),
    ],
)
def test_removing_takes_the_entry_and_nothing_else(path: KeyPath, gone: str) -> None:
    assert apply(FILE, remove(parse(FILE), path)) == FILE.replace(gone, "", 1)


def test_a_block_that_loses_its_only_entry_is_an_empty_collection() -> None:
    text = "a: # why\n  b: 1\nc:\n- d\n- e: 1\n"
    assert apply(text, remove(parse(text), ("a", "b"))) == "a: {} # why\nc:\n- d\n- e: 1\n"
    assert apply(text, remove(parse(text), ("c", 1, "e"))) == "a: # why\n  b: 1\nc:\n- d\n- {}\n"


def test_what_came_by_merge_cannot_be_removed() -> None:
    text = "a: &x {k: 1}\nb:\n  <<: *x\n"
    with pytest.raises(ValueError, match="comes from another mapping"):
        remove(parse(text), ("b", "k"))


def test_line_breaks_and_a_missing_last_one_survive() -> None:
    text = FILE.rstrip("\n").replace("\n", "\r\n")
    after = apply(text, insert_key(parse(text), ("metadata",), "new", {"a": 1}))
    assert after.count("\n") == after.count("\r\n") == text.count("\r\n") + 2
    assert not after.endswith("\n")


def test_a_byte_order_mark_survives() -> None:
    text = "\ufeffa: 1\n"
    assert apply(text, set_value(parse(text), ("a",), 2)) == "\ufeffa: 2\n"


def test_edits_come_in_any_order_and_may_not_overlap() -> None:
    second, first = TextEdit(Span.at(1, 0, 1, 1), "B"), TextEdit(Span.at(0, 0, 0, 1), "A")
    assert apply("a\nb\n", [second, first]) == "A\nB\n"
    with pytest.raises(ValueError, match="overlap"):
        apply("abc", [TextEdit(Span.at(0, 0, 0, 2), ""), TextEdit(Span.at(0, 1, 0, 3), "")])
