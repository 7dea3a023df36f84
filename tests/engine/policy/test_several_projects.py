"""Several dbt projects under one floe.yaml are judged together; a platform's waivers are its own affair."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from floe_engine.policy.finding import Finding
from tests.cli import floe, ok

MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.2.3"}
plugins:
  compute: {type: duckdb}
data_architecture:
  naming: {enforcement: strict}
governance:
  quality_gates: {minimum_test_coverage: 0, required_tests: []}
  waiver_policy: {allow_in_product: allow, require_expiry: false}
"""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """Two dbt projects, each with a model that only a waiver excuses."""
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform/manifest.yaml").write_text(MANIFEST)
    for name in ("a", "b"):
        models = tmp_path / "product" / name / "models"
        models.mkdir(parents=True)
        (models.parent / "dbt_project.yml").write_text(f"name: shop_{name}\nversion: '1.0'\nprofile: shop\n")
        (models / f"old_{name}.sql").write_text("select 1 as amount\n")
    (tmp_path / "product/floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform: {manifest: ../platform/manifest.yaml}\n"
        "transforms:\n  - {type: dbt, project_dir: a}\n  - {type: dbt, project_dir: b}\n"
        "waivers:\n"
        "  - {id: for-a, pattern: old_a, reason: r, owner: o}\n"
        "  - {id: for-b, pattern: old_b, reason: r, owner: o}\n"
        "  - {id: for-none, pattern: nothing, reason: r, owner: o}\n"
    )
    return tmp_path / "product"


def test_a_waiver_is_needed_where_any_project_needs_it(product: Path) -> None:
    done = ok(floe(product, "compile", "--output", "json"))
    unused = [
        (finding["subject"], finding["path"], finding["line"])
        for project in json.loads(done.out)["projects"]
        for finding in project["findings"]
        if finding["rule"] == "FLOE-E291"
    ]
    assert unused == [("waiver for-none", "../floe.yaml", 10)]


def test_findings_on_waivers_point_into_the_floe_yaml_that_there_is(product: Path) -> None:
    done = ok(floe(product, "compile", "--output", "github"))
    assert "::warning file=floe.yaml,line=10," in done.out
    log = json.loads(ok(floe(product, "compile", "--output", "sarif")).out)
    uris = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for run in log["runs"]
        for result in run["results"]
        for location in result["locations"]
    }
    assert uris == {"floe.yaml", "a/models/old_a.sql", "b/models/old_b.sql"}


def test_cases_of_several_projects_have_keys_of_their_own(product: Path) -> None:
    root = ElementTree.fromstring(ok(floe(product, "compile", "--output", "junit")).out)
    keys = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(keys) == len(set(keys))
    assert ("shop_b.FLOE-E201", "old_b") in keys


def test_the_stages_name_the_project_that_they_speak_of(product: Path) -> None:
    done = ok(floe(product, "compile"))
    assert "shop_a: Naming conventions" in done.err + done.out
    assert "shop_b: Naming conventions" in done.err + done.out


def test_text_says_whose_findings_these_are_and_a_limit_is_for_all_of_them(product: Path) -> None:
    spec = product / "floe.yaml"
    spec.write_text(spec.read_text().partition("waivers:")[0])
    told = floe(product, "compile", "--limit", "1")
    lines = told.out.splitlines()
    assert told.code == 1
    assert sum("✗ FLOE-E" in line for line in lines) == 1
    a, b = lines.index("shop_a"), lines.index("shop_b")
    assert a < next(place for place, line in enumerate(lines) if "✗ FLOE-E" in line) < b
    assert "more, which do less harm" in lines[b + 1]


def test_the_stages_of_many_projects_are_told_once(product: Path) -> None:
    spec = product / "floe.yaml"
    for name in "cdefghijklmnop":
        shutil.copytree(product / "a", product / name)
    dirs = "".join(f"  - {{type: dbt, project_dir: {name}}}\n" for name in "abcdefghijklmnop")
    spec.write_text(f"{spec.read_text().partition('transforms:')[0]}transforms:\n{dirs}")
    told = floe(product, "compile", "--summary")
    assert told.code == 1
    assert "✗ Naming conventions (16 errors, 16 of 16 projects)" in told.out
    assert len(told.out.splitlines()) <= 40


