"""The schema that floe exports, in the hands of the language server that most editors use."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import manifest_json_schema
from floe_engine.policy_tests.case_file import policy_test_schema
from floe_engine.project.spec_schema import spec_json_schema
from tests.engine.manifest.conftest import SEED

pytestmark = pytest.mark.interop

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "validation.py"


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validation_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARK.parent))  # as for a script that is run
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARK.parent))
    return module


Problems = Callable[[dict[str, Any]], Callable[[str], list[str]]]


@pytest.fixture
def problems(tmp_path: Path) -> Iterator[Problems]:
    """For a schema: what the server says of a text."""
    program = shutil.which(os.environ.get("YAML_LANGUAGE_SERVER", "yaml-language-server"))
    if program is None:
        pytest.skip("yaml-language-server is not on PATH (npm install yaml-language-server)")
    with ExitStack() as running:

        def start(schema: dict[str, Any]) -> Callable[[str], list[str]]:
            (tmp_path / "schema.json").write_text(json.dumps(schema))
            peer = benchmark().Peer(program, tmp_path)
            running.callback(peer.close)
            peer.open("")
            return lambda text: [item["message"] for item in peer.change(text)[1]]

        yield start


def test_the_server_accepts_the_seeds_manifest_and_finds_its_slips(
    problems: Problems, catalogue: Catalogue
) -> None:
    found = problems(manifest_json_schema(catalogue))
    assert found(SEED) == []
    assert found(SEED + "artifacts: {registry: oci://ghcr.io/acme/platform}\nparent: oci://r/p:v1\n") == []
    (unknown,) = found(SEED + "govrnance: {}\n")
    assert "govrnance" in unknown
    assert found(SEED.replace("type: duckdb", "type: duckbd"))
    assert found(SEED.replace("type: duckdb", "type: duckdb\n    config: {threads: many}"))
    assert found(SEED.replace("enforcement: strict", "enforcement: stern"))


def test_the_server_accepts_a_floe_yaml_and_a_policy_test(problems: Problems) -> None:
    spec = "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {ref: oci://r/p:v1.2.*}\n"
    found = problems(spec_json_schema())
    assert found(spec) == []
    assert found(spec + "transforms: [{type: spark}]\n")
    cases = (
        "apiVersion: floe.dev/v1\nkind: PolicyTest\nmetadata: {name: names}\ncases:\n"
        "  - name: a\n    given: {models: [{name: m}]}\n"
        "    expect: [{rule: FLOE-E201, resource: m, result: fail}]\n"
    )
    found = problems(policy_test_schema())
    assert found(cases) == []
    assert found(cases.replace("result: fail", "result: fails"))
