"""The CI files of a platform, run as the services run them: a change is checked, a tag publishes, signed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from floe_engine.platform.begin_platform import begin_platform
from floe_engine.workspace import Workspace
from tests.cli import floe

GITHUB = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""How GitHub runs a step."""

GITLAB = ["sh", "-e"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "acme-platform"
    home.mkdir()
    begin_platform(Workspace.open(home))
    return home


def run(home: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    programs = Path(sys.executable).parent
    given = {
        "PATH": f"{home.parent / 'doubles'}:{programs}:{os.environ['PATH']}",
        "HOME": str(home.parent),
        "FLOE_REGISTRY": f"oci-layout:{home.parent / 'registry' / 'acme'}",
        **env,
    }
    return subprocess.run(command, cwd=home, env=given, capture_output=True, text=True, timeout=300)


def script(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run(home, "sh", "ci/platform.sh", *arguments, **env)


def double(home: Path, name: str, text: str) -> None:
    """A program on PATH before all others: plays GitHub's own client, which needs GitHub."""
    program = home.parent / "doubles" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)


def test_a_change_is_checked_and_its_cost_told_and_a_tag_publishes_it_signed(home: Path) -> None:
    report = home.parent / "report.md"
    first = script(home, "check", FLOE_REPORT=str(report))
    assert first.returncode == 0, first.stderr
    assert "this will be the first version" in report.read_text()

    assert floe(home, "platform", "keygen", env={"COSIGN_PASSWORD": "x"}).code == 0
    done = script(home, "publish", "v0.1.0", FLOE_SIGNING_KEY="cosign.key", COSIGN_PASSWORD="x")
    assert done.returncode == 0, done.stderr
    assert "Published" in done.stdout

    manifest = home / "manifest.yaml"
    manifest.write_text(
        manifest.read_text().replace("minimum_test_coverage: 80", "minimum_test_coverage: 90")
    )
    second = script(home, "check", FLOE_REPORT=str(report))
    assert second.returncode == 0, second.stderr
    assert "COV001" in report.read_text()
    assert "0.1.0 → 0.2.0" in second.stdout


def test_what_is_wrong_with_the_manifest_stops_the_job(home: Path) -> None:
    manifest = home / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("pattern: medallion", "pattern: medalion"))
    done = script(home, "check", GITHUB_ACTIONS="true")
    assert done.returncode == 1
    assert "::error file=manifest.yaml" in done.stdout
    assert "Running policy tests" not in done.stdout


def test_a_registry_that_cannot_be_asked_is_never_taken_for_an_empty_one(home: Path) -> None:
    report = home.parent / "report.md"
    done = script(home, "check", FLOE_REGISTRY="oci://127.0.0.1:9/acme", FLOE_REPORT=str(report))
    assert done.returncode == 3
    assert not report.exists()


def test_nothing_is_published_that_nobody_signs(home: Path) -> None:
    done = script(home, "publish", "v0.1.0")
    assert done.returncode == 2
    assert "FLOE_SIGNING_KEY" in done.stderr
    assert "no versions yet" in run(home, "floe", "platform", "list").stdout


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("publish",)])
def test_a_wrong_call_says_how_it_is_called(home: Path, arguments: tuple[str, ...]) -> None:
    done = script(home, *arguments)
    assert done.returncode == 2
    assert "sh ci/platform.sh" in done.stderr


def test_github_runs_its_steps_and_tells_the_pull_request(home: Path) -> None:
    """The steps of the workflow as they are written, but for the installation."""
    double(home, "gh", '#!/bin/sh\n[ "$6" = --edit-last ] && exit 1\nprintf "%s " "$@"\ncat "$5"\n')
    jobs = yaml.safe_load((home / ".github" / "workflows" / "platform.yml").read_text())["jobs"]
    report = str(home.parent / "platform.md")
    check, tell = (step["run"] for step in jobs["check"]["steps"][-2:])
    done = run(home, *GITHUB, "-c", check, FLOE_REPORT=report, GITHUB_ACTIONS="true")
    assert done.returncode == 0, done.stderr
    told = run(home, *GITHUB, "-c", tell, FLOE_REPORT=report, NUMBER="7", GH_TOKEN="x")
    assert told.stdout.startswith("pr comment 7 --body-file")
    assert "first version" in told.stdout

    publish = jobs["publish"]["steps"][-1]["run"]
    floe(home, "platform", "keygen", env={"COSIGN_PASSWORD": "x"})
    key = {"FLOE_SIGNING_KEY": "env://KEY", "KEY": (home / "cosign.key").read_text(), "COSIGN_PASSWORD": "x"}
    done = run(home, *GITHUB, "-c", publish, GITHUB_REF_NAME="v0.1.0", **key)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("service", "path", "tag"),
    [
        ("gitlab", ".gitlab-ci.yml", "CI_COMMIT_TAG"),
        ("azure", "azure-pipelines.yml", "BUILD_SOURCEBRANCHNAME"),
    ],
)
def test_the_others_publish_by_the_same_script(tmp_path: Path, service: str, path: str, tag: str) -> None:
    home = tmp_path / "acme"
    home.mkdir()
    begin_platform(Workspace.open(home), service=service)  # type: ignore[arg-type]
    written = yaml.safe_load((home / path).read_text())
    lines = written["publish"]["script"] if service == "gitlab" else [written["steps"][-1]["script"]]
    floe(home, "platform", "keygen", env={"COSIGN_PASSWORD": "x"})
    key = {"FLOE_SIGNING_KEY": "cosign.key", "COSIGN_PASSWORD": "x"}
    done = run(home, *GITLAB, "-c", "\n".join(lines), **{tag: "v0.1.0"}, **key)
    assert done.returncode == 0, done.stderr
    assert "Published" in done.stdout
