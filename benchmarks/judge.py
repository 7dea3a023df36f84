"""Judging a dbt project, beside dbt-bouncer and dbt-score on the same manifest.

    python benchmarks/judge.py [MANIFEST.json[.gz] …] [--models 5000] [--rounds 3] [--peers DIR]

Whole processes, from start to answer, one after the other in every round; the fastest round of
each counts. Beside the manifests given, a generated project of `--models` models is judged (0: none). The
tools run different rules (ours the seed's platform; dbt-bouncer its strict preset, and once more ten
checks about names, tests, descriptions, contracts and freshness; dbt-score its defaults), so compare
the wait, not the work.

Peers are looked for in `--peers`, then on PATH: `pip install dbt-bouncer dbt-score` in an
environment of their own. Keys that peers insist on and a stripped manifest lacks (`raw_code`) are
filled in with empty text for all three.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from floe_engine.artifact.content import Artifact

GOAL = 10.0

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
    """The fastest of some runs: wall and processor seconds, peak memory in MB, exit code."""

    seconds: float
    processor: float
    megabytes: float
    code: int


def main() -> None:
    """Judge every project with everything there is, and print the ratios."""
    arguments = parse()
    if arguments.ours:
        ours(Path(arguments.ours))
        return
    commands = {"floe": [sys.executable, str(Path(__file__).resolve()), "--ours", "target/manifest.json"]}
    for title, peer, command in PEERS:
        found = shutil.which(peer, path=arguments.peers) or shutil.which(peer)
        if found is None:
            print(f"{title} is not measured: there is no {peer} (pip install {peer})")
        else:
            commands[title] = [found, *command]
    for name, manifest in manifests(arguments):
        measure(name, manifest, commands, arguments.rounds)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("manifests", nargs="*", type=Path, metavar="MANIFEST")
    parser.add_argument("--models", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="directory of dbt-bouncer and dbt-score")
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    return parser.parse_args()


def manifests(arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """The given manifests, then a generated one."""
    for path in arguments.manifests:
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        for part in ("nodes", "sources", "macros"):
            for node in document.get(part, {}).values():
                node.setdefault("raw_code", "")
        yield path.name, document
    if arguments.models:
        yield f"generated, {arguments.models:,} models", generated(arguments.models)


def measure(name: str, manifest: dict[str, Any], commands: dict[str, list[str]], rounds: int) -> None:
    """Run every command on one manifest."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "target").mkdir()
        path = directory / "target" / "manifest.json"
        path.write_text(json.dumps(manifest), encoding="utf-8")
        (directory / "ten.yml").write_text(BOUNCER, encoding="utf-8")
        for file, data in artifact().files.items():
            target = directory / "platform" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        size = path.stat().st_size / 1e6
        print(f"\n{name}: {size:.1f} MB")
        best: dict[str, Run] = {}
        for _ in range(rounds):
            for tool, command in commands.items():
                run = timed(command, directory)
                if tool not in best or run.seconds < best[tool].seconds:
                    best[tool] = run
    mine = best["floe"]
    for tool, run in best.items():
        ratio = run.seconds / mine.seconds
        verdict = "" if tool == "floe" else f"  {ratio:4.1f}x as long as floe (goal {GOAL:.0f}x)"
        memory = f"{run.megabytes:5.0f} MB ({run.megabytes / size:4.1f}x the manifest)"
        crashed = f"  exit code {run.code}: it may not have judged" if run.code not in (0, 1) else ""
        times = f"{run.seconds:6.2f} s ({run.processor:5.2f} s of processor)"
        print(f"  {tool:<27} {times}  {memory}{verdict}{crashed}")


def timed(command: list[str], directory: Path) -> Run:
    """One whole process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, process.returncode)


def ours(path: Path) -> None:
    """What `floe compile` does with a manifest and a pulled platform: read both, judge, report."""
    from floe_engine.artifact.content import Artifact
    from floe_engine.artifact.paths import FILES
    from floe_engine.policy.evaluate import evaluate
    from floe_engine.policy.report.text import findings_lines
    from floe_engine.project.dbt_manifest import read_manifest

    platform = Artifact({file: Path("platform", file).read_bytes() for file in FILES}).platform
    project = read_manifest(path, path.parent)
    started = time.perf_counter()
    evaluation = evaluate(platform, project)
    judged = time.perf_counter() - started
    for line in findings_lines(evaluation):
        print(line.text)
    print(f"judged in {judged:.3f} s")
    raise SystemExit(0 if evaluation.passed else 1)


def artifact() -> Artifact:
    """The seed's platform, compiled."""
    from floe_engine.artifact.build import build
    from floe_engine.manifest.schema import Manifest

    return build(Manifest.model_validate(PLATFORM), (), created="2024-01-15T10:30:00Z")


PLATFORM = {
    "apiVersion": "floe.dev/v1",
    "kind": "Manifest",
    "metadata": {"name": "acme-data-platform", "version": "1.2.3", "scope": "enterprise"},
    "plugins": {"compute": {"type": "duckdb"}},
    "data_architecture": {"pattern": "medallion", "naming": {"enforcement": "strict"}},
    "governance": {"quality_gates": {"minimum_test_coverage": 80, "block_on_failure": True}},
}


