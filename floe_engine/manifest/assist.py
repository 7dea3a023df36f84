"""Help while writing a manifest: completion, hover, outline, definitions and quick fixes.

Pure functions of what `check` found and of a place in the text; the workbench and the language
server only draw what they return.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.document.diagnostics import Diagnostic, Fix, Position, Span
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import KeyPath, Kind, Node
from floe_engine.document.scalars import quoted
from floe_engine.document.text import read_text
from floe_engine.errors import FloeError
from floe_engine.manifest.breaking import BREAKING
from floe_engine.manifest.check import Checked
from floe_engine.manifest.cursor import Cursor, cursor_at
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.effective import PATTERN_LAYERS
from floe_engine.manifest.explaining import describe, explain
from floe_engine.manifest.expression_places import Expression, expression_at, placed
from floe_engine.manifest.inheritance import settings_for_children
from floe_engine.manifest.reference import Shape, key_at, keys, shape_at
from floe_engine.manifest.shapes import dotted

_NESTED_SYMBOLS = 4
"""Levels of the outline; deeper ones are values, not places to go to."""


class Completion(Struct, frozen=True):
    """A key or value that could stand at the cursor: `text` replaces `span`."""

    label: str
    text: str
    span: Span
    detail: str = ""
    documentation: str = ""
    is_key: bool = False


class Hover(Struct, frozen=True):
    """What a place means; `text` is Markdown."""

    span: Span
    text: str


class Symbol(Struct, frozen=True):
    """A part of the document: `span` is all of it, `selection` its name."""

    name: str
    detail: str
    span: Span
    selection: Span
    children: tuple[Symbol, ...] = ()


class Target(Struct, frozen=True):
    """Where something is defined; `file` None: in the same text."""

    file: Path | None
    span: Span


class InheritedSetting(Struct, frozen=True):
    """A setting of a parent that is no file here: all that the parent sets, as YAML, and where this is."""

    origin: str
    text: str
    span: Span


def complete(checked: Checked, position: Position) -> tuple[Completion, ...]:
    """What could be typed at a place, best first; empty where nothing is known."""
    cursor = cursor_at(checked.document.lines, position)
    inside = expression_at(checked.document, _draft(checked), position, cursor)
    if inside is not None:
        return tuple(_words(checked, inside))
    if cursor is None:
        return ()
    draft = _draft(checked)
    shape = shape_at(cursor.path)
    plain = shape is not None and shape.section is None and shape.values is None
    item = bool(cursor.path) and isinstance(cursor.path[-1], int)
    # Behind a dash a word may become a key or stay a value; the schema knows which.
    is_value = cursor.is_value or (item and plain)
    found = _values(draft, cursor) if is_value else _keys(draft, cursor)
    return fitting(found, cursor)


def fitting(offers: Iterable[Completion], cursor: Cursor) -> tuple[Completion, ...]:
    """The offers that have in them what is typed at the cursor, those first that begin with it."""
    typed = cursor.typed.strip("\"'").lower()
    matching = [offer for offer in offers if typed in offer.label.lower()]
    return tuple(sorted(matching, key=lambda offer: not offer.label.lower().startswith(typed)))


def _words(checked: Checked, inside: Expression) -> Iterator[Completion]:
    """What could stand in an expression."""
    from floe_engine.manifest.expression_assist import offers

    for offer in offers(inside.source, inside.offset, inside.subject):
        span = placed(checked.document, inside, offer.start, offer.end)
        yield Completion(offer.label, offer.text, span, offer.detail, offer.documentation)


def _told(checked: Checked, inside: Expression) -> Hover | None:
    """What a part of an expression is."""
    from floe_engine.manifest.expression_assist import told_at

    told = told_at(inside.source, inside.offset, inside.subject)
    if told is None:
        return None
    text = "\n\n".join(filter(None, (f"**{told.title}**: `{told.type}`", told.says)))
    return Hover(placed(checked.document, inside, told.start, told.end), text)


def hover(checked: Checked, position: Position) -> Hover | None:
    """What the key or value at a place means, its type, its default, and where its value came from."""
    document = checked.document
    path = document.path_at(position)
    while path and isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return None
    on_key = document.key_at(position) is not None
    inside = None if on_key else expression_at(checked.document, _draft(checked), position, None)
    if inside is not None and (found := _told(checked, inside)) is not None:
        return found
    text = _plugin_text(checked, path, on_key=on_key)
    if text is None:
        key, shape = key_at(path), shape_at(path)
        if shape is None:
            return None
        text = describe(key) if key else shape.text
        if checked.effective is not None:
            try:
                told = explain(checked.effective, dotted(path).strip("`"))
                text += f"\n\nIn effect: {told}"
            except FloeError:
                pass  # a name with a dot in it: the meaning stands on its own
    return Hover(document.locate(path, key=on_key), f"**{dotted(path).strip('`')}**\n\n{text}")


def outline(document: Document) -> tuple[Symbol, ...]:
    """The document's sections and what is in them, down to four levels."""
    return tuple(_symbols(document.root, _NESTED_SYMBOLS)) if document.root else ()


