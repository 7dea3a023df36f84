"""What the artifact's classification means, as cases: levels, look-alikes, and their way downstream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.expressions import compiled
from floe_engine.lineage import sql_trace
from floe_engine.policy.cases import Case, Expectation
from floe_engine.policy.example_models import (
    SOURCE_ID,
    example_model,
    labelled,
    raw_orders,
    unused,
    with_meta,
    without_meta,
)
from floe_engine.policy.levels import Levels
from floe_engine.policy.rules.classification import Looks
from floe_engine.policy.words import words
from floe_engine.policy_tests.made_cases import case, compliance, unread_cases, violation
from floe_engine.project.facts import Column, Model

_LOOK_ALIKES = (
    "email", "phone", "phone_number", "ssn", "dob", "birth_date", "first_name", "last_name",
    "home_address", "iban", "credit_card_number", "ip_address", "diagnosis", "mrn", "patient_id",
    "salary", "password", "vat_id",
)  # fmt: skip
"""Names tried against a platform's expressions; one that matches makes a case."""


def classification_cases(platform: Platform) -> Iterator[Case]:
    """Known and unknown levels, declarations, look-alikes, propagation, and what levels forbid."""
    layers = tuple(platform.layers) or (None,)
    yield from _levels(platform, layers[0])
    yield from _declared(platform, layers[0])
    yield from _look_alikes(platform, layers[0])
    mode = platform.classification.propagation.mode
    default = platform.rank(platform.classification.default)
    for level in platform.classification.levels:
        if platform.rank(level) > default and mode in ("name", "model"):
            yield from _propagation(platform, layers[0], layers[-1], level)
        if platform.rank(level) > default and mode == "column" and sql_trace.available():
            yield from _by_column(platform, layers[-1], level)
    if mode != "off":
        yield from unread_cases(platform, layers[-1], "FLOE-E254")
    for level, rule in platform.classification.rules.items():
        for layer in rule.forbidden_layers:
            yield from _forbidden(platform, level, layer)
        for key in rule.requires_meta:
            yield from _required_meta(platform, layers[0], level, key)


def _holding(platform: Platform, layer: str | None, level: str) -> Model:
    """A complete model whose key is of a level."""
    complete = example_model(platform, layer)
    return replace(complete, columns=(structs.replace(complete.columns[0], **labelled(platform, level)),))


