"""Mappings in mappings: reading, writing and overlaying plain values by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any


def get(document: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    return document


def put(document: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set the value at a path, making the mappings on the way."""
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value


def take(document: dict[str, Any], path: Sequence[str]) -> None:
    """Take a path out, with the mappings on the way that are empty then. It has to be there."""
    *parents, last = path
    inner = get(document, parents)
    del inner[last]
    if not inner and parents:
        take(document, parents)


def overlay(
    base: Mapping[str, Any],
    above: Mapping[str, Any],
    *,
    whole: Sequence[tuple[str, ...]] = (),
    at: tuple[str, ...] = (),
) -> dict[str, Any]:
    """`above` laid over `base`, key by key; paths that match `whole` are replaced entire."""
    result = deepcopy(dict(base))
    for key, value in above.items():
        path = (*at, key)
        entire = any(
            len(pattern) == len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=True))
            for pattern in whole
        )
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping) and not entire:
            result[key] = overlay(result[key], value, whole=whole, at=path)
        else:
            result[key] = deepcopy(value)
    return result