def generated(models: int) -> dict[str, Any]:
    """A manifest of bronze, silver and gold models with columns, tests and sources."""
    nodes: dict[str, Any] = {}
    sources = {f"source.shop.raw.t{n}": _source(n) for n in range(max(models // 10, 1))}
    layers = ("bronze", "silver", "gold")
    for number in range(models):
        layer = layers[number * 3 // models]
        parents = _parents(number, models, list(sources))
        node = _model(f"{layer}_model_{number}", layer, parents)
        nodes[node["unique_id"]] = node
        for column in ("id", "value_1"):
            for kind in ("not_null", "unique")[: 2 if column == "id" else 1]:
                test = _test(node, column, kind)
                nodes[test["unique_id"]] = test
    parent_map = {key: list(node["depends_on"]["nodes"]) for key, node in nodes.items()}
    child_map: dict[str, list[str]] = {key: [] for key in (*nodes, *sources)}
    for key, parents in parent_map.items():
        for parent in parents:
            child_map[parent].append(key)
    return {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.0",
            "generated_at": "2026-01-01T00:00:00.000000Z",
            "invocation_id": "00000000-0000-0000-0000-000000000000",
            "env": {},
            "project_name": "shop",
            "project_id": "shop",
            "adapter_type": "duckdb",
        },
        "nodes": nodes,
        "sources": sources,
        "parent_map": parent_map,
        "child_map": child_map | {key: [] for key in parent_map if key not in child_map},
        **{key: {} for key in ("macros", "docs", "exposures", "metrics", "groups", "selectors", "disabled")},
        **{key: {} for key in ("group_map", "saved_queries", "semantic_models", "unit_tests")},
    }


def _parents(number: int, models: int, sources: list[str]) -> list[str]:
    third = -(-models // 3)
    if number < third:
        return [sources[number % len(sources)]]
    layer = ("bronze", "silver")[(number * 3 // models) - 1]
    above = [number - third, (number * 7) % third + (third if layer == "silver" else 0)]
    kept = [n for n in dict.fromkeys(above) if n * 3 // models == number * 3 // models - 1]
    return [f"model.shop.{layer}_model_{n}" for n in kept]


def _common(name: str, unique_id: str, path: str, kind: str) -> dict[str, Any]:
    return {
        "database": "dev",
        "schema": "main",
        "name": name,
        "resource_type": kind,
        "package_name": "shop",
        "path": path,
        "original_file_path": f"models/{path}",
        "unique_id": unique_id,
        "fqn": ["shop", name],
        "alias": name,
        "checksum": {"name": "sha256", "checksum": "0" * 64},
        "tags": [],
        "description": "",
        "columns": {},
        "meta": {},
        "group": None,
        "docs": {"show": True, "node_color": None},
        "patch_path": "shop://models/schema.yml",
        "unrendered_config": {},
        "created_at": 1.0,
        "relation_name": f'"dev"."main"."{name}"',
        "raw_code": "select 1 as id",
        "language": "sql",
        "refs": [],
        "sources": [],
        "metrics": [],
        "depends_on": {"macros": [], "nodes": []},
        "contract": {"enforced": False, "alias_types": True, "checksum": None},
    }


def _config(materialized: str) -> dict[str, Any]:
    return {
        "enabled": True,
        "alias": None,
        "schema": None,
        "database": None,
        "tags": [],
        "meta": {},
        "group": None,
        "materialized": materialized,
    }


def _model(name: str, layer: str, parents: list[str]) -> dict[str, Any]:
    columns = {
        column: {
            "name": column,
            "description": f"the {column} of a row",
            "meta": {},
            "data_type": None,
            "constraints": [],
            "quote": None,
            "tags": [],
        }
        for column in ("id", "email", *(f"value_{n}" for n in range(6)))
    }
    return _common(name, f"model.shop.{name}", f"{layer}/{name}.sql", "model") | {
        "config": _config("table"),
        "columns": columns,
        "description": f"One row a thing, in {layer}.",
        "depends_on": {"macros": [], "nodes": parents},
        "access": "protected",
        "constraints": [],
        "version": None,
        "latest_version": None,
        "primary_key": ["id"],
    }


def _test(model: dict[str, Any], column: str, kind: str) -> dict[str, Any]:
    name = f"{kind}_{model['name']}_{column}"
    unique_id = f"test.shop.{name}.0123456789"
    return _common(name, unique_id, f"{name}.sql", "test") | {
        "config": _config("test") | {"severity": "ERROR", "where": None, "limit": None},
        "test_metadata": {"name": kind, "kwargs": {"column_name": column}, "namespace": None},
        "column_name": column,
        "file_key_name": f"models.{model['name']}",
        "attached_node": model["unique_id"],
        "depends_on": {"macros": [], "nodes": [model["unique_id"]]},
        "description": "",
    }


def _source(number: int) -> dict[str, Any]:
    name = f"t{number}"
    return {
        "database": "dev",
        "schema": "raw",
        "name": name,
        "resource_type": "source",
        "package_name": "shop",
        "path": "models/sources.yml",
        "original_file_path": "models/sources.yml",
        "unique_id": f"source.shop.raw.{name}",
        "fqn": ["shop", "raw", name],
        "source_name": "raw",
        "source_description": "",
        "loader": "",
        "identifier": name,
        "quoting": {"database": None, "schema": None, "identifier": None, "column": None},
        "loaded_at_field": "loaded_at",
        "freshness": {
            "warn_after": {"count": 1, "period": "day"},
            "error_after": {"count": None, "period": None},
            "filter": None,
        },
        "external": None,
        "description": "",
        "columns": {},
        "meta": {},
        "source_meta": {},
        "tags": [],
        "config": {"enabled": True},
        "patch_path": None,
        "unrendered_config": {},
        "relation_name": f'"dev"."raw"."{name}"',
        "created_at": 1.0,
    }


if __name__ == "__main__":
    main()
