"""Run the real command line as a process, the way a script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
  scope: enterprise

plugins:
  compute:
    type: duckdb
  orchestrator:
    type: dagster
  catalog:
    type: polaris

data_architecture:
  pattern: medallion
  naming:
    enforcement: strict

governance:
  quality_gates:
    minimum_test_coverage: 80
    block_on_failure: true
"""
"""The manifest of the document that floe implements, word for word."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as the one JSON document that it must be."""
        return json.loads(self.out)


def floe(
    directory: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    program: str = "floe",
    timeout: float = 120,
    stdin: str = "",
) -> Ran:
    """Run `floe` in `directory`; `env` is added to the test's environment."""
    executable = Path(sys.executable).with_name(program)
    done = subprocess.run(
        [str(executable), *arguments],
        cwd=directory,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def ok(ran: Ran) -> Ran:
    """`ran` itself; fails with everything it printed unless it exited with 0."""
    assert ran.code == 0, f"exit {ran.code}\n{ran.out}\n{ran.err}"
    return ran


def platform_directory(path: Path, manifest: str = MANIFEST) -> Path:
    """A platform team's directory with a manifest."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "manifest.yaml").write_text(manifest)
    return path
