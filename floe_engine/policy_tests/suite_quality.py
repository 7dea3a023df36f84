"""What the artifact's quality gates mean, as cases: a complete model, and one that lacks a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy import keys
from floe_engine.policy.cases import Case, Expectation, Result
from floe_engine.policy.example_models import PROJECT, example_model
from floe_engine.policy.keys import KEY_META
from floe_engine.policy.rules.required_tests import Freshness
from floe_engine.policy_tests.made_cases import case, compliance, violation
from floe_engine.project.facts import Column, DataTest, Model
from floe_engine.text import plural

RULE_OF_TEST = {
    "not_null_pk": "FLOE-E230",
    "unique_pk": "FLOE-E231",
    "freshness": "FLOE-E232",
    "documentation": "FLOE-E233",
    "relationships": "FLOE-E234",
    "contract": "FLOE-E235",
    "unit_test": "FLOE-E236",
}
"""Required test to the rule that asks for it; FLOE-E237 asks for any other."""


def quality_cases(platform: Platform) -> Iterator[Case]:
    """Required tests by layer and by level, coverage at its boundary, descriptions, registry."""
    for layer, constraint in platform.layers.items():
        for test in dict.fromkeys((*platform.gates.required_tests, *constraint.required_tests)):
            yield from _required(platform, layer, test)
    if not platform.layers:
        for test in platform.gates.required_tests:
            yield from _required(platform, None, test)
    for level, rule in platform.classification.rules.items():
        for test in rule.required_tests:
            yield from _required(platform, next(iter(platform.layers), None), test, level=level)
    yield from _coverage(platform)
    for level, rule in platform.classification.rules.items():
        if rule.minimum_test_coverage:
            yield from _level_coverage(platform, level, rule.minimum_test_coverage)
    yield from _counted(platform)


def _required(
    platform: Platform, layer: str | None, test: str, *, level: str | None = None
) -> Iterator[Case]:
    rule = RULE_OF_TEST.get(test, "FLOE-E237")
    where = f"{level} data" if level else layer or "every model"
    complete = example_model(platform, layer)
    if level is not None:
        complete = replace(complete, tags=frozenset({level}))
    lacking = _without(test)(complete)
    name = complete.name
    yield case(
        f"{where}: a model with {test} passes",
        f"model {name}, complete",
        [complete],
        Expectation(rule, name, compliance(platform, rule)),
    )
    yield case(
        f"{where}: a model without {test} is refused",
        f"model {name} without {test}",
        [lacking],
        Expectation(rule, name, violation(platform, rule)),
    )
    if test == "unique_pk":
        yield from _composite(platform, where, complete, rule)


def _composite(platform: Platform, where: str, complete: Model, rule: str) -> Iterator[Case]:
    """A key of two columns needs one test over both."""
    key = [complete.columns[0].name, "line_number"]
    columns = (*complete.columns, Column(key[1]))
    meta = {**complete.meta, KEY_META: key}
    over_both = DataTest(
        "dbt_utils.unique_combination_of_columns",
        arguments={"combination_of_columns": key},
    )
    others = tuple(test for test in complete.tests if test.name != "unique")
    wrong = structs.replace(over_both, arguments={"combination_of_columns": [key[0], "loaded_at"]})
    for test, result, word in (
        (over_both, compliance(platform, rule), "passes"),
        (wrong, violation(platform, rule), "over other columns is refused"),
    ):
        model = replace(complete, columns=columns, meta=meta, tests=(*others, test))
        yield case(
            f"{where}: a key of two columns with one test {'over both ' if word == 'passes' else ''}{word}",
            f"model {model.name} with the key {', '.join(key)}",
            [model],
            Expectation(rule, model.name, result),
        )


def _without(test: str) -> Callable[[Model], Model]:
    """How to take a required test away from a complete model."""

    def untested(names: frozenset[str]) -> Callable[[Model], Model]:
        return lambda model: replace(
            model, tests=tuple(entry for entry in model.tests if keys.bare(entry.name) not in names)
        )

    return {
        "not_null_pk": untested(keys.NOT_NULL),
        "unique_pk": untested(keys.UNIQUE),
        "freshness": lambda model: replace(untested(Freshness.TESTS)(model), parents=()),
        "documentation": lambda model: replace(model, description=" "),
        "relationships": untested(frozenset({"relationships"})),
        "contract": lambda model: replace(model, contract_enforced=False),
        "unit_test": lambda model: replace(model, unit_tests=0),
    }.get(test) or untested(frozenset({keys.bare(test)}))


def _coverage(platform: Platform) -> Iterator[Case]:
    """The minimum itself is enough, and one column, model or key less is not."""
    scope = platform.gates.coverage.scope
    rule = {"model": "FLOE-E210", "layer": "FLOE-E211", "project": "FLOE-E212"}[scope]
    layers: tuple[str | None, ...] = tuple(platform.layers)
    if scope == "project":
        layers = layers[:1]
    for layer in layers or (None,):
        if layer is None and scope == "layer":
            continue
        minimum = _minimum(platform, None if scope == "project" else layer)
        for tested in (minimum, minimum - 1):
            models = _tested(platform, layer, tested) if tested >= 0 else []
            if not models:
                continue
            enough = tested == minimum
            resource = {"model": models[0].name, "layer": layer or "", "project": PROJECT}[scope]
            yield case(
                f"{layer or 'every model'}: coverage of {tested}% {'is enough' if enough else 'is refused'}",
                f"{plural(len(models), 'model')} of {layer or 'no layer'}, {tested} of 100 tested",
                models,
                Expectation(rule, resource, (compliance if enough else violation)(platform, rule)),
            )


def _level_coverage(platform: Platform, level: str, minimum: int) -> Iterator[Case]:
    """A level's own minimum: met, and missed by one column, or by everything where others count."""
    rule, layer = "FLOE-E213", next(iter(platform.layers), None)
    tested = replace(example_model(platform, layer), tags=frozenset({level}))
    untested = replace(tested, tests=(), unit_tests=0, contract_enforced=False)
    words = ("tested model passes", "model that nothing tests is refused")
    if platform.gates.coverage.metric == "columns":
        tested, untested = (_columns_tested(tested, number) for number in (minimum, minimum - 1))
        words = (f"model with {minimum} of 100 passes", "model with one less is refused")
    for model, result, word in (
        (tested, compliance(platform, rule), words[0]),
        (untested, violation(platform, rule), words[1]),
    ):
        yield case(
            f"{level} data needs {minimum}% coverage: a {word}",
            f"model {model.name} is {level}",
            [model],
            Expectation(rule, model.name, result),
        )


