"""From a manifest to the eight files: the same bytes each time, each setting in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from floe_engine.artifact.build import build, keep_created, same_content
from floe_engine.artifact.content import Artifact, content_digest
from floe_engine.artifact.model import ParentArtifact, TrustedKey
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    FILES,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.files import canonical_json, sha256_digest
from tests.engine.variations import CREATED, DOMAIN, ENTERPRISE, PLAIN, VALUES, artifact_of, compiled, edited

Settings = dict[str, Any]


def built(*edits: tuple[str, Any], of: Settings = PLAIN) -> Artifact:
    made = artifact_of(of, *edits)
    assert made is not None, "the manifest is valid"
    return made


def written(path: str, *edits: tuple[str, Any], of: Settings = PLAIN) -> Any:
    return json.loads(built(*edits, of=of).files[path])


# --- bytes -----------------------------------------------------------------------------------------


def test_there_are_the_eight_files_in_their_order_and_all_are_canonical() -> None:
    made = built()
    assert tuple(made.files) == FILES
    for data in made.files.values():
        assert data == canonical_json(json.loads(data))
    made.check_files()


def test_the_order_of_keys_in_the_manifest_makes_no_other_bytes() -> None:
    turned = {key: PLAIN[key] for key in reversed(PLAIN)}
    assert built(of=turned) == built()


def test_the_manifest_lists_the_other_seven_and_their_digest() -> None:
    made = built()
    manifest = made.platform.manifest
    assert set(manifest.files) == set(FILES[1:])
    for path, entry in manifest.files.items():
        assert (entry.sha256, entry.size) == (sha256_digest(made.files[path]), len(made.files[path]))
    assert manifest.metadata.digest == content_digest(made.files)


def test_the_digest_of_the_content_tells_files_apart_by_name_and_bytes_and_leaves_out_the_manifest() -> None:
    files = {path: path.encode() for path in FILES}
    digest = content_digest(files)
    assert content_digest(dict(reversed(files.items()))) == digest
    assert content_digest({**files, MANIFEST: b"other"}) == digest
    assert content_digest({**files, NAMESPACES: b"other"}) != digest
    swapped = {**files, NAMESPACES: files[CLASSIFICATION], CLASSIFICATION: files[NAMESPACES]}
    assert content_digest(swapped) != digest


def test_when_it_was_created_is_kept_while_nothing_else_changed() -> None:
    checked = compiled(edited(PLAIN, ()))[0]
    assert checked.manifest is not None
    first, again = (
        build(checked.manifest, checked.plugins, created=f"2026-0{n}-01T00:00:00Z") for n in (1, 2)
    )
    other = built(("governance.quality_gates.minimum_test_coverage", 1))
    assert first != again
    assert same_content(first, again)
    assert keep_created(again, first) is first
    assert keep_created(again, None) is again
    assert keep_created(other, first) is other


# --- each setting in its place ---------------------------------------------------------------------

PLACES: list[tuple[str, Any, str, str, Any]] = [
    ("governance.quality_gates.minimum_test_coverage", 7, QUALITY_GATES, "minimum_test_coverage", 7),
    ("governance.quality_gates.coverage_metric", "models", QUALITY_GATES, "coverage.metric", "models"),
    ("governance.quality_gates.zero_column_behavior", "fail", QUALITY_GATES, "coverage.zeroColumns", "fail"),
    ("governance.quality_gates.block_on_failure", False, QUALITY_GATES, "block_on_failure", False),
    ("governance.policy_enforcement_level", "warn", QUALITY_GATES, "enforcement", "warn"),
    ("governance.waiver_policy.max_days", 9, QUALITY_GATES, "waiverPolicy.maxDays", 9),
    ("governance.rules", {"FLOE-E210": {"enforcement": "off"}}, QUALITY_GATES,
     "rules.FLOE-E210.enforcement", "off"),
    ("governance.classification.levels", ["a", "b", "internal"], CLASSIFICATION, "levels",
     ["a", "b", "internal"]),
    ("governance.classification.default_level", "pii", CLASSIFICATION, "default", "pii"),
    ("governance.classification.meta_keys", ["x"], CLASSIFICATION, "metaKeys", ["x"]),
    ("governance.classification.propagation.mode", "off", CLASSIFICATION, "propagation.mode", "off"),
    ("governance.classification.name_patterns", [], CLASSIFICATION, "namePatterns", []),
    ("governance.access_control.default", "allow", ACCESS_CONTROL, "default", "allow"),
    ("data_architecture.pattern", "kimball", NAMING_RULES, "pattern", "kimball"),
    ("data_architecture.naming.enforcement", "off", NAMING_RULES, "enforcement", "off"),
    ("data_architecture.naming.name_pattern", "x+", NAMING_RULES, "namePattern", "x+"),
    ("data_architecture.layers.gold.prefixes", ["g_", "h_"], NAMING_RULES, "prefixes.gold", "g_"),
    ("data_architecture.layers.gold.prefixes", ["g_", "h_"], NAMING_RULES, "morePrefixes.gold", ["h_"]),
    ("data_architecture.layers.gold.paths", ["x"], NAMING_RULES, "aliases.gold.paths", ["x"]),
    ("data_architecture.layers.gold.catalog_namespace", "mine", NAMESPACES, "layers.gold", "mine"),
    ("data_architecture.layers.gold.may_depend_on", [], LAYER_CONSTRAINTS, "gold.may_depend_on", []),
    ("catalog.schema_registry.column_case", "upper", SCHEMA_REGISTRY, "columnCase", "upper"),
    ("catalog.schema_registry.type_rules", [{"pattern": "id", "type": "text"}], SCHEMA_REGISTRY, "typeRules",
     [{"pattern": "id", "type": "text"}]),
    ("security.require_signed_artifacts", True, MANIFEST, "security.require_signed_artifacts", True),
    ("metadata.owner", "ada", MANIFEST, "metadata.owner", "ada"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "value", "file", "place", "expected"), PLACES)
def test_a_setting_is_written_in_its_place(
    setting: str, value: Any, file: str, place: str, expected: Any
) -> None:
    found = written(file, (setting, value))
    for key in place.split("."):
        found = found[key]
    assert found == expected


@pytest.mark.parametrize("path", [path for path in VALUES if path.startswith("governance.quality_gates")])
def test_a_quality_gate_touches_its_own_file_the_layers_and_the_manifest_that_lists_them(path: str) -> None:
    plain = built()
    for value in VALUES[path]:
        changed = built((path, value))
        touched = {file for file in FILES if changed.files[file] != plain.files[file]}
        assert touched <= {MANIFEST, QUALITY_GATES, LAYER_CONSTRAINTS}
        assert bool(touched) == (QUALITY_GATES in touched) == (MANIFEST in touched)


def test_layers_stand_in_the_order_of_the_manifest_beside_what_is_about_the_file() -> None:
    document = written(LAYER_CONSTRAINTS, ("data_architecture.layers.mart", {"prefix": "m_"}))
    assert document["_meta"]["order"] == ["bronze", "silver", "gold", "mart"]
    assert set(document) == {"_meta", *document["_meta"]["order"]}


def test_only_a_layer_with_more_prefixes_than_one_is_listed_with_more() -> None:
    more = written(NAMING_RULES, ("data_architecture.layers.gold.prefixes", ["g_", "h_"]))["morePrefixes"]
    assert more == {"gold": ["h_"]}
    assert written(NAMING_RULES)["morePrefixes"] == {}


def test_a_role_without_permissions_is_listed_with_none() -> None:
    document = written(
        ACCESS_CONTROL,
        ("governance.access_control.roles", {"a": {}, "b": {}}),
        ("governance.access_control.permissions", [{"role": "a", "namespaces": ["gold"], "access": "READ"}]),
    )
    assert document["roles"] == ["a", "b"]
    assert document["permissions"]["b"] == []
    assert document["permissions"]["a"][0]["access"] == "READ"


def test_two_permissions_of_one_role_are_both_written() -> None:
    given = [{"role": "a", "namespaces": [name], "access": "READ"} for name in ("gold", "silver")]
    document = written(
        ACCESS_CONTROL,
        ("governance.access_control.roles", {"a": {}}),
        ("governance.access_control.permissions", given),
    )
    assert [entry["namespaces"] for entry in document["permissions"]["a"]] == [["gold"], ["silver"]]


def test_only_an_enterprise_platform_carries_settings_for_children() -> None:
    assert "settings" in written(MANIFEST, of=ENTERPRISE)
    assert "settings" not in written(MANIFEST)


def test_keys_and_the_parent_are_carried_as_they_are_given() -> None:
    checked = compiled(edited(ENTERPRISE, ()))[0]
    assert checked.manifest is not None
    key = TrustedKey(name="cosign.pub", fingerprint=f"sha256:{'0' * 64}", pem="-----BEGIN PUBLIC KEY-----\n")
    parent = ParentArtifact(name="acme", version="1.0.0", ref="oci://registry.test/acme:v1.0.0")
    made = build(checked.manifest, checked.plugins, created=CREATED, trusted_keys=[key], parent=parent)
    manifest = made.platform.manifest
    assert manifest.security.trusted_keys == (key,)
    assert manifest.parent == parent
    assert manifest.settings is not None
    assert key.pem in json.dumps(manifest.settings).replace("\\n", "\n")


def test_a_domain_is_built_with_what_it_inherits() -> None:
    text = edited(ENTERPRISE, [("governance.quality_gates.minimum_test_coverage", 90)])
    _, made = compiled(edited(DOMAIN, ()), text)
    assert made is not None
    assert made.platform.gates.minimum_test_coverage == 90
    assert made.platform.name == "sales"
