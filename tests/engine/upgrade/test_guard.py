from __future__ import annotations

from datetime import date

import pytest

from floe_engine.artifact.paths import CLASSIFICATION, MANIFEST, QUALITY_GATES
from floe_engine.errors import ConfigurationError, VersionTooLow
from floe_engine.upgrade.guard import check_version, next_version
from floe_engine.upgrade.rules import Assessment, compare
from floe_engine.upgrade.suppressions import Suppressions
from floe_engine.versions import Version, previous_version
from tests.engine.upgrade.artifacts import artifact

TODAY = date(2026, 5, 1)


def changes(level: str) -> Assessment:
    """Changes that need a bump of `level`."""
    setting = {
        "major": {(MANIFEST, "plugins", "compute"): "snowflake"},
        "minor": {(QUALITY_GATES, "minimum_test_coverage"): 70},
        "patch": {(MANIFEST, "metadata", "owner"): "data"},
        "none": {},
    }[level]
    return compare(artifact(), artifact(setting))


def v(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.parametrize(
    ("previous", "level", "new", "ok"),
    [
        ("1.2.3", "major", "2.0.0", True),
        ("1.2.3", "major", "1.3.0", False),
        ("1.2.3", "minor", "1.3.0", True),
        ("1.2.3", "minor", "1.2.4", False),
        ("1.2.3", "patch", "1.2.4", True),
        ("1.2.3", "none", "1.2.4", True),
        ("1.2.3", "minor", "2.0.0", True),
        ("0.2.3", "major", "0.3.0", True),
        ("0.2.3", "major", "0.2.4", False),
        ("0.2.3", "minor", "0.2.4", True),
        ("0.2.3", "major", "1.0.0", True),
        ("1.2.3", "major", "2.0.0-rc.1", True),
        ("1.2.3", "major", "1.3.0-rc.1", False),
        ("2.0.0-rc.1", "major", "2.0.0-rc.2", True),
        ("2.0.0-rc.1", "major", "2.0.0", True),
        ("1.2.3", "patch", "1.2.2", False),
        ("1.2.3", "patch", "1.2.3", False),
        ("1.2.3", "none", "1.2.3", True),
    ],
)
def test_the_number_has_to_promise_what_changed(previous: str, level: str, new: str, ok: bool) -> None:
    verdict = check_version(v(new), v(previous), changes(level))
    assert verdict.ok == ok, verdict.reason


def test_the_first_version_may_be_any() -> None:
    verdict = check_version(v("0.1.0"), None, Assessment(()))
    assert verdict.ok
    assert verdict.summary == "v0.1.0 is the first version"


def test_build_metadata_is_refused_at_publishing() -> None:
    assert "build metadata" in check_version(v("1.2.4+b1"), v("1.2.3"), changes("patch")).reason


def test_a_refusal_names_the_rules_the_place_and_the_version_that_would_do() -> None:
    verdict = check_version(v("1.3.0"), v("1.2.3"), changes("major"))
    with pytest.raises(VersionTooLow) as caught:
        verdict.demand(lambda entry: "manifest.yaml:34:11")
    assert caught.value.title == "v1.3.0 is a minor bump; 1 change needs v2.0.0"
    assert caught.value.message.startswith("PLG001 manifest.yaml:34:11: the compute plugin is snowflake")
    assert "v2.0.0" in caught.value.hint


def test_a_refused_release_candidate_is_told_which_candidate_would_do() -> None:
    verdict = check_version(v("1.3.0-rc.1"), v("1.2.3"), changes("major"))
    assert verdict.suggestion.tag == "v2.0.0-rc.1"


def test_a_release_is_compared_with_the_last_release_and_not_with_its_candidates() -> None:
    published = list(map(v, ["1.1.0", "1.2.0", "1.3.0-rc.1", "2.0.0"]))
    assert previous_version(v("1.3.0"), published) == v("1.2.0")
    assert previous_version(v("1.2.1"), published) == v("1.2.0")
    assert previous_version(v("1.0.0"), published) is None
    assert previous_version(v("0.1.0-rc.2"), [v("0.1.0-rc.1")]) == v("0.1.0-rc.1")


@pytest.mark.parametrize(
    ("previous", "level", "expected"),
    [
        (None, "none", "0.1.0"),
        ("1.2.3", "none", "1.2.4"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("0.2.3", "major", "0.3.0"),
        ("0.2.3", "minor", "0.2.4"),
        ("2.0.0-rc.1", "major", "2.0.0"),
    ],
)
def test_the_next_version_is_the_least_that_would_do(previous: str | None, level: str, expected: str) -> None:
    assert str(next_version(v(previous) if previous else None, level)) == expected  # type: ignore[arg-type]  # a Level


# --- suppressions ------------------------------------------------------------------------------


def suppressions(path: str = "plugins.compute.type", rule: str = "PLG001", **extra: object) -> Suppressions:
    lines = {"rule": rule, "path": path, "reason": "planned", "owner": "me", "expires": "2026-06-30", **extra}
    return Suppressions.parse("suppressions:\n  - " + "\n    ".join(f"{k}: {w!r}" for k, w in lines.items()))


def test_a_suppressed_change_needs_no_bump_but_stays_in_sight() -> None:
    verdict = check_version(v("1.2.4"), v("1.2.3"), changes("major"), suppressions(), today=TODAY)
    assert verdict.ok
    assert [entry.rule.id for entry in verdict.assessment.entries] == ["PLG001"]
    assert [entry.rule.id for entry, _ in verdict.suppressed.suppressed] == ["PLG001"]


def test_an_expired_suppression_suppresses_nothing_and_is_reported() -> None:
    verdict = check_version(v("1.2.4"), v("1.2.3"), changes("major"), suppressions(), today=date(2026, 7, 1))
    assert not verdict.ok
    assert [s.rule for s in verdict.suppressed.expired] == ["PLG001"]
    assert "expired on 2026-06-30" in verdict.suppressed.notices[0]


def test_a_suppression_holds_on_its_last_day() -> None:
    assert check_version(v("1.2.4"), v("1.2.3"), changes("major"), suppressions(), today=date(2026, 6, 30)).ok


def test_a_suppression_that_nothing_needs_is_reported() -> None:
    suppressed = suppressions(path="plugins.catalog.type").apply(changes("major"), today=TODAY)
    assert [s.path for s in suppressed.unused] == ["plugins.catalog.type"]
    assert suppressed.remaining.required == "major"


def test_a_suppression_with_a_fingerprint_is_for_one_change_only() -> None:
    fingerprint = changes("major").entries[0].fingerprint
    assert suppressions(fingerprint=fingerprint).apply(changes("major"), today=TODAY).suppressed
    assert not suppressions(fingerprint="0" * 12).apply(changes("major"), today=TODAY).suppressed


def test_a_change_that_touches_security_needs_an_acknowledgement() -> None:
    assessment = compare(artifact(), artifact({(CLASSIFICATION, "default"): "public"}))
    place = "governance.classification.default_level"
    silent = suppressions(rule="CLS004", path=place).apply(assessment, today=TODAY)
    assert silent.remaining.required == "major"
    assert "acknowledge_security" in silent.notices[0]
    aloud = suppressions(rule="CLS004", path=place, acknowledge_security=True).apply(assessment, today=TODAY)
    assert aloud.remaining.required == "none"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("suppressions:\n  - rule: PLG001\n", "2:5", "path is missing"),
        (
            "suppressions:\n  - {rule: PLG01, path: a, reason: r, owner: o, expires: 2026-01-01}\n",
            "2:12",
            "no upgrade rule",
        ),
        ("suppression: []\n", "1:1", "unknown key"),
        (
            "suppressions:\n  - {rule: PLG001, path: a, reason: r, owner: o, expires: soon}\n",
            "2:59",
            "no date",
        ),
        ("suppressions: [\n", "2:1", ""),
    ],
)
def test_a_mistake_in_the_file_is_shown_at_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Suppressions.parse(text)
    assert any(message in diagnostic.message for diagnostic in caught.value.diagnostics)
    assert caught.value.where.startswith("floe-suppressions.yaml:")
    if message:
        assert caught.value.where.endswith(place)


def test_no_file_suppresses_nothing(tmp_path) -> None:
    assert Suppressions.read(tmp_path / "floe-suppressions.yaml").entries == ()
