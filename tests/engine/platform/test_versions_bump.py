from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, NotFound, UsageError, VersionExists, VersionTooLow
from floe_engine.platform.bump import Bumped, bump
from floe_engine.platform.changelog import changelog
from floe_engine.versions import Level
from tests.cli import floe, ok
from tests.teams import PlatformTeam, manifest

SUPPRESSED = """\
suppressions:
  - rule: COV001
    path: governance.quality_gates.minimum_test_coverage
    reason: every project is above 90% already
    owner: data-platform@acme.example
    expires: 2999-12-31
"""


def work_on(team: PlatformTeam, version: str, *, coverage: int = 80, name: str = "acme") -> Path:
    team.directory.mkdir(exist_ok=True)
    path = team.directory / "manifest.yaml"
    path.write_text(manifest(version, coverage=coverage, name=name))
    return path


def publish(team: PlatformTeam, version: str, *, coverage: int = 80) -> None:
    team.publish(version, text=manifest(version, coverage=coverage))


def bumped(
    team: PlatformTeam, *, level: Level | None = None, to: str | None = None, dry_run: bool = False
) -> Bumped:
    return bump(team.workspace, level=level, to=to, dry_run=dry_run)


# --- bump --------------------------------------------------------------------------------------


def test_a_version_that_is_taken_is_refused_with_one_that_is_free_or_the_word_that_none_is_needed(
    platform: PlatformTeam,
) -> None:
    publish(platform, "1.2.3")
    work_on(platform, "1.2.3", coverage=70)
    with pytest.raises(VersionExists) as taken:
        bumped(platform, to="1.2.3")
    assert taken.value.hint == "the next free version is v1.3.0"
    work_on(platform, "1.2.3")
    with pytest.raises(VersionExists) as taken:
        bumped(platform, to="1.2.3")
    assert taken.value.hint == "nothing changed since v1.2.3, so nothing needs another version"


@pytest.mark.parametrize(("coverage", "version"), [(90, "2.0.0"), (70, "1.3.0"), (80, "1.2.3")])
def test_the_next_version_is_what_the_changes_need(
    platform: PlatformTeam, coverage: int, version: str
) -> None:
    publish(platform, "1.2.3")
    path = work_on(platform, "1.2.3", coverage=coverage)
    done = bumped(platform)
    assert (str(done.version), done.changed) == (version, version != "1.2.3")
    assert path.read_text() == manifest(version, coverage=coverage)
    assert str(bumped(platform).version) == version  # a second time there is nothing to do
    platform.publish(version, text=path.read_text())


