"""Enough of what is declared is tested: columns, models or keys; per model, layer or project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from floe_engine.artifact.paths import LAYER_CONSTRAINTS, QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import COUNTING, PLACEMENT, Place
from floe_engine.policy.rule import Examined, Example, LevelDemand, ModelRule, Rule, of_model
from floe_engine.policy.view import Share, View
from floe_engine.project.facts import Column, DataTest, Model
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_UNIT = {"columns": "tested columns", "models": "tested models", "primary_keys": "tested primary keys"}


_SCOPE: tuple[Place, ...] = ((QUALITY_GATES, "coverage", "scope"), (QUALITY_GATES, "minimum_test_coverage"))
_MINIMA: tuple[Place, ...] = (
    *_SCOPE,
    (QUALITY_GATES, "layerThresholds"),
    (LAYER_CONSTRAINTS, "*", "minimum_test_coverage"),
)


class ModelCoverage(ModelRule):
    """A model's test coverage reaches the platform's minimum.

    With the metric ``columns`` that is the share of its declared columns that some test looks at;
    a model that declares none is not judged, unless ``zero_column_behavior`` says otherwise. The
    layer's minimum wins over the platform's.
    """

    id = "FLOE-E210"
    setting = "governance.quality_gates.minimum_test_coverage"
    reads = (*PLACEMENT, *COUNTING, *_MINIMA)

    def active(self, platform: Platform) -> bool:
        """With the scope ``model`` and a minimum to reach."""
        return platform.gates.coverage.scope == "model" and has_minimum(platform)

    def applies(self, model: Model, view: View) -> bool:
        """Where there is something to count."""
        return view.counts(model)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        wanted = view.platform.minimum_coverage(view.layer(model))
        return _too_low(self, model, view.share(model), wanted, view)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """The minimum of every layer and one per cent less, a model without columns, tests that only warn."""
        for layer in make.layers:
            yield from _at_the_minimum(make, layer, None, make.platform.minimum_coverage(layer))
        coverage = make.platform.gates.coverage
        if coverage.metric != "columns" or not make.platform.minimum_coverage(make.layers[0]):
            return
        bare = make.model(columns=(), tests=())
        passes, word = _BARE[coverage.zero_columns]
        yield of_model(f"a model without columns {word}", f"model {bare.name} without columns", bare, passes)
        if not coverage.count_warn_severity:
            whole = _columns_tested(make.model(), 100)
            tests = tuple(structs.replace(test, severity="warn") for test in whole.tests)
            yield of_model(
                "tests that only warn do not count",
                f"model {whole.name}, every column tested by a test of severity warn",
                structs.replace(whole, tests=tests),
                False,
            )


class LayerCoverage(Rule):
    """The test coverage of each layer reaches its minimum.

    The models of a layer are counted together, so that a well tested one makes up for another.
    """

    id = "FLOE-E211"
    setting = "governance.quality_gates.coverage_scope"
    reads = (*PLACEMENT, *COUNTING, *_MINIMA)

    def active(self, platform: Platform) -> bool:
        """With the scope ``layer`` and a minimum to reach."""
        return platform.gates.coverage.scope == "layer" and has_minimum(platform)

    def examine(self, view: View) -> Iterator[Examined]:
        """Sum up each layer. Not asked of a selection, whose sums would mislead."""
        if view.narrowed:
            return
        for layer, share in by_layer(view).items():
            if layer is not None and share:
                wanted = view.platform.minimum_coverage(layer)
                yield layer, tuple(_too_low(self, layer, share, wanted, view, layer=layer))

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """The minimum of every layer, and one per cent less."""
        for layer in make.platform.layers:
            yield from _at_the_minimum(make, layer, layer, make.platform.minimum_coverage(layer))


class ProjectCoverage(Rule):
    """The test coverage of the project reaches the platform's minimum.

    All models are counted together.
    """

    id = "FLOE-E212"
    setting = "governance.quality_gates.coverage_scope"
    reads = (*COUNTING, *_SCOPE)

    def active(self, platform: Platform) -> bool:
        """With the scope ``project`` and a minimum to reach."""
        return platform.gates.coverage.scope == "project" and platform.gates.minimum_test_coverage > 0

    def examine(self, view: View) -> Iterator[Examined]:
        """Sum up the project. Not asked of a selection, whose sum would mislead."""
        share = total(view)
        if not view.narrowed and share:
            wanted = view.platform.minimum_coverage(None)
            yield view.project.name, tuple(_too_low(self, view.project.name, share, wanted, view))

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        least = make.platform.gates.minimum_test_coverage
        yield from _at_the_minimum(make, make.layers[0], make.project, least)


class LevelCoverage(LevelDemand):
    """A sensitive model's test coverage reaches the minimum of its level.

    The level is the most sensitive one of the model and its columns.
    """

    id = "FLOE-E213"
    demand = "minimum_test_coverage"
    reads_besides = COUNTING

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's level has a minimum and there is something to count."""
        return super().applies(model, view) and view.counts(model)

    def compare(self, model: Model, level: str, demanded: int, view: View) -> Iterator[Finding]:
        return _too_low(self, model, view.share(model), demanded, view, level=level)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Each level's minimum met, and missed by one column, or by everything where others count."""
        for level, rule in make.platform.classification.rules.items():
            minimum = rule.minimum_test_coverage
            if not minimum:
                continue
            tested = make.model(tags=frozenset({level}))
            untested = _untested(tested)
            words = ("tested model passes", "model that nothing tests is refused")
            if make.platform.gates.coverage.metric == "columns":
                tested, untested = (_columns_tested(tested, number) for number in (minimum, minimum - 1))
                words = (f"model with {minimum} of 100 passes", "model with one less is refused")
            for model, word in zip((tested, untested), words, strict=True):
                title = f"{level} data needs {minimum}% coverage: a {word}"
                yield of_model(title, f"model {model.name} is {level}", model, model is tested)


