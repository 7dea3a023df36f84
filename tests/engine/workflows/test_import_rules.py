"""`platform import-rules`: what other tools check becomes rules, and what cannot is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from floe_engine.errors import ConfigurationError
from floe_engine.manifest.check import check as check_manifest
from floe_engine.manifest.house_rule import house_rule, troubles
from floe_engine.manifest.subjects import SUBJECTS, example_of
from floe_engine.peers.carrying import Check, NotCarried, Wanted, literal, rule_of
from floe_engine.peers.reading import TABLES
from floe_engine.workflows.import_rules import Imported, import_rules
from floe_engine.workspace import Workspace
from tests.cli import floe, ok

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.2.3"}   # ours
plugins:
  compute: {type: duckdb}
"""

GIVEN: dict[str, Any] = {
    "access": "public",
    "include": "^models",
    "keys": ["owner", {"contact": ["mail"]}],
    "layout": "per_model",
    "required_fields": ["email", "name"],
    "types": ["int"],
    "materializations_to_include": ["view", "ephemeral"],
    "package_name": None,
    "allow_explicit_cross_join": False,
    "require_explicit_alias": True,
}
"""Values of parameters that take few; of the others by their kind below."""

KINDS: dict[str, Any] = {"number": 3, "share": 50, "texts": ["a"], "criteria": "one", "text": "a"}

ROWS = [pytest.param(row, id=row.name) for rows in TABLES.values() for row in rows if row.carried]


@pytest.mark.parametrize("row", [row for row in ROWS if not row.values[0].setting])  # type: ignore[union-attr]
def test_every_row_makes_a_rule_that_means_something(row: Check) -> None:
    """A misspelt fact or a wrong type in the table fails here."""
    given = {
        each.name: GIVEN.get(each.name, KINDS.get(each.kind, "^a|b"))
        for each in row.takes
        if each.name not in ("type_pattern", "case_sensitive")
    }
    places = () if row.subject == "project" else ("models/a", "^models/b")
    for include in ((), places):
        rule = rule_of(row, Wanted(row.name, given, include=include, exclude=places[:1] if include else ()))
        assert list(troubles({"id": "x", **rule})) == []


ODD = (
    None, True, 5, -1, float("inf"), float("nan"), 10**30, "", "(", "a\nb\x1b'\"\\", "') || true || ('", [],
    [5], ["a", "'\n"], [[["a"]]], {}, {"a": 1}, {5: [1]},
)  # fmt: skip


@pytest.mark.parametrize("row", [row for row in ROWS if not row.values[0].setting])  # type: ignore[union-attr]
def test_whatever_a_check_is_given_it_is_carried_as_a_rule_or_told(row: Check, tmp_path: Path) -> None:
    """A configuration is somebody else's file: of any shape it makes no crash and no rule that is none."""
    plain = {"number": 1, "share": 1, "texts": ["a"], "keys": ["a"], "criteria": "all"}
    needed = {each.name: plain.get(each.kind, "a") for each in row.takes if each.required}
    entries = [{"name": row.name, **needed, each.name: odd} for each in row.takes for odd in ODD]
    asked = ("include", "exclude", "severity", "materialization", "language", "description", "selector")
    entries += [{"name": row.name, **needed, key: odd} for key in asked for odd in ODD]
    imported = carried(tmp_path, yaml.safe_dump({"manifest_checks": entries}))
    assert len(imported.carried) + len(imported.left) == len(entries)
    assert check_manifest(imported.after).errors == ()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dbt-bouncer.yml", "manifest_checks: [7, [], {}, {name: [1]}]", ""),
        ("dbt-bouncer.yml", "manifest_checks: 5", ""),
        ("dbt-bouncer.yml", "manifest_checks: " + "[" * 5000, "cannot be read"),
        ("dbt-bouncer.toml", "manifest_checks = " + "[" * 5000 + "]" * 5000, "no TOML"),
        ("pyproject.toml", "tool = 5\nmanifest_checks = 5", ""),
        ("dbt-bouncer.yml", "manifest_checks:\n" + "  - {name: check_model_has_exposure}\n" * 2001, "2,000"),
    ],
)
def test_a_configuration_of_any_shape_is_read_or_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    if said:
        with pytest.raises(ConfigurationError, match=said):
            import_rules(Workspace(tmp_path), tmp_path / name)
    else:
        assert import_rules(Workspace(tmp_path), tmp_path / name).carried == ()


