"""What every key of manifest.yaml means: the one source of hover, completion, schema and docs.

Reads the models and the docstrings under their fields. Nothing here knows a document.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields

from floe_engine.manifest.base import NameOf, Section, also, bare, notes
from floe_engine.manifest.plugins import Catalogue, Category
from floe_engine.manifest.root import Manifest

Path = Sequence[str | int]


class Shape(Struct, frozen=True):
    """What a value looks like.

    `text` says it to people. `choices` are the allowed words, `section` the model of a mapping
    with fixed keys, `items` the shape of a list's entries, `values` that of a mapping by name.
    """

    text: str
    choices: tuple[str, ...] = ()
    section: type[Section] | None = None
    items: Shape | None = None
    values: Shape | None = None
    names: tuple[str, ...] = ()
    """The keys that a mapping by name may have, where not any name will do."""
    of: NameOf | None = None
    """What it is the name of; of a mapping by name, what its keys are."""


class SettingKey(Struct, frozen=True):
    """One key of a section. `default` is how the default would be written, None where required."""

    name: str
    shape: Shape
    default: str | None
    section: type[Section]
    attribute: str
    """What the section calls it."""
    also: tuple[str, ...] = ()
    """Other spellings of the key that are accepted."""

    @property
    def meaning(self) -> str:
        """What it means, from the docstring under its declaration."""
        return meanings(self.section).get(self.attribute, "")

    @property
    def required(self) -> bool:
        """Whether the section is incomplete without it."""
        return self.default is None

    @property
    def summary(self) -> str:
        """The type and the default in one line."""
        return f"{self.shape.text}; {'required' if self.default is None else f'default {self.default}'}"


@cache
def keys(section: type[Section]) -> Mapping[str, SettingKey]:
    """The keys of a section, by the name they have in the file, in the order of the schema."""
    found = {}
    for field in fields(section):
        found[field.encode_name] = SettingKey(
            name=field.encode_name,
            shape=_shape(field.type),
            default=None if field.required else _written(default_of(field)),
            section=section,
            attribute=field.name,
            also=also(field.type),
        )
    return found


def key_at(path: Path, root: type[Section] = Manifest) -> SettingKey | None:
    """The key that a document path leads to; None where the schema has none, or a list's entry."""
    holder = shape_at(path[:-1], root) if path else None
    if holder is None or holder.section is None or isinstance(path[-1], int):
        return None
    return lookup(holder.section, path[-1])


def shape_at(path: Path, root: type[Section] = Manifest) -> Shape | None:
    """The shape of the value that a document path leads to; None outside the schema."""
    shape: Shape | None = Shape("", section=root)
    for part in path:
        if shape is None:
            return None
        if isinstance(part, int):
            shape = shape.items
        elif shape.section is not None:
            key = lookup(shape.section, part)
            shape = key.shape if key else None
        else:
            shape = shape.values
    return shape


def lookup(section: type[Section], name: str) -> SettingKey | None:
    """The key of a section by any of its spellings."""
    known = keys(section)
    return known.get(name) or next((key for key in known.values() if name in key.also), None)


@cache
def leads_to_names(shape: Shape) -> bool:
    """Whether a value of a shape can have a name of something that is defined elsewhere, at any depth."""
    below = [shape.items, shape.values] + [key.shape for key in keys(shape.section or Section).values()]
    return shape.of is not None or any(leads_to_names(each) for each in below if each is not None)


def walk(
    root: type[Section] = Manifest, at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], SettingKey]]:
    """Every key below a section with its path; ``<name>`` stands for a name, ``[]`` for an entry."""
    for key in keys(root).values():
        path = (*at, key.name)
        yield path, key
        shape: Shape | None = key.shape
        while shape is not None and shape.section is None:
            path = (*path, "[]") if shape.items else (*path, "<name>")
            shape = shape.items or shape.values
        if shape is not None and shape.section is not None:
            yield from walk(shape.section, path)


# --- JSON Schema -------------------------------------------------------------------------------


def manifest_json_schema(catalogue: Catalogue | None = None) -> dict[str, Any]:
    """JSON Schema 2020-12 of manifest.yaml, with every key's meaning as its description.

    With a catalogue, categories, types and settings of its plugins are in it as well.
    """
    schema = json_schema(Manifest)
    if catalogue is not None:
        properties = schema["properties"]
        properties["plugins"]["properties"] = {
            category.name: _choices(category) for category in catalogue.categories.values()
        }
        properties["plugins"]["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "floe manifest.yaml",
    }


