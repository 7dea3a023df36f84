"""The sections of a YAML text: its keys down to the third level, found by their indentation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from floe_tui.widgets.row_view import Row

DEEPEST = 4
"""Columns of indentation beyond which a key is no section."""

_KEY = re.compile(r"^( *)([A-Za-z_][\w.-]*)\s*:(?:\s|$)")


def outline(lines: Sequence[str]) -> list[Row]:
    """One row a section: its key indented as in the text, and its line; the row's key is the line."""
    rows = []
    for number, line in enumerate(lines):
        match = _KEY.match(line)
        if match and len(match[1]) <= DEEPEST:
            rows.append(Row(str(number), (f"{match[1]}{match[2]}", str(number + 1))))
    return rows
