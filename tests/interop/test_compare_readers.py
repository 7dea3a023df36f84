"""The script that compares both readers: it finds them equal, and is not blind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.project.projects import write_generated_project, write_tricky_project

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import compare_readers

pytestmark = pytest.mark.interop


def test_readers_that_agree_are_found_equal(
    tmp_path: Path, require_binary: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    write_tricky_project(tmp_path / "tricky")
    for seed in (7, 8):
        write_generated_project(tmp_path / f"made{seed}", models=30, seed=seed)
    assert compare_readers.main(["--dbt", require_binary("dbt"), str(tmp_path)]) == 0
    assert (
        "3 projects equal, 0 differ with a warning, 0 without; 0 that dbt refuses" in capsys.readouterr().out
    )


def test_readers_that_differ_without_a_word_are_an_error(
    tmp_path: Path,
    require_binary: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_tricky_project(tmp_path / "tricky")
    forgetful = compare_readers.read_source

    def without_tags(*arguments: object, **named: object) -> object:
        from msgspec.structs import replace

        project = forgetful(*arguments, **named)
        return replace(project, models=tuple(replace(m, tags=frozenset()) for m in project.models))

    monkeypatch.setattr(compare_readers, "read_source", without_tags)
    assert compare_readers.main(["--dbt", require_binary("dbt"), "--verbose", str(tmp_path)]) == 1
    assert "tags [] by files" in capsys.readouterr().out


def test_readers_agree_on_projects_that_nobody_would_write(
    require_binary: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare_readers.main(["--dbt", require_binary("dbt"), "--verbose", "--generated", "3"]) == 0
    assert "3 projects, " in capsys.readouterr().out
