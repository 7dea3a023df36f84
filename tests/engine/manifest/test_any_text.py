"""Any text gives diagnostics or a manifest, never an exception, and every span is inside the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from floe_engine.document import edit
from floe_engine.document.diagnostics import Position
from floe_engine.errors import ConfigurationError
from floe_engine.manifest.assist import complete, hover, outline
from floe_engine.manifest.check import check
from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import walk
from tests.engine.manifest.conftest import SEED
from tests.engine.manifest.files import check_file

CATALOGUE = Catalogue.load([])

_WORDS = [
    *sorted({key.name for _, key in walk()}),
    "- ", ": ", "\n", "  ", "{", "}", "[", "]", "'", '"', "&a ", "*a", "<<: *a", "#", "|", ">", "\t",
    "null", "true", "1.10", "80", "v1", "é", "\U0001f600", "\u2028", "${X}", "pii", "gold", "(a+)+",
]  # fmt: skip

mutations = st.lists(
    st.tuples(st.integers(0, len(SEED)), st.integers(0, 12), st.sampled_from(_WORDS)), max_size=4
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_WORDS[:60]) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def sound(text: str) -> None:
    checked = check(text, catalogue=CATALOGUE)
    lines = checked.document.lines
    for item in checked.diagnostics:
        if not item.code.startswith("FLOE-M"):
            continue  # the document's own tests speak for its diagnostics
        for span in (item.span, *(part.span for fix in item.fixes for part in fix.edits)):
            assert span.start <= span.end
            assert 0 <= span.start.line <= span.end.line < len(lines)
            assert span.start.column <= len(lines[span.start.line])
            assert span.end.column <= len(lines[span.end.line])
        for fix in item.fixes:
            edit.apply(text, fix.edits)
    assert checked.ok or checked.errors
    assert list(checked.diagnostics) == sorted(checked.diagnostics, key=lambda d: (d.span, d.code))


@settings(max_examples=150)
@example([(296, 12, "access"), (302, 12, "access")])  # the last key belongs behind itself
@given(mutations)
def test_a_damaged_manifest_is_judged_without_an_exception(changes: list[tuple[int, int, str]]) -> None:
    text = SEED
    for start, length, word in changes:
        text = text[:start] + word + text[start + length :]
    sound(text)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([key.name for _, key in walk()][:60]), values, max_size=6))
def test_any_values_under_any_known_keys_are_judged(document: dict[str, object]) -> None:
    from floe_engine.document.rendering import flow

    sound("\n".join(f"{key}: {flow(value)}" for key, value in document.items()))


@settings(max_examples=100)
@example("&0")  # an unused anchor is a remark, and the manifest is empty all the same
@given(st.text(max_size=60))
def test_any_text_at_all_is_judged(text: str) -> None:
    sound(text)


@settings(max_examples=100)
@given(mutations, st.integers(0, 30), st.integers(0, 40))
def test_help_is_given_at_any_place_of_any_text(
    changes: list[tuple[int, int, str]], line: int, column: int
) -> None:
    text = SEED
    for start, length, word in changes:
        text = text[:start] + word + text[start + length :]
    checked = check(text, catalogue=CATALOGUE)
    position = Position(line, column)
    complete(checked, position)
    hover(checked, position)
    outline(checked.document)


@pytest.mark.parametrize("size", range(0, len(SEED), 7))
def test_a_manifest_that_is_typed_is_judged_at_every_stage(size: int) -> None:
    sound(SEED[:size])


TYPING = (
    ("type: duckdb", "type: duckdb\n  ide"),
    ("type: duckdb", "type:"),
    ("type: duckdb", "type: 'duck"),
    ("type: duckdb", 'type: "duck'),
    ("type: duckdb", "type: {duck"),
    ("type: duckdb", "type: [duck"),
    ("type: duckdb", "typ"),
    ("type: duckdb", "type : duckdb :"),
    ("type: duckdb", "\ttype: duckdb"),
    ("type: duckdb", "type: duckdb\n    config: {threads: 4"),
    ("  orchestrator:", "  orch"),
    ("  orchestrator:", " orchestrator:"),
    ("pattern: medallion", "pattern: med: allion"),
    ("pattern: medallion", "pattern: @x"),
    ("  naming:\n", "  naming\n"),
    ("minimum_test_coverage: 80", "minimum_test_coverage 80"),
    ("minimum_test_coverage: 80", "minimum_test_coverage: '80"),
    ("    minimum_test_coverage: 80", "    -"),
    ('version: "1.2.3"', 'version: "1.2.3'),
    ("kind: Manifest", "kind: *"),
)


@pytest.mark.parametrize(("whole", "half"), TYPING)
def test_an_unfinished_line_does_not_hide_what_is_wrong_elsewhere(whole: str, half: str) -> None:
    """Twenty states of an edit: the slip in the last line and the one in the first stay visible."""
    text = SEED.replace(whole, half, 1).replace("block_on_failure: true", "block_on_failur: true")
    text = text.replace("scope: enterprise", "scope: enterprize")
    sound(text)
    paths = {item.path for item in check(text, catalogue=CATALOGUE).diagnostics}
    assert ("metadata", "scope") in paths
    assert any(path and path[-1] == "block_on_failur" for path in paths)


def test_a_plugin_that_is_being_typed_is_not_said_to_be_missing() -> None:
    text = SEED.replace("  compute:\n    type: duckdb\n", "  comp\n")
    codes = [item.code for item in check(text, catalogue=CATALOGUE).diagnostics]
    assert "FLOE-M027" not in codes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe\x00\x00binary\x00", "text"),
        (b"kind: \xe9t\xe9\n", "UTF-8"),
        (b"a: b\n" * 2_000_000, "larger"),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_told_so(tmp_path: Path, data: bytes, said: str) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        check_file(file, catalogue=CATALOGUE)
    assert said in str(caught.value)


def test_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SEED.replace("\n", "\r\n").encode())
    assert check_file(file, catalogue=CATALOGUE).ok


def test_an_alias_is_blamed_where_it_is_written_and_where_it_is_used() -> None:
    text = SEED.replace("compute:\n", "compute: &c\n").replace(
        "orchestrator:\n    type: dagster", "orchestrator: *c"
    )
    (found,) = check(text, catalogue=CATALOGUE).errors
    lines = text.split("\n")
    assert found.path == ("plugins", "orchestrator", "type")
    assert lines[found.span.start.line] == "    type: duckdb"
    assert [lines[item.span.start.line] for item in found.related] == ["  orchestrator: *c"]


def test_where_reading_stopped_nothing_is_said_to_be_missing() -> None:
    text = SEED.replace('"1.2.3"', '"access').replace("dagster\n", "access")
    codes = {item.code for item in check(text, catalogue=CATALOGUE).diagnostics}
    assert any(code.startswith("FLOE-Y") for code in codes)
    assert not codes & {"FLOE-M002", "FLOE-M003", "FLOE-M027", "FLOE-M028"}
