"""Judging a dbt project, beside dbt-bouncer, dbt-score and `dbt parse`.

    python benchmarks/judge.py [MANIFEST.json[.gz] …] [--models 5000] [--rounds 9] [--peers DIR] [--dbt PATH]

Whole processes, from start to answer, one after the other in every round, after one that does not
count. The ratios are of the medians of processor time: none of the tools waits for anything, and other
work on the machine lengthens a wall clock at random; the ratio of wall clocks stands beside it. Ours is
`floe compile --frozen --offline` with a pulled platform. Beside the manifests given, a project of
`--models` models is generated and parsed by dbt (0: none); its own time, which everybody who judges by
a manifest has spent before, is in the table, and so is `floe compile` on the bare files without it.

The tools run different rules (ours the seed's platform; dbt-bouncer its strict preset, and once more
ten checks about names, tests, descriptions, contracts and freshness; dbt-score its defaults), so
compare the wait, not the work. Peers are looked for in `--peers`, then on PATH: `pip install
dbt-bouncer dbt-score` in an environment of their own. Keys that peers insist on and a stripped
manifest lacks (`raw_code`) are filled in with empty text for all three.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from goals import Goals, version_of  # noqa: E402

from tests.engine.project.projects import write_generated_project  # noqa: E402 - the path comes first

RATIOS = {
    "large": {"dbt-score": 1.8, "dbt-bouncer, ten checks": 2.2},
    "small": {"dbt-score": 1.2, "dbt-bouncer, ten checks": 2.2},
    "generated": {"dbt-score": 3.0, "dbt-bouncer, ten checks": 2.0},
}
"""How much longer each peer is to take than floe: for a manifest of 10 MB and more, a smaller one, and the
generated project."""
FLOE = str(Path(sys.executable).with_name("floe"))
COMPILE = [FLOE, "compile", "--frozen", "--offline"]
BOUNCER = """\
dbt_artifacts_dir: target
manifest_checks:
  - name: check_model_names
    model_name_pattern: ^(bronze|silver|gold)_
  - name: check_model_has_unique_test
  - name: check_model_description_populated
  - name: check_model_has_meta_keys
    keys: [owner]
  - name: check_model_test_coverage
    min_model_test_coverage_pct: 80
  - name: check_model_has_contracts_enforced
  - name: check_model_documentation_coverage
    min_model_documentation_coverage_pct: 80
  - name: check_model_max_fanout
    max_downstream_models: 10
  - name: check_source_freshness_populated
  - name: check_source_description_populated
