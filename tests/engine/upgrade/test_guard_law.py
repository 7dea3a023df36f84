"""The law of the guard: what a version calls minor breaks neither a project nor a platform below.

`LIES` are changes that once went out as minor and broke the project beside them, each as small as
it gets; the property test looks for more of their kind among generated platforms, changes,
projects and children.
"""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from floe_engine.manifest.declarations import settings as declared
from floe_engine.manifest.laws import Unheld
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.reads import PLACEMENT
from floe_engine.project.facts import Column, DataTest, Model, Project
from floe_engine.upgrade.impact import impact
from floe_engine.upgrade.rules import Assessment, compare
from tests.engine.variations import (
    ACCESS,
    CATALOGUE,
    CLASSES,
    DOMAIN,
    EDITS,
    ENTERPRISE,
    GATES,
    LAYERS,
    NAMING,
    PLAIN,
    SCHEMAS,
    SOURCE,
    TODAY,
    UNSET,
    VALUES,
    Edit,
    compiled,
    edited,
    project,
)  # fmt: skip


def model(name: str, path: str | None = None, parents: tuple[str, ...] = (), **fields: Any) -> Model:
    above = tuple(f"model.shop.{parent}" for parent in parents)
    return Model(f"model.shop.{name}", name, path or f"models/{name}.sql", parents=above, **fields)


def whole(name: str, **fields: Any) -> Model:
    """A model that the medallion defaults have nothing against."""
    complete: dict[str, Any] = {
        "columns": (Column("id", "d"),),
        "tests": (
            DataTest("not_null", "id"),
            DataTest("unique", "id"),
            DataTest("dbt_utils.recency", arguments={"field": "t"}),
        ),
        "description": "d",
    }
    return model(name, **{**complete, **fields})


def of(*models: Model) -> Project:
    return Project("shop", Path(), models, (SOURCE,), adapter="duckdb")


@lru_cache(4000)
def judged(text: str, seed: int) -> Evaluation:
    artifact = compiled(text)[1]
    assert artifact is not None
    return evaluate(artifact.platform, project(seed), today=TODAY)


def assessed(old: str, new: str) -> Assessment | None:
    """What the guard says of the step; None where one of the two is not valid."""
    before, after = compiled(old)[1], compiled(new)[1]
    return compare(before, after, plugins=CATALOGUE) if before and after else None


# --- the lies of old ---------------------------------------------------------------------------

STRICT = (f"{NAMING}.enforcement", "strict")
ANALYST = {"select": ("analyst",)}
PERMISSIONS = f"{ACCESS}.permissions"
READ = {"role": "analyst", "namespaces": ["gold"], "access": "READ"}
NO_TESTS = (
    *((f"{LAYERS}.{layer}.required_tests", []) for layer in ("bronze", "silver", "gold")),
    (f"{GATES}.minimum_test_coverage", 0),
)
LEVELS = ["public", "internal", "confidential", "pii", "phi"]
PII = frozenset({"pii"})
MOVED = model("a", "models/x/a.sql", schema="gold", grants=ANALYST)
LAX = (f"{GATES}.block_on_failure", False)


def off(rule: str) -> Edit:
    return ("governance.rules", {rule: {"enforcement": "off"}})


