"""Every setting that manifest.yaml can have, as its section declares it: where it stands, and its law.

Read off the sections, once. What follows from the declarations (inheritance, the reference page)
asks here, so that a new setting is a field and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, get_args, get_origin

from floe_engine.manifest.base import Settings, law_of, section_of
from floe_engine.manifest.laws import Declared, Law, Named
from floe_engine.manifest.root import Manifest

Path = tuple[str, ...]


class Setting(NamedTuple):
    """A setting. `path` has ``*`` for a name of somebody's choice, and ``[]`` for an entry of a list."""

    path: Path
    law: Law
    fields: Mapping[str, Declared] = {}
    """The laws of its entries' fields, where it is a list of records."""


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting, in the order of the schema; a list of records comes before its fields."""
    return tuple(_settings(Manifest, ()))


def inherited() -> Iterator[Setting]:
    """The settings on which a parent has a say: whole lists, not their entries' fields."""
    return (setting for setting in settings() if "[]" not in setting.path)


def _settings(section: type[Settings], at: Path) -> Iterator[Setting]:
    for name, field in section.model_fields.items():
        path = (*at, field.serialization_alias or name)
        law, inner = law_of(field), section_of(field.annotation)
        named = get_origin(field.annotation) is dict or any(
            get_origin(part) is dict for part in get_args(field.annotation)
        )
        if law is not None:
            each = named and not isinstance(law, Named)
            yield Setting((*path, "*") if each else path, law, _fields(inner) if inner else {})
        if inner is not None:
            listed = law is not None and not isinstance(law, Named)
            yield from _settings(inner, (*path, *(("*",) if named else ()), *(("[]",) if listed else ())))


@cache
def _fields(section: type[Settings]) -> Mapping[str, Declared]:
    found = {}
    for name, field in section.model_fields.items():
        law, inner = law_of(field), section_of(field.annotation)
        if law is not None:
            found[field.serialization_alias or name] = Declared(law, _fields(inner) if inner else {})
    return found
