"""What a release holds: an sdist that is the checkout, a wheel that can be used, and links that work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/example/floe-workbench"
"""Where the release is built, as its workflow says."""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that is built from it, as an index would serve them."""
    folder = tmp_path_factory.mktemp("release")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    server, _, name = REPOSITORY.rpartition("/example")
    environ = {**os.environ, "GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": f"example{name}"}
    subprocess.run(
        [*build, "-t", "sdist"], cwd=ROOT, env=environ, check=True, capture_output=True, timeout=120
    )
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder)  # our own; Python 3.11.2 knows no filter
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    subprocess.run(
        [*build, "-t", "wheel"], cwd=unpacked, env=environ, check=True, capture_output=True, timeout=120
    )
    return folder


@pytest.fixture(scope="module")
def unpacked(release: Path) -> Path:
    (folder,) = (path for path in release.iterdir() if path.is_dir())
    return folder


@pytest.fixture(scope="module")
def wheel(release: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(release.glob("*.whl")))


def test_the_sdist_is_the_checkout(unpacked: Path) -> None:
    """Nothing that `make demo`, `make test` or a test reads is missing."""
    if not (ROOT / ".git").exists():
        return  # these tests run from an sdist themselves
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    missing = [
        name
        for name in listed.splitlines()
        if name != ".gitignore" and (ROOT / name).exists() and not (unpacked / name).exists()
    ]
    assert missing == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
