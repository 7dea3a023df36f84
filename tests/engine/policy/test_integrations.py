"""The pre-commit hooks and the GitHub action, as far as they can be tried without their services."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from floe_engine.document.document import parse
from tests.cli import floe, ok, platform_directory

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


GITHUB = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""How GitHub runs a step whose shell is bash."""


def run_step(folder: Path, step: int, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does: its script in a file, under GitHub's own flags."""
    script = folder / f"step{step}.sh"
    script.write_text(read("action.yml")["runs"]["steps"][step]["run"])
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), **env}
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return subprocess.run(
        [*GITHUB, script], env={**kept, **given}, capture_output=True, text=True, timeout=900
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are bash")
@pytest.mark.parametrize(("code", "summary"), [(0, True), (1, True), (2, False), (3, False), (5, False)])
@pytest.mark.parametrize("frozen", ["true", "false"])
def test_the_action_annotates_sums_up_and_keeps_floes_exit_code(
    tmp_path: Path, code: int, summary: bool, frozen: str
) -> None:
    """The script itself, with a floe that writes down how it was called."""
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "floe"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/bash\nprintf "%s|" "$@" >> "{calls}"\necho >> "{calls}"\necho out-$5\nexit {code}\n'
    )
    program.chmod(0o755)
    done = run_step(
        tmp_path,
        1,
        {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "FLOE_DIRECTORY": "my dbt",
            "FLOE_ARGUMENTS": "--select\ntag:a b\n",
            "FLOE_FROZEN": frozen,
            "FLOE_SARIF": str(tmp_path / "floe.sarif"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
    )
    assert done.returncode == code, done.stderr
    assert done.stdout == "out-github\n"
    wanted = ["github", "markdown", "sarif"] if summary else ["github"]
    first = "--frozen|" if frozen == "true" else ""
    assert calls.read_text().splitlines() == [
        f"compile|--dir|my dbt|--output|{form}|{first}--select|tag:a b|" for form in wanted
    ]
    assert (tmp_path / "summary.md").exists() is summary
    assert (tmp_path / "floe.sarif").exists() is summary


def project(tmp_path: Path, cover: bool) -> Path:
    """A data team's project with its lock, whose model breaks a rule unless `cover`ed."""
    platform = platform_directory(tmp_path / "platform")
    environment = {"FLOE_REGISTRY": f"oci-layout:{tmp_path / 'registry'}"}
    ok(floe(platform, "platform", "publish", "v1.2.3", "--no-sign", env=environment))
    project = tmp_path / "my project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    name = "bronze_orders" if cover else "Orders"
    (project / f"models/{name}.sql").write_text("select 1 as id\n")
    test = "        data_tests: [unique, not_null]\n" if cover else ""
    (project / "models/models.yml").write_text(
        f"version: 2\nmodels:\n  - name: {name}\n    description: d\n    columns:\n      - name: id\n{test}"
    )
    ok(floe(project, "init", "--platform=v1.2.3", env=environment))
    return project


@pytest.mark.parametrize(("cover", "code"), [(False, 1), (True, 0)])
def test_the_real_floe_in_the_action_writes_its_summary_and_its_log(
    tmp_path: Path, cover: bool, code: int
) -> None:
    done = run_step(
        tmp_path,
        1,
        {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FLOE_DIRECTORY": str(project(tmp_path, cover)),
            "FLOE_ARGUMENTS": "",
            "FLOE_FROZEN": "true",
            "FLOE_SARIF": str(tmp_path / "floe.sarif"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("::error" in done.stdout) is (code == 1)
    assert (tmp_path / "summary.md").read_text().strip()
    results = json.loads((tmp_path / "floe.sarif").read_text())["runs"][0]["results"]
    assert bool(results) is (code == 1)


def test_the_action_pins_all_that_it_installs_by_hash() -> None:
    lines = (ROOT / "requirements-action.txt").read_text().split("\n\n")[0].splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", " "))]
    assert all("==" in line and line.endswith("\\") for line in pins)
    assert {"sqlglot", "hatchling", "msgspec"} <= {line.partition("==")[0] for line in pins}
    fixed = {
        line.partition("==")[0]: line.partition("==")[2].strip()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    for line in pins:
        name, _, rest = line.partition("==")
        version = rest.split()[0].rstrip(";")
        assert fixed.get(name, version) == version, f"{name}: `make pins` brings both files together"
