"""`fix` and `waive` as verbs of the engine: what they write holds, and dbt takes it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from floe_engine.errors import Refused, UsageError
from floe_engine.product.compile_project import CompileOptions, compile_project
from floe_engine.product.fix_project import fix_project
from floe_engine.product.waive import waive
from floe_engine.project.properties_edit import FILL_IN, Properties, Unwritable
from floe_engine.workspace import Workspace
from tests.cli import floe, ok
from tests.engine.output.test_reports import official_sarif
from tests.engine.policy.samples import model
from tests.engine.project.invented import invented_project, write_files
from tests.interop.dbt import run_dbt

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.2.3"}
plugins:
  compute: {type: duckdb}
governance:
  quality_gates:
    minimum_test_coverage: 0
    required_tests: [not_null_pk, unique_pk, documentation]
    block_on_failure: true
  classification:
    rules: {pii: {requires_meta: [owner], allowed_access: [private, protected]}}
  waiver_policy: {allow_in_product: WAIVERS}
"""

SCHEMA = """\
version: 2

# what the finance team reads
models:
  - name: bronze_orders   # from the shop
    description: "Orders, as they came"
    columns:
      - name: 'id'
        description: the key
        tests: [unique]
      - name: customer_email
        description: who ordered

  - name: bronze_people
    config: {tags: [nightly]}
    access: public
    meta:
      contains_pii: true
    columns:
      - {name: id, description: the key}
"""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return build(tmp_path, "allow")


def build(path: Path, waivers: str) -> Path:
    """A product whose three models lack keys, descriptions, levels and an entry."""
    (path / "platform").mkdir()
    (path / "platform/manifest.yaml").write_text(MANIFEST.replace("WAIVERS", waivers))
    models = path / "shop" / "models" / "bronze"
    models.mkdir(parents=True)
    shop = path / "shop"
    (shop / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n")
    (shop / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}\n"
    )
    (shop / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\n"
        "platform: {manifest: ../platform/manifest.yaml}\ntransforms:\n  - {type: dbt}\n"
    )
    (models / "bronze_orders.sql").write_text("select 1 as id, 'a@b.c' as customer_email\n")
    (models / "bronze_people.sql").write_text("select 1 as id\n")
    (models / "bronze_new.sql").write_text("select 1 as id, 2 as amount\n")
    (models / "schema.yml").write_text(SCHEMA)
    return shop


def findings(shop: Path) -> set[tuple[str, str]]:
    compiled = compile_project(Workspace.open(shop), options=CompileOptions(write_profile=False))
    return {(finding.rule.removeprefix("FLOE-"), finding.subject) for finding in compiled.evaluation.findings}


def test_fixing_declares_what_findings_ask_for_and_touches_nothing_else(product: Path) -> None:
    before = findings(product)
    fixed = fix_project(Workspace.open(product))
    text = (product / "models/bronze/schema.yml").read_text()
    for line in SCHEMA.splitlines():
        assert line.rstrip("}]") in text or line.strip() == "access: public"
    assert "tests: [unique, not_null]" in text
    assert "access: protected" in text
    gone = before - findings(product)
    assert ("E230", "bronze_orders") in gone
    # Said to be pii, the model would want an owner: that is for people to decide.
    assert ("E242", "bronze_orders.customer_email") not in gone
    assert {("E231", "bronze_people"), ("E262", "bronze_people")} <= gone
    assert findings(product) <= before
    assert fixed.mended == len(gone)


def test_what_people_have_to_say_gets_a_place_that_still_counts_as_missing(product: Path) -> None:
    fixed = fix_project(Workspace.open(product))
    text = (product / "models/bronze/schema.yml").read_text()
    assert f'description: ""  {FILL_IN}' in text
    assert f"owner: null  {FILL_IN}" in text
    assert fixed.places >= 3
    assert {("E233", "bronze_people"), ("E244", "bronze_people")} <= findings(product)
    # Once it is there, nothing is added again.
    assert fix_project(Workspace.open(product), ["E233", "E244"]).files == ()


def test_a_model_that_nothing_describes_gets_an_entry_with_the_columns_of_its_sql(product: Path) -> None:
    fix_project(Workspace.open(product), ["bronze_new"])
    text = (product / "models/bronze/schema.yml").read_text()
    entry = text[text.index("- name: bronze_new") :]
    assert "- name: id" in entry
    assert "- name: amount" in entry


