"""The reader's own settings, where trust.toml lies."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def settings(isolated_environment: Path) -> Path:
    """The reader's own configuration directory for floe."""
    folder = isolated_environment / ".config" / "floe"
    folder.mkdir(parents=True)
    return folder