LIES: dict[str, tuple[tuple[Edit, ...], tuple[Edit, ...], Project]] = {
    "a layer with a prefix": (
        (),
        ((f"{LAYERS}.mart.prefix", "stg_"), (f"{LAYERS}.mart.required_tests", ["not_null_pk"])),
        of(model("stg_a")),
    ),
    "a layer named like a folder": (
        (), ((f"{LAYERS}.mart.required_tests", ["documentation"]),), of(model("a", "models/mart/a.sql")),
    ),
    "a layer with a minimum": (
        ((f"{GATES}.minimum_test_coverage", 0),),
        ((f"{LAYERS}.mart.minimum_test_coverage", 50),),
        of(model("a", "models/mart/a.sql", columns=(Column("x"),))),
    ),
    "a layer by path": (
        (),
        ((f"{LAYERS}.mart.paths", ["x"]), (f"{LAYERS}.mart.required_tests", ["unique_pk"])),
        of(model("a", "models/x/a.sql")),
    ),
    "a layer of its own namespace": (
        (), ((f"{LAYERS}.mart.paths", ["x"]),), of(MOVED),
    ),
    "a folder of a forbidden layer": (
        (LAX, (f"{CLASSES}.rules.pii.forbidden_layers", ["bronze"])),
        ((f"{LAYERS}.bronze.paths", ["landing"]),),
        of(model("a", "models/landing/a.sql", tags=PII)),
    ),
    "a folder of another namespace": (
        (LAX,), ((f"{LAYERS}.bronze.paths", ["x"]),), of(MOVED),
    ),
    "a level that tags already name": (
        (), ((f"{CLASSES}.levels", [*LEVELS, "secret"]),),
        of(model("a", tags=frozenset({"secret"}), access="public", contract_enforced=True)),
    ),
    "a level that columns already name": (
        ((f"{CLASSES}.propagation.enforcement", "strict"),),
        ((f"{CLASSES}.levels", [*LEVELS, "secret"]),),
        of(
            model("b", columns=(Column("x", tags=frozenset({"secret"})),), tests=(DataTest("my", "x"),)),
            model("c", parents=("b",), columns=(Column("x"),), tests=(DataTest("my", "x"),)),
        ),
    ),
    "a level with demands": (
        (),
        ((f"{CLASSES}.levels", [*LEVELS, "secret"]), (f"{CLASSES}.rules.secret.requires_meta", ["owner"])),
        of(model("a", tags=frozenset({"secret"}))),
    ),
    "another prefix, naming warned about": ((), ((f"{LAYERS}.bronze.prefix", "stg_"),), of(model("stg_a"))),
    "another prefix, another namespace": (
        (), ((f"{LAYERS}.gold.prefix", "g_"),), of(whole("gold_a", grants=ANALYST)),
    ),
    "a second prefix": ((), ((f"{LAYERS}.gold.prefixes", ["gold_", "mart_"]),), of(model("mart_a"))),
    "a second prefix of a forbidden layer": (
        (*NO_TESTS, (f"{CLASSES}.rules.pii.forbidden_layers", ["gold"])),
        ((f"{LAYERS}.gold.prefixes", ["gold_", "x_"]),),
        of(model("x_b", tags=PII)),
    ),
    "a second prefix between layers": (
        (*NO_TESTS, STRICT, off("FLOE-E201")),
        ((f"{LAYERS}.bronze.prefixes", ["bronze_", "x_"]),),
        of(model("gold_a", parents=("x_b",)), model("x_b", "models/silver/b.sql")),
    ),
    "the first expression": ((STRICT,), ((f"{NAMING}.custom_patterns", ["gold_.*"]),), of(whole("silver_a"))),
    "the last expression, its rule off": (
        (STRICT, off("FLOE-E203"), (f"{NAMING}.custom_patterns", ["x_.*"])),
        ((f"{NAMING}.custom_patterns", []),),
        of(model("x_a")),
    ),
    "a test for which another rule stepped aside": (
        ((f"{GATES}.require_descriptions", True), off("FLOE-E233")),
        ((f"{LAYERS}.gold.required_tests", []),),
        of(whole("gold_a", description="")),
    ),
    "a contract for which another rule stepped aside": (
        (
            (f"{SCHEMAS}.require_contract", ["gold"]),
            (f"{GATES}.required_tests", ["contract"]),
            off("FLOE-E235"),
        ),
        ((f"{GATES}.required_tests", []),),
        of(whole("gold_a")),
    ),
    "a permission for everything taken": (
        (*NO_TESTS, (PERMISSIONS, [{"role": "analyst", "access": "READ"}])),
        ((PERMISSIONS, []),),
        of(model("bronze_a", grants=ANALYST)),
    ),
    "a permission for everything made one for a place": (
        (*NO_TESTS, (PERMISSIONS, [{"role": "analyst", "access": "ADMIN"}])),
        ((PERMISSIONS, [READ]),),
        of(model("bronze_a", grants=ANALYST)),
    ),
    "a permission by level beside one by place": (
        (*NO_TESTS, (PERMISSIONS, [READ])),
        ((PERMISSIONS, [READ, {"role": "analyst", "levels": ["public"], "access": "READ"}]),),
        of(model("gold_a", grants=ANALYST)),
    ),
    "the first permission where all is allowed": (
        (*NO_TESTS, (f"{ACCESS}.default", "allow"), (PERMISSIONS, [])),
        ((PERMISSIONS, [READ]),),
        of(model("bronze_a", grants=ANALYST)),
    ),
    "the first grant where all is allowed": (
        (*NO_TESTS, (f"{ACCESS}.default", "allow"), (PERMISSIONS, [])),
        (("catalog.namespaces", [{"name": "gold", "grants": [{"role": "analyst", "access": "READ"}]}]),),
        of(model("bronze_a", grants=ANALYST)),
    ),
    "an inherited role where all is allowed": (
        (
            *NO_TESTS,
            (f"{ACCESS}.default", "allow"),
            (f"{ACCESS}.roles", {"analyst": {}, "admin": {}}),
            (PERMISSIONS, [{**READ, "role": "admin"}]),
        ),
        ((f"{ACCESS}.roles", {"analyst": {"inherits": ["admin"]}, "admin": {}}),),
        of(model("bronze_a", grants=ANALYST)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_change_that_breaks_a_project_is_breaking(name: str) -> None:
    before, change, product = LIES[name]
    old, new = edited(PLAIN, before), edited(PLAIN, (*before, *change))
    found = assessed(old, new)
    assert found is not None
    assert found.required == "major"
    artifacts = [compiled(text)[1] for text in (old, new)]
    passed = [evaluate(each.platform, product, today=TODAY).passed for each in artifacts if each]
    assert passed == [True, False], "the example shows a break"


# --- alarms that were false ---------------------------------------------------------------------

OWNED = {"type": "require_meta_field", "field": "owner", "id": "owned"}
TAGGED = {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["daily", "x"]}
TESTED = {"type": "require_tests_of_type", "test_types": ["unique"], "min_count": 2}
HARMLESS = {
    "a custom rule is renamed": (OWNED, {**OWNED, "id": "has_owner"}),
    "a custom rule wants one tag less": (TAGGED, {**TAGGED, "tags": ["x"]}),
    "a custom rule counts another kind of test": (TESTED, {**TESTED, "test_types": ["unique", "mine"]}),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_of_a_custom_rule_brings_no_new_finding(name: str) -> None:
    texts = [edited(PLAIN, (("governance.custom_rules", [rule]),)) for rule in HARMLESS[name]]
    found = assessed(*texts)
    assert found is not None and found.required in ("patch", "minor")
    product = of(model("gold_a"))
    before, after = (
        evaluate(each.platform, product, today=TODAY) for text in texts if (each := compiled(text)[1])
    )
    assert not before.passed
    assert not impact(before, after, found).of("new", "worsened")


def test_no_minimum_of_a_level_and_one_of_nothing_are_the_same() -> None:
    path = f"{CLASSES}.rules.pii.minimum_test_coverage"
    for old, new in ((0, UNSET), (UNSET, 0)):
        found = assessed(edited(PLAIN, ((path, old),)), edited(PLAIN, ((path, new),)))
        assert found is not None and found.entries == ()


def test_what_belongs_to_a_layer_is_named() -> None:
    found = assessed(edited(PLAIN, ()), edited(PLAIN, ((f"{LAYERS}.bronze.paths", ["landing"]),)))
    assert found is not None
    assert [entry.sentence for entry in found.entries] == ["what belongs to layer bronze changed: landing"]


def test_a_grant_of_everything_is_a_change_that_touches_security() -> None:
    everything = (PERMISSIONS, [{"role": "analyst", "access": "ADMIN"}])
    found = assessed(edited(PLAIN, ((PERMISSIONS, []),)), edited(PLAIN, (everything,)))
    assert found is not None
    assert [entry.rule.id for entry in found.security] == ["ACC003"]


# --- the law -----------------------------------------------------------------------------------

RICH: tuple[Edit, ...] = (
    (f"{CLASSES}.rules.pii.forbidden_layers", ["bronze"]),
    (f"{CLASSES}.rules.internal.forbidden_layers", ["gold"]),
    (f"{CLASSES}.rules.pii.requires_meta", ["owner"]),
    (f"{CLASSES}.propagation.enforcement", "strict"),
    (f"{GATES}.require_descriptions", True),
    (f"{SCHEMAS}.required_columns", {"bronze": [{"name": "loaded_at"}]}),
    (f"{SCHEMAS}.require_contract", ["gold"]),
)
"""Demands by which every family of rules has something to say."""

GATED: tuple[tuple[Edit, ...], ...] = ((), (LAX,), (STRICT,), ((f"{NAMING}.enforcement", "off"), LAX))

SECTIONS = sorted({path.rpartition(".")[0] for path in VALUES})
EDIT = (
    st.sampled_from(SECTIONS)
    .flatmap(lambda section: st.sampled_from([p for p in VALUES if p.rpartition(".")[0] == section]))
    .flatmap(lambda path: st.sampled_from([edit for edit in EDITS if edit[0] == path]))
)


def breaks(old: str, new: str, seed: int) -> list[str]:
    """What stops a project's build after a change that does not need a major version."""
    found = assessed(old, new)
    if found is None or found.required == "major":
        return []
    effects = impact(judged(old, seed), judged(new, seed)).breaking
    rules = sorted({f"{entry.rule.id}:{entry.bump}" for entry in found.entries})
    return [f"{', '.join(rules)} brings {each.finding.rule} {each.finding.message}" for each in effects[:2]]


@settings(
    max_examples=150,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    st.sampled_from(GATED),
    st.booleans(),
    st.lists(EDIT, max_size=1),
    st.lists(EDIT, min_size=1, max_size=2),
    st.integers(0, 3),
)
def test_only_a_breaking_version_breaks_a_project(
    gate: tuple[Edit, ...], rich: bool, base: list[Edit], change: list[Edit], seed: int
) -> None:
    before = (*gate, *(RICH if rich else ()), *base)
    old, new = edited(PLAIN, before), edited(PLAIN, (*before, *change))
    assert breaks(old, new, seed) == []


def _random_steps(count: int) -> list[tuple[str, str, Edit]]:
    draw = random.Random(5)
    steps = []
    while len(steps) < count:
        path = draw.choice(tuple(VALUES))
        old, new, child = (draw.choice((*VALUES[path], UNSET)) for _ in range(3))
        gate = draw.choice(GATED)
        texts = [edited(ENTERPRISE, (*gate, (path, value))) for value in (old, new)]
        if texts[0] != texts[1] and all(compiled(text)[1] for text in texts):
            steps.append((*texts, (path, child)))
    return steps


def test_a_domain_compiles_after_every_version_of_its_parent_that_is_not_breaking() -> None:
    broken = []
    for old, new, edit in _random_steps(250):
        child = edited(DOMAIN, (edit,))
        found = assessed(old, new)
        assert found is not None
        if found.required != "major" and compiled(child, old)[1] is not None:
            checked, artifact = compiled(child, new)
            if artifact is None:
                broken.append((edit, [e.rule.id for e in found.entries], checked.errors[0].message))
    assert broken == []


BY_PLACE = frozenset(rule.id for rule in every_rule() if set(PLACEMENT) & set(rule.reads))
"""Rules that ask by where a model is. A layer of a domain's own is the domain's: a model that the parent has
in no layer comes into one by it, and into a namespace, where the parent's grants to every namespace hold."""


def taken_in(model: str, above: Evaluation, below: Evaluation) -> bool:
    """Whether a model that the parent has in no layer is in one of its domain."""
    return above.layers.get(model) is None and below.layers.get(model) is not None


COVERAGE = frozenset({"FLOE-E210", "FLOE-E211", "FLOE-E212"})
"""One demand, of the project, a layer or a model: where a domain asks it of each model, a layer that falls
short is told as its models."""


def test_what_stops_a_build_under_a_parent_stops_it_under_its_domain() -> None:
    own_choice = {".".join(each.path) for each in declared() if isinstance(each.law, Unheld)}
    lost = []
    for above, _, edit in _random_steps(60):
        if edit[0].replace(".bronze.", ".*.").replace(".gold.", ".*.").replace(".mart.", ".*.") in own_choice:
            continue
        child = compiled(edited(DOMAIN, (edit,)), above)[1]
        if child is None:
            continue
        seen = evaluate(child.platform, project(2), today=TODAY)
        below = {(f.rule, f.subject, f.parameter) for f in seen.blocking}
        theirs = judged(above, 2)
        lost += [
            (edit, finding.message)
            for finding in theirs.blocking
            if (finding.rule, finding.subject, finding.parameter) not in below
            and not (finding.rule in COVERAGE and any(rule in COVERAGE for rule, _, _ in below))
            and not (finding.rule in BY_PLACE and taken_in(theirs.asked_of(finding), theirs, seen))
        ][:1]
    assert lost == []
