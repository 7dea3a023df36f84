"""A dbt project read without dbt: its facts, and what is said where they cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError
from floe_engine.project.dbt_source import read_source
from floe_engine.project.facts import Model, Project
from floe_engine.project.project_file import read_project_file
from tests.engine.project.projects import TRICKY, write_tricky_project

PROJECT = "name: shop\n"


def read(tmp_path: Path, files: dict[str, str | bytes], project: str = PROJECT) -> Project:
    for path, content in {"dbt_project.yml": project, **files}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_files(tmp_path)


def read_files(directory: Path, *, adapter: str | None = None) -> Project:
    return read_source(read_project_file(directory, environ={}, adapter=adapter))


def models(project: Project) -> dict[str, Model]:
    return {model.name: model for model in project.models}


def test_the_tricky_project_is_read_without_a_warning(tmp_path: Path) -> None:
    project = read_files(write_tricky_project(tmp_path))
    assert project.warnings == ()
    assert [model.unique_id for model in project.models] == [
        "model.hard.by_dispatch",
        "model.hard.by_macro",
        "model.hard.dim.v1",
        "model.hard.dim.v2",
        "model.hard.dim.v3",
        "model.hard.py_model",
        "model.hard.secret",
        "model.hard.stg_a",
        "model.hard.stg_b",
        "seed.hard.codes",
        "snapshot.hard.snap_a",
        "snapshot.hard.snap_yaml",
    ]


def test_folder_configs_are_laid_over_each_other(tmp_path: Path) -> None:
    found = {m.unique_id: m for m in read_files(write_tricky_project(tmp_path)).models}
    secret, stg_a = found["model.hard.secret"], found["model.hard.stg_a"]
    assert (secret.access, secret.group, secret.materialized) == ("private", "finance", "table")
    assert secret.grants == {"select": ("a", "b")}
    assert stg_a.tags == {"project", "yaml_tag", "hot", "stg"}
    assert stg_a.meta == {"team": "core", "tier": 2, "classification": "pii", "owner": "x"}
    assert stg_a.schema == "fb"


def test_references_resolve_to_versions_sources_and_snapshots(tmp_path: Path) -> None:
    found = {m.unique_id: m for m in read_files(write_tricky_project(tmp_path)).models}
    assert found["model.hard.secret"].parents == (
        "model.hard.dim.v2",
        "snapshot.hard.snap_a",
        "snapshot.hard.snap_yaml",
    )
    assert found["model.hard.dim.v2"].parents == ("model.hard.dim.v1",)
    assert found["model.hard.stg_b"].parents == ("model.hard.stg_a", "source.hard.raw.b")


def test_lines_point_at_the_properties_file(tmp_path: Path) -> None:
    found = {m.unique_id: m for m in read_files(write_tricky_project(tmp_path)).models}
    path, line = found["model.hard.stg_b"].where
    assert path == "models/staging/_stg.yml"
    assert TRICKY[path].splitlines()[line - 1].strip() == "- name: stg_b"


def test_installed_packages_and_artifacts_are_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.sql": "select 1",
        "dbt_packages/utils/models/theirs.sql": "select 1",
        "target/compiled/b.sql": "select 1",
        ".hidden/c.sql": "select 1",
    }
    project = read(tmp_path, files, 'name: shop\nmodel-paths: ["."]\n')
    assert list(models(project)) == ["a"]


def test_what_dbtignore_names_is_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        ".dbtignore": "# drafts\n*_draft.sql\nold/\nmodels/new/x.sql\n",
        "models/a.sql": "select 1",
        "models/b_draft.sql": "select 1",
        "models/old/c.sql": "select 1",
        "models/new/x.sql": "select 1",
    }
    assert list(models(read(tmp_path, files))) == ["a"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "loop").symlink_to(tmp_path / "models", target_is_directory=True)
    assert list(models(read(tmp_path, {"models/a.sql": "select 1"}))) == ["a"]


def test_folders_outside_the_project_are_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "shop"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.sql").write_text("select 1")
    files: dict[str, str | bytes] = {"models/a.sql": "select 1"}
    assert list(models(read(inside, files, "name: shop\nmodel-paths: [models, ../elsewhere]\n"))) == ["a"]


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        ({"models/m.yml": "models:\n  - name: [\n"}, "models/m.yml:3: not valid YAML"),
        ({"models/m.yml": "- a\n"}, "models/m.yml:1: a properties file must be a mapping"),
        ({"models/m.yml": "models: {name: a}\n"}, "models/m.yml:1: models must be a list"),
        ({"models/m.yml": b"models:\n- name: \xff\n"}, "models/m.yml:2: not UTF-8 text"),
        ({"models/b.sql": b"select 1\n\xff"}, "models/b.sql:2: not UTF-8 text"),
        ({"models/p.py": "def model(:\n"}, "models/p.py:1: not valid Python"),
        ({"models/m.yml": "models:\n- name: ghost\n"}, "models/m.yml:2: describes model ghost"),
        ({"models/x/a.sql": "select 1"}, "models/x/a.sql:1: model a is also models/a.sql"),
        ({"models/b.sql": "\n{{ ref(name) }}"}, "models/b.sql:2: ref() cannot be read without dbt"),
        ({"models/b.sql": "{{ ref('theirs') }}"}, "model theirs (1 use) is not in this project"),
        ({"models/b.sql": "{{ source('raw', 'x') }}"}, "source raw.x (1 use) is not in this project"),
    ],
)
def test_one_broken_file_is_a_warning_and_hides_no_other(
    tmp_path: Path, files: dict[str, str | bytes], warning: str
) -> None:
    project = read(tmp_path, {"models/a.sql": "select 1", **files})
    assert "a" in models(project)
    assert any(found.startswith(warning) for found in project.warnings), project.warnings


def test_enabled_that_only_dbt_can_tell_counts_and_is_said(tmp_path: Path) -> None:
    tree = "name: shop\nmodels: {shop: {x: {+enabled: \"{{ target.name == 'prod' }}\"}}}\n"
    project = read(tmp_path, {"models/x/a.sql": "select 1"}, tree)
    assert list(models(project)) == ["a"]
    assert "taken as enabled" in project.warnings[0]


def test_disabled_models_take_their_tests_with_them(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "models/a.sql": "{{ config(enabled=false) }}",
        "models/m.yml": "models:\n- {name: a, columns: [{name: id, tests: [unique]}]}\n",
        "models/b.sql": "select 1",
    }
    assert list(models(read(tmp_path, files))) == ["b"]


@pytest.mark.parametrize(
    ("project", "title"),
    [(None, "no dbt project here"), ("name: [", "not valid YAML"), ("version: 1\n", "names no project")],
)
def test_without_a_project_file_there_is_no_project(tmp_path: Path, project: str | None, title: str) -> None:
    if project is not None:
        (tmp_path / "dbt_project.yml").write_text(project)
    with pytest.raises(ConfigurationError) as caught:
        read_files(tmp_path)
    assert title in caught.value.title


@pytest.mark.parametrize("name", ["customer-analytics", "customer-analytics-violating"])
def test_the_examples_are_read_without_a_warning(name: str) -> None:
    project = read_files(Path(__file__).parents[3] / "examples" / name)
    assert project.warnings == ()
    assert {source.source_name for source in project.sources} == {"shop"}
    assert all(source.has_freshness is not name.endswith("violating") for source in project.sources)


def test_a_variable_that_stands_for_a_ref_is_a_parent(tmp_path: Path) -> None:
    """As packages let their user choose the models that they build on."""
    tree = (
        "name: shop\nvars:\n  orders: \"{{ ref('raw_orders') }}\"\n  shop:\n"
        "    people: \"{{ source('crm', 'people') }}\"\n    loop: \"{{ var('loop') }}\"\n    day: 3\n"
    )
    files: dict[str, str | bytes] = {
        "models/raw_orders.sql": "select 1",
        "models/s.yml": "sources: [{name: crm, tables: [{name: people}]}]\n",
        "models/a.sql": "select * from {{ var('orders') }} join {{ var('people') }} on {{ var('day') }}"
        " {{ var('loop') }} {{ var('missing') }}",
    }
    project = read(tmp_path, files, tree)
    assert set(models(project)["a"].parents) == {"model.shop.raw_orders", "source.shop.crm.people"}
    assert project.templates is not None
    sql, tables = project.templates.plain(models(project)["a"].code)
    assert sql.startswith("select * from floe_table_0 join floe_table_1 on 3")
    assert list(tables.values()) == ["ref:raw_orders", "source:crm.people"]
    assert project.warnings == ()


def test_a_generic_test_may_configure_itself_and_its_use_wins(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "models/a.sql": "select 1",
        "models/m.yml": "models:\n- name: a\n  columns:\n"
        "  - {name: id, tests: [soft, shut, {shut: {config: {enabled: true}}}, plain]}\n",
        "tests/generic/soft.sql": "{% test soft(model) %}{{ config(severity='warn') }}{% endtest %}",
        "macros/tests.sql": "{% macro test_shut(model) %}{{ config(enabled=false) }}{% endmacro %}\n"
        "{% test plain(model) %}{{ config(enabled=target.name == 'prod') }}{% endtest %}",
    }
    project = read(tmp_path, files)
    found = [(test.name, test.severity) for test in models(project)["a"].tests]
    assert found == [("soft", "warn"), ("shut", "error"), ("plain", "error")]
    assert project.warnings == (
        "macros/tests.sql:2: cannot tell without dbt whether test plain is enabled; taken as enabled",
    )


def test_a_config_that_no_fact_comes_from_is_not_missed(tmp_path: Path) -> None:
    sql = "{{ config(pre_hook=target.name, unique_key=target.type, materialized=this.name) }} select 1"
    project = read(tmp_path, {"models/a.sql": sql})
    assert project.warnings == ("models/a.sql:1: config(materialized=…) cannot be read without dbt",)


def test_the_models_of_a_package_are_missed_in_one_line(tmp_path: Path) -> None:
    refs = " ".join(f"{{{{ ref('theirs_{number}') }}}}" for number in range(30))
    project = read(tmp_path, {"models/a.sql": refs, "models/b.sql": "{{ ref('theirs_7') }}"})
    (warning,) = project.warnings
    assert warning.startswith("model theirs_7 (2 uses), ")
    assert "and 25 more are not in this project" in warning


def test_a_unit_test_may_be_of_some_versions_alone(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "models/a_v1.sql": "select 1",
        "models/a_v2.sql": "select 1",
        "models/m.yml": "models: [{name: a, versions: [{v: 1}, {v: 2}]}]\n"
        "unit_tests:\n- {name: t, model: a, versions: {include: [1]}}\n"
        "- {name: u, model: a, versions: {exclude: [2]}}\n- {name: w, model: a}\n",
    }
    found = read(tmp_path, files).models
    assert {model.version: model.unit_tests for model in found} == {"1": 3, "2": 1}


def test_a_source_has_the_meta_of_the_project_file_and_not_its_tags(tmp_path: Path) -> None:
    tree = "name: shop\nsources: {shop: {+tags: [tree], +meta: {of: tree}}}\n"
    files: dict[str, str | bytes] = {
        "models/a.sql": "select 1",
        "models/s.yml": "sources:\n"
        "- {name: s, tags: [own], meta: {my: own}, tables: [{name: t, tags: [t]}]}\n",
    }
    (found,) = read(tmp_path, files, tree).sources
    assert (found.tags, found.meta) == ({"own", "t"}, {"of": "tree", "my": "own"})


def test_sources_inside_macros_of_the_project_and_of_packages_are_parents(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "macros/raw.sql": "{% macro raw_people() %}select 1 from {{ source('crm', 'people') }}{%endmacro%}",
        "dbt_packages/crm_tools/dbt_project.yml": "name: crm_tools\nmacro-paths: [m]\n",
        "dbt_packages/crm_tools/m/a.sql": "{% macro all(model) %}select * from {{ model }}{% endmacro %}",
        "models/s.yml": "sources: [{name: crm, tables: [{name: people}]}]\n",
        "models/a.sql": "{{ raw_people() }}",
        "models/b.sql": "{{ crm_tools.all(ref('a')) }}",
        "models/c.sql": "select 1\nfrom {{ absent() }}",
    }
    project = read(tmp_path, files)
    found = models(project)
    assert found["a"].parents == ("source.shop.crm.people",)
    assert found["b"].parents == ("model.shop.a",)
    assert project.warnings == ("models/c.sql:2: macro absent() cannot be read without dbt",)


def version(columns: str) -> str:
    return (
        "models:\n- name: a\n  access: public\n  config: {meta: {deep: {x: 1}}}\n"
        "  columns: [{name: id, tests: [unique]}, {name: old}]\n"
        f"  versions: [{{v: 1, access: private, description: '', {columns}"
        "config: {meta: {deep: {y: 2}}}}]\n"
    )


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ("", ["id", "old"]),
        ("columns: [{name: new}], ", ["id", "old", "new"]),
        ("columns: [{include: [id]}, {name: new}], ", ["id", "new"]),
        ("columns: [{include: all, exclude: [old]}], ", ["id"]),
        ("columns: [{include: 5, exclude: 6}], ", []),
    ],
)
def test_a_version_has_what_it_does_not_say_from_its_model(
    tmp_path: Path, columns: str, wanted: list[str]
) -> None:
    project = read(tmp_path, {"models/a_v1.sql": "select 1", "models/m.yml": version(columns)})
    (found,) = project.models
    assert [column.name for column in found.columns] == wanted
    assert (found.access, found.meta) == ("public", {"deep": {"x": 1, "y": 2}})


def test_a_python_model_is_a_table_whatever_its_folder_is(tmp_path: Path) -> None:
    tree = "name: shop\nmodels: {+materialized: view}\n"
    files: dict[str, str | bytes] = {
        "models/a.py": "def model(dbt, session):\n    return dbt.ref('b')\n",
        "models/b.py": "def model(dbt, session):\n    dbt.config(materialized='incremental')\n",
        "models/c.sql": "select 1",
    }
    found = models(read(tmp_path, files, tree))
    assert [found[name].materialized for name in "abc"] == ["table", "incremental", "view"]


def test_configs_of_tests_go_by_the_folder_below_the_first(tmp_path: Path) -> None:
    tree = (
        "name: shop\nmodel-paths: [dbt/models]\n"
        "data_tests: {shop: {models: {+severity: warn}, staging: {+enabled: false}}}\n"
    )
    files: dict[str, str | bytes] = {
        "dbt/models/staging/a.sql": "select 1",
        "dbt/models/staging/m.yml": "models: [{name: a, columns: [{name: id, tests: [unique]}]}]\n",
    }
    (test,) = models(read(tmp_path, files, tree))["a"].tests
    assert test.severity == "warn"


def test_tags_of_an_exposure_replace_those_of_its_folder(tmp_path: Path) -> None:
    tree = "name: shop\nexposures: {shop: {+tags: [tree], +meta: {of: tree}}}\n"
    files: dict[str, str | bytes] = {
        "models/e.yml": "exposures:\n- {name: a, tags: [own], meta: {my: own}}\n"
        "- {name: b, config: {tags: [set], meta: {my: set}}}\n"
    }
    found = {each.name: (each.tags, each.meta) for each in read(tmp_path, files, tree).exposures}
    assert found == {
        "a": ({"own", "tree"}, {"my": "own", "of": "tree"}),
        "b": ({"set"}, {"my": "set"}),
    }


ADAPTED: dict[str, str | bytes] = {
    "macros/m.sql": "{% macro by() %}{{ adapter.dispatch('by')() }}{% endmacro %}"
    "{% macro default__by() %}{{ ref('a') }}{% endmacro %}"
    "{% macro postgres__by() %}{{ ref('b') }}{% endmacro %}",
    "models/a.sql": "select 1",
    "models/b.sql": "select 1",
    "models/dispatched.sql": "{{ by() }}",
    "models/target.sql": "{% if target.type == 'postgres' %}{{ ref('b') }}{% else %}{{ ref('a') }}"
    "{% endif %}",
    "models/only/c.sql": "select 1",
}
BY_TARGET = "name: shop\nmodels: {shop: {only: {+enabled: \"{{ target.type == 'duckdb' }}\"}}}\n"


@pytest.mark.parametrize(("kind", "parent"), [("postgres", "b"), ("redshift", "b"), ("duckdb", "a")])
def test_the_adapter_of_the_project_s_profile_decides(tmp_path: Path, kind: str, parent: str) -> None:
    profile = f"shop: {{target: t, outputs: {{s: {{type: spark}}, t: {{type: {kind}}}}}}}\n"
    project = read(tmp_path, {**ADAPTED, "profiles.yml": profile}, BY_TARGET)
    found = models(project)
    assert found["dispatched"].parents == (f"model.shop.{parent}",)
    assert found["target"].parents == (f"model.shop.{'b' if kind == 'postgres' else 'a'}",)
    assert ("c" in found, project.adapter, project.warnings) == (kind == "duckdb", kind, ())


def test_where_nothing_says_the_adapter_every_branch_counts_and_it_is_said(tmp_path: Path) -> None:
    project = read(tmp_path, ADAPTED, BY_TARGET)
    found = models(project)
    both = {"model.shop.a", "model.shop.b"}
    assert set(found["dispatched"].parents) == set(found["target"].parents) == both
    assert "models/target.sql:1: the condition of ref('b') cannot be read without dbt" in project.warnings
    assert "macros/m.sql:1: the condition of ref('b') cannot be read without dbt" in project.warnings
    assert read_files(tmp_path, adapter="duckdb").warnings == ()


def test_models_and_seeds_of_installed_packages_are_parents(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "dbt_packages/kit/dbt_project.yml": "name: kit\nmodel-paths: [m]\n",
        "dbt_packages/kit/m/deep/theirs.sql": "select 1",
        "dbt_packages/kit/seeds/codes.csv": "a\n1\n",
        "dbt_packages/broken/dbt_project.yml": "name: [",
        "models/a.sql": "{{ ref('theirs') }}{{ ref('kit', 'codes') }}{{ ref('codes') }}{{ ref('absent') }}",
        "models/b.sql": "{{ ref('shop', 'theirs') }}",
    }
    project = read(tmp_path, files)
    assert models(project)["a"].parents == ("model.kit.theirs", "seed.kit.codes")
    (warning,) = project.warnings
    assert warning.startswith("model absent (1 use), model theirs (1 use) are not in this project")


_HOOKS = """\
models:
  shop:
    daily: {+pre-hook: "select * from {{ source('raw', 'gate') }}"}
