"""Tests by the names of columns, and what unit tests are written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.fact_rule import FactRule, Wrong, bad, good
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Examined, Example, Rule
from floe_engine.policy.rules.required_tests import is_named
from floe_engine.policy.view import View
from floe_engine.policy.words import words
from floe_engine.project.facts import Column, DataTest, Model, UnitTest, folded

if TYPE_CHECKING:
    from floe_engine.policy.facts.beside import UnitTestFacts
    from floe_engine.policy.resources import ExampleNodes


class ColumnTests(Rule):
    """Columns have the tests that the platform wants by their names.

    ``governance.quality_gates.column_tests``. A test that can never fail does not count.
    """

    id = "FLOE-E380"
    setting = "governance.quality_gates.column_tests"
    asked = "gates.column_tests"
    reads = ((QUALITY_GATES, "columnTests"),)

    def examine(self, view: View) -> Iterator[Examined]:
        """Ask each column whose name an expression takes."""
        wanted = [(each.pattern, each.test) for each in view.platform.gates.column_tests]
        asked: dict[str, list[str]] = {}
        for model in view.models:
            for column in model.columns:
                if column.name not in asked:
                    asked[column.name] = [
                        test for pattern, test in wanted if fullmatch(pattern, column.name, ignore_case=True)
                    ]
            owing = [column for column in model.columns if asked[column.name]]
            if owing:
                yield model.label, list(self._lacking(model, owing, asked))

    def _lacking(
        self, model: Model, columns: Iterable[Column], asked: Mapping[str, Iterable[str]]
    ) -> Iterator[Finding]:
        had: dict[str, list[DataTest]] = {}
        for test in model.tests:
            had.setdefault(folded(test.column or ""), []).append(test)
        for column in columns:
            tests = had.get(column.folded, [])
            for wanted in asked[column.name]:
                if not any(is_named(test, wanted) for test in tests):
                    yield self.finding(
                        model,
                        f"{model.label}.{column.name} has no test {wanted}",
                        column=column,
                        expected=wanted,
                        actual=", ".join(test.name for test in tests) or "no test",
                        suggestion=f"add {wanted} to its data_tests",
                        parameter=wanted,
                    )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A column of such a name with all tests that it owes, and without one of them."""
        wanted = make.platform.gates.column_tests
        for each in wanted:
            name = next(words(each.pattern), None)
            if name is None:
                continue
            owed = [other.test for other in wanted if fullmatch(other.pattern, name, ignore_case=True)]
            tests = tuple(DataTest(test, name) for test in dict.fromkeys((*owed, each.test)))
            model = make.model(columns=(Column(name),), tests=tests)
            yield good(f"{name} with {each.test}", model)
            if owed.count(each.test) == 1:
                lacking = tuple(test for test in tests if test.name != each.test)
                yield bad(f"{name} without {each.test}", replace(model, tests=lacking))


class UnitTestFormat(FactRule["UnitTestFacts"]):
    """A unit test gives and expects rows in a format that the platform allows.

    Where none is said it is ``dict``, as dbt takes it.
    """

    id = "FLOE-E381"
    kind = "unit_test"
    setting = "governance.quality_gates.unit_test_formats"
    reads = ((QUALITY_GATES, "unitTestFormats"),)

    def active(self, platform: Platform) -> bool:
        return platform.gates.unit_test_formats is not None

    def check(self, of: UnitTestFacts, view: View) -> Iterator[Wrong]:
        allowed = view.platform.gates.unit_test_formats or ()
        rows = [(f"gives {each.name}", each.format) for each in of.given] + [
            ("expects rows", of.expected_format)
        ]
        for what, format_ in rows:
            if format_ not in allowed:
                yield Wrong(
                    f"{what} as {format_}",
                    expected=" or ".join(allowed) or "none",
                    actual=format_,
                    suggestion=f"write them as {allowed[0]}" if allowed else "",
                    parameter=what,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Each format that is allowed, and one that is not."""
        allowed = make.platform.gates.unit_test_formats or ()
        model = make.model()
        for format_ in ("dict", "csv", "sql"):
            told = good if format_ in allowed else bad
            test = UnitTest(
                "unit_test.example.orders", "orders", (model.unique_id,), "models/schema.yml",
                given=((f"ref('{model.name}')", format_),), expected_format=format_,
            )  # fmt: skip
            yield told(f"a unit test with rows as {format_}", test, model)
