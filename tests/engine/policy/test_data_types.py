"""Types of many databases, compared by what they mean."""

from __future__ import annotations

import pytest

from floe_engine.policy.data_types import agrees
from floe_engine.project.facts import Column
from tests.engine.policy.samples import found, judge, model, platform

SAME = {
    "integer": {
        "duckdb": ("INT", "hugeint", "ubigint", "int8", "long"),
        "snowflake": ("NUMBER(38,0)", "NUMBER", "number(12)", "decimal", "BYTEINT"),
        "bigquery": ("INT64", "INTEGER"),
        "postgres": ("int4", "bigserial", "oid"),
        "clickhouse": ("UInt256", "Nullable(Int64)", "LowCardinality(Nullable(Int8))",
                       "SimpleAggregateFunction(sum, UInt64)"),
        "mysql": ("int unsigned", "bigint(20) unsigned"),
    },
    "timestamp": {
        "postgres": ("timestamptz", "timestamp(6) without time zone", "timestamp with time zone"),
        "trino": ("timestamp(6) with time zone", "timestamp(3)"),
        "clickhouse": ("DateTime64(3)", "DateTime64(3, 'UTC')", "Nullable(DateTime)"),
        "snowflake": ("TIMESTAMP_NTZ(9)", "timestamp_ltz"),
        "bigquery": ("DATETIME", "TIMESTAMP"),
    },
    "timestamptz": {"bigquery": ("TIMESTAMP",), "trino": ("timestamp(6) with time zone",)},
    "varchar": {
        "snowflake": ("VARCHAR(16777216)", "TEXT"),
        "postgres": ("citext", "character varying(20)", "bpchar"),
        "clickhouse": ("FixedString(66)", "LowCardinality(String)", "Enum8('a' = 1, 'b' = 2)"),
    },
    "array": {"postgres": ("integer[]", "_int4"), "bigquery": ("ARRAY<STRUCT<a INT64>>", "REPEATED")},
    "struct": {"trino": ("row(a bigint, b varchar)",), "clickhouse": ("Tuple(a String)",)},
    "decimal": {"snowflake": ("NUMBER(38,0)", "NUMBER(10,2)"), "clickhouse": ("Decimal(38,18)",)},
    "interval": {"databricks": ("interval day to second",)},
    "decimal(18,2)": {"postgres": ("NUMERIC(18, 2)",)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "adapter", "actual"),
    [(w, a, t) for w, by_adapter in SAME.items() for a, types in by_adapter.items() for t in types],
)
def test_a_type_is_what_the_database_means_by_it(wanted: str, adapter: str, actual: str) -> None:
    assert agrees(actual, wanted, adapter) is True


@pytest.mark.parametrize(
    ("wanted", "adapter", "actual"),
    [
        ("integer", "snowflake", "NUMBER(10,2)"),
        ("integer", "postgres", "numeric"),
        ("integer", "postgres", "text"),
        ("timestamptz", "postgres", "timestamp"),
        ("timestamp_ntz", "bigquery", "TIMESTAMP"),
        ("timestamp", "duckdb", "date"),
        ("varchar", "clickhouse", "Nullable(DateTime64(3))"),
        ("decimal(18,2)", "postgres", "numeric(18,4)"),
        ("integer", "postgres", "integer[]"),
        ("boolean", "duckdb", "struct(a boolean)"),
    ],
)
def test_another_family_or_size_is_another_type(wanted: str, adapter: str, actual: str) -> None:
    assert agrees(actual, wanted, adapter) is False


def test_of_a_type_that_a_user_made_nothing_is_said() -> None:
    assert agrees("order_status", "varchar", "postgres") is None
    assert agrees("order_status", "order_status", "postgres") is True
    assert agrees("varchar", "order_status", "postgres") is False


def test_a_rule_may_take_a_list_of_types() -> None:
    on = platform(catalog__schema_registry__type_rules=[{"pattern": ".*_at", "type": ["timestamp", "date"]}])
    typed = {"a_at": "TIMESTAMPTZ", "b_at": "DATE", "c_at": "varchar"}
    columns = tuple(Column(name, data_type=type_) for name, type_ in typed.items())
    evaluation = judge(on, model("bronze_a", columns=columns))
    assert [(f.subject, f.expected) for f in found(evaluation, "E273")] == [
        ("bronze_a.c_at", "timestamp | date")
    ]
