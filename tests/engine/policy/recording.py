"""A platform that remembers which places of its files are read, and which rule read them.

It plays `Platform` with the same values: structs, mappings and tuples that note each attribute,
key and item that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from floe_engine.artifact import paths
from floe_engine.artifact.platform import Platform

Place = tuple[str, ...]

FILES = {
    "manifest": paths.MANIFEST,
    "classification": paths.CLASSIFICATION,
    "access": paths.ACCESS_CONTROL,
    "gates": paths.QUALITY_GATES,
    "namespaces": paths.NAMESPACES,
    "schemas": paths.SCHEMA_REGISTRY,
    "naming": paths.NAMING_RULES,
    "layers": paths.LAYER_CONSTRAINTS,
}


def recorded(platform: Platform, log: set[Place]) -> Platform:
    """The platform with every reading of it noted in `log`, as file and keys (``*``: any name)."""
    return _Platform(platform, log)  # type: ignore[return-value]


class _Platform:
    def __init__(self, platform: Platform, log: set[Place]) -> None:
        self.platform, self.log = platform, log
        for name, file in FILES.items():
            setattr(self, name, _noted(getattr(platform, name), (file,), log))
        self.name, self.version = platform.name, platform.version

    def once(self, work_out: Callable[[Platform], Any]) -> Any:
        return work_out(self)  # type: ignore[arg-type]  # each time: whoever asks, reads

    minimum_coverage = Platform.minimum_coverage

    def rank(self, level: str | None) -> int:
        self.log.add((paths.CLASSIFICATION, "levels"))
        return self.platform.rank(level)


def _noted(value: Any, at: Place, log: set[Place]) -> Any:
    if isinstance(value, msgspec.Struct):
        return _Record(value, at, log)
    if isinstance(value, dict):
        return _Table(value, at, log)
    if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        log.add((*at, "*"))
        return tuple(_Record(item, (*at, "*"), log) for item in value)
    log.add(at)
    return value


class _Record:
    def __init__(self, value: msgspec.Struct, at: Place, log: set[Place]) -> None:
        self._value, self._at, self._log = value, at, log
        self._keys = {field.name: field.encode_name for field in msgspec.structs.fields(value)}

    def __getattr__(self, name: str) -> Any:
        if name in self._keys:
            return _noted(getattr(self._value, name), (*self._at, self._keys[name]), self._log)
        method = getattr(type(self._value), name)
        return method.__get__(self) if callable(method) else method.fget(self)

    def __eq__(self, other: object) -> bool:
        return self._value == getattr(other, "_value", other)

    def __hash__(self) -> int:
        return hash(self._value)


class _Table(dict[str, Any]):
    def __init__(self, value: dict[str, Any], at: Place, log: set[Place]) -> None:
        super().__init__(value)
        self._at, self._log = (*at, "*"), log

    def __getitem__(self, key: str) -> Any:
        self._log.add(self._at)
        return _noted(super().__getitem__(key), self._at, self._log)

    def get(self, key: str, default: Any = None) -> Any:
        self._log.add(self._at)
        return self[key] if super().__contains__(key) else default

    def __contains__(self, key: object) -> bool:
        self._log.add(self._at)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._log.add(self._at)
        return super().__iter__()

    def __bool__(self) -> bool:
        self._log.add(self._at)
        return len(self) > 0

    def values(self) -> Any:
        self._log.add(self._at)
        return [_noted(value, self._at, self._log) for value in super().values()]

    def items(self) -> Any:
        self._log.add(self._at)
        return [(key, _noted(value, self._at, self._log)) for key, value in super().items()]
