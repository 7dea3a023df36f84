"""Which reader tells the facts, and that it is always said why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from floe_engine.errors import ConfigurationError, NothingChecked
from floe_engine.project.reading import read_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1")
    for path in (tmp_path / "dbt_project.yml", tmp_path / "models" / "a.sql"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return tmp_path


def write_manifest(
    project: Path, *, name: str = "shop", path: str = "models/a.sql", version: int = 12
) -> Path:
    node = {"name": "a", "resource_type": "model", "package_name": name, "original_file_path": path}
    document = {
        "metadata": {
            "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json",
            "project_name": name,
        },
        "nodes": {f"model.{name}.a": node},
    }
    file = project / "target" / "manifest.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document))
    return file


def test_without_a_manifest_the_files_are_read(project: Path) -> None:
    found = read_project(project)
    assert (found.reader, found.reason) == ("static", "target/manifest.json does not exist")


def test_a_fresh_manifest_is_the_authority(project: Path) -> None:
    write_manifest(project)
    found = read_project(project)
    assert (found.reader, found.reason) == (
        "manifest",
        "target/manifest.json is newer than every project file",
    )


@pytest.mark.parametrize("file", ["models/a.sql", "dbt_project.yml"])
def test_a_manifest_older_than_a_file_is_stale(project: Path, file: str) -> None:
    written = write_manifest(project).stat().st_mtime
    os.utime(project / file, (written + 5, written + 5))
    found = read_project(project)
    assert found.reader == "static"
    assert found.reason == f"target/manifest.json is out of date: {file} is newer"


def test_a_manifest_that_names_a_file_that_is_gone_is_stale(project: Path) -> None:
    write_manifest(project, path="models/old_name.sql")
    assert read_project(project).reason == "target/manifest.json is out of date: models/old_name.sql is gone"


def test_a_manifest_alone_is_read_for_there_is_nothing_fresher(project: Path) -> None:
    (project / "models" / "a.sql").unlink()
    written = write_manifest(project).stat().st_mtime
    os.utime(project / "dbt_project.yml", (written + 5, written + 5))
    found = read_project(project)
    assert (found.reader, found.reason) == ("manifest", "the project's files are not here")
    assert [model.name for model in found.models] == ["a"]
    assert found.warnings == (
        "target/manifest.json is judged as it is: none of the project's models are here to compare it with",
    )


def test_a_stale_manifest_that_was_asked_for_is_read_with_a_warning(project: Path) -> None:
    written = write_manifest(project).stat().st_mtime
    os.utime(project / "models" / "a.sql", (written + 5, written + 5))
    found = read_project(project, reader="manifest")
    assert (found.reader, found.reason) == ("manifest", "asked for")
    assert found.warnings == ("target/manifest.json is out of date: models/a.sql is newer; run `dbt parse`",)


@pytest.mark.parametrize("broken", ["{", '{"metadata": {}}'])
def test_a_manifest_that_cannot_be_used_is_passed_over_with_a_warning(project: Path, broken: str) -> None:
    write_manifest(project).write_text(broken)
    found = read_project(project)
    assert (found.reader, found.reason) == ("static", "target/manifest.json cannot be used")
    assert found.warnings[0].startswith("target/manifest.json: ")


def test_a_manifest_of_another_project_is_passed_over(project: Path) -> None:
    write_manifest(project, name="other")
    assert read_project(project).reader == "static"
    with pytest.raises(ConfigurationError) as caught:
        read_project(project, reader="manifest")
    assert "another project" in caught.value.title


def test_asking_for_a_manifest_that_is_not_there_says_how_to_get_one(project: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_project(project, reader="manifest")
    assert "dbt parse" in caught.value.hint


def test_the_manifest_may_lie_elsewhere(project: Path) -> None:
    write_manifest(project).rename(project / "other.json")
    assert read_project(project, manifest=Path("other.json")).reader == "manifest"
    assert read_project(project, manifest=project / "other.json").reader == "manifest"


def test_target_path_says_where_the_manifest_lies(project: Path) -> None:
    write_manifest(project)
    (project / "target").rename(project / "out")
    (project / "dbt_project.yml").write_text("name: shop\ntarget-path: out\n")
    os.utime(project / "dbt_project.yml", (1_000_000_000, 1_000_000_000))
    assert read_project(project).reader == "manifest"


def test_the_static_reader_can_be_asked_for(project: Path) -> None:
    write_manifest(project)
    assert read_project(project, reader="static").reader == "static"


def test_variables_are_those_of_the_command_line(project: Path) -> None:
    (project / "models" / "a.sql").write_text("{{ config(enabled=var('wanted', false)) }}")
    assert len(read_project(project, variables={"wanted": True}).models) == 1


def test_a_project_without_models_is_nothing_to_check(project: Path) -> None:
    (project / "models" / "a.sql").unlink()
    with pytest.raises(NothingChecked) as caught:
        read_project(project)
    assert caught.value.exit_code == 4
    assert "model-paths" in caught.value.hint


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_project(tmp_path)
    assert "dbt_project.yml not found" in caught.value.title
    assert "--dir" in caught.value.hint


def test_a_folder_that_cannot_be_looked_into_is_said_to_be_unjudged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's refusal is played: who runs tests as root is refused nothing."""
    (tmp_path / "models" / "secret").mkdir(parents=True)
    (tmp_path / "models" / "a.sql").write_text("select 1 as id")
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    scan = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    project = read_project(tmp_path)
    assert [model.name for model in project.models] == ["a"]
    assert project.warnings == (
        "models/secret:1: cannot be read, so what it holds is not judged: Permission denied",
    )


def test_a_link_to_a_folder_that_holds_the_project_is_named_and_not_followed(project: Path) -> None:
    """A clone may bring one to the root of the disk."""
    for name, target in {"a": "..", "b": "../..", "c": "/"}.items():
        (project / "models" / name).symlink_to(target)
    found = read_project(project)
    assert [model.path for model in found.models] == ["models/a.sql"]
    reason = "cannot be read, so what it holds is not judged: it is a link to a folder that holds the project"
    assert sorted(found.warnings) == [f"models/{name}:1: {reason} itself" for name in "abc"]


def test_folders_that_hold_more_than_any_project_end_the_search(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for number in range(60):
        (outside / f"{number}.txt").touch()
    (project / "models" / "out").symlink_to(outside)
    assert read_project(project).models
    monkeypatch.setattr("floe_engine.project.folders._MAX_ENTRIES", 50)
    with pytest.raises(ConfigurationError, match="models/out"):
        read_project(project)
