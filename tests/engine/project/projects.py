"""dbt projects made for tests: a small one with every trick, and generated ones of any size."""

from __future__ import annotations

import random
from pathlib import Path

import yaml

TRICKY: dict[str, str] = {
    "dbt_project.yml": """\
name: hard
profile: hard
version: "1.0"
vars:
  hard:
    use_legacy: false
  default_schema: fallback
  use_legacy: true
models:
  +materialized: view
  hard:
    +tags: project
    +meta: {team: core, tier: 1}
    staging:
      +schema: "{{ var('default_schema', 'fb') }}"
      crm:
        +enabled: "{{ var('use_legacy', false) }}"
    marts:
      +materialized: table
      +access: public
      +grants: {select: [a]}
      private:
        +access: private
        +group: finance
        +grants: {"+select": [b]}
      dims:
        +tags: [dims]
seeds:
  hard:
    ref:
      +tags: ["ref"]
data_tests:
  hard:
    staging:
      +severity: warn
snapshots:
  +target_schema: snap
sources:
  hard:
    +meta: {from_tree: true}
""",
    "models/docs.md": """\
{% docs id_doc %}
The id.
{% enddocs %}
""",
    "models/marts/dims/dim.sql": """\
select * from {{ ref('dim', version=1) }}
""",
    "models/marts/dims/dim_v1.sql": """\
select * from {{ ref('stg_a') }}
""",
    "models/marts/dims/old_dim.sql": """\
select 1
""",
    "models/marts/dims.yml": """\
models:
  - name: dim
    description: A dim
    latest_version: 2
    access: protected
    config: {contract: {enforced: false}, meta: {m: 1}}
    columns:
      - {name: id, description: i, data_type: int, data_tests: [unique]}
      - {name: name, description: n}
      - {name: extra}
    data_tests: [is_big: {column: id}]
    versions:
      - v: 1
        config: {meta: {old: true}}
        columns:
          - {include: all, exclude: [extra]}
          - {name: added, data_tests: [not_null]}
      - v: 2
        data_tests: []
      - v: 3
        defined_in: old_dim
        description: oldest
        config: {enabled: true, tags: [old]}
""",
    "models/marts/private/py_model.py": """\
def model(dbt, session):
    dbt.config(materialized="table", tags=["py"], meta={"k": 1})
    a = dbt.ref("stg_a")
    b = dbt.source("raw", "a")
    return dbt.ref("dim", v=1)
""",
    "models/marts/private/secret.sql": """\
select * from {{ ref('dim') }}
union all select * from {{ ref('snap_a') }}
union all select * from {{ ref('snap_yaml') }}
""",
    "models/staging/_stg.yml": """\
version: 2
x-anchors: &desc
  description: shared
models:
  - name: stg_a
    <<: *desc
    meta: {tier: 3, classification: pii}
    config: {tags: yaml_tag, docs: {show: yes}}
    columns:
      - name: ID
        description: "{{ doc('id_doc') }}"
        tests:
          - unique
          - not_null: {severity: warn}
        meta: {a: 1}
        config: {meta: {b: 2}, tags: [q]}
        tags: [p]
      - name: email
        data_type: text
        constraints: [{type: not_null}]
        data_tests:
          - accepted_values: {values: [a, b], config: {enabled: false}}
          - name: my_custom
            test_name: relationships
            arguments: {to: ref('codes'), field: code}
    tests:
      - is_big: {arguments: {column: ID, at_least: 3}}
  - name: stg_b
    description: >
      Folded
      text
    constraints:
      - type: primary_key
        columns: [id, day]
    columns:
      - name: id
      - name: day
    data_tests:
      - not_null: {column_name: id}
      - is_big:
          column: ID
          config: {severity: ERROR}
  - name: stg_off
    columns: [{name: id, tests: [unique]}]
sources:
  - name: raw
    schema: raw
    tags: [src]
    meta: {s: 1, both: source}
    freshness: {warn_after: {count: 12, period: hour}}
    loaded_at_field: at
    tables:
      - name: a
        description: A
        meta: {t: 1, both: table}
        tags: [tbl]
        columns: [{name: id, tests: [unique, not_null]}]
      - name: b
        freshness: null
      - name: c
        config: {enabled: false}
      - name: d
        config: {freshness: {error_after: {count: 1, period: day}}, tags: [cfg]}
exposures:
  - name: board
    label: The board
    type: dashboard
    maturity: high
    url: https://board.example
    description: What the board sees
    owner: {name: x, email: x@hard.example}
    tags: [weekly]
    meta: {tier: 1, both: entry}
    config: {meta: {both: config}, tags: [watched]}
    depends_on:
      - ref('dim', v=1)
      - source('raw','d')
      - ref('stg_b')
groups:
  - name: finance
    owner: {name: Fin}
unit_tests:
  - name: u1
    model: stg_b
    given: [{input: ref('stg_a'), rows: []},{input: "source('raw','b')", rows: []}]
    expect: {rows: []}
    config: {tags: [unit], meta: {kind: small}}
  - name: u2
    description: Of every version but the third
    model: dim
    versions: {exclude: [3]}
    given:
      - input: ref('stg_a')
        format: csv
        rows: |
          id
          1
    expect: {format: sql, rows: select 1 as id}
""",
    "macros/macros.yml": """\
macros:
  - name: raw_table
    description: A raw table.
    arguments:
      - {name: name, type: string, description: Of the table}
      - name: schema
    meta: {team: core, both: entry}
    config: {meta: {both: config}}
  - name: test_is_big
    description: Something is big
""",
    "macros/odd.sql": """\
{# {% macro commented() %}no{% endmacro %} #}
{%- materialization odd, adapter='duckdb' -%} {{ return({'relations': []}) }} {%- endmaterialization -%}
{% materialization even, default %}{{ return({'relations': []}) }}{% endmaterialization %}
{% test never(model) %}select 1 where false{% endtest %}
""",
    "macros/reading.sql": """\
{% macro raw_table(name, schema='raw') %}select id from {{ source(schema, name) }}{% endmacro %}
{%- macro big() -%}{{ config(materialized='table', tags=['big']) }}{%- endmacro -%}
{% macro parents_of(what) -%}
  {{ return(['stg_a', 'stg_b'] if what == 'both' else ['stg_' ~ what]) }}
{%- endmacro %}
{% macro picked() %}{{ adapter.dispatch('picked', 'hard')() }}{% endmacro %}
{% macro default__picked() %}{{ ref('stg_b') }}{% endmacro %}
{% macro wrapped() %}({{ caller() }}){% endmacro %}
{% macro only_at_run() %}{% if execute %}{{ ref('codes') }}{% endif %}{% endmacro %}
""",
    "models/marts/by_macro.sql": """\
{{ big() }}{{ config(
    meta={'by': 'macro'},
    enabled = var('nothing', ' true ')
    | trim == 'true'
) }}
{%+ set parents = parents_of('both') %}
{{ raw_table('a') }} union all {% call wrapped() %}{{ raw_table(name='b') }}{% endcall %}
{% for parent in parents %}union all select id from {{ ref(parent) }}
{% endfor %}
{{ "ref('nowhere')" }} {{ only_at_run() }}
{% if is_incremental() %}{{ ref('codes') }}{% endif %}
{% call statement('max') %}select max(id) from {{ ref('codes') }}{% endcall %}
""",
    "models/marts/by_dispatch.sql": """\
{%- set space = namespace(last='') -%}
{%- for name in parents_of('a') %}{% set space.last = name %}{% endfor -%}
select * from {{ picked() }} join {{ ref(space.last) }} {% raw %}{{ ref('codes') }}{% endraw %}
""",
    "models/staging/crm/legacy.sql": """\
select 1 as id
""",
    "models/staging/stg_a.sql": """\
{{ config(tags=['hot', 'stg'], meta={'owner': 'x', 'tier': 2}) }}
{# {{ ref('nowhere') }} #}
-- {{ ref('codes') }}
select * from {{ source('raw', 'a') }} {% if var('use_legacy') %} join {{ ref('codes') }} {% endif %}
""",
    "models/staging/stg_b.sql": """\
{{
  config(
    materialized = 'incremental',
    unique_key = ['id', 'day'],
    enabled = var('stg_b', true) and not var('use_legacy'),
    grants = {'+select': ['z']},
    contract={'enforced': false},
  )
}}
select * from {{ ref("stg_a") }}, {{ ref('hard', 'stg_a') }}, {{source("raw","b")}}
""",
    "models/staging/stg_off.sql": """\
{{ config(enabled=false) }}
select 1
""",
    "p/.user.yml": """\
id: 61994379-9596-415d-b9e5-d8b58201e57f
""",
    "profiles.yml": """\
hard: {target: d, outputs: {d: {type: duckdb, path: ':memory:', schema: main}}}
""",
    "seeds/ref/codes.csv": """\
code,label
1,a
""",
    "seeds/seeds.yml": """\
seeds:
  - name: codes
    config: {column_types: {code: varchar}, meta: {classification: public}}
    columns: [{name: code, tests: [unique]}]
""",
    "snapshots/snap.sql": """\
{% snapshot snap_a %}
{{ config(target_schema='s', unique_key='id', strategy='check', check_cols='all', tags=['sn']) }}
select * from {{ ref('stg_a') }}
{% endsnapshot %}

{% snapshot snap_b %}
    {{ config(target_schema='s', unique_key='id', strategy='timestamp', updated_at='at', enabled=false) }}
select * from {{ source('raw', 'a') }}
{% endsnapshot %}
""",
    "snapshots/snaps.yml": """\
snapshots:
  - name: snap_yaml
    relation: source('raw', 'a')
    description: by yaml
    config: {unique_key: id, strategy: check, check_cols: all, meta: {y: 1}}
    columns: [{name: id, tests: [not_null]}]
  - name: snap_a
    description: sql one
""",
    "tests/generic/is_big.sql": """\
{% test is_big(model, column, at_least=1) %}
select * from {{ model }} where {{ column }} < {{ at_least }}
{% endtest %}
""",
    "tests/single.sql": """\
select * from {{ ref('stg_a') }} where id < 0
""",
    "tests/single_off.sql": """\
{{ config(enabled=false) }}
select * from {{ ref('stg_a') }} where id < 0
""",
}
"""A project of ten nodes that uses what dbt offers: its path to its text."""