def has_minimum(platform: Platform) -> bool:
    """Whether any layer, or a model without one, has to reach more than nothing."""
    gates = platform.gates
    minima = [gates.minimum_test_coverage, *gates.layer_thresholds.values()]
    return any(minima) or any(layer.minimum_test_coverage for layer in platform.layers.values())


def total(view: View) -> Share:
    """The coverage of all models that are judged."""
    return sum((view.share(model) for model in view.models), Share())


def by_layer(view: View) -> dict[str | None, Share]:
    """The coverage of each layer, in the architecture's order; None: models without one."""
    names: tuple[str | None, ...] = (*view.layering.names, None)
    shares: dict[str | None, Share] = dict.fromkeys(names, Share())
    for model in view.models:
        layer = view.layer(model)
        shares[layer] = shares.get(layer, Share()) + view.share(model)
    return shares


_BARE: dict[str, tuple[bool | None, str]] = {
    "fail": (False, "is refused"),
    "na": (None, "is not judged"),
    "pass": (True, "passes"),
}
"""``zero_column_behavior`` → what a model without columns is."""


def _too_low(
    rule: Rule,
    subject: Model | str,
    share: Share,
    wanted: int,
    view: View,
    *,
    layer: str | None = None,
    level: str = "",
) -> Iterator[Finding]:
    """That a model, a `layer` or the project does not reach a minimum, its own or that of a `level`."""
    if share.reaches(wanted):
        return
    told = _told(share, view)
    name = subject.label if isinstance(subject, Model) else f"layer {layer}" if layer else subject
    yield rule.finding(
        subject,
        f"{name} is {level} and {told}; the level's minimum is {wanted}%"
        if level
        else f"{name} {told}, and the minimum is {wanted}%",
        expected=f"≥ {wanted}%",
        actual=str(share),
        measure=share.percent,
        suggestion=_what_to_test(subject, view, wanted)
        if isinstance(subject, Model)
        else _least_tested(view, layer, wanted),
    )


