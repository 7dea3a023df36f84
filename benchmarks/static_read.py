"""Facts of a generated dbt project: floe's static reader beside `dbt parse`, in the same run.

    python benchmarks/static_read.py [--models 1250] [--commit 2000] [--dbt PATH] [--strict]

Both are whole processes with a cold start; dbt parses without its partial-parse cache, which is
what happens on a fresh clone, and floe finds its cache empty. A second figure is floe's
when all files are as they were, and a third with one processor alone. A last one is `floe compile` as a
pre-commit hook runs it where one of `--commit` models has changed. Each is told as wall time and as
processor time of all its processes; the goals are for the shorter, because other work on the machine
lengthens the first, and work in two processes the second. Needs dbt with dbt-duckdb on PATH, in FLOE_DBT,
or by --dbt.
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
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from goals import Goals, version_of  # noqa: E402
from judge import PLATFORM  # noqa: E402

from tests.engine.project.projects import write_generated_project  # noqa: E402 - the path comes first

GOAL_SECONDS, GOAL_WARM, GOAL_COMMIT, GOAL_RATIO = 0.4, 0.15, 0.5, 10.0
"""For 1,250 models, seconds of the whole process with an empty cache and with what a run before left there;
for 2,000, those of a hook after one has changed; and how much longer dbt takes than the first.
"""

READ = """
import sys
from pathlib import Path
from floe_engine.project.reading import read_project

project = read_project(Path(sys.argv[1]), reader="static")
print(len(project.models), sum(len(model.tests) for model in project.models), len(project.sources))
"""


class Took(NamedTuple):
    """One run, or the medians of some: wall seconds, and processor seconds of all its processes."""

    wall: float
    processor: float
    said: str = ""

    @property
    def seconds(self) -> float:
        """What a goal is for."""
        return min(self.wall, self.processor)


def timed(command: list[str], directory: Path, cache: Path, *, codes: tuple[int, ...] = (0,)) -> Took:
    """One whole process, and what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONPATH": str(ROOT)}
    environment |= {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    finished = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if finished.returncode not in codes:
        sys.exit(f"{command[0]} ended with {finished.returncode}: {finished.stderr[-500:]}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, spent, finished.stdout.strip())


def median(runs: list[Took]) -> Took:
    """The median of each figure."""
    return Took(*(statistics.median(figures) for figures in zip(*(run[:2] for run in runs), strict=True)))


def show(what: str, took: Took, verdict: str = "") -> None:
    """One line."""
    print(f"{what:<24} {took.wall:7.2f} s, {took.processor:7.2f} s of processor  {verdict}", flush=True)


def committed(folder: Path, models: int, runs: int) -> Took:
    """A hook's `floe compile` in a project of so many models, one of which has changed since the last."""
    project = write_generated_project(folder / "commit", models=models, seed=1)
    cache, registry = folder / "commit-cache", ["--registry", f"oci-layout:{folder / 'registry'}"]
    (platform := folder / "platform").mkdir()
    (platform / "manifest.yaml").write_text(PLATFORM)
    floe = str(Path(sys.executable).with_name("floe"))
    timed([floe, "platform", "publish", "v1.2.3", "--no-sign", *registry], platform, cache)
    timed([floe, "init", "--platform", "v1.2.3", *registry], project, cache)
    hook = [floe, "compile", "--offline", "--quiet"]
    changing = sorted((project / "models").rglob("*.sql"))[models // 2]
    took = []
    for number in range(runs + 2):  # the first fills the cache, and the second writes bytecode
        changing.write_text(f"{changing.read_text()}-- {number}\n")
        took.append(timed(hook, project, cache, codes=(0, 1)))
    return median(took[2:])


def main() -> None:
    """Print one line a reader and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=1250)
    parser.add_argument("--commit", type=int, default=2000, help="models of the project that a hook judges")
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
        single = [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{0}}){READ}", str(project)]
        caches = [Path(folder, f"cache{number}") for number in range(arguments.runs + 1)]
        # The first of each warms the files.
        runs = [timed(reading, project, cache) for cache in caches][1:]
        again = [timed(reading, project, cache) for cache in caches][1:]
        alone = [timed(single, project, Path(folder, f"{cache}-1")) for cache in caches][1:]
        if len({run.said for run in (*runs, *again, *alone)}) != 1:
            sys.exit("what is recalled is not what was read")
        models, tests, sources = runs[0].said.split()
        print(f"project: {models} models, {tests} tests, {sources} sources; load {os.getloadavg()[0]:.1f}")
        ours, warm, size = median(runs), median(again), arguments.models / 1250
        verdict = goals.at_most("static read, s", ours.seconds, GOAL_SECONDS * size)
        show("floe static read", ours, verdict)
        show("  with one processor", median(alone))
        show("  the same again", warm, goals.at_most("the same again, s", warm.seconds, GOAL_WARM * size))
        hook = committed(Path(folder), arguments.commit, arguments.runs)
        verdict = goals.at_most("one changed, s", hook.seconds, GOAL_COMMIT * arguments.commit / 2000)
        show(f"hook, 1 of {arguments.commit:,} changed", hook, verdict)
        theirs = timed(
            [arguments.dbt, "parse", "--profiles-dir", ".", "--no-partial-parse"], project, caches[0]
        )
        show("dbt parse", theirs)
        ratio = theirs.processor / ours.processor
        print(f"ratio, processor {ratio:.1f} × {goals.at_least('beside dbt parse', ratio, GOAL_RATIO)}")
    goals.end(arguments.strict)


if __name__ == "__main__":
    main()
