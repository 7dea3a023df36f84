"""The shape of the eight files, read off their types: what whoever compares or changes them looks at.

A shape says of every place in an artifact whether it is a record, a table by name, a list whose
items have an identity, a set of names or a single value, and what stands there when nothing is
written. Comparing and judging are not done here.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct, field

from floe_engine.artifact import model, paths
from floe_engine.artifact.part import Part, PolicyFile
from floe_engine.artifact.sections import CustomRule, LayerConstraint

Path = tuple[str, ...]
"""A place in an artifact: the file, then keys. List items are named by their identity."""

Pattern = tuple[str, ...]
"""A `Path` in which ``*`` stands for any one key and a final ``**`` for any keys, or none."""


class Leaf(Struct, frozen=True):
    """A single value. `unset` is what nothing (null, or no key) means, where it means a value."""

    unset: Any = None


class Open(Struct, frozen=True):
    """Anything at all, such as a plugin's settings; compared without knowledge of its meaning."""


class Names(Struct, frozen=True):
    """A list of scalars without repetition; their order counts only where `ordered`.

    Where `optional`, null is a state of its own: no list at all, which means *anything*.
    """

    ordered: bool = False
    optional: bool = False


class Record(Struct, frozen=True):
    """An object with known fields. `defaults` is what an absent field means, as JSON."""

    fields: Mapping[str, Shape]
    defaults: Mapping[str, Any]
    names: Mapping[str, str]
    """Python name → key in the file, for the fields in which they differ."""
    optional: bool = False
    """Whether it may be null."""


class Table(Struct, frozen=True):
    """An object whose keys are names that people chose.

    `absent` is what a missing entry means (None: missing is a state of its own); `renames` says
    that an entry may come back under another name; `reserved` are keys with a shape of their own.
    """

    value: Shape
    absent: Any = None
    renames: bool = False
    reserved: Mapping[str, Shape] = field(default_factory=dict)


class Items(Struct, frozen=True):
    """A list of records that are told apart by `identity`, not by place."""

    value: Record
    identity: Callable[[Mapping[str, Any]], str]
    ignored: frozenset[str] = frozenset()
    """Fields that only repeat the identity."""
    renames: bool = False
    """Whether equal content under another identity is the same item with a new name."""


class Grants(Struct, frozen=True):
    """A role's permissions, compared by what they permit and not by how they are grouped."""


Shape = Leaf | Open | Names | Record | Table | Items | Grants


