from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.artifact.paths import MANIFEST, QUALITY_GATES
from floe_engine.document.document import parse
from floe_engine.output.changes.columns import two_columns
from floe_engine.output.changes.github import github_annotations
from floe_engine.output.changes.json_report import blast_radius_document, changes_document, impact_document
from floe_engine.output.changes.markdown import changes_markdown
from floe_engine.output.changes.places import Sides, WrittenManifest
from floe_engine.output.changes.text import (
    blast_radius_lines,
    changes_by_rule,
    impact_lines,
    summary,
    unified,
)
from floe_engine.output.notation import COMMENT_LIMIT
from floe_engine.text import cells, printable
from floe_engine.upgrade.fleet import BlastRadius, blast_radius, find_projects, project_impact
from floe_engine.upgrade.rules import Assessment, compare
from tests.engine.upgrade.artifacts import artifact
from tests.engine.upgrade.projects import GOOD, HALF, write_project

CONFIG = (MANIFEST, "pluginDetails", "compute", "config")
OLD_TEXT = "plugins:\n  compute: {type: duckdb}\n"
NEW_TEXT = "# moved down\nplugins:\n  compute:\n    type: snowflake\n"
SIDES = Sides(
    "v1.0.0",
    "v2.0.0",
    WrittenManifest("old.yaml", parse(OLD_TEXT)),
    WrittenManifest("manifest.yaml", parse(NEW_TEXT)),
)
PLAIN = Sides("v1.0.0", "v2.0.0")


def swapped() -> Assessment:
    return compare(artifact(), artifact({(MANIFEST, "plugins", "compute"): "snowflake"}))


def radius(folder: Path) -> BlastRadius:
    write_project(folder / "sales", {"bronze_a": HALF})
    write_project(folder / "hr", {"bronze_a": GOOD})
    (folder / "odd").mkdir()
    (folder / "odd" / "dbt_project.yml").write_text("name: [\n")
    old, new = (artifact({(QUALITY_GATES, "minimum_test_coverage"): least}) for least in (50, 80))
    return blast_radius(find_projects(folder), old, new, root=folder, workers=1)


def test_text_says_what_where_why_and_what_to_do() -> None:
    lines = list(changes_by_rule(swapped(), SIDES))
    assert lines[0] == "MAJOR  PLG001  plugin swapped"
    assert lines[1] == "    manifest.yaml:4:11: the compute plugin is snowflake instead of duckdb"
    assert any(line.startswith("    why: another engine") for line in lines)
    assert summary(swapped()) == "1 change; a major version is needed."
    assert summary(Assessment(())) == "No changes."


def test_changes_of_one_rule_that_cost_differently_stand_apart_and_name_their_setting() -> None:
    old, new = ({CONFIG: {"path": word, "threads": len(word)}} for word in ("here", "there"))
    lines = list(changes_by_rule(compare(artifact(old), artifact(new)), PLAIN))
    assert [line for line in lines if line[:1].isupper()] == [
        "MAJOR  PLG010  plugin configuration changed",
        "MINOR  PLG010  plugin configuration changed",
    ]
    assert "    plugins.compute.config.path: the setting path of the compute plugin changed" in lines


def test_unified_text_shows_both_values_under_the_setting() -> None:
    assert list(unified(swapped(), PLAIN)) == [
        "--- v1.0.0",
        "+++ v2.0.0",
        "@@ plugins.compute.type @@ PLG001 major",
        "-duckdb",
        "+snowflake",
    ]


DOCUMENTED = (MANIFEST, "metadata", "description")


def columns(old: dict, new: dict, width: int = 80) -> list[str]:
    """The lines below the two names and the rule, for a change of the compute plugin's settings."""
    return list(two_columns(compare(artifact(old), artifact(new)), PLAIN, width=width))[2:]


