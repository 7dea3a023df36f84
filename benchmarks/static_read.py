"""Facts of a generated dbt project: floe's static reader beside `dbt parse`, in the same run.

    python benchmarks/static_read.py [--models 1250] [--dbt PATH] [--strict]

Both are whole processes with a cold start; dbt parses without its partial-parse cache, which is
what happens on a fresh clone, and floe finds its cache empty. A second figure is floe's
when all files are as they were. Needs dbt with dbt-duckdb on PATH, in FLOE_DBT, or by --dbt.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from goals import Goals, version_of  # noqa: E402

from tests.engine.project.projects import write_generated_project  # noqa: E402 - the path comes first

GOAL_SECONDS, GOAL_WARM, GOAL_RATIO = 0.4, 0.15, 10.0
"""For 1,250 models, processor seconds of the whole process, with an empty cache and with what a run before
left there; and how much longer dbt takes than the first.
"""

READ = """
import sys
from pathlib import Path
from floe_engine.project.reading import read_project

project = read_project(Path(sys.argv[1]), reader="static")
print(len(project.models), sum(len(model.tests) for model in project.models), len(project.sources))
"""


def timed(command: list[str], directory: Path, cache: Path) -> tuple[float, str]:
    """Processor seconds of one whole process, and what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(ROOT)}
    environment |= {"XDG_CACHE_HOME": str(cache)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, finished.stdout.strip()


def main() -> None:
    """Print one line a reader and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=int, default=1250)
    parser.add_argument("--runs", type=int, default=9, help="runs of floe; dbt runs once")
    parser.add_argument("--dbt", default=os.environ.get("FLOE_DBT") or shutil.which("dbt"))
    goals = Goals(parser)
    arguments = parser.parse_args()
    dbt = version_of([arguments.dbt, "--version"]) if arguments.dbt else None
    if not goals.peer("dbt", dbt, "name it with --dbt or in FLOE_DBT"):
        goals.end(strict=True)
    with tempfile.TemporaryDirectory() as folder:
        project = write_generated_project(Path(folder) / "project", models=arguments.models, seed=1)
        reading = [sys.executable, "-c", READ, str(project)]
        caches = [Path(folder, f"cache{number}") for number in range(arguments.runs + 1)]
        # The first of each warms the files.
        runs = [timed(reading, project, cache) for cache in caches][1:]
        again = [timed(reading, project, cache) for cache in caches][1:]
        ours, warm = (statistics.median(seconds for seconds, _ in each) for each in (runs, again))
        if {said for _, said in runs} != {said for _, said in again}:
            sys.exit("what is recalled is not what was read")
        models, tests, sources = runs[0][1].split()
        print(f"project: {models} models, {tests} tests, {sources} sources")
        limit = GOAL_SECONDS * arguments.models / 1250
        print(f"floe static read  {ours:8.2f} s of processor {goals.at_most('static read, s', ours, limit)}")
        limit = GOAL_WARM * arguments.models / 1250
        print(
            f"  the same again  {warm:8.2f} s of processor {goals.at_most('the same again, s', warm, limit)}"
        )
        theirs, _ = timed(
            [arguments.dbt, "parse", "--profiles-dir", ".", "--no-partial-parse"], project, caches[0]
        )
        print(f"dbt parse         {theirs:8.2f} s of processor")
        ratio = theirs / ours
        print(f"ratio             {ratio:8.1f} × {goals.at_least('beside dbt parse', ratio, GOAL_RATIO)}")
    goals.end(arguments.strict)


if __name__ == "__main__":
    main()
