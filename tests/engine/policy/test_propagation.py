from __future__ import annotations

from typing import Any

import pytest

from floe_engine.lineage import sql_trace, traces
from floe_engine.lineage.sql_outputs import Trace
from floe_engine.lineage.traces import trace_of
from floe_engine.policy.evaluate import evaluate
from floe_engine.project.facts import Column
from tests.engine.policy.samples import (
    TODAY,
    asked,
    columns,
    found,
    judge,
    model,
    platform,
    project,
    source,
    subjects,
)

PII = {"classification": "pii"}
RAW = source("people", columns=columns("id", Email=PII))
BREAKERS = frozenset({"sha256", "md5", "count"})


def trace(code: str, adapter: str | None, breakers: frozenset[str]) -> Trace:
    """Where the columns of a model with this SQL come from."""
    return trace_of(model("traced", code=code), adapter, breakers)


def by(mode: str, **settings: Any) -> Any:
    return platform(governance__classification__propagation={"mode": mode, **settings})


def test_a_column_of_the_same_name_inherits_its_level_through_every_generation() -> None:
    evaluation = judge(
        by("name"),
        model("bronze_people", columns=columns("id", "EMAIL"), parents=[RAW.unique_id]),
        model("silver_people", parents=["bronze_people"]),
        model("gold_people", columns=columns("email", "other"), parents=["silver_people"]),
        sources=[RAW],
    )
    assert subjects(evaluation, "E251") == ["bronze_people.EMAIL", "gold_people.email"]
    finding = found(evaluation, "E251")[1]
    assert finding.severity == "warning"
    assert "raw.people.Email (pii)" in finding.message


@pytest.mark.parametrize(
    "meta", [PII, {"floe": {"declassified": True}}, {"floe.classification": "phi"}, {"contains_pii": True}]
)
def test_saying_what_it_is_or_that_it_no_longer_is_satisfies(meta: dict[str, Any]) -> None:
    below = model("bronze_people", columns=columns(email=meta), parents=[RAW.unique_id])
    assert subjects(judge(by("name"), below, sources=[RAW]), "E251") == []


def test_a_lower_declaration_is_not_enough_and_does_not_stop_the_level() -> None:
    evaluation = judge(
        by("name", enforcement="strict"),
        model("bronze_p", columns=columns(email={"classification": "public"}), parents=[RAW.unique_id]),
        model("silver_p", columns=columns("email"), parents=["bronze_p"]),
        sources=[RAW],
    )
    assert [(f.subject, f.actual, f.severity) for f in found(evaluation, "E251")] == [
        ("bronze_p.email", "public", "error"),
        ("silver_p.email", "undeclared (internal)", "error"),
    ]


def test_by_model_every_descendant_counts() -> None:
    evaluation = judge(
        by("model"),
        model("bronze_p", columns=columns("x"), parents=[RAW.unique_id]),
        model("silver_p", tags=frozenset({"pii"}), parents=["bronze_p"]),
        model("gold_p", meta={"floe": {"declassified": True}}, parents=["silver_p"]),
        model("gold_q", parents=["gold_p"]),
        sources=[RAW],
    )
    assert subjects(evaluation, "E250") == ["bronze_p"]


def test_with_propagation_off_nothing_is_asked() -> None:
    below = model("bronze_p", columns=columns("email"), parents=[RAW.unique_id])
    evaluation = judge(by("off"), below, sources=[RAW])
    assert not any(asked(evaluation, rule, "bronze_p") for rule in ("E250", "E251", "E252"))


def sql(name: str, code: str, *names: str, parents: tuple[str, ...] = (RAW.unique_id,), **fields: Any) -> Any:
    return model(name, columns=columns(*names), code=code, parents=parents, **fields)


def test_by_column_a_renamed_column_is_found_where_names_would_miss_it() -> None:
    people = sql(
        "bronze_p",
        "with p as (select id, email as mail from {{ source('raw', 'people') }})"
        " select lower(mail) as m, id from p",
        "m",
        "id",
    )
    evaluation = judge(by("column"), people, sources=[RAW])
    assert subjects(evaluation, "E252") == ["bronze_p.m"]
    assert not found(evaluation, "E253")
    assert subjects(judge(by("name"), people, sources=[RAW]), "E251") == []


