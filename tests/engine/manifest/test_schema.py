"""The seed's manifest is complete, and the schema says of every key what it means."""

from __future__ import annotations

import subprocess
import sys

import jsonschema
import pytest
import yaml

from floe_engine.manifest.check import check
from floe_engine.manifest.effective import (
    effective_layers,
    effective_level_rules,
    effective_name_patterns,
    effective_namespaces,
    effective_permissions,
    effective_roles,
    effective_waivers,
)
from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import key_at, manifest_json_schema, shape_at, walk
from floe_engine.manifest.root import Manifest
from tests.engine.manifest.conftest import SEED


def manifest(more: str = "", catalogue: Catalogue | None = None) -> Manifest:
    checked = check(SEED + more, catalogue=catalogue or Catalogue.load([]))
    assert checked.manifest is not None, checked.diagnostics
    return checked.manifest


def test_the_seeds_manifest_is_complete_and_has_the_seeds_layers(catalogue: Catalogue) -> None:
    checked = check(SEED, catalogue=catalogue)
    assert checked.diagnostics == ()
    assert checked.ok
    seed = manifest(catalogue=catalogue)
    assert seed.scope == "enterprise"
    layers = effective_layers(seed)
    assert {name: layer.prefixes for name, layer in layers.items()} == {
        "bronze": ("bronze_",),
        "silver": ("silver_",),
        "gold": ("gold_",),
    }
    assert layers["bronze"].required_tests == ("not_null_pk",)
    assert layers["silver"].required_tests == ("not_null_pk", "unique_pk", "freshness")
    assert layers["gold"].required_tests == ("not_null_pk", "unique_pk", "freshness", "documentation")
    assert layers["silver"].may_depend_on == ("bronze", "silver")
    assert seed.governance.classification.levels == ("public", "internal", "confidential", "pii", "phi")
    assert list(effective_roles(seed)) == ["data_engineer", "analyst", "admin"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("kimball", ["staging", "intermediate", "dimension", "fact"]),
        ("data_vault", ["staging", "hub", "link", "satellite", "mart"]),
    ],
)
def test_each_pattern_brings_its_layers(pattern: str, names: list[str]) -> None:
    text = SEED.replace("pattern: medallion", f"pattern: {pattern}")
    checked = check(text, catalogue=Catalogue.load([]))
    assert checked.ok
    assert checked.manifest is not None
    assert list(effective_layers(checked.manifest)) == names


def test_a_layer_changes_only_what_it_names() -> None:
    layers = {"gold": {"prefix": "mart_", "minimum_test_coverage": 95}, "raw": {"prefix": "raw_"}}
    changed = Manifest.read({**manifest().written, "data_architecture": {"layers": layers}})
    layers = effective_layers(changed)
    assert list(layers) == ["bronze", "silver", "gold", "raw"]
    assert layers["gold"].prefixes == ("mart_",)
    assert layers["gold"].required_tests[-1] == "documentation"
    assert layers["gold"].minimum_test_coverage == 95
    assert layers["raw"].catalog_namespace == "raw"
    assert layers["raw"].may_depend_on is None


def test_analysts_read_the_last_layer_and_grants_join() -> None:
    seed = manifest("catalog:\n  namespaces:\n    - {name: gold, grants: [{role: analyst, access: WRITE}]}\n")
    grants = {space.name: dict(space.grants) for space in effective_namespaces(seed)}
    assert grants["gold"] == {"analyst": "READ_WRITE", "data_engineer": "READ_WRITE", "admin": "ADMIN"}
    assert grants["bronze"] == {"data_engineer": "READ_WRITE", "admin": "ADMIN"}
    analyst = next(item for item in effective_permissions(seed) if item.role == "analyst")
    assert analyst.namespaces == ("gold",)


def test_level_rules_and_name_patterns_follow_the_levels_and_roles_that_exist() -> None:
    more = "  classification: {levels: [public, internal, pii], rules: {pii: {minimum_test_coverage: 90}}}\n"
    seed = manifest(more + "  access_control: {roles: {admin: {}}}\n")
    rules = effective_level_rules(seed)
    assert list(rules) == ["public", "internal", "pii"]
    assert rules["pii"].minimum_test_coverage == 90
    assert rules["pii"].allowed_roles == ("admin",)
    assert {pattern.level for pattern in effective_name_patterns(seed)} == {"pii"}


def test_waivers_may_be_written_policy_overrides_and_get_an_id() -> None:
    seed = manifest("  policy_overrides: [{pattern: x, reason: y, owner: z, expires: 2026-01-31}]\n")
    assert effective_waivers(seed)[0].id == "waiver-1"
    assert str(effective_waivers(seed)[0].expires) == "2026-01-31"


@pytest.mark.parametrize(
    "parent", ["parent: {ref: oci://r/p:v1}", "parent: oci://r/p:v1", "parent_manifest: oci://r/p:v1"]
)
def test_a_parent_has_three_spellings(parent: str) -> None:
    text = SEED.replace("scope: enterprise", "scope: domain") + parent + "\n"
    checked = check(text, catalogue=Catalogue.load([]))
    assert [item.code for item in checked.diagnostics] == ["FLOE-M054"]
    assert checked.effective is not None
    assert checked.effective.own.parent is not None
    assert checked.effective.own.parent.ref == "oci://r/p:v1"


def test_scope_may_stand_at_the_top() -> None:
    text = SEED.replace("  scope: enterprise\n", "").replace("metadata:", "scope: enterprise\nmetadata:")
    checked = check(text, catalogue=Catalogue.load([]))
    assert checked.ok
    assert checked.manifest is not None
    assert checked.manifest.scope == "enterprise"


def test_the_json_schema_is_valid_accepts_the_seed_and_describes_every_key() -> None:
    schema = manifest_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(SEED))
    for path, key in walk():
        assert key.meaning, path
    for definition in [schema, *schema["$defs"].values()]:
        for name, spec in definition.get("properties", {}).items():
            assert spec.get("description"), name
    wrong = yaml.safe_load(SEED) | {"govrnance": {}}
    assert [error.validator for error in validator.iter_errors(wrong)] == ["additionalProperties"]
    for short in ({"parent": "oci://r/p:v1"}, {"artifacts": {"registry": "oci://r/p"}}):
        validator.validate(yaml.safe_load(SEED) | short)


def test_a_path_leads_to_its_key_by_any_spelling() -> None:
    key = key_at(("governance", "policy_overrides", 3, "expires"))
    assert key is not None
    assert key.shape.text == "date"
    assert key_at(("governance", "nothing")) is None
    shape = shape_at(("plugins", "compute", "approved", 0))
    assert shape is not None
    assert shape.section is not None


def test_checking_a_manifest_imports_nothing_heavy() -> None:
    script = (
        "import sys; from floe_engine.manifest.check import check; check('kind: Manifest'); "
        "heavy = {'cryptography', 'oras', 'sigstore', 'deepdiff', 'requests', 'textual'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
