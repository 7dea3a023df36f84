"""What nobody declared is not exempt: tables that SQL names itself, columns that it makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from floe_engine.lineage.literal_tables import literal_tables
from tests.cli import floe
from tests.engine.policy.samples import RAW, columns, found, gates, judge, model, platform, source, subjects

STRICT = platform(**gates(require_sources=True, require_declared_columns=True, minimum_test_coverage=0))


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select id from raw.crm.people", ["raw.crm.people"]),
        ("select * from {{ ref('a') }} a\njoin x.y b on a.i = b.i", ["x.y"]),
        ("select * from {{ source('a', 'b') }} x, c.d e, f.g", ["c.d", "f.g"]),
        ("select * from `proj-x.ds.tab` t, t.items", ["`proj-x.ds.tab`"]),
        ('select * from "Raw"."People"', ['"Raw"."People"']),
        ("select * from {{ target.database }}.raw.people", ["….raw.people"]),
        ("with c as (select 1 from s.t) select * from c, c.arr", ["s.t"]),
        ("select (select max(x) from q.r) from {{ ref('x') }}", ["q.r"]),
        ("SELECT * FROM a.b LEFT JOIN a.b AS again ON 1 = 1", ["a.b"]),
        ("{% if x %} select * from a.b {% else %} select 1 {% endif %}", ["a.b"]),
    ],
)
def test_tables_that_sql_names_itself_are_found(sql: str, tables: list[str]) -> None:
    assert [name for name, _ in literal_tables(sql)] == tables


@pytest.mark.parametrize(
    "sql",
    [
        "select extract(year from a.b), trim(both ' ' from a.c) from {{ ref('t') }} a",
        "select a.x is distinct from b.y from {{ ref('a') }} a join {{ ref('b') }} b using (i)",
        "-- from a.b\n/* join c.d */ select 'from e.f' from {{ source('a', 'b') }}",
        "{# from a.b #} select * from {{ this }}",
        "select * from {{ ref('o') }} as o cross join o.items, unnest(o.more), lib.f(1)",
        "select * from information_schema.columns",
        "with made as (select 1) select * from made",
        "select made.x from {{ ref('y') }} where a.b = c.d",
        "",
    ],
)
def test_what_is_no_table_of_its_own_is_not(sql: str) -> None:
    assert literal_tables(sql) == ()


def test_a_table_is_pointed_at_where_it_stands_whether_dbt_compiled_or_not(tmp_path: Path) -> None:
    raw = "select *\nfrom {{ ref('silver_b') }}\njoin raw.people using (id)"
    compiled = "select * from db.main.silver_b join raw.people using (id)"
    for fields in ({"code": raw}, {"code": compiled, "compiled": True, "raw_code": raw}):
        (finding,) = found(judge(STRICT, model("silver_a", **fields)), "E223")
        assert (finding.actual, finding.path, finding.line) == ("raw.people", "models/silver_a.sql", 3)


def test_columns_that_nothing_declares_are_named() -> None:
    told = model("silver_a", columns=columns("id"), code="select 1 as id, 'x' as email, 'y' as ssn")
    (finding,) = found(judge(STRICT, told), "E224")
    assert finding.message == "silver_a makes email, ssn, which nothing declares"
    whole = model("silver_a", columns=columns("ID", "email", "ssn"), code=told.code)
    assert found(judge(STRICT, whole), "E224") == []


def test_a_star_is_followed_into_the_models_it_stands_for() -> None:
    above = model("bronze_a", columns=columns("id", "email"), code="select 1 as id, 'x' as email")
    below = model(
        "silver_a",
        columns=columns("id"),
        parents=["bronze_a"],
        code="with a as (select * from {{ ref('bronze_a') }}) select *, 2 as n from a",
    )
    (finding,) = found(judge(STRICT, above, below), "E224")
    assert finding.actual == "2 of 3 undeclared"


@pytest.mark.parametrize(
    "code",
    [
        "select * from {{ source('raw', 'orders') }}",
        "select {{ unheard_of_macro() }} from {{ ref('x') }}",
        "selekt nonsense",
        "",
    ],
)
def test_columns_that_cannot_be_told_are_not_passed(code: str) -> None:
    told = model("silver_a", columns=columns("id"), checksum="x", code=code)
    told = replace(told, parents=(RAW,))
    assert subjects(judge(STRICT, told, sources=[source("orders")]), "E224") == ["silver_a"]


def test_the_finding_that_began_it(tmp_path: Path) -> None:
    """A table that is no source, two columns that nobody declares: all was green, 100 % covered."""
    manifest = (
        'apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: acme, version: "1.0.0"}\n'
        "plugins: {compute: {type: duckdb}}\n"
        "governance: {quality_gates: {required_tests: [], require_sources: true,"
        " require_declared_columns: true}}\n"
        'data_architecture: {naming: {enforcement: "off"}}\n'
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "manifest.yaml").write_text(manifest)
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "models/people.sql").write_text("select id, email, ssn from raw.crm.people\n")
    (tmp_path / "models/s.yml").write_text(
        "models: [{name: people, columns: [{name: id, data_tests: [unique, not_null]}]}]\n"
    )
    (tmp_path / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {manifest: manifest.yaml}\n"
        "transforms: [{type: dbt}]\n"
    )
    done = floe(tmp_path, "compile", "-o", "json")
    assert done.code == 1
    told = {finding["rule"]: finding for finding in json.loads(done.out)["projects"][0]["findings"]}
    assert told["FLOE-E223"]["actual"] == "raw.crm.people"
    assert told["FLOE-E224"]["actual"] == "2 of 3 undeclared"


def test_without_the_extra_that_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe_engine.lineage.traces.available", lambda: False)
    models = [model(f"gold_{number}", code="select 1 as id", compiled=True) for number in range(3)]
    (finding,) = found(judge(STRICT, *models), "E224")
    assert finding.message.startswith("the columns of 3 models were not judged: the lineage extra is not")
    assert (finding.parameter, finding.suggestion) == ("unread", "install the extra")
