"""Many lines are written as one where they are harmless: what is shown is what each alone would be."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from floe_engine.cli.output import Output, Painted

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
        output.answers(Painted(line, "31") for line in lines)
    else:
        for line in lines:
            output.answer(line)
    return stream.getvalue()


@given(_LINES)
def test_many_lines_are_escaped_as_each_of_them_is(lines: list[str]) -> None:
    assert _written(lines, together=True) == _written(lines, together=False)
