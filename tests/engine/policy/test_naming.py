from __future__ import annotations

from floe_engine.project.facts import Unread
from tests.engine.policy.samples import RAW, asked, found, judge, model, platform, source, subjects

ACME = platform()


def test_a_name_with_its_layers_prefix_passes() -> None:
    evaluation = judge(ACME, model("bronze_orders"))
    assert asked(evaluation, "E201", "bronze_orders")
    assert not found(evaluation, "E201")


def test_a_name_of_another_school_belongs_to_no_layer_and_is_told_what_to_become() -> None:
    (finding,) = found(judge(ACME, model("stg_payments", key="id")), "E201")
    assert finding.severity == "error"
    assert finding.actual == "stg_payments"
    assert "bronze_payments" in finding.suggestion
    assert (finding.path, finding.line) == ("models/schema.yml", 3)


def test_a_layer_known_by_path_tag_or_schema_still_wants_its_prefix() -> None:
    aliased = platform(
        data_architecture__layers={
            "bronze": {"paths": ["staging"]},
            "silver": {"tags": ["cleaned"]},
            "gold": {"schemas": ["MARTS"]},
        }
    )
    evaluation = judge(
        aliased,
        model("payments", path="models/staging/stripe/payments.sql"),
        model("customers", tags=frozenset({"cleaned"})),
        model("sales", schema="marts"),
    )
    assert evaluation.layers == {"payments": "bronze", "customers": "silver", "sales": "gold"}
    assert {f.subject: f.expected for f in found(evaluation, "E201")} == {
        "payments": "a name that starts with bronze_",
        "customers": "a name that starts with silver_",
        "sales": "a name that starts with gold_",
    }


def test_meta_decides_the_layer_before_the_name_does() -> None:
    evaluation = judge(ACME, model("bronze_sales", meta={"floe": {"layer": "Gold"}}))
    assert evaluation.layers == {"bronze_sales": "gold"}
    (finding,) = found(evaluation, "E201")
    assert "gold_sales" in finding.suggestion


def test_a_path_alias_may_be_a_glob() -> None:
    aliased = platform(data_architecture__layers={"bronze": {"paths": ["models/*/raw"]}})
    evaluation = judge(
        aliased,
        model("a", path="models/finance/raw/a.sql"),
        model("b", path="models/finance/raw/deep/b.sql"),
        model("c", path="models/finance/c.sql"),
    )
    assert evaluation.layers == {"a": "bronze", "b": "bronze", "c": None}


def test_what_follows_the_prefix_is_matched_as_a_whole() -> None:
    evaluation = judge(ACME, model("silver__x"), model("silver_Orders"), model("silver_"))
    assert subjects(evaluation, "E202") == ["silver_", "silver_Orders"]


def test_a_layer_may_have_several_prefixes_and_the_longest_that_fits_is_taken_off() -> None:
    several = platform(data_architecture__layers={"bronze": {"prefixes": ["raw_", "raw_base_"]}})
    evaluation = judge(several, model("raw_orders"), model("raw_base_orders"), model("raw_base_"))
    assert set(evaluation.layers.values()) == {"bronze"}
    assert subjects(evaluation, "E202") == ["raw_base_"]


def test_the_custom_pattern_matches_whole_names() -> None:
    custom = platform(
        data_architecture={
            "pattern": "custom",
            "naming": {"enforcement": "strict", "custom_patterns": ["(in|out)_[a-z]+"]},
            "layers": {"inbound": {"prefix": "in_"}},
        }
    )
    evaluation = judge(custom, model("in_orders"), model("inbound_orders"))
    assert subjects(evaluation, "E203") == ["inbound_orders"]
    assert not asked(evaluation, "E201", "in_orders")


def test_an_unknown_layer_in_meta_is_named_with_the_one_that_was_meant() -> None:
    evaluation = judge(ACME, model("gold_sales", meta={"floe.layer": "glod"}), model("gold_x"))
    (finding,) = found(evaluation, "E204")
    assert finding.suggestion == "write floe.layer: gold"
    assert not asked(evaluation, "E204", "gold_x")


def test_only_the_resource_types_that_the_platform_names_are_asked() -> None:
    seed = model("country_codes", resource_type="seed")
    assert not found(judge(ACME, seed, model("gold_x")), "E201")
    wide = platform(data_architecture__naming={"enforcement": "strict", "applies_to": ["model", "seed"]})
    assert subjects(judge(wide, seed), "E201") == ["country_codes"]


def test_enforcement_decides_what_a_name_costs() -> None:
    warn = platform(data_architecture__naming={"enforcement": "warn"})
    off = platform(data_architecture__naming={"enforcement": "off"})
    assert found(judge(warn, model("stg_x")), "E201")[0].severity == "warning"
    assert judge(warn, model("stg_x")).steps[0].outcome == "warned"
    assert not asked(judge(off, model("stg_x")), "E201", "stg_x")
    assert judge(off, model("stg_x")).steps[0].outcome == "skipped"


