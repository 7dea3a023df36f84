from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.errors import (
    Cancelled,
    FloeError,
    LockMismatch,
    NothingChecked,
    Refused,
    Untrusted,
    UsageError,
)
from floe_engine.files import Directory
from floe_engine.product.compile_project import compile_project
from floe_engine.product.outdated import outdated
from floe_engine.product.pin import undo_move
from floe_engine.product.upgrade_project import plan_pin, plan_upgrade, take_upgrade
from floe_engine.store import Lock
from floe_engine.versions import Precision
from tests.engine.upgrade.projects import GOOD, HALF, Columns, write_project
from tests.teams import DataTeam, PlatformTeam, manifest

SPEC = """\
# who we are
apiVersion: floe.dev/v1
kind: DataProduct
platform:
  ref: "{ref}"   # ask #data-platform before you move it
transforms: [{{type: dbt}}]
"""


def project(data: DataTeam, constraint: str, models: dict[str, Columns] | None = None) -> DataTeam:
    """A project with a floe.yaml full of comments, pinned and locked to `constraint`."""
    write_project(data.directory, models or {"bronze_a": HALF})
    (data.directory / "floe.yaml").write_text(SPEC.format(ref=f"{data.registry}:{constraint}"))
    data.pull_pinned()
    return data


def publish(platform: PlatformTeam, *versions: str, coverage: int = 50, key: Path | None = None) -> None:
    for version in versions:
        platform.publish(version, text=manifest(version, coverage=coverage), key=key)


def state(data: DataTeam) -> tuple[bytes, bytes]:
    return (data.directory / "floe.yaml").read_bytes(), data.workspace.store.lock_path.read_bytes()


def constraint(data: DataTeam) -> str:
    text = (data.directory / "floe.yaml").read_text()
    assert text.replace(text.split('"')[1], "REF") == SPEC.format(ref="REF")  # nothing else was touched
    return text.split('"')[1].rpartition(":")[2]


def upgrade(data: DataTeam, to: str | None = None, *, accept_breaking: bool = False) -> Lock:
    return take_upgrade(data.workspace, plan_upgrade(data.workspace, to), accept_breaking=accept_breaking)


# --- outdated ----------------------------------------------------------------------------------


def test_outdated_tells_current_wanted_and_latest_with_their_levels(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.2.3")
    project(data, "v1.2.*")
    assert not outdated(data.workspace).status.outdated
    publish(platform, "1.2.4", "1.3.0", "2.0.0", "3.0.0-rc.1")
    found = outdated(data.workspace)
    seen = found.status
    assert (found.name, found.constraint, found.ignored, found.withdrawn) == ("acme", "v1.2.*", 0, False)
    assert [str(version) for version in (seen.current, seen.wanted, seen.latest)] == [
        "1.2.3",
        "1.2.4",
        "2.0.0",
    ]
    assert (seen.wanted_step, seen.latest_step, seen.outdated) == ("patch", "major", True)


def test_outdated_says_that_a_locked_version_was_withdrawn(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0", "1.1.0")
    project(data, "v1.0.0")
    platform.repository.delete_tag("v1.0.0")
    assert outdated(data.workspace).withdrawn


def test_outdated_of_a_digest_and_of_nothing(platform: PlatformTeam, data: DataTeam) -> None:
    with pytest.raises(UsageError, match="nothing is pinned here"):
        outdated(data.workspace)
    publish(platform, "1.0.0", "1.1.0")
    data.pull(platform.repository.manifest("v1.0.0").digest)
    seen = outdated(data.workspace).status
    assert [str(version) for version in (seen.current, seen.wanted, seen.latest)] == [
        "1.0.0",
        "1.0.0",
        "1.1.0",
    ]


# --- upgrade -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v1.2.3", "v2.0.0"),
        ("1.2.3", "2.0.0"),
        ("=1.2.3", "=2.0.0"),
        ("v1.2.*", "v2.0.*"),
        ("v1.*.*", "v2.*.*"),
        ("^1.2", "^2.0"),
        (">=1.2 <2", ">=1.2 <3"),
        (">=1", ">=1"),
    ],
)
def test_an_upgrade_keeps_the_precision_of_the_pin_and_every_comment(
    platform: PlatformTeam, data: DataTeam, before: str, after: str
) -> None:
    publish(platform, "1.2.3")
    project(data, before)
    publish(platform, "2.0.0")
    done = upgrade(data)
    assert (constraint(data), done.tag, done.constraint) == (after, "v2.0.0", after)
    assert compile_project(data.workspace.without_network()).platform.version == "2.0.0"
    before = state(data)
    upgrade(data)
    assert state(data) == before


