"""A project compiled: what is read of it, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.document import text as document_text
from floe_engine.files import read_bounded
from floe_engine.product.compile_project import CompileOptions, compile_project
from tests.cli import floe, ok
from tests.teams import DataTeam, PlatformTeam, manifest


@pytest.fixture
def product(platform: PlatformTeam, data: DataTeam) -> DataTeam:
    """A project with one model that has nothing wrong, pinned to a platform that warns."""
    platform.publish(text=manifest().replace("governance:", "governance:\n  policy_enforcement_level: warn"))
    (data.directory / "models").mkdir(parents=True)
    (data.directory / "models" / "bronze_orders.sql").write_text("select 1 as id\n")
    data.pin("v1.0.0", "first_use: accept")
    return data


def test_a_profile_that_a_variable_names_is_written_under_its_name(
    product: DataTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    (product.directory / "dbt_project.yml").write_text(
        "name: shop\nprofile: \"{{ env_var('DBT_PROFILE', 'shop') }}\"\n"
    )
    monkeypatch.setenv("DBT_PROFILE", "warehouse")
    ok(floe(product.directory, "compile"))
    assert "\nwarehouse:\n" in (product.directory / "profiles.yml").read_text()


def test_floe_yaml_is_read_once(product: DataTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    (product.directory / "dbt_project.yml").write_text("name: shop\n")
    read: list[Path] = []

    def counted(path: Path, *limit: int, **how: str) -> bytes:
        read.append(path)
        return read_bounded(path, *limit, **how)

    monkeypatch.setattr(document_text, "read_bounded", counted)
    compile_project(product.workspace, options=CompileOptions(write_profile=False))
    assert [path.name for path in read].count("floe.yaml") == 1
