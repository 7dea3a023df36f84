from __future__ import annotations

from typing import Any

import pytest

from floe_engine.policy.keys import concatenated, key_of
from floe_engine.project.facts import Column, Constraint
from tests.engine.policy.samples import (
    RAW,
    asked,
    columns,
    found,
    gates,
    generic,
    judge,
    model,
    platform,
    source,
    subjects,
)

ACME = platform()
COMBINATION = "dbt_utils.unique_combination_of_columns"


def requiring(*tests: str) -> Any:
    return platform(**gates(required_tests=list(tests)))


def together(*names: str) -> Any:
    return generic(COMBINATION, arguments={"combination_of_columns": list(names)})


# --- the primary key


def keys_of(*tests: Any, **fields: Any) -> tuple[tuple[str, ...], tuple[str, ...], bool] | None:
    """Columns of the key, those of them that may be null, and whether it is unique."""
    key = key_of(model("m", tests=tests, **fields), fields.pop("adapter", "duckdb"))
    return (key.columns, key.nullable, key.unique) if key else None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"meta": {"floe": {"primary_key": "a"}}}, ("a",)),
        ({"meta": {"floe.primary_key": ["a", "b"]}}, ("a", "b")),
        ({"constraints": (Constraint("primary_key", ("a",)),)}, ("a",)),
        ({"columns": (Column("a", constraints=(Constraint("primary_key"),)),)}, ("a",)),
    ],
)
def test_a_key_that_is_stated_wins_over_what_is_tested(fields: dict[str, Any], expected: Any) -> None:
    found_key = keys_of(generic("unique", "x"), generic("not_null", "x"), **fields)
    assert found_key == (expected, expected, False)


EXPECTATION = "dbt_expectations.expect_compound_columns_to_be_unique"


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        # A combination is one key; dbt would infer the one column of it that is not null.
        ((together("slot", "index"), generic("not_null", "index")), (("slot", "index"), ("slot",), True)),
        (
            (generic(EXPECTATION, arguments={"column_list": ["slot", "no"]}), generic("not_null", "no")),
            (("slot", "no"), ("slot",), True),
        ),
        # Two unique columns are two keys: one that is not null is enough.
        ((generic("unique", "a"), generic("unique", "b"), generic("not_null", "b")), (("b",), (), True)),
        ((generic("unique", "a"), generic("unique", "b")), (("a",), ("a",), True)),
        # What contains a candidate is none of its own.
        ((together("a", "b"), generic("unique", "a"), generic("not_null", "a")), (("a",), (), True)),
        (
            (together("a", "b"), together("c", "d"), generic("not_null", "d"), generic("not_null", "c")),
            (("c", "d"), (), True),
        ),
        ((generic("dbt_constraints.primary_key", "a"),), (("a",), (), True)),
        (
            (generic("dbt_constraints.primary_key", arguments={"column_names": ["a", "b"]}),),
            (("a", "b"), (), True),
        ),
        ((generic("dbt_constraints.unique_key", "a"),), (("a",), ("a",), True)),
        ((generic("unique", "a || '-' || b"), generic("not_null", "a")), (("a", "b"), ("b",), True)),
        ((generic("not_null", "id"),), None),
        ((generic("unique", "lower(email)"),), None),
    ],
)  # fmt: skip
def test_candidate_keys_are_what_is_unique_and_are_never_merged(tests: Any, expected: Any) -> None:
    assert keys_of(*tests) == expected


@pytest.mark.parametrize(
    ("adapter", "expected"), [("postgres", (("a",), ("a",), True)), ("snowflake", None), (None, None)]
)
def test_a_unique_constraint_is_a_candidate_where_the_database_enforces_it(
    adapter: Any, expected: Any
) -> None:
    constrained = model(
        "m", columns=(Column("a", constraints=(Constraint("unique"),)),), contract_enforced=True
    )
    key = key_of(constrained, adapter)
    assert ((key.columns, key.nullable, key.unique) if key else None) == expected


@pytest.mark.parametrize(
    ("expression", "columns_"),
    [
        ("a", ("a",)),
        ('"a b"', ('"a b"',)),
        ("a || '-' || b", ("a", "b")),
        ("concat(a, ' - ', b)", ("a", "b")),
        ("CONCAT_WS('-', a, `b`)", ("a", "`b`")),
        ("lower(a)", ()),
        ("a || lower(b)", ()),
        ("a + b", ()),
        ("coalesce(a, b)", ()),
        ("", ()),
    ],
)
def test_columns_put_together_are_unique_together(expression: str, columns_: tuple[str, ...]) -> None:
    assert concatenated(expression) == columns_


