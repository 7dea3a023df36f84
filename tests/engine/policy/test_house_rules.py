"""House rules in CEL: what a platform says for itself is asked of every subject, the same in both readers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from floe_engine.artifact.meaning import check_meaning
from floe_engine.artifact.platform import Platform, documents_of, read_platform
from floe_engine.cel.types import Object, Type
from floe_engine.cel.values import Unknown, kind_of
from floe_engine.errors import IntegrityError
from floe_engine.lineage.code_text import macro_parameters
from floe_engine.manifest.governance import CustomRule
from floe_engine.manifest.house_rule import troubles
from floe_engine.manifest.subjects import OBJECTS, SUBJECTS, example_of
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.facts.subjects import Facts, subjects
from floe_engine.policy.view import View
from floe_engine.policy_tests.mutation import mutate
from floe_engine.policy_tests.suites import QUALITY, built_in_suites
from floe_engine.project.facts import (
    Argument,
    Column,
    Exposure,
    Group,
    Macro,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
    Unread,
)
from tests.engine.policy.samples import TODAY, model, platform, project
from tests.engine.variations import project as any_project

HOUSE, UNTOLD = "FLOE-E283", "FLOE-E284"


def house(*rules: dict[str, Any], **settings: Any) -> Platform:
    entries = [{"type": "cel", "id": f"rule-{number}", **rule} for number, rule in enumerate(rules)]
    return platform(governance__custom_rules=entries, **settings)


def judge(on: Platform, given: Project) -> Evaluation:
    return evaluate(on, given, today=TODAY)


def found(evaluation: Evaluation, rule: str = HOUSE) -> list[tuple[str, str]]:
    return [(each.subject, each.message) for each in evaluation.findings if each.rule == rule]


def test_a_rule_is_asked_of_every_model_that_it_is_about() -> None:
    asked = house(
        {
            "when": "model.layer == 'gold'",
            "expr": "model.owner != null && size(model.columns) < 2",
            "message": "{model.name} has {size(model.columns)} columns",
            "remedy": "split it",
        }
    )
    given = project(
        model("gold_good", meta={"owner": "core"}),
        model("gold_wide", meta={"owner": "core"}, columns=(Column("a"), Column("b"))),
        model("silver_free"),
    )
    evaluation = judge(asked, given)
    (finding,) = [each for each in evaluation.findings if each.rule == HOUSE]
    assert (finding.subject, finding.message) == ("gold_wide", "gold_wide has 2 columns")
    assert (finding.parameter, finding.suggestion, finding.severity) == ("rule-0", "split it", "error")
    assert finding.expected == "rule-0: size(model.columns) < 2"
    assert {subject for rule, subject in evaluation.checked if rule == HOUSE} == {"gold_good", "gold_wide"}


def test_each_kind_of_subject_can_be_asked() -> None:
    asked = house(
        {"subject": "source", "expr": "source.has_freshness", "message": "{source.source} is unwatched"},
        {"subject": "seed", "expr": "seed.owner != null"},
        {"subject": "column", "expr": "column.name != 'x' || model.layer == 'gold'"},
        {"subject": "project", "expr": "project.models.all(m, size(m.columns) > 1)"},
    )
    given = project(
        model("silver_a", columns=(Column("x", line=7),), properties_path="models/a.yml", line=5),
        model("codes", resource_type="seed"),
        sources=(Source("source.shop.raw.people", "raw", "people", "models/s.yml"),),
    )
    assert sorted(found(judge(asked, given))) == [
        ("codes", "codes does not meet the rule rule-1"),
        ("raw.people", "raw is unwatched"),
        ("shop", "shop does not meet the rule rule-3"),
        ("silver_a.x", "silver_a.x does not meet the rule rule-2"),
    ]


def test_what_stands_beside_the_nodes_can_be_asked() -> None:
    asked = house(
        {"subject": "exposure", "expr": "exposure.owner != '' && exposure.parents.all(p, p.layer == 'gold')"},
        {"subject": "macro", "expr": "macro.arguments.all(a, a.description != '') && macro.lines < 3"},
        {"subject": "macro", "when": "macro.name == 'cents'", "expr": "macro.used"},
        {"subject": "semantic_model", "expr": "size(semantic_model.measures) > 0"},
        {"subject": "unit_test", "expr": "unit_test.given.all(g, g.format == 'csv')"},
        {"subject": "project", "expr": "size(project.exposures) == size(project.unit_tests)"},
    )
    above = ("model.shop.silver_a",)
    given = replace(
        project(model("silver_a"), model("gold_b")),
        exposures=(
            Exposure("exposure.shop.board", "board", above, "models/e.yml", 3, owner_name="Ann"),
            Exposure("exposure.shop.app", "app", ("model.shop.gold_b",), owner_email="a@shop.example"),
        ),
        macros=(
            Macro("macro.shop.cents", "cents", path="macros/m.sql", arguments=(Argument("x"),), used_by=()),
            Macro("macro.shop.untold", "untold", path="macros/m.sql", code="a\nb\nc"),
        ),
        semantic_models=(SemanticModel("semantic_model.shop.s", "s", above),),
        unit_tests=(UnitTest("unit_test.shop.a.u", "u", above, given=(("ref('x')", "sql"),)),),
    )
    evaluation = judge(asked, given)
    assert sorted(found(evaluation)) == [
        ("exposure:board", "exposure:board does not meet the rule rule-0"),
        ("macro:cents", "macro:cents does not meet the rule rule-1"),
        ("macro:cents", "macro:cents does not meet the rule rule-2"),
        ("macro:untold", "macro:untold does not meet the rule rule-1"),
        ("semantic_model:s", "semantic_model:s does not meet the rule rule-3"),
        ("shop", "shop does not meet the rule rule-5"),
        ("unit_test:u", "unit_test:u does not meet the rule rule-4"),
    ]
    (board,) = [each for each in evaluation.findings if each.subject == "exposure:board"]
    assert (board.path, board.line) == ("models/e.yml", 3)
    some = evaluate(asked, given, select=("gold_b",), today=TODAY)
    assert {subject for rule, subject in some.checked if rule == HOUSE} == {"exposure:app"}


def test_who_calls_a_macro_is_not_judged_where_only_dbt_could_tell() -> None:
    asked = house({"subject": "macro", "expr": "macro.used"})
    given = replace(project(model("silver_a")), macros=(Macro("macro.shop.m", "m"),))
    ((subject, message),) = found(judge(asked, given), UNTOLD)
    assert subject == "macro:m"
    assert "only dbt could tell what calls it" in message


def code_of(sql: str, **fields: Any) -> Any:
    facts = Facts(View(platform(), project(model("silver_a", code=sql, **fields))))
    ((_, _, (told,)),) = subjects(facts, "model")
    return told.code


@pytest.mark.parametrize(
    ("sql", "star", "joins"),
    [
        ("select * from {{ ref('a') }}", True, 0),
        ("select a.*, 2 * b.x from a join b using (id)", True, 1),
        ("select * except (x) from a", True, 0),
        ("select top 5 *\nfrom a", True, 0),
        ("select count(*), a * b, (a) * 2 from a -- select * from x join y", False, 0),
        ("select '* from join', /* join */ id from a left join b on 1 = 1 cross join c", False, 2),
        ("{# select * from x #} select {{ star('*') }} from a", False, 0),
    ],
)
def test_the_shape_of_a_models_code_is_told(sql: str, star: bool, joins: int) -> None:
    assert (code_of(sql).select_star, code_of(sql).joins) == (star, joins)


@pytest.mark.parametrize(
    ("sql", "crossed", "unbound", "constant"),
    [
        ("select 1 from x join y on x.a = y.a left join z using (a, b)", 0, 0, 0),
        ("select 1 from x cross join y, z", 1, 1, 0),
        ("select 1 from x, unnest(y), lateral flatten(input => y) f where a in (1, 2)", 0, 2, 0),
        ("select 1 from x join y on 1=1 join z on true", 0, 0, 2),
        ("select 1 from x natural join y join (select 1, 2 from w) q on q.a = left(y.b, 2)", 0, 0, 0),
        ("select 1 from a join b join c on b.x = c.x on a.x = b.x", 0, 0, 0),
        ("select extract(year from d), f(a, b) from x join {{ ref('y') }} where a", 0, 1, 0),
        ("with a as (select 1), b as (select 2) select * from a join b on a.x = b.x or 1 = 1", 0, 0, 0),
    ],
)
def test_joins_without_a_condition_are_told_apart(
    sql: str, crossed: int, unbound: int, constant: int
) -> None:
    told = code_of(sql)
    assert (told.cross_joins, told.open_joins, told.constant_joins) == (crossed, unbound, constant)


def test_the_arguments_of_a_macro_are_read_from_its_code() -> None:
    code = """{%- macro m(a, b=f('x, y', [1, 2]), c = "it's)") -%}{% endmacro %}"""
    assert macro_parameters(code) == ["a", "b", "c"]
    assert macro_parameters("{% test t(model) %}{% endtest %}") == ["model"]
    assert macro_parameters("\n{%- macro t(a) -%}{%- endmacro -%}\n") == ["a"], "as dbt's manifest has it"
    assert macro_parameters("{% materialization t, default %}{% endmaterialization %}") == []
    assert macro_parameters("{% macro m(" + "(" * 5_000) == []


def test_what_a_config_says_is_not_judged_where_only_dbt_could_read_it() -> None:
    asked = house({"when": "model.materialized == 'incremental'", "expr": "size(model.unique_key) > 0"})
    given = project(
        model("silver_known", materialized="incremental", unique_key=("id",)),
        model("silver_none", materialized="incremental"),
        model("silver_hidden", materialized="incremental", unread_configs=("unique_key",)),
    )
    evaluation = judge(asked, given)
    assert [subject for subject, _ in found(evaluation)] == ["silver_none"]
    ((subject, message),) = found(evaluation, UNTOLD)
    assert (subject, "only dbt could tell its unique_key" in message) == ("silver_hidden", True)


def test_data_tests_and_what_lies_above_parents_can_be_asked() -> None:
    asked = house(
        {"subject": "test", "expr": "test.where == '' || 'slow' in test.tags"},
        {"expr": "model.view_chain < 2"},
        {"expr": "!model.parents.exists(p, p.parent_ids.exists(i, model.parents.exists(q, q.id == i)))"},
        {"subject": "source", "expr": "source.duplicates == []"},
    )
    a, b, c = (f"model.shop.silver_{name}" for name in "abc")
    tables = [Source(f"source.shop.{of}.t", of, "t", schema="raw", identifier="t") for of in ("x", "y")]
    given = replace(
        project(
            model("silver_a"),
            model("silver_b", parents=(a,)),
            model("silver_c", parents=(a, b)),
            sources=tuple(tables),
        ),
        tests=(ProjectTest("test.shop.t", "t", (c,), where="x > 1", tags=frozenset({"quick"})),),
    )
    assert sorted(found(judge(asked, given))) == [
        ("silver_c", "silver_c does not meet the rule rule-1"),
        ("silver_c", "silver_c does not meet the rule rule-2"),
        ("test:t", "test:t does not meet the rule rule-0"),
        ("x.t", "x.t does not meet the rule rule-3"),
        ("y.t", "y.t does not meet the rule rule-3"),
    ]


def test_code_is_asked_as_it_was_written() -> None:
    told = code_of("select 1", compiled=True, raw_code="select *\nfrom raw.orders\n")
    assert (told.lines, told.hard_coded, told.select_star) == (2, ["raw.orders"], True)
    told = code_of("x = spark.sql('select * from raw.a')", language="python")
    assert (told.lines, told.hard_coded, told.select_star) == (1, [], False)
    with pytest.raises(Unknown, match="no code"):
        code_of("")


def test_how_old_rows_may_be_is_told_in_hours() -> None:
    limits = {
        "warn_after": {"count": 2, "period": "day"},
        "error_after": {"count": "{{ x }}", "period": "hour"},
    }
    source = Source("source.shop.raw.a", "raw", "a", has_freshness=True, freshness=limits, loader="airbyte")
    asked = house(
        {
            "subject": "source",
            "expr": "source.loader == 'airbyte' && source.freshness.warn_after_hours <= 24.0",
            "message": "{source.freshness.warn_after_hours} hours",
        },
        {"subject": "source", "expr": "source.freshness.error_after_hours != null"},
    )
    evaluation = judge(asked, project(sources=(source,)))
    assert found(evaluation) == [("raw.a", "48 hours")]
    assert len(found(evaluation, UNTOLD)) == 1


def test_what_cannot_be_told_is_not_judged_and_never_green() -> None:
    asked = house(
        {"expr": "model.parents.all(p, p.type != 'source')"}, {"expr": "model.meta.owner == 'core'"}
    )
    given = project(
        model("silver_a", unread=Unread("macro m()", "models/a.sql", 3)),
        model("silver_b", meta={"owner": "core"}),
    )
    evaluation = judge(asked, given)
    assert found(evaluation) == []
    (hidden, missing) = [each for each in evaluation.findings if each.rule == UNTOLD]
    assert {hidden.subject, missing.subject} == {"silver_a"}
    assert "only dbt could follow macro m()" in hidden.message + missing.message
    assert "there is no key `owner`" in hidden.message + missing.message
    assert hidden.severity == missing.severity == "error"
    assert not evaluation.passed


def test_what_does_not_depend_on_the_unknown_is_judged() -> None:
    asked = house({"expr": "model.name.startsWith('silver') || model.parents == []"})
    given = project(model("silver_a", unread=Unread("macro m()", "models/a.sql", 3)))
    assert found(judge(asked, given), UNTOLD) == []


def test_a_rule_may_only_warn() -> None:
    asked = house({"expr": "false", "severity": "warning"})
    (finding,) = [each for each in judge(asked, project(model("silver_a"))).findings if each.rule == HOUSE]
    assert finding.severity == "warning"


def test_children_owners_and_depth_are_told() -> None:
    asked = house(
        {"expr": "model.owner == 'core@acme.example'"},
        {
            "when": "model.name == 'silver_a'",
            "expr": "model.children.exists(c, c.type == 'exposure' && c.name == 'board')",
        },
        {"expr": "model.name != 'gold_b' || model.depth == 1 && model.parents[0].layer == 'silver'"},
    )
    given = project(
        model("silver_a", group="core"),
        model("gold_b", group="core", parents=("model.shop.silver_a",)),
        exposures=(Exposure("exposure.shop.board", "board", ("model.shop.silver_a",)),),
        groups=(Group("core", "core@acme.example"),),
    )
    assert found(judge(asked, given)) == found(judge(asked, given), UNTOLD) == []


def is_of(value: Any, kind: Type) -> bool:
    if kind.name == "nullable":
        return value is None or is_of(value, kind.of[0])
    if isinstance(kind, Object):
        for name, field in kind.fields.items():
            try:
                told = getattr(value, name)
            except Unknown:
                continue
            if name not in ("children", "parents") or not told:
                assert is_of(told, field.type), (kind.name, name, told)
        return True
    if kind.name == "list":
        return isinstance(value, list) and all(is_of(item, kind.of[0]) for item in value[:3])
    return kind.name == "dyn" or kind_of(value) == kind.name


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_fact_that_is_declared_has_a_value_of_its_type(subject: str) -> None:
    facts = Facts(View(platform(), any_project(1)))
    for _, _, values in list(subjects(facts, subject))[:5]:
        for value, kind in zip(values, SUBJECTS[subject].values(), strict=True):
            assert is_of(value, kind)
    for kind in OBJECTS:
        assert is_of(example_of(kind), kind)


def test_the_setting_knows_every_subject() -> None:
    annotation = str(CustomRule.__annotations__["subject"])
    assert all(f"'{subject}'" in annotation for subject in SUBJECTS)


OWNED = {
    "when": "model.layer == 'gold'",
    "expr": "model.owner != null && model.description != ''",
    "examples": {
        "pass": [{"layer": "gold", "owner": "core", "description": "x"}],
        "fail": [{"layer": "gold", "description": "x"}, {"layer": "gold", "owner": "core"}],
    },
}


def test_the_examples_of_a_rule_are_policy_tests() -> None:
    (quality,) = [suite for suite in built_in_suites(house(OWNED)) if suite.title == QUALITY]
    assert [case.name for case in quality.cases if case.name.startswith("rule-0: ")] == [
        "rule-0: example 1 passes",
        "rule-0: example 1 is refused",
        "rule-0: example 2 is refused",
    ]


def test_every_weaker_expression_is_noticed_by_the_examples() -> None:
    run = mutate(house(OWNED))
    weakened = [trial for trial in run.trials if "custom_rules" in trial.change]
    assert any("`model.owner != null && true`" in trial.change for trial in weakened)
    assert any("when is never true" in trial.change for trial in weakened)
    assert [trial.change for trial in weakened if trial.survived] == []


def test_a_rule_without_examples_lets_a_weaker_one_survive() -> None:
    run = mutate(house({"expr": "model.owner != null"}))
    assert any(trial.survived and "`true`" in trial.change for trial in run.trials)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expr": "model.nmae == 'x'"}, "Model has no field `nmae`"),
        ({"expr": "model.name"}, "expected `bool`"),
        ({"expr": "true" + " && (true" * 40 + ")" * 40}, "nested too deeply"),
        ({"expr": "model.name.matches('(a+)+$(?=b)')"}, "linear time"),
        ({"when": "1"}, "expected `bool`"),
        ({"message": "{model.nmae}"}, "no field `nmae`"),
        ({"message": "{"}, "the brace has no other"),
        ({"id": None}, "expected an id"),
        ({"subject": "galaxy"}, "expected an id"),
        ({"examples": {"fail": [{"owner": "core"}]}}, "the example should fail"),
        ({"examples": {"pass": 3}}, "expected lists of facts"),
        ({"examples": [1]}, "expected lists of facts"),
    ],
)
def test_an_artifact_with_a_rule_that_cannot_be_asked_is_refused_at_the_door(
    change: dict[str, Any], said: str
) -> None:
    documents = documents_of(house({"expr": "model.owner != null"}))
    rule = documents["policies/quality-gates.json"]["customRules"][0]
    rule.update(change)
    with pytest.raises(IntegrityError) as refused:
        check_meaning(read_platform(documents), documents)
    assert said in refused.value.message
    assert refused.value.exit_code == 5


def endless() -> str:
    """An expression that looks at seven lists of nine in each other."""
    names = "abcdefg"
    nested = "".join(f"[1,2,3,4,5,6,7,8,9].all({name}," for name in names)
    return f"{nested}{'+'.join(names)} > 0{')' * len(names)}"


def test_a_rule_that_costs_too_much_leaves_the_others_what_they_need() -> None:
    given = project(*(model(f"silver_{number}") for number in range(5)))
    evaluation = judge(house({"expr": endless()}, {"expr": "size(model.tags) == 1"}), given)
    assert {message.partition(": ")[2] for _, message in found(evaluation, UNTOLD)} == {
        "it costs too much: it looks at more than a rule may"
    }
    assert len(found(evaluation, UNTOLD)) == len(found(evaluation)) == 5


def test_all_rules_together_take_no_more_than_a_project_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("floe_engine.policy.rules.house.STEPS_BESIDES", 250_000)
    monkeypatch.setattr("floe_engine.policy.rules.house.STEPS_A_SUBJECT", 0)
    asked = house(*[{"expr": endless()}] * 3, {"expr": f"{list(range(20))}.all(n, n >= 0)"})
    evaluation = judge(asked, project(model("silver_a")))
    assert len(found(evaluation, UNTOLD)) == 4, "the three that cost too much left nothing for the fourth"


@pytest.mark.parametrize("subject", ["galaxy", ["model"], {"a": 1}, 3])
def test_a_rule_about_a_subject_that_there_is_not_is_left_to_the_schema(subject: Any) -> None:
    assert list(troubles({"subject": subject, "expr": "x.y", "examples": {"pass": [{}]}})) == []