def test_by_column_a_hash_ends_the_trace_and_an_undeclared_column_does_not() -> None:
    evaluation = judge(
        by("column"),
        sql("bronze_p", "select md5(email) as h, email as e from {{ source('raw', 'people') }}", "h"),
        sql("silver_p", "select * from {{ ref('bronze_p') }}", "h", "e", parents=("bronze_p",)),
        sources=[RAW],
    )
    assert subjects(evaluation, "E252") == ["silver_p.e"]


def test_what_cannot_be_read_is_reported_and_followed_by_name() -> None:
    evaluation = judge(
        by("column"),
        sql("bronze_a", "select {{ magic('email') }} as email from {{ source('raw', 'people') }}", "email"),
        sql("bronze_b", "selekt nonsense from", "email"),
        sql("bronze_c", "", "email", language="python"),
        sources=[RAW],
    )
    assert subjects(evaluation, "E252") == ["bronze_a.email", "bronze_b.email", "bronze_c.email"]
    assert {f.subject: f.actual for f in found(evaluation, "E253")} == {
        "bronze_a": "column email depends on Jinja that only dbt can run",
        "bronze_b": "its SQL could not be parsed as duckdb SQL",
        "bronze_c": "it is a Python model",
    }


def test_without_sqlglot_names_are_followed_and_the_project_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(traces, "available", lambda: False)
    evaluation = judge(by("column"), sql("bronze_a", "select email from x", "email"), sources=[RAW])
    assert subjects(evaluation, "E252") == ["bronze_a.email"]
    (finding,) = found(evaluation, "E253")
    assert finding.subject == "shop"
    assert "floe-workbench[lineage]" in finding.message


def test_sql_is_traced_once_for_all_platforms_that_ask_the_same_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = sql("bronze_p", "select email as e, * exclude (email) from {{ source('raw','people') }}", "e")
    shop = project(people, sources=[RAW])
    first = evaluate(by("column"), shop, today=TODAY)
    traced = []
    monkeypatch.setattr(sql_trace, "trace", lambda *_: traced.append(1) or Trace(failure="made anew"))
    assert evaluate(by("column", enforcement="strict"), shop, today=TODAY).findings != first.findings
    assert not traced
    evaluate(by("column", declassify_functions=["md5"]), shop, today=TODAY)
    assert traced == [1]


def test_a_renamed_column_inherits_its_level_beside_a_star_without_it() -> None:
    people = sql("bronze_p", "select email as e, * exclude (email) from {{ source('raw','people') }}", "e")
    assert subjects(judge(by("column"), people, sources=[RAW]), "E252") == ["bronze_p.e"]


A, B = "ref:a", "ref:b"


