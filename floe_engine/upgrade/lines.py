"""Where a change is written in an artifact's file, so that a text can be shown at that line.

`settings` answers the same for manifest.yaml; here it is one of the eight files, as its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from floe_engine.artifact.shape import Items, Path, Shape, below, shapes
from floe_engine.document.document import Document, parse


def lines_of(text: str, paths: Iterable[Path]) -> list[int]:
    """The line (from 1) of an artifact file that each path (a change's, the file first) leads to.

    Where a path ends early, as that of a removed setting does, it is the line of what is left of
    it; the first line where nothing is.
    """
    document = parse(text)
    return [_line(document, path) for path in paths]


def _line(document: Document, path: Path) -> int:
    steps: list[str | int] = []
    value, shape = document.value, shapes().get(path[0])
    for key in path[1:]:
        step = _step(value, key, shape)
        if step is None:
            break
        steps.append(step)
        value, shape = value[step], below(shape, key)
    return document.locate(tuple(steps), key=True).start.line + 1 if steps else 1


def _step(value: Any, key: str, shape: Shape | None) -> str | int | None:
    """The key or index by which `key` is found in a JSON value."""
    if isinstance(value, dict):
        return key if key in value else None
    if not isinstance(value, list):
        return None
    return next((index for index, item in enumerate(value) if _is(item, key, shape)), None)


def _is(item: Any, key: str, shape: Shape | None) -> bool:
    """Whether `key` names an item of a list, by what tells the list's items apart where that is known."""
    if not isinstance(item, dict):
        return str(item) == key
    if isinstance(shape, Items):
        return shape.identity(item) == key
    return key in (item.get("name"), item.get("id"), item.get("key"))  # as `changes` tells open ones apart
