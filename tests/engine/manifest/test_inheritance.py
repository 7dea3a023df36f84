"""A domain on an enterprise platform: stricter only, and every setting's origin is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.fingerprint import fingerprint_of_pem
from floe_engine.manifest.base import Settings
from floe_engine.manifest.check import Checked, check, load_parent, trusted_pems
from floe_engine.manifest.effective import InEffect, effective_layers, effective_permissions, effective_roles
from floe_engine.manifest.explaining import explain, split
from floe_engine.manifest.inheritance import ParentPlatform, settings_for_children
from floe_engine.manifest.plugins import Catalogue
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.rule import Rule
from tests.engine.manifest.files import check_file
from tests.engine.variations import PLAIN, compiled, edited

ENTERPRISE = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.0.0", scope: enterprise}
plugins: {compute: {type: duckdb}, catalog: {type: polaris}}
approved_plugins: {compute: [duckdb, snowflake]}
"""
DOMAIN = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: sales, version: "2.1.0", scope: domain}
parent: {ref: ../enterprise}
"""


Family = Callable[[str, str], Checked]


@pytest.fixture
def family(tmp_path: Path, catalogue: Catalogue) -> Family:
    """Judge a domain's settings under an enterprise's."""

    def judge(above: str, below: str) -> Checked:
        (tmp_path / "enterprise").mkdir(exist_ok=True)
        (tmp_path / "sales").mkdir(exist_ok=True)
        (tmp_path / "enterprise" / "manifest.yaml").write_text(ENTERPRISE + above)
        (tmp_path / "sales" / "manifest.yaml").write_text(DOMAIN + below)
        return check_file(tmp_path / "sales" / "manifest.yaml", catalogue=catalogue)

    return judge


def gates(text: str) -> str:
    return f"governance: {{quality_gates: {{{text}}}}}\n"


def classes(text: str) -> str:
    return f"governance: {{classification: {{{text}}}}}\n"


def columns(text: str) -> str:
    return f"catalog: {{schema_registry: {{{text}}}}}\n"


LAXER = (
    (gates("minimum_test_coverage: 70"), gates("minimum_test_coverage: 60")),
    ("", gates("minimum_test_coverage: 60")),
    (gates("layer_thresholds: {gold: 90}"), gates("layer_thresholds: {gold: 85}")),
    (gates("block_on_failure: true"), gates("block_on_failure: false")),
    (gates("require_descriptions: true"), gates("require_descriptions: false")),
    (gates("coverage_metric: columns"), gates("coverage_metric: models")),
    (gates("coverage_scope: layer"), gates("coverage_scope: project")),
    (gates("count_warn_severity: false"), gates("count_warn_severity: true")),
    (gates("zero_column_behavior: fail"), gates("zero_column_behavior: na")),
    ("", "governance: {policy_enforcement_level: warn}\n"),
    ("governance: {rules: {R1: {enforcement: strict}}}\n", "governance: {rules: {R1: {enforcement: off}}}\n"),
    ("governance: {rules: {R1: {overridable: false}}}\n", "governance: {rules: {R1: {overridable: true}}}\n"),
    ("governance: {waiver_policy: {max_days: 30}}\n", "governance: {waiver_policy: {max_days: 60}}\n"),
    ("", "governance: {waiver_policy: {allow_in_product: allow}}\n"),
    ("", "governance: {waiver_policy: {require_expiry: false}}\n"),
    ("", "governance: {access_control: {default: allow}}\n"),
    (classes("require_declared: true"), classes("require_declared: false")),
    (classes("propagation: {enforcement: strict}"), classes("propagation: {enforcement: warn}")),
    ("", classes("propagation: {mode: off}")),
    ("", classes("default_level: public")),
    ("", "data_architecture: {layers: {gold: {prefixes: [g_]}}}\n"),
    ("", classes("propagation: {declassify_functions: [sha256, lower]}")),
    ("", classes("rules: {pii: {allowed_access: [private, public]}}")),
    (
        classes("rules: {phi: {minimum_test_coverage: 9}}"),
        classes("rules: {phi: {minimum_test_coverage: 8}}"),
    ),
    ("", "data_architecture: {pattern: kimball}\n"),
    ("", "data_architecture: {naming: {enforcement: off}}\n"),
    ("", "data_architecture: {naming: {name_pattern: '.*'}}\n"),
    ("", "data_architecture: {layers: {gold: {prefix: g_}}}\n"),
    ("", "data_architecture: {layers: {gold: {may_depend_on: [bronze, gold]}}}\n"),
    (columns("column_case: snake"), columns("column_case: camel")),
    (columns("require_data_types: true"), columns("require_data_types: false")),
    ("security: {require_signed_artifacts: true}\n", "security: {require_signed_artifacts: false}\n"),
)  # fmt: skip


@pytest.mark.parametrize(("above", "below"), LAXER)
def test_a_laxer_setting_is_refused_and_nothing_beyond_the_parents_holds(
    family: Family, above: str, below: str
) -> None:
    checked = family(above, below)
    found = [item for item in checked.diagnostics if item.code == "FLOE-M050"]
    assert len(found) == 1, checked.diagnostics
    assert "enterprise acme@1.0.0" in found[0].message
    (violation,) = checked.effective.violations
    alone = family(above, "")
    path = ".".join(map(str, violation.path))
    here, there = explain(checked.effective, path).value, explain(alone.effective, path).value
    assert here == there or set(here) < set(there)


GRANTS_READ = "catalog: {namespaces: [{name: gold, grants: [{role: analyst, access: READ}]}]}\n"
OWNED = "governance: {custom_rules: [{type: require_meta_field, field: owner, id: x%s}]}\n"
COUNTED = (
    OWNED.replace("require_meta_field, field: owner", "require_tests_of_type, test_types: [unique]")
    % ", min_count: %d"
)
ANSWERED = 'governance: {custom_rules: [{type: cel, id: owned, expr: "model.owner != null"%s}]}\n'
PERMITTED = "governance: {access_control: {permissions: [{role: analyst, namespaces: [%s], access: READ}]}}\n"
BY_THE_SIDE = (
    ("", "governance: {rules: {FLOE-E230: {enforcement: off}}}\n"),
    ("", "governance: {rules: {FLOE-E242: {enforcement: off}}}\n"),
    (
        "data_architecture: {naming: {enforcement: strict}}\n",
        "governance: {rules: {FLOE-E201: {enforcement: warn}}}\n",
    ),
    (
        classes("propagation: {enforcement: strict}"),
        "governance: {rules: {FLOE-E251: {enforcement: warn}}}\n",
    ),
    (OWNED % "", OWNED % ", applies_to: zzz"),
    (ANSWERED % "", ANSWERED % ', when: "false"'),
    (ANSWERED % "", ANSWERED % ", when: \"model.name == 'a'\""),
    (
        COUNTED % 2,
        COUNTED % 1,
    ),
    (
        columns("required_columns: {gold: [{name: id, type: integer}]}"),
        columns("required_columns: {gold: [{name: id, type: text}]}"),
    ),
    ("", "governance: {access_control: {roles: {analyst: {inherits: [admin]}}}}\n"),
    ("", "governance: {access_control: {permissions: [{role: analyst, access: ADMIN}]}}\n"),
    (
        PERMITTED % "gold",
        PERMITTED % "silver",
    ),
    (GRANTS_READ, GRANTS_READ.replace("READ", "ADMIN")),
    ("", GRANTS_READ.replace("READ", "ADMIN")),
    ("", GRANTS_READ.replace("name: gold", "name: bronze")),
)


@pytest.mark.parametrize(("above", "below"), BY_THE_SIDE)
def test_a_setting_that_the_parent_does_not_name_is_no_way_around_it(
    family: Family, above: str, below: str
) -> None:
    assert [item.code for item in family(above, below).errors] == ["FLOE-M050"]


NULLS = (
    ("rules: {pii: {allowed_access: [private]}}", "rules: {pii: {allowed_access: null}}"),
    ("rules: {pii: {allowed_roles: [admin]}}", "rules: {pii: {allowed_roles: null}}"),
    ("rules: {pii: {minimum_test_coverage: 90}}", "rules: {pii: {minimum_test_coverage: null}}"),
    ("name_patterns: [{pattern: email, level: pii}]", "name_patterns: null"),
    *(
        (above, above.partition(":")[0] + ": null")
        for above in ("prefix: g_", "required_tests: [contract]", "may_depend_on: [gold]")
    ),
    ("minimum_test_coverage: 90", "minimum_test_coverage: null"),
    ("permissions: []", "permissions: null"),
)


@pytest.mark.parametrize(("above", "below"), NULLS)
def test_a_key_without_a_value_leaves_what_the_parent_says(family: Family, above: str, below: str) -> None:
    def settings(text: str) -> str:
        if "permissions" in text:
            return f"governance: {{access_control: {{{text}}}}}\n"
        return (
            classes(text)
            if text.startswith(("rules", "name_patterns"))
            else f"data_architecture: {{layers: {{gold: {{{text}}}}}}}\n"
        )

    alone, checked = family(settings(above), ""), family(settings(above), settings(below))
    assert not checked.errors, checked.errors
    assert checked.manifest.governance == alone.manifest.governance
    assert checked.manifest.data_architecture == alone.manifest.data_architecture


def test_an_entry_that_both_name_may_ask_for_more(family: Family) -> None:
    checked = family(
        columns("required_columns: {gold: [{name: id}, {name: batch}]}"),
        columns("required_columns: {gold: [{name: id, type: integer}, {name: loaded_at}]}"),
    )
    assert checked.ok, checked.errors
    (gold,) = checked.manifest.catalog.schema_registry.required_columns.values()
    assert [(each.name, each.type) for each in gold] == [
        ("id", "integer"), ("batch", None), ("loaded_at", None)
    ]  # fmt: skip


def test_a_setting_without_a_law_is_not_imported() -> None:
    with pytest.raises(TypeError, match=r"Knobs\.volume has no law"):

        class Knobs(Settings):
            volume: int = 3


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_a_parent_and_its_artifact_agree_how_each_policy_rule_bites(rule: Rule) -> None:
    for edits in (
        (),
        (("governance.quality_gates.block_on_failure", False),),
        (("data_architecture.naming.enforcement", "off"),),
        (("governance.classification.propagation.enforcement", "strict"),),
        (("governance.policy_enforcement_level", "warn"),),
        (("governance.rules", {rule.id: {"enforcement": "warn"}}),),
    ):
        checked, artifact = compiled(edited(PLAIN, edits))
        path = ("governance", "rules", rule.id, "enforcement")
        assert InEffect(checked.manifest).at(path) == enforcement_of(rule, artifact.platform), edits


STRICTER = (
    (gates("minimum_test_coverage: 70"), gates("minimum_test_coverage: 90")),
    (gates("coverage_scope: project"), gates("coverage_scope: model")),
    ("", "governance: {waiver_policy: {max_days: 30}}\n"),
    ("", "data_architecture: {naming: {enforcement: strict}}\n"),
    ("", "data_architecture: {layers: {gold: {may_depend_on: [gold]}, extra: {prefix: x_}}}\n"),
    ("", classes("levels: [public, internal, confidential, secret, pii, phi]")),
    (columns("column_case: any"), columns("column_case: snake")),
    ("", "plugins: {compute: {type: snowflake}}\n"),
    ("", "security: {require_signed_artifacts: true}\n"),
)


@pytest.mark.parametrize(("above", "below"), STRICTER)
def test_a_stricter_setting_holds(family: Family, above: str, below: str) -> None:
    checked = family(above, below)
    assert not checked.errors, checked.errors
    assert not checked.effective.violations


@pytest.mark.parametrize(
    ("own", "mended"),
    [
        ("[public, internal, mine, confidential]", "[public, internal, mine, confidential, pii, phi]"),
        ("[least, phi, most]", "[least, public, internal, confidential, pii, phi, most]"),
        ("[pii, mine, public]", "[public, internal, confidential, pii, mine, phi]"),
    ],
)
def test_what_mends_an_order_of_levels_keeps_a_childs_own(family: Family, own: str, mended: str) -> None:
    (problem,) = (
        found for found in family("", classes(f"levels: {own}")).errors if found.code == "FLOE-M052"
    )
    assert problem.fixes[0].title == f"Write `{mended}`"


def test_lists_of_duties_are_joined_and_both_origins_are_kept(family: Family) -> None:
    checked = family(gates("required_tests: [unique_pk]"), gates("required_tests: [documentation]"))
    assert checked.manifest.governance.quality_gates.required_tests == ("unique_pk", "documentation")
    told = explain(checked.effective, "governance.quality_gates.required_tests")
    assert told.origin == "enterprise acme@1.0.0 and domain sales@2.1.0"


def test_a_layers_tests_are_joined_with_the_patterns(family: Family) -> None:
    checked = family("", "data_architecture: {layers: {bronze: {required_tests: [contract]}}}\n")
    assert effective_layers(checked.manifest)["bronze"].required_tests == ("not_null_pk", "contract")


def test_explain_tells_value_origin_and_what_the_parent_says(family: Family) -> None:
    checked = family(gates("minimum_test_coverage: 70"), gates("minimum_test_coverage: 90"))
    told = explain(checked.effective, "governance.quality_gates.minimum_test_coverage")
    assert str(told) == "90, from domain sales@2.1.0; enterprise acme@1.0.0: 70"
    assert told.meaning.startswith("Least test coverage")
    assert told.default == "80"
    inherited = explain(checked.effective, "plugins.catalog.type")
    assert str(inherited) == "polaris, from enterprise acme@1.0.0"
    assert explain(checked.effective, "governance.waiver_policy.max_days").origin == "floe's default"
    assert str(explain(checked.effective, "metadata.owner")) == "unset, from floe's default"
    assert str(explain(checked.effective, "plugins.catalog")).startswith("{type: polaris}, from enterprise")
    gold = explain(checked.effective, "data_architecture.layers.gold.prefix")
    assert str(gold) == "gold_, from pattern medallion"


def test_explain_refuses_an_unknown_setting_with_a_guess(family: Family) -> None:
    checked = family("", "")
    with pytest.raises(UsageError) as caught:
        explain(checked.effective, "governance.quality_gates.minimum_coverage")
    assert "governance.quality_gates.minimum_test_coverage" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        explain(checked.effective, "block_on_failure")
    assert "governance.quality_gates.block_on_failure" in caught.value.hint


def test_a_plugin_is_replaced_whole(family: Family) -> None:
    checked = family("", "plugins: {compute: {type: snowflake, config: {threads: 2}}}\n")
    assert [str(plugin) for plugin in checked.plugins] == [
        "floe-catalog-polaris@1.0.0",
        "floe-compute-snowflake@1.0.0",
    ]
    assert explain(checked.effective, "plugins.compute.type").origin == "domain sales@2.1.0"


def test_waivers_are_not_inherited_and_names_of_the_parent_may_be_used(family: Family) -> None:
    above = (
        "governance:\n"
        "  waivers: [{pattern: a, reason: b, owner: c, expires: 2020-01-01}]\n"
        "  access_control: {roles: {steward: {}}}\n"
    )
    below = (
        "governance: {access_control: {permissions: [{role: steward, namespaces: [gold], access: READ}]}}\n"
    )
    checked = family(above, below)
    assert checked.ok, checked.errors
    assert checked.manifest.governance.waivers == ()
    assert "steward" in checked.manifest.governance.access_control.roles


def test_roles_and_permissions_of_a_domain_come_beside_its_parents(family: Family) -> None:
    below = (
        "governance: {access_control: {roles: {steward: {}}, "
        "permissions: [{role: steward, namespaces: [gold], access: READ}]}}\n"
    )
    checked = family("", below)
    assert checked.ok, checked.errors
    assert checked.manifest is not None
    assert list(effective_roles(checked.manifest)) == ["data_engineer", "analyst", "admin", "steward"]
    assert [each.role for each in effective_permissions(checked.manifest)][-1] == "steward"
    assert len(effective_permissions(checked.manifest)) == 4


def test_a_parent_from_an_artifacts_settings_is_the_same_as_one_by_path(
    family: Family, tmp_path: Path, catalogue: Catalogue
) -> None:  # fmt: skip
    by_path = family(gates("minimum_test_coverage: 70"), gates("minimum_test_coverage: 60"))
    enterprise = check_file(tmp_path / "enterprise" / "manifest.yaml", catalogue=catalogue)
    settings = json.loads(json.dumps(settings_for_children(enterprise.manifest)))
    ref = "oci://registry.example.com/acme:v1.0.0"
    parent = ParentPlatform.from_settings(settings, ref=ref, digest="sha256:00")
    text = (DOMAIN + gates("minimum_test_coverage: 60")).replace("../enterprise", ref)
    by_artifact = check(text, catalogue=catalogue, parent=parent)
    assert by_artifact.manifest.governance == by_path.manifest.governance
    assert [item.code for item in by_artifact.errors] == ["FLOE-M050"]


def test_trusted_keys_only_shrink(house: Path, catalogue: Catalogue) -> None:
    up = house / "up" / "manifest.yaml"
    up.write_text(ENTERPRISE + "security: {trusted_keys: [other.pub]}\n")
    domain = DOMAIN.replace("../enterprise", "up/manifest.yaml")
    inherited = check(domain, path=house / "manifest.yaml", catalogue=catalogue)
    assert inherited.ok
    assert inherited.manifest is not None
    assert trusted_pems(inherited.manifest, house) == ((house / "up" / "other.pub").read_text(),)
    (house / "same.pub").write_text((house / "up" / "other.pub").read_text())
    kept = check(
        domain + "security: {trusted_keys: [same.pub, cosign.pub]}\n",
        path=house / "manifest.yaml",
        catalogue=catalogue,
    )
    assert [(item.code, item.path) for item in kept.errors] == [
        ("FLOE-M056", ("security", "trusted_keys", 1))
    ]
    assert kept.manifest is not None
    assert kept.manifest.security.trusted_keys == ("same.pub",)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        (".", "its own parent"),
        ("../nowhere.yaml", "no parent manifest"),
        ("../two", "scope"),
        ("../broken", "1 error"),
        ("../chained", "a parent of its own"),
    ],
)
def test_a_parent_that_cannot_be_one_is_told_apart(
    tmp_path: Path, catalogue: Catalogue, ref: str, said: str
) -> None:
    for name, text in {
        "child": DOMAIN.replace("../enterprise", ref),
        "two": ENTERPRISE.replace(", scope: enterprise", "").replace("approved_plugins", "#"),
        "broken": ENTERPRISE + "oops: 1\n",
        "chained": DOMAIN,
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.yaml").write_text(text)
    checked = check_file(tmp_path / "child" / "manifest.yaml", catalogue=catalogue)
    (found,) = [item for item in checked.diagnostics if item.code == "FLOE-M018"]
    assert said in found.message
    assert found.path == ("parent", "ref")


def test_loading_a_parent_raises_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no parent manifest"):
        load_parent("nowhere.yaml", tmp_path / "manifest.yaml")


def test_a_path_is_split_at_dots_and_brackets() -> None:
    assert split("governance.waivers[2].reason") == ("governance", "waivers", 2, "reason")


def test_a_domain_signs_with_the_key_that_its_parent_delegates_to_it_alone(
    house: Path, catalogue: Catalogue
) -> None:
    up = house / "up" / "manifest.yaml"
    up.write_text(
        ENTERPRISE + "security: {trusted_keys: [other.pub], delegated_keys: {sales: [sales.pub]}}\n"
    )
    (house / "up" / "sales.pub").write_text((house / "cosign.pub").read_text())
    domain = DOMAIN.replace("../enterprise", "up/manifest.yaml")
    named = domain + "security: {trusted_keys: [cosign.pub]}\n"

    def judged(text: str) -> Checked:
        return check(text, path=house / "manifest.yaml", catalogue=catalogue)

    own = judged(named)
    assert own.ok and own.manifest is not None
    assert own.manifest.security.trusted_keys == ("cosign.pub",)
    assert not own.manifest.security.delegated_keys, "it hands on nothing"
    both = judged(domain)
    assert both.manifest is not None
    keys = trusted_pems(both.manifest, house)
    assert keys == ((house / "up" / "other.pub").read_text(), (house / "cosign.pub").read_text())
    elsewhere = judged(named.replace("name: sales", "name: hr"))
    assert [item.code for item in elsewhere.errors] == ["FLOE-M056"]


@pytest.mark.parametrize(
    ("own", "kept", "codes"),
    [
        ("", ["a", "b"], []),
        ("trusted_identities: [{identity: a, issuer: i}]", ["a"], []),
        ("trusted_identities: [{identity: c, issuer: i}]", ["a", "b"], ["FLOE-M056"]),
        ("trusted_identities: [{identity: a, issuer: j}]", ["a", "b"], ["FLOE-M056"]),
        ("trusted_identities: []", ["a", "b"], []),
        ("trusted_keys: [cosign.pub]", ["a", "b"], ["FLOE-M056"]),
    ],
)
def test_trusted_identities_only_shrink(
    house: Path, catalogue: Catalogue, own: str, kept: list[str], codes: list[str]
) -> None:
    people = "[{identity: a, issuer: i}, {identity: b, issuer: i}]"
    (house / "up" / "manifest.yaml").write_text(ENTERPRISE + f"security: {{trusted_identities: {people}}}\n")
    domain = DOMAIN.replace("../enterprise", "up/manifest.yaml") + f"security: {{{own}}}\n"
    checked = check(domain, path=house / "manifest.yaml", catalogue=catalogue)
    assert [item.code for item in checked.errors] == codes
    assert checked.manifest is not None
    assert [who.identity for who in checked.manifest.security.trusted_identities] == kept
    assert checked.manifest.security.trusted_keys == ()


def test_a_key_that_the_parent_revokes_leaves_the_domain_without_breaking_it(
    house: Path, catalogue: Catalogue
) -> None:
    revoked = fingerprint_of_pem((house / "cosign.pub").read_text())
    up = house / "up" / "manifest.yaml"
    up.write_text(ENTERPRISE + f"security: {{trusted_keys: [other.pub], revoked_keys: ['{revoked}']}}\n")
    (house / "same.pub").write_text((house / "up" / "other.pub").read_text())
    domain = DOMAIN.replace("../enterprise", "up/manifest.yaml")
    domain += "security: {trusted_keys: [same.pub, cosign.pub]}\n"
    checked = check(domain, path=house / "manifest.yaml", catalogue=catalogue)
    assert checked.ok and checked.manifest is not None
    assert checked.manifest.security.trusted_keys == ("same.pub",)
    assert checked.manifest.security.revoked_keys == (revoked,)