def test_the_sdists_demo_runs(unpacked: Path) -> None:
    """Its own scripts and examples, with the floe of this environment: nothing is fetched."""
    venv = unpacked / ".venv"
    (venv / "bin").mkdir(parents=True)
    for name in ("python", "floe"):
        (venv / "bin" / name).symlink_to(Path(sys.executable).parent / name)
    (venv / ".installed").touch()
    done = subprocess.run(["make", "demo"], cwd=unpacked, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[4/4] Compilation successful" in done.stdout
    asked = subprocess.run(
        ["make", "--dry-run", "test"], cwd=unpacked, capture_output=True, text=True, timeout=60
    )
    assert asked.returncode == 0, asked.stderr


def test_the_wheel_and_the_sdist_carry_the_licence_and_its_text(
    wheel: zipfile.ZipFile, unpacked: Path
) -> None:
    (folder,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    text = wheel.read(f"{folder}/licenses/Apache-2.0.txt").decode()
    assert "Apache License" in text and "Version 2.0, January 2004" in text
    assert "SPDX-License-Identifier: Apache-2.0" in wheel.read(f"{folder}/licenses/LICENSE").decode()
    assert (unpacked / "Apache-2.0.txt").read_text() == text
    assert "licenses/Apache-2.0.txt" in wheel.read(f"{folder}/RECORD").decode()


def test_the_wheel_has_every_program_and_every_file_that_is_no_python(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for folder in ("floe_engine", "floe_tui"):
        files = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files <= names
    (entries,) = (name for name in names if name.endswith("entry_points.txt"))
    programs = re.findall(r"^([\w-]+) = ", wheel.read(entries).decode(), re.MULTILINE)
    assert programs == ["floe", "floe-engine", "floe-tui", "floe-workbench"]


def test_a_page_that_floe_names_lies_where_it_says(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    sources = [path for folder in ("floe_engine", "floe_tui") for path in (ROOT / folder).rglob("*.py")]
    named = {page for path in sources for page in re.findall(r"docs/[a-z-]+\.md", path.read_text("utf-8"))}
    assert len(named) > 5 and {f"floe_engine/{page}" for page in named} <= set(wheel.namelist())
    wheel.extractall(tmp_path / "installed")
    for directory in (tmp_path / "installed", ROOT):
        done = subprocess.run(
            [sys.executable, "-c", "from floe_engine.cli import run; run()", "explain", "FLOE-M021"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(directory)}, capture_output=True, text=True,
        )  # fmt: skip
        page = Path(next(word for word in done.stdout.split() if word.endswith("plugins.md")))
        assert page.is_file() and page.is_relative_to(directory)


def test_an_index_page_gets_links_that_work(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = HeaderParser().parsestr(wheel.read(name).decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Documentation", "Source", "Issues", "Changelog"} <= set(urls)
    readme = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", readme)
    assert links and all(link.startswith(("https://", "#")) for link in links)
    tag = f"v{metadata['Version']}"
    for link in links:
        for prefix in (
            f"{REPOSITORY}/blob/{tag}/",
            f"{REPOSITORY.replace('github.com', 'raw.githubusercontent.com')}/{tag}/",
        ):
            if link.startswith(prefix):
                assert (ROOT / link.removeprefix(prefix).partition("#")[0]).exists(), link
    assert any("raw.githubusercontent.com" in link for link in links), (
        "the picture is one that a page can show"
    )


def workflow() -> Any:
    return yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())


def test_no_script_of_the_release_holds_text_from_outside_and_no_job_may_do_more_than_it_needs() -> None:
    jobs = workflow()["jobs"]
    assert workflow()["permissions"] == {}
    assert all("${{" not in step.get("run", "") for job in jobs.values() for step in job["steps"])
    assert jobs["build"]["permissions"] == {"contents": "read"}, "what runs our build can sign nothing"
    signs = {"contents": "read", "id-token": "write", "attestations": "write"}
    assert jobs["sign"]["permissions"] == signs, "what signs can publish nothing"
    assert jobs["publish"]["permissions"] == {"id-token": "write", "contents": "write"}
    assert all("secrets." not in str(step) for job in jobs.values() for step in job["steps"])
    assert all(
        step["with"]["persist-credentials"] is False
        for job in jobs.values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    )
    assert jobs["publish"]["if"] == "github.event_name == 'push'"


def test_what_a_release_runs_is_named_by_what_it_holds() -> None:
    """A tag or a branch of an action, and a version of a program, can become something else."""
    text = (ROOT / ".github/workflows/release.yml").read_text()
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert len(used) == text.count("uses:") > 0
    commit, version = r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", r"  # v\d+\.\d+\.\d+"
    assert [use for use in used if not re.fullmatch(commit + version, "".join(use))] == []
    by_version = {(name.partition("@")[0], version): name for name, version in used}
    assert set(by_version.values()) == {name for name, _ in used}
    fetched = re.findall(r"pip\" install --quiet (.*)", text)
    assert [line for line in fetched if line != "--no-deps --require-hashes -r requirements-release.txt"] == [
        "--constraint constraints.txt dist/*.whl"
    ], "what is only described, and never run with a right to sign"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the workflow's scripts are bash")
@pytest.mark.parametrize(
    ("tag", "changes", "said"),
    [
        ("v9.9.9", "## 9.9.9", ""),
        ("v9.9.8", "## 9.9.9", "the tag is v9.9.8"),
        ("v9.9.9", "## Unreleased", "CHANGELOG.md has no part for 9.9.9"),
    ],
)
def test_a_release_is_refused_whose_tag_or_changes_say_something_else(
    tmp_path: Path, tag: str, changes: str, said: str
) -> None:
    (step,) = (step for step in workflow()["jobs"]["build"]["steps"] if "tag says" in step.get("name", ""))
    (tmp_path / "floe_engine").mkdir()
    (tmp_path / "floe_engine/__init__.py").write_text('__version__ = "9.9.9"\n')
    (tmp_path / "CHANGELOG.md").write_text(changes + "\n")
    (tmp_path / "step.sh").write_text(step["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == (1 if said else 0)
    assert said in done.stdout


def test_floe_workbench_opens_the_workbench() -> None:
    program = Path(sys.executable).parent / "floe-workbench"
    if not program.exists():  # the environment was made before the program was
        pytest.fail("install floe anew: pip install -e '.[test]'")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, env={**os.environ})
    assert done.stdout.startswith("floe-")
