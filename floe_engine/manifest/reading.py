"""A file's keys and values as the sections that declare them.

A struct says at the first mistake that there is one, and is read in a hundredth of the time; pydantic
says all of them. So a file is read by its sections, and by the models made from them (`models`) where
they refuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache, partial
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from floe_engine.manifest.base import OneOrMore, Section, also, bare, joined, notes
from floe_engine.typed import built

S = TypeVar("S", bound=Section)


def read(section: type[S], value: Mapping[str, Any]) -> S:
    """A file's keys and values as its section. Raises `WrongShape` with every mistake."""
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, built(section))
    with suppress(msgspec.ValidationError):
        return msgspec.convert(respelled(section, value), built(section))
    from floe_engine.manifest import models  # pydantic

    return models.read(section, value)


def plain(value: Any) -> Any:
    """A section, or what it has, as plain JSON values, defaults included."""
    if isinstance(value, Section):
        return {key.names[0]: plain(getattr(value, key.attribute)) for key in _keys(type(value))}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def respelled(section: type[Section], value: Any) -> Any:
    """A section's keys and values in the spelling and the order of its declaration; others as they are."""
    if isinstance(value, str) and section.text_key:
        return {section.text_key: value}
    if not isinstance(value, Mapping):
        return value
    rest = dict(value)
    found = {}
    for key in _keys(section):
        written = next((name for name in key.names if name in rest), None)
        if written is not None:
            found[key.names[0]] = key.respell(rest.pop(written))
    return {**found, **rest}


class _Key(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    """The first is the one that is kept."""
    attribute: str
    respell: Callable[[Any], Any]


@cache
def _keys(section: type[Section]) -> tuple[_Key, ...]:
    return tuple(
        _Key((field.encode_name, *also(field.type)), field.name, _respelling(field.type))
        for field in msgspec.structs.fields(section)
    )


def _respelling(annotation: Any) -> Callable[[Any], Any]:
    """How a value of a type is respelled."""
    kind = bare(annotation)
    if get_origin(kind) in (dict, tuple):
        inner = _respelling(get_args(kind)[get_origin(kind) is dict])
        return inner if inner is _as_it_is else partial(_each, inner)
    if isinstance(kind, type) and issubclass(kind, Section):
        return partial(respelled, kind)
    return joined if any(isinstance(note, OneOrMore) for note in notes(annotation)) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _each(respell: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: respell(inner) for key, inner in value.items()}
    return [respell(inner) for inner in value] if isinstance(value, list | tuple) else value
