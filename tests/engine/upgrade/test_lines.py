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


@pytest.mark.parametrize(
    ("file", "content", "path", "text"),
    [
        (
            "manifest.json",
            {"pluginDetails": {"compute": {"config": {"at": [{"name": "a"}, {"name": "b", "path": "x"}]}}}},
            ("pluginDetails", "compute", "config", "at", "b", "path"),
            '"path": "x"',
        ),
        (
            "policies/quality-gates.json",
            {"waivers": [["W1"], None, {"id": {"a": 1}}, {"id": "W1", "reason": "r"}]},
            ("waivers", "W1", "reason"),
            '"reason": "r"',
        ),
    ],
    ids=["records of a plugin's own", "items that are no records"],
)
def test_an_entry_is_found_by_its_name_among_whatever_else_a_file_has(
    file: str, content: dict[str, object], path: tuple[str, ...], text: str
) -> None:
    written = json.dumps(content, indent=2)
    [line] = lines_of(written, [(file, *path)])
    assert text in written.splitlines()[line - 1]