@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0].setting])  # type: ignore[union-attr]
def test_every_setting_of_a_row_is_one(row: Check, tmp_path: Path) -> None:
    """A setting that there is not would be a problem of the manifest."""
    imported = carried(tmp_path, f"manifest_checks: [{{name: {row.name}}}]")
    assert imported.carried[0].to == row.setting
    assert check_manifest(imported.after).errors == ()


@pytest.mark.parametrize("text", ["it's", 'a"b', "a\\d", "line\nbreak", "it's \\d", "", "tab\t", "ü'\""])
def test_a_value_is_written_as_cel_reads_it(text: str) -> None:
    """Whatever a peer's pattern or name holds, the rule asks for that and nothing else."""
    rule = house_rule("model", "", f"model.name == {literal(text)}", "")
    assert rule.ask(example_of(SUBJECTS["model"]["model"], {"name": text})).answer == "pass"


@pytest.mark.parametrize(
    ("check", "given", "passes", "fails"),
    [
        ("check_model_names", {"model_name_pattern": "stg_|int_"}, {"name": "int_x"}, {"name": "x_stg_"}),
        (
            "check_model_has_tags",
            {"tags": ["a", "b"], "criteria": "one"},
            {"tags": ["a"]},
            {"tags": ["a", "b"]},
        ),
        ("check_model_has_tags", {"tags": ["a", "b"]}, {"tags": ["b", "a"]}, {"tags": ["a"]}),
        (
            "check_model_has_meta_keys",
            {"keys": ["owner", {"contact": ["mail"]}]},
            {"meta": {"owner": None, "contact": {"mail": 1}}},
            {"meta": {"owner": "x", "contact": {}}},
        ),
        ("check_model_description_populated", {}, {"description": "good"}, {"description": " n/a  "}),
        (
            "check_model_property_file_location",
            {},
            {"folder": "models/staging/shop", "properties_path": "models/x/_stg_shop__models.yml"},
            {"folder": "models/staging/shop", "properties_path": "models/x/_shop__models.yml"},
        ),
        (
            "check_model_directories",
            {"include": "^models", "permitted_sub_directories": ["a.b"]},
            {"path": "models/a.b/x.sql"},
            {"path": "models/x.sql"},
        ),
        (
            "check_model_has_unique_test",
            {},
            {"tests": [{"name": "unique_combination_of_columns", "package": "dbt_utils"}]},
            {"tests": [{"name": "unique_combination_of_columns"}]},
        ),
    ],
)
def test_rules_mean_what_the_checks_mean(
    check: str, given: dict[str, Any], passes: dict[str, Any], fails: dict[str, Any]
) -> None:
    """Where the peer's semantics have an edge: a start is bound, null is there, words mean none."""
    row = next(row for row in TABLES["dbt-bouncer"] if row.name == check)
    rule = rule_of(row, Wanted(check, given))
    asked = house_rule("model", rule.get("when", ""), rule["expr"], rule["message"])
    kind = SUBJECTS["model"]["model"]
    assert asked.ask(example_of(kind, passes)).answer == "pass"
    assert asked.ask(example_of(kind, fails)).answer == "fail"


def carried(
    directory: Path, text: str, name: str = "dbt-bouncer.yml", *, manifest: str = MANIFEST
) -> Imported:
    """What importing a file with `text` does to a manifest."""
    (directory / "manifest.yaml").write_text(manifest)
    (directory / name).write_text(text)
    return import_rules(Workspace(directory), directory / name)


