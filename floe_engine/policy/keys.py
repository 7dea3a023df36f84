"""The key of a model, and whether tests or enforced constraints hold it up.

A model states its key by ``meta.floe.primary_key`` or a primary_key constraint. Where it does not,
every set of columns that a test or an enforced constraint keeps unique is a candidate key, and the
model holds when one candidate is also kept from null. Candidates are never merged: two unique columns
are two keys, and a column that is part of a key need not be unique itself. By its name alone a column
is only ever a suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from floe_engine.patterns import pattern
from floe_engine.policy.meta import lookup
from floe_engine.project.facts import DataTest, Model, folded

KEY_META = "floe.primary_key"

NOT_NULL = frozenset({"not_null", "expect_column_values_to_not_be_null", "not_null_proportion"})
UNIQUE = frozenset({"unique", "expect_column_values_to_be_unique"})
UNIQUE_TOGETHER: Mapping[str, str] = {
    "unique_combination_of_columns": "combination_of_columns",  # dbt_utils
    "expect_compound_columns_to_be_unique": "column_list",  # dbt_expectations
    "primary_key": "column_names",  # dbt_constraints, which tests for null as well
    "unique_key": "column_names",
}
"""Tests over several columns, by the argument that lists them; one column stands there too."""

ENFORCES_KEYS = frozenset({"postgres", "duckdb"})
"""Adapters whose database refuses duplicate keys; the others take the constraint as a comment."""
ENFORCES_NOT_NULL = ENFORCES_KEYS | {"snowflake", "bigquery", "redshift", "trino"}

_NAME = pattern(r'"[^"]+"|`[^`]+`|\[[^\]]+\]|[^\W\d][\w$]*')
_LITERAL = pattern(r"'[^']*'")
_CONCAT = pattern(r"\s*concat(?:_ws)?\s*\((.*)\)\s*", re.I | re.S)


class Key(Struct, frozen=True):
    """A key of a model, stated or a candidate."""

    columns: tuple[str, ...]
    """As written."""
    source: str
    """What says so: ``meta.floe.primary_key``, ``the unique test``."""
    unique: bool
    """Whether a test or an enforced constraint keeps it unique."""
    nullable: tuple[str, ...]
    """Columns of it that nothing keeps from null."""

    @property
    def holds(self) -> bool:
        """Whether it is a key indeed."""
        return self.unique and not self.nullable


def bare(test: str) -> str:
    """A test's name without its package: ``dbt_utils.recency`` is ``recency``."""
    return test.rpartition(".")[2]


def key_of(model: Model, adapter: str | None) -> Key | None:
    """The key that a model states, else the candidate that lacks least; None where there is none."""
    tests = [(bare(test.name), test) for test in model.tests]
    unique = dict(_kept_unique(model, tests, adapter))
    present = _kept_from_null(model, tests, adapter)

    def key(columns: tuple[str, ...], source: str, *, is_unique: bool) -> Key:
        lacking = tuple(name for name in columns if folded(name) not in present)
        return Key(columns, source, is_unique, lacking)

    for columns, source in _stated(model):
        over = frozenset(map(folded, columns))
        # What is unique over a part of the key is unique over the key.
        return key(columns, source, is_unique=any(candidate <= over for candidate in unique))
    candidates = [
        key(columns, source, is_unique=True)
        for over, (columns, source) in unique.items()
        if not any(other < over for other in unique)
    ]
    return min(candidates, key=lambda candidate: len(candidate.nullable), default=None)


def combination(test: DataTest) -> tuple[str, ...]:
    """The columns that a test over several columns names; empty for any other test."""
    argument = UNIQUE_TOGETHER.get(bare(test.name))
    if argument is None:
        return ()
    return _texts(test.arguments.get(argument)) or ((test.column,) if test.column is not None else ())


