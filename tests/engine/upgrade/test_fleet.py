from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.errors import Cancelled, RegistryUnreachable, UsageError
from floe_engine.events import CancelToken, Transfer
from floe_engine.upgrade.fleet import blast_radius, find_projects
from tests.engine.upgrade.artifacts import artifact
from tests.engine.upgrade.projects import GOOD, HALF, write_project

OLD = artifact({(QUALITY_GATES, "minimum_test_coverage"): 50})
NEW = artifact({(QUALITY_GATES, "minimum_test_coverage"): 80})


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Three projects that obey the old platform, of which two break, and one that cannot be read."""
    write_project(tmp_path / "sales", {"bronze_a": HALF, "bronze_b": HALF})
    write_project(tmp_path / "teams" / "ops", {"bronze_a": HALF, "bronze_b": GOOD})
    write_project(tmp_path / "teams" / "hr", {"bronze_a": GOOD})
    write_project(tmp_path / "sales" / "dbt_packages" / "dbt_utils", {"bronze_a": HALF})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "dbt_project.yml").write_text("name: [\n")
    return tmp_path


def test_projects_are_found_and_installed_packages_are_not(fleet: Path) -> None:
    found = [path.relative_to(fleet).as_posix() for path in find_projects(fleet)]
    assert found == ["broken", "sales", "teams/hr", "teams/ops"]


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a directory"):
        find_projects(tmp_path / "nowhere")


def assert_radius(found: Any) -> None:
    assert [(p.directory, p.breaking, p.breaks) for p in found.projects] == [
        ("broken", 0, False),
        ("sales", 2, True),
        ("teams/hr", 0, False),
        ("teams/ops", 1, True),
    ]
    assert [project.directory for project in found.unjudged] == ["broken"]
    assert found.causes == {"COV001": (2, 3)}
    assert found.totals["new"] == 3
    assert found.models == 5
    assert found.projects[1].effects[0].causes[0].rule.id == "COV001"


def test_the_blast_radius_names_what_breaks_by_which_change_with_a_total(fleet: Path) -> None:
    moved: list[tuple[int, int]] = []
    found = blast_radius(
        find_projects(fleet),
        OLD,
        NEW,
        root=fleet,
        workers=2,
        report=lambda event: moved.append((event.done, event.total)) if isinstance(event, Transfer) else None,
    )
    assert_radius(found)
    assert [project.directory for project in found.projects] == ["broken", "sales", "teams/hr", "teams/ops"]
    assert moved[-1] == (4, 4)


def test_no_projects_are_no_blast(tmp_path: Path) -> None:
    found = blast_radius(find_projects(tmp_path), OLD, NEW)
    assert (found.projects, found.breaking) == ((), ())


def test_a_cancelled_run_stops(fleet: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        blast_radius(find_projects(fleet), OLD, NEW, cancel=cancel)


# --- on a cluster ------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of a Dask cluster with two worker processes."""
    if importlib.util.find_spec("distributed") is None:
        if os.environ.get("FLOE_REQUIRE_INTEROP"):
            pytest.fail("distributed is not installed")
        pytest.skip("distributed is not installed")
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as running:
        running.wait_for_workers(2)
        yield running.scheduler_address


def test_a_dask_cluster_gives_the_same_answer(fleet: Path, cluster: str) -> None:
    assert_radius(blast_radius(find_projects(fleet), OLD, NEW, root=fleet, executor=cluster))


def test_an_executor_that_is_no_address_is_refused(fleet: Path) -> None:
    with pytest.raises(UsageError, match="Dask scheduler"):
        blast_radius(find_projects(fleet), OLD, NEW, executor="threads")


def test_a_scheduler_that_does_not_answer_is_not_silence(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("floe_engine.upgrade.fleet.CONNECT_TIMEOUT", 0.5)
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        blast_radius(find_projects(fleet), OLD, NEW, executor="tcp://127.0.0.1:1")
