"""A platform team, a data team and a registry between them: a layout on disk, as fast as it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teams import DataTeam, PlatformTeam, new_key


@pytest.fixture
def registry(tmp_path: Path) -> str:
    return f"oci-layout:{tmp_path / 'registry' / 'platform'}"


@pytest.fixture
def platform(tmp_path: Path, registry: str) -> PlatformTeam:
    return PlatformTeam(tmp_path / "platform", registry)


@pytest.fixture
def data(tmp_path: Path, registry: str) -> DataTeam:
    return DataTeam(tmp_path / "product", registry)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The platform team's signing key; ``keys/alice.pub`` is its public half."""
    return new_key(tmp_path / "keys" / "alice.key")


@pytest.fixture
def other_key(tmp_path: Path) -> Path:
    """Somebody else's."""
    return new_key(tmp_path / "keys" / "mallory.key")