def json_schema(root: type[Section]) -> dict[str, Any]:
    """What pydantic says of a section and those below it, with every key's meaning as its description."""
    from floe_engine.manifest.models import model_of  # pydantic

    schema = model_of(root).model_json_schema(by_alias=True, mode="validation")
    definitions = schema.get("$defs", {})
    for section in _sections(root):
        definition = definitions.get(section.__name__, schema)
        for key in keys(section).values():
            described = definition["properties"][key.name]
            described["description"] = key.meaning
            for other in key.also:
                definition["properties"][other] = described | {
                    "description": f"Another spelling of `{key.name}`."
                }
        if section.text_key:
            about = definition.pop("description", "")
            definitions[section.__name__] = {
                "description": about,
                "anyOf": [{"type": "string", "minLength": 1}, definition],
            }
    return schema


def _choices(category: Category) -> dict[str, Any]:
    """A category's choice: its types as words, and for each type the settings it knows."""
    settings = [
        {
            "if": {"properties": {"type": {"const": plugin.name}}, "required": ["type"]},
            "then": {"properties": {"config": {"properties": dict(plugin.config["properties"])}}},
        }
        for plugin in category.types.values()
        if plugin.config.get("properties")
    ]
    described = [{"const": plugin.name, "description": plugin.title} for plugin in category.types.values()]
    return {
        "description": category.title,
        "allOf": [
            {"$ref": "#/$defs/PluginChoice"},
            {"properties": {"type": {"anyOf": described}}},
            *settings,
        ],
    }


def _sections(root: type[Section]) -> Iterator[type[Section]]:
    seen: set[type[Section]] = set()
    waiting = [root]
    while waiting:
        section = waiting.pop()
        if section in seen:
            continue
        seen.add(section)
        yield section
        for key in keys(section).values():
            shape: Shape | None = key.shape
            while shape is not None and shape.section is None:
                shape = shape.items or shape.values
            if shape is not None and shape.section is not None:
                waiting.append(shape.section)


# --- reading models ----------------------------------------------------------------------------


def meanings(section: type[Any]) -> Mapping[str, str]:
    """What each attribute of a class means, from the docstring under it."""
    return _docstrings(section.__module__)[section.__name__]


@cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str]]:
    """Class → attribute → the docstring under it, from a module's source."""
    import ast  # late: a check asks what keys there are, and not what they mean
    import inspect

    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        texts = found.setdefault(node.name, {})
        for statement, following in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                texts[statement.target.id] = " ".join(inspect.cleandoc(following.value.value).split())
    return found


def default_of(field: FieldInfo) -> Any:
    """The default of a field that is not required."""
    factory = field.default_factory
    return field.default if factory is NODEFAULT else factory()


def _written(value: Any) -> str:
    """A default as it would stand in YAML, on one line."""
    if value is None:
        return "unset"
    if isinstance(value, Section):
        return "as its keys say"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, tuple | list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if value != {} else "`{}`"


def _shape(annotation: Any) -> Shape:
    kind, beside = bare(annotation), list(notes(annotation))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return Shape(" | ".join(f"`{choice}`" for choice in arguments), choices=tuple(arguments))
    if origin is tuple:
        items = _shape(arguments[0])
        return Shape(f"list of {items.text}", items=items)
    if origin is dict:
        values = _shape(arguments[1])
        named = get_args(arguments[0]) if get_origin(arguments[0]) is Literal else ()
        of = " | ".join(f"`{name}`" for name in named) or "name"
        names = _name_of(notes(arguments[0]))
        return Shape(f"mapping of {of} to {values.text}", values=values, names=named, of=names)
    if isinstance(kind, type) and issubclass(kind, Section):
        return Shape("mapping", section=kind)
    if kind is bool:
        return Shape("`true` | `false`", choices=("true", "false"))
    if kind is int:
        limits = next((note for note in beside if isinstance(note, Meta)), Meta())
        low, high = limits.ge, limits.le
        bounds = f" {low}–{high}" if high is not None else f" from {low}" if low is not None else ""
        return Shape(f"whole number{bounds}")
    if kind is date:
        return Shape("date")
    return Shape("text", of=_name_of(beside)) if kind is str else Shape("anything")


def _name_of(beside: Iterable[Any]) -> NameOf | None:
    return next((note for note in beside if isinstance(note, NameOf)), None)
