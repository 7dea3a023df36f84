"""The schema that floe exports, in the hands of the language server that most editors use."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import manifest_json_schema
from tests.engine.manifest.conftest import SEED

pytestmark = pytest.mark.interop

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "validation.py"


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validation_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def problems(tmp_path: Path, catalogue: Catalogue) -> Iterator[object]:
    """What the server says of a text."""
    program = shutil.which(os.environ.get("YAML_LANGUAGE_SERVER", "yaml-language-server"))
    if program is None:
        pytest.skip("yaml-language-server is not on PATH (npm install yaml-language-server)")
    (tmp_path / "schema.json").write_text(json.dumps(manifest_json_schema(catalogue)))
    peer = benchmark().Peer(program, tmp_path)
    peer.open("")
    yield lambda text: [item["message"] for item in peer.change(text)[1]]
    peer.close()


def test_the_server_accepts_the_seeds_manifest_and_finds_its_slips(problems) -> None:  # type: ignore[no-untyped-def]
    assert problems(SEED) == []
    assert problems(SEED + "artifacts: {registry: oci://ghcr.io/acme/platform}\nparent: oci://r/p:v1\n") == []
    (unknown,) = problems(SEED + "govrnance: {}\n")
    assert "govrnance" in unknown
    assert problems(SEED.replace("type: duckdb", "type: duckbd"))
    assert problems(SEED.replace("type: duckdb", "type: duckdb\n    config: {threads: many}"))
    assert problems(SEED.replace("enforcement: strict", "enforcement: stern"))
