"""Compare floe's reader of files with `dbt parse`, on projects that public packages ship.

    python scripts/compare_readers.py [--dbt DBT] [--into FOLDER] [PACKAGE==VERSION | FOLDER …]
    python scripts/compare_readers.py --generated COUNT [--seed SEED] [--adapter ADAPTER]

Source distributions are fetched by pip (which asks their build for metadata), and every dbt project
in them is parsed by the real dbt, with a profile of duckdb and a value for each variable that it asks
for. Equal are: which nodes there are, each one's parents, materialisation, tags and access, and the
findings under a platform that asks for much. A difference is explained where the reader of files has
warned; the exit code is 1 where one is not. Projects that dbt itself refuses are counted and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml

from floe_engine.artifact.build import build
from floe_engine.artifact.platform import Platform
from floe_engine.manifest import terms
from floe_engine.manifest.root import Manifest
from floe_engine.policy.evaluate import evaluate
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.dbt_source import read_source
from floe_engine.project.facts import Model, Project
from floe_engine.project.project_file import read_project_file
from floe_engine.scaffold.templates import manifest_text

sys.path.insert(0, str(Path(__file__).parents[1]))  # what is made up is made by the tests

from tests.engine.project.differences import differences
from tests.engine.project.invented import ADAPTERS, invented_project, write_files

PACKAGES = (
    "dagster-dbt==0.29.27",
    "sqlmesh==0.236.4",
    "elementary-data==0.26.1",
    "dbt-autofix==0.22.6",
    "dbt-osmosis==1.5.0",
    "dbt-metabase==1.7.5",
    "dbt-dry-run==0.10.1",
    "dbt-column-lineage==0.6.9",
    "prefect-dbt==0.7.25",
    "dbt-metricflow==0.15.0",
    "dbt-arch-unit==1.0.0",
    "dbt-conceptual==0.5.5",
    "dbt-toolkit==0.1.4",
    "pytest-dbt-core==0.2.4",
)
"""Whose source distributions hold dbt projects."""

_STATIC_ONLY = frozenset({"FLOE-E206", "FLOE-E254"})
"""What says that a reader of files could not judge; a manifest always can."""

_ASKED = re.compile(r"Env var required but not provided: '([^']+)'")
_MOST_VARIABLES = 30


@dataclass
class Compared:
    """What came of one project."""

    name: str
    nodes: int = 0
    edges: int = 0
    findings: int = 0
    differences: list[str] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    refused: str = ""
    """Why dbt would not parse it; empty where it did."""

    @property
    def unexplained(self) -> bool:
        """Whether the readers differ and nobody was told."""
        return bool(self.differences) and not self.warnings


_WORDS = (
    ("sources", "require", terms.SourceDemand),
    ("exposures", "require", terms.ExposureDemand),
    ("semantic_models", "require", terms.SemanticDemand),
    ("graph", "forbid", terms.GraphFault),
    ("materialization", "require", terms.BuildDemand),
    ("code", "forbid", terms.CodeFault),
    ("structure", "require", terms.PlaceDemand),
)
"""Lists of `governance` that may hold words, and which."""


def demanding_platform() -> Platform:
    """A platform that asks something of everything that both readers can tell."""
    gates = {
        "minimum_test_coverage": 80,
        "required_tests": ["not_null_pk", "unique_pk", "freshness", "documentation", "contract", "unit_test"],
        "require_descriptions": True,
        "require_column_descriptions": True,
        "max_parents": 3,
        "column_tests": [{"pattern": ".*id", "test": "not_null"}],
        "unit_test_formats": ["csv"],
    }
    layers = {
        "staging": {"prefix": "stg_", "may_depend_on": ["source"]},
        "marts": {"prefix": "mart_", "may_depend_on": ["staging"]},
    }
    document = {
        "apiVersion": "floe.dev/v1",
        "kind": "Manifest",
        "metadata": {"name": "compared", "version": "1.0.0"},
        "plugins": {"compute": {"type": "duckdb"}},
        "data_architecture": {"pattern": "custom", "layers": layers, "naming": {"enforcement": "strict"}},
        "governance": {
            "quality_gates": gates,
            "classification": {"require_declared": True},
            **{section: {listed: list(get_args(words))} for section, listed, words in _WORDS},
            "documentation": {
                "descriptions": dict.fromkeys(get_args(terms.Described), 8),
                "meta": {kind: [{"key": "owner"}] for kind in get_args(terms.Kept) if kind != "test"},
                "tags": {kind: ["daily"] for kind in get_args(terms.Tagged) if kind != "test"},
                "one_description": True,
            },
        },
    }
    governance: Any = document["governance"]
    governance["graph"] |= {"max_children": 2, "min_children": 1, "max_sources": 1, "max_view_chain": 1}
    governance["materialization"] |= {"allowed": ["table"], "max_children_of_view": 1}
    governance["code"] |= {"max_lines": 5, "forbidden_patterns": ["today"]}
    governance["macros"] = {"require": ["file_name"], "max_arguments": 1, "max_lines": 3}
    governance["sources"]["require"].remove("unique")  # of a database, only dbt can tell
    return build(Manifest.read(document), (), created="2024-01-01T00:00:00Z").platform


def starting_platforms() -> list[Platform]:
    """Those that ``floe platform init`` begins with, everything strict."""
    found = []
    for template in ("medallion", "kimball", "data-vault", "minimal"):
        document = yaml.safe_load(manifest_text(template, name="compared", compute="duckdb"))
        document.setdefault("data_architecture", {}).setdefault("naming", {})["enforcement"] = "strict"
        manifest = Manifest.read(document)
        found.append(build(manifest, (), created="2024-01-01T00:00:00Z").platform)
    return found


def compare(
    directory: Path, dbt: Parser, platforms: Sequence[Platform], *, name: str = "", all_facts: bool = False
) -> Compared:
    """Read a project with both readers. `directory` is written to: dbt's target, and a profile."""
    result = Compared(name or directory.name)
    try:
        settings = read_project_file(directory)
    except Exception as error:  # a broken project is dbt's to refuse, too
        result.refused = str(error)
        return result
    if not all_facts:
        profile = f"{settings.profile}: {{target: t, outputs: {{t: {{type: duckdb, path: ':memory:'}}}}}}\n"
        (directory / "profiles.yml").write_text(profile, encoding="utf-8")
    result.refused, environ = dbt.parse(directory)
    if result.refused:
        return result
    surroundings = {**os.environ, **environ}
    static = read_source(read_project_file(directory, environ=surroundings))
    manifest = read_manifest(
        directory / settings.target_path / "manifest.json", directory, project_name=settings.name
    )
    result.warnings = static.warnings
    result.nodes = len(manifest.models)
    result.edges = sum(len(model.parents) for model in manifest.models)
    told = differences(static, manifest, lines=False) if all_facts else _facts(static, manifest)
    result.differences = [*told]
    for platform in platforms:
        judged = [_findings(project, platform) for project in (static, manifest)]
        untold = {rule for rule, _, parameter in judged[0] if parameter == "unread"}  # which is said
        judged = [{each for each in found if each[0] not in untold} for found in judged]
        result.findings += len(judged[1])
        result.differences += [f"only from files: {' '.join(f)}" for f in sorted(judged[0] - judged[1])]
        missed = sorted(judged[1] - judged[0])
        result.differences += [f"only from the manifest: {' '.join(f)}" for f in missed]
    return result


