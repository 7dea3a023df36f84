"""Doubles that can be bent, settings that make a client impatient, and a project that can be damaged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from floe_engine.registry.client import Repository
from floe_engine.registry.transport import Transport
from tests.engine.upgrade.projects import GOOD, write_project
from tests.faults.double import Double, double
from tests.fuzz.faces import command
from tests.teams import manifest

IMPATIENT = Transport(connect_timeout=2, read_timeout=0.5, attempts=3, backoff=0.01, budget=5)


@pytest.fixture
def registry() -> Iterator[Double]:
    """The registry under test."""
    with double() as running:
        yield running


@pytest.fixture
def foreign() -> Iterator[Double]:
    """Another host: another port is another origin."""
    with double() as running:
        yield running


@pytest.fixture
def repository(registry: Double) -> Repository:
    """A client of the registry under test, anonymous and impatient."""
    return Repository(registry.reference(), settings=IMPATIENT)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was upgraded to v1.1.0, below a folder with the registry and the home."""
    base = tmp_path_factory.mktemp("odd")
    team = base / "team"
    team.mkdir()
    (base / "home").mkdir()
    registry = f"oci-layout:{base}/registry"
    project = write_project(base / "project", {"bronze_a": GOOD})
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        (team / "manifest.yaml").write_text(manifest(version, coverage=50))
        publish = ("platform", "publish", f"v{version}", "--no-sign", "--registry", registry)
        assert command(team, *publish)[0] == 0
    assert command(project, "init", "--platform=v1.0.0", "--registry", registry)[0] == 0
    assert command(project, "upgrade", "--to", "v1.1.0")[0] == 0
    return base


@pytest.fixture
def project(world: Path, tmp_path: Path) -> Path:
    """Everybody's own copy of that project."""
    shutil.copytree(world / "project", tmp_path / "project")
    (tmp_path / "home").mkdir()
    return tmp_path / "project"