"""

PEERS = (
    ("dbt-bouncer, strict preset", "dbt-bouncer", ["run", "--preset", "strict"]),
    ("dbt-bouncer, ten checks", "dbt-bouncer", ["run", "--config-file", "ten.yml"]),
    ("dbt-score", "dbt-score", ["lint", "--manifest", "target/manifest.json", "--format", "json"]),
)


@dataclass(frozen=True)
class Run:
    """One run, or the medians of some: wall and processor seconds, peak memory in MB, exit code."""

    seconds: float
    processor: float
    megabytes: float
    code: int


def main() -> None:
    """Judge every project with everything there is, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("manifests", nargs="*", type=Path, metavar="MANIFEST")
    parser.add_argument("--models", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", help="directory of dbt-bouncer and dbt-score")
    parser.add_argument("--dbt", default=os.environ.get("FLOE_DBT") or shutil.which("dbt"))
    goals = Goals(parser)
    arguments = parser.parse_args()
    commands = {"floe": COMPILE}
    for peer in ("dbt-score", "dbt-bouncer"):
        found = shutil.which(peer, path=arguments.peers) or shutil.which(peer)
        known = version_of([found, "--version"]) if found else None
        if goals.peer(peer, known, f"pip install {peer}") and found is not None:
            commands |= {title: [found, *command] for title, name, command in PEERS if name == peer}
    print(f"medians of {arguments.rounds}, load {os.getloadavg()[0]:.1f}")
    for path in arguments.manifests:
        with tempfile.TemporaryDirectory() as scratch:
            project = given(path, Path(scratch))
            large = (project / "target" / "manifest.json").stat().st_size >= 10e6
            measure(
                path.name, project, commands, arguments.rounds, goals, RATIOS["large" if large else "small"]
            )
    if arguments.models and arguments.dbt is None:
        sys.exit("the generated project is not measured: name dbt with --dbt or in FLOE_DBT")
    if arguments.models:
        with tempfile.TemporaryDirectory() as scratch:
            project = write_generated_project(Path(scratch), models=arguments.models, seed=1)
            parse = [arguments.dbt, "parse", "--profiles-dir", ".", "--no-partial-parse"]
            prepare(project)
            before = {"dbt parse": timed(parse, project), "floe, bare files": static(project)}
            name = f"generated, {arguments.models:,} models"
            measure(name, project, commands, arguments.rounds, goals, RATIOS["generated"], before)
    goals.end(arguments.strict)


def given(path: Path, directory: Path) -> Path:
    """A project of nothing but a manifest."""
    data = path.read_bytes()
    document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    for part in ("nodes", "sources", "macros"):
        for node in document.get(part, {}).values():
            node.setdefault("raw_code", "")
    name = document["metadata"]["project_name"]
    (directory / "dbt_project.yml").write_text(f"name: {name}\nversion: '1.0'\nprofile: {name}\n")
    (directory / "target").mkdir()
    (directory / "target" / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    prepare(directory)
    return directory


def prepare(directory: Path) -> None:
    """Publish the seed's platform on the embedded registry, pin it, and configure the peer."""
    (directory / "ten.yml").write_text(BOUNCER, encoding="utf-8")
    platform = directory / "the-platform"
    platform.mkdir()
    (platform / "manifest.yaml").write_text(PLATFORM, encoding="utf-8")
    registry = ["--registry", f"oci-layout:{directory / 'registry'}"]
    for where, command in (
        (platform, ["platform", "publish", "v1.2.3", "--no-sign"]),
        (directory, ["init", "--platform", "v1.2.3"]),
    ):
        subprocess.run(
            [FLOE, *command, *registry],
            cwd=where,
            env=environment(directory),
            check=True,
            stdout=subprocess.DEVNULL,
        )


def static(directory: Path) -> Run:
    """`floe compile` without a manifest: it reads the project's own YAML and SQL."""
    manifest = directory / "target" / "manifest.json"
    aside = manifest.rename(manifest.with_suffix(".aside"))
    try:
        return timed(COMPILE, directory)
    finally:
        aside.rename(manifest)


def measure(
    name: str,
    directory: Path,
    commands: dict[str, list[str]],
    rounds: int,
    goals: Goals,
    ratios: dict[str, float],
    before: dict[str, Run] | None = None,
) -> None:
    """Run every command on one project; `before` is what was measured of it already."""
    size = (directory / "target" / "manifest.json").stat().st_size / 1e6
    print(f"\n{name}: {size:.1f} MB")
    runs: dict[str, list[Run]] = {tool: [] for tool in commands}
    for number in range(rounds + 1):
        for tool, command in commands.items():
            run = timed(command, directory)
            if number:  # the first one writes bytecode, and warms the files
                runs[tool].append(run)
    medians = {**(before or {}), **{tool: median(taken) for tool, taken in runs.items()}}
    mine = medians["floe"]
    for tool, run in medians.items():
        ratio, wall = run.processor / mine.processor, run.seconds / mine.seconds
        goal = goals.at_least(f"{name}, {tool}", ratio, ratios[tool]) if tool in ratios else ""
        verdict = "" if tool.startswith("floe") else f"  {ratio:5.2f}× floe's, wall {wall:5.2f}× {goal}"
        memory = f"{run.megabytes:5.0f} MB ({run.megabytes / size:4.1f}x the manifest)"
        crashed = f"  exit code {run.code}: it may not have judged" if run.code not in (0, 1) else ""
        times = f"{run.seconds:6.2f} s ({run.processor:5.2f} s of processor)"
        print(f"  {tool:<27} {times}  {memory}{verdict}{crashed}")


def median(runs: list[Run]) -> Run:
    """The median of each figure; the largest exit code."""
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor for run in runs),
        statistics.median(run.megabytes for run in runs),
        max(run.code for run in runs),
    )


def environment(directory: Path) -> dict[str, str]:
    """Nobody's own settings or caches, nothing sent home, and bytecode kept as an installation has it."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "HOME": str(directory),
        "PYTHONPATH": str(ROOT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }


def timed(command: list[str], directory: Path) -> Run:
    """One whole process."""
    ran = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, *command],
        cwd=directory,
        env=environment(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    seconds, processor, kilobytes, code = json.loads(ran.stdout)
    return Run(seconds, processor, kilobytes * 1024 / 1e6, code)


# A process starts with the peak memory of the one that made it, so a small one has to.
LAUNCH = """\
import os, sys, time
started = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - started
print([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)])
"""

PLATFORM = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme-data-platform, version: "1.2.3", scope: enterprise}
plugins: {compute: {type: duckdb}}
data_architecture: {pattern: medallion, naming: {enforcement: strict}}
governance: {quality_gates: {minimum_test_coverage: 80, block_on_failure: true}}
"""


if __name__ == "__main__":
    main()
