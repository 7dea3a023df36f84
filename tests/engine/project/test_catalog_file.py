"""dbt's catalog.json as facts: the columns of tables, or why nobody told them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.project.catalog_file import Catalog
from floe_engine.project.facts import Column, Model, Project, Source

SEED = Model("seed.shop.codes", "codes", "seeds/codes.csv", "seed")
MODEL = Model("model.shop.m", "m", "models/m.sql", columns=(Column("a"),))
SOURCE = Source("source.shop.raw.t", "raw", "t")


def project(tmp_path: Path) -> Project:
    catalog = Catalog(tmp_path / "catalog.json", "target/catalog.json")
    return Project("shop", Path(), (SEED, MODEL), (SOURCE,), catalog=catalog)


def test_columns_stand_in_the_order_of_the_table(tmp_path: Path) -> None:
    columns = {"B": {"name": "B", "index": 2, "type": "int"}, "a": {"name": "a", "index": 1, "type": "int"}}
    written = {"nodes": {"seed.shop.codes": {"columns": columns}}, "sources": {"source.shop.raw.t": {}}}
    (tmp_path / "catalog.json").write_text(json.dumps(written))
    told = project(tmp_path)
    assert [told.table_columns(node) for node in (SEED, MODEL, SOURCE)] == [("a", "B"), None, ()]
    assert told.no_tables == "target/catalog.json does not have it"


@pytest.mark.parametrize("text", ["", "[", "[]", '{"nodes": 7}', "[" * 100_000, "\xff"])
def test_a_catalog_that_is_none_tells_nothing_and_why(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.json").write_bytes(text.encode("latin-1"))
    told = project(tmp_path)
    assert told.table_columns(SOURCE) is None
    assert told.no_tables.startswith("target/catalog.json cannot be used: ")


def test_where_there_is_none_that_is_the_reason(tmp_path: Path) -> None:
    assert project(tmp_path).no_tables == "there is no target/catalog.json"


def test_a_catalog_is_read_when_somebody_first_asks(tmp_path: Path) -> None:
    told = project(tmp_path)
    assert told.by_id
    written = {"nodes": {MODEL.unique_id: {"columns": {"a": {"name": "a"}}}}}
    (tmp_path / "catalog.json").write_text(json.dumps(written))
    assert told.table_columns(MODEL) == ("a",)
