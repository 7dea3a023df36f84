"""The CI file of a data team's project: written by `floe init --ci`, run as the service runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from floe_engine import __version__
from floe_engine.scaffold.rest import project_ci_file
from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.engine.scaffold.test_ci_files import GITHUB, GITLAB

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
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


def blocks(heading: str, language: str) -> list[str]:
    """The blocks of code below a heading of docs/ci.md, up to the next one."""
    below = PAGE.split(f"\n{heading}\n", 1)[1].split("\n## ")[0].split("\n### ")[0]
    return re.findall(rf"```{language}\n(.*?)```", below, re.DOTALL)


def installing(script: str) -> bool:
    """Whether a line of a recipe fetches floe from an index, which these tests do not."""
    return script == "python -m pip install --quiet 'floe-workbench[lineage]'"


@pytest.mark.parametrize("service", ["gitlab", "azure", "other"])
def test_a_recipe_of_the_page_fails_by_what_the_project_breaks_and_keeps_its_report(
    home: Path, registry: str, service: str
) -> None:
    if service == "gitlab":
        job = yaml.safe_load(blocks("### GitLab", "yaml")[0])["floe"]
        install, scripts, report = (
            job["before_script"],
            job["script"],
            job["artifacts"]["reports"]["codequality"],
        )
    elif service == "azure":
        steps = yaml.safe_load(blocks("### Azure Pipelines", "yaml")[0])["steps"]
        install, *scripts = (step["script"] for step in steps if "script" in step)
        install, report = [install], steps[-1]["inputs"]["testResultsFiles"]
    else:
        install, *scripts = blocks("### Anything else", "sh")[0].strip().split("\n")
        install, report = [install], ""
    assert all(map(installing, install))
    ok(floe(home, "init", "--platform=v1.2.3", env={"FLOE_REGISTRY": registry}))
    done = subprocess.run(
        [*SHELL.get(service, ["sh"]), "-c", "\n".join(scripts)], cwd=home,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home.parent)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "FLOE-E201" in ((home / report).read_text() if report else done.stdout)


def test_the_actions_of_the_page_are_those_of_this_release_and_take_what_they_are_given() -> None:
    steps = [
        step
        for language in (blocks("### GitHub Actions", "yaml"), blocks("## A platform team", "yaml"))
        for text in language
        for job in (yaml.safe_load(text).get("jobs") or {"": yaml.safe_load(text)}).values()
        for step in job["steps"]
        if step["uses"].startswith("OWNER/floe-workbench")
    ]
    assert [step["uses"] for step in steps] == [
        f"OWNER/floe-workbench@v{__version__}", f"OWNER/floe-workbench/platform@v{__version__}"
    ]  # fmt: skip
    for step, file in zip(steps, ("action.yml", "platform/action.yml"), strict=True):
        assert set(step.get("with", {})) <= set(yaml.safe_load((ROOT / file).read_text())["inputs"])
