"""The sections of a YAML text: its keys down to the third level.

They are found by their indentation, so that they are there while the text has errors.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from floe_tui.widgets.row_view import Column, Row, RowView

DEEPEST = 4
"""Columns of indentation beyond which a key is no section."""

COLUMNS = (Column(), Column(width=5, right=True, tone="dim"))

_KEY = re.compile(r"^( *)([A-Za-z_][\w.-]*)\s*:(?:\s|$)")


def outline(lines: Sequence[str]) -> list[Row]:
    """One row a section: its key indented as in the text, and its line; the row's key is the line."""
    rows = []
    for number, line in enumerate(lines):
        match = _KEY.match(line)
        if match and len(match[1]) <= DEEPEST:
            rows.append(Row(str(number), (f"{match[1]}{match[2]}", str(number + 1))))
    return rows


class Outline(RowView):
    """The sections beside the text, the one that holds its cursor marked."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty="No sections.", id="outline")
        self._line = 0

    def show_sections(self, lines: Sequence[str]) -> None:
        """Show the sections of a text."""
        self.show(outline(lines))
        self.follow(self._line)

    def follow(self, line: int) -> None:
        """The text's cursor is in this line."""
        self._line = line
        if not self.has_focus:
            self.cursor = max(0, bisect_right(self.rows, line, key=lambda row: int(row.key)) - 1)
