"""profiles.yml: right for every adapter, without a secret, and never over somebody's own file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from floe_engine.artifact.model import (
    AccessPolicy,
    Architecture,
    ArtifactMetadata,
    ClassificationPolicy,
    EngineRequirement,
    Namespaces,
    NamingRules,
    PlatformManifest,
    PluginDetails,
    QualityGates,
    SchemaRegistry,
)
from floe_engine.artifact.part import PlatformName
from floe_engine.artifact.platform import Platform
from floe_engine.errors import ConfigurationError
from floe_engine.files import placed
from floe_engine.project.adapters import ADAPTERS
from floe_engine.project.profiles import is_ours, profiles_text, write_profile


def profile(platform: Platform, name: str, targets: Sequence[str] = ()) -> str:
    return profiles_text(platform, {name: targets})


def platform(compute: str = "duckdb", **config: Any) -> Platform:
    """A platform with that compute plugin; everything else is as short as it can be."""
    name = PlatformName(name="acme", version="1.2.3")
    details = PluginDetails(
        type=compute,
        version="1.0.0",
        package=f"floe-compute-{compute}",
        config=config,
        config_digest="sha256:" + "0" * 64,
        dbt_adapter=compute if compute in ADAPTERS else None,
    )
    return Platform(
        manifest=PlatformManifest(
            metadata=ArtifactMetadata(
                name="acme", version="1.2.3", created="2024-01-15T10:30:00Z", digest="sha256:" + "0" * 64
            ),
            plugins={"compute": compute},
            plugin_details={"compute": details},
            architecture=Architecture(pattern="medallion", enforcement="strict"),
            engine=EngineRequirement(min_version="0.1.0"),
            files={},
        ),
        classification=ClassificationPolicy(platform=name, levels=("public", "pii"), default="public"),
        access=AccessPolicy(platform=name),
        gates=QualityGates(platform=name),
        namespaces=Namespaces(platform=name),
        schemas=SchemaRegistry(platform=name),
        naming=NamingRules(platform=name, pattern="medallion", enforcement="strict"),
        layers={},
    )


def output(text: str, compute: str) -> dict[str, Any]:
    document = yaml.safe_load(text)
    assert document["shop"]["target"] == compute
    found: dict[str, Any] = document["shop"]["outputs"][compute]
    return found


@pytest.mark.parametrize("adapter", sorted(ADAPTERS))
def test_the_target_is_the_plugin(adapter: str) -> None:
    assert output(profile(platform(adapter), "shop"), adapter)["type"] == adapter


def test_the_platforms_settings_win_over_the_environment() -> None:
    text = profile(platform("snowflake", warehouse="BI_WH", threads=16), "shop")
    found = output(text, "snowflake")
    assert (found["warehouse"], found["threads"]) == ("BI_WH", 16)
    assert found["account"] == "{{ env_var('SNOWFLAKE_ACCOUNT') }}"


@pytest.mark.parametrize(
    ("adapter", "key", "config"),
    [
        ("postgres", "password", {}),
        ("redshift", "password", {}),
        ("snowflake", "password", {"authenticator": "snowflake"}),
        ("snowflake", "token", {"authenticator": "oauth"}),
        ("databricks", "token", {}),
        ("databricks", "client_secret", {"auth_type": "oauth"}),
        ("spark", "token", {"method": "http"}),
        ("trino", "password", {"method": "ldap"}),
        ("trino", "jwt_token", {"method": "jwt"}),
        ("bigquery", "keyfile_json", {"method": "service-account-json"}),
    ],
)
def test_a_secret_is_never_written(adapter: str, key: str, config: dict[str, Any]) -> None:
    text = profile(platform(adapter, **config, **{key: "hunter2"}), "shop")
    assert "hunter2" not in text
    assert "env_var('DBT_ENV_SECRET_" in output(text, adapter)[key]


def test_a_secret_may_come_from_a_variable_of_the_platforms_choice() -> None:
    named = output(profile(platform("postgres", password="${PG_PASS}"), "shop"), "postgres")
    assert named["password"] == "{{ env_var('DBT_ENV_SECRET_PG_PASS') }}"
    whole = output(profile(platform("postgres", password="${DBT_ENV_SECRET_PG}"), "shop"), "postgres")
    assert whole["password"] == "{{ env_var('DBT_ENV_SECRET_PG') }}"


def test_dollar_references_in_settings_become_env_var() -> None:
    found = output(
        profile(platform("postgres", host="${ENV}.db.example", port="${PORT}"), "shop"), "postgres"
    )
    assert found["host"] == "{{ env_var('ENV') }}.db.example"
    assert found["port"] == "{{ env_var('PORT') | as_number }}"


def test_ports_are_numbers() -> None:
    assert output(profile(platform("trino", port=8443), "shop"), "trino")["port"] == 8443
    assert "| as_number" in output(profile(platform("trino"), "shop"), "trino")["port"]


def test_settings_that_the_adapter_does_not_know_stay_out() -> None:
    assert "replicas" not in profile(platform("duckdb", replicas=3), "shop")


def test_the_header_names_the_variables_to_set() -> None:
    header = profile(platform("postgres"), "shop").split("# floe-digest")[0]
    assert "acme 1.2.3" in header
    assert "DBT_ENV_SECRET_POSTGRES_PASSWORD" in header


def test_a_plugin_without_a_recipe_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigurationError) as caught:
        profile(platform("teradata"), "shop")
    assert "teradata" in caught.value.title
    assert "by hand" in caught.value.hint


def test_our_own_file_is_renewed_and_an_equal_one_is_left(tmp_path: Path) -> None:
    path = tmp_path / ".floe" / "profiles" / "profiles.yml"
    old, new = profile(platform(), "shop"), profile(platform(path="other.duckdb"), "shop")
    assert write_profile(*placed(path), old) == "written"
    assert write_profile(*placed(path), old) == "unchanged"
    assert write_profile(*placed(path), new) == "written"
    assert path.read_text() == new


@pytest.mark.parametrize("theirs", ["shop: {target: dev}\n", "", "# Written by floe\nshop: {}\n"])
def test_a_file_of_somebody_elses_is_kept(tmp_path: Path, theirs: str) -> None:
    path = tmp_path / "profiles.yml"
    path.write_text(theirs)
    assert write_profile(*placed(path), profile(platform(), "shop")) == "kept"
    assert path.read_text() == theirs


def test_our_file_with_a_change_in_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "profiles.yml"
    changed = profile(platform(), "shop").replace("threads: 4", "threads: 8")
    path.write_text(changed)
    assert write_profile(*placed(path), profile(platform(), "shop")) == "kept"
    assert path.read_text() == changed


def test_a_windows_checkout_is_still_ours() -> None:
    assert is_ours(profile(platform(), "shop").replace("\n", "\r\n"))
