"""Comparing and judging two platforms, beside bare DeepDiff on the same parsed files.

    python benchmarks/diff.py [--rounds N]

Each round runs both, one after the other; the fastest round of each counts. DeepDiff is given the
parsed JSON and default options, which already misses what identity would tell it; `ignore_order`,
which it would need to be right, is far slower and not shown.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from typing import Any

from deepdiff import DeepDiff
from goals import Goals, version_of_package

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import LAYER_CONSTRAINTS, MANIFEST, NAMESPACES, QUALITY_GATES, SCHEMA_REGISTRY
from floe_engine.files import canonical_json
from floe_engine.upgrade.changes import diff
from floe_engine.upgrade.rules import classify

GOAL = 100.0
_HEAD = {"apiVersion": "floe.dev/v1", "platform": {"name": "acme", "version": "1.0.0"}}


def platform(leaves: int) -> dict[str, Any]:
    """The eight files of a platform with about `leaves` values."""
    waivers, columns, spaces = leaves // 10, leaves // 6, leaves // 30
    layers = [f"layer{n}" for n in range(20)]
    return {
        MANIFEST: {
            "apiVersion": "floe.dev/v1",
            "kind": "PlatformArtifact",
            "metadata": {
                "name": "acme",
                "version": "1.0.0",
                "created": "2026-01-01T00:00:00Z",
                "digest": f"sha256:{0:064}",
            },
            "plugins": {"compute": "duckdb"},
            "architecture": {"pattern": "custom", "enforcement": "strict"},
            "engine": {"minVersion": "0.1.0"},
            "files": {},
        },
        "policies/classification.json": {
            **_HEAD,
            "kind": "ClassificationPolicy",
            "levels": ["public", "internal", "pii"],
            "default": "internal",
        },
        "policies/access-control.json": {**_HEAD, "kind": "AccessPolicy", "roles": ["analyst"]},
        QUALITY_GATES: {
            **_HEAD,
            "kind": "QualityGates",
            "minimum_test_coverage": 80,
            "waivers": [
                {
                    "id": f"waiver-{n}",
                    "pattern": f"legacy_{n}_*",
                    "rules": ["FLOE-E201", "FLOE-E210"],
                    "reason": f"ticket {n}",
                    "owner": f"team-{n % 50}",
                    "expires": "2027-01-01",
                }
                for n in range(waivers)
            ],
        },
        NAMESPACES: {
            **_HEAD,
            "kind": "Namespaces",
            "namespaces": [f"space{n}" for n in range(spaces)],
            "grants": {f"space{n}": {"analyst": "READ"} for n in range(spaces)},
        },
        SCHEMA_REGISTRY: {
            **_HEAD,
            "kind": "SchemaRegistry",
            "requiredColumns": {
                layer: [{"name": f"column_{n}", "type": "text"} for n in range(columns // len(layers))]
                for layer in layers
            },
        },
        "architecture/naming-rules.json": {**_HEAD, "kind": "NamingRules", "pattern": "custom"},
        LAYER_CONSTRAINTS: {
            "_meta": {**_HEAD, "order": layers},
            **{layer: {"required_tests": ["not_null_pk"]} for layer in layers},
        },
    }


def changed(files: dict[str, Any]) -> dict[str, Any]:
    """The same with about one value in a hundred changed, and a few things added and removed."""
    new = copy.deepcopy(files)
    for waiver in new[QUALITY_GATES]["waivers"][::17]:
        waiver["expires"] = "2027-06-30"
    for columns in new[SCHEMA_REGISTRY]["requiredColumns"].values():
        for column in columns[::40]:
            column["type"] = "integer"
    del new[QUALITY_GATES]["waivers"][0]
    new[NAMESPACES]["namespaces"].insert(0, "first")
    new[QUALITY_GATES]["minimum_test_coverage"] = 90
    return new


def leaves_of(value: Any) -> int:
    """How many values a document holds."""
    if isinstance(value, dict):
        return sum(map(leaves_of, value.values()))
    return sum(map(leaves_of, value)) if isinstance(value, list) else 1


def packed(files: dict[str, Any]) -> Artifact:
    """Documents as an artifact."""
    return Artifact({path: canonical_json(document) for path, document in files.items()})


def parsed(artifact: Artifact) -> Artifact:
    """The artifact afresh, with its JSON parsed (as DeepDiff is given it) and nothing else done."""
    fresh = Artifact(artifact.files)
    assert fresh.documents
    return fresh


def timed(run: Callable[[], Any]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    goals = Goals(parser)
    options = parser.parse_args()
    rounds = options.rounds
    goals.peer("deepdiff", version_of_package("deepdiff"))
    print(f"{'leaves':>8}  {'what':<32} {'ms':>9}  {'DeepDiff ms':>11}  {'ratio':>7}")
    for size in (10_000, 100_000):
        files = platform(size)
        old, new = packed(files), packed(changed(files))
        best: dict[str, float] = {}

        def note(what: str, run: Callable[[], Any], best: dict[str, float] = best) -> None:
            best[what] = min(best.get(what, float("inf")), timed(run))

        found = 0
        for number in range(rounds):
            one, other = parsed(old), parsed(new)
            note("diff", lambda one=one, other=other: diff(one, other))
            typed = one.platform, other.platform
            note(
                "diff + classify",
                lambda one=one, other=other, typed=typed: classify(diff(one, other), *typed),
            )
            one, other = Artifact(old.files), Artifact(new.files)
            note(
                "parse, read, diff, classify",
                lambda one=one, other=other: classify(diff(one, other), one.platform, other.platform),
            )
            if size <= 10_000 or number < 2:  # five to ten seconds each
                note("DeepDiff", lambda one=one, other=other: DeepDiff(one.documents, other.documents))
            found = len(diff(one, other))
        peer = best.pop("DeepDiff")
        total = sum(map(leaves_of, old.documents.values()))
        for what, seconds in best.items():
            print(
                f"{total:>8,}  {what:<32} {seconds * 1e3:>9.1f}  {peer * 1e3:>11.0f}  {peer / seconds:>6.0f}×"
            )
        ratio = peer / best["diff + classify"]
        verdict = goals.at_least(f"diff + classify of {total:,} leaves", ratio, GOAL)
        print(f"{'':>8}  {found:,} changes; diff + classify {ratio:.0f}× {verdict}")
    goals.end(options.strict)


if __name__ == "__main__":
    main()
