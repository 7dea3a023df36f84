"""The blast radius of one upgrade over a fleet of generated dbt projects, on one core and on all.

    python benchmarks/fleet.py [--projects 100] [--models 800] [--workers N] [--strict]

Prints seconds for a tenth, a half and all of the fleet (the cost of a project must not grow with
their number), then for all of it on one core and on every core. `--rows` prints the table of
projects as well. Projects are written to a temporary directory, once.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from goals import Goals

from floe_engine.artifact.content import Artifact
from floe_engine.output.changes.text import blast_radius_lines
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.upgrade.fleet import BlastRadius, blast_radius, find_projects
from floe_engine.workspace import Workspace

LAYERS = ("bronze", "silver", "gold")
COLUMNS = 8
SOURCE = (
    "sources:",
    "  - name: raw",
    "    loaded_at_field: loaded_at",
    "    freshness: {warn_after: {count: 1, period: day}}",
    "    tables: [{name: events}]",
)
MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {{name: acme, version: "{version}"}}
plugins:
  compute: {{type: duckdb}}
  orchestrator: {{type: dagster}}
data_architecture: {{pattern: medallion, naming: {{enforcement: strict}}}}
governance: {{quality_gates: {{minimum_test_coverage: {coverage}, block_on_failure: true}}}}
"""


def platform(folder: Path, version: str, coverage: int) -> Artifact:
    """A compiled platform that asks for this test coverage."""
    folder.mkdir()
    (folder / "manifest.yaml").write_text(MANIFEST.format(version=version, coverage=coverage))
    return compile_platform(Workspace.open(folder), write=False).artifact


def write_project(folder: Path, models: int, *, tested: int) -> None:
    """A project of `models` models in three layers, each with `tested` of eight columns tested."""
    (folder / "models").mkdir(parents=True)
    name = folder.name.replace("-", "_")
    (folder / "dbt_project.yml").write_text(f'name: {name}\nversion: "1.0"\nprofile: {name}\n')
    described = ["version: 2", *SOURCE, "models:"]
    for number in range(models):
        layer = LAYERS[number * len(LAYERS) // models]
        model = f"{layer}_{name}_{number}"
        columns = ", ".join(f"column_{n}" for n in range(COLUMNS))
        above = number + models // -len(LAYERS)  # rounded up: always one layer below
        upstream = f"{LAYERS[above * len(LAYERS) // models]}_{name}_{above}" if above >= 0 else ""
        source = f"{{{{ ref('{upstream}') }}}}" if upstream else "{{ source('raw', 'events') }}"
        (folder / "models" / f"{model}.sql").write_text(f"select {columns}\nfrom {source}\n")
        described += [f"  - name: {model}", f"    description: Model {number}.", "    columns:"]
        for column in range(COLUMNS):
            described += [f"      - name: column_{column}", f"        description: Column {column}."]
            if column < tested:
                tests = "[not_null, unique]" if column == 0 else "[not_null]"
                described.append(f"        data_tests: {tests}")
    (folder / "models" / "schema.yml").write_text("\n".join(described) + "\n")


def timed(
    directories: Sequence[Path], old: Artifact, new: Artifact, root: Path, workers: int | None
) -> tuple[float, BlastRadius]:
    """Seconds for a fleet, and what was found."""
    start = time.perf_counter()
    found = blast_radius(directories, old, new, root=root, workers=workers)
    return time.perf_counter() - start, found


def main() -> None:
    """Write the fleet, measure it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--models", type=int, default=800)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rows", action="store_true", help="print the table of projects")
    goals = Goals(parser)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="floe-fleet-") as temporary:
        root = Path(temporary) / "fleet"
        old = platform(Path(temporary) / "old", "1.0.0", 50)
        new = platform(Path(temporary) / "new", "2.0.0", 80)
        for number in range(options.projects):
            # Every fourth project has enough tests for the new platform too.
            tested = COLUMNS if number % 4 == 0 else COLUMNS // 2
            write_project(root / f"project-{number:03}", options.models, tested=tested)
        directories = find_projects(root)
        print(f"{options.projects} projects of {options.models} models, {options.workers} workers")
        print(f"{'projects':>9} {'workers':>8} {'seconds':>8} {'ms/project':>11} {'models/s':>9}")
        sizes = sorted({max(options.projects // 10, 1), max(options.projects // 2, 1), options.projects})
        runs = [(size, options.workers) for size in sizes]
        if options.workers > 1:
            runs.append((options.projects, 1))
        spent = {}
        for size, workers in runs:
            seconds, found = timed(directories[:size], old, new, root, workers)
            spent[size, workers] = seconds
            models = found.models / seconds
            print(f"{size:>9} {workers:>8} {seconds:>8.1f} {1000 * seconds / size:>11.0f} {models:>9,.0f}")
            sys.stdout.flush()
        lines = list(blast_radius_lines(found))
        print("\n".join(lines if options.rows else lines[len(found.projects) + 2 :]))
        if options.workers > 1:
            faster = spent[options.projects, 1] / spent[options.projects, options.workers]
            limit = 0.85 * options.workers
            print(f"{options.workers} workers: {faster:.2f}× {goals.at_least('workers', faster, limit)}")
    goals.end(options.strict)


if __name__ == "__main__":
    main()
