"""What holds for every text and every edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from floe_engine.document import rendering
from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.document import Document, parse
from floe_engine.document.edit import apply, insert_key, remove, set_value
from floe_engine.document.nodes import KeyPath, Kind, Node, Style

bounded = settings(max_examples=150, suppress_health_check=list(HealthCheck))

PIECES = [
    *("a:", "b: 1", " ", "  ", "\n", "\r\n", "\r", "\t", "- ", "-\n", "? ", ": ", "key:val", "#c", " # c"),
    *("'", '"', "[", "]", "{", "}", ",", "|\n", "> \n", "|+\n", "&x ", "*x", "<<: *x", "<<: [*x, *x]"),
    *("!!str ", "!!int ", "!foo ", "! ", "!<", "%", "@", "`", "\\p", "---\n", "...\n", "%YAML 1.2\n"),
    *("\x00", "\x1b[31m", "\x0b", "\ud800", "\ufeff", "\x85", "\u2028", "é", "🎉", "1.10", "~"),
    *("<<<<<<< a\n", "=======\n", ">>>>>>> b\n", "||||||| c\n"),
]
any_text = st.one_of(
    st.text(max_size=200),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=40).map("".join),
)

words = st.one_of(
    st.text("ab :#-'\"\\{}[],&*!|>%@`\n\t1.0é\u2028\x85\x07🎉", max_size=12),
    st.sampled_from(["off", "no", "1.10", "12:30", "~", "null", "2001-01-01", "<<", "=", "0x1f", "a\nb\n"]),
)
keys = st.text("abcxyz_- :#é'\"1.", min_size=1, max_size=6)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.floats(allow_nan=False), words)
data: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def valid_texts(draw: st.DrawFn) -> str:
    """Some data written as blocks or in one line, with comments, LF or CRLF."""
    value = draw(data)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    if draw(st.booleans()):
        return rendering.flow(value) + draw(st.sampled_from(["", newline]))
    text = written(value, newline)
    if "|" in text or '"' in text:
        return text
    lines = [f"{line}  # note" if line and draw(st.booleans()) else line for line in text.split(newline)]
    lines.insert(draw(st.integers(0, len(lines))), "# comment")
    return newline.join(lines)


def written(value: Any, newline: str = "\n") -> str:
    return rendering.block(value, -rendering.STEP, newline).removeprefix(newline).lstrip(" ") + newline


def same(one: Any, other: Any) -> bool:
    """Equal in type and order of keys too: 1, 1.0 and True differ."""
    return json.dumps(one) == json.dumps(other)


def walk(node: Node | None, path: KeyPath = ()) -> Iterator[KeyPath]:
    if node is not None:
        yield path
        for name, child in node.children.items():
            yield from walk(child, (*path, name))
        for index, child in enumerate(node.items):
            yield from walk(child, (*path, index))


def with_value(content: Any, path: KeyPath, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(content)
    copy = content.copy()
    copy[path[0]] = with_value(copy[path[0]], path[1:], change)
    return copy


def without(content: Any, path: KeyPath) -> Any:
    def drop(parent: Any) -> Any:
        copy = parent.copy()
        del copy[path[-1]]
        return copy

    return with_value(content, path[:-1], drop)


def pick(draw: st.DataObject, document: Document, wanted: Callable[[Node], bool]) -> tuple[KeyPath, Node]:
    found = [(path, node) for path in walk(document.root) if (node := document.find(path)) and wanted(node)]
    assume(found)
    return draw.draw(st.sampled_from(found))


def assert_inside(document: Document, span: Span) -> None:
    assert span.start <= span.end
    for position in (span.start, span.end):
        assert 0 <= position.line < len(document.lines)
        assert 0 <= position.column <= max(len(document.lines[position.line]), 1)


@bounded
@given(any_text)
def test_any_text_is_a_document_whose_spans_lie_inside_it(text: str) -> None:
    document = parse(text)
    for path in walk(document.root):
        node = document.find(path)
        assert node is not None
        assert_inside(document, node.span)
        assert_inside(document, document.locate(path))
        assert_inside(document, document.locate(path, key=True))
    for found in document.diagnostics:
        assert (found.message + found.hint).isprintable()
        assert_inside(document, found.span)
        for fix in found.fixes:
            for edit in fix.edits:
                assert_inside(document, edit.span)
            apply(text, fix.edits)


@bounded
@given(any_text, st.integers(0, 20), st.integers(0, 40))
def test_any_position_has_a_path_that_leads_somewhere(text: str, line: int, column: int) -> None:
    document = parse(text)
    path = document.path_at(Position(line, column))
    assert document.root is None or document.find(path) is not None


@bounded
@given(data)
def test_what_is_written_is_read_back(value: Any) -> None:
    for text in (written(value), written(value, "\r\n"), rendering.flow(value)):
        document = parse(text)
        assert document.diagnostics == ()
        assert same(document.value, value)


@bounded
@given(valid_texts())
def test_the_slice_of_a_scalar_says_the_same_as_its_node(text: str) -> None:
    document = parse(text)
    for path in walk(document.root):
        node = document.find(path)
        assert node is not None
        if node.kind is Kind.SCALAR and node.style is not Style.LITERAL:
            assert same(parse(document.raw(path)).value, node.value)


@bounded
@given(valid_texts(), data, st.data())
def test_setting_a_value_sets_that_value(text: str, value: Any, draw: st.DataObject) -> None:
    document = parse(text)
    path, _ = pick(draw, document, lambda node: True)
    edits = set_value(document, path, value)
    after = apply(text, edits)
    mended = parse(after)
    assert mended.diagnostics == ()
    assert same(mended.value, with_value(document.value, path, lambda _: value))


@bounded
@given(valid_texts(), keys, data, st.data())
def test_adding_a_key_adds_that_key(text: str, key: str, value: Any, draw: st.DataObject) -> None:
    document = parse(text)
    path, node = pick(draw, document, lambda node: node.kind is Kind.MAPPING or node.value is None)
    assume(key not in node.children)
    after = draw.draw(st.sampled_from([None, *node.children]))
    edits = insert_key(document, path, key, value, after=after)
    entries = list((node.value or {}).items())
    at = len(entries) if after is None else list(node.children).index(after) + 1
    expected = dict([*entries[:at], (key, value), *entries[at:]])
    mended = parse(apply(text, edits))
    assert mended.diagnostics == ()
    assert same(mended.value, with_value(document.value, path, lambda _: expected))


@bounded
@given(valid_texts(), st.data())
def test_removing_an_entry_removes_that_entry(text: str, draw: st.DataObject) -> None:
    document = parse(text)
    path, _ = pick(draw, document, lambda node: node is not document.root)
    edits = remove(document, path)
    mended = parse(apply(text, edits))
    assert mended.diagnostics == ()
    assert same(mended.value, without(document.value, path))


@bounded
@given(valid_texts(), scalars, st.data())
def test_an_edit_leaves_every_other_value_as_it_was_written(
    text: str, value: Any, draw: st.DataObject
) -> None:
    document = parse(text)
    path, _ = pick(draw, document, lambda node: node.kind is Kind.SCALAR)
    mended = parse(apply(text, set_value(document, path, value)))
    for other in walk(document.root):
        node = document.find(other)
        if node is not None and node.kind is Kind.SCALAR and other != path:
            assert mended.raw(other) == document.raw(other)
