"""Every suggestion is followed to the word: its finding is gone, and no other one is there.

The corpus is made by chance: platforms of a few settings each, and projects that are good and bad in many
ways. What a suggestion means to somebody who reads it says `followed`, which knows the words alone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from zlib import crc32

from msgspec import structs

from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.finding import Finding
from floe_engine.project.facts import Column, DataTest, Group, Model, Project
from tests.engine.policy.followed import follow
from tests.engine.variations import (
    ACCESS,
    CLASSES,
    EDITS,
    GATES,
    LAYERS,
    NAMING,
    PLAIN,
    RESOURCES,
    SCHEMAS,
    TODAY,
    Edit,
    artifact_of,
    project,
)  # fmt: skip

MORE_EDITS: tuple[Edit, ...] = (
    *(
        (f"{GATES}.required_tests", [name])
        for name in ("relationships", "freshness", "unit_test", "contract", "my_test")
    ),
    (f"{GATES}.require_descriptions", True),
    (f"{GATES}.require_column_descriptions", True),
    (f"{GATES}.require_declared_columns", True),
    (f"{GATES}.require_sources", True),
    (f"{GATES}.max_parents", 2),
    (f"{GATES}.max_parents", 3),
    (f"{GATES}.coverage_scope", "layer"),
    (f"{GATES}.coverage_scope", "project"),
    (f"{GATES}.zero_column_behavior", "fail"),
    (f"{CLASSES}.require_declared", True),
    (f"{CLASSES}.rules.pii.minimum_test_coverage", 90),
    (f"{CLASSES}.propagation.mode", "column"),
    (f"{CLASSES}.propagation.mode", "model"),
    (f"{CLASSES}.rules.pii.forbidden_layers", ["gold", "silver"]),
    (f"{SCHEMAS}.column_case", "snake"),
    (f"{SCHEMAS}.reserved_columns", ["amount", "id"]),
    (f"{SCHEMAS}.require_contract", ["gold", "silver"]),
    (f"{SCHEMAS}.require_data_types", True),
    (f"{SCHEMAS}.required_columns", {"silver": [{"name": "loaded_at", "type": "timestamp"}]}),
    (f"{SCHEMAS}.type_rules", [{"pattern": ".*_at", "type": "timestamp"}, {"pattern": "id", "type": "text"}]),
    (f"{NAMING}.enforcement", "strict"),
    (f"{LAYERS}.bronze.required_tests", []),
    (f"{LAYERS}.silver.may_depend_on", ["bronze"]),
    (f"{ACCESS}.roles", {"analyst": {}, "admin": {}, "guest": {}}),
    (
        "governance.custom_rules",
        [
            {"type": "require_meta_field", "field": "owner"},
            {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["daily"]},
        ],
    ),
    (
        "governance.custom_rules",
        [
            {
                "id": "no-t",
                "type": "cel",
                "subject": "model",
                "expr": "!model.name.matches('^(bronze|silver)_t[0-9]$')",
                "message": "no t",
                "examples": {"pass": [{"name": "a"}], "fail": [{"name": "bronze_t1"}]},
            }
        ],
    ),
)

OLDER = [edit for edit in EDITS if not edit[0].startswith(RESOURCES) and "materializations" not in edit[0]]
"""Without what is about resources of all kinds: see `test_advice_of_resources`."""

ELSEWHERE = {
    "FLOE-E206": "reading with dbt",
    "FLOE-E253": "reading with dbt",
    "FLOE-E254": "reading with dbt",
    "FLOE-E283": "the platform team's own words",
    "FLOE-E284": "the platform's rule",
    "FLOE-E290": "a waiver",
    "FLOE-E291": "a waiver",
    "FLOE-E292": "a waiver",
    "FLOE-E293": "a waiver",
}
"""Rules whose suggestion is about no fact of the project."""

SILENT = {"FLOE-E239"}
"""Rules that suggest nothing: what they tell may be wanted."""

_CODE = (
    "",
    "",
    "select 1 as id, 'x' as email, 2 as amount",
    "select id, email from raw.crm.people",
    "select id, amount, 1 as extra, now() as loaded_at from {{ source('raw', 'orders') }}",
)


@lru_cache
def varied(seed: int) -> Project:
    """A project of `variations` with more of what rules look at."""
    draw = random.Random(seed)
    base = project(seed, 8)
    models: list[Model] = []
    for model in base.models:
        above = [SOURCE_ID, *(each.unique_id for each in models)]
        idle = (DataTest("not_null", "id", idle="where: 1 = 0 is true of no row"),)
        pair = DataTest(
            "dbt_utils.unique_combination_of_columns", arguments={"combination_of_columns": ["id", "x"]}
        )
        some = draw.random() < 0.3 and model.resource_type == "model"
        models.append(
            structs.replace(
                model,
                parents=tuple(draw.sample(above, min(len(above), draw.randint(2, 4))))
                if some
                else model.parents,
                code=draw.choice(_CODE) if model.resource_type == "model" else "",
                language="python" if draw.random() < 0.1 else "sql",
                idle_tests=idle if draw.random() < 0.1 else (),
                tests=(*model.tests, pair) if draw.random() < 0.1 else model.tests,
                properties_path=None if draw.random() < 0.1 and not model.columns else model.properties_path,
                checksum=model.name,
            )
        )
    groups = (Group("shop", draw.choice(("", "ann"))),)
    sources = tuple(
        structs.replace(source, has_freshness=draw.random() < 0.5, columns=(*source.columns, Column("phone")))
        for source in base.sources
    )
    return structs.replace(base, models=tuple(models), sources=sources, groups=groups)


SOURCE_ID = "source.shop.raw.orders"


HOUSE_RULES = (
    ("model", "model.layer != 'gold' || model.parents.all(p, p.layer == 'silver')"),
    ("model", "model.layer != 'silver' || size(model.columns) > 0"),
    ("model", "model.level != 'pii' || model.layer == 'bronze'"),
    ("model", "size(model.name) < 14"),
    ("model", "!model.path.contains('_t')"),
    ("model", "model.children.all(c, c.layer != 'bronze')"),
    ("model", "model.parents.all(p, p.parents.all(q, q.level != 'pii'))"),
    ("model", "model.columns.all(c, c.description != '' || c.name == 'id')"),
    ("column", "size(column.name) > 2"),
    ("column", "column.level != 'pii' || size(column.tests) > 0"),
    ("column", "!column.name.matches('_at$') || column.data_type == 'timestamp'"),
    ("column", "model.layer != 'gold' || column.description != ''"),
    ("source", "source.children.all(c, c.layer == 'bronze')"),
    ("source", "source.level != 'pii' && source.columns.all(c, c.level != 'pii')"),
    ("project", "size(project.models.filter(m, m.layer == 'bronze')) < 4"),
    ("project", "project.models.all(m, m.level != 'pii')"),
    ("seed", "seed.children.all(c, c.layer == 'silver')"),
    ("exposure", "exposure.parents.all(p, p.layer == 'gold')"),
)
"""Subjects and what is asked of them: of names, layers, levels and columns, also of what lies around."""


def some(seed: int, edits: Sequence[Edit], count: int) -> list[Edit]:
    """So many of some edits by chance, which one setting more leaves to most seeds as they were."""
    return sorted(edits, key=lambda edit: crc32(f"{seed} {edit}".encode()))[:count]


@lru_cache
def house_of(seed: int) -> Platform | None:
    """The same with some rules of its own, and fewer others."""
    draw = random.Random(seed)
    rules = [
        {"id": f"r{n}", "type": "cel", "subject": subject, "expr": expr, "message": "no"}
        for n, (subject, expr) in enumerate(draw.sample(HOUSE_RULES, draw.randint(1, 2)))
    ]
    others = [edit for edit in MORE_EDITS if edit[0] != "governance.custom_rules"]
    edits = [*some(seed, OLDER, draw.randint(1, 3)), *some(seed, others, draw.randint(1, 3))]
    artifact = artifact_of(PLAIN, *edits, ("governance.custom_rules", rules))
    return artifact.platform if artifact is not None else None


@lru_cache
def platform_of(seed: int) -> Platform | None:
    """A platform of a few settings by chance; None where they contradict each other."""
    draw = random.Random(seed)
    edits = [*some(seed, OLDER, draw.randint(1, 5)), *some(seed, MORE_EDITS, draw.randint(1, 5))]
    artifact = artifact_of(PLAIN, *edits)
    return artifact.platform if artifact is not None else None


Known = set[tuple[str, str, str]]


def told(evaluation: Evaluation, renamed: dict[str, str]) -> Known:
    """Findings as rule, subject and parameter, everything under its old name."""

    def old(name: str) -> str:
        head, _, column = name.rpartition(".")
        return renamed.get(name) or (f"{renamed[head]}.{column}" if head in renamed else name)

    return {(f.rule, old(f.subject), renamed.get(f.parameter, f.parameter)) for f in evaluation.findings}


def outcomes(
    seeds: range, platforms: Callable[[int], Platform | None] = platform_of
) -> Iterator[tuple[int, Finding, str]]:
    """Every finding of some seeds, with what is wrong with its suggestion; empty where nothing is."""
    for seed in seeds:
        platform, of = platforms(seed), varied(seed)
        if platform is None:
            continue
        before = evaluate(platform, of, today=TODAY)
        known = told(before, {})
        for finding in before.findings:
            if finding.rule in ELSEWHERE or finding.parameter == "unread":
                continue
            if not finding.suggestion:
                yield seed, finding, "none"
                continue
            after, renamed = follow(platform, of, finding)
            there = told(evaluate(platform, after, today=TODAY), renamed)
            stays = (finding.rule, finding.subject, finding.parameter) in there
            yield seed, finding, "it stays" if stays else ", ".join(map(str, sorted(there - known)))


def test_what_is_suggested_resolves_the_finding_and_raises_no_other() -> None:
    """Takes seconds: it judges a project anew for every finding of hundreds of them."""
    wrong, follows = [], Counter[str]()
    for seed, finding, problem in outcomes(range(240)):
        follows[finding.rule] += problem != "none"
        if problem not in ("", "none"):
            wrong.append((seed, finding.rule, finding.subject, finding.suggestion, problem))
    assert wrong == []
    asked = {rule.id for rule in every_rule() if rule.id < "FLOE-E3"} - ELSEWHERE.keys() - SILENT
    assert {rule for rule in asked if not follows[rule]} == set()


def test_what_is_suggested_raises_nothing_by_the_platform_s_own_rules() -> None:
    """Nor is it withheld where they allow it: a name, a layer, a level, a column."""
    wrong, follows = [], Counter[str]()
    for seed, finding, problem in outcomes(range(80), house_of):
        follows[finding.rule] += problem != "none"
        if problem not in ("", "none"):
            wrong.append((seed, finding.rule, finding.subject, finding.suggestion, problem))
    assert wrong == []
    assert {"FLOE-E201", "FLOE-E204", "FLOE-E242", "FLOE-E251", "FLOE-E270", "FLOE-E272"} <= {
        rule for rule, count in follows.items() if count
    }
