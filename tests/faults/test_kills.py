"""`scripts/kills.py`, a few kills long: what it counts for docs/reliability.md has to work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kills.py"


@pytest.mark.parametrize("backend", ["folder", pytest.param("registry", marks=pytest.mark.interop)])
def test_after_every_kill_the_next_command_succeeds(
    require_binary: Callable[[str], str], backend: str
) -> None:
    if backend == "registry":
        require_binary("docker-registry")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "3", "--backend", backend, "--seconds", "30"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 that the next command did not recover from" in done.stdout
