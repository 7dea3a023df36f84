"""How text from outside is written into the notations of other programs."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.output.notation import annotation, markdown, markdown_code, no_command
from floe_engine.text import printable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words, and a dot.", "plain words, and a dot."),
        ("**bold** _so_", "\\*\\*bold\\*\\* \\_so\\_"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("a|b", "a\\|b"),
        ("@everyone", "@\u200beveryone"),
        ("two\nlines", "two lines"),
        ("\x1b[31m", "\\\\x1b\\[31m"),
    ],
)
def test_markdown_shows_text_as_it_is_and_pings_nobody(text: str, written: str) -> None:
    assert markdown(text) == written


@given(st.text(max_size=40))
def test_markdown_loses_nothing_and_leaves_no_markup(text: str) -> None:
    written = markdown(text)
    back = html.unescape(re.sub(r"\\([\\`*_{}\[\]#+!|~])", r"\1", written))
    assert back.replace("@\u200b", "@") == " ".join(printable(text, lines=True).split())
    assert not re.search(r"<|(?<!\\)(?:\\\\)*[`*_\[]|@[^\u200b]", written)


@given(st.text(max_size=40) | st.text(alphabet="`|@\\ab", max_size=9))
def test_code_cannot_be_left_nor_a_cell_of_a_table_and_pings_nobody(text: str) -> None:
    written = markdown_code(text)
    assert written == markdown(text) or not set("`|@\n") & set(written[1:-1])


@pytest.mark.parametrize("line", ["::error::x", "  ::add-mask::x", "a ##[error]x", "##[group]", ":::"])
def test_no_line_of_text_is_a_workflow_command(line: str) -> None:
    said = no_command(line)
    assert not said.lstrip().startswith("::")
    assert "##[" not in said
    assert said.replace("\\x3a", ":").replace("\\x23", "#") == line


def test_an_annotation_is_one_line_whose_parts_cannot_be_left() -> None:
    assert annotation("error", "a\nb%", file="x,y:z") == "::error file=x%2Cy%3Az::a%0Ab%25"
