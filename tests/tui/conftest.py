"""The workbench under test: its own home, its own directory, and snapshots in the top-level snapshots/."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation
from textual.pilot import Pilot

from floe_tui.app import Workbench
from floe_tui.places.place import PlaceScreen
from floe_tui.settings import Options
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.row_view import Row

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


STRICTER = (
    MANIFEST.replace("1.2.3", "2.0.0")
    + """\
governance:
  policy_enforcement_level: strict
  quality_gates:
    minimum_test_coverage: 90
    required_tests: [not_null, unique]
  waiver_policy: {max_days: 36500}
  waivers:
    - id: legacy-orders
      pattern: "orders"
      rules: [FLOE-E201]
      owner: data
      reason: "leaves with the old shop"
      expires: "2099-01-31"
"""
)
"""The same platform two versions later: it demands more, and excuses one model of it."""


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


@pytest.fixture(scope="session")
def _three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three versions in its embedded registry: made once, for it takes the longest."""
    from floe_engine import Workspace, publish

    base = tmp_path_factory.mktemp("published")
    work = base / "work"
    work.mkdir()
    manifest = work / "manifest.yaml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(base))
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(base / name.lower()))
        patch.delenv("FLOE_REGISTRY", raising=False)
        patch.setenv("SOURCE_DATE_EPOCH", "1705314600")
        other = MANIFEST.replace("1.2.3", "1.3.0").replace("enterprise\n", "enterprise\n  owner: data\n")
        for tag, text in (("v1.2.3", MANIFEST), ("v1.3.0", other), ("v2.0.0", STRICTER)):
            manifest.write_text(text)
            publish(Workspace.open(work), tag)
    return base / "data"


@pytest.fixture
def published(platform: Path, tmp_path: Path, _three_versions: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The platform's directory, with three versions in the embedded registry and a change since."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1705314600")
    shutil.copytree(_three_versions, tmp_path / "home" / "data")
    later = STRICTER.replace("2.0.0", "3.0.0").replace("duckdb", "snowflake")
    (platform / "manifest.yaml").write_text(later.replace("    enforcement: strict", "    enforcement: warn"))
    return platform


@pytest.fixture
def data_team(tmp_path: Path) -> Path:
    """A dbt project of three models; one has no layer's prefix, one a waiver in the latest version."""
    folder = tmp_path / "data"
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: customers\nprofile: customers\nmodel-paths: [models]\n")
    (models / "bronze_customers.sql").write_text("select 1 as id, 'a' as email\n")
    (models / "customers.sql").write_text("select id, email from {{ ref('bronze_customers') }}\n")
    (models / "orders.sql").write_text("select id from {{ ref('bronze_customers') }}\n")
    return folder


@pytest.fixture
def project(published: Path, data_team: Path) -> Path:
    """The data team's directory, pinned to the first version."""
    from floe_engine import Workspace, init_project

    init_project(Workspace.open(data_team), "v1.2.3")
    return data_team


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


async def idle(pilot: Pilot[None], app: Workbench) -> None:
    """Wait until all work has ended, and what began after a rest because of it."""
    for _ in range(2):
        await settle(pilot)
        await pilot.pause(0.05)
        await until(pilot, lambda: not app.jobs.running)
    await settle(pilot)


def left_behind(file: Path, text: str) -> None:
    """Unsaved text of an instance that is gone."""
    from floe_tui.kept import Keeper

    keeper = Keeper(file)
    keeper.keep(text, "")
    keeper.end()


def kept_texts(file: Path) -> list[str]:
    """Unsaved texts that instances which are gone left of a file."""
    from floe_tui.kept import Keeper

    return [kept.text for kept in Keeper(file).others()[0]]


def title(app: Workbench, pane: str) -> str:
    """What stands in a pane's frame, at the top and at the bottom, as text."""
    frame = place(app).query_one(pane, Frame)
    return f"{frame._border_title} {frame._border_subtitle}"


def place(app: Workbench) -> PlaceScreen:
    """The place that is up."""
    assert app.place_screen is not None
    return app.place_screen


def rows(app: Workbench) -> list[Row]:
    """The rows of the place's list."""
    return list(place(app).query_one("#list", FilterList).view.rows)
