"""The tests that a platform requires of a layer, of a classification level, or of every model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy import keys
from floe_engine.policy.finding import Finding
from floe_engine.policy.freshness import how_to_watch
from floe_engine.policy.reads import REQUIRED_TESTS
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, DataTest, Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


def required_anywhere(platform: Platform) -> frozenset[str]:
    """Every test that the platform requires of some model."""
    return frozenset(platform.gates.required_tests).union(
        *(layer.required_tests for layer in platform.layers.values()),
        *(rule.required_tests for rule in platform.classification.rules.values()),
    )


class Missing(Struct, frozen=True):
    """What a model has in the place of a required test, what to do about it, and by which edit."""

    actual: str
    suggestion: str = ""
    fix: str = ""
    config: str = ""
    """As in `Rule.finding`."""


class RequiredTest(ModelRule):
    """A rule that applies where the platform requires its `test`."""

    setting = "data_architecture.layers.<layer>.required_tests"
    reads = REQUIRED_TESTS
    test: ClassVar[str]

    def active(self, platform: Platform) -> bool:
        return self.test in required_anywhere(platform)

    def applies(self, model: Model, view: View) -> bool:
        """Where this model must have it."""
        return self.test in view.required_tests(model)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        if self.lacks(model, view):
            problem = self.missing(model, view)
            yield self.finding(
                model,
                f"{model.name} lacks {self.test}, which {view.required_tests(model)[self.test]} requires",
                expected=self.title,
                actual=problem.actual,
                suggestion=problem.suggestion,
                fix=problem.fix,
                config=problem.config,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A complete model, and one without the test, wherever it is required."""
        yield from _required(make, self.test, self.without)

    @abstractmethod
    def without(self, model: Model) -> Model:
        """A complete model without the test."""

    @abstractmethod
    def lacks(self, model: Model, view: View) -> bool:
        """Whether the model does not have the test."""

    @abstractmethod
    def missing(self, model: Model, view: View) -> Missing:
        """What it has in its place. Only asked of a model that lacks the test."""


class NotNullKey(RequiredTest):
    """The primary key is tested not to be null.

    Every column of the key has a ``not_null`` test (or dbt_expectations' and dbt_utils' equals),
    or a contract constraint that the adapter's database really enforces. The key is what
    ``meta.floe.primary_key`` or a primary_key constraint states. Else each set of columns that a
    test or an enforced constraint keeps unique is a candidate key, never merged with another, and
    one that holds is enough. A column is never taken for the key by its name alone.
    """

    id = "FLOE-E230"
    test = "not_null_pk"

    def lacks(self, model: Model, view: View) -> bool:
        key = view.key(model)
        return key is None or bool(key.nullable)

    def missing(self, model: Model, view: View) -> Missing:
        if (key := view.key(model)) is None:
            return _no_key(model)
        columns = ", ".join(key.nullable)
        of = "" if len(key.columns) == 1 else f" of the key {', '.join(key.columns)}"
        return Missing(
            f"{columns}{of} may be null (the key comes from {key.source})",
            f"add a not_null test to {columns}",
        )

    def without(self, model: Model) -> Model:
        return _untested(model, keys.NOT_NULL)