def _named_by(*keys: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda item: " ".join(str(item[key]) for key in keys if item.get(key) is not None)


def _identity(item: type[Part]) -> Callable[[Mapping[str, Any]], str]:
    """What makes two items of a list the same thing in two versions."""
    own = _named_by(*item.named_by)
    if item is not CustomRule:
        return own
    template = _named_by("type", "prefix", "field", "applies_to")
    return lambda rule: own(rule) or template(rule)


ORDERED: frozenset[Path] = frozenset(
    {
        (paths.CLASSIFICATION, "levels"),
        (paths.CLASSIFICATION, "metaKeys"),
        (paths.LAYER_CONSTRAINTS, paths.LAYERS_META, paths.LAYERS_ORDER),
    }
)
"""Lists in which a place means something: sensitivity, precedence, the flow of the architecture."""

UNSET: Mapping[Path, Any] = {(paths.CLASSIFICATION, "rules", "*", "minimum_test_coverage"): 0}
"""Places where nothing is the same as a value: no minimum of a level's own is one of 0."""

RENAMED: frozenset[Any] = frozenset({(paths.LAYER_CONSTRAINTS,), model.Waiver, CustomRule})
"""Tables and items that are definitions: equal content under another name is a rename."""

_FILES = {PurePosixPath(file).stem: file for file in paths.FILES}


@functools.cache
def shapes() -> Mapping[str, Shape]:
    """The shape of each of the eight files."""
    kinds: Mapping[str, type[Part]] = {paths.MANIFEST: model.PlatformManifest, **model.POLICY_FILES}
    found: dict[str, Shape] = {file: _record(kind, (file,)) for file, kind in kinds.items()}
    here: Path = (paths.LAYER_CONSTRAINTS,)
    meta_path = (*here, paths.LAYERS_META)
    about = _record(PolicyFile, meta_path)
    order: Path = (*meta_path, paths.LAYERS_ORDER)
    meta = Record(
        {**about.fields, paths.LAYERS_ORDER: Names(ordered=order in ORDERED)},
        {**about.defaults, paths.LAYERS_ORDER: []},
        about.names,
    )
    found[paths.LAYER_CONSTRAINTS] = Table(
        _record(LayerConstraint, (*here, "*")),
        renames=True,
        reserved={paths.LAYERS_META: meta},
    )
    return found


def published(place: Path) -> Pattern:
    """A declared place as the artifact spells it; empty where the artifact has none."""
    if not place:
        return ()
    file = _FILES[place[0]]
    shape: Shape | None = shapes()[file]
    spelt = [file]
    for key in place[1:]:
        key = shape.names.get(key, key) if isinstance(shape, Record) else key
        if not (isinstance(shape, Names) and key == "*"):
            shape = below(shape, key)
        if shape is None:
            return ()
        spelt.append(key)
    return tuple(spelt)


def below(shape: Shape | None, key: str) -> Shape | None:
    """The shape of what a value of `shape` has under a key or as an item; None where that is not known."""
    match shape:
        case Record():
            return shape.fields.get(key)
        case Table():
            return shape.reserved.get(key, shape.value)
        case Items():
            return shape.value
    return None


def places() -> Iterator[Pattern]:
    """Every place of every file, ``*`` for names and items: what the rules must cover."""
    for file, shape in shapes().items():
        yield from _places(shape, (file,))


def _places(shape: Shape, path: Pattern) -> Iterator[Pattern]:
    match shape:
        case Record():
            if shape.optional:
                yield path
            for key, inner in shape.fields.items():
                yield from _places(inner, (*path, key))
        case Table():
            for key, inner in shape.reserved.items():
                yield from _places(inner, (*path, key))
            if shape.absent is None and not isinstance(shape.value, Leaf | Open):
                yield (*path, "*")
            yield from _places(shape.value, (*path, "*"))
        case Items():
            yield (*path, "*")
            for key, inner in shape.value.fields.items():
                if key not in shape.ignored:
                    yield from _places(inner, (*path, "*", key))
        case Names():
            yield (*path, "*")
            if shape.ordered or shape.optional:
                yield path
        case Grants():
            yield (*path, "namespaces", "*")
            yield (*path, "levels", "*")
        case Leaf() | Open():
            yield path


def _record(kind: type[Part], path: Path) -> Record:
    fields: dict[str, Shape] = {}
    defaults: dict[str, Any] = {}
    names: dict[str, str] = {}
    for info in msgspec.structs.fields(kind):
        key = info.encode_name
        fields[key] = _shape(info.type, (*path, key))
        defaults[key] = None if info.required else _plain(_default(info))
        if key != info.name:
            names[info.name] = key
    return Record(fields, defaults, names)


def _shape(annotation: Any, path: Path) -> Shape:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (part for part in arguments if part is not types.NoneType)
        shape = _shape(inner, path)
        return msgspec.structs.replace(shape, optional=True) if isinstance(shape, Names | Record) else shape
    if annotation is Any:
        return Open()
    if origin is tuple:
        return _list(arguments[0], path)
    if origin is dict:
        value = arguments[1]
        if value == tuple[model.Permission, ...]:
            return Table(Grants(), absent=[])
        return Table(_shape(value, (*path, "*")), absent=_absent(value, path), renames=path in RENAMED)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return _record(annotation, path)
    return Leaf(UNSET.get(path))


def _list(item: Any, path: Path) -> Shape:
    if isinstance(item, type) and issubclass(item, Part):
        return Items(
            _record(item, (*path, "*")),
            _identity(item),
            ignored=frozenset({*item.named_by, *item.repeats}),
            renames=item in RENAMED,
        )
    return Names(ordered=path in ORDERED)


def _absent(value: Any, path: Path) -> Any:
    """What a missing entry of a table means: for rules and lists, one that says nothing."""
    if path == (paths.MANIFEST, "approvedPlugins"):
        return None  # no list of approved types permits any; an empty one would permit none
    if typing.get_origin(value) in (tuple, dict):
        return _plain(typing.get_origin(value)())
    if isinstance(value, type) and issubclass(value, Part):
        if any(info.required for info in msgspec.structs.fields(value)):
            return None
        return _plain(value())
    return None


def _plain(value: Any) -> Any:
    """A default as it would stand in the file."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _default(info: msgspec.structs.FieldInfo) -> Any:
    return info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()


def matches(pattern: Pattern, path: Path) -> bool:
    """Whether `path` is one of the places that `pattern` stands for."""
    if pattern and pattern[-1] == "**":
        pattern, path = pattern[:-1], path[: len(pattern) - 1]
    return len(pattern) == len(path) and all(
        part in ("*", key) for part, key in zip(pattern, path, strict=True)
    )
