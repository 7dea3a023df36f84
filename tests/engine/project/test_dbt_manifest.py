"""dbt's manifest.json as facts, for every schema version we say we read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from floe_engine.errors import ConfigurationError
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Model, Project
from floe_engine.project.lines import declared_lines


def model(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "resource_type": "model",
        "package_name": "shop",
        "original_file_path": f"models/{name}.sql",
        **fields,
    }


def generic_test(name: str, attached: str, column: str | None = None, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "kwargs": {"column_name": column, "model": "{{ ref('x') }}"}}
    metadata["kwargs"].update(fields.pop("kwargs", {}))
    metadata["namespace"] = fields.pop("namespace", None)
    return {
        "name": f"{name}_{attached}",
        "resource_type": "test",
        "package_name": "shop",
        "attached_node": attached,
        "column_name": column,
        "test_metadata": metadata,
        "depends_on": {"nodes": [attached]},
        **fields,
    }


def read(tmp_path: Path, *nodes: dict[str, Any], version: int = 12, **parts: Any) -> Project:
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json",
        "dbt_version": "1.11.0",
        "project_name": "shop",
        "adapter_type": "duckdb",
    } | parts.pop("metadata", {})
    identified = {
        node.pop("unique_id", f"{node['resource_type']}.{node['package_name']}.{node['name']}"): node
        for node in nodes
    }
    document = {"metadata": metadata, "nodes": identified, **parts}
    return read_manifest(
        json.dumps(document).encode(), tmp_path, project_name=parts.pop("project_name", None)
    )


def only(project: Project) -> Model:
    (found,) = project.models
    return found


def test_a_models_own_facts_are_read(tmp_path: Path) -> None:
    found = only(
        read(
            tmp_path,
            model(
                "gold_sales",
                description="Sales by day.",
                patch_path="shop://models/gold/_gold.yml",
                config={
                    "materialized": "table",
                    "schema": "gold",
                    "access": "public",
                    "group": "finance",
                    "grants": {"select": ["analyst"], "insert": "loader"},
                    "contract": {"enforced": True},
                    "tags": ["daily"],
                },
                tags=["daily", "sales"],
                access="public",
                group="finance",
                contract={"enforced": True},
                constraints=[{"type": "primary_key", "columns": ["day"]}],
                version=2,
                depends_on={"nodes": ["model.shop.silver_sales", "model.shop.silver_sales"]},
                checksum={"name": "sha256", "checksum": "ab12"},
                raw_code="select 1",
                relation_name='"db"."gold"."sales"',
            ),
        )
    )
    assert (found.properties_path, found.description) == ("models/gold/_gold.yml", "Sales by day.")
    assert (found.schema, found.materialized, found.version) == ("gold", "table", "2")
    assert (found.access, found.group, found.contract_enforced) == ("public", "finance", True)
    assert found.grants == {"select": ("analyst",), "insert": ("loader",)}
    assert found.tags == {"daily", "sales"}
    assert found.constraints[0].columns == ("day",)
    assert found.parents == ("model.shop.silver_sales",)
    assert (found.code, found.compiled, found.checksum) == ("select 1", False, "ab12")
    assert found.relation == '"db"."gold"."sales"'


def test_compiled_code_is_preferred(tmp_path: Path) -> None:
    found = only(read(tmp_path, model("a", raw_code="{{ x }}", compiled_code="select 2")))
    assert (found.code, found.compiled) == ("select 2", True)


def test_tests_carry_namespace_column_and_arguments(tmp_path: Path) -> None:
    found = only(
        read(
            tmp_path,
            model("a"),
            generic_test("not_null", "model.shop.a", "ID"),
            generic_test(
                "recency",
                "model.shop.a",
                namespace="dbt_utils",
                kwargs={"arguments": {"field": "day", "interval": 2}},
                config={"severity": "WARN"},
            ),
        )
    )
    not_null, recency = found.tests
    assert (not_null.name, not_null.column, not_null.severity) == ("not_null", "ID", "error")
    assert (recency.name, recency.column, recency.severity) == ("dbt_utils.recency", None, "warn")
    assert recency.arguments == {"field": "day", "interval": 2}


def test_a_model_test_may_name_its_column_as_an_argument(tmp_path: Path) -> None:
    found = only(read(tmp_path, model("a"), generic_test("unique", "model.shop.a", None)))
    assert found.tests[0].column is None
    named = generic_test("unique", "model.shop.a", None, kwargs={"column_name": "id"})
    found = only(read(tmp_path, model("a"), named))
    assert found.tests[0].column == "id"


def test_disabled_tests_do_not_count(tmp_path: Path) -> None:
    test = generic_test("unique", "model.shop.a", "id", config={"enabled": False})
    assert only(read(tmp_path, model("a"), test)).tests == ()


def test_singular_and_unit_tests_are_counted_by_what_they_read(tmp_path: Path) -> None:
    singular = {
        "name": "no_gaps",
        "resource_type": "test",
        "package_name": "shop",
        "depends_on": {"nodes": ["model.shop.a"]},
    }
    unit = {"package_name": "shop", "depends_on": {"nodes": ["model.shop.a"]}}
    found = only(read(tmp_path, model("a"), singular, unit_tests={"unit_test.shop.a.u": unit}))
    assert (found.singular_tests, found.unit_tests) == (1, 1)


def test_installed_packages_are_left_out(tmp_path: Path) -> None:
    project = read(tmp_path, model("a"), model("theirs", package_name="dbt_utils"))
    assert [m.name for m in project.models] == ["a"]


def test_column_meta_and_tags_are_merged_with_those_of_config(tmp_path: Path) -> None:
    column = {
        "name": "EMAIL",
        "meta": {"owner": "crm", "classification": "internal"},
        "config": {"meta": {"classification": "pii"}, "tags": "gdpr"},
        "tags": ["mail"],
        "data_type": "varchar",
        "constraints": [{"type": "not_null"}],
    }
    found = only(read(tmp_path, model("a", columns={"EMAIL": column}))).columns_by_name["email"]
    assert found.meta == {"owner": "crm", "classification": "pii"}
    assert found.tags == {"gdpr", "mail"}
    assert [c.kind for c in found.constraints] == ["not_null"]


def test_null_where_dbt_2_writes_null_is_absence(tmp_path: Path) -> None:
    column = {"name": "id", "meta": None, "tags": None, "config": {}, "description": None}
    nulls = dict.fromkeys(("meta", "tags", "description", "columns", "depends_on", "contract", "group"))
    found = only(read(tmp_path, model("a", **nulls, config={})))
    assert (found.meta, found.tags, found.description, found.columns) == ({}, frozenset(), "", ())
    assert only(read(tmp_path, model("a", columns={"id": column}))).columns[0].meta == {}


def test_freshness_needs_a_count(tmp_path: Path) -> None:
    empty = {"count": None, "period": None}

    def source(freshness: Any) -> bool:
        node = {
            "name": "orders",
            "resource_type": "source",
            "package_name": "shop",
            "source_name": "raw",
            "original_file_path": "models/raw.yml",
            "freshness": freshness,
        }
        return read(tmp_path, model("a"), sources={"source.shop.raw.orders": node}).sources[0].has_freshness

    assert not source({"warn_after": empty, "error_after": empty})
    assert not source(None)
    assert source({"warn_after": {"count": 12, "period": "hour"}, "error_after": empty})


def test_a_models_own_freshness_config_counts(tmp_path: Path) -> None:
    limit = {"count": 4, "period": "hour"}
    assert only(read(tmp_path, model("a", config={"freshness": {"warn_after": limit}}))).has_freshness
    assert not only(read(tmp_path, model("a", config={"freshness": {"build_after": limit}}))).has_freshness
    assert not only(read(tmp_path, model("a", config={"freshness": None}))).has_freshness


def test_tests_of_a_source_are_attached_by_what_they_depend_on(tmp_path: Path) -> None:
    node = {"name": "orders", "resource_type": "source", "package_name": "shop", "source_name": "raw"}
    test = generic_test("unique", "source.shop.raw.orders", "id", attached_node=None)
    project = read(tmp_path, test, sources={"source.shop.raw.orders": node})
    assert [t.name for t in project.sources[0].tests] == ["unique"]


def test_seeds_snapshots_exposures_and_groups_are_read(tmp_path: Path) -> None:
    project = read(
        tmp_path,
        model("s", resource_type="seed", original_file_path="seeds/s.csv"),
        model("h", resource_type="snapshot", original_file_path="snapshots/h.sql"),
        exposures={
            "exposure.shop.board": {
                "name": "board",
                "package_name": "shop",
                "depends_on": {"nodes": ["seed.shop.s"]},
            }
        },
        groups={
            "group.shop.finance": {
                "name": "finance",
                "package_name": "shop",
                "owner": {"email": ["f@example.com"], "name": "F"},
            }
        },
    )
    assert {m.name: m.resource_type for m in project.models} == {"s": "seed", "h": "snapshot"}
    assert list(project.downstream("seed.shop.s")) == ["exposure.shop.board"]
    assert project.groups[0].owner == "f@example.com"


def test_lines_come_from_the_properties_file_where_it_stands(tmp_path: Path) -> None:
    properties = tmp_path / "models" / "_m.yml"
    properties.parent.mkdir()
    properties.write_text(
        "version: 2\nmodels:\n- name: b\n- name: a\n  columns:\n  - name: id\n    tests: [unique]\n"
    )
    node = model("a", patch_path="shop://models/_m.yml", columns={"id": {"name": "id"}})
    found = only(read(tmp_path, node))
    assert found.where == ("models/_m.yml", 4)
    assert found.columns[0].line == 6


def test_lines_are_not_looked_for_outside_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "secret.yml").write_text("models:\n- name: a\n")
    found = only(read(inside, model("a", patch_path="shop://../secret.yml")))
    assert found.line == 0


def test_dbt_1_5_does_not_name_its_project(tmp_path: Path) -> None:
    nodes = [model("a", package_name="dbt_utils"), model("b"), model("c")]
    anonymous = {"project_name": None}
    assert read(tmp_path, *nodes, version=9, metadata=anonymous).name == "shop"


@pytest.mark.parametrize("version", [9, 10, 11, 12])
def test_known_schema_versions_are_read_without_a_warning(tmp_path: Path, version: int) -> None:
    assert read(tmp_path, model("a"), version=version).warnings == ()


@pytest.mark.parametrize("version", [13, 20])
def test_newer_schema_versions_are_read_with_a_warning(tmp_path: Path, version: int) -> None:
    project = read(tmp_path, model("a", something_new={"x": 1}), version=version)
    assert only(project).name == "a"
    assert f"v{version}" in project.warnings[0]


def test_manifests_older_than_dbt_1_5_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, model("a", depends_on="an old shape"), version=8)
    assert "v8" in caught.value.title
    assert "dbt parse" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (b'{"metadata": {', "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b'{"metadata": ' + b'{"a": [' * 100_000, "not valid JSON"),
        (b'{"a": 1}', "expected shape"),
        (b'{"metadata": {"dbt_schema_version": "run-results/v5"}, "nodes": {}}', "not a dbt manifest"),
    ],
    ids=["torn", "binary", "nested", "other JSON", "other dbt file"],
)
def test_what_is_not_a_manifest_is_refused_by_name(tmp_path: Path, content: bytes, title: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_manifest(content, tmp_path)
    assert title in caught.value.title
    assert caught.value.hint


def test_a_manifest_that_is_not_there_says_where(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_manifest(tmp_path / "target" / "manifest.json", tmp_path)
    assert "target/manifest.json" in caught.value.where


def test_a_column_that_is_declared_twice_is_where_dbt_takes_it_from() -> None:
    text = "models:\n- name: a\n  columns:\n  - name: x\n  - name: x\n"
    assert declared_lines(text)["models", "a", "x"] == 5
    versions = (
        "models:\n- name: a\n  columns:\n  - name: x\n  versions:\n  - v: 2\n    columns:\n    - name: x\n"
    )
    assert declared_lines(versions)["models", "a", "x"] == 4


def test_paths_are_those_of_the_files_also_where_models_stand_beside_the_project_file(tmp_path: Path) -> None:
    found = only(read(tmp_path, model("a", original_file_path="./a.sql", patch_path="shop://./m.yml")))
    assert (found.path, found.properties_path) == ("a.sql", "m.yml")


def test_what_stands_beside_the_nodes_is_read(tmp_path: Path) -> None:
    shop = {"package_name": "shop", "original_file_path": "models/all.yml"}
    found = read(
        tmp_path,
        model("a", depends_on={"nodes": [], "macros": ["macro.shop.cents", "macro.dbt.is_incremental"]}),
        exposures={
            "exposure.shop.board": {
                **shop,
                "name": "board",
                "type": "dashboard",
                "owner": {"name": "Ann", "email": ["ann@shop.example", "bob@shop.example"]},
                "depends_on": {"nodes": ["model.shop.a"]},
            }
        },
        macros={
            "macro.shop.cents": {**shop, "name": "cents", "macro_sql": "{% macro cents(x) %}{% endmacro %}"},
            "macro.shop.idle": {**shop, "name": "idle", "depends_on": {"macros": ["macro.shop.idle"]}},
            "macro.dbt.is_incremental": {"name": "is_incremental", "package_name": "dbt"},
        },
        semantic_models={
            "semantic_model.shop.a": {**shop, "name": "a", "entities": [{"name": "id", "type": "primary"}]}
        },
        unit_tests={
            "unit_test.shop.a.u": {
                **shop,
                "name": "u",
                "given": [{"input": "ref('b')", "format": "csv"}],
                "expect": {"format": None},
                "depends_on": {"nodes": ["model.shop.a"]},
            }
        },
    )
    (board,), (cents, idle) = found.exposures, found.macros
    assert (board.type, board.owner_name, board.owner_email) == ("dashboard", "Ann", "ann@shop.example")
    assert (cents.used_by, idle.used_by) == (("model.shop.a",), ()), "itself does not count"
    assert found.semantic_models[0].entities == ("id",)
    (unit,) = found.unit_tests
    assert (unit.given, unit.expected_format, unit.parents) == (
        (("ref('b')", "csv"),),
        "dict",
        ("model.shop.a",),
    )