def suggested_key(model: Model) -> str | None:
    """The one column that by its name alone could be the key: ``id``, or a sole ``…_id``."""
    candidates = [column.name for column in model.columns if "id" in column.name.casefold()]
    for name in candidates:
        if folded(name) == "id":
            return name
    candidates = [name for name in candidates if folded(name).endswith("_id")]
    return candidates[0] if len(candidates) == 1 else None


def unreadable_key(model: Model) -> str:
    """What a uniqueness test is over where that names no columns: ``lower(email)``; empty if none is."""
    for test in model.tests:
        if bare(test.name) in UNIQUE and test.column is not None and not concatenated(test.column):
            return test.column
    return ""


def concatenated(expression: str) -> tuple[str, ...]:
    """The columns of ``a``, ``a || '-' || b`` or ``concat(a, '-', b)``; empty for anything else.

    What is unique put together is unique taken apart, but for values that contain the separator.
    """
    if expression.isascii() and expression.isidentifier():
        return (expression,)  # as nearly all are: no expression is compiled for them
    call = _CONCAT.fullmatch(expression)
    parts = [part.strip() for part in re.split(r"\|\||,", _LITERAL.sub("", call[1] if call else expression))]
    names = tuple(part for part in parts if part)
    return names if all(_NAME.fullmatch(name) for name in names) else ()


def _stated(model: Model) -> Iterator[tuple[tuple[str, ...], str]]:
    if columns := _texts(lookup(model.meta, KEY_META)):
        yield columns, f"meta.{KEY_META}"
    for columns in _constrained(model, "primary_key"):
        yield columns, "a primary_key constraint"


def _kept_unique(
    model: Model, tests: Iterable[tuple[str, DataTest]], adapter: str | None
) -> Iterator[tuple[frozenset[str], tuple[tuple[str, ...], str]]]:
    """Folded columns of each candidate to the columns as written and what keeps them unique."""
    for name, test in tests:
        if name in UNIQUE_TOGETHER:
            columns = combination(test)
        elif name in UNIQUE and test.column is not None:
            columns = concatenated(test.column)
        else:
            continue
        if columns:
            yield frozenset(map(folded, columns)), (columns, f"the {test.name} test")
    if model.contract_enforced and adapter in ENFORCES_KEYS:
        for kind in ("primary_key", "unique"):
            for columns in _constrained(model, kind):
                yield frozenset(map(folded, columns)), (columns, f"a {kind} constraint")


def _kept_from_null(
    model: Model, tests: Iterable[tuple[str, DataTest]], adapter: str | None
) -> frozenset[str]:
    found: set[str] = set()
    for name, test in tests:
        if name in NOT_NULL and test.column is not None and _whole(test):
            found.add(folded(test.column))
        elif name == "primary_key":
            found.update(map(folded, combination(test)))
    if model.contract_enforced:
        kinds = {"not_null"} if adapter in ENFORCES_NOT_NULL else set()
        kinds |= {"primary_key"} if adapter in ENFORCES_KEYS else set()
        for kind in kinds:
            found.update(folded(name) for columns in _constrained(model, kind) for name in columns)
    return frozenset(found)


def _constrained(model: Model, kind: str) -> Iterator[tuple[str, ...]]:
    """The columns of each constraint of a kind. Primary keys on several columns are one key."""
    for constraint in model.constraints:
        if constraint.kind == kind and constraint.columns:
            yield constraint.columns
    single = [
        column.name
        for column in model.columns
        if column.constraints and any(constraint.kind == kind for constraint in column.constraints)
    ]
    if kind == "primary_key" and single:
        yield tuple(single)
    elif kind != "primary_key":
        yield from ((name,) for name in single)


def _whole(test: DataTest) -> bool:
    """Whether a not-null test allows no null at all; a proportion below 1 allows some."""
    if bare(test.name) != "not_null_proportion":
        return True
    try:
        return float(test.arguments.get("at_least", 0)) >= 1
    except (TypeError, ValueError):
        return False


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, Iterable) and not isinstance(value, (bytes, dict)):
        return tuple(item for item in value if isinstance(item, str) and item.strip())
    return ()
