"""The extension for VS Code: packaged by the real vsce, and started with the library that it is made of."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import floe_engine

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
DOUBLE = Path(__file__).parent / "vscode"
FLOE = Path(sys.executable).with_name("floe")


def had(variable: str, what: str) -> Path:
    """What a variable names. Skips the test without it, or fails where FLOE_REQUIRE_INTEROP is set."""
    found = Path(os.environ.get(variable, ""))
    if variable in os.environ and found.exists():
        return found
    message = f"{variable} names no {what}; tests/interop/README.md says how to get it"
    if os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """The extension with the library that package.json names, as `npm install --omit=dev` leaves it."""
    modules = had("VSCODE_CLIENT", "folder with vscode-languageclient")
    folder = tmp_path / "extension"
    shutil.copytree(EXTENSION, folder)
    shutil.copytree(modules, folder / "node_modules", symlinks=True)
    return folder


def test_vsce_packages_it_with_its_library_and_nothing_else(extension: Path, tmp_path: Path) -> None:
    made, vsce = tmp_path / "floe.vsix", had("VSCE", "vsce")
    path = f"{vsce.parent}{os.pathsep}{os.environ['PATH']}"  # vsce asks npm what belongs to the library
    command = [vsce, "package", "--allow-missing-repository", "--out", made]
    environ = {**os.environ, "PATH": path}
    ran = subprocess.run(command, cwd=extension, env=environ, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    inside = {name.removeprefix("extension/") for name in zipfile.ZipFile(made).namelist()}
    own = {name for name in inside if not name.startswith(("node_modules/", "extension.vsix", "[Content"))}
    assert own == {"LICENSE.txt", "extension.js", "package.json", "readme.md"}
    assert "node_modules/vscode-languageclient/package.json" in inside


def test_what_it_says_of_itself_is_what_this_release_is() -> None:
    about = json.loads((EXTENSION / "package.json").read_text())
    assert about["version"] == floe_engine.__version__
    assert about["license"] == "Apache-2.0"
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    path = about["contributes"]["configuration"]["properties"]["floe.path"]
    assert path["default"] == "floe"
    # A folder that nobody trusts yet may not say which program is started.
    assert about["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] == ["floe.path"]
    assert path["scope"] == "machine-overridable"


def told(extension: Path, program: Path, file: Path) -> list[str]:
    """What an editor with one open file is told, line by line, until it has been told of problems."""
    shutil.copytree(DOUBLE, extension / "node_modules" / "vscode")
    environment = {"EXTENSION": extension / "extension.js", "FLOE_PROGRAM": program, "OPEN_FILE": file}
    with subprocess.Popen(
        ["node", extension / "node_modules/vscode/run.js"],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdin is not None and running.stdout is not None
        said = []
        for line in running.stdout:
            said.append(line.rstrip())
            if line.startswith("problems") or (line.startswith("told") and "did not start" in line):
                running.stdin.close()
                break
        said += [line.rstrip() for line in running.stdout]
    return said


def test_it_starts_the_server_shows_its_problems_and_ends_it(extension: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("kind: Manifest\nsurprise: 1\n")
    said = told(extension, FLOE, manifest)
    assert "active" in said
    (problems,) = (line for line in said if line.startswith("problems"))
    assert "FLOE-M001" in problems.split()
    assert said[-1] == "left"
    assert not any(line.startswith("told") for line in said), said


def test_without_the_program_it_says_what_to_do(extension: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("kind: Manifest\n")
    said = "\n".join(told(extension, tmp_path / "nowhere" / "floe", manifest))
    assert re.search(r"floe did not start\. Install it with pip install 'floe-workbench\[lsp\]'", said)
    assert "floe.path" in said