def test_projects_of_one_name_are_told_apart_by_their_folders(product: Path) -> None:
    for name in ("a", "b"):
        file = product / name / "dbt_project.yml"
        file.write_text(file.read_text().replace(f"shop_{name}", "shop"))
    text = ok(floe(product, "compile")).out
    assert "shop (a): Naming conventions" in text
    assert "shop (b): Naming conventions" in text
    suites = ElementTree.fromstring(ok(floe(product, "compile", "--output", "junit")).out).iter("testcase")
    keys = [(case.get("classname"), case.get("name")) for case in suites]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("names", [("shop_a", "shop_b"), ("shop", "shop")])
def test_what_a_baseline_knows_of_one_project_is_news_in_another(
    product: Path, names: tuple[str, str]
) -> None:
    for folder, name in zip("ab", names, strict=True):
        file = product / folder / "dbt_project.yml"
        file.write_text(file.read_text().replace(f"shop_{folder}", name))
    (product / "a/models/revenue.sql").write_text("select 1 as amount\n")
    compiled = ("compile", "--baseline", "baseline.json")
    ok(floe(product, *compiled))
    ok(floe(product, *compiled))
    (product / "b/models/revenue.sql").write_text("select 1 as amount\n")
    refused = floe(product, *compiled)
    assert refused.code == 1
    assert refused.out.count("revenue belongs to no layer") == 1
    assert "b/models/revenue.sql:1" in refused.out
    (product / "baseline.json").write_text(as_before_projects_were_named(product / "baseline.json"))
    ok(floe(product, *compiled))
    (product / "a/models/revenue.sql").unlink()
    (product / "b/models/revenue.sql").unlink()
    assert "shrank by 1 finding" in ok(floe(product, *compiled)).err


def test_a_baseline_of_a_part_says_so_and_a_model_that_is_renamed_is_no_reason_for_praise(
    product: Path,
) -> None:
    models = product / "a/models"
    for name in ("revenue", "costs"):
        (models / f"{name}.sql").write_text("select 1 as amount\n")
    compiled = ("compile", "--baseline", "baseline.json")
    made = ok(floe(product, *compiled, "--select", "revenue"))
    assert "what else there is still counts" in made.err
    assert "costs belongs to no layer" in floe(product, *compiled).out
    (product / "baseline.json").unlink()
    assert "still counts" not in ok(floe(product, *compiled)).err
    (models / "costs.sql").rename(models / "spending.sql")
    renamed = floe(product, *compiled)
    assert renamed.code == 1
    assert "spending belongs to no layer" in renamed.out
    assert "shrank by 1 finding\n" in renamed.err


@pytest.mark.parametrize("names", [("shop_a", "shop_b"), ("shop", "shop")])
def test_a_baseline_outlives_projects_that_come_and_go(product: Path, names: tuple[str, str]) -> None:
    for folder, name in zip("ab", names, strict=True):
        file = product / folder / "dbt_project.yml"
        file.write_text(file.read_text().replace(f"shop_{folder}", name))
    (product / "a/models/revenue.sql").write_text("select 1 as amount\n")
    (product / "b/models/costs.sql").write_text("select 1 as amount\n")
    (product / "c/models").mkdir(parents=True)
    (product / "c/dbt_project.yml").write_text((product / "b/dbt_project.yml").read_text())
    (product / "c/models/old_b.sql").write_text("select 1 as amount\n")
    compiled = ("compile", "--baseline", "baseline.json")
    spec = product / "floe.yaml"
    both = spec.read_text()
    alone = both.replace("  - {type: dbt, project_dir: b}\n", "")
    more = alone.replace("project_dir: a}\n", "project_dir: a}\n  - {type: dbt, project_dir: c}\n")
    spec.write_text(alone)
    ok(floe(product, *compiled))
    for text in (more, alone):  # c has the name of b, and nothing that counts
        spec.write_text(text)
        ok(floe(product, *compiled))
    (product / "baseline.json").unlink()
    spec.write_text(both)
    ok(floe(product, *compiled))
    known = json.loads((product / "baseline.json").read_text())["findings"]
    assert sorted(entry["subject"] for entry in known.values()) == ["costs", "revenue"]
    spec.write_text(alone)
    assert "shrank by 1 finding" in ok(floe(product, *compiled)).err
    (product / "a/models/costs.sql").write_text("select 1 as amount\n")
    assert floe(product, *compiled).code == 1  # what b was known for excuses nothing of a


