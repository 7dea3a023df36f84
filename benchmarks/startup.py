"""What a start costs: `floe --version` and `floe platform compile`, beside a bare Python.

    python benchmarks/startup.py [--rounds N]

Each round starts all of them, one after the other, each a fresh process with warm files and with
bytecode, as an installed package has it. Shown is what each takes longer than ``python -c pass``,
from the medians and from the fastest rounds: on a busy machine only the fastest say something.
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

GOALS = {"floe --version": 0.090, "floe platform compile": 0.350}
"""Seconds beyond a bare Python."""


def timed(command: list[str], directory: str, environment: dict[str, str]) -> float:
    """Seconds from start to end of a process."""
    start = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print a table; nothing is asserted, for a busy machine proves nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    floe = shutil.which("floe", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if floe is None:
        sys.exit("floe is not on PATH: install the project first (pip install -e .)")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "floe --version": [floe, "--version"],
        "floe platform compile": [floe, "platform", "compile"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "manifest.yaml").write_text(MANIFEST)
        # A checkout may be told to keep no bytecode beside its sources; an installation always has it.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(directory, "bytecode"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command in commands.values():  # files into the page cache, bytecode onto disk
            timed(command, directory, environment)
        for _ in range(rounds):
            for name, command in commands.items():
                seconds[name].append(timed(command, directory, environment))

    load = os.getloadavg()[0]
    print(f"{rounds} rounds, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{'what':<24} {'median ms':>10} {'beyond':>8} {'fastest ms':>11} {'beyond':>8} {'goal':>7}")
    median = {name: statistics.median(values) for name, values in seconds.items()}
    fastest = {name: min(values) for name, values in seconds.items()}
    bare = "python -c pass"
    for name in commands:
        goal = f"≤ +{GOALS[name] * 1e3:.0f}" if name in GOALS else ""
        beyond = [f"+{(of[name] - of[bare]) * 1e3:.0f}" if goal else "" for of in (median, fastest)]
        print(
            f"{name:<24} {median[name] * 1e3:>10.0f} {beyond[0]:>8} "
            f"{fastest[name] * 1e3:>11.0f} {beyond[1]:>8} {goal:>7}"
        )
        if goal and fastest[name] - fastest[bare] > GOALS[name]:
            print(f"{'':<24} missed")


if __name__ == "__main__":
    main()
