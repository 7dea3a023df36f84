"""Where the expressions of house rules stand in manifest.yaml, and which one a cursor is in."""

from __future__ import annotations

from msgspec import Struct

from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.document import Document
from floe_engine.document.inside import offset_in, span_in
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.cursor import Cursor
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.subjects import SUBJECTS


class Expression(Struct, frozen=True):
    """An expression of a house rule: `source` stands from `begins` on in the text at `path`.

    `path` is None where nothing is written yet; `span` is then where it will stand.
    """

    source: str
    offset: int
    subject: str
    path: KeyPath | None
    begins: int
    span: Span


def expression_at(
    document: Document, draft: Draft, position: Position, cursor: Cursor | None
) -> Expression | None:
    """The expression that a place lies in; None elsewhere."""
    path = document.path_at(position)
    if path[-1:] not in (("when",), ("expr",), ("message",)) and cursor is not None and cursor.is_value:
        path = cursor.path
    match path:
        case ("governance", "custom_rules", int(), "when" | "expr" | "message" as key):
            pass
        case _:
            return None
    rule = draft.mapping(*path[:-1])
    if rule.get("type") != "cel":
        return None
    subject = rule.get("subject") or "model"
    if not isinstance(subject, str) or subject not in SUBJECTS:
        return None
    here = Span(position, position)
    offset = offset_in(document, path, position)
    if offset is None:
        if key == "message" or cursor is None or not cursor.is_value or cursor.typed or cursor.glued:
            return None
        return Expression("", 0, subject, None, 0, here)
    source, begins = rule[key], 0
    if key == "message":
        begins = source.rfind("{", 0, offset) + 1
        if not begins or "}" in source[begins:offset]:
            return None
        end = source.find("}", offset)
        source = source[begins : end if end >= 0 else len(source)]
    return Expression(source, offset - begins, subject, path, begins, here)


def placed(document: Document, inside: Expression, start: int, end: int) -> Span:
    """Where a part of an expression stands in the file."""
    if inside.path is None:
        return inside.span
    found = span_in(document, inside.path, inside.begins + start, inside.begins + end)
    return found or inside.span