def as_before_projects_were_named(file: Path) -> str:
    """A baseline of an older floe, whose entries hold for every project."""
    document = json.loads(file.read_text())
    entries = []
    for entry in document["findings"].values():
        assert entry.pop("project").startswith("shop")
        entries.append(entry)
    document["findings"] = {
        Finding(entry["rule"], entry["subject"], "", "", parameter=entry["parameter"]).fingerprint: entry
        for entry in entries
    }
    return json.dumps(document)


def test_an_expired_waiver_of_the_platform_fails_no_data_team(product: Path) -> None:
    manifest = product.parent / "platform/manifest.yaml"
    expired = "  waivers: [{id: gone, pattern: nobody, reason: r, owner: core, expires: 2024-01-31}]\n"
    manifest.write_text(MANIFEST + expired)
    done = ok(floe(product, "compile"))
    said = done.out + done.err
    assert said.count("gone (expired on 2024-01-31)") == 1
    assert "FLOE-E290" not in said
    # It excuses nothing any more.
    manifest.write_text(MANIFEST + expired.replace("nobody", '"*"'))
    text = (product / "floe.yaml").read_text()
    (product / "floe.yaml").write_text(text.partition("waivers:")[0])
    assert floe(product, "compile").code == 1
    # The platform team hears of it wherever it works.
    for command in (("check",), ("compile",), ("test",), ("publish", "v1.2.3", "--dry-run", "--no-sign")):
        done = floe(manifest.parent, "platform", *command)
        assert "expired on 2024-01-31" in done.out + done.err, command


def test_a_waiver_of_the_platform_that_can_excuse_nothing_is_told_to_its_team(product: Path) -> None:
    manifest = product.parent / "platform/manifest.yaml"
    reasons = {
        "E999": "there is no rule E999",
        "FLOE-E222": "the platform asks nothing of FLOE-E222",
        "E201": "FLOE-E201 is off",
    }
    waivers = ", ".join(
        f"{{id: {rule}, pattern: '*', rules: [{rule}], reason: r, owner: core}}" for rule in reasons
    )
    off = MANIFEST.replace("enforcement: strict", 'enforcement: "off"')
    manifest.write_text(f"{off}  waivers: [{waivers}]\n")
    for command in (("check",), ("test",), ("publish", "v1.2.3", "--dry-run", "--no-sign")):
        done = ok(floe(manifest.parent, "platform", *command))
        for rule, why in reasons.items():
            assert f"waiver {rule} excuses nothing: {why}" in done.out + done.err, command
    done = floe(product, "compile")
    assert (done.out + done.err).count("FLOE-E222 (the platform asks nothing of FLOE-E222)") == 1


def test_a_waiver_of_the_platform_that_another_project_needs_is_no_news(product: Path) -> None:
    manifest = product.parent / "platform/manifest.yaml"
    other = "  waivers: [{id: other, pattern: legacy_*, rules: [E201], reason: r, owner: core}]\n"
    manifest.write_text(MANIFEST + other)
    done = ok(floe(manifest.parent, "platform", "check"))
    assert "other" not in done.out + done.err
    done = floe(product, "compile")
    assert "other" not in done.out + done.err


def test_a_profile_that_dbt_has_already_is_not_hidden(product: Path) -> None:
    home = product.parent / "home"
    (home / ".dbt").mkdir(parents=True)
    (home / ".dbt/profiles.yml").write_text("shop: {target: dev, outputs: {}}\n")
    done = ok(floe(product, "compile", env={"HOME": str(home)}))
    assert "would hide it" in done.err
    assert not (product / "a/profiles.yml").exists()
    ok(floe(product, "compile", "--profiles-dir", "a", env={"HOME": str(home)}))
    assert (product / "a/profiles.yml").exists()
    (product / "a/profiles.yml").unlink()
    (home / ".dbt/profiles.yml").write_text("another: {target: dev, outputs: {}}\n")
    ok(floe(product, "compile", env={"HOME": str(home)}))
    assert (product / "a/profiles.yml").exists()