def _levels(platform: Platform, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E241"
    for level in platform.classification.levels:
        model = _holding(platform, layer, level)
        yield case(
            f"{level} is a level",
            f"model {model.name}, column {model.columns[0].name} is {level}",
            [model],
            Expectation(rule, model.name, compliance(platform, rule)),
        )
    stranger = unused("no_such_level", platform.classification.levels)
    model = example_model(platform, layer)
    key = Levels(platform.classification).keys[0]
    column = structs.replace(model.columns[0], meta={key: stranger})
    yield case(
        "an unknown level is refused",
        f"model {model.name}, column {column.name} is {stranger}",
        [replace(model, columns=(column,))],
        Expectation(rule, f"{model.name}.{column.name}", violation(platform, rule)),
    )


def _declared(platform: Platform, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E240"
    model = example_model(platform, layer)
    yield case(
        "a model that declares no level "
        + (
            "is refused"
            if platform.classification.require_declared
            else f"counts as {platform.classification.default}"
        ),
        f"model {model.name} without a level",
        [model],
        Expectation(rule, model.name, violation(platform, rule)),
    )


def _look_alikes(platform: Platform, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E242"
    looks = Looks(platform.classification)
    for entry in platform.classification.name_patterns:
        regex = compiled(entry.pattern, ignore_case=True)
        known = (word for word in _LOOK_ALIKES if regex.search(word) is not None)
        made = (word for word in islice(words(entry.pattern), 8) if regex.search(word) is not None)
        # Words are made from an expression where none of the known ones is meant: that takes longest here.
        name = next((name for names in (known, made) for name in looks.among(names)), None)
        if name is None:
            continue
        silent = replace(example_model(platform, layer), columns=(Column(name),))
        says = replace(silent, columns=(Column(name, **labelled(platform, entry.level)),))
        yield case(
            f"a silent column {name} looks like {entry.level}",
            f"model {silent.name} with a column {name}",
            [silent],
            Expectation(rule, f"{silent.name}.{name}", violation(platform, rule)),
        )
        yield case(
            f"a declared column {name} passes",
            f"model {silent.name} with a column {name} that is {entry.level}",
            [says],
            Expectation(rule, silent.name, compliance(platform, rule)),
        )


def _propagation(platform: Platform, first: str | None, last: str | None, level: str) -> Iterator[Case]:
    """A column of a source, and what two models below it say of it."""
    by_model = platform.classification.propagation.mode == "model"
    rule = "FLOE-E250" if by_model else "FLOE-E251"
    declassify = platform.classification.propagation.declassify_meta
    source = raw_orders(columns=(Column("subject", **labelled(platform, level)),))
    middle = example_model(platform, first, columns=(), parents=(SOURCE_ID,))
    middle = replace(middle, name=f"{middle.name}_between", unique_id=f"{middle.unique_id}_between")

    def below(parent: str, label: dict[str, Any]) -> Model:
        model = example_model(platform, last, parents=(parent,))
        if by_model:
            meta = {**model.meta, **label.get("meta", {})}
            return replace(model, columns=(Column("subject"),), **{**label, "meta": meta})
        return replace(model, columns=(Column("subject", **label),))

    lower = platform.classification.levels[platform.rank(level) - 1]
    passes, fails = compliance(platform, rule), violation(platform, rule)
    for word, label, result in (
        ("says nothing", {}, fails),
        (f"says {lower}", labelled(platform, lower), fails),
        (f"says {level}", labelled(platform, level), passes),
        ("says that it is declassified", {"meta": {declassify: True}}, passes),
    ):
        model = below(SOURCE_ID, label)
        verb = "is taken" if result == "pass" else "is noticed"
        yield case(
            f"{level} reaches a model that {word}, which {verb}",
            f"raw.orders.subject is {level}; {model.name} selects it and {word}",
            [model],
            Expectation(rule, model.name, result),
            sources=[source],
        )
    model = below(middle.unique_id, {})
    expected = [Expectation(rule, model.name, fails)]
    # By model, the one between is noticed itself; by name, it declares no column to speak of.
    expected.append(Expectation(rule, middle.name, fails if by_model else passes))
    yield case(
        f"{level} reaches through a model that declares no columns",
        f"raw.orders.subject is {level}; {middle.name} says nothing; {model.name} selects from it",
        [middle, model],
        *expected,
        sources=[source],
    )


def _by_column(platform: Platform, layer: str | None, level: str) -> Iterator[Case]:
    """A column of a source under another name, plain, hashed, declared, and behind unknown Jinja."""
    rule, label = "FLOE-E252", labelled(platform, level)
    source = raw_orders(columns=(Column("subject", **label),))
    functions = [
        name for name in platform.classification.propagation.declassify_functions if name.isidentifier()
    ]
    passes, fails = compliance(platform, rule), violation(platform, rule)
    said = [
        ("renamed", "subject", {}, fails),
        ("changed", "upper(subject)", {}, fails),
        ("declared", "subject", label, passes),
        *((f"inside {name}", f"{name}(subject)", {}, passes) for name in functions[:1]),
    ]
    for word, expression, said_of_it, result in said:
        model = example_model(
            platform,
            layer,
            columns=(Column("renamed", **said_of_it),),
            code=_select(expression),
        )
        yield case(
            f"{level} {word} is {'taken' if result == 'pass' else 'noticed'}",
            f"raw.orders.subject is {level}; {model.name} selects {expression} as renamed",
            [model],
            Expectation(rule, model.name, result),
            sources=[source],
        )
    for word, expression, result in (
        ("may not pass unseen", "{{ a_macro('subject') }}", violation(platform, "FLOE-E253")),
        ("is not behind plain SQL", "subject", compliance(platform, "FLOE-E253")),
    ):
        model = example_model(
            platform,
            layer,
            columns=(Column("renamed", **label),),
            code=_select(expression),
        )
        yield case(
            f"what only dbt can read {word} ({level})",
            f"{model.name} selects {expression} as renamed",
            [model],
            Expectation("FLOE-E253", model.name, result),
            sources=[source],
        )


def _select(expression: str) -> str:
    """A model's SQL; it is parsed, never run."""
    return f"select {expression} as renamed from {{{{ source('raw', 'orders') }}}}"  # noqa: S608 - never run


def _forbidden(platform: Platform, level: str, layer: str) -> Iterator[Case]:
    rule = "FLOE-E243"
    model = _holding(platform, layer, level)
    yield case(
        f"{level} is refused in {layer}",
        f"model {model.name} holds {level}",
        [model],
        Expectation(rule, model.name, violation(platform, rule)),
    )
    other = next(
        (
            name
            for name in platform.layers
            if name not in platform.classification.rules[level].forbidden_layers
        ),
        None,
    )
    if other is not None:
        model = _holding(platform, other, level)
        yield case(
            f"{level} is taken in {other}",
            f"model {model.name} holds {level}",
            [model],
            Expectation(rule, model.name, compliance(platform, rule)),
        )


def _required_meta(platform: Platform, layer: str | None, level: str, key: str) -> Iterator[Case]:
    rule = "FLOE-E244"
    others = {name: "given" for name in platform.classification.rules[level].requires_meta if name != key}
    model = without_meta(with_meta(_holding(platform, layer, level), others), key)
    yield case(
        f"{level} without meta {key} is refused",
        f"model {model.name} holds {level}",
        [model],
        Expectation(rule, model.name, violation(platform, rule)),
    )
    yield case(
        f"{level} with meta {key} passes",
        f"model {model.name} holds {level} and has {key}",
        [with_meta(model, {key: "given"})],
        Expectation(rule, model.name, compliance(platform, rule)),
    )