ORIGINS: list[tuple[str, dict[str, set[tuple[str, str]]]]] = [
    (
        "select id, email from {{ ref('a') }} union all select id, mail from {{ ref('b') }}",
        {"id": {(A, "id"), (B, "id")}, "email": {(A, "email"), (B, "mail")}},
    ),
    (
        'select x."Email" as e from "db"."main"."people" as x',
        {"e": {("table:db.main.people", "email")}},
    ),
    (
        "select (select max(b.email) from {{ ref('b') }} b) as m from {{ ref('a') }} a",
        {"m": {(B, "email")}},
    ),
    (
        "select sha256(email) as h, count(email) as n, md5(lower(email)) as d from {{ ref('a') }}",
        {"h": set(), "n": set(), "d": set()},
    ),
    (
        "select a.email from {{ ref('a') }} a join {{ ref('b') }} b on a.id = b.id",
        {"email": {(A, "email")}},
    ),
    (
        "select email from {{ ref('a') }} join {{ ref('b') }} using (id)",
        {"email": {(A, "email"), (B, "email")}},
    ),
    (
        "{{ config(materialized='table') }}"
        " select x {% if target.name %}, y {% else %}, z {% endif %} from {{ ref('p', 'a') }}",
        {"x": {(A, "x")}, "y": {(A, "y")}},
    ),
    ("select {{ dbt_utils.generate_surrogate_key(['email']) }} as k from {{ ref('a') }}", {"k": set()}),
    (
        "with recursive r as (select email from {{ ref('a') }} union all select email from r)"
        " select email from r",
        {"email": {(A, "email")}},
    ),
    ("select address.street as s from {{ ref('a') }}", {"s": {(A, "address")}}),
    ("select unnest(emails) as e from {{ ref('a') }}", {"e": {(A, "emails")}}),
    # What only a whole family of real projects shows.
    (
        "{% set kinds = ['card', 'cash'] %}{% set ns.total = 0 %} select {% for kind in kinds %}"
        "sum({{ kind }}) as {{ kind }}_sum{% if not loop.last %}, {% endif %}{% endfor %} from {{ ref('a') }}"
        " {% if is_incremental() %} where {{ t }} {% endif %}",
        {"card_sum": {(A, "card")}, "cash_sum": {(A, "cash")}},
    ),
    (
        "{% macro m() %} %} {% endmacro %}{# }} #} select x {% if is_incremental() %}, y {% else %}, z"
        " {% endif %} from {{ ref('a') }} {{ dbt_utils.group_by(2) }}",
        {"x": {(A, "x")}, "z": {(A, "z")}},
    ),
    (
        "with c(mail, id) as (select email, id from {{ ref('a') }})"
        " select t.m from (select mail from c) t(m)",
        {"m": {(A, "email")}},
    ),
    (
        "with c as (select address.street as s from {{ ref('a') }}) select s from c",
        {"s": {(A, "address")}},
    ),
    (
        "select l.m from {{ ref('a') }} a, lateral (select email as m from {{ ref('b') }} b"
        " where b.id = a.id) l",
        {"m": {(B, "email")}},
    ),
    (
        "select row_number() over (partition by email order by ts) as n, max(pay) over (partition by email)"
        " as p, count(*) as c from {{ ref('a') }}",
        {"n": set(), "p": {(A, "pay")}, "c": set()},
    ),
    ("select to_json(a) as j from {{ ref('a') }} a", {"j": {(A, "a"), (A, "*")}}),
    (
        "select email, id from {{ ref('a') }} union all by name select id, email from {{ ref('b') }}",
        {"email": {(A, "email"), (B, "email")}, "id": {(A, "id"), (B, "id")}},
    ),
    (
        "with __dbt__cte__a as (select mail as email from raw.people) select email as e from __dbt__cte__a",
        {"e": {(A, "email")}},
    ),
]

BY_DIALECT: list[tuple[str, str, dict[str, set[tuple[str, str]]]]] = [
    (
        "snowflake",
        "select * exclude (x) rename (email as mail) from {{ ref('a') }}",
        {"mail": {(A, "email")}},
    ),
    (
        "snowflake",
        "select f.value:email::string as e from {{ ref('a') }} a, lateral flatten(input => a.contacts) f",
        {"e": {(A, "contacts")}},
    ),
    (
        "snowflake",
        "select v, k from {{ ref('a') }} unpivot (v for k in (email, phone))",
        {"v": {(A, "email"), (A, "phone")}, "k": set()},
    ),
    (
        "snowflake",
        "select sha2_hex(email) as h, object_construct(*) as o from {{ ref('a') }}",
        {"h": set(), "o": {(A, "*")}},
    ),
    (
        "snowflake",
        "select * from {{ ref('a') }} pivot (sum(pay) for month in ('jan', 'feb'))",
        {"'jan'": {(A, "pay")}, "'feb'": {(A, "pay")}},
    ),
    (
        "bigquery",
        "select dt, jan from {{ ref('a') }} pivot (max(email) for month in ('jan', 'feb'))",
        {"dt": {(A, "dt")}, "jan": {(A, "email")}},
    ),
    (
        "trino",
        "select id, e from {{ ref('a') }} cross join unnest(emails) as u (e)",
        {"id": {(A, "id")}, "e": {(A, "emails")}},
    ),
    (
        "bigquery",
        "select (select p.value.text from unnest(params) p where p.key = 'email') as e, user.address.street"
        " as s, to_hex(sha256(email)) as h from {{ ref('a') }}",
        {"e": {(A, "params")}, "s": {(A, "user")}, "h": set()},
    ),
    (
        "databricks",
        "select stack(2, 'a', email, 'b', phone) as (k, v) from {{ ref('a') }}",
        {"k": {(A, "email"), (A, "phone")}, "v": {(A, "email"), (A, "phone")}},
    ),
    ("postgres", "select g from {{ ref('a') }} a, generate_series(1, a.n) g", {"g": {(A, "g"), (A, "n")}}),
    ("duckdb", "select columns('.*mail') from {{ ref('a') }}", {"*": {(A, "*")}}),
]


