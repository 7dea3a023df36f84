"""A real registry between the platform team and the data team, and the settings where trust.toml lies."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registries import docker_registry


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A docker-registry for all of these tests; folders where this machine has none."""
    if shutil.which("docker-registry") or os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        with docker_registry(tmp_path_factory.mktemp("server")) as running:
            yield f"oci://{running.host}"
    else:
        yield f"oci-layout:{tmp_path_factory.mktemp('server')}"


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
