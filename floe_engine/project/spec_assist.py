"""Help while writing floe.yaml: completion and hover from the schema.

Pure functions of the text and of a place in it, as `manifest.assist` has them for manifest.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.document.diagnostics import Position
from floe_engine.document.document import Document
from floe_engine.manifest.assist import Completion, Hover, fitting, key_offer
from floe_engine.manifest.cursor import Cursor, cursor_at
from floe_engine.manifest.explaining import describe
from floe_engine.manifest.reference import key_at, keys, shape_at
from floe_engine.project.spec import Spec


def complete(document: Document, position: Position) -> tuple[Completion, ...]:
    """What could be typed at a place, best first; empty where nothing is known."""
    cursor = cursor_at(document.lines, position)
    if cursor is None:
        return ()
    return fitting(_offers(document, cursor), cursor)


def hover(document: Document, position: Position) -> Hover | None:
    """What the key or value at a place means, its type and its default."""
    path = document.path_at(position)
    while path and isinstance(path[-1], int):
        path = path[:-1]
    key = key_at(path, Spec) if path else None
    if key is None:
        return None
    name = ".".join(map(str, path))
    span = document.locate(path, key=document.key_at(position) is not None)
    return Hover(span, f"**{name}**\n\n{describe(key)}")


def _offers(document: Document, cursor: Cursor) -> Iterator[Completion]:
    shape = shape_at(cursor.path, Spec)
    if shape is None:
        return
    in_list = bool(cursor.path) and isinstance(cursor.path[-1], int)
    if shape.section is not None and (in_list or not cursor.is_value):
        node = document.find(cursor.path)
        present = set(node.children) - {cursor.typed} if node is not None else set()
        for key in keys(shape.section).values():
            if key.name not in present:
                yield key_offer(cursor, key.name, key.shape, key.shape.text, describe(key))
    elif cursor.is_value or in_list:
        for word in shape.choices:
            yield Completion(word, f" {word}" if cursor.glued else word, cursor.span)