def test_a_dry_run_shows_the_diff_and_writes_nothing(product: Path) -> None:
    fixed = fix_project(Workspace.open(product), ["E230"], write=False)
    assert (product / "models/bronze/schema.yml").read_text() == SCHEMA
    (file,) = fixed.files
    assert file.diff.startswith("--- a/models/bronze/schema.yml\n+++ b/models/bronze/schema.yml\n")
    assert "+        tests: [unique, not_null]" in file.diff


def test_a_repair_that_would_raise_another_finding_is_not_made(product: Path) -> None:
    manifest = product.parent / "platform/manifest.yaml"
    stricter = "pii: {forbidden_layers: [bronze], requires_meta"
    manifest.write_text(MANIFEST.replace("WAIVERS", "allow").replace("pii: {requires_meta", stricter))
    fix_project(Workspace.open(product), ["E242"])
    assert (product / "models/bronze/schema.yml").read_text() == SCHEMA


@pytest.mark.parametrize("word", ["E999", "FLOE-E201"])
def test_a_rule_that_nothing_can_be_declared_for_is_refused(product: Path, word: str) -> None:
    if word == "E999":
        assert fix_project(Workspace.open(product), [word]).files == ()  # a model of that name
    else:
        with pytest.raises(UsageError, match="E201"):
            fix_project(Workspace.open(product), [word])


def test_a_sarif_report_carries_the_fix_of_each_finding_that_has_one(product: Path) -> None:
    log = json.loads(floe(product, "compile", "--output", "sarif").out)
    jsonschema.validate(log, official_sarif())
    (run,) = log["runs"]
    fixed = {result["ruleId"]: result for result in run["results"] if "fixes" in result}
    assert {"FLOE-E230", "FLOE-E231", "FLOE-E262"} <= set(fixed)
    assert "FLOE-E242" not in fixed  # the finding would go, and another come
    before = findings(product)
    for rule, result in fixed.items():
        (change,) = result["fixes"][0]["artifactChanges"]
        path = product / change["artifactLocation"]["uri"]
        apply(path, change["replacements"])
        assert (
            rule.removeprefix("FLOE-"),
            result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        ) in (before - findings(product)) or "place" in result["fixes"][0]["description"]["text"]
        path.write_text(SCHEMA)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_fix_ends_where_the_file_ends(product: Path, end: str) -> None:
    schema = product / "models/bronze/schema.yml"
    text = (SCHEMA.rstrip("\n") + "\n").replace("\n", end or "\n").removesuffix("\n" if not end else "")
    schema.write_bytes(text.encode())
    (run,) = json.loads(floe(product, "compile", "--output", "sarif").out)["runs"]
    (result,) = [each for each in run["results"] if each["ruleId"] == "FLOE-E262" and "fixes" in each][:1]
    apply(schema, result["fixes"][0]["artifactChanges"][0]["replacements"])
    fixed = fix_project(Workspace.open(product), ["E262"], write=False)
    assert fixed.files == ()


def apply(path: Path, replacements: list[dict[str, Any]]) -> None:
    """Do what a SARIF viewer does with a fix."""
    text = path.read_bytes().decode()
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column - 1

    for each in reversed(replacements):
        region = each["deletedRegion"]
        begin = offset(region["startLine"], region["startColumn"])
        end = offset(region["endLine"], region["endColumn"])
        text = text[:begin] + each["insertedContent"]["text"] + text[end:]
    path.write_bytes(text.encode())


def fixed_and_parsed(project: Path, dbt: str) -> None:
    fix_project(Workspace.open(project))
    run_dbt(dbt, project, "parse", "--no-partial-parse", "--profiles-dir", ".")


@pytest.mark.interop
def test_dbt_parses_what_was_written(product: Path, require_binary: Callable[[str], str]) -> None:
    fixed_and_parsed(product, require_binary("dbt"))


ODD = """\
%YAML 1.1
---
# head
version: 2
models:
  - name: bronze_orders
    # about orders
    columns:
      - name: id   # key
        # why unique
        description: >-
          The key
          of it

        # end of id

      # --- email ---
      - name: customer_email
        tests:
        - not_null
        # end of its tests
    # end of orders
  # about people
  - name: "bronze_people"
    'description': |
      it's
        # text, no comment
    config:
      # nothing yet
      meta: {}   # none
    'columns':
    - "name": 'id'
      "description": "k # text"
      # end of the key
  # end of models
# end of the file
...
"""


