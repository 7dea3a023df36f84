"""What dbt's own catalog tells of tables: `dbt docs generate`, read back and judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.policy.evaluate import evaluate
from floe_engine.project.reading import read_project
from tests.engine.policy.samples import platform
from tests.interop.dbt import run_dbt

pytestmark = pytest.mark.interop

FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models]\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, threads: 1}}}\n",
    "seeds/codes.csv": "code,label\n1,a\n",
    "models/s.yml": "sources:\n"
    "- {name: raw, schema: main, tables: [{name: codes, columns: [{name: CODE}]}, {name: never_there}]}\n"
    "seeds: [{name: codes, columns: [{name: code}]}]\n"
    "models: [{name: m, columns: [{name: code}]}]\n",
    "models/m.sql": "-- depends_on: {{ ref('codes') }}\nselect * from {{ source('raw', 'codes') }}\n",
}

ASKED = {
    "governance__documentation": {"complete_columns": ["seed", "source"]},
    "governance__quality_gates": {"require_declared_columns": True},
}


def test_columns_that_only_the_warehouse_knows_are_asked_for(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    """Of sources and seeds, and of a model that takes all of a source's; without a catalog it is said."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    rules = ["FLOE-E304", "FLOE-E224"]

    def told() -> dict[str, str]:
        found = evaluate(platform(**ASKED), read_project(tmp_path, reader="static"), select=rules).findings
        return {each.subject: each.message for each in found}

    before = told()
    assert before["shop"] == (
        "the columns of codes and 2 others were not judged: there is no target/catalog.json"
    )
    assert "may have more columns than it declares" in before["m"]
    run_dbt(require_binary("dbt"), tmp_path, "seed", "--profiles-dir", ".")
    run_dbt(require_binary("dbt"), tmp_path, "docs", "generate", "--profiles-dir", ".")
    assert told() == {
        "codes": "codes has label, which nothing declares",
        "raw.codes": "raw.codes has label, which nothing declares",
        "m": "m makes label, which nothing declares",
        "shop": "the columns of raw.never_there were not judged: target/catalog.json does not have it",
    }