"""
_NAMED = """\
sources: [{name: raw, tables: [{name: gate}]}]
models:
  - name: from_yaml
    config: {post_hook: "insert into log select * from {{ ref('a') }}"}
  - name: keyed
    constraints: [{type: foreign_key, columns: [x], to: "ref('b')", to_columns: [x]}]
    columns: [{name: a_id, constraints: [{type: foreign_key, to: "ref('a')", to_columns: [id]}]}]
  - name: not_keyed
    columns: [{name: a_id, constraints: [{type: foreign_key, to: "somewhere(else)"}, {type: not_null}]}]
"""


def test_what_hooks_and_foreign_keys_name_is_a_parent_as_for_dbt(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "macros/m.sql": "{% macro log_of(name) %}select * from {{ ref(name) }}{% endmacro %}",
        "models/a.sql": "select 1 as id",
        "models/b.sql": "select 1 as id",
        "models/daily/gated.sql": """{{ config(pre_hook="{{ log_of('a') }}") }}select 1""",
        "models/listed.sql": """{{ config(post_hook=[before_begin("{{ log_of('a') }}"), {'sql':
            "select * from {{ ref('b') }}"}]) }}select 1""",
        "models/hidden.sql": "{{ config(post_hook='{{ ref(run_query(1)) }}') }}select 1",
        "models/from_yaml.sql": "select 1",
        "models/keyed.sql": "select 1",
        "models/not_keyed.sql": "select 1",
        "models/p.yml": _NAMED,
    }
    project = read(tmp_path, files, PROJECT + _HOOKS)
    found = models(project)
    assert set(found["gated"].parents) == {"source.shop.raw.gate", "model.shop.a"}
    assert set(found["listed"].parents) == {"model.shop.a", "model.shop.b"}
    assert found["from_yaml"].parents == ("model.shop.a",)
    assert set(found["keyed"].parents) == {"model.shop.a", "model.shop.b"}
    assert found["not_keyed"].parents == ()
    assert found["hidden"].unread is not None
    assert project.warnings == (
        "models/hidden.sql:1: ref() in a hook of hidden cannot be read without dbt",
        "models/p.yml:8: foreign key of not_keyed to somewhere(else) cannot be read without dbt",
    )


_BESIDE = """\
exposures:
  - {name: a, type: ml, owner: {name: x}, depends_on: ["metric('many')", "ref('positive')"]}
  - {name: b, type: ml, owner: {name: x}, config: {tags: own}}