@pytest.mark.parametrize(("code", "expected"), ORIGINS)
def test_the_origins_of_a_column(code: str, expected: dict[str, set[tuple[str, str]]]) -> None:
    traced = trace(code, "duckdb", BREAKERS)
    assert traced.failure == ""
    assert {name: set(origins) for name, origins in traced.columns.items()} == expected


@pytest.mark.parametrize(("dialect", "code", "expected"), BY_DIALECT)
def test_what_is_written_in_one_dialect_alone(
    dialect: str, code: str, expected: dict[str, set[tuple[str, str]]]
) -> None:
    traced = trace(code, dialect, BREAKERS | {"sha2"})
    assert (traced.failure, traced.unresolved) == ("", frozenset())
    assert {name: set(origins) for name, origins in traced.columns.items()} == expected


def test_a_column_whose_name_only_dbt_knows_may_be_any() -> None:
    for code in ("select email as {{ x }}_id from {{ ref('a') }}", "select {{ x }}_id from {{ ref('a') }}"):
        assert "*" in trace(code, "duckdb", BREAKERS).unresolved


def test_loops_that_write_without_end_are_a_failure_and_no_wait() -> None:
    numbers = list(range(100))
    for body in (", a" * 90, "", "{{ a }}"):
        code = "select 1 " + f"{{% for a in {numbers} %}}" * 9 + body + "{% endfor %}" * 9
        assert "Jinja" in trace(code, "duckdb", BREAKERS).failure
    assert "Jinja" in trace("select 1" + "{% if x %}" * 20_000, "duckdb", BREAKERS).failure


def test_compiled_tables_are_found_by_what_dbt_calls_them() -> None:
    raw = source("people", columns=columns("id", Email=PII), relation='"db"."raw"."persons"')
    namesake = model("persons", columns=columns("email"), relation='"db"."main"."persons"')
    below = model(
        "bronze_p",
        columns=columns("a", "b"),
        code='select r.email as a, m.email as b from "db"."raw"."persons" r, "db"."main"."persons" m',
        parents=[raw.unique_id, namesake.unique_id],
    )
    evaluation = judge(by("column"), namesake, below, sources=[raw])
    assert subjects(evaluation, "E252") == ["bronze_p.a"]
    assert subjects(evaluation, "E253") == []


def test_a_declared_field_and_a_whole_row_carry_their_level() -> None:
    raw = source("people", columns=(*columns("id"), Column("who.email", meta=PII)))
    code = "select who as w, to_json(p) as j, id from {{ source('raw', 'people') }} p"
    below = sql("bronze_p", code, "w", "j", "id")
    assert subjects(judge(by("column"), below, sources=[raw]), "E252") == ["bronze_p.j", "bronze_p.w"]


def test_a_star_lets_everything_through_but_what_it_excludes() -> None:
    traced = trace(
        "select a.* exclude (email), b.* from {{ ref('a') }} a, {{ ref('b') }} b", "duckdb", BREAKERS
    )
    assert traced.stars == {A: frozenset({"email"}), B: frozenset()}


def test_a_table_that_only_dbt_knows_leaves_everything_unresolved() -> None:
    assert trace("select * from {{ a_macro() }}", "duckdb", BREAKERS).unresolved == {"*"}


def test_sql_that_only_a_macro_writes_is_not_called_broken() -> None:
    for code in (
        "{{ union_all(var('tables')) }}",
        "select a from {{ ref('a') }} {{ one }} {{ two }} {{ x }}",
    ):
        assert trace(code, "duckdb", BREAKERS).failure.startswith("its SQL is made by macros")


@pytest.mark.parametrize(
    "code", ["", " ", "drop table x", "select (", "(" * 5000, "select 1;" + "x" * 300_001]
)
def test_a_text_that_is_no_query_is_a_failure_with_a_reason(code: str) -> None:
    assert trace(code, "duckdb", BREAKERS).failure
