"""A line to type into."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import Input


class Field(Input):
    """Textual's, with the key for selecting everything that people expect."""

    BINDINGS = [Binding("ctrl+a", "select_all", "Select all", show=False)]
