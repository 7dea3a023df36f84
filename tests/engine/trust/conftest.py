"""A real registry between the platform team and the data team, and the settings where trust.toml lies."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.binaries import require_binary
from tests.engine.trust.here import elsewhere
from tests.engine.trust.places import Scene
from tests.registries import DockerRegistry, docker_registry
from tests.teams import PlatformTeam, new_key


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry | None]:
    """A docker-registry for all of these tests; None where this machine has none."""
    if shutil.which("docker-registry") or os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        with docker_registry(tmp_path_factory.mktemp("server")) as running:
            yield running
    else:
        yield None


@pytest.fixture(scope="session")
def server(running: DockerRegistry | None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where every test has a place of its own: the registry, else folders."""
    return f"oci://{running.host}" if running else f"oci-layout:{tmp_path_factory.mktemp('server')}"


@pytest.fixture(scope="session")
def scene(running: DockerRegistry | None, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Two versions that nobody has signed, to be copied, and everybody's keys."""
    if running is None:
        require_binary("docker-registry")
    assert running is not None
    folder = tmp_path_factory.mktemp("scene")
    keys = [new_key(folder / "keys" / f"{name}.key") for name in ("team", "mallory")]
    publisher = PlatformTeam(folder / "platform", f"oci://{running.host}/source")
    with elsewhere(folder / "elsewhere"):
        digest = publisher.publish("1.0.0").digest
        publisher.publish("1.1.0")
    return Scene(running, digest, *keys)


@pytest.fixture
def registry(server: str) -> str:
    """A repository that no other test writes to."""
    return f"{server}/{uuid.uuid4().hex}/platform"


@pytest.fixture
def settings(isolated_environment: Path) -> Path:
    """The reader's own configuration directory for floe."""
    folder = isolated_environment / ".config" / "floe"
    folder.mkdir(parents=True)
    return folder
