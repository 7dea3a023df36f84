"""House rules in CEL: what they add to the judgement of a project.

    python benchmarks/house_rules.py [MANIFEST] [--rounds N] [--strict]

Ten rules over a thousand models of twenty columns each, made here: what all of them take together, the facts
that they ask included, on a project that nothing was asked of before. With MANIFEST, dbt's manifest.json
(`.gz` too): what sixty rules add to judging that project, as `floe compile` does; without one, of the project
made here. Seconds are of the processor, the smallest of the rounds; reading and checking the expressions
happens once in a process and is told apart. There is no peer: none takes expressions.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goals import Goals

from floe_engine.artifact.build import build
from floe_engine.artifact.platform import Platform
from floe_engine.manifest.house_rule import as_house_rule, house_rule, question, value
from floe_engine.manifest.root import Manifest
from floe_engine.policy.evaluate import evaluate
from floe_engine.policy.rules.house import HouseRule
from floe_engine.policy.view import View
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Column, DataTest, Model, Project, Source

RULES: tuple[dict[str, str], ...] = (
    {"when": "model.layer == 'gold'", "expr": "model.owner != null"},
    {"expr": "model.columns.exists(c, ['unique', 'not_null'].all(t, c.tests.exists(x, x.name == t)))"},
    {"expr": "model.columns.all(c, c.level != 'confidential' || 'pii' in c.tags)"},
    {"expr": "model.layer != 'gold' || model.parents.all(p, p.type != 'source')"},
    {"expr": "model.name.matches('^(bronze|silver|gold)_[a-z0-9_]+$')"},
    {"expr": "model.depth <= 12 && size(model.columns) <= 60"},
    {"expr": "!('hourly' in model.tags) || double(model.meta.?sla.orValue(999)) <= 24.0"},
    {"expr": "model.access != 'public' || model.columns.all(c, c.description != '')"},
    {"expr": "size(model.children) < 5 || model.materialized in ['table', 'incremental']"},
    {"expr": "model.description != '' && size(model.description) < 500"},
)
FEW_MS, MANY_MS = 50.0, 150.0


def platform(rules: int) -> Platform:
    """A platform with so many rules, each told apart by its id and by a number that changes nothing."""
    asked = [
        {**RULES[number % len(RULES)], "type": "cel", "id": f"rule-{number}", "severity": "warning"}
        for number in range(rules)
    ]
    for number, rule in enumerate(asked):
        rule["expr"] = f"({rule['expr']}) && model.name != '{number}'"
        rule["message"] = f"{{model.name}} does not hold to rule {number}"
    document: dict[str, Any] = {
        "apiVersion": "floe.dev/v1",
        "kind": "Manifest",
        "metadata": {"name": "acme", "version": "1.0.0", "scope": "enterprise"},
        "plugins": {"compute": {"type": "duckdb"}},
        "governance": {"custom_rules": asked},
    }
    return build(Manifest.read(document), (), created="2026-01-01T00:00:00Z").platform


def made(models: int, columns: int) -> Project:
    """A project in three layers, each model made of two before it."""
    listed = tuple(
        Column(f"column_{number}", "what it is", "text", {}, frozenset({"pii"} if number % 7 == 0 else ()))
        for number in range(columns)
    )
    tests = (
        DataTest("unique", "column_0"),
        DataTest("not_null", "column_0"),
        DataTest("not_null", "column_1"),
    )
    source = Source("source.made.raw.events", "raw", "events")
    ids = [f"model.made.{layer_of(number)}_{number}" for number in range(models)]
    return Project(
        "made",
        Path(),
        tuple(
            Model(
                unique_id,
                unique_id.rpartition(".")[2],
                f"models/{layer_of(number)}/m{number}.sql",
                description="what it is",
                columns=listed,
                tests=tests,
                meta={"owner": "core", "sla": 12},
                tags=frozenset({"daily"}),
                parents=(ids[number // 2], ids[number // 3]) if number else (source.unique_id,),
                code="select 1",
            )
            for number, unique_id in enumerate(ids)
        ),
        (source,),
    )


def layer_of(number: int) -> str:
    """The layer of a model of the project made here."""
    return ("bronze", "silver", "gold")[number % 3]


def timed(run: Callable[[], Any]) -> float:
    """Milliseconds of processor that one call takes."""
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1e3


def asked(on: Platform, project: Project) -> int:
    """Ask all house rules of a project; how many subjects were asked."""
    return len(list(HouseRule().examine(View(on, project))))


def read(path: Path) -> Project:
    """The project of a manifest."""
    data = path.read_bytes()
    return read_manifest(gzip.decompress(data) if path.suffix == ".gz" else data, Path("/nonexistent"))


def prepared(on: Platform) -> float:
    """Milliseconds that reading and checking all rules of a platform takes."""
    for kept in (house_rule, question, value):
        kept.cache_clear()
    rules = [{"when": r.when, "expr": r.expr, "message": r.message} for r in on.gates.custom_rules]
    return timed(lambda: [as_house_rule(rule) for rule in rules])


def main() -> None:
    """Print two figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=9)
    goals = Goals(parser)
    options = parser.parse_args()
    few, many, none = platform(10), platform(60), platform(0)
    project = made(1000, 20)
    print(f"reading and checking 60 rules: {prepared(many):.1f} ms")
    asked(few, project)
    took = min(timed(lambda: asked(few, project)) for _ in range(options.rounds))
    verdict = goals.at_most("10 rules of 1,000 models, ms", took, FEW_MS)
    print(f"10 rules × {len(project.models):,} models: {took:.1f} ms {verdict}")

    judged = read(options.manifest) if options.manifest else project
    evaluate(many, judged)
    pairs = [
        (timed(lambda: evaluate(many, judged)), timed(lambda: evaluate(none, judged)))
        for _ in range(options.rounds)
    ]
    with_them, without = (min(each) for each in zip(*pairs, strict=True))
    added = with_them - without + prepared(many)
    verdict = goals.at_most("what 60 rules add, ms", added, MANY_MS)
    columns = sum(len(model.columns) for model in judged.models)
    print(
        f"60 rules × {len(judged.models):,} models ({columns:,} columns): {added:.0f} ms added to "
        f"{without:.0f} ms {verdict}"
    )
    goals.end(options.strict)


if __name__ == "__main__":
    main()
