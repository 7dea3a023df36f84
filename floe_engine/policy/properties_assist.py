"""Help while writing a dbt project's YAML: the platform's levels and layers, where a file may name them.

Pure functions of the text, a place in it and the platform that the project is pinned to. Said of
properties files and of dbt_project.yml alike; what dbt itself knows, such as its own keys, is left to
dbt's schemas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from floe_engine.artifact.part import written
from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Position
from floe_engine.document.document import Document
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.assist import Completion, Hover
from floe_engine.manifest.cursor import Cursor, cursor_at
from floe_engine.policy.layering import LAYER_META
from floe_engine.policy.levels import Levels


class PlatformWord(Struct, frozen=True):
    """A word of the platform that a file may say: `detail` in a few words, `about` as Markdown."""

    text: str
    detail: str
    about: str


def complete(document: Document, position: Position, platform: Platform) -> tuple[Completion, ...]:
    """The platform's words that could be typed at a place, best first; most often none."""
    cursor = cursor_at(document.lines, position)
    if cursor is None:
        return ()
    typed = cursor.typed.strip("\"'").casefold()
    matching = [word for word in _words(_place(cursor), platform) if typed in word.text.casefold()]
    matching.sort(key=lambda word: not word.text.casefold().startswith(typed))
    space = " " if cursor.glued else ""
    return tuple(
        Completion(word.text, f"{space}{word.text}", cursor.span, word.detail, word.about)
        for word in matching
    )


def hover(document: Document, position: Position, platform: Platform) -> Hover | None:
    """What a level or layer that the file names means to the platform."""
    path = document.path_at(position)
    node = document.find(path) if path else None
    if node is None or document.key_at(position) is not None or not isinstance(node.value, str):
        return None
    said = node.value.strip().casefold()
    found = next((word for word in _words(path, platform) if word.text.casefold() == said), None)
    return Hover(document.locate(path), found.about) if found else None


def _place(cursor: Cursor) -> KeyPath:
    """The path of what is typed: a value where its key and its colon stand."""
    return cursor.path if cursor.is_value or (cursor.path[-1:] and isinstance(cursor.path[-1], int)) else ()


def _words(path: KeyPath, platform: Platform) -> Iterator[PlatformWord]:
    """What may stand as the value at a path."""
    keys = [str(part).removeprefix("+") for part in path if not isinstance(part, int)]
    levels = Levels(platform.classification)
    if "meta" in keys:
        inside = ".".join(keys[len(keys) - keys[::-1].index("meta") :])
        if inside == LAYER_META:
            yield from _layers(platform)
        elif inside in levels.keys and not levels.flag(inside):
            yield from _levels(platform)
    elif keys[-1:] == ["tags"]:
        yield from _levels(platform)
        for layer, aliases in platform.naming.aliases.items():
            for tag in aliases.tags:
                yield PlatformWord(tag, f"layer {layer}", _about_layer(platform, layer))
    elif keys[-1:] == ["schema"]:
        for layer, aliases in platform.naming.aliases.items():
            for schema in aliases.schemas:
                yield PlatformWord(schema, f"layer {layer}", _about_layer(platform, layer))
    elif keys in (["models", "name"], ["snapshots", "name"], ["seeds", "name"]):
        naming = platform.naming
        for layer in platform.layers:
            for prefix in filter(None, (naming.prefixes.get(layer), *naming.more_prefixes.get(layer, ()))):
                yield PlatformWord(prefix, f"layer {layer}", _about_layer(platform, layer))


def _levels(platform: Platform) -> Iterator[PlatformWord]:
    policy = platform.classification
    for rank, level in enumerate(policy.levels, 1):
        standing = f"level {rank} of {len(policy.levels)}"
        if level == policy.default:
            standing += ", the default"
        rule = policy.rules.get(level)
        yield PlatformWord(level, standing, _page(level, standing, written(rule) if rule else {}))


def _layers(platform: Platform) -> Iterator[PlatformWord]:
    for layer in platform.layers:
        yield PlatformWord(layer, f"layer of {platform.name}", _about_layer(platform, layer))


def _about_layer(platform: Platform, layer: str) -> str:
    constraint = platform.layers.get(layer)
    return _page(layer, f"layer of {platform.name}", written(constraint) if constraint else {})


def _page(name: str, standing: str, rules: dict[str, Any]) -> str:
    """A word, where it stands, and what holds for what it is said of."""
    lines = [f"- {key}: {_spelled(value)}" for key, value in rules.items() if value not in (None, [], ())]
    return "\n\n".join(filter(None, (f"**{name}** — {standing}", "\n".join(lines))))


def _spelled(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
