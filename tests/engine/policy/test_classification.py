from __future__ import annotations

from typing import Any

import pytest

from floe_engine.project.facts import Column, Group
from tests.engine.policy.samples import asked, columns, found, judge, model, platform, source, subjects

ACME = platform()


def classified(**settings: Any) -> Any:
    return platform(governance__classification=settings)


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"meta": {"classification": "PII"}}, "pii"),
        ({"meta": {"floe": {"classification": "confidential"}, "classification": "pii"}}, "confidential"),
        ({"meta": {"contains_pii": True}}, "pii"),
        ({"meta": {"contains_pii": "true"}}, "pii"),
        ({"meta": {"contains_pii": False}}, "internal"),
        ({"meta": {"pii": "no"}}, "internal"),
        ({"tags": frozenset({"phi", "nightly"})}, "phi"),
        ({"meta": {"classification": "public"}, "tags": frozenset({"pii"})}, "pii"),
        ({"columns": columns(a={"classification": "confidential"}, b={"classification": "pii"})}, "pii"),
        ({}, "internal"),
    ],
)
def test_the_level_of_a_model_is_its_highest(fields: dict[str, Any], level: str) -> None:
    on = platform(
        governance__classification={
            "rules": {name: {"forbidden_layers": ["bronze"]} for name in ACME.classification.levels}
        }
    )
    (finding,) = found(judge(on, model("bronze_a", **fields)), "E243")
    assert f"holds {level} data" in finding.message


def test_a_model_must_say_how_sensitive_it_is_where_the_platform_wants_it() -> None:
    evaluation = judge(
        classified(require_declared=True),
        model("bronze_said", meta={"classification": "public"}),
        model("bronze_columns", columns=columns(a={"classification": "pii"})),
        model("bronze_half", columns=columns("b", a={"classification": "pii"})),
        model("bronze_silent"),
    )
    assert subjects(evaluation, "E240") == ["bronze_half", "bronze_silent"]


def test_an_unknown_level_is_named_with_the_one_that_was_meant() -> None:
    evaluation = judge(
        ACME,
        model("bronze_a", meta={"classification": "confidental"}),
        sources=[source("people", columns=columns(email={"classification": "pi"}), line=4)],
    )
    assert [(f.subject, f.suggestion) for f in found(evaluation, "E241")] == [
        ("bronze_a", "write confidential"),
        ("raw.people.email", "write pii"),
    ]


def test_a_column_that_looks_sensitive_and_says_nothing_is_a_hint() -> None:
    evaluation = judge(
        ACME,
        model(
            "bronze_a",
            columns=(
                Column("customer_email", line=7),
                Column("PHONE_NUMBER"),
                Column("email_sent_at", meta={"classification": "public"}),
                Column("order_total"),
            ),
        ),
        model("bronze_whole", tags=frozenset({"pii"}), columns=columns("email")),
        sources=[source("people", columns=columns("ssn"))],
    )
    assert [(f.subject, f.severity) for f in found(evaluation, "E242")] == [
        ("bronze_a.PHONE_NUMBER", "warning"),
        ("bronze_a.customer_email", "warning"),
        ("raw.people.ssn", "warning"),
    ]


def test_patterns_with_capitals_ignore_case_too() -> None:
    on = classified(name_patterns=[{"pattern": "Secret\\S*", "level": "confidential"}])
    evaluation = judge(on, model("bronze_a", columns=columns("my_secret", "MYSECRETS", "other")))
    assert subjects(evaluation, "E242") == ["bronze_a.MYSECRETS", "bronze_a.my_secret"]


def test_a_level_may_require_meta() -> None:
    on = classified(rules={"pii": {"requires_meta": ["owner", "floe.retention"]}})
    pii = {"classification": "pii"}
    evaluation = judge(
        on,
        model("bronze_a", meta={**pii, "owner": "ann", "floe": {"retention": 30}}),
        model("bronze_b", meta={**pii, "owner": ""}),
        model("bronze_c"),
    )
    assert [(f.subject, f.parameter) for f in found(evaluation, "E244")] == [
        ("bronze_b", "floe.retention"),
        ("bronze_b", "owner"),
    ]


# --- access


def granted(name: str, privilege: str, *roles: str, **fields: Any) -> Any:
    return model(name, grants={privilege: roles}, **fields)


def test_grants_go_to_roles_whose_permissions_cover_them() -> None:
    evaluation = judge(
        ACME,
        granted("gold_a", "select", "ANALYST"),
        granted("bronze_a", "select", "analyst"),
        granted("gold_b", "insert", "analyst"),
        granted("silver_a", "insert", "data_engineer", "admin"),
        granted("gold_c", "select", "stranger"),
    )
    assert [(f.subject, f.parameter) for f in found(evaluation, "E260")] == [
        ("bronze_a", "select:analyst"),
        ("gold_b", "insert:analyst"),
        ("gold_c", "select:stranger"),
    ]