def test_two_columns_stand_under_the_names_of_their_sides() -> None:
    names, rule, *changes = two_columns(swapped(), SIDES, width=60)
    assert [name.strip() for name in names.split("│")] == ["v1.0.0", "v2.0.0"]
    assert names.index("│") == rule.index("┼") == changes[-1].index("│")
    assert " ".join(changes[:2]) == (
        "@@ plugins.compute.type -old.yaml:2:19 +manifest.yaml:4:11 @@ PLG001 major"
    )
    assert changes[2].split() == ["~", "duckdb", "│", "snowflake"]


def test_lists_and_mappings_stand_on_several_lines_aligned_by_what_is_equal() -> None:
    old = {CONFIG: {"attach": {"path": "a", "tables": ["x", "y", "z"]}, "kept": 1}}
    new = {CONFIG: {"attach": None, "kept": 1}}
    assert columns(old, new, 60)[1:] == [
        "- path: a                     │",
        "- tables:                     │",
        "-   - x                       │",
        "-   - y                       │",
        "-   - z                       │",
    ]
    several = columns({CONFIG: {"t": [[1, 2], [3]]}}, {CONFIG: {"t": {"a": {"b": [1, 2]}, "c": []}}}, 60)
    assert several[1:] == [
        "~ - - 1                       │ a:",
        "~   - 2                       │   b:",
        "~ - - 3                       │     - 1",
        "+                             │     - 2",
        "+                             │ c: []",
    ]


def test_equal_lines_of_a_long_value_are_folded() -> None:
    old = "\n".join(f"line {n}" for n in range(40))
    lines = columns({DOCUMENTED: old}, {DOCUMENTED: old.replace("line 20", "line twenty")})
    assert lines[1] == lines[-1].replace("16", "17") == "  ⋯ 17 equal"
    assert [line for line in lines if line[0] == "~"] == [
        "~ line 20" + " " * 31 + "│ line twenty",
    ]
    endless = columns({CONFIG: {"path": "a"}}, {CONFIG: {"path": "\n".join(map(str, range(1_000)))}})
    assert endless[-1] == "  … 600 more lines"