@pytest.mark.interop
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_comments_stay_below_what_they_speak_of_and_dbt_parses_what_was_written(
    product: Path, require_binary: Callable[[str], str], newline: str
) -> None:
    schema = product / "models/bronze/schema.yml"
    schema.write_bytes(ODD.replace("\n", newline).encode())
    fixed_and_parsed(product, require_binary("dbt"))
    text = schema.read_bytes().decode()
    assert text.count("\n") == text.count(newline)
    lines = text.splitlines()
    kept = iter(lines)
    assert all(line in kept for line in ODD.splitlines()), "lines were only added"
    assert len(lines) > ODD.count("\n") + 10
    for above, comment in pairwise(filter(None, ODD.splitlines())):
        if comment.lstrip().startswith("# end of"):
            new = lines[lines.index(above) + 1 : lines.index(comment)]
            assert all(len(each) - len(each.lstrip()) > comment.index("#") for each in new if each), comment
    assert fix_project(Workspace.open(product)).files == ()


def invented(folder: Path, seed: int) -> Path:
    """A project that uses at random what dbt offers: versions, anchors, tests that are off, folders."""
    (folder / "platform").mkdir()
    demands = MANIFEST.replace("WAIVERS", "never").replace(
        "documentation]", "documentation, freshness, contract]"
    )
    (folder / "platform/manifest.yaml").write_text(demands)
    project = write_files(folder / "invented", invented_project(random.Random(seed)))
    (project / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {manifest: ../platform/manifest.yaml}\n"
        "transforms: [{type: dbt}]\ndbt: {reader: static}\n"
    )
    return project


@pytest.mark.parametrize("seed", [0, 7])
def test_fixing_any_project_raises_nothing_new(tmp_path: Path, seed: int) -> None:
    project = invented(tmp_path, seed)
    before = findings_of_models(project)
    assert fix_project(Workspace.open(project)).files
    assert findings_of_models(project) < before


@pytest.mark.parametrize("seed", [9, 16])  # versions that share a column; what holds beside the rest alone
def test_nothing_is_left_to_fix_after_fixing(tmp_path: Path, seed: int) -> None:
    project = invented(tmp_path, seed)
    assert fix_project(Workspace.open(project)).files
    assert fix_project(Workspace.open(project), write=False).files == ()


@pytest.mark.parametrize("config", ["+where: 1=0", "+limit: 0", "+enabled: false"])
@pytest.mark.parametrize("section", ["tests", "data_tests"])
def test_a_test_that_its_folder_lets_find_nothing_is_no_fix(
    tmp_path: Path, section: str, config: str
) -> None:
    shop = build(tmp_path, "never")
    with (shop / "dbt_project.yml").open("a") as file:
        file.write(f"{section}: {{shop: {{bronze: {{{config}}}}}}}\n")
    before = findings(shop)
    fixed = fix_project(Workspace.open(shop))
    assert fixed.files
    assert not [repair.says for repair in fixed.repairs if repair.kind == "test"]
    after = findings(shop)
    assert after < before
    assert "E230" in {rule for rule, _ in after}
    assert fix_project(Workspace.open(shop), write=False).files == ()


def test_a_column_that_is_declared_gets_its_tests_and_what_shared_an_alias_its_own(tmp_path: Path) -> None:
    shop = build(tmp_path, "never")
    schema = (
        "version: 2\nmodels:\n  - name: bronze_orders\n    columns:\n      - &id {name: id}\n"
        "  - name: bronze_people\n    columns:\n      - *id\n"
    )
    (shop / "models/bronze/schema.yml").write_text(schema)
    fixed = fix_project(Workspace.open(shop))
    said = {(repair.node.rpartition(".")[2], repair.says) for repair in fixed.repairs}
    assert {("bronze_new", "declare id"), ("bronze_new", "add a unique test of id")} <= said
    assert {(name, "add a not_null test of id") for name in ("bronze_orders", "bronze_people")} <= said
    assert fixed.left == ()
    assert fix_project(Workspace.open(shop), write=False).files == ()


@pytest.mark.interop
def test_dbt_takes_any_project_that_was_fixed(tmp_path: Path, require_binary: Callable[[str], str]) -> None:
    fixed_and_parsed(invented(tmp_path, 0), require_binary("dbt"))


