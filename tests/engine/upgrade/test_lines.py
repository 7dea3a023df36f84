"""A change is found in the text of the file that it is in."""

from __future__ import annotations

import json

import pytest

from floe_engine.upgrade.lines import lines_of

TEXT = json.dumps(
    {
        "levels": {"pii": {"mask": True}},
        "waivers": [{"id": "W1", "reason": "a"}, {"id": "W2", "reason": "b"}],
        "names": ["unique", "not_null"],
    },
    indent=2,
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("levels", "pii", "mask"), '"mask": true'),
        (("levels", "phi"), '"levels"'),
        (("waivers", "W2", "reason"), '"reason": "b"'),
        (("names", "not_null"), '"not_null"'),
        (("absent",), "{"),
        ((), "{"),
    ],
)
def test_the_line_of_a_change_or_of_what_it_was_in(path: tuple[str, ...], text: str) -> None:
    [line] = lines_of(TEXT, [("policies/quality-gates.json", *path)])
    assert text in TEXT.splitlines()[line - 1]
