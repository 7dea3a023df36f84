"""The GitHub action for a platform team: its scripts under GitHub's own flags, with the real floe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from floe_engine.document.document import parse
from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.teams import new_key

ROOT = Path(__file__).resolve().parents[3]
GITHUB = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""How GitHub runs a step whose shell is bash."""


def steps(name: str = "platform/action.yml") -> list[dict[str, Any]]:
    document = parse((ROOT / name).read_text(encoding="utf-8"))
    assert document.diagnostics == ()
    return list(document.value["runs"]["steps"])


def run_step(folder: Path, number: int, **env: str) -> subprocess.CompletedProcess[str]:
    script = folder / f"step{number}.sh"
    script.write_text(steps()[number]["run"])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = {"PATH": path, "HOME": str(folder), "FLOE_REGISTRY": f"oci-layout:{folder}/registry", **env}
    return subprocess.run([*GITHUB, script], env=given, capture_output=True, text=True, timeout=300)


def judge(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The middle step, with what its `env` gives it."""
    return run_step(
        folder,
        1,
        FLOE_SCRIPT=str(ROOT / "floe_engine/scaffold/files/platform.sh"),
        FLOE_DIRECTORY=str(folder / "my platform"),
        FLOE_REPORT=str(folder / "report.md"),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
        **{"FLOE_VERSION": "", **env},
    )


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder with a platform in it that has published nothing yet."""
    platform_directory(tmp_path / "my platform")
    new_key(tmp_path / "cosign.key")
    return tmp_path


def test_no_script_of_it_holds_text_from_outside_and_it_installs_as_the_other_does() -> None:
    ours, others = steps(), steps("action.yml")
    assert all("${{" not in step["run"] for step in ours)
    assert ours[0]["run"] == others[0]["run"]


def test_a_tag_publishes_and_a_change_is_told_what_it_costs(team: Path) -> None:
    signing = {"FLOE_SIGNING_KEY": str(team / "cosign.key"), "COSIGN_PASSWORD": ""}
    first = judge(team)
    assert first.returncode == 0, first.stderr
    assert "first version" in (team / "summary.md").read_text()
    published = judge(team, FLOE_VERSION="v1.2.3", **signing)
    assert published.returncode == 0, published.stderr
    listed = ok(floe(team, "platform", "list", "--registry", f"oci-layout:{team}/registry")).out
    assert "v1.2.3" in listed

    (team / "my platform" / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "snowflake"))
    changed = judge(team)
    assert changed.returncode == 0, changed.stderr
    assert "PLG001" in (team / "summary.md").read_text()


def test_a_manifest_that_is_wrong_fails_and_is_annotated(team: Path) -> None:
    (team / "my platform" / "manifest.yaml").write_text(MANIFEST + "nonsense: 1\n")
    ran = judge(team)
    assert ran.returncode == 1
    assert "::error file=manifest.yaml,line=" in ran.stdout
    assert not (team / "summary.md").exists()


def test_nothing_is_published_without_a_signature(team: Path) -> None:
    ran = judge(team, FLOE_VERSION="v1.2.3")
    assert ran.returncode == 2
    assert "unsigned" in ran.stderr
    assert "v1.2.3" not in floe(team, "platform", "list", "--registry", f"oci-layout:{team}/registry").out


@pytest.mark.parametrize("earlier", [True, False])
def test_the_pull_request_has_one_comment_that_changes_with_it(team: Path, earlier: bool) -> None:
    """`gh` stands for GitHub's own program, which talks to GitHub alone: it notes how it was called."""
    program, calls = team / "bin" / "gh", team / "calls"
    program.parent.mkdir()
    refusal = "" if earlier else 'case "$*" in *--edit-last*) exit 1;; esac\n'
    program.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\n{refusal}')
    program.chmod(0o755)
    ran = run_step(
        team, 2, PATH=f"{program.parent}:{os.environ['PATH']}", FLOE_NUMBER="7", FLOE_REPORT="report.md"
    )
    assert ran.returncode == 0, ran.stderr
    wanted = ["pr comment 7 --body-file report.md --edit-last"]
    assert calls.read_text().splitlines() == wanted + (
        [] if earlier else ["pr comment 7 --body-file report.md"]
    )