def _minimum(platform: Platform, layer: str | None) -> int:
    """The least coverage that the artifact's files state for a layer."""
    constraint = platform.layers.get(layer) if layer is not None else None
    if constraint is not None and constraint.minimum_test_coverage is not None:
        return constraint.minimum_test_coverage
    least = platform.gates.minimum_test_coverage
    return platform.gates.layer_thresholds.get(layer, least) if layer is not None else least


def _tested(platform: Platform, layer: str | None, tested: int) -> list[Model]:
    """Models with `tested` per cent in the platform's metric; none where that cannot be.

    A single model is tested or not where models or keys are counted, so that only a minimum of
    more than nothing has a case on either side of it.
    """
    metric, scope = platform.gates.coverage.metric, platform.gates.coverage.scope
    if metric == "columns":
        return [_columns_tested(example_model(platform, layer), tested)]
    base = example_model(platform, layer)
    bare = replace(base, tests=(), unit_tests=0, contract_enforced=False)
    if scope == "model":
        least = _minimum(platform, layer)
        return [base] if tested == least else [bare] if least > 0 else []
    return [
        replace(
            base if number < tested else bare,
            name=f"{base.name}_{number}",
            unique_id=f"{base.unique_id}_{number}",
        )
        for number in range(100)
    ]


def _columns_tested(model: Model, tested: int) -> Model:
    """A model with 100 columns, of which so many are tested."""
    columns = tuple(Column(f"column_{number}") for number in range(100))
    return replace(
        model,
        columns=columns,
        tests=tuple(DataTest("not_null", column.name) for column in columns[:tested]),
    )


def _counted(platform: Platform) -> Iterator[Case]:
    """What a model without columns is, and whether a test that only warns counts."""
    coverage, layer, rule = platform.gates.coverage, next(iter(platform.layers), None), "FLOE-E210"
    minimum = _minimum(platform, layer)
    if coverage.metric != "columns" or coverage.scope != "model" or not minimum:
        return
    bare = example_model(platform, layer, columns=(), tests=())
    results: dict[str, tuple[Result, str]] = {
        "fail": (violation(platform, rule), "is refused"),
        "na": ("skip", "is not judged"),
        "pass": (compliance(platform, rule), "passes"),
    }
    result, word = results[coverage.zero_columns]
    yield case(
        f"a model without columns {word}",
        f"model {bare.name} without columns",
        [bare],
        Expectation(rule, bare.name, result),
    )
    if not coverage.count_warn_severity:
        whole = _columns_tested(example_model(platform, layer), 100)
        model = replace(
            whole,
            tests=tuple(DataTest("not_null", each.name, severity="warn") for each in whole.columns),
        )
        yield case(
            "tests that only warn do not count",
            f"model {model.name}, every column tested by a test of severity warn",
            [model],
            Expectation(rule, model.name, violation(platform, rule)),
        )
