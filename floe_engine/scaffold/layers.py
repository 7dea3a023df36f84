"""The layers that a dbt project has already: by the prefixes of its names, else by its folders."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from floe_engine.manifest.effective import PATTERN_LAYERS
from floe_engine.manifest.terms import NAME, SOURCE, Pattern
from floe_engine.project.facts import Model, Project

_SPELLINGS = {
    "staging": ("stg", "stage"),
    "intermediate": ("int", "intermediate"),
    "dimension": ("dim",),
    "fact": ("fct", "fact"),
    "aggregate": ("agg",),
    "mart": ("mart", "mrt"),
    "hub": ("hub",),
    "link": ("lnk", "link"),
    "satellite": ("sat",),
    "report": ("rpt",),
    "wide": ("obt",),
    **{name: (name,) for name in ("raw", "base", "bronze", "silver", "gold")},
}
USUAL: Mapping[str, str] = MappingProxyType(
    {word: layer for layer, spellings in _SPELLINGS.items() for word in spellings}
)
"""First words of model names that say a layer all over the field, and the layer."""

_NAME = re.compile(NAME)


class LearntLayer(Struct, frozen=True):
    """A layer that was found; without prefixes it is a folder."""

    name: str
    prefixes: tuple[str, ...]
    paths: tuple[str, ...]
    models: tuple[str, ...]
    """unique_ids, of which at least one."""
    may_depend_on: tuple[str, ...] = ()


def find_layers(project: Project) -> tuple[LearntLayer, ...]:
    """The layers of a project, in the direction of its data. Every model is in one of them."""
    models = [node for node in project.models if node.resource_type == "model"]
    by_prefix: dict[str, set[str]] = defaultdict(set)
    members: dict[str, list[Model]] = defaultdict(list)
    common = Counter(_first_word(model) for model in models)
    homes = {model.unique_id: _folder(model) for model in models}
    known = {word: name for word, name in USUAL.items() if common[word]}
    # A word of the house's own counts where a folder of three models or more agrees on it.
    for folder in set(homes.values()):
        words = Counter(_first_word(model) for model in models if homes[model.unique_id] == folder)
        word, count = words.most_common(1)[0]
        if word and count >= 3 and count == sum(words.values()) and word not in known:
            known[word] = _layer_name(folder, word)
    for model in models:
        word = _first_word(model)
        if word in known:
            by_prefix[known[word]].add(f"{word}_")
            members[known[word]].append(model)
        else:
            members[_layer_name(homes[model.unique_id], "models")].append(model)
    layers = [
        LearntLayer(
            name,
            prefixes=tuple(sorted(by_prefix[name])),
            paths=_paths(inside, models),
            models=tuple(model.unique_id for model in inside),
        )
        for name, inside in members.items()
    ]
    return _in_order(layers, project)


def architecture(layers: Sequence[LearntLayer]) -> dict[str, Any]:
    """`data_architecture` as manifest.yaml says it: the field's pattern where the layers are its own."""
    written: dict[str, Any] = {}
    for layer in layers:
        entry: dict[str, Any] = {}
        if len(layer.prefixes) == 1:
            entry["prefix"] = layer.prefixes[0]
        elif layer.prefixes:
            entry["prefixes"] = list(layer.prefixes)
        entry.update({"paths": list(layer.paths)} if layer.paths else {})
        entry["required_tests"] = []
        entry["may_depend_on"] = list(layer.may_depend_on)
        written[layer.name] = entry
    pattern = _pattern(layers)
    naming: dict[str, Any] = {"enforcement": "off"}
    if pattern == "custom":
        prefixes = [prefix for layer in layers for prefix in layer.prefixes]
        start = f"({'|'.join(prefixes)})" if all(layer.prefixes for layer in layers) else ""
        naming["custom_patterns"] = [f"{start}[a-z0-9_]+"]
    return {"pattern": pattern, "naming": naming, "layers": written}


def _pattern(layers: Sequence[LearntLayer]) -> Pattern:
    """The pattern whose layers and prefixes these are; `custom` where they are of no pattern."""
    for pattern, own in PATTERN_LAYERS.items():
        prefixes = {layer.name: layer.prefixes for layer in own}
        if own and all(prefixes.get(layer.name) == layer.prefixes for layer in layers):
            return pattern
    return "custom"


def _first_word(model: Model) -> str:
    word, underscore, _ = model.name.partition("_")
    return word.lower() if underscore else ""


def _folder(model: Model) -> str:
    """The folder below the project's models that a model lies in: ``models/marts``."""
    parts = model.path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0] if len(parts) > 1 else ""


def _layer_name(folder: str, otherwise: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", folder.rpartition("/")[2].lower()).strip("_")
    return name if _NAME.fullmatch(name) and name != SOURCE else otherwise


def _paths(inside: Iterable[Model], models: Iterable[Model]) -> tuple[str, ...]:
    """The folders that only models of this layer lie in, the outermost of them alone."""
    own = {model.unique_id for model in inside}
    ours: set[str] = set()
    others: set[str] = set()
    for model in models:
        parts = model.path.split("/")[:-1]
        folders = {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        (ours if model.unique_id in own else others).update(folders)
    only = ours - others
    return tuple(sorted(folder for folder in only if folder.rpartition("/")[0] not in only))[:20]


def _in_order(layers: Sequence[LearntLayer], project: Project) -> tuple[LearntLayer, ...]:
    """Sorted by how far their models are from the sources, each with what it selects from."""
    layer_of = {unique_id: layer.name for layer in layers for unique_id in layer.models}
    layer_of |= {source.unique_id: SOURCE for source in project.sources}
    depths: dict[str, int] = {}

    def depth(unique_id: str, on_the_way: frozenset[str]) -> int:
        if unique_id not in depths:
            node = project.by_id.get(unique_id)
            parents = node.parents if isinstance(node, Model) and unique_id not in on_the_way else ()
            depths[unique_id] = 1 + max(
                (depth(each, on_the_way | {unique_id}) for each in parents), default=0
            )
        return depths[unique_id]

    def mean(layer: LearntLayer) -> float:
        return sum(depth(each, frozenset()) for each in layer.models) / len(layer.models)

    found = []
    ordered = sorted(layers, key=lambda layer: (mean(layer), layer.name))
    names = [SOURCE, *(layer.name for layer in ordered)]
    for layer in ordered:
        selected = {
            layer_of[parent]
            for unique_id in layer.models
            if isinstance(node := project.by_id[unique_id], Model)
            for parent in node.parents
            if parent in layer_of
        }
        depends = tuple(sorted(selected, key=names.index))
        found.append(LearntLayer(layer.name, layer.prefixes, layer.paths, layer.models, depends))
    return tuple(found)