@pytest.mark.parametrize("width", [60, 61, 80, 133])
@pytest.mark.parametrize(
    "text",
    ["word " * 60, "x" * 300, "平台团队" * 40, "e\u0301" * 100, "\x1b[31mred\x1b[0m" * 20,
     "a\tb\r\nc\u2028d\U000e0001" * 9],
)  # fmt: skip
def test_two_columns_keep_their_width_and_lose_nothing_whatever_the_characters(text: str, width: int) -> None:
    lines = columns({DOCUMENTED: "before"}, {DOCUMENTED: text}, width)
    assert all(cells(line) <= width for line in lines)
    assert {cells(line.partition("│")[0]) for line in lines[1:]} == {(width - 5) // 2 + 3}
    shown = "".join(line.partition("│")[2] for line in lines[1:])
    expected = printable(text, lines=True).replace("\t", "  ")
    assert "".join(shown.split()) == "".join(expected.split())
    assert "\x1b" not in shown


def test_a_shown_escape_is_never_broken_between_two_lines() -> None:
    lines = columns({DOCUMENTED: "before"}, {DOCUMENTED: "\x1b" * 100}, 60)
    right = [line.partition("│ ")[2] for line in lines[1:]]
    assert {part for line in right for part in line.split("\\")} == {"", "x1b"}


def test_words_stay_whole_where_they_fit() -> None:
    lines = columns({DOCUMENTED: "before"}, {DOCUMENTED: "governance " * 10}, 60)
    assert lines[1:3] == [f"~ before{' ' * 22}│ governance governance", f"~{' ' * 29}│ governance governance"]


def test_a_narrow_terminal_gets_the_unified_form() -> None:
    assert list(two_columns(swapped(), PLAIN, width=59)) == list(unified(swapped(), PLAIN))


def test_json_has_the_line_in_both_manifests() -> None:
    (change,) = changes_document(swapped(), SIDES)["changes"]
    assert change["oldPlace"] == {"path": "old.yaml", "line": 2, "column": 19}
    assert change["newPlace"] == {"path": "manifest.yaml", "line": 4, "column": 11}
    assert (change["rule"], change["bump"], change["old"], change["new"]) == (
        "PLG001",
        "major",
        "duckdb",
        "snowflake",
    )
    json.dumps(change, allow_nan=False)


def test_values_that_look_like_secrets_are_masked_and_their_key_is_named() -> None:
    before, after = (
        {CONFIG: {"password": word, "opts": {"api_token": word, "path": f"{word}.db"[-3:] + str(len(word))}}}
        for word in ("hunter2", "swordfish")
    )
    assessment = compare(artifact(before), artifact(after))
    reports = [
        json.dumps(changes_document(assessment, PLAIN)),
        "\n".join(unified(assessment, PLAIN)),
        "\n".join(two_columns(assessment, PLAIN)),
        "\n".join(changes_by_rule(assessment, PLAIN)),
        changes_markdown(assessment, PLAIN),
        "\n".join(github_annotations(assessment, PLAIN)),
    ]
    assert all("password" in report for report in reports)
    assert not [report for report in reports if "hunter2" in report or "swordfish" in report]
    shown = {change["path"][-1]: change["old"] for change in changes_document(assessment, PLAIN)["changes"]}
    assert shown == {"password": "***", "api_token": "***", "path": ".db7"}


def test_a_whole_object_with_a_secret_in_it_is_masked_inside() -> None:
    assessment = compare(artifact(), artifact({CONFIG: {"login": {"user": "u", "password": "hunter2"}}}))
    assert "hunter2" not in json.dumps(changes_document(assessment, PLAIN))
    assert "hunter2" not in "\n".join(unified(assessment, PLAIN))


def test_markdown_for_a_pull_request_is_grouped_bounded_and_inert() -> None:
    text = changes_markdown(swapped(), SIDES)
    assert "**1 change, a major version is needed.**" in text
    assert "| PLG001 | `manifest.yaml:4:11` |" in text
    many = {f"label{n}": "|<b>@all" * 5 for n in range(2_000)}
    long = changes_markdown(compare(artifact(), artifact({(MANIFEST, "metadata", "labels"): many})), PLAIN)
    assert len(long) <= COMMENT_LIMIT
    assert "and more" in long
    assert "<b>" not in long.replace("\\<b\\>", "")


def test_github_annotations_stand_on_the_line_of_the_new_manifest() -> None:
    (line,) = github_annotations(swapped(), SIDES)
    assert line.startswith(
        "::error file=manifest.yaml,line=4,col=11,title=PLG001 plugin swapped::plugins.compute.type"
    )


def test_an_annotation_cannot_be_broken_out_of() -> None:
    name = "x\n::error::injected"
    (line,) = github_annotations(
        compare(artifact(), artifact({(MANIFEST, "metadata", "owner"): name})), PLAIN
    )
    assert "\n" not in line


def test_an_impact_is_told_with_its_causes(tmp_path: Path) -> None:
    old, new = (artifact({(QUALITY_GATES, "minimum_test_coverage"): least}) for least in (50, 80))
    found = project_impact(write_project(tmp_path / "shop", {"bronze_a": HALF}), old, new)
    lines = list(impact_lines(found))
    assert lines[0].startswith("1 new, 0 worsened")
    assert lines[1].startswith("✗ new                 FLOE-E210 bronze_a (models/schema.yml:")
    assert lines[1].endswith("by COV001")
    document = impact_document(found)
    assert document["breaking"] == 1
    assert document["effects"][0]["causes"] == ["COV001"]


def test_a_blast_radius_is_one_table_with_totals(tmp_path: Path) -> None:
    found = radius(tmp_path)
    text = "\n".join(blast_radius_lines(found))
    assert "1 of 2 projects would break" in text
    assert "1 project could not be judged." in text
    assert "COV001  1 project, 1 finding" in text
    document = blast_radius_document(found)
    assert (document["breaking"], document["notJudged"]) == (1, 1)
    assert document["causes"] == [{"rule": "COV001", "projects": 1, "findings": 1}]
    assert "| sales | 1 | 1 | COV001 |" in changes_markdown(found.assessment, PLAIN, found)
