"""dbt projects that nobody would write: each uses at random what dbt offers, and dbt takes all of them.

`invented_project` makes one from a source of chance, as a mapping of paths to texts; `projects` is the
same as a hypothesis strategy. Every project has about the number of nodes that is asked for, so that one
`dbt parse` of some seconds tries many things.
"""

# ruff: noqa: E501 - SQL and Jinja in one piece is easier to read than broken
from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.engine.project.invented_beside import stand_beside

NAME = "invented"

ADAPTERS = ("duckdb", "postgres", "snowflake", "bigquery", "redshift", "databricks", "trino", "spark")
"""Of which `dbt parse` needs no connection."""

_OUTPUTS: dict[str, dict[str, Any]] = {
    "duckdb": {"path": ":memory:"},
    "postgres": {"host": "h", "user": "u", "password": "p", "port": 5432, "dbname": "d"},
    "redshift": {"host": "h", "user": "u", "password": "p", "port": 5439, "dbname": "d"},
    "snowflake": {"account": "a", "user": "u", "password": "p", "database": "d", "warehouse": "w"},
    "bigquery": {"method": "oauth", "project": "p", "dataset": "d"},
    "databricks": {"host": "h", "http_path": "/p", "token": "t", "catalog": "c"},
    "spark": {"method": "thrift", "host": "h"},
    "trino": {"method": "none", "host": "h", "port": 80, "user": "u", "database": "d"},
}

MACROS = {
    "macros/names.sql": """\
{% macro name_of(part, ending='') -%}{{ return(part ~ ending) }}{%- endmacro %}
{%- macro spelled(one, two) -%}{{ one }}{{ two }}{%- endmacro -%}
{% macro relation_of(name) %}{{ return(ref(name)) }}{% endmacro %}
{% macro both(names) %}{% set found = [] %}{% for name in names %}{% do found.append(ref(name)) %}{% endfor %}
{{ return(found) }}{% endmacro %}
{% macro varargs_of() %}{{ return(varargs) }}{% endmacro %}
{% macro all_of() %}{% for name in varargs %}{{ ref(name) }} {% endfor %}{{ kwargs.get('last') }}{% endmacro %}
{% macro chosen(name) %}{{ return(adapter.dispatch('chosen', 'invented')(name)) }}{% endmacro %}
{% macro default__chosen(name) %}select * from {{ ref(name) }}{% endmacro %}
{% macro chosen_elsewhere(name) %}{{ adapter.dispatch('chosen_elsewhere')(name) }}{% endmacro %}
{% macro default__chosen_elsewhere(name) %}select 'default' from {{ ref(name) }}{% endmacro %}
{% macro duckdb__chosen_elsewhere(name) %}select 'duck' from {{ ref(name) }} join {{ ref('base_0') }}{% endmacro %}
{% macro postgres__chosen_elsewhere(name) %}select 'pg' from {{ source('raw', 'a') }}{% endmacro %}
{% macro snowflake__chosen_elsewhere(name) %}select 'snow' from {{ ref('base_1') }}{% endmacro %}
""",
    "macros/deep/er/blocks.sql": """\
{% macro around() %}( {{ caller() }} ){% endmacro %}
{% macro around_each(names) %}{% for name in names %}{{ caller(name) }}{% endfor %}{% endmacro %}
{% macro configured(kind, tag=none) %}{{ config(materialized=kind) }}{% if tag %}{{ config(tags=[tag]) }}{% endif %}{% endmacro %}
{% macro at_run_time(name) %}{% if execute %}{{ ref(name) }}{% endif %}{% endmacro %}
{% macro counted_down(n, name) %}{% if n > 0 %}{{ counted_down(n - 1, name) }}{% else %}{{ ref(name) }}{% endif %}{% endmacro %}
{% macro commented() %}{# {{ ref('nowhere') }} #}{% endmacro %}
{% test at_least(model, column_name, least=0) %}select * from {{ model }} where {{ column_name }} < {{ least }}{% endtest %}
{% test soft(model, column_name) %}{{ config(severity='warn', tags=['soft']) }}select 1 from {{ model }}{% endtest %}
""",
    "tests/generic/whole.sql": "{% test whole(model, names) %}select 1 from {{ model }} where false{% endtest %}\n",
}

PACKAGE = {
    "packages.yml": "packages:\n  - local: ./local/kit\n",
    "local/kit/dbt_project.yml": "name: kit\nversion: '1.0'\nvars: {kit_suffix: _kit}\n",
    "local/kit/macros/kit.sql": """\
{% macro rows_of(name) %}select * from {{ ref('invented', name) }}{% endmacro %}
{% macro wrapped(relation) %}select * from {{ relation }}{% endmacro %}
{% macro picked(name) %}{{ return(adapter.dispatch('picked', 'kit')(name)) }}{% endmacro %}
{% macro default__picked(name) %}{{ ref(name) }}{% endmacro %}
{% macro name_of(part) %}{{ return('nowhere') }}{% endmacro %}
{% test kit_test(model, column_name) %}select 1 from {{ model }} where false{% endtest %}
""",
    "local/kit/models/kit_model.sql": "{{ config(materialized='table') }}\nselect 1 as id\n",
}