def findings_of_models(directory: Path) -> set[tuple[str, str, str]]:
    """As fingerprint, subject, and each model where a finding stands for several."""
    compiled = compile_project(Workspace.open(directory), options=CompileOptions(write_profile=False))
    return {
        (finding.fingerprint, finding.subject, model)
        for finding in compiled.evaluation.findings
        for model in finding.models or ("",)
    }


@pytest.mark.parametrize(
    ("text", "gained"),
    [
        (
            "models:\n- name: m\n",
            "- name: m\n  columns:\n    - name: id\n      data_tests:\n        - unique\n",
        ),
        ("models:\n  - {name: m}\n", "{name: m, columns: [{name: id, data_tests: [unique]}]}"),
        (
            "models:\n  - name: m\n    columns:\n      - name: ID\n        tests:\n          - not_null\n",
            "        tests:\n          - not_null\n          - unique\n",
        ),
        ("models:\r\n  - name: m\r\n", "columns:\r\n      - name: id\r\n"),
        ("version: 2\n", "models:\n  - name: m\n"),
    ],
)
def test_every_way_of_writing_a_properties_file_is_kept(text: str, gained: str) -> None:
    editor = Properties(text)
    editor.add_test(model("m"), "id", "unique", {})
    assert gained in editor.text
    assert "\n" not in editor.text.replace("\r\n", "") or "\r" not in text


SHARED = """\
models:
  - &base
    name: a
    columns: &cols   # shared
      - name: id     # the key
        data_tests: &std [not_null]
      - {name: email}
  - name: b
    columns: *cols
  - name: c
    columns:
      - name: id
        data_tests: *std
  - <<: *base
    name: d
"""


@pytest.mark.parametrize(
    ("name", "lost", "gained"),
    [
        ("b", "    columns: *cols\n", "          - not_null\n          - unique\n      - name: email\n"),
        ("c", "        data_tests: *std\n", "          - not_null\n          - unique\n"),
        (
            "d",
            "",
            "    columns:\n      - name: id\n        data_tests:\n          - not_null\n          - unique\n",
        ),
    ],
)
def test_what_an_alias_means_is_written_out_where_it_changes(name: str, lost: str, gained: str) -> None:
    editor = Properties(SHARED)
    editor.add_test(model(name), "id", "unique", {})
    assert gained in editor.text
    assert lost not in editor.text or not lost
    tests = {each["name"]: each["columns"][0]["data_tests"] for each in yaml.safe_load(editor.text)["models"]}
    assert tests == {key: ["not_null"] for key in "abcd"} | {name: ["not_null", "unique"]}


def test_what_is_wrong_with_a_file_that_cannot_be_edited_is_said_with_its_line() -> None:
    for text, line in (("models: []\n---\nmodels: []\n", 2), ("models: []\nmodels: []\n", 2)):
        with pytest.raises(Unwritable, match=f"line {line} of the file: "):
            Properties(text).describe(model("m"), None)


def test_what_others_share_is_not_changed_for_one() -> None:
    with pytest.raises(Unwritable, match="&base"):
        Properties(SHARED).add_test(model("a"), "id", "unique", {})


def test_a_finding_is_waived_in_floe_yaml(product: Path) -> None:
    waived = waive(
        Workspace.open(product), "E231 bronze_people", reason="keys come in May", owner="ann", expires=soon()
    )
    assert [finding.subject for finding in waived.findings] == ["bronze_people"]
    text = (product / "floe.yaml").read_text()
    assert text.startswith("apiVersion: floe.dev/v1\nkind: DataProduct\n")
    assert "reason: keys come in May" in text
    compiled = compile_project(Workspace.open(product), options=CompileOptions(write_profile=False))
    (finding,) = (f for f in compiled.evaluation.findings if f.rule == "FLOE-E231" and f.waived)
    assert finding.subject == "bronze_people"
    fingerprint = next(f.fingerprint for f in compiled.evaluation.findings if f.rule == "FLOE-E230")
    waive(Workspace.open(product), fingerprint, reason="r", owner="o", expires=soon())
    assert (product / "floe.yaml").read_text().count("- pattern:") == 2