class UniqueKey(RequiredTest):
    """The primary key is tested to be unique.

    One column has a ``unique`` test; several have ``dbt_utils.unique_combination_of_columns``,
    ``dbt_expectations.expect_compound_columns_to_be_unique`` or a test of dbt_constraints over the
    key, or a part of it, and no other column; ``unique`` over ``a || '-' || b`` counts as one over a
    and b. A constraint counts where the contract is enforced and the database enforces keys
    (postgres, duckdb). What the key is stands with FLOE-E230.
    """

    id = "FLOE-E231"
    test = "unique_pk"

    def lacks(self, model: Model, view: View) -> bool:
        key = view.key(model)
        return key is None or not key.unique

    def missing(self, model: Model, view: View) -> Missing:
        if (key := view.key(model)) is None:
            return _no_key(model)
        columns = ", ".join(key.columns)
        test = "unique" if len(key.columns) == 1 else "dbt_utils.unique_combination_of_columns"
        return Missing(f"no test that {columns} is unique", f"add a {test} test over {columns}")

    def without(self, model: Model) -> Model:
        return _untested(model, keys.UNIQUE)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Also a key of two columns, which needs one test over both."""
        yield from _required(make, self.test, self.without, _composite)


class Freshness(RequiredTest):
    """Stale data is noticed.

    The model has a recency test (dbt_utils, dbt_expectations, elementary) or a ``freshness``
    config with a limit, or every source it comes from declares a threshold with a count and, where
    the warehouse does not tell by itself how old a table is (it does on snowflake, bigquery, redshift
    and databricks), a ``loaded_at_field`` or ``loaded_at_query``. ``build_after`` says when a model is
    built anew, and is no limit. A model that comes from seeds alone is not judged.
    """

    id = "FLOE-E232"
    test = "freshness"

    TESTS = frozenset(
        {
            "recency",
            "expect_row_values_to_have_recent_data",
            "expect_grouped_row_values_to_have_recent_data",
            "freshness_anomalies",
        }
    )

    def applies(self, model: Model, view: View) -> bool:
        """Where it is required and data can become stale at all."""
        return super().applies(model, view) and not (
            view.freshness[model.unique_id].only_seeds and not model.has_freshness
        )

    def lacks(self, model: Model, view: View) -> bool:
        """Where nothing would notice, on the model or above it."""
        if model.has_freshness or any(keys.bare(test.name) in self.TESTS for test in model.tests):
            return False
        roots = view.freshness[model.unique_id]
        return bool(roots.stale) or not roots.sources

    def missing(self, model: Model, view: View) -> Missing:
        roots = view.freshness[model.unique_id]
        if not roots.stale:
            return Missing("no recency test, and no source above it", "add a dbt_utils.recency test")
        names = ", ".join(sorted(roots.stale)) + (" and others" if roots.more else "")
        return Missing(
            f"no recency test, and no freshness threshold that dbt can judge on {names}",
            how_to_watch(names),
            fix=f"freshness of {names}",
            config="sources:",
        )

    def without(self, model: Model) -> Model:
        """Its recency test taken away, and what it selects from."""
        return replace(_untested(model, self.TESTS), parents=())


class DocumentationRequired(RequiredTest):
    """The model and its declared columns are described.

    Blank descriptions do not count.
    """

    id = "FLOE-E233"
    test = "documentation"

    def lacks(self, model: Model, view: View) -> bool:
        return not model.description.strip() or any(not each.description.strip() for each in model.columns)

    def missing(self, model: Model, view: View) -> Missing:
        blank = [column.name for column in model.columns if not column.description.strip()]
        described = bool(model.description.strip())
        if not described and model.properties_path is None:
            return Missing("no properties file describes it", f"describe {model.name} in a properties file")
        problems = [] if described else ["no description"]
        if blank:
            problems.append(f"{len(blank)} of {len(model.columns)} columns undescribed")
        targets = ([] if described else [model.name]) + blank[:5]
        rest = f" and {len(blank) - 5} more columns" if len(blank) > 5 else ""
        return Missing(", ".join(problems), f"describe {', '.join(targets)}{rest}")

    def without(self, model: Model) -> Model:
        return replace(model, description=" ")


class Relationships(RequiredTest):
    """The model has a relationships test.

    A foreign key that points nowhere silently loses rows in joins.
    """

    id = "FLOE-E234"
    test = "relationships"

    def lacks(self, model: Model, view: View) -> bool:
        return not any(keys.bare(test.name).startswith("relationships") for test in model.tests)

    def missing(self, model: Model, view: View) -> Missing:
        return Missing("no relationships test", "add a relationships test to its foreign keys")

    def without(self, model: Model) -> Model:
        return _untested(model, {"relationships"})


class Contract(RequiredTest):
    """The model's contract is enforced.

    dbt then refuses to build a table whose columns or types differ from what is declared.
    """

    id = "FLOE-E235"
    test = "contract"

    def lacks(self, model: Model, view: View) -> bool:
        return not model.contract_enforced

    def missing(self, model: Model, view: View) -> Missing:
        return Missing("no enforced contract")

    def without(self, model: Model) -> Model:
        return replace(model, contract_enforced=False)


class UnitTestRequired(RequiredTest):
    """The model has a unit test.

    Its logic is then tried on given rows, whatever the data of the day is.
    """

    id = "FLOE-E236"
    test = "unit_test"

    def lacks(self, model: Model, view: View) -> bool:
        return not model.unit_tests

    def missing(self, model: Model, view: View) -> Missing:
        return Missing("no unit test", "add one under unit_tests: in a properties file")

    def without(self, model: Model) -> Model:
        return replace(model, unit_tests=0)


OF_TEST: Mapping[str, RequiredTest] = {rule.test: rule() for rule in RequiredTest.__subclasses__()}
BUILT_IN = frozenset(OF_TEST)
"""Required tests with a meaning of their own; any other name is that of a generic test."""


class NamedTest(ModelRule):
    """The model has a test of the required name.

    Any other word in ``required_tests`` is the name of a generic test, with or without its
    package: ``not_null``, ``dbt_utils.at_least_one``. One on the model or any column is enough.
    """

    id = "FLOE-E237"
    setting = "governance.quality_gates.required_tests"
    reads = REQUIRED_TESTS

    def active(self, platform: Platform) -> bool:
        return bool(required_anywhere(platform) - BUILT_IN)

    def applies(self, model: Model, view: View) -> bool:
        """Where this model must have one."""
        return not BUILT_IN.issuperset(view.required_tests(model))

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        for wanted, who in view.required_tests(model).items():
            if wanted not in BUILT_IN and not any(is_named(test, wanted) for test in model.tests):
                yield self.finding(
                    model,
                    f"{model.label} lacks a {wanted} test, which {who} requires",
                    expected=f"a {wanted} test on the model or a column",
                    actual="none",
                    suggestion=f"add a {wanted} test",
                    parameter=wanted,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model with each test, and one without it, wherever it is required."""
        for test in dict.fromkeys(_by_name(make.platform)):
            yield from _required(make, test, partial(_untested, names={keys.bare(test)}))