functions: [{name: is_positive, arguments: [{name: a, data_type: int}], returns: {data_type: boolean}}]
"""


def test_functions_and_metrics_are_parents_and_exposures_configured_as_dbt_does(tmp_path: Path) -> None:
    tree = "name: shop\nexposures: {+meta: {a: 1}, +tags: [tree], shop: {+meta: {b: 1}, +tags: deep}}\n"
    files: dict[str, str | bytes] = {
        "functions/is_positive.sql": "a > 0",
        "models/positive.sql": "select {{ function('is_positive') }}(1) as id",
        "models/e.yml": _BESIDE,
    }
    project = read(tmp_path, files, tree)
    assert models(project)["positive"].parents == ("function.shop.is_positive",)
    a, b = project.exposures
    assert a.parents == ("metric.shop.many", "model.shop.positive")
    assert (a.meta, a.tags, b.tags) == ({"b": 1}, frozenset("deep"), frozenset("own"))
    assert project.warnings == (
        "models/e.yml:2: dbt takes each letter of 'deep' for a tag of exposure a; write [deep]",
        "models/e.yml:3: dbt takes each letter of 'own' for a tag of exposure b; write [own]",
    )


def test_of_two_models_with_one_name_the_one_that_is_on_counts(tmp_path: Path) -> None:
    tree = "name: shop\nmodels: {shop: {old: {+enabled: false}}}\n"
    files: dict[str, str | bytes] = {
        "models/a/m.sql": "{{ config(enabled=false) }}select 1",
        "models/b/m.sql": "select 2",
        "models/c/n.sql": "select 3",
        "models/old/n.sql": "select 4",
        "models/old/a_o.sql": "select 5",
        "models/p/a_o.sql": "select 6",
    }
    project = read(tmp_path, files, tree)
    assert {model.path for model in project.models} == {
        "models/b/m.sql",
        "models/c/n.sql",
        "models/p/a_o.sql",
    }
    assert project.warnings == ()


def test_a_test_that_is_a_query_is_configured_by_its_folder_and_its_entry(tmp_path: Path) -> None:
    tree = "name: shop\ndata_tests: {shop: {idle: {+enabled: false}, +severity: warn}}\n"
    files: dict[str, str | bytes] = {
        "models/m.sql": "select 1",
        "tests/a.sql": "{{ config(tags=['own']) }}select * from {{ ref('m') }}",
        "tests/b.sql": "select * from {{ ref('m') }}",
        "tests/idle/c.sql": "select * from {{ ref('m') }}",
        "tests/t.yml": "data_tests:\n- {name: a, description: why, config: {tags: [told], meta: {m: 1}}}\n"
        "- {name: b, config: {enabled: false}}\n",
    }
    project = read(tmp_path, files, tree)
    (test,) = project.tests
    assert (test.name, test.description, test.severity) == ("a", "why", "warn")
    assert (test.tags, test.meta) == ({"own", "told"}, {"m": 1})
    assert models(project)["m"].singular_tests == 1


def test_filters_that_give_yaml_its_types_do_nothing_in_sql_as_for_dbt(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "models/a.sql": "select 1",
        "models/b.sql": "{% if env_var('FLOE_OFF', 'False') | as_bool %}{{ ref('a') }}{% endif %}",
        "models/c.sql": "select 1",
        "models/p.yml": "models:\n- name: c\n"
        "  config: {enabled: \"{{ env_var('FLOE_OFF', 'False') | as_bool }}\"}\n",
    }
    found = models(read(tmp_path, files))
    assert found["b"].parents == ("model.shop.a",)
    assert "c" not in found


def test_what_a_folder_or_an_entry_configures_that_only_dbt_can_tell_is_said_once_and_not_judged(
    tmp_path: Path,
) -> None:
    """The name of the target is nobody's but dbt's: two people have two."""
    by_target = "\"{{ 'table' if target.name == 'prod' else 'view' }}\""
    tree = f"models:\n  shop:\n    marts:\n      +materialized: {by_target}\n      +tags: daily\n"
    files: dict[str, str | bytes] = {f"models/marts/{name}.sql": "select 1" for name in ("a", "b")}
    files["models/marts/own.sql"] = "{{ config(materialized='table') }} select 1"
    files["models/other.sql"] = "{{ config(grants={'select': ['{{ literal }}']}) }} select 1"
    files["models/p.yml"] = "models:\n- name: a\n- name: other\n  config:\n    access: '{{ target.name }}'\n"
    project = read(tmp_path, files, PROJECT + tree)
    assert project.warnings == (
        "dbt_project.yml:5: materialized cannot be read without dbt"
        " ({{ 'table' if target.name == 'prod' else 'view' }})",
        "models/p.yml:3: access cannot be read without dbt ({{ target.name }})",
    )
    found = models(project)
    assert {name: (model.materialized, model.unread_configs) for name, model in found.items()} == {
        "a": ("view", ("materialized",)),
        "b": ("view", ("materialized",)),
        "own": ("table", ()),
        "other": ("view", ("access",)),
    }
    assert found["other"].grants == {"select": ("{{ literal }}",)}, "in code it is a text"


def test_an_expression_that_asks_for_nothing_is_text_as_jinja_folds_it(tmp_path: Path) -> None:
    tree = (
        "models:\n  shop:\n    one: {+tags: \"{{ ['x', 'y'] }}\"}\n"
        "    two: {+tags: \"{{ var('t', ['x', 'y']) | sort }}\"}\n"
    )
    found = models(read(tmp_path, {"models/one.sql": "select 1", "models/two.sql": ""}, PROJECT + tree))
    assert found["one"].tags == {"['x', 'y']"}
    assert found["two"].tags == {"x", "y"}


def test_a_folder_tells_no_source_how_old_its_rows_are(tmp_path: Path) -> None:
    tree = "sources: {shop: {+loaded_at_field: at}}\n"
    listed = "sources:\n- name: raw\n  tables: [{name: a}, {name: b, config: {loaded_at_field: at}}]\n"
    project = read(tmp_path, {"models/s.yml": listed}, PROJECT + tree)
    assert [(source.name, source.tells_age) for source in project.sources] == [("a", False), ("b", True)]