def definition(checked: Checked, position: Position) -> Target | None:
    """Where the thing at a place comes from: a name's definition in this file, else the parent's setting."""
    document = checked.document
    path = document.path_at(position)
    if document.key_at(position) is None:
        here = _defined(checked, path)
        if here is not None:
            return here
    parent = checked.parent
    if parent is None or parent.path is None or not path:
        return None
    try:
        span = _written(parse(read_text(parent.path)), path)
    except FloeError:
        return None
    return Target(parent.path, span) if span else None


def inherited(checked: Checked, position: Position) -> InheritedSetting | None:
    """What a parent behind ``oci://`` sets at a place, or above it; None where it sets nothing there."""
    parent = checked.parent
    if parent is None or parent.path is not None:
        return None
    import yaml

    settings = settings_for_children(parent.manifest)
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    span = _written(parse(text), checked.document.path_at(position))
    return InheritedSetting(f"{parent.origin}, {parent.ref}", text, span) if span else None


def _written(document: Document, path: KeyPath) -> Span | None:
    """Where the setting at `path` is written, or the nearest above it that is."""
    while path and document.find(path) is None:
        path = path[:-1]
    return document.locate(path, key=isinstance(path[-1], str)) if path else None


def fixes_at(diagnostics: Sequence[Diagnostic], span: Span) -> tuple[tuple[Diagnostic, Fix], ...]:
    """The fixes of the diagnostics that touch a span, best first for each."""
    return tuple(
        (found, fix)
        for found in diagnostics
        if found.span.start <= span.end and span.start <= found.span.end
        for fix in found.fixes
    )


def _draft(checked: Checked) -> Draft:
    parent = checked.parent.manifest if checked.parent else None
    return Draft(checked.document, checked.catalogue, None, date.min, parent)


# --- completion --------------------------------------------------------------------------------


def _keys(draft: Draft, cursor: Cursor) -> Iterator[Completion]:
    shape = shape_at(cursor.path)
    present = {name for name in draft.mapping(*cursor.path) if name != cursor.typed}
    if shape is not None and shape.section is not None:
        for key in keys(shape.section).values():
            if key.name not in present and not present & set(key.also):
                yield key_offer(cursor, key.name, key.shape, key.shape.text, describe(key))
    elif shape is not None and shape.values is not None:
        known = [(name, "", shape.values) for name in shape.names]
        for name, detail, inner in known or _entry_names(draft, cursor.path, shape.values):
            if name not in present:
                yield key_offer(cursor, name, inner, detail, detail)
    elif shape is None:
        plugin = _config_properties(draft, cursor.path)
        for name, spec in plugin.items():
            if name not in present:
                yield key_offer(cursor, name, Shape("text"), str(spec.get("type", "")), _said(spec))


def key_offer(cursor: Cursor, name: str, shape: Shape, detail: str, documentation: str) -> Completion:
    """A key that could stand at the cursor, with its colon, and with the line for what is nested in it."""
    nested = shape.section is not None or shape.values is not None
    text = f"{name}: " if cursor.flow or not nested else f"{name}:\n{' ' * (cursor.indent + 2)}"
    return Completion(name, text, cursor.span, detail, documentation, is_key=True)


def _entry_names(draft: Draft, path: KeyPath, values: Shape) -> Iterator[tuple[str, str, Shape]]:
    """Names that a mapping by name could have next."""
    match path:
        case ("plugins",) | ("approved_plugins",):
            for category in draft.catalogue.categories.values():
                yield category.name, category.title, values
        case ("plugins", _, "config") | ("plugins", _, "approved", _, "config"):
            for name, spec in _config_properties(draft, path).items():
                yield name, _said(spec), Shape("text")
        case ("data_architecture", "layers"):
            for layer in PATTERN_LAYERS[draft.pattern]:
                yield layer.name, f"layer of pattern {draft.pattern}", values
        case _:
            shape = shape_at(path)
            if shape is not None and shape.of is not None:
                for name in draft.known(shape.of.kind):
                    yield name, shape.of.kind, values


def _values(draft: Draft, cursor: Cursor) -> Iterator[Completion]:
    path = cursor.path
    shape = shape_at(path)
    taken: set[Any] = set()
    if path and isinstance(path[-1], int):
        listed = draft.get(*path[:-1])
        taken = {item for item in listed if isinstance(item, str)} if isinstance(listed, list) else set()
    if shape is not None and shape.section is not None and path and isinstance(path[-1], int):
        yield from _keys(draft, cursor)  # an item of a list of mappings begins with a key
        return
    listing = shape is not None and shape.items is not None
    if listing:
        path, shape = (*path, 0), shape.items if shape else None
    offers = [(word, "") for word in shape.choices] if shape else []
    offers += _names(draft, path)
    for name, detail in offers:
        if name in taken and name != cursor.typed:
            continue
        text = quoted(name) if path[-1:] == ("version",) else name
        text = f"[{text}]" if listing else text
        yield Completion(name, f" {text}" if cursor.glued else text, cursor.span, detail)


