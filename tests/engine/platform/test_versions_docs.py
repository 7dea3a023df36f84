"""The recipes of docs/versions.md do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.binaries import require_binary
from tests.engine.upgrade.projects import HALF, write_project
from tests.teams import DataTeam, PlatformTeam, manifest

PAGE = (Path(__file__).parents[3] / "docs" / "versions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("  ref: oci://registry.example/team/platform:v1.2.3", "registry.example/team/platform", "v1.2.3"),
        ('  ref: "oci://localhost:5000/platform:1.2.3"  # ours', "localhost:5000/platform", "1.2.3"),
        ("  ref: oci://registry.example/team/platform:v1.2.*", None, None),
        ("  ref: oci-layout:../registry:v1.2.3", None, None),
    ],
)
def test_renovate_finds_exact_pins_and_leaves_the_rest(
    line: str, name: str | None, version: str | None
) -> None:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    manager = next(block for block in blocks if "customManagers" in block)["customManagers"][0]
    pattern = re.compile(manager["matchStrings"][0].replace("(?<", "(?P<"))
    found = pattern.search(line)
    assert (found and found["depName"], found and found["currentValue"]) == (name, version)
    assert re.search(manager["managerFilePatterns"][0].strip("/"), "products/sales/floe.yaml")


def nightly_steps() -> list[dict[str, Any]]:
    """The steps of the page's nightly job, as GitHub would read them."""
    blocks = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    return next(block["jobs"]["pin"]["steps"] for block in blocks if "pin" in block.get("jobs", {}))


def nightly(data: DataTeam, folder: Path) -> tuple[int, str, str]:
    """Run the upgrade step and the compile step as a runner does: exit code, outputs, summary."""
    require_binary("jq")
    output, summary = folder / "output", folder / "summary.md"
    scripts = [step["run"] for step in nightly_steps() if "floe " in step.get("run", "")]
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    code = 0
    for number, script in enumerate(scripts):
        file = folder / f"step-{number}.sh"
        file.write_text(script)
        command = ["bash", "-e", str(file)]
        code = subprocess.run(command, cwd=data.directory, env=environ, timeout=120, check=False).returncode
        if code:
            break
    return code, output.read_text(), summary.read_text() if summary.exists() else ""


@pytest.mark.parametrize(
    ("version", "coverage", "code", "pin"),
    [("1.1.0", 50, "code=0", ":v1.1.0"), ("2.0.0", 80, "code=1", ":v1.0.0")],
    ids=["takes what breaks nothing", "says what would break"],
)
def test_the_nightly_job(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path, version: str, coverage: int, code: str, pin: str
) -> None:
    platform.publish("1.0.0", text=manifest("1.0.0", coverage=50))
    write_project(data.directory, {"bronze_a": HALF})
    data.pin("v1.0.0")
    data.pull_pinned()
    platform.publish(version, text=manifest(version, coverage=coverage))
    ended, output, summary = nightly(data, tmp_path)
    assert (ended, output.strip()) == (0, code)
    assert pin in (data.directory / "floe.yaml").read_text()
    assert ("would break this project" in summary) == (code == "code=1")
    assert not (data.directory / "upgrade.json").exists()


def test_the_nightly_job_fails_where_somebody_must_look(data: DataTeam, tmp_path: Path) -> None:
    write_project(data.directory, {"bronze_a": HALF})
    data.pin("v1.0.0")
    ended, output, _ = nightly(data, tmp_path)
    assert (ended, output.strip()) == (5, "code=5")
