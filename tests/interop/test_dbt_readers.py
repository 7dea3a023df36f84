"""The static reader and dbt agree: on the example, on every trick we know, on generated projects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.project.reading import read_project
from tests.engine.project.differences import differences
from tests.engine.project.projects import write_generated_project, write_tricky_project
from tests.interop.dbt import run_dbt

pytestmark = pytest.mark.interop

EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILE = "customer_analytics: {target: t, outputs: {t: {type: duckdb, path: ':memory:', schema: main}}}\n"


def parsed(dbt: str, directory: Path) -> Path:
    run_dbt(dbt, directory, "parse", "--profiles-dir", ".", "--no-partial-parse")
    return directory


@pytest.mark.parametrize("name", ["customer-analytics", "customer-analytics-violating"])
def test_both_readers_agree_on_the_examples(
    tmp_path: Path, name: str, require_binary: Callable[[str], str]
) -> None:
    project = tmp_path / name
    shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("target", "logs", ".floe"))
    (project / "profiles.yml").write_text(PROFILE)
    parsed(require_binary("dbt"), project)
    assert differences(read_project(project, reader="static"), read_project(project, reader="manifest")) == []


def test_both_readers_agree_on_every_trick(tmp_path: Path, require_binary: Callable[[str], str]) -> None:
    project = parsed(require_binary("dbt"), write_tricky_project(tmp_path))
    static, manifest = read_project(project, reader="static"), read_project(project, reader="manifest")
    assert differences(static, manifest) == []
    assert static.warnings == ()


def test_both_readers_agree_on_a_generated_project(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    project = parsed(require_binary("dbt"), write_generated_project(tmp_path, models=24, seed=1))
    assert differences(read_project(project, reader="static"), read_project(project, reader="manifest")) == []


def test_a_fresh_manifest_is_preferred_until_a_file_changes(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    project = parsed(require_binary("dbt"), write_tricky_project(tmp_path))
    fresh = read_project(project)
    assert (fresh.reader, fresh.adapter) == ("manifest", "duckdb")
    written = (project / "target" / "manifest.json").stat().st_mtime
    os.utime(project / "models" / "staging" / "stg_a.sql", (written + 5, written + 5))
    stale = read_project(project)
    assert stale.reader == "static"
    assert stale.reason == "target/manifest.json is out of date: models/staging/stg_a.sql is newer"
