"""The primary key of a model, and whether tests or enforced constraints hold it up.

The first source that answers wins: ``meta.floe.primary_key``, a model constraint, a column
constraint, what dbt inferred, a column with a uniqueness test, a uniqueness test over several
columns. A sole ``id`` column is only ever a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from floe_engine.policy.meta import lookup
from floe_engine.project.facts import DataTest, Model, folded

KEY_META = "floe.primary_key"

NOT_NULL = frozenset({"not_null", "expect_column_values_to_not_be_null", "not_null_proportion"})
UNIQUE = frozenset({"unique", "expect_column_values_to_be_unique"})
UNIQUE_TOGETHER = frozenset({"unique_combination_of_columns", "expect_compound_columns_to_be_unique"})

ENFORCES_KEYS = frozenset({"postgres", "duckdb"})
"""Adapters whose database refuses duplicate keys; the others take the constraint as a comment."""
ENFORCES_NOT_NULL = ENFORCES_KEYS | {"snowflake", "bigquery", "redshift", "trino"}


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """Columns of the key, as written, and what said so."""

    columns: tuple[str, ...]
    source: str

    @property
    def folded(self) -> frozenset[str]:
        """The columns for comparing."""
        return frozenset(map(folded, self.columns))


def bare(test: str) -> str:
    """A test's name without its package: ``dbt_utils.recency`` is ``recency``."""
    return test.rpartition(".")[2]


def primary_key(model: Model) -> PrimaryKey | None:
    """The key of a model, or None where nothing states one."""
    for columns, source in _candidates(model):
        if columns:
            return PrimaryKey(columns, source)
    return None


def _candidates(model: Model) -> Iterator[tuple[tuple[str, ...], str]]:
    yield _texts(lookup(model.meta, KEY_META)), f"meta.{KEY_META}"
    for constraint in model.constraints:
        if constraint.kind == "primary_key":
            yield constraint.columns, "a primary_key constraint"
    yield (
        tuple(
            column.name
            for column in model.columns
            if any(constraint.kind == "primary_key" for constraint in column.constraints)
        ),
        "a primary_key constraint",
    )
    yield model.primary_key, "dbt"
    for test in model.tests:
        if test.column is not None and bare(test.name) in UNIQUE:
            yield (test.column,), f"the {test.name} test"
    for test in model.tests:
        if bare(test.name) in UNIQUE_TOGETHER:
            yield combination(test), f"the {test.name} test"


def suggested_key(model: Model) -> str | None:
    """The one column that by its name alone could be the key: ``id``, or a sole ``…_id``."""
    names = [column.name for column in model.columns]
    for name in names:
        if folded(name) == "id":
            return name
    candidates = [name for name in names if folded(name).endswith("_id")]
    return candidates[0] if len(candidates) == 1 else None


def combination(test: DataTest) -> tuple[str, ...]:
    """The columns that a test over several columns names."""
    for argument in ("combination_of_columns", "column_list"):
        columns = _texts(test.arguments.get(argument))
        if columns:
            return columns
    return ()


def not_null_columns(model: Model, key: PrimaryKey, adapter: str | None) -> frozenset[str]:
    """Folded key columns that a test or an enforced constraint keeps from being null."""
    found = {
        folded(test.column)
        for test in model.tests
        if test.column is not None and bare(test.name) in NOT_NULL and _whole(test)
    }
    if model.contract_enforced:
        if adapter in ENFORCES_NOT_NULL:
            found |= _constrained(model, "not_null")
        if adapter in ENFORCES_KEYS:
            found |= _constrained(model, "primary_key")
    return key.folded & found


def is_unique(model: Model, key: PrimaryKey, adapter: str | None) -> bool:
    """Whether tests or enforced constraints keep the key unique.

    What is unique over a part of the key is unique over the key: dbt infers a key of two columns
    where each has a uniqueness test of its own.
    """
    wanted = key.folded
    for test in model.tests:
        name = bare(test.name)
        if name in UNIQUE and test.column is not None and folded(test.column) in wanted:
            return True
        if name in UNIQUE_TOGETHER and (over := set(map(folded, combination(test)))) and over <= wanted:
            return True
    if not model.contract_enforced or adapter not in ENFORCES_KEYS:
        return False
    stated = [
        frozenset(map(folded, constraint.columns))
        for constraint in model.constraints
        if constraint.kind in {"primary_key", "unique"}
    ]
    stated += [
        frozenset({column.folded})
        for column in model.columns
        if any(constraint.kind in {"primary_key", "unique"} for constraint in column.constraints)
    ]
    return any(columns and columns <= wanted for columns in stated)


def _whole(test: DataTest) -> bool:
    """Whether a not-null test allows no null at all; a proportion below 1 allows some."""
    if bare(test.name) != "not_null_proportion":
        return True
    try:
        return float(test.arguments.get("at_least", 0)) >= 1
    except (TypeError, ValueError):
        return False


def _constrained(model: Model, kind: str) -> set[str]:
    columns = {
        folded(name)
        for constraint in model.constraints
        if constraint.kind == kind
        for name in constraint.columns
    }
    return columns | {
        column.folded
        for column in model.columns
        if any(constraint.kind == kind for constraint in column.constraints)
    }


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, Iterable) and not isinstance(value, (bytes, dict)):
        return tuple(item for item in value if isinstance(item, str) and item.strip())
    return ()