def test_a_name_that_is_a_glob_excuses_no_neighbour(product: Path) -> None:
    (product / "models/bronze_[ab].sql").write_text("select 1 as id\n")
    (product / "models/bronze_a.sql").write_text("select 1 as id\n")
    shop = Workspace.open(product)
    compiled = compile_project(shop, options=CompileOptions(write_profile=False))
    finding = next(f for f in compiled.evaluation.findings if f.subject == "bronze_[ab]")
    waive(shop, finding.fingerprint, reason="r", owner="o", expires=soon())
    compiled = compile_project(shop, options=CompileOptions(write_profile=False))
    waived = {f.subject for f in compiled.evaluation.findings if f.waived}
    assert waived == {"bronze_[ab]"}


def soon() -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


def test_a_waiver_that_the_platform_does_not_permit_is_not_written(tmp_path: Path) -> None:
    shop = build(tmp_path, "never")
    before = (shop / "floe.yaml").read_text()
    with pytest.raises(Refused, match="permits no such waiver"):
        waive(Workspace.open(shop), "E231 bronze_people", reason="r", owner="o", expires=soon())
    with pytest.raises(UsageError, match="no finding"):
        waive(Workspace.open(shop), "E231 nothing", reason="r", owner="o", expires=soon())
    assert (shop / "floe.yaml").read_text() == before


def test_the_command_line_fixes_and_waives_from_any_folder_of_the_project(product: Path) -> None:
    folder = product / "models" / "bronze"
    shown = ok(floe(folder, "fix", "E230", "--dry-run"))
    assert "+        tests: [unique, not_null]" in shown.out
    assert (folder / "schema.yml").read_text() == SCHEMA
    done = ok(floe(folder, "fix", "--output", "json")).json
    assert done["written"]
    assert done["mended"] >= 4
    ok(floe(folder, "fix"))  # of the columns that were declared one may be the key
    assert "Nothing to declare" in ok(floe(folder, "fix")).out
    ok(floe(folder, "waive", "E244", "bronze_people", "--reason", "r", "--owner", "o", "--expires", soon()))
    assert floe(folder, "waive", "E244", "x", "--reason", "r", "--owner", "o").code == 2
    assert "rules:\n      - FLOE-E244" in (product / "floe.yaml").read_text()


def test_a_selection_that_leaves_nothing_may_be_success(product: Path) -> None:
    assert floe(product, "compile", "--select", "nothing_*").code == 4
    ok(floe(product, "compile", "--select", "nothing_*", "--allow-empty"))
    assert floe(product, "compile", "--select", "+bronze_orders").code == 1
    assert floe(product, "compile", "--select", "state:modified").code == 2


def test_a_word_that_selects_nothing_beside_others_is_said(product: Path) -> None:
    told = floe(product, "compile", "--select", "brnze", "--select", "bronze_orders").err
    assert "brnze selects nothing" in told
    for folder in ("bronze", "path:models/bronze"):
        assert "selects nothing" not in floe(product, "compile", "--select", folder).err


def test_a_summary_and_a_limit_can_be_asked_for(product: Path) -> None:
    summary = floe(product, "compile", "--summary").out.splitlines()
    assert any(line.startswith("Sensitive data exposed") for line in summary)
    assert len(summary) < 40
    limited = floe(product, "compile", "--limit", "1").out
    assert limited.count("FLOE-E") < floe(product, "compile").out.count("FLOE-E")
    assert "which do less harm" in limited


SEVERAL = {
    "models/sources.yml": """\
sources:
  - name: crm
    tables:
      - name: people   # as it came
        columns:
          - name: customer_email
            meta: {classification: confidental}
      - name: visits
""",
    "models/bronze/bronze_visits.sql": "select id from {{ source('crm', 'visits') }}\n",
    "seeds/countries.csv": "id,phone_number\n1,2\n",
    "seeds/seeds.yml": "seeds:\n  - name: countries\n    columns: [{name: phone_number}]\n",
    "snapshots/snap.sql": """\
{% snapshot people_over_time %}
{{ config(target_schema='s', unique_key='id', strategy='check', check_cols='all') }}
select id from {{ source('crm', 'people') }}
{% endsnapshot %}
""",
    "snapshots/snapshots.yml": "snapshots:\n  - name: people_over_time\n    description: d\n",
}


@pytest.fixture
def varied(product: Path) -> Path:
    for name, text in SEVERAL.items():
        (product / name).parent.mkdir(exist_ok=True)
        (product / name).write_text(text)
    manifest = product.parent / "platform/manifest.yaml"
    text = manifest.read_text().replace("unique_pk, documentation]", "unique_pk, documentation, freshness]")
    manifest.write_text(
        text.replace("  classification:\n", "  classification:\n    require_declared: true\n")
    )
    return product


