"""A check that a setting asks and the same check in CEL refuse the same subjects of any project."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from floe_engine.cel.values import Frame
from floe_engine.manifest.house_rule import house_rule
from floe_engine.peers import evaluator
from floe_engine.peers.built_in import BUILT_IN, built_in
from floe_engine.peers.carrying import Check, ConfiguredCheck, arguments, rule_of
from floe_engine.peers.reading import TABLES
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.facts.subjects import Facts, subjects
from floe_engine.policy.view import View
from floe_engine.project.facts import (
    Argument,
    Column,
    DataTest,
    Exposure,
    Macro,
    Model,
    ModelRef,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
)  # fmt: skip
from tests.engine.variations import PLAIN, compiled, edited

GIVEN: dict[str, Any] = {
    "keys": ["owner", "team"],
    "meta_keys": ["owner"],
    "allow_extra_keys": True,
    "tags": ["daily", "x"],
    "case_sensitive": False,
    "column_name_pattern": "^(id|key)",
    "test_name": "unique",
    "regexp_pattern": ".*to.ay",
    "permitted_materializations": ["table", "incremental"],
    "allowed_strategies": ["timestamp", "check"],
    "too_many_joins_threshold": 4,
    "chained_views_threshold": 1,
    "max_number_of_lines": 2,
    "min_number_of_models": 2,
    "max_number_of_arguments": 1,
    "max_downstream_models": 2,
    "max_chained_views": 2,
}

OTHERWISE = {
    "check_column_descriptions_are_consistent": "asked of the project as a whole there",
    "check_model_version_pinned_in_ref": "told of the model that has versions there",
    "check_model_grain_is_tested": "asked of dbt's own tables there",
    "check_model_has_grain": "asked of dbt's own tables there",
    "check_columns_are_all_documented": "asked of the warehouse there",
    "check-model-has-all-columns": "asked of the warehouse there",
}
"""Checks whose subjects are others, each with the reason."""


def given_to(check: Check) -> dict[str, Any]:
    """What a check is given: what it must have, and numbers that some subjects pass."""
    return {each.name: GIVEN[each.name] for each in check.takes if each.name in GIVEN}


CHECKS = [row for rows in TABLES.values() for row in rows if row.name in BUILT_IN]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_setting_and_the_rule_in_cel_refuse_the_same(check: Check) -> None:
    """And each refuses something, and passes something."""
    found = built_in(check.name, arguments(check, given_to(check)))
    assert found is not None
    built, value = found
    artifact = compiled(edited(PLAIN, ((built.setting, value),)))[1]
    assert artifact is not None
    rules = [rule for name in built.rules if (rule := rule_by_id(name)) is not None]
    assert [rule.active(artifact.platform) for rule in rules] == [True] * len(built.rules)
    if check.name in OTHERWISE:
        return
    asked = rule_of(check, ConfiguredCheck(check.name, given_to(check)))
    ready = house_rule(check.subject, asked.get("when", ""), asked["expr"], asked["message"])
    refused = passed = 0
    for project in projects(_TEXTS if "describe nothing" in built.near else (*_TEXTS, *_ODD)):
        view = View(artifact.platform, project)
        ours = {each.subject for rule in rules for _, found in rule.examine(view) for each in found}
        theirs = set()
        for subject, column, values in subjects(Facts(view), check.subject):
            label = subject if isinstance(subject, str) else subject.label
            answer = ready.ask_on(Frame(1_000_000), *values).answer
            if answer == "fail":
                theirs.add(label if column is None else f"{label}.{column.name}")
            passed += answer == "pass"
        if "source_group" in built.setting:  # told once for a source
            ours, theirs = ({name.partition(".")[0] for name in names} for names in (ours, theirs))
        assert ours == theirs
        refused += len(theirs)
    assert refused and passed


@cache
def projects(texts: tuple[str, ...]) -> tuple[Project, ...]:
    """Some small projects of everything."""
    return tuple(_project(random.Random(seed), texts) for seed in range(12))


_TEXTS = ("", "abc", "abcd", "Some words.")
_ODD = (" ", "n/a")
"""What describes nothing here, and in dbt-bouncer, and does in the others."""

_CODE = (
    "select * from a",
    "select a.x from a join b on a.id = b.id;",
    "select 1\nfrom a cross join b\nwhere x = today",
    "select x from raw.people",
    "select id, count(*) from {{ ref('a') }} group by id",
)


def _project(draw: random.Random, texts: tuple[str, ...]) -> Project:
    def some(*values: Any) -> Any:
        return draw.choice(values)

    def meta() -> dict[str, Any]:
        return {key: "x" for key in ("owner", "team") if draw.random() < 0.7}

    def tags() -> frozenset[str]:
        return frozenset(tag for tag in ("daily", "x") if draw.random() < 0.7)

    def words() -> str:
        return str(some(*texts))

    sources = tuple(
        Source(
            f"source.shop.{name}.t{number}", name, f"t{number}", some("models/s.yml", "models/a/s.yml"),
            description=words(), source_description="Books." if name == "erp" else "", meta=meta(),
            tags=tags(), has_freshness=some(True, False), loader=some("", "tool"),
            tests=some((), (DataTest("unique", "id"),)), database="db", schema="raw",
            identifier=some("t", f"t{number}"),
            columns=(Column("id"),), table_columns=some(("id",), ("ID",), ("id", "x")),
        )
        for name in ("crm", "erp")
        for number in range(3)
    )  # fmt: skip
    above = [source.unique_id for source in sources[:-1]]
    models: list[Model] = []
    for number in range(14):
        kind = "snapshot" if number % 5 == 4 else "seed" if number % 7 == 3 else "model"
        columns = tuple(
            Column(name, words(), some(None, "integer"), meta(), tags())
            for name in draw.sample(("id", "key_a", "amount", "x"), draw.randint(0, 3))
        )
        tests = tuple(DataTest(some("unique", "not_null"), column.name) for column in columns)
        folder = some("models", "models/a")
        parents = () if kind == "seed" else tuple(draw.sample(above, min(draw.randint(0, 5), len(above))))
        models.append(
            Model(
                f"{kind}.shop.m{number}", f"m{number}", f"{folder}/m{number}.sql", kind,
                properties_path=some(None, "models/m.yml", "models/a/m.yml"), description=words(),
                columns=columns, tests=tests, meta=meta(), tags=tags(), parents=parents, code=some(*_CODE),
                materialized={"seed": "seed", "snapshot": "snapshot"}.get(
                    kind, some("view", "ephemeral", "table", "incremental")
                ),
                unique_key=some((), ("id",)), strategy=some("", "check", "timestamp", "own"),
                table_columns=some(("id",), ("id", "x")),
                updated_at=some("", "x"), check_cols=some((), ("x",)), unit_tests=some(0, 1),
                access=some("public", "protected"), references=(ModelRef("m1", some(None, "1")),),
            )
        )  # fmt: skip
        above.append(models[-1].unique_id)
    names = [model.unique_id for model in models]

    def below() -> tuple[str, ...]:
        return tuple(draw.sample([*names, *above[:4]], draw.randint(0, 2)))

    return Project(
        "shop",
        Path(),
        tuple(models),
        sources,
        exposures=tuple(
            Exposure(f"exposure.shop.e{number}", f"e{number}", below(), "models/e.yml", description=words(),
                     owner_name=some("", "Ann"), owner_email=some("", "a@b.c"), meta=meta())
            for number in range(6)
        ),
        macros=tuple(_macros(some, meta, words)),
        semantic_models=tuple(
            SemanticModel(f"semantic_model.shop.s{number}", f"s{number}", below()) for number in range(4)
        ),
        unit_tests=(UnitTest("unit_test.shop.u", "u", (names[0],)),),
        tests=tuple(
            ProjectTest(f"test.shop.t{number}", f"t{number}", (names[0],), meta=meta(), tags=tags())
            for number in range(5)
        ),
        adapter="duckdb",
    )  # fmt: skip


def _macros(some: Any, meta: Any, words: Any) -> Iterator[Macro]:
    for number in range(6):
        name = some(f"c{number}", f"test_c{number}")
        yield Macro(
            f"macro.shop.{name}", name, path=some(f"macros/c{number}.sql", "macros/all.sql"),
            description=words(), arguments=tuple(Argument(each, "", words()) for each in some("", "a", "ab")),
            meta=meta(), used_by=some((), ("model.shop.m0",)),
            code=f"{{% macro {name}({some('', 'a', 'a, b')}) %}}" + some("", "\n1\n2\n") + "{% endmacro %}",
        )  # fmt: skip


def test_every_setting_is_of_a_check_that_there_is() -> None:
    assert set(BUILT_IN) == {check.name for check in CHECKS}
    assert set(OTHERWISE) <= set(BUILT_IN)
    assert evaluator.CHECKS