def _names(draft: Draft, path: KeyPath) -> list[tuple[str, str]]:
    """Names that the file, the catalogue or the directory offers for a value."""
    catalogue = draft.catalogue
    match path:
        case ("apiVersion",) | ("kind",):
            return []
        case (
            ("plugins", str(category), "type")
            | ("plugins", str(category), "approved", int(), "name")
            | ("approved_plugins", str(category), int())
        ):
            known = catalogue.categories.get(category)
            return [(name, plugin.title) for name, plugin in known.types.items()] if known else []
        case ("plugins", str(category), "default"):
            approved = draft.mappings("plugins", category, "approved")
            return [
                (entry["name"], "approved") for _, entry in approved if isinstance(entry.get("name"), str)
            ]
        case ("plugins", str(category), "version"):
            plugin = catalogue.find(category, draft.text("plugins", category, "type") or "")
            return [(version, "") for version in reversed(plugin.versions)] if plugin else []
        case ("plugins", _, "config", str(key)) | ("plugins", _, "approved", int(), "config", str(key)):
            spec = _config_properties(draft, path[:-1]).get(key, {})
            words = [*spec.get("enum", ())] or (["true", "false"] if spec.get("type") == "boolean" else [])
            return [(str(word), "") for word in words]
    shape = shape_at(path)
    if shape is None or shape.of is None:
        return []
    return [(name, shape.of.kind) for name in (*draft.known(shape.of.kind), *shape.of.also)]


def _config_properties(draft: Draft, path: KeyPath) -> Mapping[str, Any]:
    """The settings that a plugin's schema knows, for the path of its `config`."""
    match path:
        case ("plugins", str(category), "config"):
            name = draft.text("plugins", category, "type") or draft.text("plugins", category, "default")
        case ("plugins", str(category), "approved", int(index), "config"):
            name = draft.text("plugins", category, "approved", index, "name")
        case _:
            return {}
    plugin = draft.catalogue.find(category, name or "")
    properties = plugin.config.get("properties", {}) if plugin else {}
    return properties if isinstance(properties, Mapping) else {}


def _said(spec: Mapping[str, Any]) -> str:
    text = str(spec.get("description", ""))
    text += f" (default {spec['default']})" if "default" in spec else ""
    return f"{text}. Changing it moves data: a major version" if spec.get(BREAKING) is True else text


# --- hover, definition, outline ----------------------------------------------------------------


def _plugin_text(checked: Checked, path: KeyPath, *, on_key: bool) -> str | None:
    """What the catalogue knows of a category, a type or a setting; None elsewhere."""
    draft = _draft(checked)
    match path:
        case ("plugins", str(name)):
            category = checked.catalogue.categories.get(name)
            return f"{category.title}: {', '.join(category.types)}" if category else None
        case ("plugins", str(name), "type") if not on_key:
            plugin = checked.catalogue.find(name, draft.text(*path) or "")
            if plugin is None:
                return None
            adapter = f", dbt-{plugin.dbt.adapter} {plugin.dbt.requires}" if plugin.dbt else ""
            return f"{plugin.title}: {plugin.package} {', '.join(plugin.versions)}{adapter}"
        case ("plugins", _, "config", str(key)) | ("plugins", _, "approved", int(), "config", str(key)):
            spec = _config_properties(draft, path[:-1]).get(key)
            return _said(spec) if isinstance(spec, Mapping) else None
    return None


def _defined(checked: Checked, path: KeyPath) -> Target | None:
    """Where the layer, role or level that a value names is written in this file."""
    draft, document = _draft(checked), checked.document
    name, shape = draft.text(*path), shape_at(path)
    if name is None or shape is None or shape.of is None:
        return None
    levels = draft.get("governance", "classification", "levels")
    home: KeyPath = ()
    match shape.of.kind:
        case "layer":
            home = ("data_architecture", "layers", name)
        case "role":
            home = ("governance", "access_control", "roles", name)
        case "level" if isinstance(levels, list) and name in levels:
            home = ("governance", "classification", "levels", levels.index(name))
    if not home or document.find(home) is None:
        return None
    return Target(None, document.locate(home, key=isinstance(home[-1], str)))


def _symbols(node: Node, depth: int) -> Iterator[Symbol]:
    if depth == 0:
        return
    if node.kind is Kind.MAPPING:
        entries = [(name, node.keys[name], child) for name, child in node.children.items()]
    else:
        entries = [(_label(item, index), item, item) for index, item in enumerate(node.items)]
    for name, head, child in entries:
        if name in node.origins:
            continue
        end = max(head.end, child.end)
        detail = child.raw if child.kind is Kind.SCALAR else ""
        selection = head.span if head.line == head.end_line else Span(head.start, head.start)
        inner = tuple(_symbols(child, depth - 1)) if child.via is None else ()
        yield Symbol(name, detail[:80], Span(head.start, end), selection, inner)


def _label(item: Node, index: int) -> str:
    """What an item of a list is called: its name or ID, its text, or its place."""
    value = item.value
    if isinstance(value, dict):
        for key in ("name", "id", "role", "pattern", "type"):
            if isinstance(value.get(key), str):
                return str(value[key])
        return f"[{index}]"
    return str(value)[:40] if isinstance(value, str | int) else f"[{index}]"
