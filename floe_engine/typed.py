"""Typed decoding that several threads may do at once.

msgspec builds what it knows of a class at the class's first use, field by field, and shows it to other
threads from the first field on: one that decodes by a half-built class ends the process (0.22, a
segmentation fault). So a class is built once, by one thread, before anybody decodes by it.

Modules with many such classes do without ``from __future__ import annotations``: of an annotation that is
text msgspec compiles the text, which for 480 of them is a thirtieth of `floe compile` on a small project.
"""

from __future__ import annotations

from threading import RLock
from typing import Any, TypeVar

T = TypeVar("T")

_building = RLock()
_built: set[Any] = set()


def built(kind: type[T]) -> type[T]:
    """`kind`, of which msgspec knows everything from now on: what `convert` and `decode` are given."""
    if kind not in _built:
        import msgspec

        with _building:
            if kind not in _built:
                msgspec.json.Decoder(kind)
                _built.add(kind)
    return kind
