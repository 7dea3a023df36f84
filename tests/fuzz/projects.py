"""Harnesses of what a dbt project is made of: dbt's manifest, YAML files, SQL and Jinja, Python models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from floe_engine.lineage.traces import trace_of
from floe_engine.policy.evaluate import evaluate
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Model
from floe_engine.project.jinja.calls import Unreadable
from floe_engine.project.jinja.macros import Macros
from floe_engine.project.jinja.reading import TooMuch
from floe_engine.project.jinja.syntax import BrokenTemplate
from floe_engine.project.jinja.templates import Templates, python_calls
from floe_engine.project.reading import read_project
from tests.engine.project.projects import TRICKY
from tests.engine.project.test_dbt_manifest import generic_test, model
from tests.engine.upgrade.artifacts import artifact
from tests.engine.variations import TODAY
from tests.fuzz import scratch
from tests.fuzz.harness import Harness

PLATFORM = artifact().platform


def dbt_manifests() -> list[bytes]:
    columns = {
        "id": {"name": "id", "data_type": "int", "meta": {"classification": "pii"}, "description": "d"}
    }
    nodes = [
        model(
            "gold_sales", description="Sales.", columns=columns, patch_path="shop://models/s.yml", version=1,
            tags=["daily"], access="public", group="finance", raw_code="select 1 as id",
            constraints=[{"type": "primary_key", "columns": ["id"]}],
            config={"materialized": "table", "grants": {"select": ["a"]}, "contract": {"enforced": True}},
            depends_on={"nodes": ["model.shop.silver_sales", "source.shop.raw.orders"]},
            checksum={"name": "sha256", "checksum": "ab12"}, compiled_code="select id from silver_sales",
        ),
        model("silver_sales", columns=columns),
        generic_test("not_null", "model.shop.gold_sales", "id", config={"severity": "warn"}),
        generic_test("unique", "model.shop.gold_sales", "id"),
    ]  # fmt: skip
    source = {
        "name": "orders", "source_name": "raw", "resource_type": "source", "package_name": "shop",
        "columns": columns, "original_file_path": "models/s.yml",
        "freshness": {"warn_after": {"count": 1, "period": "day"}},
    }  # fmt: skip
    found = []
    for version in (9, 12):
        head = f"https://schemas.getdbt.com/dbt/manifest/v{version}.json"
        document = {
            "metadata": {"dbt_schema_version": head, "dbt_version": "1.11.0", "project_name": "shop",
                         "adapter_type": "duckdb"},
            "nodes": {f"{node['resource_type']}.shop.{node['name']}": node for node in nodes},
            "sources": {"source.shop.raw.orders": source},
            "exposures": {"exposure.shop.x": {"name": "x", "depends_on": {"nodes": ["model.shop.gold_sales"]},
                                              "owner": {"email": "a@b.c"}}},
            "groups": {"group.shop.finance": {"name": "finance", "owner": {"name": "F"}}},
            "unit_tests": {"unit_test.shop.u": {"name": "u", "model": "gold_sales",
                                                "depends_on": {"nodes": ["model.shop.gold_sales"]}}},
            "disabled": {}, "parent_map": {}, "child_map": {},
        }  # fmt: skip
        found.append(json.dumps(document).encode())
    return found


def read_dbt_manifest(data: bytes) -> None:
    place = scratch.put("dbt-manifest", "target/manifest.json", data)
    project = read_manifest(place / "target" / "manifest.json", place, project_name="shop")
    evaluate(PLATFORM, project, today=TODAY)


def _laid_out(name: str) -> Path:
    """The project with every trick; what an input wrote into it is put back."""
    place = scratch.directory(name)
    for file, text in TRICKY.items():
        path = place / file
        if not path.is_file() or path.read_text("utf-8", "surrogateescape") != text:
            shutil.rmtree(path, ignore_errors=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return place


def read_with(name: str, file: str, data: bytes) -> None:
    """The static reader over the project with one other file, and a judgement of what it found."""
    place = _laid_out(name)
    (place / file).write_bytes(data)
    try:
        evaluate(PLATFORM, read_project(place, reader="static"), today=TODAY)
    finally:
        (place / file).write_text(TRICKY[file])


def _of_ending(ending: str) -> list[bytes]:
    return [text.encode() for file, text in TRICKY.items() if file.endswith(ending)]


SQL = (
    b"{{ config(materialized='table', tags=['a'], meta={'k': var('x', 1)}) }}\n"
    b"with a as (select o.id, count(*) as n from {{ ref('orders') }} o\n"
    b"join {{ source('raw', 'x') }} x using (id)\n"
    b"group by 1) select *, sha256(id) as h from a {% if is_incremental() %} where n > 1 {% endif %}\n",
    b"{% macro m(a, b=1) %}{% for i in range(3) %}{{ a }}{{ m2(i) }}{% endfor %}{% endmacro %}\n"
    b"{% macro m2(i) %}{{ return(i ~ 'x') }}{% endmacro %}\n"
    b"select {{ m(2) }} from {{ ref('pkg', 'b', v=2) }}\n",
    b"{% set cols = ['a', 'b'] %}select {% for c in cols %}max({{ c }}) as {{ c }}{{ ',' if not loop.last }}"
    b"{% endfor %} from (select * exclude (z) from {{ this }}) pivot (sum(a) for b in ('x', 'y'))",
    b"select row_number() over (partition by a order by b) rn, t.*\n"
    b"from {{ var('table') }} t, unnest(arr) u(v)",
    b"{% snapshot s %}{{ config(unique_key='id', strategy='check') }}\n"
    b"select * from {{ ref('a') }}{% endsnapshot %}",
)


def read_sql(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    macros = Macros("shop", {"shop": lambda: [("macros/all.sql", text)]}, adapter="duckdb")
    for templates in (Templates({"x": 1}), Templates({"x": 1}, macros=macros)):
        for read in (templates.calls, templates.plain, templates.render, templates.render_or_keep,
                     templates.parent_of, partial(_blocks, templates)):  # fmt: skip
            _promised(partial(read, text))


def _blocks(templates: Templates, text: str) -> None:
    for block in templates.blocks(text, "snapshot", "docs"):
        str(block)


def _promised(read: Callable[[], Any]) -> None:
    """Readers of Jinja and Python say by these that a text cannot be read; their callers tell it."""
    try:
        read()
    except (BrokenTemplate, TooMuch, Unreadable, SyntaxError) as error:
        str(error)


def trace_sql(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    traced = Model("model.shop.m", "m", "models/m.sql", code=text)
    for adapter in ("duckdb", "bigquery", None):
        trace_of(traced, adapter, frozenset({"sha256"}), Templates())


PYTHON = TRICKY["models/marts/private/py_model.py"].encode()


def read_python(data: bytes) -> None:
    _promised(partial(python_calls, data.decode("utf-8", "replace")))


HARNESSES = (
    Harness("dbt-manifest", dbt_manifests, read_dbt_manifest),
    Harness(
        "dbt-project",
        lambda: [TRICKY["dbt_project.yml"].encode()],
        partial(read_with, "dbt-project", "dbt_project.yml"),
    ),
    Harness(
        "dbt-properties",
        lambda: _of_ending(".yml"),
        partial(read_with, "dbt-properties", "models/staging/_stg.yml"),
    ),
    Harness(
        "dbt-sql", lambda: _of_ending(".sql"), partial(read_with, "dbt-sql", "models/marts/dims/dim_v1.sql")
    ),
    Harness("jinja", lambda: [*SQL, *_of_ending(".sql")], read_sql),
    Harness("sql-lineage", lambda: list(SQL), trace_sql),
    Harness("python-model", lambda: [PYTHON], read_python),
)
