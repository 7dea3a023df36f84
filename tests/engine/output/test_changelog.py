from __future__ import annotations

from floe_engine.artifact.paths import CLASSIFICATION, MANIFEST, QUALITY_GATES
from floe_engine.output.changes.changelog import Release, changelog, release_notes
from floe_engine.upgrade.rules import Assessment, compare
from floe_engine.versions import Version
from tests.engine.upgrade.artifacts import artifact

V1, V2 = Version(1, 0, 0), Version(2, 0, 0)


def notes(*, after: dict) -> str:
    return release_notes(Release(V2, "2026-02-03", compare(artifact(), artifact(after)), previous=V1))


def test_changes_are_told_in_sentences_and_grouped_by_what_they_mean() -> None:
    text = notes(
        after={
            (MANIFEST, "plugins"): {"compute": "snowflake", "orchestrator": "dagster", "catalog": "polaris"},
            (CLASSIFICATION, "require_declared"): False,
            (CLASSIFICATION, "propagation"): {"mode": "off", "enforcement": "strict"},
            (QUALITY_GATES, "minimum_test_coverage"): 70,
        }
    )
    assert text.splitlines()[0] == "## v2.0.0 (2026-02-03)"
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert headings == ["### Breaking", "### Security", "### Added", "### Changed"]
    assert "- The compute plugin is snowflake instead of duckdb. (PLG001, `plugins.compute.type`)" in text
    assert "What to do: port the models" in text
    assert "- The platform has a catalog plugin: polaris." in text
    assert "- Test coverage must reach 70% only." in text


def test_text_from_outside_is_no_markup() -> None:
    text = notes(after={(MANIFEST, "metadata", "owner"): "<img src=x> @everyone **bold** `x` \x1b[31m"})
    assert "<img" not in text
    assert "@everyone" not in text and "@\u200beveryone" in text
    assert "\\*\\*bold" in text
    assert "\x1b" not in text


def test_a_version_without_changes_and_a_first_one_say_so() -> None:
    text = changelog([Release(V2, "", Assessment(()), previous=V1), Release(V1, "", Assessment(()))])
    assert text.startswith("# Changelog\n\n## v2.0.0\n\nNothing changed since v1.0.0.")
    assert text.endswith("## v1.0.0\n\nThe first version.\n")
