"""The Containerfile: what its linter says, and that it installs what the action installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text()


def test_the_linter_finds_nothing() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint comes for Linux on x86-64 alone")
    done = subprocess.run([linter, ROOT / "Containerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_everything_is_pinned_by_hash_as_in_the_action() -> None:
    (install, _) = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    for option in ("--no-deps --require-hashes --requirement", "--no-deps --no-build-isolation"):
        assert option in install["run"]
        assert option.replace("--no-deps", "--no-cache-dir --no-deps") in TEXT


def test_what_is_copied_is_not_ignored_and_nothing_secret_gets_in() -> None:
    ignored = (ROOT / ".containerignore").read_text().splitlines()
    assert ignored[0] == "*"
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    for name in re.findall(r"^COPY (?!--from)(\S+) ", TEXT, re.MULTILINE):
        assert name == "." or name in kept
    assert re.search(r"^USER \d+$", TEXT, re.MULTILINE)