def test_a_gold_model_that_selects_from_a_source_is_refused() -> None:
    evaluation = judge(
        ACME,
        model("bronze_orders", parents=[RAW]),
        model("silver_orders", parents=["bronze_orders"]),
        model("gold_orders", parents=["silver_orders", RAW, "bronze_orders"]),
        sources=[source("orders")],
    )
    assert [(f.subject, f.parameter) for f in found(evaluation, "E205")] == [
        ("gold_orders", "bronze_orders"),
        ("gold_orders", "raw.orders"),
    ]


def test_a_seed_counts_as_a_source() -> None:
    seed = model("countries", resource_type="seed")
    evaluation = judge(
        ACME,
        seed,
        model("bronze_countries", parents=["countries"]),
        model("gold_countries", parents=["countries"]),
    )
    assert [(f.subject, f.actual) for f in found(evaluation, "E205")] == [
        ("gold_countries", "countries (source)")
    ]


def test_parents_without_a_layer_are_left_to_the_naming_rule() -> None:
    evaluation = judge(
        ACME, model("stg_orders"), model("gold_orders", parents=["stg_orders", "model.dbt_date.days"])
    )
    assert asked(evaluation, "E205", "gold_orders")
    assert not found(evaluation, "E205")


def test_a_new_name_is_suggested_by_the_place_in_the_lineage() -> None:
    raw = source("orders")
    evaluation = judge(
        platform(),
        model("orders_in", key="id", parents=[raw.unique_id]),
        model("int_orders", key="id", parents=["orders_in"]),
        model("fct_orders", key="id", parents=["int_orders"]),
        sources=[raw],
    )
    suggested = {finding.subject: finding.suggestion for finding in found(evaluation, "E201")}
    assert suggested == {
        "orders_in": "rename it to bronze_orders_in",
        "int_orders": "rename it to silver_orders",
        "fct_orders": "rename it to gold_orders",
    }


def test_a_model_whose_parents_only_dbt_could_tell_is_not_judged_good() -> None:
    """A rule about parents passes such a model for want of a parent: that must not look like ✓."""
    hidden = model("gold_orders", unread=Unread("macro raw_orders()", "models/gold_orders.sql", 3))
    evaluation = judge(ACME, hidden, model("silver_orders"))
    (finding,) = found(evaluation, "E206")
    assert (finding.subject, finding.severity) == ("gold_orders", "error")
    assert "only dbt could follow macro raw_orders() (models/gold_orders.sql:3)" in finding.message
    assert subjects(evaluation, "E254") == ["gold_orders"]
    assert not evaluation.passed


def test_a_new_name_is_one_that_the_next_rule_takes() -> None:
    on = platform()
    names = ("bronze_orders", "stg_orders", "stgCustomerOrders")
    evaluation = judge(on, *(model(name, key="id", path=f"models/x/{name}.sql") for name in names))
    assert {finding.subject: finding.suggestion for finding in found(evaluation, "E201")} == {
        "stg_orders": "rename it to bronze_stg_orders",
        "stgCustomerOrders": "rename it to bronze_stg_customer_orders",
    }


def test_a_name_comes_with_what_its_layer_asks_or_not_at_all() -> None:
    """Each layer asks for tests that the model lacks: the one that asks least is named, with all of that."""
    (finding,) = found(judge(platform(), model("orders")), "E201")
    assert finding.expected == "a name that starts with bronze_ or silver_ or gold_"
    assert finding.suggestion == (
        "rename it to bronze_orders, and give it what bronze requires: not_null_pk (its columns tested)"
    )
    registry = {"require_contract": ["bronze", "silver", "gold"]}
    contracts = platform(catalog={"schema_registry": registry})
    (finding,) = found(judge(contracts, model("orders")), "E201")
    assert finding.suggestion == ""


def test_layers_are_put_between_only_where_they_may_stand() -> None:
    raw = source("orders")
    evaluation = judge(
        platform(), model("gold_a", parents=[raw.unique_id]), model("silver_a", parents=[raw.unique_id]),
        sources=[raw],
    )  # fmt: skip
    advice = {finding.subject: finding.suggestion for finding in found(evaluation, "E205")}
    assert advice == {
        "gold_a": "put a model of layers bronze and silver between them",
        "silver_a": "put a model of layer bronze between them",
    }
    closed = {"bronze": {"may_depend_on": []}, "silver": {"may_depend_on": ["silver"]}}
    lonely = judge(
        platform(data_architecture__layers=closed), model("silver_a", parents=[raw.unique_id]), sources=[raw]
    )
    assert [finding.suggestion for finding in found(lonely, "E205")] == [""]
