"""What to do about names and layers: the part of `advice` that puts models in their place."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.manifest.terms import SOURCE
from floe_engine.policy import consequences
from floe_engine.policy.finding import Finding
from floe_engine.policy.layering import LAYER_META, Layering
from floe_engine.policy.rules.required_tests import required_anywhere
from floe_engine.policy.trial import holds
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model
from floe_engine.text import as_words, did_you_mean


def prefixed(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name with the prefix of its layer, or of the likeliest one that asks least of it."""
    placement, prefixes = view.placements[model.unique_id], view.platform.naming.prefixes_of
    layers = [placement.layer] if placement.layer else _likely_layers(model, view)
    lacks = [
        (layer, lacking)
        for layer in layers
        if (lacking := consequences.placed(model, layer, view)) is not None
    ]
    for layer, lacking in sorted(lacks, key=lambda each: len(each[1])):
        for prefix in prefixes(layer)[:1]:
            stem = stem_of(model.name, placement.prefix)
            names = (f"{prefix}{spelt(rest)}" for rest in (stem, model.name) for spelt in (str, as_words))
            name = _new_name(model, layer, names, view)
            if name:
                how = "" if model.columns else consequences.declared(model, (), view, layer=layer) or ""
                all_of_it = f"{', '.join(lacking)}{consequences.of_its_columns(how)}"
                more = f", and give it what {layer} requires: {all_of_it}" if lacking else ""
                return f"rename it to {name}{more}"
    return ""


def respelled(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name whose rest has the platform's spelling."""
    layer = view.layer(model) or ""
    after = view.platform.naming.after_prefix(model.name, layer)
    rest = model.name if after is None else after
    prefix = model.name.removesuffix(rest)
    name = _new_name(model, layer, (f"{prefix}{each}" for each in (as_words(rest), rest.lower())), view)
    return f"rename it to {name}" if name else ""


def of_a_pattern(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name that one of the platform's expressions takes."""
    name = _new_name(model, view.layer(model), (as_words(model.name), model.name.lower()), view)
    return f"rename it to {name}" if name else ""


def _new_name(model: Model, layer: str | None, names: Iterable[str], view: View) -> str:
    """The first of `names` that is right in a layer, leads to it, and asks nothing more; else empty."""
    naming = view.platform.naming
    for name in names:
        if view.layering.place(replace(model, name=name)).layer != layer:
            continue
        if naming.custom_patterns:
            fits = any(fullmatch(pattern, name) for pattern in naming.custom_patterns)
        else:
            rest = naming.after_prefix(name, layer or "")
            fits = rest != "" and fullmatch(naming.name_pattern, name if rest is None else rest)
        if fits and consequences.lies_well(model, layer, view) and consequences.named(model, name, view):
            return name
    return ""


def _likely_layers(model: Model, view: View) -> list[str]:
    """Layers with prefixes, first the one that a model's place in the lineage suggests.

    The first where it selects from no other model, the last where no model selects from it, else
    the middle one.
    """
    layers = view.platform.once(_with_prefixes)
    if not any(parent.startswith("model.") for parent in model.parents):
        return layers
    children = view.project.children.get(model.unique_id, ())
    likely = layers[len(layers) // 2 if any(child.startswith("model.") for child in children) else -1]
    return [likely, *(layer for layer in layers if layer != likely)]


def _with_prefixes(platform: Platform) -> list[str]:
    names = platform.once(Layering).names
    return [layer for layer in names if platform.naming.prefixes_of(layer)]


def stem_of(name: str, prefix: str = "") -> str:
    """A name without the prefix of a layer it is not in, or a conventional one of another school."""
    if prefix and name.casefold().startswith(prefix.casefold()):
        return name[len(prefix) :]
    head, separator, rest = name.partition("_")
    return rest if separator and rest and head.casefold() in _CONVENTIONAL else name


_CONVENTIONAL = frozenset({"stg", "staging", "base", "int", "fct", "fact", "dim", "mart", "rpt", "raw"})
"""Prefixes that other conventions use; a suggested new name drops them."""


def declared_layer(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """The layer that was meant, or the one that the model is in without it."""
    near, layer = did_you_mean(finding.actual, view.layering.names), view.layer(model)

    def may_be(said: str | None) -> bool:
        return holds(view, model, lambda: consequences.saying(model, None, LAYER_META, said))

    if near and consequences.placed(model, near, view) == () and may_be(near):
        return f"write {LAYER_META}: {near}"
    if layer is not None:
        return f"write {LAYER_META}: {layer}" if may_be(layer) else ""
    asked = any((rule.field or "").startswith("floe") for rule in view.platform.gates.custom_rules)
    return "" if asked or not may_be(None) else f"remove {LAYER_META}"


def _steps(view: View, layer: str, kind: str) -> tuple[str, ...]:
    """The layers from `kind` to a layer, each allowed to select from the last; none where none lead."""
    ways: list[tuple[str, ...]] = [(layer,)]
    seen = {layer}
    for way in ways:  # grows while it is walked: the shortest way is found first
        constraint = view.platform.layers.get(way[-1])
        if constraint is None:
            continue
        allowed = constraint.may_depend_on
        if (allowed is None or kind in allowed) and len(way) > 1:
            return way[:0:-1]
        for name in allowed if allowed is not None else view.platform.layers:
            if name not in seen and name in view.once(consequences.open_layers):
                seen.add(name)
                ways.append((*way, name))
    return ()


def between(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Models that lead from the parent's layer to this one."""
    kind = finding.actual.rpartition("(")[2].removesuffix(")")
    steps = _steps(view, view.layer(model) or "", kind)
    return f"put {_models_of(steps)} between them" if steps else ""


def _models_of(layers: tuple[str, ...]) -> str:
    return f"a model of layer{'s' if len(layers) > 1 else ''} {' and '.join(layers)}"


def gathered(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A model between, of a layer that may select from enough parents, and this one from it."""
    most = view.platform.gates.max_parents or 0
    parents = [
        view.project.by_id[each] for each in dict.fromkeys(model.parents) if each in view.project.by_id
    ]
    wanted = len(set(model.parents)) - most + 1
    constraint = view.constraint(model)
    allowed = constraint.may_depend_on if constraint is not None else None
    for layer in view.once(consequences.open_layers) if wanted <= most else ():
        limits = view.platform.layers[layer].may_depend_on
        fit = [
            parent.label
            for parent in parents
            if limits is None or all(kind in limits for kind in consequences.kinds((parent.unique_id,), view))
        ]
        if (allowed is None or layer in allowed) and len(fit) >= wanted:
            named = ", ".join(fit[:wanted])
            return f"put a model of layer {layer} between it and {named} that joins what belongs together"
    return ""


def as_source(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """A source in the place of a table, read by the model itself where its layer may."""
    most, limits = view.platform.gates.max_parents, view.constraint(model)
    if (most is not None and len(set(model.parents)) >= most) or not consequences.new_source(view):
        return ""
    fresh = " with freshness" if "freshness" in required_anywhere(view.platform) else ""
    source = f"declare {finding.parameter} as a source{fresh}"
    allowed = limits.may_depend_on if limits is not None else None
    if allowed is None or SOURCE in allowed:
        return f"{source}, and select from {{{{ source(…) }}}}"
    steps = _steps(view, view.layer(model) or "", SOURCE)
    return f"{source}, and select from it through {_models_of(steps)}" if steps else ""