def test_what_is_unique_over_a_function_is_named() -> None:
    odd = model("bronze_x", tests=(generic("unique", "lower(email)"),))
    (finding,) = found(judge(requiring("unique_pk"), odd), "E231")
    assert finding.actual == "no primary key is stated: what is unique is lower(email), which is no column"


def test_a_sole_id_column_is_only_a_suggestion() -> None:
    (finding,) = found(judge(ACME, model("bronze_x", columns=columns("id", "n"))), "E230")
    assert finding.actual == "no primary key is stated"
    assert finding.suggestion == "if id is the key of bronze_x, add unique and not_null tests to it"


# --- not_null_pk and unique_pk


def test_a_tested_key_passes_whatever_the_case_and_quotes_of_its_name() -> None:
    held = model(
        "bronze_x", meta={"floe.primary_key": '"ORDER_ID"'}, tests=(generic("not_null", "order_id"),)
    )
    evaluation = judge(ACME, held)
    assert asked(evaluation, "E230", "bronze_x")
    assert not found(evaluation, "E230")


def test_every_column_of_a_key_must_not_be_null() -> None:
    half = model("bronze_x", tests=(together("a", "b"), generic("not_null", "a")))
    (finding,) = found(judge(ACME, half), "E230")
    assert finding.suggestion == "add a not_null test to b, and declare b (tested)"


@pytest.mark.parametrize(
    ("test", "passes"),
    [
        (generic("dbt_expectations.expect_column_values_to_not_be_null", "a"), True),
        (generic("dbt_utils.not_null_proportion", "a", arguments={"at_least": 1}), True),
        (generic("dbt_utils.not_null_proportion", "a", arguments={"at_least": 0.95}), False),
        (generic("dbt_utils.not_null_proportion", "a"), False),
        (generic("accepted_values", "a"), False),
    ],
)
def test_what_counts_as_a_not_null_test(test: Any, passes: bool) -> None:
    evaluation = judge(ACME, model("bronze_x", meta={"floe.primary_key": "a"}, tests=(test,)))
    assert (found(evaluation, "E230") == []) is passes


@pytest.mark.parametrize(
    ("key", "tests", "passes"),
    [
        (("a",), (generic("unique", "A"),), True),
        (("a",), (generic("dbt_expectations.expect_column_values_to_be_unique", "a"),), True),
        (("a", "b"), (together("B", "a"),), True),
        (
            ("a", "b"),
            (
                generic(
                    "dbt_expectations.expect_compound_columns_to_be_unique",
                    arguments={"column_list": ["a", "b"]},
                ),
            ),
            True,
        ),
        (("a", "b"), (generic("unique", "a"),), True),
        (("a", "b"), (together("a", "c"),), False),
        (("a", "b"), (together("a", "b", "c"),), False),
        (("a",), (together(),), False),
        (("a",), (generic("not_null", "a"),), False),
    ],
)
def test_what_keeps_a_key_unique(key: tuple[str, ...], tests: tuple[Any, ...], passes: bool) -> None:
    evaluation = judge(requiring("unique_pk"), model("bronze_x", meta={"floe.primary_key": key}, tests=tests))
    assert (found(evaluation, "E231") == []) is passes


@pytest.mark.parametrize(
    ("adapter", "enforced", "not_null", "unique"),
    [
        ("duckdb", True, True, True),
        ("postgres", True, True, True),
        ("snowflake", True, False, False),
        ("duckdb", False, False, False),
    ],
)
def test_a_key_constraint_counts_where_the_database_enforces_it(
    adapter: str, enforced: bool, not_null: bool, unique: bool
) -> None:
    constrained = model(
        "bronze_x", constraints=(Constraint("primary_key", ("a",)),), contract_enforced=enforced
    )
    evaluation = judge(requiring("not_null_pk", "unique_pk"), constrained, adapter=adapter)
    assert (found(evaluation, "E230") == [], found(evaluation, "E231") == []) == (not_null, unique)


