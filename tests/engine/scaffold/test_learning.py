"""A platform learnt from a project: the project passes it, and what comes next is said with its cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floe_engine.platform.begin_platform import begin_platform
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.platform.test_policies import test_policies as run_tests
from floe_engine.policy.evaluate import evaluate
from floe_engine.project.reading import read_project
from floe_engine.scaffold.learning import Learnt
from floe_engine.workspace import Workspace

EXAMPLES = Path(__file__).parents[3] / "examples"


def project(directory: Path, files: dict[str, str], **config: str) -> Path:
    """A dbt project of those files; SQL is whatever is given, or selects nothing."""
    more = "".join(f"{key}: {value}\n" for key, value in config.items())
    files = {"dbt_project.yml": f'name: shop\nversion: "1.0"\nprofile: shop\n{more}', **files}
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    return directory


def learnt(tmp_path: Path, source: Path) -> Learnt:
    """What is learnt from a project, after the promise was kept: no finding, and tests that pass."""
    home = tmp_path / "platform"
    workspace = Workspace.open(home)
    found = begin_platform(workspace, from_project=source, name="shop").learnt
    assert found is not None
    platform = compile_platform(workspace, write=False).artifact.platform
    evaluation = evaluate(platform, read_project(source))
    assert [finding for finding in evaluation.findings if finding.severity != "info"] == []
    assert run_tests(workspace).passed
    return found


@pytest.mark.parametrize("name", ["customer-analytics", "customer-analytics-violating"])
def test_the_examples_pass_what_is_learnt_from_them(tmp_path: Path, name: str) -> None:
    found = learnt(tmp_path, EXAMPLES / name)
    assert [layer.name for layer in found.layers][-1] == "gold"
    assert found.next_steps


def test_a_good_project_is_held_to_what_it_does(tmp_path: Path) -> None:
    found = learnt(tmp_path, EXAMPLES / "customer-analytics")
    demanded = {demand.setting for demand in found.demands}
    assert "governance.quality_gates.require_descriptions: true" in demanded
    assert "data_architecture.layers.gold.required_tests: [unique_pk]" in demanded
    assert "data_architecture.naming.enforcement: strict" in demanded
    assert "owner: customer-analytics@acme.example" in found.text


def test_the_next_steps_say_the_least_work_first_and_where_it_is(tmp_path: Path) -> None:
    found = learnt(tmp_path, EXAMPLES / "customer-analytics")
    costs = [step.findings for step in found.next_steps]
    assert costs == sorted(costs)
    assert min(costs) >= 1
    for step in found.next_steps:
        assert f"#   {step}" in found.text
        assert step.subjects


def test_usual_prefixes_are_layers_wherever_their_models_lie(tmp_path: Path) -> None:
    source = project(
        tmp_path / "dbt",
        {
            "models/shop/staging/stg_orders.sql": "select 1 as id",
            "models/web/staging/stg_visits.sql": "select 1 as id",
            "models/shop/int_orders.sql": "select * from {{ ref('stg_orders') }}",
            "models/marts/dim_customer.sql": "select * from {{ ref('int_orders') }}",
            "models/marts/fct_orders.sql": "select * from {{ ref('int_orders') }}",
        },
    )
    found = learnt(tmp_path, source)
    layers = {layer.name: layer for layer in found.layers}
    assert layers["staging"].prefixes == ("stg_",)
    assert layers["intermediate"].may_depend_on == ("staging",)
    assert "pattern: kimball" in found.text


def test_folders_are_layers_where_names_say_nothing(tmp_path: Path) -> None:
    source = project(
        tmp_path / "dbt",
        {
            "models/staging/stg_orders.sql": "select 1 as id",
            "models/marts/orders.sql": "select * from {{ ref('stg_orders') }}",
            "models/marts/customers.sql": "select * from {{ ref('orders') }}",
        },
    )
    found = learnt(tmp_path, source)
    assert {layer.name: layer.paths for layer in found.layers} == {
        "staging": ("models/staging",),
        "marts": ("models/marts",),
    }
    assert "pattern: custom" in found.text


def test_a_house_with_words_of_its_own_gets_layers_of_its_own(tmp_path: Path) -> None:
    models = {f"models/landing/ld_{name}.sql": "select 1 as id" for name in ("a", "b", "c")}
    found = learnt(tmp_path, project(tmp_path / "dbt", models))
    assert [(layer.name, layer.prefixes) for layer in found.layers] == [("landing", ("ld_",))]


def test_a_habit_of_the_house_becomes_a_rule_and_its_own_key_for_levels_is_read(tmp_path: Path) -> None:
    yml = """
models:
  - name: stg_a
    config: {meta: {owner: me, sensitivity: pii}}
  - name: stg_b
    config: {meta: {owner: you}}
"""
    models = {"models/stg_a.sql": "select 1", "models/stg_b.sql": "select 1", "models/m.yml": yml}
    found = learnt(tmp_path, project(tmp_path / "dbt", models))
    assert "field: owner" in found.text
    assert "sensitivity]" in found.text


NAMES = st.from_regex(r"(stg_|int_|x_|my_|)[a-z]{1,4}(_[A-Z0-9]{1,3})?", fullmatch=True)
FOLDERS = st.sampled_from(("", "staging/", "marts/", "Marts 2/", "deep/er/", "source/", "été/"))


@given(st.dictionaries(NAMES, FOLDERS, min_size=1, max_size=6), st.data())
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_whatever_a_project_looks_like_it_passes_what_is_learnt_from_it(
    tmp_path_factory: pytest.TempPathFactory, models: dict[str, str], data: st.DataObject
) -> None:
    files = {}
    names = list(models)
    for number, (name, folder) in enumerate(models.items()):
        parent = data.draw(st.sampled_from([*names[:number], ""]))
        files[f"models/{folder}{name}.sql"] = (
            f"select * from {{{{ ref('{parent}') }}}}" if parent else "select 1"
        )
    if data.draw(st.booleans()):
        files["models/all.yml"] = "models:\n" + "".join(
            f"  - name: {name}\n    columns: [{{name: id, tests: [unique, not_null]}}, {{name: email}}]\n"
            for name in names
        )
    base = tmp_path_factory.mktemp("learnt")
    learnt(base, project(base / "dbt", files))


def test_no_name_of_a_project_becomes_a_setting_of_its_platform(tmp_path: Path) -> None:
    yml = """
models:
  - name: stg_a
    config: {meta: {"own\\ner: x": 1, "sens\\nx: [": pii}}
    columns:
      - {name: "id\\nsecurity: {trusted_keys: [evil.pub]}\\n#"}
      - {name: "\\e[31mred\\u202e", tests: [not_null]}
groups:
  - {name: g, owner: {name: "o\\nscope: domain"}}
"""
    found = learnt(tmp_path, project(tmp_path / "dbt", {"models/stg_a.sql": "select 1", "models/m.yml": yml}))
    assert not any(line.startswith(("security", "scope", "x:")) for line in found.text.splitlines())
    assert "\x1b" not in found.text
    assert "evil.pub" in found.text, "it is told, escaped"
