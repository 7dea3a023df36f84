"""Running the real dbt, quietly and without a network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def run_dbt(dbt: str, directory: Path, *arguments: str) -> str:
    """The output of one dbt command in `directory`; fails the test where dbt does."""
    finished = subprocess.run(
        [dbt, "--no-use-colors", "--no-version-check", *arguments],
        cwd=directory,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-4000:]
    return finished.stdout
