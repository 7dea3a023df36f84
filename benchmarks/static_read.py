"""Facts of a generated dbt project: floe's static reader beside `dbt parse`, in the same run.

    python benchmarks/static_read.py [--models 1000] [--dbt PATH]

Both are whole processes with a cold start; dbt parses without its partial-parse cache, which is
what happens on a fresh clone. Needs dbt with dbt-duckdb on PATH, in FLOE_DBT, or by --dbt.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.engine.project.projects import write_generated_project  # noqa: E402 - the path comes first

READ = """
import sys
from pathlib import Path
from floe_engine.project.reading import read_project

project = read_project(Path(sys.argv[1]), reader="static")
print(len(project.models), sum(len(model.tests) for model in project.models), len(project.sources))
"""


def timed(command: list[str], directory: Path) -> tuple[float, str]:
    """Seconds of one whole process, and what it printed."""
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    finished = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - started, finished.stdout.strip()


def main() -> None:
    """Print one line a reader and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3, help="runs of floe; dbt runs once")
    parser.add_argument("--dbt", default=os.environ.get("FLOE_DBT") or shutil.which("dbt"))
    arguments = parser.parse_args()
    if arguments.dbt is None:
        sys.exit("dbt is not on PATH: name it with --dbt or in FLOE_DBT")
    with tempfile.TemporaryDirectory() as folder:
        project = write_generated_project(Path(folder), models=arguments.models, seed=1)
        runs = [timed([sys.executable, "-c", READ, str(project)], project) for _ in range(arguments.runs)]
        ours = statistics.median(seconds for seconds, _ in runs)
        models, tests, sources = runs[0][1].split()
        print(f"project: {models} models, {tests} tests, {sources} sources")
        print(f"floe static read  {ours:8.2f} s")
        theirs, _ = timed([arguments.dbt, "parse", "--profiles-dir", ".", "--no-partial-parse"], project)
        print(f"dbt parse         {theirs:8.2f} s")
        print(f"ratio             {theirs / ours:8.1f} x")


if __name__ == "__main__":
    main()
