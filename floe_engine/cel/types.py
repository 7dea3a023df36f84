"""What a part of an expression can be: CEL's types, and objects with declared fields.

A field's type says what it is always; where it can be absent it is `nullable`, which takes part in
everything its type does and may be compared with ``null`` besides (protobuf's wrapper types).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Type(Struct, frozen=True):
    """A type by its name, with those of what it holds."""

    name: str
    of: tuple[Type, ...] = ()

    def __str__(self) -> str:
        """As a person would say it: ``list(string)``."""
        if self.name == "nullable":
            return f"{self.of[0]} or null"
        return f"{self.name}({', '.join(map(str, self.of))})" if self.of else self.name


BOOL, INT, DOUBLE, STRING, NULL, DYN = map(Type, ("bool", "int", "double", "string", "null", "dyn"))
A, B = Type("A"), Type("B")
"""Any type, the same wherever it stands in one signature."""


def list_of(item: Type) -> Type:
    """A list."""
    return Type("list", (item,))


def map_of(value: Type, key: Type = STRING) -> Type:
    """A map."""
    return Type("map", (key, value))


def nullable(kind: Type) -> Type:
    """A value that may be null."""
    return Type("nullable", (kind,))


def optional(kind: Type) -> Type:
    """What ``.?`` gives: a value or none, to be taken out by ``orValue``."""
    return Type("optional", (kind,))


class Field(Struct, frozen=True):
    """A field of an object: its type, and what it means in a sentence."""

    type: Type
    says: str


class Object(Type, frozen=True):
    """An object with declared fields, which ``.`` selects."""

    says: str = ""
    fields: Mapping[str, Field] = {}

    def __str__(self) -> str:
        """Its name."""
        return self.name


def matched(wanted: Type, given: Type, bound: dict[str, Type]) -> bool:
    """Whether `given` may stand where `wanted` is asked for; `bound` learns what A and B are."""
    if wanted.name in ("A", "B"):
        known = bound.get(wanted.name)
        if known is None:
            bound[wanted.name] = given
            return True
        if matched(known, given, bound):
            return True
        if matched(given, known, bound):
            bound[wanted.name] = given
            return True
        return False
    if "dyn" in (wanted.name, given.name):
        return True
    if wanted.name == "nullable":
        if given.name == "null":
            return True
        return matched(wanted.of[0], given.of[0] if given.name == "nullable" else given, bound)
    if given.name == "nullable":
        return matched(wanted, given.of[0], bound)
    if wanted.name != given.name or len(wanted.of) != len(given.of):
        return False
    return all(matched(inner, other, bound) for inner, other in zip(wanted.of, given.of, strict=True))


def filled(kind: Type, bound: Mapping[str, Type]) -> Type:
    """A signature's type with what A and B were found to be."""
    if kind.name in ("A", "B"):
        return bound.get(kind.name, DYN)
    if not kind.of:
        return kind
    return Type(kind.name, tuple(filled(inner, bound) for inner in kind.of))


def joined(kinds: list[Type]) -> Type:
    """The one type of several items: theirs where they agree, else dyn."""
    if not kinds:
        return DYN
    bound: dict[str, Type] = {}
    if all(matched(A, kind, bound) for kind in kinds):
        return bound["A"]
    return DYN
