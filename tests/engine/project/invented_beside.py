"""What stands beside the nodes of an invented project, in what dbt has had since 1.8: semantic models,
metrics, functions, unit tests of every form, microbatches, owners of every kind, described singular tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.engine.project.invented import Inventing


def stand_beside(make: Inventing) -> None:
    """Add some of each."""
    for way in (_semantics, _functions, _unit_tests, _odd_models, _odd_owners, _described, _odd_snapshots):
        if make.maybe(0.6):
            way(make)


def _meta(make: Inventing, entry: dict[str, Any], share: float = 0.4) -> dict[str, Any]:
    """Meta and tags, beside the config or in it, or not at all."""
    config: dict[str, Any] = {}
    if make.maybe(share):
        config["meta"] = make.pick({"c": 1}, {"owner": "x", "deep": {"a": [1]}})
    if make.maybe(share):
        config["tags"] = make.pick("one", ["one", "two"])
    return {**entry, "config": config} if config else entry


def _semantics(make: Inventing) -> None:
    folder = make.models_folder
    spine = {
        "name": "spine",
        "time_spine": {"standard_granularity_column": "day"},
        "columns": [{"name": "day", "granularity": "day"}],
    }
    make.files[f"{folder}/spine.sql"] = "select cast('2024-01-01' as date) as day\n"
    make.describe("models", folder, spine)
    model = make.pick("ref('base_0')", 'ref("base_1")', "ref('invented', 'base_0')")
    entry: dict[str, Any] = {
        "name": "orders_of_it",
        "model": model,
        "entities": [{"name": "it", "type": "primary", "expr": "id"}],
        "dimensions": [
            {"name": "ts", "type": "time", "type_params": {"time_granularity": "day"}, "expr": "ts"},
            {"name": "name", "type": "categorical"},
        ],
        "measures": [{"name": "many", "agg": "count", "expr": "id", "create_metric": make.maybe()}],
        "defaults": {"agg_time_dimension": "ts"},
    }
    if make.maybe():
        entry["description"] = make.pick("About orders.", "{{ doc('some_doc') }}")
    if make.maybe(0.3):
        entry["config"] = make.pick({"enabled": True}, {"meta": {"m": 1}}, {"group": "finance"})
    make.describe("semantic_models", folder, entry)
    metric = {
        "name": "how_many",
        "label": "How many",
        "type": "simple",
        "type_params": {"measure": "many"},
        "filter": "{{ Dimension('it__name') }} = 'a'",
    }
    make.describe("metrics", folder, _meta(make, metric))
    saved = {
        "name": "saved",
        "query_params": {"metrics": ["how_many"], "group_by": ["TimeDimension('metric_time', 'day')"]},
    }
    make.describe("saved_queries", folder, saved)
    if make.maybe():
        board = {"name": "of_a_metric", "type": "dashboard", "owner": {"name": "x"}}
        make.describe("exposures", folder, {**board, "depends_on": ["metric('how_many')", "ref('base_1')"]})


def _functions(make: Inventing) -> None:
    """User-defined functions (dbt 1.11)."""
    make.files["functions/is_positive.sql"] = (
        f"select 1 from {make.base()}\n" if make.maybe(0.3) else "a > 0\n"
    )
    entry = {
        "name": "is_positive",
        "description": "Whether it is.",
        "arguments": [{"name": "a", "data_type": "integer", "description": "Any."}],
        "returns": {"data_type": "boolean"},
    }
    make.describe("functions", "functions", entry)
    make.files[f"{make.models_folder}/positive.sql"] = (
        f"select {{{{ function('is_positive') }}}}(id) as id from {{{{ {make.relation()} }}}}\n"
    )
    make.names.append("positive")


def _unit_tests(make: Inventing) -> None:
    folder = make.models_folder
    make.files["tests/fixtures/some_rows.csv"] = "id,name\n1,a\n"
    given: Callable[[], dict[str, Any]] = lambda: make.pick(  # noqa: E731
        {"input": "ref('base_0')", "rows": [{"id": 1}]},
        {"input": "ref('base_0')", "format": "csv", "rows": "id,name\n1,a\n"},
        {"input": "ref('base_0')", "format": "csv", "fixture": "some_rows"},
        {"input": "ref('base_0')", "format": "sql", "rows": "select 1 as id"},
    )
    make.files[f"{folder}/united.sql"] = "select id from {{ ref('base_0') }} join {{ source('raw', 'a') }}\n"
    for number in range(make.pick(1, 2)):
        entry = {
            "name": f"unit_of_{number}",
            "model": "united",
            "given": [given(), {"input": "source('raw', 'a')", "rows": []}],
            "expect": make.pick({"rows": [{"id": 1}]}, {"format": "csv", "rows": "id\n1\n"}),
            "overrides": make.pick({}, {"macros": {"is_incremental": False}, "vars": {"number": 4}}),
        }
        if make.maybe(0.3):
            entry["description"] = "What it does."
        entry = _meta(make, entry)
        if make.maybe(0.2):
            entry["config"] = {
                **entry.get("config", {}),
                "enabled": make.pick(False, True, "{{ var('switched_off') }}"),
            }
        make.describe("unit_tests", folder, entry)


def _odd_models(make: Inventing) -> None:
    folder = make.folder()
    batch = "event_time='ts', batch_size='day', begin='2024-01-01', lookback=2"
    make.files[f"{folder}/batched.sql"] = (
        f"{{{{ config(materialized='incremental', incremental_strategy='microbatch', {batch}) }}}}\n"
        f"select * from {{{{ {make.relation()} }}}}\n"
    )
    make.files[f"{folder}/UPPER_case.SQL"] = "select 1 from {{ ref('base_0') }}\n"
    make.files[f"{folder}/with-dash.sql"] = f"select * from {{{{ {make.relation()} }}}}\n"
    make.files[f"{folder}/empty_but_for_a_ref.sql"] = f"{{{{ {make.relation()} }}}}"
    make.files[f"{folder}/crlf.sql"] = f"{make.config()}\r\nselect 1\r\nfrom {{{{ {make.relation()} }}}}\r\n"
    listed = [{"name": "with-dash", **make.entry("with-dash")}, {"name": "crlf", "columns": []}]
    for entry in listed:
        make.describe("models", folder, entry)
    make.names += ["batched", "with-dash"]


def _odd_owners(make: Inventing) -> None:
    folder = make.models_folder
    owners = make.pick(
        {"name": None, "email": "a@b.example"},
        {"name": "Ann", "slack": "#ann", "more": {"a": 1}},
        {"email": ["a@b.example"], "name": "x"},
        {"name": "{{ var('kind') }}", "email": "x@y.example"},
        {"email": ""},
    )
    board = {
        "name": "oddly owned".replace(" ", "_"),
        "type": make.pick("dashboard", "analysis"),
        "owner": owners,
    }
    if make.maybe():
        board["depends_on"] = ["ref('base_0')", make.pick("source('raw', 'b')", "ref('base_1')")]
    board["url"] = make.pick("https://x.example/{{ var('kind') }}", "http://y")
    make.describe("exposures", folder, _meta(make, board))
    off = {"name": "off_board", "type": "ml", "owner": {"name": "x"}, "config": {"enabled": False}}
    make.describe("exposures", folder, off)
    group = {
        "name": "sales",
        "description": "Sells.",
        "owner": make.pick({"email": ["s@s.example", "t@t.example"]}, {"name": "S", "slack": "#s"}),
    }
    make.describe("groups", folder, _meta(make, group) if make.maybe(0.3) else group)


def _described(make: Inventing) -> None:
    """Singular tests and macros that YAML describes."""
    make.files["tests/told.sql"] = f"select 1 from {make.fragment()} where 1 = 0\n"
    entry = {
        "name": "told",
        "description": make.pick("Why.", "{{ doc('some_doc') }}"),
        "config": make.pick({}, {"severity": "warn"}, {"tags": ["told"]}, {"meta": {"m": 1}}),
    }
    make.describe("data_tests", "tests", entry)
    macro = {
        "name": "relation_of",
        "description": "A relation.",
        "arguments": [{"name": "name", "type": "str"}],
    }
    make.describe("macros", "macros", _meta(make, macro))
    make.describe(
        "analyses", "analyses", {"name": "look", "description": "Looks.", "columns": [{"name": "id"}]}
    )
    make.describe(
        "seeds",
        "seeds",
        {
            "name": "plain_seed",
            "config": {"column_types": {"id": "varchar"}, "quote_columns": True, "delimiter": ","},
        },
    )
    make.files["seeds/plain_seed.csv"] = "id\n1\n"


def _odd_snapshots(make: Inventing) -> None:
    config = {
        "strategy": "timestamp",
        "updated_at": make.pick("ts", "cast(ts as timestamp)"),
        "unique_key": make.pick("id", ["id", "name"]),
        "hard_deletes": make.pick("ignore", "invalidate", "new_record"),
        "dbt_valid_to_current": "to_date('9999-12-31')",
        "snapshot_meta_column_names": {"dbt_valid_from": "since"},
    }
    if make.maybe(0.4):
        config["post_hook"] = f"select 1 from {make.base()}"
    entry = {
        "name": "by_time",
        "relation": make.pick("ref('base_0')", "source('raw', 'a')"),
        "config": config,
    }
    make.describe("snapshots", make.pick("snapshots", make.models_folder), _meta(make, entry, 0.0))
    make.names.append("by_time")