def test_sources_seeds_and_snapshots_are_mended_in_the_files_that_describe_them(varied: Path) -> None:
    before = findings(varied)
    fix_project(Workspace.open(varied))
    gone = before - findings(varied)
    assert ("E241", "crm.people.customer_email") in gone
    assert ("E242", "countries.phone_number") in gone
    assert findings(varied) <= before
    sources = (varied / "models/sources.yml").read_text()
    assert "meta: {classification: confidential}" in sources
    assert f"count: null  {FILL_IN}" in sources
    assert f"loaded_at_field: null  {FILL_IN}" in sources
    assert "- name: people   # as it came\n" in sources
    seeds, snapshots = (varied / f"{kind}/{kind}.yml" for kind in ("seeds", "snapshots"))
    assert "classification: pii" in seeds.read_text()
    assert f"classification: null  {FILL_IN}" in snapshots.read_text()
    fix_project(Workspace.open(varied))  # of the columns that were declared one may be the key
    assert fix_project(Workspace.open(varied)).files == ()


@pytest.mark.interop
def test_dbt_parses_mended_sources_seeds_and_snapshots(
    varied: Path, require_binary: Callable[[str], str]
) -> None:
    fixed_and_parsed(varied, require_binary("dbt"))


def test_what_the_code_itself_configures_is_not_declared_beside_it(product: Path) -> None:
    """``config()`` of a model wins over its properties, so that nothing would change."""
    people = product / "models/bronze/bronze_people.sql"
    people.write_text("{{ config(access='public') }} select 1 as id\n")
    fix_project(Workspace.open(product), ["E262"])
    assert (product / "models/bronze/schema.yml").read_text() == SCHEMA


VERSIONS = """\
models:
  - name: bronze_v
    description: what there is
    columns:
      - name: id   # the key
        data_type: int
      - {name: amount, description: how much}
    data_tests: [whole]
    versions:
      - v: 1
      - v: 2
        columns:
          - {include: all, exclude: [amount]}
          - {name: extra, description: more}
      - v: 3
        columns: [{name: id, description: its own, data_tests: [unique]}]
        data_tests: []
"""


@pytest.fixture
def versioned(product: Path) -> Path:
    """A model of three versions that has no key, and a test of its own."""
    models = product / "models/bronze"
    for version in (1, 2, 3):
        (models / f"bronze_v_v{version}.sql").write_text(f"select 1 as id, 2 as amount, {version} as extra\n")
    (models / "v.yml").write_text(VERSIONS)
    (product / "macros").mkdir()
    (product / "macros/m.sql").write_text("{% test whole(model) %}select 1 where false{% endtest %}\n")
    return product


def test_what_all_versions_lack_is_said_once_and_the_rest_where_it_is_lacking(versioned: Path) -> None:
    before = findings(versioned)
    fix_project(Workspace.open(versioned), ["bronze_v*"])
    text = (versioned / "models/bronze/v.yml").read_text()
    document = yaml.safe_load(text)["models"][0]
    of_all, extra = document["columns"][0], document["versions"][1]["columns"]
    assert of_all["data_tests"] == ["not_null"]
    assert [version.get("data_tests") for version in document["versions"]] == [None, None, []]
    own = [next(c for c in v["columns"] if c.get("name") == "id") for v in document["versions"]]
    assert [column["data_tests"] for column in own] == [["unique"]] * 3
    assert [column.get("description") for column in own] == ["", "", "its own"]
    assert own[0]["data_type"] == "int"
    assert extra[:2] == [{"include": "all", "exclude": ["amount"]}, {"name": "extra", "description": "more"}]
    assert "id   # the key" in text
    gone = before - findings(versioned)
    assert {(rule, f"bronze_v.v{n}") for rule in ("E230", "E231") for n in (1, 2)} <= gone
    assert findings(versioned) <= before


def test_a_test_of_a_version_stands_beside_those_that_it_had_from_its_model() -> None:
    editor = Properties(VERSIONS)
    editor.add_test(model("bronze_v", version="2", latest_version="3"), None, "fresh", {})
    assert yaml.safe_load(editor.text)["models"][0]["versions"][1]["data_tests"] == ["whole", "fresh"]


@pytest.mark.interop
def test_dbt_parses_mended_versions(versioned: Path, require_binary: Callable[[str], str]) -> None:
    fixed_and_parsed(versioned, require_binary("dbt"))
