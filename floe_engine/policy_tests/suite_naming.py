"""What the artifact's naming rules and layer constraints mean, as cases."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.cases import Case, Expectation
from floe_engine.policy.example_models import (
    MISSPELT,
    SOURCE_ID,
    STEMS,
    example_model,
    name_in,
    placed,
    raw_orders,
    unused,
    well_named,
)
from floe_engine.policy.layering import Layering
from floe_engine.policy.rules.dependencies import SOURCE
from floe_engine.policy.words import words
from floe_engine.policy_tests.made_cases import case, compliance, unread_cases, violation
from floe_engine.project.facts import Model


def naming_cases(platform: Platform) -> Iterator[Case]:
    """Prefixes, spelling, and which layer may select from which."""
    if platform.naming.custom_patterns:
        yield from _custom(platform)
    else:
        for layer in platform.once(Layering).names:
            yield from _prefixes(platform, layer)
        if platform.naming.prefixes:
            yield from _no_layer(platform)
    yield from _unknown_layer(platform)
    for layer in platform.layers:
        yield from _dependencies(platform, layer)


def _prefixes(platform: Platform, layer: str) -> Iterator[Case]:
    prefixes = platform.naming.prefixes_of(layer)
    for prefix in prefixes:
        name = well_named(platform, layer, prefix)
        if name is None:
            continue
        yield case(
            f"{layer}: {prefix}… is taken",
            f"model {name}",
            [_named(platform, name)],
            Expectation("FLOE-E201", name, compliance(platform, "FLOE-E201")),
            Expectation("FLOE-E202", name, compliance(platform, "FLOE-E202")),
        )
    if not prefixes:
        return
    bare = next((s for s in STEMS if not any(s.startswith(prefix) for prefix in prefixes)), None)
    if bare is not None:
        yield case(
            f"{layer}: a name without its prefix is refused",
            f"model {bare}, placed in {layer} by meta",
            [_named(platform, bare, layer)],
            Expectation("FLOE-E201", bare, violation(platform, "FLOE-E201")),
        )
    pattern = platform.naming.name_pattern
    name = next(
        (prefixes[0] + word for word in MISSPELT if _misspelt(platform, layer, prefixes[0], word)), None
    )
    if name is not None:
        yield case(
            f"{layer}: a rest that does not match {pattern} is refused",
            f"model {name}",
            [_named(platform, name)],
            Expectation("FLOE-E202", name, violation(platform, "FLOE-E202")),
        )


def _named(platform: Platform, name: str, layer: str | None = None, **fields: Any) -> Model:
    """A resource of a kind whose names are judged, called so."""
    kind = next(iter(platform.naming.applies_to), "model")
    return example_model(platform, layer, name=name, resource_type=kind, **fields)


def _misspelt(platform: Platform, layer: str, prefix: str, word: str) -> bool:
    """Whether a name is placed by its prefix, and wrong after it."""
    placed_by = platform.once(Layering).prefix_of(prefix + word)
    longest = max((p for p in platform.naming.prefixes_of(layer) if (prefix + word).startswith(p)), key=len)
    rest = (prefix + word)[len(longest) :]
    return (
        placed_by is not None and placed_by[1] == layer and not fullmatch(platform.naming.name_pattern, rest)
    )


def _no_layer(platform: Platform) -> Iterator[Case]:
    layering = platform.once(Layering)
    for name in ("stg_payments", "int_payments", "tmp_payments", "payments"):
        model = _named(platform, name, path=f"{name}.sql", schema=None)
        if layering.place(model).layer is None:
            yield case(
                f"{name} belongs to no layer and is refused",
                f"model {name}",
                [model],
                Expectation("FLOE-E201", name, violation(platform, "FLOE-E201")),
            )
            return


def _custom(platform: Platform) -> Iterator[Case]:
    patterns = platform.naming.custom_patterns
    layering = platform.once(Layering)
    prefixed = [name_in(platform, layer) for layer in layering.names]
    made = [name for pattern in patterns for name in islice(words(pattern), 1)]
    for name in dict.fromkeys((*prefixed, *STEMS, *MISSPELT, *made)):
        taken = any(fullmatch(pattern, name) for pattern in patterns)
        result = compliance(platform, "FLOE-E203") if taken else violation(platform, "FLOE-E203")
        yield case(
            f"{name} is {'taken' if taken else 'refused'}",
            f"model {name}",
            [_named(platform, name)],
            Expectation("FLOE-E203", name, result),
        )


def _unknown_layer(platform: Platform) -> Iterator[Case]:
    layers = platform.once(Layering).names
    if not layers:
        return
    name, stranger = name_in(platform, layers[0]), unused("no_such_layer", layers)
    yield case(
        "a layer that meta declares must exist",
        f"model {name} with floe.layer: {stranger}",
        [_named(platform, name, meta=placed(stranger))],
        Expectation("FLOE-E204", name, violation(platform, "FLOE-E204")),
    )
    yield case(
        f"{layers[0]} may be declared in meta",
        f"model {name} with floe.layer: {layers[0]}",
        [_named(platform, name, meta=placed(layers[0]))],
        Expectation("FLOE-E204", name, compliance(platform, "FLOE-E204")),
    )


def _dependencies(platform: Platform, layer: str) -> Iterator[Case]:
    allowed = platform.layers[layer].may_depend_on
    if allowed is None:
        return
    name = name_in(platform, layer)
    for parent_layer in (SOURCE, *platform.layers):
        permitted = parent_layer in allowed
        result = compliance(platform, "FLOE-E205") if permitted else violation(platform, "FLOE-E205")
        title = f"{layer} {'may' if permitted else 'may not'} select from {parent_layer}"
        expected = Expectation("FLOE-E205", name, result)
        if parent_layer == SOURCE:
            child = example_model(platform, layer, name=name, parents=(SOURCE_ID,))
            yield case(title, f"{name} selects from raw.orders", [child], expected, sources=[raw_orders()])
            continue
        parent_name = f"{name_in(platform, parent_layer)}_above"
        # The parent has no parents of its own: only the child is on trial.
        parent = example_model(platform, parent_layer, name=parent_name, parents=())
        child = example_model(platform, layer, name=name, parents=(parent.unique_id,))
        yield case(title, f"{name} selects from {parent_name}", [parent, child], expected)
    yield from unread_cases(platform, layer, "FLOE-E206")
