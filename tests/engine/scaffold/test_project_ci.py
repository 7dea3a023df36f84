"""The CI file of a data team's project: written by `floe init --ci`, run as the service runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from floe_engine.scaffold.rest import project_ci_file
from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.engine.scaffold.test_ci_files import GITHUB, GITLAB

FILES = {"github": ".github/workflows/floe.yml", "gitlab": ".gitlab-ci.yml", "azure": "azure-pipelines.yml"}
SHELL = {"github": GITHUB, "gitlab": GITLAB, "azure": ["bash"]}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("platform")
    registry = f"oci-layout:{home / 'registry'}"
    platform = platform_directory(home / "platform", MANIFEST)
    ok(floe(platform, "platform", "publish", "v1.2.3", "--no-sign", env={"FLOE_REGISTRY": registry}))
    return registry


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A dbt project with one model that is misnamed."""
    home = tmp_path / "shop"
    (home / "models").mkdir(parents=True)
    (home / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (home / "models" / "Orders.sql").write_text("select 1 as order_id\n")
    return home


def begin(home: Path, registry: str, service: str) -> str:
    return ok(floe(home, "init", "--platform=v1.2.3", f"--ci={service}", env={"FLOE_REGISTRY": registry})).out


def judging(service: str, written: Any) -> str:
    """The step that judges, of the file as it is written."""
    if service == "github":
        return str(written["jobs"]["compile"]["steps"][-1]["run"])
    if service == "gitlab":
        return "\n".join(written["floe"]["script"])
    return next(step["script"] for step in written["steps"] if step.get("displayName") == "Judge the project")


@pytest.mark.parametrize("service", FILES)
def test_a_service_fails_by_what_the_project_breaks_and_gets_its_report(
    home: Path, registry: str, service: str
) -> None:
    said = begin(home, registry, service)
    assert FILES[service] in said.split("Created:")[1]
    command = judging(service, yaml.safe_load((home / FILES[service]).read_text()))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*SHELL[service], "-c", command], cwd=home, env={"PATH": path, "HOME": str(home.parent)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = {"gitlab": home / "floe.json", "azure": home / "floe.xml"}.get(service)
    assert "FLOE-E201" in (report.read_text() if report else done.stdout)


def test_a_file_that_is_there_stays_and_nothing_is_written_by_a_preview(home: Path, registry: str) -> None:
    environ = {"FLOE_REGISTRY": registry}
    shown = floe(home, "init", "--platform=v1.2.3", "--ci=gitlab", "--dry-run", env=environ)
    assert ".gitlab-ci.yml" in shown.out and not (home / ".gitlab-ci.yml").exists()
    (home / ".gitlab-ci.yml").write_text("mine: {}\n")
    done = floe(home, "init", "--platform=v1.2.3", "--ci=gitlab", env=environ)
    assert done.code == 0 and "stays" in done.err + done.out
    assert (home / ".gitlab-ci.yml").read_text() == "mine: {}\n"


def test_below_the_top_of_a_repository_it_says_where_the_file_belongs(home: Path, registry: str) -> None:
    subprocess.run(["git", "init", "-q", home.parent], check=True, timeout=60)
    done = floe(home, "init", "--platform=v1.2.3", "--ci=github", env={"FLOE_REGISTRY": registry})
    assert f"--dir {home.name}" in done.err + done.out


def test_a_link_does_not_lead_it_outside(
    home: Path, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (home / ".github").symlink_to(outside)
    done = floe(home, "init", "--platform=v1.2.3", "--ci=github", env={"FLOE_REGISTRY": registry})
    assert done.code == 2 and ".github" in done.err
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("service", FILES)
@pytest.mark.parametrize("host", ["ghcr.io", "registry.gitlab.com", "registry.example.com:5000"])
def test_a_service_s_own_login_goes_to_its_own_registry_alone(service: str, host: str) -> None:
    _, text = project_ci_file(service, host)  # type: ignore[arg-type]
    assert f'FLOE_REGISTRY_HOST: "{host}"' in text

    assert ("github.token" in text) == ((service, host) == ("github", "ghcr.io"))
    assert ("CI_REGISTRY" in text) == ((service, host) == ("gitlab", "registry.gitlab.com"))