def test_a_role_has_what_it_inherits_and_levels_count_beside_places() -> None:
    on = platform(
        governance__access_control={
            "roles": {"reader": {}, "officer": {"inherits": ["reader"]}},
            "permissions": [
                {"role": "reader", "levels": ["public", "internal"], "access": "READ"},
                {"role": "officer", "levels": ["pii"], "access": "READ"},
            ],
        },
        governance__classification={"rules": {"pii": {"allowed_roles": ["reader", "officer"]}}},
    )
    evaluation = judge(
        on,
        granted("gold_a", "select", "reader", "officer"),
        granted("gold_b", "select", "reader", "officer", tags=frozenset({"pii"})),
    )
    assert [(f.subject, f.actual) for f in found(evaluation, "E260")] == [("gold_b", "reader")]


def test_sensitive_data_goes_only_to_the_roles_of_its_level() -> None:
    evaluation = judge(ACME, granted("gold_a", "select", "analyst", "Admin", tags=frozenset({"phi"})))
    assert [f.parameter for f in found(evaluation, "E261")] == ["select:analyst"]


@pytest.mark.parametrize(("level", "finds"), [("internal", False), ("confidential", True), ("phi", True)])
def test_sensitive_data_is_not_public(level: str, finds: bool) -> None:
    public = model("gold_a", access="public", contract_enforced=True, tags=frozenset({level}))
    assert bool(found(judge(ACME, public), "E262")) is finds


def test_a_public_model_keeps_its_promises_by_contract() -> None:
    evaluation = judge(
        ACME,
        model("gold_a", access="public"),
        model("gold_b", access="public", contract_enforced=True),
        model("gold_c"),
    )
    assert subjects(evaluation, "E263") == ["gold_a"]
    assert not asked(evaluation, "E263", "gold_c")


def test_a_group_has_an_owner() -> None:
    evaluation = judge(ACME, model("gold_a"), groups=(Group("finance", "f@x.example"), Group("ops")))
    assert subjects(evaluation, "E264") == ["group ops"]


# --- schema registry and custom rules


def registry(**settings: Any) -> Any:
    return platform(catalog__schema_registry=settings)


@pytest.mark.parametrize(
    ("case", "bad", "becomes"),
    [
        ("snake", "orderTotal", "order_total"),
        ("camel", "order_total", "orderTotal"),
        ("upper", "orderTotal", "ORDER_TOTAL"),
    ],
)
def test_columns_are_spelt_in_the_platforms_case(case: str, bad: str, becomes: str) -> None:
    on = registry(column_case=case)
    (finding,) = found(judge(on, model("bronze_a", columns=columns(bad))), "E270")
    assert (finding.subject, finding.suggestion) == (f"bronze_a.{bad}", f"rename it to {becomes}")
    assert not found(judge(on, model("bronze_a", columns=columns(becomes))), "E270")
    (finding,) = found(judge(on, model("bronze_a", columns=columns(bad, becomes))), "E270")
    assert finding.suggestion == ""  # that name is taken


def test_reserved_names_are_refused_in_any_case() -> None:
    on = registry(reserved_columns=["rowid"])
    assert subjects(judge(on, model("bronze_a", columns=columns("ROWID", "id"))), "E271") == [
        "bronze_a.ROWID"
    ]


def test_a_layer_requires_columns_with_their_types() -> None:
    on = registry(required_columns={"gold": [{"name": "loaded_at", "type": "timestamp"}, {"name": "batch"}]})
    evaluation = judge(
        on,
        model("gold_a", columns=(Column("LOADED_AT", data_type="TIMESTAMP_NTZ"), Column("batch"))),
        model("gold_b", columns=(Column("loaded_at", data_type="date"),)),
        model("silver_a"),
    )
    assert [(f.subject, f.parameter) for f in found(evaluation, "E272")] == [
        ("gold_b", "batch"),
        ("gold_b.loaded_at", ""),
    ]


def test_types_follow_names_and_are_declared() -> None:
    on = registry(type_rules=[{"pattern": ".*_at", "type": "timestamp"}], require_data_types=True)
    evaluation = judge(
        on,
        model(
            "bronze_a",
            columns=(
                Column("made_at", data_type="varchar(10)"),
                Column("sent_at"),
                Column("at_x", data_type="int"),
            ),
        ),
    )
    assert subjects(evaluation, "E273") == ["bronze_a.made_at"]
    assert subjects(evaluation, "E274") == ["bronze_a.sent_at"]


def test_a_layer_has_contracts() -> None:
    evaluation = judge(
        registry(require_contract=["gold"]),
        model("gold_a"),
        model("gold_b", contract_enforced=True),
        model("silver_a"),
    )
    assert subjects(evaluation, "E275") == ["gold_a"]


def test_the_three_custom_rules() -> None:
    on = platform(
        governance__custom_rules=[
            {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["published"]},
            {"type": "require_meta_field", "field": "floe.owner", "applies_to": "gold_*"},
            {
                "type": "require_tests_of_type",
                "test_types": ["not_null"],
                "min_count": 2,
                "applies_to": "silver_*",
            },
        ]
    )
    evaluation = judge(
        on,
        model("gold_good", tags=frozenset({"published"}), meta={"floe": {"owner": "ann"}}),
        model("gold_bad"),
        model("silver_bad", key="id"),
        model("bronze_free"),
    )
    assert subjects(evaluation, "E280") == ["gold_bad"]
    assert subjects(evaluation, "E281") == ["gold_bad"]
    assert [(f.subject, f.actual) for f in found(evaluation, "E282")] == [("silver_bad", "1")]
    assert not asked(evaluation, "E281", "bronze_free")