class Parser:
    """The real dbt in one process, for its start takes longer than a project."""

    def __init__(self, dbt: str) -> None:
        python = Path(shutil.which(dbt) or dbt).resolve().parent / "python"
        environ = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        command = [str(python), "-c", _PARSING]
        self._process = subprocess.Popen(
            command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def parse(self, directory: Path) -> tuple[str, dict[str, str]]:
        """Why dbt refuses a project (empty: it does not), and the variables that it asked for."""
        given: dict[str, str] = {}
        for _ in range(_MOST_VARIABLES):
            answer = self._ask([str(directory), given])
            asked = _ASKED.search(answer)
            if asked is None:
                break
            given[asked[1]] = "1"
        return answer, given

    def _ask(self, question: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                return str(json.loads(line.removeprefix("ANSWER ")))
        return "dbt ended"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


_PARSING = """
import json, os, sys
from dbt.cli.main import dbtRunner

for line in sys.stdin:
    folder, given = json.loads(line)
    os.environ.update(given)
    os.chdir(folder)
    arguments = ["--quiet", "--no-version-check", "parse", "--project-dir", folder, "--profiles-dir", folder,
                 "--no-partial-parse"]
    try:
        result = dbtRunner().invoke(arguments)
        error = result.exception or "parsing failed"
        problem = "" if result.success else " ".join(f"{error} {getattr(error, 'msg', '')}".split())
    except BaseException as error:
        problem = repr(error)
    for name in given:
        del os.environ[name]
    print("ANSWER", json.dumps(problem), flush=True)
"""


def _facts(static: Project, manifest: Project) -> Iterator[str]:
    ours = {model.unique_id: model for model in static.models}
    theirs = {model.unique_id: model for model in manifest.models}
    for unique_id in sorted(ours.keys() ^ theirs.keys()):
        yield f"{unique_id}: only {'the files have' if unique_id in ours else 'the manifest has'} it"
    for unique_id in sorted(ours.keys() & theirs.keys()):
        for what, mine, its in _compared(ours[unique_id], theirs[unique_id], static.name):
            if mine != its:
                yield f"{unique_id}: {what} {mine} by files, {its} by the manifest"


def _compared(ours: Model, theirs: Model, project: str) -> Iterator[tuple[str, object, object]]:
    # The files cannot tell an installed package's models from one that is nowhere to be found.
    def own(parents: Sequence[str]) -> list[str]:
        return sorted(parent for parent in parents if parent.split(".")[1] == project)

    yield "parents", own(ours.parents), own(theirs.parents)
    yield "materialized", ours.materialized, theirs.materialized
    yield "tags", sorted(ours.tags), sorted(theirs.tags)
    yield "access", ours.access, theirs.access


def _findings(project: Project, platform: Platform) -> set[tuple[str, str, str]]:
    found = evaluate(platform, project).findings
    return {(f.rule, f.subject, f.parameter) for f in found if f.rule not in _STATIC_ONLY}


# --- where projects come from


def fetched(package: str, into: Path) -> Path:
    """The folder of a package's source distribution, fetched and unpacked once."""
    folder = into / package
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=into) as name:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*command, "-d", name, package], check=True, timeout=600)
            (archive,) = Path(name).glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                tar.extractall(Path(name, "out"), filter="data")
            Path(name, "out").rename(folder)
    return folder