class Inventing:
    """One project while it is being made."""

    def __init__(self, chance: random.Random, nodes: int, adapter: str) -> None:
        self.chance = chance
        self.nodes = nodes
        self.adapter = adapter
        self.files: dict[str, str] = {}
        self.names: list[str] = []
        """What may be referred to."""
        self.versioned: dict[str, list[Any]] = {}
        self.tables = ["a", "b", "c_d", "E"]
        self.package = chance.random() < 0.6
        self.entries: dict[tuple[str, str], list[Any]] = {}
        """Properties file and section to its entries."""
        self.variables: dict[str, Any] = {}
        self.contracts: set[str] = set()

    def maybe(self, share: float = 0.5) -> bool:
        return self.chance.random() < share

    def pick(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    # --- whole ---------------------------------------------------------------------------------

    def made(self) -> dict[str, str]:
        for path, text in {**MACROS, **(PACKAGE if self.package else {})}.items():
            self.files[path] = text
            if path.startswith("local/kit/"):
                self.files[path.replace("local/kit/", "dbt_packages/kit/")] = text
        self.models_folder = self.pick("models", "models", "transform/models")
        for number in range(2):
            self.files[f"{self.models_folder}/base_{number}.sql"] = f"select {number} as id, 'a' as name\n"
            self.names.append(f"base_{number}")
        self.sources()
        self.seeds()
        for number in range(self.nodes):
            self.pick(*([self.model] * 12), self.snapshot, self.python, self.versions, self.off)(number)
        self.beside()
        self.properties()
        self.project_file()
        return self.files

    # --- spelling of one thing in many ways -----------------------------------------------------

    def name(self) -> str:
        return str(self.chance.choice(self.names))

    def text(self, value: str) -> str:
        """A Jinja expression whose value is a text."""
        chance = self.chance
        cut = chance.randrange(1, len(value)) if len(value) > 1 else 0
        one, two = value[:cut], value[cut:]
        variable = f"pick_{len(self.variables)}"
        ways: list[Callable[[], str]] = [
            *[lambda: f"'{value}'", lambda: f'"{value}"'] * 3,
            lambda: f"'{one}' ~ '{two}'",
            lambda: f"'{one}' + '{two}'",
            lambda: f"['{value}', 'nowhere'][0]",
            lambda: f"('nowhere', '{value}')[-1]",
            lambda: f"{{'n': '{value}'}}.n",
            lambda: f"{{'n': '{value}'}}['n']",
            lambda: f"{{'n': '{value}'}}.get('n')",
            lambda: f"{{}}.get('n', '{value}')",
            lambda: f"dict(n='{value}').n",
            lambda: f"'{value}' if true else 'nowhere'",
            lambda: f"'nowhere' if 1 > 2 else '{value}'",
            lambda: f"none or '{value}'",
            lambda: f"('{value}' and '{value}')",
            lambda: f"' {value} '.strip()",
            lambda: f"' {value} ' | trim",
            lambda: f"'zz{value}'[2:]",
            lambda: f"'{value}zz'[:-2]",
            lambda: f"'{one}%s' % '{two}'",
            lambda: f"'%s%s' % ('{one}', '{two}')",
            lambda: f"'{one}{{}}'.format('{two}')",
            lambda: f"'%s%s' | format('{one}', '{two}')",
            lambda: f"['{one}', '{two}'] | join('')",
            lambda: f"''.join(['{one}', '{two}'])",
            lambda: f"'{one}#{two}'.replace('#', '')",
            lambda: f"'{one}#{two}' | replace('#', '')",
            lambda: f"'{value},nowhere'.split(',')[0]",
            lambda: f"env_var('FLOE_NOT_SET', '{value}')",
            lambda: f"var('not_declared', '{value}')",
            lambda: f"fromjson('[\"{value}\"]')[0]",
            lambda: f"fromyaml('n: {value}')['n']",
            lambda: f"name_of('{one}', '{two}')",
            lambda: f"name_of(ending='{two}', part='{one}')",
            lambda: f"invented.name_of('{one}', '{two}')",
            lambda: f"spelled('{one}', '{two}')",
            lambda: f"spelled('{one}', '{two}') | trim",
            lambda: f"['{value}'] | first",
            lambda: f"['nowhere', '{value}'] | last",
            lambda: f"(['{value}'] | list)[0]",
            lambda: f"('{value}',) | first",
            lambda: f"[{{'n': '{value}'}}] | map(attribute='n') | first",
            lambda: f"(['{value}', 'nowhere'] | select('equalto', '{value}') | list)[0]",
            lambda: f"(['{value}', ''] | reject('equalto', '') | first)",
            lambda: f"(zip(['{value}'], [1]) | list)[0][0]",
            lambda: f"namespace(n='{value}').n",
            lambda: f"'{value}' | string",
            lambda: f"'{value}'.removeprefix('zz')",
            lambda: f"'{value}' ~ ''",
            lambda: f"undefined_word | default('{value}')",
            lambda: f"(undefined_word or '{value}')",
            lambda: f"'{value}' if undefined_word is not defined else 'nowhere'",
            lambda: f"{{'{value}': 1}}.keys() | first",
            lambda: f"({{'{value}': 1}}.items() | list)[0][0]",
            lambda: f"({{'b': 1, 'a': '{value}'}} | dictsort | first)[1]",
            lambda: f"(['{value}'] * 2)[1]",
            lambda: f"'{value}' | upper | lower" if value == value.lower() else f"'{value}'",
            lambda: f"tojson(['{value}']) | replace('[\"', '') | replace('\"]', '')",
            lambda: f"(set(['{value}']) | list)[0]",
            lambda: f"'{value}' if 'x' in ['x', 'y'] else 'nowhere'",
            lambda: f"'{value}' if 'x' not in 'abc' else 'nowhere'",
            lambda: f"'{value}' if var('switched_on') else 'nowhere'",
            lambda: f"'nowhere' if var('switched_off') else '{value}'",
            lambda: f"'{value}' ~ var('words')[0][:0]",
            lambda: f"'{value}' if project_name == 'invented' else 'nowhere'",
        ]
        if self.maybe(0.1):
            self.variables[variable] = value
            return f"var({self.quoted(variable)})"
        return chance.choice(ways)()

    def quoted(self, value: str) -> str:
        return f"'{value}'" if self.maybe() else f'"{value}"'

    def relation(self, name: str | None = None) -> str:
        """A Jinja expression that is a relation."""
        if name is None and self.maybe(0.2):
            return self.source_call()
        name = name or self.name()
        text = self.text(name)
        version = ""
        if name in self.versioned:
            version = self.pick("", ", v={}", ", version={}").format(
                repr(self.chance.choice(self.versioned[name]))
            )
        ways = [
            *[f"ref({text}{version})"] * 5,
            f"ref({self.quoted(NAME)}, {text}{version})",
            f"ref( {text}{version} ,)" if not version else f"ref({text}{version})",
            f"ref(\n    {text}{version}\n  )",
            f"builtins.ref({text}{version})",
            f"[ref({text}{version})][0]",
            f"(ref({text}{version}))",
        ]
        if not version:
            ways += [f"relation_of({text})", f"both([{text}])[0]", f"(both([{text}]) | first)"]
        return str(self.chance.choice(ways))

    def source_call(self) -> str:
        table = self.chance.choice(self.tables)
        return str(
            self.pick(
                f"source('raw', {self.text(table)})",
                f'source("raw", "{table}")',
                f"source({self.text('raw')}, '{table}')",
                f"builtins.source('raw', '{table}')",
                f"source(*['raw', '{table}'])",
            )
        )

    def fragment(self) -> str:
        """Some SQL with Jinja in it that names what a model reads, or does not."""
        relation, other, name = self.relation(), self.relation(), self.name()
        text = self.text(name)
        ways = [
            *[f"{{{{ {relation} }}}}"] * 6,
            f"{{{{- {relation} -}}}}",
            f"{{% set t = {relation} %}}{{{{ t }}}}",
            f"{{%- set t = {relation} -%}}\n{{{{ t }}}}",
            f"{{% set t, u = {relation}, {other} %}}{{{{ t }}}}",
            f"{{% set t %}} {{{{ {relation} }}}} {{% endset %}}{{{{ t }}}}",
            f"{{% do {relation} %}}base",
            f"{{% if true %}}{{{{ {relation} }}}}{{% else %}}{{{{ ref('nowhere') }}}}{{% endif %}}",
            f"{{% if var('switched_off') %}}{{{{ ref('nowhere') }}}}{{% else %}}{{{{ {relation} }}}}{{% endif %}}",
            f"{{% if not var('switched_on') %}}{{{{ ref('nowhere') }}}}{{% elif 2 == 2.0 %}}{{{{ {relation} }}}}"
            "{% endif %}",
            f"{{% for m in [{text}, '{self.name()}'] %}}{{{{ ref(m) }}}}{{% if not loop.last %}} union {{% endif %}}"
            "{% endfor %}",
            f"{{% for k, v in {{'a': {text}}}.items() %}}{{{{ ref(v) }}}}{{% endfor %}}",
            f"{{% for m in [] %}}{{{{ ref('nowhere') }}}}{{% else %}}{{{{ {relation} }}}}{{% endfor %}}",
            f"{{% for m in ['nowhere', '{name}'] if m != 'nowhere' %}}{{{{ ref(m) }}}}{{% endfor %}}",
            f"{{% for m in ['{name}', 'nowhere'] %}}{{% if m == 'nowhere' %}}{{% break %}}{{% endif %}}"
            "{{ ref(m) }}{% endfor %}",
            f"{{% for m in ['nowhere', '{name}'] %}}{{% if loop.first %}}{{% continue %}}{{% endif %}}"
            "{{ ref(m) }}{% endfor %}",
            f"{{% for i in range(2) %}}{{{{ ref(['{name}', '{self.name()}'][i]) }}}}{{% endfor %}}",
            f"{{% if execute %}}{{{{ ref('nowhere') }}}}{{% endif %}}{{{{ {relation} }}}}",
            f"{{% if is_incremental() %}}{{{{ ref('nowhere') }}}}{{% else %}}{{{{ {relation} }}}}{{% endif %}}",
            f"{{% if load_relation(this) is none %}}{{{{ {relation} }}}}{{% endif %}}",
            f"-- {{{{ {relation} }}}}\n base",
            f"/* {{{{ {relation} }}}} */ base",
            f"{{# {{{{ ref('nowhere') }}}} #}} {{{{ {relation} }}}}",
            f"{{% raw %}}{{{{ ref('nowhere') }}}}{{% endraw %}} {{{{ {relation} }}}}",
            f"-- depends_on: {{{{ {relation} }}}}\n base",
            f"{{% macro inner(a, b='x') %}}{{{{ ref(a) }}}}{{% endmacro %}}{{{{ inner({text}) }}}}",
            f"{{% call around() %}}{{{{ {relation} }}}}{{% endcall %}}",
            f"{{% call(n) around_each([{text}]) %}}{{{{ ref(n) }}}}{{% endcall %}}",
            f"{{% filter upper %}}{{{{ {relation} }}}}{{% endfilter %}}",
            f"{{% with t = {relation} %}}{{{{ t }}}}{{% endwith %}}",
            f"{{{{ {relation}.identifier }}}}",
            f"{{{{ {relation} ~ '' }}}}",
            f"{{{{ [{relation}, {other}] | join(' cross join ') }}}}",
            f"{{{{ ({relation}) if true else ref('nowhere') }}}}",
            f"{{{{ all_of({text}, last={other}) }}}}",
            f"{{{{ chosen({text}) }}}}",
            f"({{{{ chosen_elsewhere({text}) }}}})",
            f"{{{{ at_run_time('nowhere') }}}}{{{{ {relation} }}}}",
            f"{{{{ counted_down(3, {text}) }}}}",
            f"{{{{ commented() }}}} {{{{ {relation} }}}}",
            f"{{% set names = ['{name}'] %}}{{% do names.append('{self.name()}') %}}{{{{ ref(names[-1]) }}}}",
            f"{{% set ns = namespace(n='nowhere') %}}{{% for m in ['{name}'] %}}{{% set ns.n = m %}}{{% endfor %}}"
            "{{ ref(ns.n) }}",
            "{% set n = 'nowhere' %}{% if true %}{% set n = '" + name + "' %}{% endif %}{{ ref(n) }}",
            f"{{% set d = {{}} %}}{{% do d.update({{'n': {text}}}) %}}{{{{ ref(d['n']) }}}}",
            f"{{% set cols = adapter.get_columns_in_relation({relation}) %}}"
            "{% for c in cols %}{{ ref('nowhere') }}{% endfor %} base",
            f"{{{{ adapter.quote({relation}.identifier) }}}}",
            f"{{% set q = 'select 1' %}}{{% set r = run_query(q) %}}{{% if r %}}{{{{ ref('nowhere') }}}}{{% endif %}}"
            f"{{{{ {relation} }}}}",
            f"{{% call statement('s', fetch_result=True) %}}select 1 from {{{{ ref('nowhere') }}}}{{% endcall %}}"
            f"{{{{ {relation} }}}}",
            f"{{{{ \"ref('nowhere')\" }}}} {{{{ {relation} }}}}",
            f"{{{{ dbt.type_string() }}}} {{{{ type_int() }}}} {{{{ {relation} }}}}",
            f"{{{{ dbt.dateadd('day', 1, 'x') }}}} {{{{ {relation} }}}}",
            f"{{{{ this }}}} {{{{ target.schema }}}} {{{{ model.name }}}} {{{{ {relation} }}}}",
            "base",
            f"{{% if target.type == '{self.adapter}' %}}{{{{ {relation} }}}}{{% else %}}{{{{ {other} }}}}{{% endif %}}",
            f"{{{{ caller_less if caller_less is defined else {relation} }}}}",
            f"{{{{ log('x') }}}}{{{{ {relation} }}}}",
            f"{{% set x = '{{{{ ref(1) }}}}' %}}{{{{ {relation} }}}}",
            f"{{% call set_sql_header(config) %}}select 1 from {{{{ {other} }}}}{{% endcall %}}{{{{ {relation} }}}}",
            f"{{{{ dbt.string_literal('x') }}}} {{{{ {relation} }}}}",
            f"{{{{ return({relation}) if false else {other} }}}}",
            f"{{% set a, b = [{text}, 1], 2 %}}{{{{ ref(a[0]) }}}}",
            f"{{% for n in varargs_of({text}, 'base_0') %}}{{{{ ref(n) }}}}{{% endfor %}}",
            f"{{{{ ref(**{{'v': none}}) if false else {relation} }}}}",
            f"{{%- for group in [{{'n': {text}}}] | groupby('n') -%}}{{{{ ref(group[0]) }}}}{{%- endfor -%}}",
            f"{{{{ ref(['base_0', {text}] | reject('equalto', 'base_0') | list | last | default('base_0', true)) }}}}",
            f"{{% set part = modules.re.sub('x$', 'x', {text}) %}}{{{{ {relation} }}}} -- {{{{ part }}}}",
            f"{{{{ {relation} | string | length }}}} {{{{ {other}.schema }}}}",
            f"{{{{ {relation}.include(database=false) }}}}",
        ]
        if self.package:
            ways += [
                f"({{{{ kit.rows_of({text}) }}}})",
                f"({{{{ kit.wrapped({relation}) }}}})",
                f"{{{{ kit.picked({text}) }}}}",
                "{{ ref('kit', 'kit_model') }}",
                f"{{{{ {relation} }}}} join {{{{ ref('kit_model') }}}}",
            ]
        return str(self.chance.choice(ways))

    # --- configs -------------------------------------------------------------------------------

    def config(self) -> str:
        """A model's own config, or none."""
        if self.maybe(0.35):
            return ""
        pairs: list[str] = []
        options = [
            lambda: (
                f"materialized={self.text(self.pick('table', 'view', 'incremental'))}, on_schema_change='fail'"
            ),
            lambda: f"tags={self.tags()}",
            lambda: f"meta={self.meta()}",
            lambda: f"schema={self.text('extra')}",
            lambda: "enabled=var('switched_on')",
            lambda: "enabled=(not var('switched_off')) | as_bool",
            lambda: "enabled = true",
            lambda: "grants={'select': ['one', 'two']}",
            lambda: "grants={'+select': ['three']}",
            lambda: f"access={self.quoted(self.pick('public', 'protected'))}",
            lambda: "group='finance'",
            lambda: "unique_key='id'",
            lambda: 'pre_hook="select 1 from {{ this }}"',
            lambda: f'pre_hook="select 1 from {self.base()}"',
            lambda: (
                f"""post_hook=['analyze {{{{ this }}}}', {{'sql': "{self.base()}", 'transaction': false}}]"""
            ),
            lambda: f'post_hook=after_commit("{self.base()}")',
            lambda: """post_hook='{"sql": "select 1", "transaction": false}'""",
            lambda: "event_time='ts'",
            lambda: "snowflake_warehouse=env_var('FLOE_NOT_SET', 'w')",
            lambda: "contract={'enforced': false}",
            lambda: "docs={'show': false}",
            lambda: "persist_docs={'relation': true}",
            lambda: "full_refresh=none",
            lambda: f"alias={self.text('other_name_' + str(len(self.files)))}",
        ]
        for way in self.chance.sample(options, self.chance.randint(1, 4)):
            pair = way()
            if pair.split("=")[0].strip() not in {known.split("=")[0].strip() for known in pairs}:
                pairs.append(pair)
        spelled = self.pick(", ", ",\n    ").join(pairs)
        ways = [
            *[f"{{{{ config({spelled}) }}}}\n"] * 4,
            f"{{{{-\n  config(\n    {spelled},\n  )\n-}}}}\n",
            f"{{{{ config({pairs[0]}) }}}}\n{{{{ config(tags='later') }}}}\n",
            f"{{% if var('switched_off') %}}{{{{ config(tags='never') }}}}{{% else %}}{{{{ config({spelled}) }}}}"
            "{% endif %}\n",
            f"{{# {{{{ config(tags='commented') }}}} #}}{{{{ config({spelled}) }}}}\n",
            f"{{{{ configured({self.quoted(self.pick('table', 'view'))}, tag='by_macro') }}}}\n",
            "{{ config(**{'tags': ['starred'], 'meta': {'starred': 1}}) }}\n",
            "{{ config({'tags': ['listed'], 'materialized': 'table'}) }}\n",
        ]
        return str(self.chance.choice(ways))

    def base(self) -> str:
        """Jinja that names something made of nothing, as hooks may without a circle."""
        return str(
            self.pick(
                "{{ ref('base_0') }}",
                "{{ source('raw', 'a') }}",
                "{{ relation_of('base_1') }}",
                "{% for n in ['base_0'] %}{{ ref(n) }}{% endfor %}",
                "{% if execute %}{{ ref('nowhere') }}{% endif %}{{ this }}",
            )
        )

    def tags(self) -> str:
        return str(
            self.pick("'hot'", "['hot', 'cold']", "['a', 'b'] | list", "['x'] + ['y']", "[var('words')[0]]")
        )

    def meta(self) -> str:
        return str(
            self.pick(
                "{'owner': 'me', 'tier': 2}",
                "{'owner': var('words')[1], 'flag': true, 'none': none}",
                "{'nested': {'a': [1, 2.5, 'x']}}",
                "dict(owner='me', pii=false)",
            )
        )

    # --- nodes ---------------------------------------------------------------------------------

    def folder(self) -> str:
        return str(
            self.pick(
                self.models_folder,
                f"{self.models_folder}/staging",
                f"{self.models_folder}/staging/crm",
                f"{self.models_folder}/marts",
                f"{self.models_folder}/marts/fin ance",
                f"{self.models_folder}/marts/deep/deeper/staging",
            )
        )

    def sql(self) -> str:
        columns = self.pick(
            "*", "id, name", "id as key, count(*) as n", "t.id, t.name as other", "'ä' as \"Ä b\""
        )
        lines = [f"{self.config()}select {columns} from {self.fragment()} as t"]
        for _ in range(self.pick(0, 0, 1, 2)):
            lines.append(f"{self.pick('union all', 'cross join', ',')} {self.fragment()}")
        return "\n".join(lines) + "\n"

    def model(self, number: int) -> None:
        name = self.pick(f"stg_{number}", f"dim_{number}", f"Fct_{number}", f"int_{number}_x", f"m{number}")
        folder = self.folder()
        self.files[f"{folder}/{name}.sql"] = self.sql()
        if self.maybe(0.7):
            self.describe("models", folder, {"name": name, **self.entry(name)})
        self.names.append(name)

    def off(self, number: int) -> None:
        """A model that is disabled: by its SQL, its properties or its folder."""
        name, folder = f"off_{number}", self.folder()
        way = self.pick("sql", "sql", "yaml", "yaml jinja", "folder")
        relation = self.relation()
        head = self.pick(
            "{{ config(enabled=false) }}",
            "{{ config(enabled=var('switched_off')) }}",
            "{{ config(enabled=var('switched_on') and false) }}",
            "{{ config(enabled = (1 == 2)) }}",
        )
        text = f"select * from {{{{ {relation} }}}}\n"
        entry: dict[str, Any] = {"name": name, "columns": [{"name": "id", "data_tests": ["unique"]}]}
        if way == "sql":
            text = f"{head}\n{text}"
        elif way == "folder":
            folder = f"{self.models_folder}/switched_off"
        else:
            entry["config"] = {"enabled": False if way == "yaml" else "{{ var('switched_off') }}"}
        self.files[f"{folder}/{name}.sql"] = text
        self.describe("models", folder, entry)

    def python(self, number: int) -> None:
        name, folder = f"py_{number}", self.folder()
        if self.adapter not in ("duckdb", "snowflake", "bigquery", "databricks"):
            return self.model(number)
        config = self.pick(
            "", "    dbt.config(materialized='table', tags=['py'])\n", '    dbt.config(meta={"k": 1})\n'
        )
        body = self.pick(f"dbt.ref('{self.name()}')", f'dbt.source("raw", "{self.tables[0]}")')
        comment = self.pick("", "    # dbt.ref('nowhere')\n", '    """dbt.ref(1)"""\n')
        self.files[f"{folder}/{name}.py"] = (
            f"def helper(x):\n    return x\n\n\ndef model(dbt, session):\n{config}{comment}"
            f"    df = helper({body})\n    return df\n"
        )
        if self.maybe():
            self.describe("models", folder, {"name": name, **self.entry(name, contract=False)})
        self.names.append(name)
        return None

    def snapshot(self, number: int) -> None:
        name = f"snap_{number}"
        if self.maybe(0.3):
            relation = self.pick(f"ref('{self.name()}')", "source('raw', 'a')")
            config = {"unique_key": "id", "strategy": "check", "check_cols": "all", "tags": ["snap"]}
            entry = {"name": name, "relation": relation, "config": config, **self.entry(name, small=True)}
            config.update(entry.get("config", {}))
            entry["config"] = config
            self.describe("snapshots", "snapshots", entry)
        else:
            extra = self.pick(
                "", ", tags=['sql']", ", meta={'s': 1}", ", enabled=true", ", target_schema='s'"
            )
            head = f"{{{{ config(unique_key='id', strategy='check', check_cols='all'{extra}) }}}}"
            other = f"\n{{% snapshot {name}_two %}}\n{head}\nselect * from {{{{ {self.relation()} }}}}\n{{% endsnapshot %}}"
            self.files[f"snapshots/{self.pick('', 'deep/')}{name}.sql"] = (
                f"{self.pick('', '{# a comment #}')}{{% snapshot {name} %}}\n{head}\n"
                f"select * from {self.fragment()}\n{{% endsnapshot %}}{self.pick('', other)}\n"
            )
            if self.maybe():
                self.describe("snapshots", "snapshots", {"name": name, **self.entry(name, small=True)})
        self.names.append(name)

    def versions(self, number: int) -> None:
        name, folder = f"ver_{number}", self.folder()
        numbers = self.pick([1, 2], [1, 2, 3], [2, 10], ["a", "b"], [1.5, 2])
        listed: list[dict[str, Any]] = []
        for version in numbers:
            item: dict[str, Any] = {"v": version}
            stem = f"{name}_v{version}"
            if self.maybe(0.2):
                stem = f"{name}_file_{str(version).replace('.', '_')}"
                item["defined_in"] = stem
            elif version == max(numbers, key=str) and self.maybe(0.2):
                stem = name if version == self._newest(numbers) else stem
            if "." in stem:
                stem = f"{name}_file_{str(version).replace('.', '_')}"
                item["defined_in"] = stem
            self.files[f"{folder}/{stem}.sql"] = self.sql()
            if self.maybe(0.4):
                item["columns"] = self.pick(
                    [{"include": "all", "exclude": ["name"]}, {"name": "added", "data_tests": ["not_null"]}],
                    [{"include": "*"}],
                    [{"include": ["id"]}],
                    [{"name": "id", "description": "of the version"}],
                    [{"include": "all"}, {"name": "id", "description": "overwritten"}],
                )
            if self.maybe(0.3):
                item["config"] = self.pick(
                    {"tags": ["versioned"]}, {"materialized": "table"}, {"meta": {"v": 1}}, {"tags": "one"}
                )
            if self.maybe(0.2):
                item["description"] = "Of this version."
            if self.maybe(0.2):
                item["access"] = "public"
            if self.maybe(0.2):
                item["data_tests"] = self.pick([], [{"whole": {"names": ["x"]}}])
            listed.append(item)
        entry = {"name": name, **self.entry(name, contract=False), "versions": listed}
        for key in ("tests", "data_tests"):  # dbt takes such a test out of the first version alone
            for owner in (entry, *entry.get("columns", ())):
                if any("test_name" in test for test in owner.get(key, ())):
                    del owner[key]
        if entry.get("columns") is not None and {"id"} != {c["name"] for c in entry["columns"]} & {"id"}:
            entry["columns"] = [{"name": "id"}, {"name": "name"}]
        entry.setdefault("columns", [{"name": "id"}, {"name": "name"}])
        known = {str(column["name"]) for column in entry["columns"]}
        for wanted in ("id", "name"):
            if wanted not in known:
                entry["columns"].append({"name": wanted})
        latest = self._newest(numbers)
        if self.maybe(0.4):
            entry["latest_version"] = latest = numbers[0]
        self.describe("models", folder, entry)
        self.versioned[name] = numbers
        self.names.append(name)
        if f"{folder}/{name}.sql" in self.files and latest != self._newest(numbers):
            del entry["latest_version"]

    @staticmethod
    def _newest(numbers: list[Any]) -> Any:
        return max(numbers) if not isinstance(numbers[0], str) else max(map(str, numbers))

    # --- properties ----------------------------------------------------------------------------

    def describe(self, section: str, folder: str, entry: dict[str, Any]) -> None:
        known = [file for file, kind in self.entries if kind == section and file.startswith(f"{folder}/")]
        file = (
            known[0]
            if known and self.maybe(0.7)
            else f"{folder}/p{len(self.entries)}{self.pick('.yml', '.yaml')}"
        )
        self.entries.setdefault((file, section), []).append(entry)

    def entry(self, name: str, *, contract: bool = True, small: bool = False) -> dict[str, Any]:
        """What a properties file says of a node, without its name."""
        entry: dict[str, Any] = {}
        config: dict[str, Any] = {}
        if self.maybe(0.6):
            entry["description"] = self.pick(
                f"About {name}.", "Two\n\nparagraphs\n", "", "{{ doc('some_doc') }}"
            )
        if self.maybe(0.3):
            (entry if self.maybe() and not small else config)["meta"] = {
                "owner": "team",
                "tier": self.pick(1, "one", True, None, 1.5),
                "deep": {"x": [1]},
            }
        if self.maybe(0.3):
            config["tags"] = self.pick("alone", ["p", "q"], [])
        if self.maybe(0.15) and not small:
            (entry if self.maybe() else config)["access"] = self.pick("public", "protected")
        if self.maybe(0.15) and not small:
            (entry if self.maybe() else config)["group"] = "finance"
        if self.maybe(0.2) and not small:
            config["materialized"] = self.pick("table", "view", "{{ var('kind') }}")
        if self.maybe(0.1):
            config["grants"] = {"select": self.pick("one", ["one", "two"])}
        if self.maybe(0.1):
            config["schema"] = "from_yaml"
        if self.maybe(0.1):
            config["enabled"] = self.pick(
                True, "{{ var('switched_on') }}", "{{ var('switched_on') | as_bool }}"
            )
        if self.maybe(0.1) and not small:
            config["docs"] = {"show": False, "node_color": "gold"}
        if self.maybe(0.1) and not small:
            config[self.pick("pre_hook", "post_hook")] = f"select 1 from {self.base()}"
        if self.maybe(0.1) and not small:
            config["freshness"] = {"build_after": {"count": 4, "period": "hour"}}
        if self.maybe(0.05) and not small:
            entry["deprecation_date"] = self.pick("2099-01-01", "2031-01-01 00:00:00+00:00")
        if self.maybe(0.7):
            entry["columns"] = self.columns()
        if self.maybe(0.3):
            entry[self.pick("data_tests", "data_tests", "tests")] = [
                self.pick(
                    {"whole": {"names": ["id"]}},
                    {"whole": {"arguments": {"names": ["id", "name"]}, "config": {"severity": "warn"}}},
                    {"unique": {"column_name": "id || name"}},
                    {"name": f"t_{name}", "test_name": "not_null", "arguments": {"column_name": "id"}},
                )
            ]
        if contract and not small and self.maybe(0.1) and entry.get("columns"):
            for column in entry["columns"]:
                column["data_type"] = self.pick("integer", "varchar(20)", "numeric(10, 2)", "timestamp")
            config["contract"] = {"enforced": True}
            config["materialized"] = "table"
            self.contracts.add(name)
        if self.maybe(0.1) and not small and contract:
            entry["constraints"] = [{"type": "primary_key", "columns": ["id"]}]
            if self.maybe():
                to = self.pick("ref('base_0')", "source('raw', 'a')")
                key = {"type": "foreign_key", "columns": ["id"], "to": to, "to_columns": ["id"]}
                entry["constraints"].append(key)
            if "columns" not in entry:
                del entry["constraints"]
        if config:
            entry["config"] = config
        return entry

    def columns(self) -> list[dict[str, Any]]:
        names = self.chance.sample(["id", "name", "Email", "order key", "ts", "größe", "amount_eur"], 3)
        names = ["id", *(name for name in names if name != "id")]
        return [self.column(name) for name in names]

    def column(self, name: str) -> dict[str, Any]:
        column: dict[str, Any] = {"name": name}
        if self.maybe():
            column["description"] = self.pick("What it is.", "", "{{ doc('some_doc') }}")
        if self.maybe(0.3):
            column["data_type"] = self.pick("integer", "VARCHAR", "timestamp with time zone", "int")
        if name == "order key":
            column["quote"] = True
        if self.maybe(0.2):
            home = column if self.maybe() else column.setdefault("config", {})
            home["meta"] = {"classification": self.pick("pii", "internal"), "n": 1}
        if self.maybe(0.2):
            home = column if self.maybe() else column.setdefault("config", {})
            home["tags"] = self.pick(["c"], ["c", "d"])
        if self.maybe(0.1):
            column["constraints"] = [{"type": self.pick("not_null", "unique")}]
            if self.maybe(0.3):
                to = self.pick(
                    "ref('base_0')", 'ref("base_1")', "source('raw', 'a')", f"ref('{NAME}', 'base_0')"
                )
                column["constraints"].append({"type": "foreign_key", "to": to, "to_columns": ["id"]})
        if self.maybe(0.5):
            column[self.pick("data_tests", "data_tests", "tests")] = self.tests()
        return column

    def tests(self) -> list[Any]:
        ways: list[Any] = [
            "unique",
            "not_null",
            {"not_null": {"severity": "warn"}},
            {"not_null": {"config": {"severity": "WARN", "where": "id > 0"}}},
            {"unique": {"config": {"enabled": False}}},
            {"unique": {"config": {"enabled": "{{ var('switched_off') }}"}}},
            {"unique": {"config": {"error_if": ">10", "warn_if": "!=0"}}},
            {"unique": {"config": {"limit": 0}}},
            {"accepted_values": {"arguments": {"values": ["a", "b"]}}},
            {"accepted_values": {"values": [1, 2], "quote": False}},
            {"relationships": {"arguments": {"to": "ref('base_0')", "field": "id"}}},
            {"relationships": {"to": "source('raw', 'a')", "field": "id"}},
            {"at_least": {"arguments": {"least": 3}}},
            {"at_least": {"least": "{{ var('number') }}"}},
            "soft",
            {"soft": {"config": {"severity": "error"}}},
            {"at_least": {"arguments": {"least": 1}, "description": "enough", "config": {"meta": {"m": 1}}}},
            {"not_null": {"config": {"where": "{{ var('kind') }} = 'x'", "tags": ["w"]}}},
            {
                "name": "named_{{ var('kind') }}"
                if False
                else f"own_{self.chance.random()}".replace(".", "_"),
                "test_name": "accepted_values",
                "arguments": {"values": ["a"]},
                "config": {"severity": "warn"},
            },
        ]
        if self.package:
            ways.append("kit.kit_test")
        chosen, names = [], set()
        for test in self.chance.sample(ways, self.chance.randint(1, 3)):
            name = test if isinstance(test, str) else next(iter(test))
            if name not in names:
                names.add(name)
                chosen.append(test)
        return chosen

    def sources(self) -> None:
        for number, table in enumerate(self.tables):
            entry: dict[str, Any] = {"name": table}
            if self.maybe():
                entry["description"] = "A table."
            if self.maybe(0.4):
                entry["freshness"] = self.pick(
                    {"warn_after": {"count": 12, "period": "hour"}},
                    {"error_after": {"count": 1, "period": "day"}, "filter": "true"},
                    None,
                )
            if self.maybe(0.3):
                entry["config"] = self.pick(
                    {"freshness": {"warn_after": {"count": 3, "period": "day"}}},
                    {"meta": {"c": 1}},
                    {"loaded_at_field": "ts"},
                    {"tags": ["conf"]},
                    {"enabled": True},
                )
            if self.maybe(0.3):
                entry[self.pick("loaded_at_field", "identifier")] = "at"
            if self.maybe(0.3):
                entry["meta"] = {"t": 1, "both": "table"}
            if self.maybe(0.3):
                entry["tags"] = ["tbl"]
            if self.maybe():
                entry["columns"] = self.columns()
            source: dict[str, Any] = {"name": "raw", "tables": [entry]}
            if number == 0:
                source |= {"description": "All that is raw", "schema": "raw", "loader": "fivetran"}
                if self.maybe():
                    source["freshness"] = {"warn_after": {"count": 1, "period": "day"}}
                if self.maybe():
                    source["loaded_at_field"] = "loaded"
                if self.maybe():
                    source["meta"] = {"s": 1, "both": "source"}
                if self.maybe():
                    source["tags"] = ["src"]
                if self.maybe():
                    source["config"] = self.pick({"meta": {"sc": 1}}, {"tags": ["sconf"]}, {"enabled": True})
                off = {"name": "gone", "config": {"enabled": self.pick(False, "{{ var('switched_off') }}")}}
                source["tables"].append(off)
            folder = self.pick(self.models_folder, f"{self.models_folder}/staging")
            self.describe("sources", folder, source)

    def seeds(self) -> None:
        for number in range(2):
            name, folder = f"seed_{number}", self.pick("seeds", "seeds/deep")
            self.files[f"{folder}/{name}.csv"] = "id,name\n1,a\n"
            if self.maybe(0.6):
                self.describe("seeds", folder, {"name": name, **self.entry(name, small=True)})
            self.names.append(name)

    def beside(self) -> None:
        """Groups, exposures, unit tests, singular tests, docs and analyses."""
        folder = self.models_folder
        self.files[f"{folder}/docs.md"] = "{% docs some_doc %}\nSome *text*.\n{% enddocs %}\n"
        self.describe("groups", folder, {"name": "finance", "owner": {"name": "Fin", "email": "f@f.example"}})
        for number in range(2):
            listed = [f"ref('{self.name()}')", self.pick("source('raw', 'a')", f'ref("{self.name()}")')]
            entry: dict[str, Any] = {
                "name": f"board_{number}",
                "type": self.pick("dashboard", "notebook", "ml", "application"),
                "owner": self.pick(
                    {"name": "x"}, {"email": "x@x.example", "name": "y"}, {"email": ["a@b.example", "b"]}
                ),
                "depends_on": listed,
            }
            if self.maybe():
                entry["meta"] = {"e": 1}
            if self.maybe():
                entry["config"] = self.pick({"meta": {"c": 1}}, {"tags": ["t"]}, {"enabled": True})
            if self.maybe():
                entry["tags"] = ["board"]
            if self.maybe():
                entry |= {
                    "label": "A board",
                    "url": "https://b.example",
                    "maturity": "high",
                    "description": "d",
                }
            self.describe("exposures", folder, entry)
        for number in range(3):
            head = self.pick(
                "", "{{ config(enabled=false) }}\n", "{{ config(severity='warn', tags=['s']) }}\n"
            )
            self.files[f"tests/{self.pick('', 'deep/')}single_{number}.sql"] = (
                f"{head}select 1 from {self.fragment()} where 1 = 0\n"
            )
        unit = {
            "name": "unit_0",
            "model": "base_0",
            "given": [],
            "expect": {"rows": [{"id": 0}]},
            "description": "of base",
            "config": self.pick({}, {"tags": ["u"], "meta": {"k": 1}}),
        }
        self.describe("unit_tests", folder, unit)
        self.files["analyses/look.sql"] = f"select * from {self.fragment()}\n"
        self.files[f"{folder}/.hidden.sql"] = "{{ ref('nowhere') }}"
        if self.maybe(0.3):
            self.files[".dbtignore"] = "*_draft.sql\n"
            self.files[f"{folder}/a_draft.sql"] = "select 1 from {{ ref('nowhere') }}"
        described = {
            "name": "name_of",
            "description": "Names.",
            "arguments": [{"name": "part", "type": "string"}],
        }
        self.describe("macros", "macros", described)
        stand_beside(self)

    def properties(self) -> None:
        by_file: dict[str, dict[str, Any]] = {}
        for (file, section), entries in self.entries.items():
            by_file.setdefault(file, {}).setdefault(section, []).extend(entries)
        for file, document in by_file.items():
            if self.maybe():
                document = {"version": 2, **document}
            self.files[file] = self.yaml(document)

    def yaml(self, document: dict[str, Any]) -> str:
        """YAML in one of its many styles, anchors for what is the same among them."""
        shared = self.maybe(0.4)
        if shared:
            document = _shared(document)
        dumper = yaml.SafeDumper if shared else _Plain
        text = yaml.dump(
            document,
            Dumper=dumper,
            sort_keys=False,
            allow_unicode=self.maybe(),
            default_flow_style=self.pick(False, False, None),
            width=self.pick(60, 1000),
            indent=self.pick(2, 4),
        )
        return f"# A comment\n---\n{text}" if self.maybe(0.2) else text

    # --- dbt_project.yml -----------------------------------------------------------------------

    def project_file(self) -> None:
        staging: dict[str, Any] = self.pick(
            {"+tags": ["stg"], "+materialized": "view"},
            {"+schema": "staging", "crm": {"+tags": "crm", "+meta": {"from": "crm"}}},
            {"materialized": "table", "tags": ["bare"]},
            {"+materialized": "{{ var('not_given', 'view') }}", "+meta": {"owner": "stg", "n": 1}},
            {"+grants": {"select": ["four"]}, "+docs": {"show": True}},
            {
                "+tags": "{{ ['folded', 'to text'] }}",
                "+meta": {"n": "{{ 3 }}", "list": "{{ var('l', [1]) }}"},
            },
        )
        marts: dict[str, Any] = self.pick(
            {"+access": "public", "fin ance": {"+group": "finance"}},
            {"+materialized": "table", "deep": {"+tags": ["deep"], "deeper": {"+materialized": "view"}}},
            {"+enabled": "{{ target.type != 'nothing' }}"},
            {"+enabled": True, "+persist_docs": {"relation": True}},
            {},
        )
        named = self.chance.choice(self.names)
        models: dict[str, Any] = {
            NAME: {"staging": staging, "marts": marts, "switched_off": {"+enabled": False}},
        }
        if self.maybe():
            models[NAME] |= {"+tags": self.pick("whole", ["whole"]), "+meta": {"project": True}}
        if self.maybe(0.3):
            models |= {"+materialized": self.pick("view", "table")}
        if self.maybe(0.3) and named.startswith(("stg", "dim", "m")):
            models[NAME][named] = {"+tags": ["by_name"]}
            staging.setdefault(named, {"+tags": ["by_name"], "+materialized": "table"})
        if self.package and self.maybe():
            models["kit"] = {"+schema": "kit"}
        variables: dict[str, Any] = {
            "switched_on": True,
            "switched_off": False,
            "words": ["one", "two"],
            "kind": "table",
            "number": 3,
            **self.variables,
        }
        if self.maybe():
            variables = {NAME: variables, "switched_on": False, "kit": {"switched_on": False}}
            variables["unused"] = {"a": 1}
        document: dict[str, Any] = {
            "name": NAME,
            "profile": NAME,
            "version": self.pick("1.0", "1.2.3"),
            "config-version": 2,
            "model-paths": [self.models_folder],
            "models": models,
            "vars": variables,
        }
        document["data_tests" if self.maybe() else "tests"] = self.pick(
            {"+severity": "warn"},
            {NAME: {"+tags": ["t"], "staging": {"+severity": "warn"}}},
            {NAME: {"staging": {"+enabled": False}}},
            {},
        )
        document["seeds"] = self.pick({"+tags": "seeded"}, {NAME: {"deep": {"+meta": {"d": 1}}}}, {})
        document["snapshots"] = self.pick({NAME: {"+target_schema": "snaps"}}, {"+tags": ["shots"]}, {})
        document["sources"] = self.pick(
            {NAME: {"+meta": {"tree": 1}, "+tags": ["tree"]}},
            {NAME: {"staging": {"raw": {"+enabled": True}}}},
            {NAME: {"+loaded_at_field": "unheard"}},
            {},
        )
        if self.maybe(0.3):
            document["exposures"] = {NAME: {"+tags": ["exposed"], "+meta": {"x": 1}}}
        if self.maybe(0.3):
            document["on-run-start"] = ["select 1 from {{ target.schema }}"]
        if self.maybe(0.3):
            document["dispatch"] = [{"macro_namespace": "kit", "search_order": ["invented", "kit"]}]
        if self.maybe(0.2):
            document["quoting"] = {"identifier": True}
        self.files["dbt_project.yml"] = self.yaml(document)
        output = {"type": self.adapter, **_OUTPUTS[self.adapter]}
        if "dataset" not in output:
            output["schema"] = "main"
        self.files["profiles.yml"] = yaml.safe_dump({NAME: {"target": "t", "outputs": {"t": output}}})


class _Plain(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _shared(value: Any) -> Any:
    """The same value with equal collections as one object, which YAML writes as anchor and alias."""
    known: dict[str, Any] = {}

    def one(part: Any) -> Any:
        if isinstance(part, dict):
            part = {key: one(inner) for key, inner in part.items()}
        elif isinstance(part, list):
            part = [one(inner) for inner in part]
        else:
            return part
        return known.setdefault(repr(part), part) if part else part

    return one(value)


def invented_project(chance: random.Random, *, nodes: int = 40, adapter: str = "duckdb") -> dict[str, str]:
    """Path to text of every file of one project, profiles.yml and installed packages included."""
    return Inventing(chance, nodes, adapter).made()


projects: st.SearchStrategy[dict[str, str]] = st.randoms(use_true_random=False).map(invented_project)
"""Projects for duckdb, of forty nodes and what stands beside them."""


def write_files(directory: Path, files: dict[str, str]) -> Path:
    """Write a project and return its directory."""
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory
