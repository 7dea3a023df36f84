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
from floe_engine.peers import evaluator
from floe_engine.peers.built_in import BUILT_IN
from floe_engine.peers.carrying import Check, ConfiguredCheck, NotCarried, Takes, literal, rule_of
from floe_engine.peers.reading import TABLES
from floe_engine.platform.import_rules import Imported, import_rules
from floe_engine.platform.rule_examples import examples_of_rule
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

GIVEN |= {
    "tests": {"schema": 1},
    "pattern": "^a|b",
    "constraints": '[{"type": "primary_key"}]',
    "whitelist": ["a"],
    "freshness": ["warn_after"],
    "schema_location": None,
    "primary_key_test_macros": evaluator.VARIABLES["primary_key_test_macros"],
    "enforced_primary_key_node_types": ["model"],
}

KINDS: dict[str, Any] = {
    "number": 3,
    "flag": False,
    "share": 50,
    "texts": ["a"],
    "criteria": "one",
    "text": "a",
}


def _given(takes: Takes) -> Any:
    """A value that a check may be given."""
    if takes is evaluator.TYPED:
        return evaluator.types_of(evaluator.VARIABLES)
    value = GIVEN.get(takes.name, KINDS.get(takes.kind, "^a|b"))
    return KINDS["texts"] if takes.kind == "texts" and not isinstance(value, list) else value


CARRIED = [row for rows in TABLES.values() for row in rows if row.carried]
ROWS = [pytest.param(row, id=row.name) for row in CARRIED]
IN_CEL = [pytest.param(row, id=row.name) for row in CARRIED if row.expr or row.filled]


@pytest.mark.parametrize("row", IN_CEL)
def test_every_row_makes_a_rule_that_means_something(row: Check) -> None:
    """A misspelt fact or a wrong type in the table fails here."""
    given = {
        each.name: _given(each) for each in row.takes if each.name not in ("type_pattern", "case_sensitive")
    }
    places = () if row.subject == "project" else ("models/a", "^models/b")
    for include in ((), places):
        rule = rule_of(
            row, ConfiguredCheck(row.name, given, include=include, exclude=places[:1] if include else ())
        )
        assert list(troubles({"id": "x", **rule})) == []


ODD = (
    None, True, 5, -1, float("inf"), float("nan"), 10**30, "", "(", "a\nb\x1b'\"\\", "') || true || ('", [],
    [5], ["a", "'\n"], [[["a"]]], {}, {"a": 1}, {5: [1]},
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
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
    rule = rule_of(row, ConfiguredCheck(check, given))
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
        ("{name: check_columns_are_all_documented, include: ^models/a}", "all of them alike"),
        ("{name: check_model_test_coverage, include: ^models/a}", "as a whole"),
        ("{name: check_run_results_max_execution_time}", "before anything runs"),
        ("{name: check_model_alias}", "asks nothing"),
        ("{name: check_model_max_chained_views, materializations_to_include: [view]}", "nothing else"),
        ("just text", "names no check"),
    ],
)
def test_what_cannot_be_carried_is_told_with_its_line(tmp_path: Path, entry: str, why: str) -> None:
    """Nothing is written for it, and the rest is."""
    imported = carried(tmp_path, f"manifest_checks:\n  - {entry}\n  - name: check_model_has_exposure\n")
    (left,) = imported.left
    assert why in left.why
    assert left.line == 2
    assert [each.to for each in imported.carried] == ["model-has-exposure"]


def test_a_setting_is_written_where_the_manifest_has_its_section(tmp_path: Path) -> None:
    """Beside what stands there, in flow style too."""
    manifest = MANIFEST + "governance: {quality_gates: {minimum_test_coverage: 0}, custom_rules: []}\n"
    text = "manifest_checks: [{name: check_model_hard_coded_references}, {name: check_model_has_exposure}]"
    checked = check_manifest(carried(tmp_path, text, manifest=manifest).after)
    assert checked.errors == ()
    assert checked.manifest is not None
    assert checked.manifest.governance.quality_gates.require_sources
    assert len(checked.manifest.governance.custom_rules) == 1


ALIKE = {
    "check_model_number_of_grants",  # as many as there are at least and at most
    "check-model-has-tests-by-group",  # three tests of one name
    "check-source-has-tests-by-group",
    # What several resources together must be:
    "check_column_descriptions_are_consistent",
    "check_model_does_not_rejoin_upstream_concepts",
    "fct_rejoining_of_upstream_concepts",
    "check_model_columns_have_relationship_tests",
    "check_source_property_file_location",
    "check_source_used_by_models_in_same_directory",
    "fct_marts_or_intermediate_dependent_on_source",
    "fct_staging_dependent_on_marts_or_intermediate",
}
"""Rules for which no example is found with what they are given here."""


@pytest.mark.parametrize("row", IN_CEL)
def test_a_rule_comes_with_examples_that_are_its_policy_tests(row: Check) -> None:
    """What it passes and what it refuses: a manifest whose examples do not hold is none."""
    given = {
        each.name: _given(each) for each in row.takes if each.name not in ("type_pattern", "case_sensitive")
    }
    rule = {"id": "x", **rule_of(row, ConfiguredCheck(row.name, given))}
    examples = examples_of_rule(rule)
    assert (examples == {}) == (row.name in ALIKE)
    assert list(troubles({**rule, "examples": examples})) == []


@pytest.mark.parametrize(
    ("manifest", "checks", "said"),
    [
        ("", "{name: check_model_max_fanout}", {"graph": {"max_children": 3}}),
        (
            "governance: {graph: {max_children: 5}}",
            "{name: check_model_max_fanout}",
            {"graph": {"max_children": 3}},
        ),
        (
            "governance: {graph: {max_children: 2}}",
            "{name: check_model_max_fanout}",
            {"graph": {"max_children": 2}},
        ),
        (
            "governance: {sources: {require: [tests]}}",
            "{name: check_source_not_orphaned}, {name: check_source_has_tests}",
            {"sources": {"require": ["tests", "used"]}},
        ),
        (
            "",
            "{name: check_source_not_orphaned, severity: warn}, {name: check_duplicate_sources}",
            {
                "sources": {"require": ["used", "unique"]},
                "rules": {"FLOE-E313": {"enforcement": "warn"}},
            },
        ),
        (
            "governance: {documentation: {meta: {seed: [{key: owner, pattern: '[a-z]+'}]}}}",
            "{name: check_seed_has_meta_keys, keys: [owner, team]}",
            {"documentation": {"meta": {"seed": [{"key": "owner", "pattern": "[a-z]+"}, {"key": "team"}]}}},
        ),
    ],
)
def test_a_setting_is_made_to_ask_what_is_wanted_too(
    tmp_path: Path, manifest: str, checks: str, said: dict[str, Any]
) -> None:
    """The stricter number holds, lists grow, and a warning warns."""
    imported = carried(tmp_path, f"manifest_checks: [{checks}]", manifest=MANIFEST + manifest + "\n")
    assert yaml.safe_load(imported.after)["governance"] == said
    assert check_manifest(imported.after).errors == ()


@pytest.mark.parametrize(
    ("manifest", "check"),
    [
        ("", "{name: check_source_not_orphaned, include: ^models/a}"),
        ("governance: {sources: {require: [used]}}", "{name: check_source_not_orphaned, severity: warn}"),
        (
            "governance: {documentation: {descriptions: {seed: 1}}}",
            "{name: check_macro_description_populated, severity: warn}",
        ),
        (
            "governance: {materialization: {allowed: [view, table]}}",
            "{name: check_model_materialization_permitted, permitted_materializations: [table]}",
        ),
        ("", "{name: check_model_has_tags, tags: [a, b], criteria: any}"),
        ("", "{name: check_model_has_meta_keys, keys: [{contact: [mail]}]}"),
        ("", "{name: check_exposure_has_owner, required_fields: [name]}"),
    ],
)
def test_what_no_setting_can_say_is_a_rule_of_its_own(tmp_path: Path, manifest: str, check: str) -> None:
    """A part of the resources, another severity, another list, another way to count."""
    imported = carried(tmp_path, f"manifest_checks: [{check}]", manifest=MANIFEST + manifest + "\n")
    after = yaml.safe_load(imported.after)["governance"]
    assert len(after.pop("custom_rules")) == 1
    assert after == yaml.safe_load(manifest or "governance: {}")["governance"]


def hooks(*written: str) -> str:
    """A configuration of pre-commit with hooks of dbt-checkpoint, the first in line 4."""
    listed = "".join(f"      - {hook}\n" for hook in written)
    return f"repos:\n  - repo: https://github.com/dbt-checkpoint/dbt-checkpoint\n    hooks:\n{listed}"


def test_hooks_of_dbt_checkpoint_become_rules(tmp_path: Path) -> None:
    """Their options, files and exclusions come along; other hooks are nobody's affair here."""
    text = (
        hooks(
            "{id: check-model-has-tests-by-name, args: [--tests, unique=1, not_null=2, --],"
            " files: ^models/marts}",
            "{id: check-model-has-meta-keys, args: [--meta-k=owner, --exc, old, --manifest, x.json]}",
            "{id: check-model-name-contract, files: ^dbt/models/a,"
            " args: [--pattern, 'stg_.*', --manifest, dbt/target/manifest.json]}",
            "{id: check-source-tags, args: [--tags, a, b], files: '\\\\.yml$'}".replace("\\\\", "\\"),
        )
        + "  - {repo: local, hooks: [{id: mine, entry: x}, {id: own, entry: check-script-semicolon}]}\n"
    )
    imported = carried(tmp_path, text, ".pre-commit-config.yaml")
    assert (imported.peer, imported.left) == ("dbt-checkpoint", ())
    assert [each.line for each in imported.carried] == [4, 5, 6, 7, 8]
    checked = check_manifest(imported.after)
    assert checked.manifest is not None and checked.errors == ()
    by_name, meta, contract, tags = checked.manifest.governance.custom_rules
    assert checked.manifest.governance.code.forbid == ("final_semicolon",)
    assert "test.name == 'not_null')) >= 2" in (by_name.expr or "")
    assert "model.properties_path.matches('^models/marts')" in (by_name.when or "")
    assert (meta.when, meta.expr) == (
        "!model.path.matches('old')",
        "['owner'].all(key, key in model.meta) && model.meta.all(key, key in ['owner'])",
    )
    assert (contract.when or "").startswith("(model.path.matches('^models/a')")
    assert tags.when is None


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        ("{id: check-ours}", "no check of this name"),
        ("{id: dbt-parse}", "runs dbt"),
        ("{id: check-model-has-tests, args: [--test-cnt, many]}", "test_cnt cannot be many"),
        ("{id: check-model-has-tests, args: [--test-cnt]}", "no value"),
        ("{id: check-model-has-tests, args: [--is=x, --i=y]}", "may mean include_disabled or is_test"),
        ("{id: check-model-has-tests, args: [stray]}", "belongs to no option"),
        ("{id: check-model-has-tests, args: --test-cnt 1}", "no list of words"),
        ("{id: check-model-has-tests, args: [[1]]}", "no list of words"),
        ("{id: check-model-has-tests, files: [a]}", "no regular expression"),
        ("{id: check-model-has-tests, files: ^transform/models}", "path of the repository"),
        ("{id: check-model-has-tests, exclude: '(?!x)'}", "looking ahead"),
        ("{id: check-model-has-tests-by-name}", "tests is missing"),
        ("{id: check-model-has-tests-by-type, args: [--tests, odd=1]}", "data or schema"),
        ("{id: check-model-has-constraints, args: [--constraints, '[[']}", "no JSON"),
        ("{id: check-model-parents-schema}", "no whitelist"),
        ("{id: check-model-has-description, args: [--colour, red]}", "takes no colour"),
        ("{id: check-model-has-all-columns, files: ^models/a}", "all of them alike"),
    ],
)
def test_a_hook_that_cannot_be_carried_is_told_with_its_line(tmp_path: Path, hook: str, why: str) -> None:
    """Nothing is written for it, and the next one is."""
    imported = carried(tmp_path, hooks(hook, "{id: check-model-has-contract}"))
    (left,) = imported.left
    assert (why in left.why, left.line) == (True, 4), left.why
    assert [each.to for each in imported.carried] == ["model-has-contract"]


def test_what_dbt_project_evaluator_checks_becomes_rules(tmp_path: Path) -> None:
    """With the project's variables, and without what it turned off."""
    text = (
        "name: shop\n"
        "vars:\n"
        "  dbt_project_evaluator: {too_many_joins_threshold: 9, staging_prefixes: [raw_]}\n"
        "  chained_views_threshold: 2\n"
        "models:\n"
        "  dbt_project_evaluator:\n"
        "    marts:\n"
        "      structure: {+enabled: false, fct_model_naming_conventions: {+enabled: true}}\n"
        "      dag: {fct_root_models: {+enabled: 'false'}}\n"
        "seeds: {dbt_project_evaluator: {dbt_project_evaluator_exceptions: {+enabled: false}}}\n"
    )
    imported = carried(tmp_path, text, "dbt_project.yml")
    assert imported.peer == "dbt-project-evaluator"
    assert [each.check for each in imported.left] == ["exceptions"]
    assert len(imported.carried) == len(evaluator.CHECKS) - 4
    assert {each.line for each in imported.carried} == {3}
    checked = check_manifest(imported.after)
    assert checked.manifest is not None and checked.errors == ()
    rules = {rule.id: rule for rule in checked.manifest.governance.custom_rules}
    governance = checked.manifest.governance
    assert (governance.quality_gates.max_parents, governance.graph.max_view_chain) == (8, 2)
    assert {said.enforcement for said in governance.rules.values()} == {"warn"}
    assert {"FLOE-E222", "FLOE-E333", "FLOE-E324", "FLOE-E325"} < governance.rules.keys()
    assert "'raw_'" in (rules["model-naming-conventions"].expr or "")
    assert {rule.severity for rule in rules.values()} == {"warning"}


@pytest.mark.parametrize(
    "said",
    [
        "too_many_joins_threshold: many",
        "too_many_joins_threshold: 1.5",
        f"staging_prefixes: [{'x' * 3_000}]",
        "too_many_joins_threshold: '{{ 1 }}'",
        "model_types: 7",
        "staging_prefixes: {a: 1}",
        "primary_key_test_macros: [x]",
        "exclude_paths_from_project: [[x]]",
        "enforced_primary_key_node_types: [model, seed]",
    ],
)
def test_a_variable_of_an_odd_shape_is_told_and_hides_no_other_rule(tmp_path: Path, said: str) -> None:
    """Whatever stands there."""
    imported = carried(tmp_path, f"vars: {{dbt_project_evaluator: {{{said}}}}}")
    assert imported.left
    assert len(imported.carried) > 15


SAME = [
    ("check-model-has-properties-file", {}, "check_model_has_properties_file", {}),
    ("check-model-has-contract", {}, "check_model_has_contracts_enforced", {}),
    (
        "check-model-parents-and-childs",
        {"max_child_cnt": 2},
        "check_model_max_fanout",
        {"max_downstream_models": 2},
    ),
    ("fct_root_models", {}, "check_model_has_no_upstream_dependencies", {}),
    (
        "fct_chained_views_dependencies",
        {"chained_views_threshold": 1},
        "check_model_max_chained_views",
        {"max_chained_views": 2},
    ),
    ("fct_multiple_sources_joined", {}, "check_model_depends_on_multiple_sources", {}),
    ("fct_public_models_without_contract", {}, "check_model_contract_enforced_for_public_model", {}),
]
"""Checks that two peers have, with what both are given."""


@pytest.mark.parametrize(("one", "given", "other", "as_given"), SAME)
def test_a_check_that_two_peers_have_means_the_same(
    one: str, given: dict[str, Any], other: str, as_given: dict[str, Any]
) -> None:
    """Asked of models that differ in all that these look at."""
    rows = {row.name: row for checks in TABLES.values() for row in checks}
    asked = []
    for name, arguments in ((one, given), (other, as_given)):
        rule = rule_of(rows[name], ConfiguredCheck(name, arguments))
        asked.append(house_rule("model", rule.get("when", ""), rule["expr"], rule["message"]))
    kind = SUBJECTS["model"]["model"]
    answers = []
    for said in MODELS:
        model = example_of(kind, said)
        first, second = (rule.ask(model).answer for rule in asked)
        assert first == second, said
        answers.append(first)
    assert "pass" in answers and "fail" in answers


MODELS: list[dict[str, Any]] = [
    {},
    {"access": "public"},
    {
        "access": "public",
        "contract": {"enforced": True},
        "properties_path": "models/a.yml",
        "view_chain": 1,
        "parents": [{"type": "source", "name": "a"}],
        "children": [{"name": "a"}, {"name": "b"}],
    },
    {
        "view_chain": 2,
        "parents": [{"type": "source", "name": "a"}, {"type": "source", "name": "b"}, {"name": "c"}],
        "children": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "e", "type": "exposure"}],
    },
]


def test_toml_is_read_like_yaml(tmp_path: Path) -> None:
    """A table of pyproject.toml, and a file of its own."""
    for name, head in (("pyproject.toml", "tool.dbt-bouncer."), ("dbt-bouncer.toml", "")):
        text = f'[[{head}manifest_checks]]\nname = "check_model_names"\nmodel_name_pattern = "^a"\n'
        assert [each.to for each in carried(tmp_path, text, name).carried] == ["model-names"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yml", "x: 1"),
        ("a.yml", "x: ["),
        ("a.toml", "x"),
        ("a.yml", ""),
        (".pre-commit-config.yaml", "repos: {a: 1}"),
        (".pre-commit-config.yaml", "repos: [7, {repo: [dbt-checkpoint], hooks: {id: check-model-tags}}]"),
        (".pre-commit-config.yaml", "repos: [{repo: local, hooks: [{id: check-model-has-tests}]}]"),
        ("dbt_project.yml", "name: shop\nvars: {dbt_project_evaluator: 7}\nmodels: []"),
    ],
)
def test_a_file_of_nobody_is_refused(tmp_path: Path, name: str, text: str) -> None:
    """With what it should be, and nothing is written."""
    with pytest.raises(ConfigurationError):
        carried(tmp_path, text, name)
    assert (tmp_path / "manifest.yaml").read_text() == MANIFEST


def test_a_dry_run_shows_the_change_and_writes_nothing(tmp_path: Path) -> None:
    """The diff is on stdout."""
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    (tmp_path / "b.yml").write_text("manifest_checks: [{name: check_model_has_exposure}]")
    ran = ok(floe(tmp_path, "platform", "import-rules", "b.yml", "--dry-run"))
    assert "+    - id: model-has-exposure" in ran.out
    assert (tmp_path / "manifest.yaml").read_text() == MANIFEST


def test_a_reason_is_no_sentence_of_its_own() -> None:
    """It follows "is not carried:"."""
    for rows in TABLES.values():
        for row in rows:
            assert not row.why.endswith(".")
            assert bool(row.why) != bool(row.expr or row.filled or row.name in BUILT_IN), row.name
            if row.why:
                with pytest.raises(NotCarried):
                    rule_of(row, ConfiguredCheck(row.name))