def projects_in(folder: Path) -> list[Path]:
    """Every dbt project below a folder, installed packages aside."""
    found = (path.parent for path in folder.rglob("dbt_project.yml"))
    return sorted(path for path in found if not {"dbt_packages", "dbt_modules"} & set(path.parts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and print a line a project and the sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=list(PACKAGES), metavar="PACKAGE==VERSION | FOLDER")
    parser.add_argument("--dbt", default=os.environ.get("FLOE_DBT") or shutil.which("dbt") or "dbt")
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()) / "floe-compared")
    parser.add_argument("--generated", type=int, default=0, metavar="COUNT", help="make projects up instead")
    parser.add_argument("--seed", type=int, default=0, help="of the first of them")
    parser.add_argument("--adapter", choices=ADAPTERS, default="duckdb", help="what dbt connects them with")
    parser.add_argument("--verbose", action="store_true", help="print every difference")
    options = parser.parse_args(arguments)
    dbt = Parser(options.dbt)
    results = []
    for result in _made_up(options, dbt) if options.generated else _shipped(options, dbt):
        results.append(result)
        print(_line(result), flush=True)
        for told in (*result.differences, *result.warnings) if options.verbose and result.differences else ():
            print(f"    {told}")
    dbt.close()
    return _sums(results)


def _made_up(options: argparse.Namespace, dbt: Parser) -> Iterator[Compared]:
    platforms = [*starting_platforms(), demanding_platform()]
    for seed in range(options.seed, options.seed + options.generated):
        with tempfile.TemporaryDirectory() as name:
            files = invented_project(random.Random(seed), adapter=options.adapter)
            directory = write_files(Path(name) / "project", files)
            yield compare(directory, dbt, platforms, name=f"{options.adapter} {seed}", all_facts=True)


def _shipped(options: argparse.Namespace, dbt: Parser) -> Iterator[Compared]:
    options.into.mkdir(parents=True, exist_ok=True)
    platforms = [demanding_platform()]
    for what in options.what:
        root = Path(what) if Path(what).is_dir() else fetched(what, options.into)
        for directory in projects_in(root):
            with tempfile.TemporaryDirectory() as name:
                copy = Path(name) / "project"
                left = shutil.ignore_patterns("target", "logs")
                shutil.copytree(directory, copy, ignore=left, symlinks=True)
                shown = f"{what.partition('==')[0]}:{directory.relative_to(root).as_posix()}"
                yield compare(copy, dbt, platforms, name=shown)


def _line(result: Compared) -> str:
    if result.refused:
        return f"- {result.name}: dbt refuses it ({result.refused[:100]})"
    sign = "✗" if result.unexplained else "!" if result.differences else "✓"
    return (
        f"{sign} {result.name}: {result.nodes} nodes, {result.edges} parents, {result.findings} findings;"
        f" {len(result.differences)} differences, {len(result.warnings)} warnings"
    )


def _sums(results: Sequence[Compared]) -> int:
    parsed = [result for result in results if not result.refused]
    equal = [result for result in parsed if not result.differences]
    unexplained = [result for result in parsed if result.unexplained]
    nodes = sum(result.nodes for result in parsed)
    edges = sum(result.edges for result in parsed)
    findings = sum(result.findings for result in parsed)
    print(
        f"{len(parsed)} projects, {nodes} nodes, {edges} parents, {findings} findings:"
        f" {len(equal)} projects equal, {len(parsed) - len(equal) - len(unexplained)} differ with a"
        f" warning, {len(unexplained)} without; {len(results) - len(parsed)} that dbt refuses"
    )
    return 1 if unexplained or not parsed else 0


if __name__ == "__main__":
    sys.exit(main())
