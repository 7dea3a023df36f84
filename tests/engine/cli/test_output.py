"""Many lines are written as one where they are harmless: what is shown is what each alone would be."""

from __future__ import annotations

import json
from io import StringIO

import yaml
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.cli.output import Output
from floe_engine.document.document import parse

_LINES = st.lists(
    st.lists(
        st.sampled_from(["a", " ", "✗", "⚠", "\ufe0f", "::", ":", "##[", "#", "\n", "\x1b[31m", "\u202e"]),
        max_size=5,
    ).map("".join),
    max_size=5,
)


def _written(lines: list[str], *, together: bool) -> str:
    stream = StringIO()
    output = Output("test", colour=False, stdout=stream)
    if together:
        output.answers((line, "31") for line in lines)
    else:
        for line in lines:
            output.answer(line)
    return stream.getvalue()


@given(_LINES)
def test_many_lines_are_escaped_as_each_of_them_is(lines: list[str]) -> None:
    assert _written(lines, together=True) == _written(lines, together=False)


def test_yaml_says_what_json_says() -> None:
    """Also to whoever reads YAML 1.2, where more words are numbers than in 1.1."""
    document = {
        "texts": [
            "on",
            "1e3",
            "12e4567",
            "0o17",
            "1.10",
            "2026-11-29",
            "~",
            "",
            "a\nb",
            "ü",
            "\x1b[31m",
            "- x: y",
        ],
        "others": [1, 1.5, True, None, {"nested": []}],
    }
    written = {form: StringIO() for form in ("json", "yaml")}
    for form, stream in written.items():
        Output("test", format=form, stdout=stream).result(**document)
    said, as_json = written["yaml"].getvalue(), json.loads(written["json"].getvalue())
    assert yaml.safe_load(said) == as_json
    assert parse(said).value == as_json, "by YAML 1.2"
    assert said.isascii()
    assert "\x1b" not in said
