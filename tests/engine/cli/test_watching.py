"""`--watch` and `--mutate`, as a person at a terminal uses them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import MANIFEST, floe, ok, platform_directory

CASES = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: our names}
cases:
  - name: a stray prefix is refused
    rules: [FLOE-E201]
    given: {models: [{name: stg_payments}, {name: silver_payments}]}
    expect:
      - {rule: FLOE-E201, resource: stg_payments, result: fail}
      - {rule: FLOE-E201, resource: silver_payments, result: pass}
"""


class Watching:
    """A running `floe … --watch`; what it prints is read in rounds."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("floe")), *arguments, "--watch"],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ.copy(),
        )
        self._limit = threading.Timer(60, self._process.kill)
        self._limit.start()

    def round(self) -> str:
        """What is printed until it waits again."""
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            if line.startswith("Waiting for changes"):
                return "".join(lines)
            lines.append(line)
        pytest.fail("it ended: " + "".join(lines))

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        self._limit.cancel()
        return self._process.returncode

    def end(self) -> None:
        self._limit.cancel()
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[list[Watching]]:
    running: list[Watching] = []
    yield running
    for one in running:
        one.end()


def test_check_watches_the_manifest_and_its_parent(tmp_path: Path, watching: list[Watching]) -> None:
    platform_directory(tmp_path / "enterprise")
    text = MANIFEST.replace("scope: enterprise", "scope: domain") + "parent: ../enterprise/manifest.yaml\n"
    directory = platform_directory(tmp_path / "sales", text)
    watching.append(check := Watching(directory, "platform", "check"))
    assert "manifest.yaml is valid" in check.round()
    (directory / "manifest.yaml").write_text(text.replace("duckdb", "duckbd"))
    again = check.round()
    assert "manifest.yaml changed" in again
    assert "FLOE-M021" in again
    (directory / "manifest.yaml").write_text(text)
    assert "manifest.yaml is valid" in check.round()
    (tmp_path / "enterprise" / "manifest.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 90"))
    assert "FLOE-M050" in check.round()
    (directory / "manifest.yaml").unlink()
    assert "there is no manifest.yaml here" in check.round()
    assert check.interrupt() == 130


def test_policy_tests_run_again_for_a_new_file_of_cases(tmp_path: Path, watching: list[Watching]) -> None:
    directory = platform_directory(tmp_path)
    watching.append(tests := Watching(directory, "platform", "test"))
    assert "All 4 tests passed" in tests.round()
    (directory / "tests" / "policies").mkdir(parents=True)
    (directory / "tests" / "policies" / "names.yaml").write_text(CASES)
    again = tests.round()
    assert "names.yaml changed" in again
    assert "All 5 tests passed" in again
    assert tests.interrupt() == 130


def test_watching_is_not_for_programs(tmp_path: Path) -> None:
    ran = floe(platform_directory(tmp_path), "platform", "check", "--watch", "--output", "json")
    assert ran.code == 2
    assert "--watch does not go with --output json" in ran.err


def test_mutants_that_nobody_notices_are_listed_and_fail_a_strict_run(tmp_path: Path) -> None:
    directory = platform_directory(tmp_path)
    (directory / "tests" / "policies").mkdir(parents=True)
    (directory / "tests" / "policies" / "names.yaml").write_text(CASES)
    assert "Mutants: the tests noticed" in ok(floe(directory, "platform", "test", "--mutate", "--strict")).out
    own = floe(directory, "platform", "test", "--mutate", "--own")
    assert own.code == 0
    assert "FLOE-E202: nobody notices when any spelling is taken" in own.out
    strict = floe(
        directory, "platform", "test", "--mutate", "--own", "--strict", "-o", "json", "--workers", "2"
    )
    assert (strict.code, strict.json["ok"], strict.json["passed"]) == (1, False, True)
    survivors = {each["rule"] for each in strict.json["mutation"]["survivors"]}
    assert "FLOE-E202" in survivors
    assert len(strict.json["mutation"]["survivors"]) < strict.json["mutation"]["mutants"]


@pytest.mark.parametrize("wrong", [["--strict"], ["--own"], ["--mutate", "--output", "junit"]])
def test_options_about_mutants_need_mutants(wrong: list[str], tmp_path: Path) -> None:
    assert floe(platform_directory(tmp_path), "platform", "test", *wrong).code == 2