def test_a_not_null_constraint_counts_on_snowflake_too() -> None:
    column = Column("a", constraints=(Constraint("not_null"),))
    constrained = model("bronze_x", columns=(column,), meta={"floe.primary_key": "a"}, contract_enforced=True)
    assert not found(judge(ACME, constrained, adapter="snowflake"), "E230")
    assert found(judge(ACME, constrained, adapter="spark"), "E230")


# --- freshness


def fresh(*models: Any, sources: Any = ()) -> list[str]:
    return subjects(judge(requiring("freshness"), *models, sources=sources), "E232")


def test_a_recency_test_or_a_freshness_config_is_enough() -> None:
    tested = model("bronze_a", tests=(generic("dbt_utils.recency"),))
    configured = model("bronze_b", has_freshness=True)
    assert fresh(tested, configured, model("bronze_c")) == ["bronze_c"]


def test_every_source_above_must_be_watched() -> None:
    watched, unwatched = source("orders"), source("people", has_freshness=False)
    below = (
        model("bronze_a", parents=[watched.unique_id]),
        model("silver_a", parents=["bronze_a"]),
        model("silver_b", parents=["bronze_a", unwatched.unique_id]),
        model("gold_b", parents=["silver_b"]),
    )
    assert fresh(*below, sources=[watched, unwatched]) == ["gold_b", "silver_b"]


@pytest.mark.parametrize(("adapter", "watched"), [("duckdb", False), ("trino", False), ("snowflake", True)])
def test_a_threshold_watches_where_the_age_can_be_told(adapter: str, watched: bool) -> None:
    untold = source("orders", tells_age=False)
    below = model("bronze_a", parents=[untold.unique_id])
    evaluation = judge(requiring("freshness"), below, sources=[untold], adapter=adapter)
    assert (found(evaluation, "E232") == []) is watched


def test_data_from_seeds_alone_cannot_become_stale() -> None:
    seed = model("codes", resource_type="seed")
    below = (model("silver_a", parents=["codes"]), model("gold_a", parents=["silver_a"]))
    evaluation = judge(requiring("freshness"), seed, *below)
    assert not asked(evaluation, "E232", "gold_a")


def test_a_lineage_deeper_than_pythons_stack_is_followed() -> None:
    chain = [model("bronze_0", parents=[RAW])]
    chain += [model(f"bronze_{n}", parents=[f"bronze_{n - 1}"]) for n in range(1, 3000)]
    evaluation = judge(
        requiring("freshness"), *reversed(chain), sources=[source("orders", has_freshness=False)]
    )
    assert len(found(evaluation, "E232")) == 3000
    assert max(finding.downstream for finding in found(evaluation, "E232")) == 2999


# --- documentation and the others


def test_blank_descriptions_are_none() -> None:
    blank = model("gold_a", description=" ", columns=(Column("x", description="\n"), Column("y", "the y")))
    (finding,) = found(judge(requiring("documentation"), blank), "E233")
    assert finding.actual == "no description, 1 of 2 columns undescribed"
    assert finding.suggestion == "describe gold_a, x"


def test_a_model_without_a_properties_file_is_told_so() -> None:
    bare = model("gold_a", description="", properties_path=None)
    (finding,) = found(judge(requiring("documentation"), bare), "E233")
    assert finding.actual == "no properties file describes it"
    assert (finding.path, finding.line) == ("models/gold_a.sql", 1)


@pytest.mark.parametrize(
    ("test", "rule", "good"),
    [
        ("relationships", "E234", {"tests": (generic("relationships", "a"),)}),
        ("contract", "E235", {"contract_enforced": True}),
        ("unit_test", "E236", {"unit_tests": 1}),
        ("accepted_values", "E237", {"tests": (generic("accepted_values", "a"),)}),
        ("dbt_utils.at_least_one", "E237", {"tests": (generic("dbt_utils.at_least_one", "a"),)}),
        ("not_null", "E237", {"tests": (generic("not_null", "a"),)}),
    ],
)
def test_each_other_required_test_passes_with_it_and_fails_without(
    test: str, rule: str, good: dict[str, Any]
) -> None:
    evaluation = judge(requiring(test), model("bronze_good", **good), model("bronze_bad"))
    assert subjects(evaluation, rule) == ["bronze_bad"]


def test_a_level_may_require_tests_of_its_own() -> None:
    strict = platform(governance__classification={"rules": {"pii": {"required_tests": ["contract"]}}})
    evaluation = judge(strict, model("bronze_a", tags=frozenset({"pii"})), model("bronze_b"))
    (finding,) = found(evaluation, "E235")
    assert finding.message == "bronze_a lacks contract, which level pii requires"