def test_a_digest_pin_gets_the_new_digest(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0")
    write_project(data.directory, {"bronze_a": GOOD})
    old = platform.repository.manifest("v1.0.0").digest
    (data.directory / "floe.yaml").write_text(SPEC.format(ref=f"{data.registry}@{old}"))
    data.pull_pinned()
    publish(platform, "1.1.0")
    done = upgrade(data)
    assert f'"{data.registry}@{done.digest}"' in (data.directory / "floe.yaml").read_text()
    assert (done.tag, done.constraint) == ("v1.1.0", done.digest)
    assert compile_project(data.workspace.without_network()).platform.version == "1.1.0"


def test_an_upgrade_within_the_range_moves_the_lock_alone(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.*.*")
    publish(platform, "1.0.1", "1.1.0")
    assert upgrade(data, "v1.0.1").tag == "v1.0.1"
    assert constraint(data) == "v1.*.*"
    assert upgrade(data, "v1.*.*").tag == "v1.1.0"


def test_what_breaks_the_project_is_refused_with_its_cause_and_changes_nothing(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0")
    publish(platform, "2.0.0", coverage=80)
    before = state(data)
    plan = plan_upgrade(data.workspace)
    assert plan.breaks and plan.impact is not None
    assert (plan.impact.counts["new"], dict(plan.impact.causes)) == (1, {"COV001": 1})
    with pytest.raises(Refused, match=r"v2\.0\.0 would break this project") as refused:
        take_upgrade(data.workspace, plan)
    assert "models/schema.yml:" in refused.value.message and "(by COV001)" in refused.value.message
    assert state(data) == before
    assert take_upgrade(data.workspace, plan, accept_breaking=True).tag == "v2.0.0"


def test_what_floe_yaml_may_no_longer_ask_for_breaks_the_project_too(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    with (data.directory / "floe.yaml").open("a") as stream:
        stream.write("quality: {minimum_coverage: 60}\n")
    publish(platform, "2.0.0", coverage=90)
    with pytest.raises(Refused, match="would break") as refused:
        upgrade(data)
    assert "floe.yaml:7:" in refused.value.message and "60 is less than the 90" in refused.value.message


def test_a_project_without_models_is_never_called_safe(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    for model in (data.directory / "models").iterdir():
        model.unlink()
    publish(platform, "1.1.0")
    with pytest.raises(NothingChecked, match="nobody can say"):
        upgrade(data)
    assert upgrade(data, accept_breaking=True).tag == "v1.1.0"


def test_the_old_version_is_fetched_again_where_the_cache_is_gone(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    publish(platform, "1.1.0")
    data.workspace.store.clear()
    plan = plan_upgrade(data.workspace)
    assert data.workspace.store.cached_tags() == ()  # a preview writes nothing
    assert take_upgrade(data.workspace, plan).tag == "v1.1.0"


def test_a_version_from_another_hand_is_refused_before_anything_is_judged(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    publish(platform, "1.0.0", key=key)
    project(data, "v1.0.0", {"bronze_a": GOOD})
    publish(platform, "1.1.0", key=other_key)
    before = state(data)
    with pytest.raises(Untrusted):
        plan_upgrade(data.workspace)
    assert state(data) == before
    publish(platform, "1.2.0", key=key)
    assert upgrade(data).tag == "v1.2.0"


def test_a_lower_version_needs_to_be_allowed(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0", "1.1.0")
    project(data, "v1.1.0", {"bronze_a": GOOD})
    with pytest.raises(Refused, match="lower version"):
        plan_upgrade(data.workspace, "v1.0.0")
    plan = plan_upgrade(data.workspace, "v1.0.0", allow_downgrade=True)
    assert take_upgrade(data.workspace, plan).tag == "v1.0.0"
    assert constraint(data) == "v1.0.0"


def test_files_that_changed_since_the_preview_are_left_alone(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0", "1.1.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    plan = plan_upgrade(data.workspace)
    path = data.directory / "floe.yaml"
    path.write_text(path.read_text() + "# a colleague was here\n")
    before = state(data)
    with pytest.raises(Refused, match="changed meanwhile"):
        take_upgrade(data.workspace, plan)
    assert state(data) == before


@pytest.mark.parametrize("reason", [FloeError("the disk is full"), KeyboardInterrupt(), Cancelled()])
def test_an_upgrade_that_fails_half_way_leaves_floe_yaml_and_the_lock_as_they_were(
    platform: PlatformTeam, data: DataTeam, monkeypatch: pytest.MonkeyPatch, reason: BaseException
) -> None:
    publish(platform, "1.0.0", "1.1.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    plan = plan_upgrade(data.workspace)
    before = state(data)
    write: Callable[..., None] = Directory.write

    def failing(directory: Directory, name: str, content: bytes, **options: int) -> None:
        if name == "floe.yaml":
            monkeypatch.setattr(Directory, "write", write)  # the disk has room again to put things back
            raise reason
        write(directory, name, content, **options)

    monkeypatch.setattr(Directory, "write", failing)
    with pytest.raises(type(reason)):
        take_upgrade(data.workspace, plan)
    assert state(data) == before
    with pytest.raises(UsageError, match="no upgrade to undo"):
        undo_move(data.workspace)
    assert take_upgrade(data.workspace, plan).tag == "v1.1.0"


# --- pin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint_given", "precision", "written", "tag"),
    [
        (None, "patch", "v1.1.*", "v1.1.0"),
        (None, "minor", "v1.*.*", "v1.1.0"),
        (None, "pinned", "v1.1.0", "v1.1.0"),
        ("v1.*.*", None, "v1.*.*", "v1.1.0"),  # the locked version stays where the pin admits it
        ("^1.1", None, "^1.1", "v1.1.0"),
        ("v1.2.*", None, "v1.2.*", "v1.2.1"),
        ("v1.2.0", "minor", "v1.*.*", "v1.2.0"),
        ("1.2.0", None, "1.2.0", "v1.2.0"),
    ],
)
def test_a_pin_is_rewritten_and_the_lock_follows(
    platform: PlatformTeam,
    data: DataTeam,
    constraint_given: str | None,
    precision: Precision | None,
    written: str,
    tag: str,
) -> None:
    publish(platform, "1.1.0", "1.2.0", "1.2.1")
    project(data, "v1.1.0", {"bronze_a": GOOD})
    done = take_upgrade(data.workspace, plan_pin(data.workspace, constraint_given, precision))
    assert (constraint(data), done.tag, done.constraint) == (written, tag, written)
    assert f"v{compile_project(data.workspace.without_network()).platform.version}" == tag


def test_a_pin_that_means_nothing_is_refused(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    before = state(data)
    for text, error in (("latest", UsageError), ("v3.*.*", FloeError), (None, UsageError)):
        with pytest.raises(error):
            plan_pin(data.workspace, text)
    assert state(data) == before


def test_a_pin_without_a_lock_says_to_pull_first(platform: PlatformTeam, data: DataTeam) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    data.workspace.store.lock_path.unlink()
    with pytest.raises(LockMismatch, match="nothing is locked here yet"):
        plan_upgrade(data.workspace)


# --- undo --------------------------------------------------------------------------------------


def test_undo_puts_floe_yaml_and_the_lock_back_byte_for_byte_once(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.0.0")
    project(data, "v1.*.*", {"bronze_a": GOOD})
    publish(platform, "2.0.0")
    before = state(data)
    upgrade(data)
    undone = undo_move(data.workspace)
    assert (state(data), undone.lock.tag) == (before, "v1.0.0")
    assert compile_project(data.workspace.without_network()).platform.version == "1.0.0"
    with pytest.raises(UsageError, match="no upgrade to undo"):
        undo_move(data.workspace)


def test_undo_keeps_what_was_written_since_and_refuses_another_pin(
    platform: PlatformTeam, data: DataTeam
) -> None:
    publish(platform, "1.0.0", "1.1.0", "1.2.0")
    project(data, "v1.0.0", {"bronze_a": GOOD})
    upgrade(data, "v1.1.0")
    path = data.directory / "floe.yaml"
    path.write_text(path.read_text() + "# a colleague was here\n")
    undo_move(data.workspace)
    assert path.read_text().endswith("# a colleague was here\n") and ":v1.0.0" in path.read_text()
    upgrade(data, "v1.1.0")
    path.write_text(path.read_text().replace("v1.1.0", "v1.2.0"))
    with pytest.raises(Refused, match="changed since the upgrade"):
        undo_move(data.workspace)


# --- one version under two tags ----------------------------------------------------------------


@pytest.mark.parametrize("to", [None, "v1.*.*"])
def test_a_version_with_two_contents_is_never_moved_to(
    platform: PlatformTeam, data: DataTeam, to: str | None
) -> None:
    publish(platform, "1.0.0", "1.1.0")
    project(data, "v1.0.0")
    platform.retag("v1.0.0", "1.1.0")
    before = state(data)
    with pytest.raises(LockMismatch, match="one version with two contents"):
        upgrade(data, to)
    assert state(data) == before