def _at_the_minimum(
    make: ExampleNodes, layer: str | None, subject: str | None, minimum: int
) -> Iterator[Example]:
    """The minimum itself is enough, and one column, model or key less is not.

    `subject` is the layer or the project; None: each model by itself.
    """
    for tested in (minimum, minimum - 1):
        models = _tested(make, layer, tested, alone=subject is None) if tested >= 0 else ()
        if models:
            enough = tested == minimum
            word = "is enough" if enough else "is refused"
            yield Example(
                f"{layer or 'every model'}: coverage of {tested}% {word}",
                f"{plural(len(models), 'model')} of {layer or 'no layer'}, {tested} of 100 tested",
                subject or models[0].name,
                models,
                enough,
            )


def _tested(make: ExampleNodes, layer: str | None, tested: int, *, alone: bool) -> tuple[Model, ...]:
    """Models with `tested` per cent in the platform's metric; none where that cannot be.

    A model `alone` is tested or not where models or keys are counted, so that only a minimum of more than
    nothing has an example on either side of it.
    """
    base = make.model_of(layer)
    if make.platform.gates.coverage.metric == "columns":
        return (_columns_tested(base, tested),)
    bare = _untested(base)
    if alone:
        least = make.platform.minimum_coverage(layer)
        return (base,) if tested == least else (bare,) if least > 0 else ()
    return tuple(
        structs.replace(
            base if number < tested else bare,
            name=f"{base.name}_{number}",
            unique_id=f"{base.unique_id}_{number}",
        )
        for number in range(100)
    )


def _untested(model: Model) -> Model:
    return structs.replace(model, tests=(), unit_tests=0, contract_enforced=False)


def _columns_tested(model: Model, tested: int) -> Model:
    """A model with 100 columns, of which so many are tested."""
    columns = tuple(Column(f"column_{number}") for number in range(100))
    tests = tuple(DataTest("not_null", column.name) for column in columns[:tested])
    return structs.replace(model, columns=columns, tests=tests)


def _told(share: Share, view: View) -> str:
    """What a model, a layer or the project has, as the end of a sentence."""
    if share == Share(bare=1):
        return "declares no column"
    unit = _UNIT[view.platform.gates.coverage.metric]
    return f"has {share}" if share.bare else f"has {share} {unit}"


def _what_to_test(model: Model, view: View, wanted: int) -> str:
    """As many untested columns as it takes, the first five by name."""
    match view.platform.gates.coverage.metric:
        case "models":
            return "add a test to the model"
        case "primary_keys":
            return "add unique and not_null tests to its key"
    tested = view.tested_columns(model)
    untested = [column.name for column in model.columns if not tested or column.folded not in tested]
    needed = -(-wanted * len(model.columns) // 100) - (len(model.columns) - len(untested))
    named = untested[: min(needed, 5)]
    more = f" and {needed - len(named)} more" if needed > len(named) else ""
    return f"add tests to {', '.join(named)}{more}"


def _least_tested(view: View, layer: str | None, wanted: int) -> str:
    """How much is lacking, and where most of it is; nothing where too few models have columns to test."""
    models = [model for model in view.models if layer is None or view.layer(model) == layer]
    share = sum(map(view.share, models), Share())
    keys = view.platform.gates.coverage.metric == "primary_keys"
    able = [model for model in models if model.columns or not keys]
    gaps = [(view.share(model).total - view.share(model).tested, model.label) for model in able]
    gaps = sorted((gap for gap in gaps if gap[0]), key=lambda gap: (-gap[0], gap[1]))
    needed = -(-wanted * share.total // 100) - share.tested
    if share.bare or needed <= 0 or needed > sum(gap for gap, _ in gaps):
        return ""
    if view.platform.gates.coverage.metric == "columns":
        of = ", ".join(f"{name} ({gap})" for gap, name in gaps[:3])
        return f"test {plural(needed, 'more column')}, such as those of {of}"
    named = ", ".join(name for _, name in gaps[: min(needed, 3)])
    more = f" and {needed - 3} more" if needed > 3 else ""
    return f"add {'unique and not_null tests to the keys' if keys else 'a test to each'} of {named}{more}"
