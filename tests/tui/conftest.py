"""The workbench under test: its own home, its own directory, and snapshots in the top-level snapshots/."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation
from textual.pilot import Pilot

from floe_tui.app import Workbench
from floe_tui.settings import Options

ROOT = Path(__file__).parents[2]

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
  scope: enterprise

plugins:
  compute:
    type: duckdb
  orchestrator:
    type: dagster

data_architecture:
  pattern: medallion
  naming:
    enforcement: strict
"""


class TopLevelSnapshots(pytest_textual_snapshot.SVGImageExtension):
    """One SVG a snapshot, under snapshots/ at the top of the repository."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        folder = Path(test_location.filepath).parent.relative_to(ROOT / "tests")
        return str(ROOT / "snapshots" / folder / test_location.basename)


@pytest.fixture(autouse=True)
def _snapshots_at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest_textual_snapshot, "SVGImageExtension", TopLevelSnapshots)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in ("VISUAL", "EDITOR", "DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR", "FLOE_REGISTRY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty directory to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def platform(directory: Path) -> Path:
    """A platform team's directory."""
    (directory / "manifest.yaml").write_text(MANIFEST)
    return directory


Start = Callable[..., Workbench]


@pytest.fixture
def workbench() -> Start:
    """Make an app for a directory."""

    def start(folder: Path, *, read_only: bool = False, theme: str = "") -> Workbench:
        return Workbench(Options(folder, read_only, theme))

    return start


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no worker runs and the screen has drawn what they found."""
    for _ in range(3):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def until(pilot: Pilot[None], condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until `condition` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await pilot.pause(0.02)