def test_bump_touches_nothing_but_the_version(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    path = work_on(platform, "1.2.3", coverage=90)
    text = (
        path.read_text()
        .replace('version: "1.2.3"', "version:   '1.2.3'  # raised by hand until 2025")
        .replace("\n", "\r\n")
    )
    path.write_bytes(text.encode())
    path.chmod(0o600)
    bumped(platform, dry_run=True)
    assert path.read_bytes().decode() == text
    bumped(platform)
    assert path.read_bytes().decode() == text.replace("1.2.3", "2.0.0")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_first_version_stays_what_the_team_wrote(platform: PlatformTeam) -> None:
    work_on(platform, "0.3.0")
    done = bumped(platform)
    assert (str(done.version), done.changed, done.verdict.previous) == ("0.3.0", False, None)


def test_a_version_that_is_high_enough_stays_and_one_that_lies_is_raised(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    work_on(platform, "3.0.0", coverage=90)
    assert not bumped(platform).changed
    work_on(platform, "1.3.0", coverage=90)
    assert str(bumped(platform).version) == "2.0.0"


def test_taken_versions_are_stepped_over_and_compared_with(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    publish(platform, "1.3.0", coverage=60)
    publish(platform, "1.4.0", coverage=50)
    work_on(platform, "1.2.3", coverage=70)  # a minor bump of 1.2.3, but 1.3.0 is there, and is looser
    assert str(bumped(platform).version) == "2.0.0"


def test_before_1_0_everything_counts_one_place_less(platform: PlatformTeam) -> None:
    publish(platform, "0.2.3")
    work_on(platform, "0.2.3", coverage=90)
    assert str(bumped(platform).version) == "0.3.0"


def test_a_published_candidate_leads_to_its_release(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    publish(platform, "2.0.0-rc.1", coverage=90)
    work_on(platform, "2.0.0-rc.1", coverage=95)
    assert str(bumped(platform).version) == "2.0.0"


def test_a_suppressed_change_needs_no_higher_number_but_a_new_one(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    work_on(platform, "1.2.3", coverage=90)
    (platform.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
    done = bumped(platform)
    assert (str(done.version), len(done.verdict.suppressed.suppressed)) == ("1.2.4", 1)


def test_a_level_or_a_version_of_ones_own_is_guarded(platform: PlatformTeam) -> None:
    publish(platform, "1.2.3")
    path = work_on(platform, "1.2.3", coverage=70)
    before = path.read_text()
    for options, error in (
        ({"level": "patch"}, VersionTooLow),
        ({"to": "1.2.9"}, VersionTooLow),
        ({"to": "1.2.3"}, VersionExists),
        ({"to": "1.3"}, UsageError),
        ({"to": "1.3.0", "level": "minor"}, UsageError),
    ):
        with pytest.raises(error):
            bumped(platform, **options)  # type: ignore[arg-type]  # the pairs above are of both kinds
    assert path.read_text() == before
    assert str(bumped(platform, level="minor").version) == "1.3.0"
    assert str(bumped(platform, to="v4.0.0").version) == "4.0.0"
    assert 'version: "4.0.0"' in path.read_text()


def test_a_manifest_that_is_not_valid_is_not_bumped(platform: PlatformTeam) -> None:
    work_on(platform, "1.2.3").write_text("apiVersion: floe.dev/v1\n")
    with pytest.raises(ConfigurationError, match="not valid"):
        bumped(platform)


# --- changelog ---------------------------------------------------------------------------------


@pytest.fixture
def history(platform: PlatformTeam) -> PlatformTeam:
    publish(platform, "1.0.0", coverage=80)
    publish(platform, "1.1.0", coverage=70)
    publish(platform, "2.0.0-rc.1", coverage=85)
    publish(platform, "2.0.0", coverage=90)
    work_on(platform, "2.0.0", coverage=60)
    return platform


def versions(team: PlatformTeam, start: str | None = None, end: str | None = None) -> list[tuple[str, str]]:
    return [
        (release.version.tag, release.previous.tag if release.previous else "")
        for release in changelog(team.workspace, start, end).releases
    ]


def test_the_changelog_goes_back_from_the_working_copy_to_the_first_version(history: PlatformTeam) -> None:
    assert versions(history) == [
        ("v2.1.0", "v2.0.0"),
        ("v2.0.0", "v1.1.0"),
        ("v1.1.0", "v1.0.0"),
        ("v1.0.0", ""),
    ]
    text = changelog(history.workspace).markdown
    assert text.startswith("# Changelog of acme\n\n## v2.1.0 (unreleased)\n\n### Changed\n\n- ")
    assert "### Breaking\n\n- Test coverage must reach 90% (was 70%). (COV001, " in text
    assert text.endswith("The first version.\n")


def test_a_changelog_may_begin_and_end_with_any_published_version(history: PlatformTeam) -> None:
    assert versions(history, "v1.0.0", "v2.0.0") == [("v2.0.0", "v1.1.0"), ("v1.1.0", "v1.0.0")]
    assert versions(history, "1.1.0", "2.0.0-rc.1") == [("v2.0.0-rc.1", "v1.1.0")]
    assert versions(history, "v2.0.0", "manifest.yaml") == [("v2.1.0", "v2.0.0")]
    with pytest.raises(NotFound):
        versions(history, "v7.0.0")
    with pytest.raises(UsageError, match="nothing lies between"):
        versions(history, "v2.0.0", "v1.0.0")


def test_without_a_manifest_or_a_change_the_changelog_ends_with_the_newest_version(
    history: PlatformTeam,
) -> None:
    work_on(history, "2.0.0", coverage=90)
    assert versions(history)[0] == ("v2.0.0", "v1.1.0")
    (history.directory / "manifest.yaml").unlink()
    assert versions(history)[0] == ("v2.0.0", "v1.1.0")


def test_an_empty_registry_has_no_changelog(platform: PlatformTeam) -> None:
    platform.directory.mkdir()
    with pytest.raises(NotFound, match="no version is published yet"):
        changelog(platform.workspace)


# --- the command line --------------------------------------------------------------------------


def test_bump_and_changelog_speak_text_and_json(history: PlatformTeam) -> None:
    def run(*arguments: str) -> str:
        return ok(floe(history.directory, "platform", *arguments, "--registry", history.registry)).out

    planned = run("bump", "--dry-run").splitlines()
    assert planned[0].startswith("MINOR  COV002 manifest.yaml:10:42 ")
    assert planned[1:] == [
        "1 change since v2.0.0; v2.1.0 or higher is needed",
        "manifest.yaml: 2.0.0 → 2.1.0 (dry run)",
    ]
    assert run("bump").splitlines()[-1] == "manifest.yaml: 2.0.0 → 2.1.0"
    assert run("bump").splitlines()[-1] == "manifest.yaml: 2.1.0 is right as it is"
    assert run("changelog", "v2.0.0").startswith("# Changelog of acme\n\n## v2.1.0 (unreleased)\n")
    refused = floe(
        history.directory,
        "platform",
        "bump",
        "--level",
        "patch",
        "-o",
        "json",
        "--registry",
        history.registry,
    )
    assert (refused.code, refused.json["error"]["code"]) == (1, "version-too-low")
    document = ok(
        floe(history.directory, "platform", "changelog", "-o", "json", "--registry", history.registry)
    ).json
    assert [release["version"] for release in document["releases"]] == [
        "v2.1.0",
        "v2.0.0",
        "v1.1.0",
        "v1.0.0",
    ]
    assert document["releases"][1]["changes"]["changes"][0]["rule"] == "COV001"


def test_a_byte_order_mark_and_everything_else_stays(platform: PlatformTeam) -> None:
    path = work_on(platform, "1.2.3")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    before = path.read_bytes()
    bumped(platform, to="1.3.0")
    assert path.read_bytes() == before.replace(b"1.2.3", b"1.3.0")
