"""dbt's catalog.json as facts: the columns of tables, or why nobody told them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.project.catalog_file import with_tables
from floe_engine.project.facts import Model, Project, Source

PROJECT = Project(
    "shop",
    Path(),
    (
        Model("seed.shop.codes", "codes", "seeds/codes.csv", "seed"),
        Model("model.shop.m", "m", "models/m.sql"),
    ),
    (Source("source.shop.raw.t", "raw", "t"),),
)


def test_columns_stand_in_the_order_of_the_table(tmp_path: Path) -> None:
    columns = {"B": {"name": "B", "index": 2, "type": "int"}, "a": {"name": "a", "index": 1, "type": "int"}}
    written = {"nodes": {"seed.shop.codes": {"columns": columns}}, "sources": {"source.shop.raw.t": {}}}
    (tmp_path / "catalog.json").write_text(json.dumps(written))
    told = with_tables(PROJECT, tmp_path / "catalog.json", "target/catalog.json")
    assert [node.table_columns for node in (*told.models, *told.sources)] == [("a", "B"), None, ()]
    assert (told.no_tables, told.warnings) == ("target/catalog.json does not have it", ())


@pytest.mark.parametrize("text", ["", "[", "[]", '{"nodes": 7}', "[" * 100_000, "\xff"])
def test_a_catalog_that_is_none_is_a_warning_and_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.json").write_bytes(text.encode("latin-1"))
    told = with_tables(PROJECT, tmp_path / "catalog.json", "target/catalog.json")
    assert told.models == PROJECT.models
    assert told.warnings == (told.no_tables,)
    assert told.no_tables.startswith("target/catalog.json cannot be used: ")


def test_where_there_is_none_the_reason_is_no_warning(tmp_path: Path) -> None:
    told = with_tables(PROJECT, tmp_path / "catalog.json", "target/catalog.json")
    assert (told.no_tables, told.warnings) == ("there is no target/catalog.json", ())
