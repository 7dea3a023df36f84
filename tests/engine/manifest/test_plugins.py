"""The catalogue, what entry points add to it, and what a manifest's choices come to."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError
from floe_engine.manifest import plugins
from floe_engine.manifest.check import check
from floe_engine.manifest.plugins import Catalogue, resolve
from floe_engine.manifest.root import Manifest
from tests.engine.manifest.conftest import SEED, entry_point


def manifest(**plugins: object) -> Manifest:
    head = {"apiVersion": "floe.dev/v1", "kind": "Manifest", "metadata": {"name": "a", "version": "1.0.0"}}
    return Manifest.read({**head, "plugins": plugins})


def test_plugins_resolve_in_the_seeds_order_and_print_as_the_seed_shows(catalogue: Catalogue) -> None:
    checked = check(SEED, catalogue=catalogue)
    assert [str(plugin) for plugin in checked.plugins] == [
        "floe-orchestrator-dagster@1.0.0",
        "floe-catalog-polaris@1.0.0",
        "floe-compute-duckdb@1.0.0",
    ]


def test_every_compute_plugin_names_its_dbt_adapter(catalogue: Catalogue) -> None:
    computes = catalogue.categories["compute"].types
    assert set(computes) == {
        "duckdb", "snowflake", "bigquery", "databricks", "spark", "postgres", "redshift", "trino",
    }  # fmt: skip
    for name, plugin in computes.items():
        assert plugin.dbt is not None
        assert plugin.dbt.adapter == name
        assert plugin.compatible


def test_settings_have_a_digest_that_does_not_depend_on_their_order(catalogue: Catalogue) -> None:
    one = manifest(compute={"type": "duckdb", "config": {"threads": 4, "path": "a"}})
    two = manifest(compute={"type": "duckdb", "config": {"path": "a", "threads": 4}})
    other = manifest(compute={"type": "duckdb", "config": {"path": "b", "threads": 4}})
    digests = [resolve(each, catalogue)[0].config_digest for each in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]


def test_the_default_of_several_approved_plugins_is_resolved_with_its_settings(catalogue: Catalogue) -> None:
    choice = {
        "approved": [{"name": "duckdb", "config": {"threads": 2}}, {"name": "trino"}],
        "default": "duckdb",
    }
    (plugin,) = resolve(manifest(compute=choice), catalogue)
    assert (plugin.type, dict(plugin.config)) == ("duckdb", {"threads": 2})


def test_an_unknown_choice_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match="no compute plugin 'oracle'"):
        resolve(manifest(compute={"type": "oracle"}), catalogue)
    with pytest.raises(ConfigurationError, match=r"no version 2\.0\.0"):
        resolve(manifest(compute={"type": "duckdb", "version": "2.0.0"}), catalogue)


def test_entry_points_add_types_and_a_broken_one_is_only_told(odd_catalogue: Catalogue) -> None:
    added = odd_catalogue.find("compute", "futuredb")
    assert added is not None
    assert added.origin == "odd"
    assert added.package == "floe-compute-futuredb"
    assert odd_catalogue.find("compute", "duckdb") is not None
    assert odd_catalogue.categories["compute"].required
    assert odd_catalogue.problems == ("plugin entry point 'broken' (broken) cannot be used: no such module",)


def test_a_malformed_entry_point_says_which_key_is_wrong() -> None:
    point = entry_point("bad", "NOT_A_CATALOGUE")
    assert "expected a mapping" in Catalogue.load([point]).problems[0]


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"threads": 0}, "at least 1"),
        ({"threads": True}, "a whole number"),
        ({"extensions": ["a", 1]}, "a list of which every entry is text"),
        ({"is_ducklake": "maybe"}, "`true` or `false`"),
    ],
)
def test_settings_are_judged_by_the_plugins_schema(
    catalogue: Catalogue, config: dict[str, object], problem: str
) -> None:
    import json

    checked = check(
        SEED.replace("type: duckdb", f"type: duckdb\n    config: {json.dumps(config)}"), catalogue=catalogue
    )
    (found,) = checked.diagnostics
    assert found.code == "FLOE-M025"
    assert problem in found.message


@pytest.mark.parametrize("value", ["${TOKEN}", "${TOKEN:-none}", "\"{{ env_var('DBT_ENV_SECRET_T') }}\""])
def test_a_secret_from_the_environment_is_no_secret(catalogue: Catalogue, value: str) -> None:
    text = SEED.replace("type: duckdb", f"type: snowflake\n    config:\n      token: {value}")
    assert check(text, catalogue=catalogue).diagnostics == ()


@pytest.mark.parametrize(
    "value",
    ["AKIAABCDEFGHIJKLMNOP", "postgres://u:pw123@db/x", "ghp_" + "a" * 36, "-----BEGIN PRIVATE KEY-----"],
)
def test_a_value_that_looks_like_a_secret_is_refused_anywhere_and_never_shown(
    catalogue: Catalogue, value: str
) -> None:
    checked = check(SEED + f"policy_tests: ['{value}']\n", catalogue=catalogue)
    found = [item for item in checked.diagnostics if item.code == "FLOE-M026"]
    assert len(found) == 1
    assert value not in found[0].message + found[0].hint


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (
            {"properties": {"path": {"x-floe-breaking": "yes"}}},
            "properties.path.x-floe-breaking: expected true",
        ),
        ({"properties": {"path": {"x-floe-braking": True}}}, "properties.path: unknown annotation"),
        ({"properties": {"at": {"items": {"x-floe-breaking": 1}}}}, "properties.at.items.x-floe-breaking"),
        ({"additionalProperties": {"x-floe-breaking": None}}, "additionalProperties.x-floe-breaking"),
        ({"properties": ["path"]}, "config.properties: expected a mapping"),
    ],
)
def test_a_mark_that_cannot_be_understood_makes_a_plugin_unusable(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, object], problem: str
) -> None:
    types = {"compute": {"types": {"acmedb": {"config": schema}}}}
    monkeypatch.setattr("tests.engine.manifest.conftest.MARKED", types, raising=False)
    known = Catalogue.load([EntryPoint("acme", "tests.engine.manifest.conftest:MARKED", "floe.plugins")])
    assert known.find("compute", "acmedb") is None
    assert problem in known.problems[0]


def test_the_settings_that_say_where_data_is_are_marked_and_those_of_speed_are_not(
    catalogue: Catalogue,
) -> None:
    for name, plugin in catalogue.categories["compute"].types.items():
        properties = plugin.config["properties"]
        home = "dataset" if name == "bigquery" else "schema"
        assert properties[home]["x-floe-breaking"] is True, name
        assert not [
            key for key in ("threads", "user", "role") if "x-floe-breaking" in properties.get(key, {})
        ]


def test_packages_are_asked_for_entry_points_where_one_may_have_some(tmp_path: Path) -> None:
    def place(name: str, content: str | None = None) -> str:
        info = tmp_path / name / "thing-1.0.dist-info"
        info.mkdir(parents=True)
        if content is not None:
            (info / "entry_points.txt").write_text(content, encoding="utf-8")
        return str(tmp_path / name)

    (tmp_path / "packages.zip").write_bytes(b"PK")
    (tmp_path / "one.egg").mkdir()
    for sure in (place("none"), place("others", "[console_scripts]\na = b:c\n"), str(tmp_path / "missing")):
        assert not plugins._may_have_some(sure)
    large = place("large", "x" * 2_000_000)
    ours = place("ours", "[floe.plugins]\na = b:c\n")
    for doubtful in (ours, large, str(tmp_path / "packages.zip"), str(tmp_path / "one.egg")):
        assert plugins._may_have_some(doubtful)
