"""Tests that say less than their name: some can never fail, and some let much pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from floe_engine.artifact.paths import CLASSIFICATION, LAYER_CONSTRAINTS, QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import Place
from floe_engine.policy.rule import Examined, Example, ModelRule, Rule, of_model, place
from floe_engine.policy.rules.required_tests import required_anywhere
from floe_engine.policy.view import View
from floe_engine.project.facts import DataTest, Model
from floe_engine.project.project_file import FILE_NAME
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_ASKED: tuple[Place, ...] = (
    (QUALITY_GATES, "required_tests"),
    (LAYER_CONSTRAINTS, "*", "required_tests"),
    (CLASSIFICATION, "rules", "*", "required_tests"),
    (QUALITY_GATES, "minimum_test_coverage"),
)
_NAMED = 3


def _counts_tests(platform: Platform) -> bool:
    required = required_anywhere(platform)
    return platform.gates.minimum_test_coverage > 0 or bool(required)


class IdleTest(ModelRule):
    """No test is one that can never fail.

    A test of ``where: 1 = 0``, of ``limit: 0``, or whose ``error_if`` no count of rows satisfies, finds
    nothing whatever the data is. It counts neither as a required test nor for coverage.
    """

    id = "FLOE-E238"
    setting = "governance.quality_gates.required_tests"
    reads = _ASKED

    def active(self, platform: Platform) -> bool:
        return _counts_tests(platform)

    def applies(self, model: Model, view: View) -> bool:
        """Where the model has tests at all."""
        return bool(model.tests or model.idle_tests)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        for test in model.idle_tests:
            yield self.finding(
                model,
                f"{_named(test)} of {model.label} can never fail",
                expected="a test that some data fails",
                actual=test.idle,
                suggestion=f"take {test.idle.partition(':')[0]} away, or the test",
                parameter=_named(test),
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Tests of a key, and the same that look at no row."""
        whole = make.model()
        idle = tuple(structs.replace(test, idle="where: 1 = 0 is true of no row") for test in whole.tests)
        for model, word in (
            (whole, "is taken"),
            (structs.replace(whole, tests=(), idle_tests=idle), "is refused"),
        ):
            yield of_model(
                f"a model whose tests {'can fail' if model is whole else 'can never fail'} {word}",
                f"model {model.name}" + ("" if model is whole else ", its tests under where: 1 = 0"),
                model,
                model is whole,
            )


class WeakTest(Rule):
    """What tests let pass is known.

    A test that only warns, that looks at some rows (``where``), or that lets a number of failing rows
    pass (``error_if``) counts like any other; this says how many there are of each kind. It never
    stops a build.
    """

    id = "FLOE-E239"
    setting = "governance.quality_gates.required_tests"
    reads = _ASKED
    advisory = True

    def active(self, platform: Platform) -> bool:
        return _counts_tests(platform)

    def examine(self, view: View) -> Iterator[Examined]:
        """Group the tests by what they let pass: one cause is one finding."""
        causes: dict[str, list[Model]] = {}
        for model in view.models:
            for test in model.tests:
                if test.lets_pass:
                    causes.setdefault(test.lets_pass, []).append(model)
        if any(model.tests for model in view.models):
            yield view.project.name, tuple(self._finding(view, *cause) for cause in causes.items())

    def _finding(self, view: View, cause: str, models: list[Model]) -> Finding:
        labels = sorted({model.label for model in models})
        rest = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        each = " " if len(models) == 1 else ": each "
        return self.finding(
            view.project.name,
            f"{plural(len(models), 'test')} of {', '.join(labels[:_NAMED])}{rest}{each}{cause}",
            expected="tests that fail on every wrong row",
            actual=cause,
            parameter=cause,
            measure=-float(len(models)),
            at=_cause_of(cause, models, view) or place(models[0]),
        )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Tests that fail on every wrong row, and the same that only warn."""
        whole = make.model()
        only_warns = {"severity": "warn", "lets_pass": "only warns"}
        warning = tuple(structs.replace(test, **only_warns) for test in whole.tests)
        for model, word in (
            (whole, "fail"),
            (structs.replace(whole, tests=warning), "only warn, which is told"),
        ):
            name, given = f"tests that {word}", f"model {model.name} with {len(model.tests)} tests"
            yield Example(name, given, make.project, (model,), passes=model is whole)


def _cause_of(cause: str, models: Sequence[Model], view: View) -> tuple[str, int] | None:
    """The line of dbt_project.yml that all these tests have it from; None where it is no single one."""
    configs = view.project.folder_configs
    key = "severity" if "only warns" in cause else "where"
    if configs is None:
        return None
    line = 0
    for model in {model.unique_id: model for model in models}.values():
        found = configs.of_tests(model, key, cause)
        if found is None or line not in (0, found.line):
            return None
        line = found.line
    return (FILE_NAME, line) if line else None


def _named(test: DataTest) -> str:
    return f"{test.name} on {test.column}" if test.column else test.name
