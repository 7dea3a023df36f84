"""Positions in a text, what is wrong there, and edits that would mend it.

Names and meaning follow the Language Server Protocol 3.17 (Position, Range, Diagnostic,
TextEdit); unlike there, columns count Unicode code points, which is what Python, libyaml and
Textual use. `utf16_column` converts where LSP or SARIF wants UTF-16 code units.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Position(Struct, frozen=True, order=True):
    """A place between two characters: zero-based line, zero-based column in code points."""

    line: int
    column: int

    def __str__(self) -> str:
        """As people count: ``3:7`` is the third line, seventh character."""
        return f"{self.line + 1}:{self.column + 1}"


class Span(Struct, frozen=True, order=True):
    """From `start` up to, not including, `end`."""

    start: Position
    end: Position

    @classmethod
    def at(cls, line: int, column: int, end_line: int, end_column: int) -> Span:
        """The span between two zero-based (line, column) pairs."""
        return cls(Position(line, column), Position(end_line, end_column))

    def __contains__(self, position: Position) -> bool:
        return self.start <= position < self.end


class Severity(StrEnum):
    """How bad: an `error` stops a build, a `warning` does not, `info` is advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class TextEdit(Struct, frozen=True):
    """Replace the text of `span` (empty for an insertion) by `new_text`."""

    span: Span
    new_text: str


class Fix(Struct, frozen=True):
    """A mechanical mend: what it does, in the imperative, and its edits (none overlap)."""

    title: str
    edits: tuple[TextEdit, ...]


class Related(Struct, frozen=True):
    """Another place that explains a diagnostic, such as the first of two equal keys."""

    span: Span
    message: str


class Diagnostic(Struct, frozen=True):
    """One problem of a text.

    `code` is stable (``FLOE-M012``) and explained by ``floe explain CODE``; `message` says what
    is wrong and what was expected; `hint` what to do; `path` names the setting
    (``("plugins", "compute", "type")``); `fixes` come best first.
    """

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str = ""
    path: tuple[str | int, ...] = ()
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()


class CodeExplanation(Struct, frozen=True):
    """What ``floe explain CODE`` prints: a `title` of one line and some prose with an example.

    The module that raises a code keeps it in a table ``CODES: dict[str, Explanation]``.
    """

    title: str
    prose: str


def utf16_column(line: str, column: int) -> int:
    """`column` of `line` in UTF-16 code units (LSP's default position encoding)."""
    return len(line[:column].encode("utf-16-le", "surrogatepass")) // 2