def test_floe_yaml_says_whether_and_where_a_profile_is_written(product: Path) -> None:
    spec = product / "floe.yaml"
    text = spec.read_text()
    home = product.parent / "home"
    (home / ".dbt").mkdir(parents=True)
    (home / ".dbt/profiles.yml").write_text("shop: {target: dev, outputs: {}}\n")

    def compiled(*said: str) -> set[str]:
        spec.write_text(text + "".join(f"{line}\n" for line in said))
        ok(floe(product, "compile", env={"HOME": str(home)}))
        found = {path.relative_to(product).as_posix() for path in product.rglob("profiles.yml")}
        for name in found:
            (product / name).unlink()
        return found

    assert compiled() == compiled("profiles: never") == set()
    assert compiled("profiles: write") == {"a/profiles.yml", "b/profiles.yml"}
    assert compiled("profiles: ci/dbt", "dbt: {targets: [dev, prod]}") == {"ci/dbt/profiles.yml"}
    (product / "a/profiles.yml").write_text("shop: {target: mine, outputs: {}}\n")
    spec.write_text(f"{text}profiles: write\n")
    ok(floe(product, "compile", env={"HOME": str(home)}))
    assert (product / "a/profiles.yml").read_text() == "shop: {target: mine, outputs: {}}\n"
    spec.write_text(f"{text}profiles: ../elsewhere\n")
    done = floe(product, "compile", env={"HOME": str(home)})
    assert done.code != 0
    assert "profiles leads outside the project" in done.err
    assert not (product.parent / "elsewhere").exists()


def test_profiles_that_go_to_one_folder_make_one_file(product: Path) -> None:
    (product / "b/dbt_project.yml").write_text("name: shop_b\nversion: '1.0'\nprofile: other\n")
    with (product / "floe.yaml").open("a") as spec:
        spec.write("profiles: ci\n")
    done = ok(floe(product, "compile", "--output", "json"))
    assert [each["outcome"] for each in json.loads(done.out)["profiles"]] == ["written"]
    assert sorted(yaml.safe_load((product / "ci/profiles.yml").read_text())) == ["other", "shop"]


def test_what_was_not_asked_of_a_project_is_not_ticked(product: Path) -> None:
    """Waivers are looked at in any case, and are no part of the project."""
    done = floe(product, "compile", "--select", "nothing", "--allow-empty")
    assert "- shop_a: Quality gates" in done.out + done.err


def test_a_check_that_could_not_be_made_is_not_green(product: Path, tmp_path: Path) -> None:
    strict = "  classification: {propagation: {mode: column, enforcement: strict}}\n"
    (product.parent / "platform/manifest.yaml").write_text(MANIFEST + strict)
    (product / "a/models/old_a.sql").write_text("select email from {{ source('crm', 'people') }}\n")
    (product / "a/models/sources.yml").write_text(
        "sources: [{name: crm, tables: [{name: people, columns: [{name: email, meta: {pii: true}}]}]}]\n"
        "models: [{name: old_a, columns: [{name: email, meta: {pii: true}}]}]\n"
    )
    (product / "floe.yaml").write_text((product / "floe.yaml").read_text().partition("waivers:")[0])
    for name in ("a", "b"):  # names are no matter here
        (product / f"{name}/models/old_{name}.sql").rename(product / f"{name}/models/bronze_{name}.sql")
    schema = product / "a/models/sources.yml"
    schema.write_text(schema.read_text().replace("old_a", "bronze_a"))
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/sitecustomize.py").write_text("import sys\nsys.modules['sqlglot'] = None\n")
    ran = floe(product, "compile", env={"PYTHONPATH": str(tmp_path / "bare")})
    assert "the lineage extra is not installed" in ran.out
    assert "✓ shop_a: Classification compliance" not in ran.out + ran.err
    assert ran.code == 1