def test_a_configuration_becomes_rules_beside_those_that_are_there(tmp_path: Path) -> None:
    """Comments stay, the second import writes nothing, and the manifest is valid."""
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    (tmp_path / "dbt-bouncer.yml").write_text(
        "severity: warn\n"
        "include: ^models/marts\n"
        "manifest_checks:\n"
        "  - {name: check_model_names, model_name_pattern: ^fct_, language: sql}\n"
        "  - {name: check_model_names, model_name_pattern: ^dim_, exclude: models/marts/x, include: models}\n"
        "  - {code: MO051}\n"
    )
    ran = ok(floe(tmp_path, "platform", "import-rules", "dbt-bouncer.yml"))
    assert "Carried 3 of 3 checks of dbt-bouncer" in ran.out + ran.err
    text = (tmp_path / "manifest.yaml").read_text()
    assert text.startswith(MANIFEST)
    checked = check_manifest(text)
    assert checked.errors == ()
    assert checked.manifest is not None
    first, second, third = checked.manifest.governance.custom_rules
    assert (first.id, second.id, third.id) == ("model-names", "model-names-2", "model-has-properties-file")
    assert first.when == "model.path.matches('^models/marts') && model.language == 'sql'"
    assert second.when == "model.path.matches('^models') && !model.path.matches('^models/marts/x')"
    assert first.severity == "warning"
    again = import_rules(Workspace(tmp_path), tmp_path / "dbt-bouncer.yml")
    assert again.after == text
    assert not any(each.new for each in again.carried)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{name: check_ours}", "no check of this name"),
        ("{name: check_model_names}", "model_name_pattern is missing"),
        ("{name: check_model_names, model_name_pattern: '^(?!x)'}", "looking ahead"),
        ("{name: check_model_names, model_name_pattern: '^x', selector: 'tag:a'}", "selector"),
        ("{name: check_model_has_properties_file, depth: 3}", "takes no depth"),
        ("{name: check_model_max_fanout, max_downstream_models: many}", "'many' is no number"),
        ("{name: check_model_has_tags, tags: [a], criteria: most}", "criteria cannot be 'most'"),
        ("{name: check_model_hard_coded_references, include: ^models/a}", "about some of them"),
        ("{name: check_model_test_coverage, include: ^models/a}", "as a whole"),
        ("{name: check_run_results_max_execution_time}", "before anything runs"),
        ("{name: check_model_alias}", "asks nothing"),
        ("{name: check_model_max_chained_views, materializations_to_include: [view]}", "nothing else"),
        ("just text", "names no check"),
    ],
)
def test_what_cannot_be_carried_is_told_with_its_line(tmp_path: Path, entry: str, why: str) -> None:
    """Nothing is written for it, and the rest is."""
    imported = carried(tmp_path, f"manifest_checks:\n  - {entry}\n  - name: check_model_columns_have_types\n")
    (left,) = imported.left
    assert why in left.why
    assert left.line == 2
    assert [each.to for each in imported.carried] == ["model-columns-have-types"]


def test_a_setting_is_written_where_the_manifest_has_its_section(tmp_path: Path) -> None:
    """Beside what stands there, in flow style too."""
    manifest = MANIFEST + "governance: {quality_gates: {minimum_test_coverage: 0}, custom_rules: []}\n"
    text = (
        "manifest_checks: [{name: check_model_hard_coded_references}, {name: check_model_columns_have_types}]"
    )
    checked = check_manifest(carried(tmp_path, text, manifest=manifest).after)
    assert checked.errors == ()
    assert checked.manifest is not None
    assert checked.manifest.governance.quality_gates.require_sources
    assert len(checked.manifest.governance.custom_rules) == 1


def test_toml_is_read_like_yaml(tmp_path: Path) -> None:
    """A table of pyproject.toml, and a file of its own."""
    for name, head in (("pyproject.toml", "tool.dbt-bouncer."), ("dbt-bouncer.toml", "")):
        text = f'[[{head}manifest_checks]]\nname = "check_model_names"\nmodel_name_pattern = "^a"\n'
        assert [each.to for each in carried(tmp_path, text, name).carried] == ["model-names"]


@pytest.mark.parametrize(
    ("name", "text"), [("a.yml", "x: 1"), ("a.yml", "x: ["), ("a.toml", "x"), ("a.yml", "")]
)
def test_a_file_of_nobody_is_refused(tmp_path: Path, name: str, text: str) -> None:
    """With what it should be, and nothing is written."""
    with pytest.raises(ConfigurationError):
        carried(tmp_path, text, name)
    assert (tmp_path / "manifest.yaml").read_text() == MANIFEST


def test_a_dry_run_shows_the_change_and_writes_nothing(tmp_path: Path) -> None:
    """The diff is on stdout."""
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    (tmp_path / "b.yml").write_text("manifest_checks: [{name: check_model_columns_have_types}]")
    ran = ok(floe(tmp_path, "platform", "import-rules", "b.yml", "--dry-run"))
    assert "+    - id: model-columns-have-types" in ran.out
    assert (tmp_path / "manifest.yaml").read_text() == MANIFEST


def test_a_reason_is_no_sentence_of_its_own() -> None:
    """It follows "is not carried:"."""
    for rows in TABLES.values():
        for row in rows:
            assert not row.why.endswith(".")
            assert bool(row.why) != bool(row.expr or row.filled or row.setting), row.name
            if row.why:
                with pytest.raises(NotCarried):
                    rule_of(row, Wanted(row.name))
