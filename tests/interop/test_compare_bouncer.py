"""What the real dbt-bouncer refuses of a project, its carried checks refuse, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.project.projects import write_generated_project
from tests.interop.dbt import run_dbt

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import compare_bouncer

pytestmark = pytest.mark.interop


def test_what_dbt_bouncer_refuses_is_refused_and_nothing_else(
    tmp_path: Path,
    require_binary: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every check of the manifest that is carried; and a difference is not overlooked."""
    project = write_generated_project(tmp_path, models=60, seed=3)
    run_dbt(require_binary("dbt"), project, "parse", "--profiles-dir", ".", "--no-partial-parse")
    asking, answers = compare_bouncer.bouncer, []

    def asked(*arguments: Any) -> dict[str, set[str]]:
        answers.append(asking(*arguments))
        return answers[0]

    monkeypatch.setattr(compare_bouncer, "bouncer", asked)
    given = [str(project), require_binary("dbt-bouncer")]
    assert compare_bouncer.main(given) == 0, capsys.readouterr().out
    assert "114 of 114 checks refuse the same subjects" in capsys.readouterr().out
    few = {name: set(refused) for name, refused in answers[0].items()}
    few["check_model_has_unit_tests"].pop()
    monkeypatch.setattr(compare_bouncer, "bouncer", lambda *_: few)
    assert compare_bouncer.main(given) == 1
    assert "check_model_has_unit_tests: only here 1, only there 0" in capsys.readouterr().out
