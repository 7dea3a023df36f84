"""A first pin looked at before it is made: what it would find, write and lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import Refused, UsageError
from floe_engine.product.first_pin import is_first, plan_first_pin, take_first_pin
from floe_engine.product.init_project import plan_init
from floe_engine.product.pin import undo_move
from floe_engine.product.upgrade_project import plan_upgrade, take_upgrade
from tests.cli import floe
from tests.teams import DataTeam, PlatformTeam


def dbt_project(data: DataTeam, *models: str) -> None:
    folder = data.directory / "models"
    folder.mkdir(parents=True)
    (data.directory / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    for name in models:
        (folder / f"{name}.sql").write_text("select 1 as id\n")


def files(data: DataTeam) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in data.directory.rglob("*") if path.is_file()}


def test_a_project_without_floe_yaml_sees_what_the_platform_would_find_and_nothing_is_written(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    dbt_project(data, "customers", "orders")
    before = files(data)
    plan = plan_first_pin(data.workspace, "v1.0.0", "patch")
    assert files(data) == before
    assert plan.models == 2
    assert plan.by_rule
    assert {finding.subject for finding in plan.findings} >= {"customers", "orders"}
    assert plan.ref == f"{platform.registry}:v1.0.*"


def test_taking_it_writes_what_init_would_write_and_locks_the_version_that_was_chosen(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.0.1")
    dbt_project(data, "customers")
    plan = plan_first_pin(data.workspace, "v1.0.0", "patch")
    lock = take_first_pin(data.workspace, plan)
    assert (lock.tag, lock.constraint) == ("v1.0.0", "v1.0.*")
    assert data.workspace.store.read_lock() == lock
    assert not is_first(data.workspace)
    other = DataTeam(tmp_path / "other", data.registry)
    dbt_project(other, "customers")
    other.init("v1.0.*")
    assert (data.directory / "floe.yaml").read_text() == (other.directory / "floe.yaml").read_text()
    assert data.init("v1.0.*").created == ()


def test_a_floe_yaml_that_somebody_wrote_is_changed_in_its_ref_alone(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    dbt_project(data, "customers")
    data.pin("v1.0.*", "first_use: accept")
    before = (data.directory / "floe.yaml").read_text()
    take_first_pin(data.workspace, plan_first_pin(data.workspace, "v1.1.0"))
    assert (data.directory / "floe.yaml").read_text() == before.replace("v1.0.*", "v1.1.*")
    assert data.workspace.store.read_lock().tag == "v1.1.0"


def test_a_gate_that_floe_yaml_tightens_counts(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    dbt_project(data, "customers")
    data.pin("v1.0.0")
    spec = data.directory / "floe.yaml"
    spec.write_text(spec.read_text() + "quality: {minimum_coverage: 10}\n")
    plan = plan_first_pin(data.workspace, "v1.0.0")
    assert "quality" in str(plan.problems[0].path)
    assert plan.breaks


def test_without_a_dbt_project_it_says_why_nobody_can_tell_and_pins_all_the_same(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    plan = plan_first_pin(data.workspace, "v1.0.0")
    assert plan.evaluations == ()
    assert "dbt_project.yml" in plan.unjudged
    assert not plan.breaks
    assert take_first_pin(data.workspace, plan) == data.workspace.store.read_lock()


def test_a_floe_yaml_written_meanwhile_is_not_overwritten(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    plan = plan_first_pin(data.workspace, "v1.0.0")
    data.pin("v1.0.0")
    before = files(data)
    with pytest.raises(Refused, match="changed meanwhile"):
        take_first_pin(data.workspace, plan)
    assert files(data).items() >= before.items()
    assert not data.workspace.store.lock_path.exists()


def test_a_version_of_another_repository_is_refused(
    platform: PlatformTeam, data: DataTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0")
    other = PlatformTeam(tmp_path / "others", f"oci-layout:{tmp_path / 'registry' / 'other'}")
    other.publish("1.0.0")
    data.pin("v1.0.0")
    with pytest.raises(UsageError, match="another repository"):
        plan_first_pin(data.workspace, f"{other.registry}:v1.0.0")


def test_what_was_pulled_before_there_was_a_floe_yaml_may_be_newer_and_is_told(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    data.pull("v1.1.0")
    with pytest.raises(Refused, match="lower version"):
        plan_first_pin(data.workspace, "v1.0.0")
    plan = plan_first_pin(data.workspace, "v1.0.0", allow_downgrade=True)
    assert plan.downgrade
    assert take_first_pin(data.workspace, plan).tag == "v1.0.0"


def test_what_was_pulled_before_stays_where_the_pin_admits_it_and_the_dry_run_says_so(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    data.pull("v1.0.0")
    platform.publish("1.1.0")
    before = files(data)
    planned = plan_init(data.workspace, "v1.*.*")
    assert (planned.candidate, planned.locks.tag, files(data)) == (None, "v1.0.0", before)
    done = data.init("v1.*.*")
    assert done.lock == planned.locks == data.workspace.store.read_lock()
    assert (done.lock.tag, done.lock.constraint, done.created) == ("v1.0.0", "v1.*.*", ("floe.yaml",))


def test_a_first_pin_leaves_nothing_to_undo_from_a_pin_before_it(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.0.1")
    dbt_project(data, "customers")
    data.init("v1.0.0")
    take_upgrade(data.workspace, plan_upgrade(data.workspace, "v1.0.1"), accept_breaking=True)
    (data.directory / "floe.yaml").unlink()
    data.init("v1.0.1")
    with pytest.raises(UsageError, match="no upgrade to undo"):
        undo_move(data.workspace)


def test_a_dry_run_of_init_tells_it_on_the_command_line_and_writes_nothing(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    dbt_project(data, "customers")
    before = files(data)
    ran = floe(
        data.directory, "init", f"--platform={platform.registry}:v1.0.0", "--dry-run", "--output", "json"
    )
    assert (ran.code, ran.json["models"], ran.json["version"]) == (0, 1, "v1.0.0")
    assert sum(ran.json["findings"].values()) > 0
    assert (
        "It would find in 1 model:"
        in floe(data.directory, "init", f"--platform={platform.registry}:v1.0.0", "--dry-run").out
    )
    assert files(data) == before
    data.init("v1.0.0")
    again = [
        floe(data.directory, "init", "--platform=v1.0.0", *option).code for option in ((), ["--dry-run"])
    ]
    assert again == [0, 0]


def test_a_dry_run_of_init_refuses_what_init_refuses(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    dbt_project(data, "customers")
    data.pin("v1.0.0")
    before = files(data)
    said = [
        floe(data.directory, "init", f"--platform={platform.registry}:v1.1.0", *option)
        for option in ([], ["--dry-run"])
    ]
    assert [done.code for done in said] == [2, 2]
    assert said[0].err == said[1].err
    assert "pinned already" in said[0].err
    assert files(data) == before


def test_init_does_what_its_dry_run_says(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    dbt_project(data, "customers")
    data.pin("^1.0", "first_use: accept")
    floe_yaml = (data.directory / "floe.yaml").read_text()
    ref = f"{platform.registry}:^1.0"
    planned = floe(data.directory, "init", f"--platform={ref}", "--dry-run", "--output=json").json
    done = floe(data.directory, "init", f"--platform={ref}", "--output=json").json
    assert planned["reference"] == ref
    assert (planned["version"], planned["digest"]) == ("v1.0.0", done["digest"])
    assert (data.directory / "floe.yaml").read_text() == floe_yaml


def test_a_byte_order_mark_stays_where_a_pin_moves(platform: PlatformTeam, data: DataTeam) -> None:
    platform.publish("1.0.0")
    platform.publish("1.0.1")
    dbt_project(data, "customers")
    data.init("v1.0.0")
    spec = data.directory / "floe.yaml"
    before = b"\xef\xbb\xbf" + spec.read_bytes()
    spec.write_bytes(before)
    take_upgrade(data.workspace, plan_upgrade(data.workspace, "v1.0.1"), accept_breaking=True)
    assert spec.read_bytes() == before.replace(b"v1.0.0", b"v1.0.1")
    undo_move(data.workspace)
    assert spec.read_bytes() == before