def _required(
    make: ExampleNodes,
    test: str,
    without: Callable[[Model], Model],
    more: Callable[[str, Model], Iterator[Example]] | None = None,
) -> Iterator[Example]:
    """A complete model and one without a test, of every layer and every level that requires it."""
    for where, model in _asked(make, test):
        yield of_model(f"{where}: a model with {test} passes", f"model {model.name}, complete", model, True)
        yield of_model(
            f"{where}: a model without {test} is refused",
            f"model {model.name} without {test}",
            without(model),
            False,
        )
        if more is not None:
            yield from more(where, model)


def _asked(make: ExampleNodes, test: str) -> Iterator[tuple[str, Model]]:
    """A complete model of whatever requires a test, and its name for people."""
    platform = make.platform
    everywhere = test in platform.gates.required_tests
    for layer in make.layers:
        if everywhere or (layer is not None and test in platform.layers[layer].required_tests):
            yield layer or "every model", make.model_of(layer)
    for level, rule in platform.classification.rules.items():
        if test in rule.required_tests:
            yield f"{level} data", make.model(tags=frozenset({level}))


def _untested(model: Model, names: Container[str]) -> Model:
    """A model without its tests of some names, packages left out."""
    return replace(model, tests=tuple(test for test in model.tests if keys.bare(test.name) not in names))


def is_named(test: DataTest, wanted: str) -> bool:
    """Whether a test has a name; a package in `wanted` must agree, none in it agrees with any."""
    return test.name == wanted or ("." not in wanted and keys.bare(test.name) == wanted)


def _by_name(platform: Platform) -> Iterator[str]:
    """The tests that are required by name, as they are written."""
    for tests in (
        platform.gates.required_tests,
        *(layer.required_tests for layer in platform.layers.values()),
        *(rule.required_tests for rule in platform.classification.rules.values()),
    ):
        yield from (test for test in tests if test not in BUILT_IN)


def _composite(where: str, model: Model) -> Iterator[Example]:
    """A key of two columns with a test over both, and one over others."""
    key = [model.columns[0].name, "line_number"]
    two = replace(model, columns=(*model.columns, Column(key[1])), meta={**model.meta, keys.KEY_META: key})
    others = tuple(test for test in model.tests if test.name != "unique")
    for over, word in ((key, "over both passes"), ([key[0], "loaded_at"], "over other columns is refused")):
        test = DataTest("dbt_utils.unique_combination_of_columns", arguments={"combination_of_columns": over})
        yield of_model(
            f"{where}: a key of two columns with one test {word}",
            f"model {model.name} with the key {', '.join(key)}",
            replace(two, tests=(*others, test)),
            over is key,
        )


def _no_key(model: Model) -> Missing:
    suggested = keys.suggested_key(model)
    over = keys.unreadable_key(model)
    return Missing(
        f"no primary key is stated: what is unique is {over}, which is no column"
        if over
        else "no primary key is stated",
        f"if {suggested} is the key of {model.label}, add unique and not_null tests to it"
        if suggested
        else f"name the key of {model.label} in meta.{keys.KEY_META}, and test it",
        # not_null_pk and unique_pk both go away with it.
        fix=f"key of {model.label}",
    )
