"""A platform team, its keys, and a data team's project, with a layout between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.workflows.teams import PlatformTeam, new_key


@pytest.fixture
def registry(tmp_path: Path) -> str:
    return f"oci-layout:{tmp_path / 'registry' / 'platform'}"


@pytest.fixture
def platform(tmp_path: Path, registry: str) -> PlatformTeam:
    return PlatformTeam(tmp_path / "platform", registry)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The team's key; ``.pub`` is beside it."""
    return new_key(tmp_path / "keys" / "team.key")


@pytest.fixture
def other_key(tmp_path: Path) -> Path:
    """Somebody else's."""
    return new_key(tmp_path / "keys" / "mallory.key")


@pytest.fixture
def settings(isolated_environment: Path) -> Path:
    """The reader's own configuration directory for floe."""
    folder = isolated_environment / ".config" / "floe"
    folder.mkdir(parents=True)
    return folder