def write_tricky_project(directory: Path) -> Path:
    """Write `TRICKY`, profiles.yml included, and return the directory."""
    for path, text in TRICKY.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


def write_generated_project(directory: Path, *, models: int, seed: int, columns: int = 8) -> Path:
    """A valid project of so many models in three layers; the same seed gives the same files."""
    chance = random.Random(seed)
    _write(
        directory / "dbt_project.yml",
        {
            "name": "generated",
            "profile": "generated",
            "vars": {"generated": {"wanted": True, "unwanted": False}},
            "models": {
                "generated": {
                    "bronze": {"+materialized": "view", "+tags": ["bronze"], "+schema": "bronze"},
                    "silver": {"+materialized": "table", "+meta": {"tier": 2}},
                    "gold": {
                        "+access": "public",
                        "+tags": "gold",
                        "area1": {"+enabled": chance.random() < 0.5},
                    },
                }
            },
            "data_tests": {"generated": {"bronze": {"+severity": "warn"}}},
        },
    )
    output = {"type": "duckdb", "path": ":memory:", "schema": "main"}
    _write(directory / "profiles.yml", {"generated": {"target": "dev", "outputs": {"dev": output}}})
    tables = [f"table_{number}" for number in range(max(2, models // 8))]
    _write(
        directory / "models" / "sources.yml",
        {
            "version": 2,
            "sources": [
                {
                    "name": "raw",
                    "tables": [{"name": table, **_freshness(chance)} for table in tables],
                }
            ],
        },
    )
    made: dict[str, list[str]] = {"bronze": [], "silver": [], "gold": []}
    described: dict[Path, list[dict[str, object]]] = {}
    for number in range(models):
        layer = ("bronze", "silver", "gold")[min(2, number * 3 // models)]
        area = f"area{number % 5}"
        name = f"{layer}_model_{number}"
        folder = directory / "models" / layer / area
        folder.mkdir(parents=True, exist_ok=True)
        parents = made["bronze"] if layer == "silver" else made["silver"]
        chosen = chance.sample(parents, min(len(parents), chance.randint(1, 3))) if parents else []
        # A gold model of area1 may be disabled, so nothing selects from gold models.
        (folder / f"{name}.sql").write_text(_sql(chance, layer, chosen, tables, columns))
        made[layer].append(name)
        described.setdefault(folder / f"_{layer}_{area}.yml", []).append(_properties(chance, name, columns))
    for path, entries in described.items():
        _write(path, {"version": 2, "models": entries})
    return directory


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def _freshness(chance: random.Random) -> dict[str, object]:
    if chance.random() < 0.5:
        return {}
    return {"freshness": {"warn_after": {"count": 12, "period": "hour"}}, "loaded_at_field": "loaded_at"}


def _sql(chance: random.Random, layer: str, parents: list[str], tables: list[str], columns: int) -> str:
    head = chance.choice(
        [
            "",
            "{{ config(tags=['hot']) }}\n",
            "{{\n  config(\n    materialized = 'table',\n    meta = {'owner': 'x', 'pii': true}\n  )\n}}\n",
            "{{ config(enabled=var('wanted')) }}\n",
            "{# {{ ref('not_there') }} #}\n",
            "{%- set ignored = 1 -%}\n",
        ]
    )
    names = ",\n    ".join(f"column_{number}" for number in range(columns))
    froms = [f"{{{{ ref('{parent}') }}}}" for parent in parents] if layer != "bronze" else []
    froms = froms or [f"{{{{ source('raw', '{chance.choice(tables)}') }}}}"]
    joined = "\n    cross join ".join(froms)
    return f"{head}select\n    {names}\nfrom {joined}\n"


def _properties(chance: random.Random, name: str, columns: int) -> dict[str, object]:
    listed = [_column(chance, number) for number in range(columns)]
    listed[0]["data_tests"] = chance.choice([["not_null", "unique"], ["unique"], ["not_null"]])
    entry: dict[str, object] = {"name": name, "columns": listed}
    if chance.random() < 0.8:
        entry["description"] = f"What {name} holds, line by line."
    if chance.random() < 0.3:
        entry["config"] = {"meta": {"classification": chance.choice(["internal", "pii"])}, "tags": ["yaml"]}
    if chance.random() < 0.2:
        entry["config"] = {"contract": {"enforced": False}, "group": None}
    return entry


def _column(chance: random.Random, number: int) -> dict[str, object]:
    column: dict[str, object] = {"name": f"column_{number}", "description": f"Column number {number}."}
    tests: list[object] = [
        "not_null",
        {"not_null": {"config": {"severity": "warn"}}},
        {"accepted_values": {"arguments": {"values": ["a", "b"]}}},
        {"unique": {"config": {"enabled": False}}},
    ]
    if number and chance.random() < 0.4:
        column["data_tests"] = [chance.choice(tests)]
    if chance.random() < 0.2:
        column["config"] = {"meta": {"classification": "pii"}, "tags": ["gdpr"]}
    if chance.random() < 0.3:
        column["data_type"] = "varchar"
    return column
