"""How much of a text one entry of a mapping or item of a list takes, and how to take it out.

Works on lines and nodes alone, so that both the fix of a duplicate key and `edit.remove` use it.
"""

from __future__ import annotations

from floe_engine.document.diagnostics import Position, Span, TextEdit
from floe_engine.document.nodes import Node


def removal(lines: list[str], first: Node, last: Node, *, flow: bool) -> tuple[TextEdit, ...]:
    """The edit that takes out the entry from node `first` (its key) to node `last` (its value).

    In a block its whole lines go, with a comment at their end; in a flow collection, the
    entry and one comma.
    """
    if flow:
        return (TextEdit(_flow_span(lines, first, last), ""),)
    end_line = last.end_line + 1 if last.end_column else last.end_line
    end_line = max(end_line, first.line + 1)
    line, column = first.line, first.column
    head = lines[line][:column]
    if head.strip(" "):
        # `- first: 1`: the dash must stay for the entries below, or the whole item is this entry.
        following = _next_content(lines, end_line)
        if following is not None and _indent(lines[following]) == column:
            return (TextEdit(Span.at(line, column, following, column), ""),)
        return (TextEdit(Span(Position(line, column), _end_of(lines, last)), "{}"),)
    if end_line < len(lines):
        return (TextEdit(Span.at(line, 0, end_line, 0), ""),)
    if line == 0:
        return (TextEdit(Span.at(0, 0, len(lines) - 1, len(lines[-1])), ""),)
    return (TextEdit(Span.at(line - 1, len(lines[line - 1]), len(lines) - 1, len(lines[-1])), ""),)


def _flow_span(lines: list[str], first: Node, last: Node) -> Span:
    """The entry with the comma and space behind it, or before it where it is the last."""
    line, column = last.end_line, last.end_column
    rest = lines[line][column:]
    behind = rest.lstrip(" \t")
    if behind.startswith(","):
        after = behind[1:]
        width = len(rest) - len(after) + len(after) - len(after.lstrip(" \t"))
        return Span.at(first.line, first.column, line, column + width)
    start_line, start_column = first.line, first.column
    before = lines[start_line][:start_column].rstrip(" \t")
    while not before and start_line > 0:
        start_line -= 1
        before = lines[start_line].rstrip(" \t")
    if before.endswith(","):
        return Span.at(start_line, len(before) - 1, line, column)
    return Span.at(first.line, first.column, line, column)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _next_content(lines: list[str], line: int) -> int | None:
    for number in range(line, len(lines)):
        stripped = lines[number].strip()
        if stripped and not stripped.startswith("#"):
            return number
    return None


def _end_of(lines: list[str], node: Node) -> Position:
    if node.end_column == 0 and node.end_line > node.line:
        return Position(node.end_line - 1, len(lines[node.end_line - 1]))
    return node.end
