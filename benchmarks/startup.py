"""What a start costs: `--version`, `--help`, `platform compile` and `platform list`, beside a bare Python.

    python benchmarks/startup.py [--rounds N] [--strict]

Each round starts all of them, one after the other, each a fresh process with warm files and with
bytecode, as an installed package has it. Shown is what each takes longer than ``python -c pass``:
by the median and the fastest round, and in processor time, which on a busy machine is what comes
nearest to the time that a quiet one would need (there is no input or output to wait for). The goals are
for the least processor time of the whole process, and for `--version` of what it takes beyond a bare one.
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

from goals import Goals

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
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

LIMITS = {"floe --version": 15, "floe --help": 60, "floe platform compile": 350, "floe platform list": 150}
"""Milliseconds of processor: of the whole process, for `--version` beyond a bare Python."""


def timed(command: list[str], directory: str, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from start to end of a process, and seconds of processor time that it used."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    goals = Goals(parser)
    options = parser.parse_args()
    rounds = options.rounds
    floe = shutil.which("floe", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if floe is None:
        sys.exit("floe is not on PATH: install the project first (pip install -e .)")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "floe --version": [floe, "--version"],
        "floe --help": [floe, "--help"],
        "floe platform compile": [floe, "platform", "compile"],
        "floe platform list": [floe, "platform", "list"],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "manifest.yaml").write_text(MANIFEST)
        # A checkout may be told to keep no bytecode beside its sources; an installation always has it.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(directory, "bytecode"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["FLOE_REGISTRY"] = f"oci-layout:{directory}/registry"
        timed([floe, "platform", "publish", "v1.2.3", "--no-sign"], directory, environment)
        for command in commands.values():  # files into the page cache, bytecode onto disk
            timed(command, directory, environment)
        for _ in range(rounds):
            for name, command in commands.items():
                taken[name].append(timed(command, directory, environment))

    print(f"{rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'ms':<24} {'median':>14} {'fastest':>14} {'processor':>14}")
    bare = figures(taken["python -c pass"])
    for name in commands:
        columns = ""
        for figure, pass_ in zip(figures(taken[name]), bare, strict=True):
            beyond = f"(+{(figure - pass_) * 1e3:.0f})" if name in LIMITS else ""
            columns += f" {figure * 1e3:>7.0f} {beyond:<6}"
        verdict = ""
        if name in LIMITS:
            spent = figures(taken[name])[2] - (bare[2] if name == "floe --version" else 0)
            verdict = goals.at_most(f"{name}, processor ms", spent * 1e3, LIMITS[name])
        print(f"{name:<24}{columns} {verdict}")
    goals.end(options.strict)


def figures(taken: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Median and fastest time, and the least processor time, in seconds."""
    wall = [seconds for seconds, _ in taken]
    return statistics.median(wall), min(wall), min(processor for _, processor in taken)


if __name__ == "__main__":
    main()
