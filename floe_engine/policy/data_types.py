"""Whether two data types mean the same, however a database spells them.

Types are compared by family: ``NUMBER(38,0)``, ``INT64`` and ``bigint`` are integers. The names of
the databases that dbt has adapters for are listed; a name that is not (a domain, an enumeration
of the user's own) is of no known family, and nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from floe_engine.patterns import pattern

SEPARATOR = "|"
"""Between types in a rule that takes any of several."""

_FAMILIES: Mapping[str, str] = {
    "boolean": "bool boolean logical",
    "integer": "int integer tinyint smallint mediumint bigint hugeint uhugeint byteint byte short long"
    " int1 int2 int4 int8 int16 int32 int64 int128 int256 uint8 uint16 uint32 uint64 uint128 uint256"
    " utinyint usmallint uinteger ubigint serial smallserial bigserial serial2 serial4 serial8 oid",
    "decimal": "decimal dec numeric number bignumeric bigdecimal money smallmoney"
    " decimal32 decimal64 decimal128 decimal256 decfloat",
    "float": "float float4 float8 float32 float64 double real bfloat16|double precision",
    "string": "string varchar text char character nvarchar nchar ntext bpchar citext clob tinytext"
    " mediumtext longtext varchar2 nvarchar2 fixedstring name"
    " enum enum8 enum16|character varying|char varying"
    "|character large object",
    "binary": "binary varbinary bytes bytea blob bit varbit varbyte tinyblob mediumblob longblob"
    " image|binary varying|bit varying|binary large object",
    "date": "date date32",
    "time": "time timetz time_ns time64|time without time zone|time with time zone",
    "timestamp": "timestamp_ntz timestampntz datetime datetime2 datetime32 datetime64 smalldatetime"
    " timestamp_s timestamp_ms timestamp_us timestamp_ns|timestamp without time zone",
    "timestamp with time zone": "timestamptz timestamp_tz timestampltz timestamp_ltz datetimeoffset"
    "|timestamp with time zone|timestamp with local time zone",
    "any timestamp": "timestamp",
    "interval": "interval",
    "uuid": "uuid guid uniqueidentifier",
    "json": "json jsonb variant object super dynamic",
    "array": "array list repeated vector",
    "struct": "struct row record tuple nested union",
    "map": "map hstore",
    "geography": "geography geometry point polygon linestring multipolygon",
    "network": "inet cidr macaddr ipv4 ipv6 ipaddress",
    "xml": "xml",
}

_FAMILY_OF = {
    name: family
    for family, spellings in _FAMILIES.items()
    for place, group in enumerate(spellings.split("|"))
    for name in (group.split() if place == 0 else [group])
}

_ZONED_TIMESTAMP = frozenset({"bigquery", "databricks", "spark"})
"""Adapters whose plain ``timestamp`` is a moment; elsewhere it has no time zone."""

_ONE_NUMBER = frozenset({"snowflake", "oracle"})
"""Adapters that keep every integer as a decimal of scale 0, and call it so."""

_UNWRAPPED = (
    pattern(r"(?:nullable|lowcardinality)\s*\((.*)\)\Z", re.DOTALL),
    pattern(r"simpleaggregatefunction\s*\(\s*\w+\s*,(.*)\)\Z", re.DOTALL),
)
_CONTAINER = pattern(r"(array|list|struct|row|record|tuple|nested|map|union|object|enum(?:8|16)?)\s*[(<]")
_SIZE = pattern(r"\(([^()]*)\)")


@lru_cache(maxsize=16_384)
def families(type_: str, adapter: str | None = None) -> frozenset[str]:
    """The families that a type of a database belongs to; none where its name is not known.

    A number of scale 0 is an integer and a decimal on databases that tell no difference.
    """
    name = " ".join(type_.strip().strip('"`').casefold().split())
    for wrapper in _UNWRAPPED:
        if (inside := wrapper.match(name)) is not None:
            return families(inside[1], adapter)
    if name.endswith("[]") or (name.startswith("_") and name[1:] in _FAMILY_OF):
        return frozenset({"array"})
    if (container := _CONTAINER.match(name)) is not None:
        return frozenset({_FAMILY_OF[container[1]]})
    size = _SIZE.search(name)
    plain = " ".join(_SIZE.sub(" ", name).removesuffix(" not null").removesuffix(" unsigned").split())
    family = "interval" if plain.startswith("interval ") else _FAMILY_OF.get(plain, "")
    if family == "any timestamp":
        family = "timestamp with time zone" if adapter in _ZONED_TIMESTAMP else "timestamp"
    if plain == "datetime64" and size is not None and "'" in size[1]:
        return frozenset({"timestamp", "timestamp with time zone"})  # ClickHouse: a zone to show it in
    if family == "decimal" and (adapter in _ONE_NUMBER or plain == "number") and _scale(size) == 0:
        return frozenset({"decimal", "integer"})
    return frozenset({family} if family else ())


def agrees(actual: str, wanted: str, adapter: str | None = None) -> bool | None:
    """Whether a type is one that a rule takes; None where its name is not known.

    `wanted` is a type, or several with ``|`` between. One without a size takes every size, and
    ``timestamp`` takes those with and without a time zone.
    """
    verdicts = [_agrees(actual, each, adapter) for each in wanted.split(SEPARATOR)]
    return True if True in verdicts else None if None in verdicts else False


def an_example(wanted: str) -> str:
    """A type that a rule takes."""
    return wanted.split(SEPARATOR)[0].strip()


def a_counterexample(wanted: str) -> str:
    """A type that a rule does not take; one that no database has where it takes all of them."""
    return next(
        (name for name in ("boolean", "date", "uuid") if agrees(name, wanted) is False), "no_such_type"
    )


def _agrees(actual: str, wanted: str, adapter: str | None) -> bool | None:
    first, second = (re.sub(r"\s+", "", text).casefold() for text in (actual, wanted))
    if first == second:
        return True
    is_, may_be = families(actual, adapter), families(wanted, adapter)
    if " ".join(wanted.split()).casefold() == "timestamp":
        may_be |= {"timestamp", "timestamp with time zone"}
    if not may_be:  # a name of the platform's own
        return _SIZE.sub("", first) == second
    if not is_:
        return None
    if not is_ & may_be:
        return False
    size = _SIZE.search(wanted)
    if size is None:
        return True
    mine = _SIZE.search(actual)
    return mine is not None and re.sub(r"\s", "", mine[1]) == re.sub(r"\s", "", size[1])


def _scale(size: re.Match[str] | None) -> int | None:
    """The digits after the point of a number; those databases take 0 where none are named."""
    if size is None:
        return 0
    _, comma, scale = size[1].partition(",")
    return int(scale) if scale.strip().isdigit() else None if comma else 0
