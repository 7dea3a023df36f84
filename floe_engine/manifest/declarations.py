"""Every setting that manifest.yaml can have, as its section declares it: where it stands, where it is
published, and its law.

Read off the sections, once. What follows from the declarations (inheritance, upgrade rules, the way
back from an artifact to a line, the reference page) asks here, so that a new setting is a field and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, get_origin

from msgspec.structs import fields

from floe_engine.manifest.base import Place, Settings, bare, law_of, place_of, section_of
from floe_engine.manifest.laws import Declared, Law, Named
from floe_engine.manifest.root import Manifest

Path = tuple[str, ...]


class Setting(NamedTuple):
    """A setting. `path` has ``*`` for a name of somebody's choice, and ``[]`` for an entry of a list."""

    path: Path
    law: Law
    fields: Mapping[str, Declared] = {}
    """The laws of its entries' fields, where it is a list of records."""
    place: Path = ()
    """Where it is published: file and keys, in Python's names (see `base.Place`); empty where it is not."""
    reshaped: bool = False
    """Whether it is published in another shape than it is declared in."""


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting, in the order of the schema; a list of records comes before its fields."""
    return tuple(found for found in _walk(Manifest, (), ()) if isinstance(found, Setting))


def sections() -> Iterator[tuple[Path, Path]]:
    """Every section that is published, and where: (path, place), as of `Setting`."""
    return (found for found in _walk(Manifest, (), ()) if not isinstance(found, Setting))


def inherited() -> Iterator[Setting]:
    """The settings on which a parent has a say: whole lists, not their entries' fields."""
    return (setting for setting in settings() if "[]" not in setting.path)


def _walk(section: type[Settings], at: Path, published: Path) -> Iterator[Setting | tuple[Path, Path]]:
    """All settings of a section and below, and the (path, place) of each published section."""
    for field in fields(section):
        law, inner = law_of(field.type), section_of(field.type)
        named = get_origin(bare(field.type)) is dict
        each = ("*",) if named and not (law is not None and isinstance(law, Named)) else ()
        path = (*at, field.encode_name)
        own = place_of(field.type) or Place()
        place = tuple(own.at.split(".")) if own.at else (*published, field.name) if published else ()
        # A list of records below names, such as `required_columns`, is declared at its names.
        if law is not None:
            entries = _fields(inner) if inner else {}
            yield Setting((*path, *each), law, entries, (*place, *each) if place else (), own.reshaped)
        elif place:
            yield path, place
        if inner is not None:
            listed = law is not None and not isinstance(law, Named)
            names = ("*",) if named else ()
            below = (*place, *names, *(("*",) if listed else ())) if place else ()
            yield from _walk(inner, (*path, *names, *(("[]",) if listed else ())), below)


@cache
def _fields(section: type[Settings]) -> Mapping[str, Declared]:
    found = {}
    for field in fields(section):
        law, inner = law_of(field.type), section_of(field.type)
        if law is not None:
            found[field.encode_name] = Declared(law, _fields(inner) if inner else {})
    return found
