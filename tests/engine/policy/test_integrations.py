"""The pre-commit hooks and the GitHub action, as far as they can be tried without their services."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from floe_engine.document.document import parse

ROOT = Path(__file__).resolve().parents[3]


def read(name: str) -> Any:
    document = parse((ROOT / name).read_text(encoding="utf-8"))
    assert document.diagnostics == ()
    return document.value


def test_the_hooks_call_commands_that_exist_and_touch_no_network() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert set(hooks) == {"floe-compile", "floe-platform-test"}
    for hook in hooks.values():
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
    assert "--offline" in hooks["floe-compile"]["entry"]


def test_no_script_of_the_action_holds_text_from_outside() -> None:
    for step in read("action.yml")["runs"]["steps"]:
        assert "${{" not in step["run"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are bash")
@pytest.mark.parametrize(("code", "summary"), [(0, True), (1, True), (3, False)])
def test_the_action_annotates_sums_up_and_keeps_floes_exit_code(
    tmp_path: Path, code: int, summary: bool
) -> None:
    """The script itself, with a floe that writes down how it was called."""
    calls = tmp_path / "calls"
    floe = tmp_path / "bin" / "floe"
    floe.parent.mkdir()
    floe.write_text(
        f'#!/bin/bash\nprintf "%s|" "$@" >> "{calls}"\necho >> "{calls}"\necho out-$5\nexit {code}\n'
    )
    floe.chmod(0o755)
    step = read("action.yml")["runs"]["steps"][1]
    done = subprocess.run(
        ["bash", "-c", step["run"]],
        env={
            "PATH": f"{floe.parent}:{os.environ['PATH']}",
            "FLOE_DIRECTORY": "my dbt",
            "FLOE_ARGUMENTS": "--frozen\n--select\ntag:a b\n",
            "FLOE_SARIF": str(tmp_path / "floe.sarif"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == code
    assert done.stdout == "out-github\n"
    wanted = ["github", "markdown", "sarif"] if summary else ["github"]
    assert calls.read_text().splitlines() == [
        f"compile|--dir|my dbt|--output|{form}|--frozen|--select|tag:a b|" for form in wanted
    ]
    assert (tmp_path / "summary.md").exists() is summary