# --- coverage and descriptions


def covered(tested: int, total: int, name: str = "bronze_a", **fields: Any) -> Any:
    names = [f"c{n}" for n in range(total)]
    return model(
        name,
        columns=columns(*names),
        tests=tuple(generic("accepted_values", n) for n in names[:tested]),
        **fields,
    )


def test_coverage_is_compared_without_rounding() -> None:
    assert not found(judge(ACME, covered(4, 5)), "E210")
    (finding,) = found(judge(ACME, covered(79, 100)), "E210")
    assert finding.actual == "79 of 100 (79%)"
    assert finding.suggestion == "add tests to c79"


def test_a_layers_minimum_wins_over_the_platforms() -> None:
    lenient = platform(data_architecture__layers={"bronze": {"minimum_test_coverage": 50}})
    evaluation = judge(lenient, covered(1, 2), covered(1, 2, "silver_a"))
    assert subjects(evaluation, "E210") == ["silver_a"]


def test_the_columns_of_a_composite_uniqueness_test_count_as_tested() -> None:
    assert not found(
        judge(ACME, model("bronze_a", columns=columns("a", "b"), tests=(together("A", "b"),))), "E210"
    )


@pytest.mark.parametrize(("behaviour", "finds"), [("na", False), ("pass", False), ("fail", True)])
def test_what_a_model_without_columns_is(behaviour: str, finds: bool) -> None:
    on = platform(**gates(zero_column_behavior=behaviour))
    assert bool(found(judge(on, model("bronze_a")), "E210")) is finds


def test_tests_of_severity_warn_may_be_left_out() -> None:
    warned = model("bronze_a", columns=columns("a"), tests=(generic("unique", "a", severity="warn"),))
    assert not found(judge(ACME, warned), "E210")
    assert found(judge(platform(**gates(count_warn_severity=False)), warned), "E210")


def test_coverage_by_layer_and_by_project_sums_up() -> None:
    models = (covered(4, 4), covered(1, 4, "bronze_b"), covered(4, 4, "silver_a"))
    by_layer = judge(platform(**gates(coverage_scope="layer")), *models)
    assert [(f.subject, f.actual) for f in found(by_layer, "E211")] == [("bronze", "5 of 8 (62%)")]
    by_project = judge(platform(**gates(coverage_scope="project")), *models)
    (finding,) = found(by_project, "E212")
    assert (finding.subject, finding.suggestion) == (
        "shop",
        "test 1 more column, such as those of bronze_b (3)",
    )


def test_a_selection_does_not_judge_sums() -> None:
    on = platform(**gates(coverage_scope="project"))
    models = (covered(0, 4), covered(0, 4, "silver_a"))
    assert found(judge(on, *models), "E212")
    assert not asked(judge(on, *models, select=["silver_a"]), "E212", "shop")


def test_coverage_of_models_and_keys() -> None:
    on_models = platform(**gates(coverage_metric="models"))
    evaluation = judge(on_models, model("bronze_a", singular_tests=1), model("bronze_b"))
    assert subjects(evaluation, "E210") == ["bronze_b"]
    on_keys = platform(**gates(coverage_metric="primary_keys"))
    evaluation = judge(on_keys, model("bronze_a", key="id"), covered(4, 4, "bronze_b"))
    assert subjects(evaluation, "E210") == ["bronze_b"]


def test_a_levels_own_minimum_is_asked_beside_the_platforms() -> None:
    on = platform(governance__classification={"rules": {"pii": {"minimum_test_coverage": 100}}})
    evaluation = judge(on, covered(9, 10, tags=frozenset({"pii"})), covered(9, 10, "bronze_b"))
    assert subjects(evaluation, "E213") == ["bronze_a"]


def test_descriptions_are_asked_where_documentation_is_not() -> None:
    on = platform(**gates(require_descriptions=True, require_column_descriptions=True))
    evaluation = judge(
        on,
        model("bronze_a", description="", columns=(Column("x", line=9), Column("y", "the y"))),
        model("gold_a", description=""),
    )
    assert subjects(evaluation, "E220") == ["bronze_a"]
    (finding,) = found(evaluation, "E221")
    assert (finding.subject, finding.path, finding.line) == ("bronze_a.x", "models/schema.yml", 9)
