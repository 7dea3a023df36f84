"""Which models and rules a command line chooses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.policy.named_selectors import NamedSelectors, find
from floe_engine.policy.selection import resolve, unmatched
from floe_engine.project.changed import beside
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Exposure, Project
from floe_engine.project.reading import read_project
from floe_engine.project.states import State
from tests.engine.policy.samples import RAW, model, project, source

EMPTY = Project(name="shop", directory=Path(), models=())


@pytest.mark.parametrize("selector", ["", " ", "foo:bar", "tags:nightly", "tag:", "FLOE-E999"])
def test_a_selector_that_can_match_nothing_is_refused(selector: str) -> None:
    for select, exclude in ([selector], []), ([], [selector]):
        with pytest.raises(UsageError) as caught:
            resolve(EMPTY, select, exclude)
        assert caught.value.hint


def test_selectors_of_every_kind_are_taken() -> None:
    found = resolve(EMPTY, ["silver_*", "path:models", "tag:nightly", "e201"], [])
    assert found.rules == {"FLOE-E201"}


CHAIN = project(
    model("a", parents=[RAW]),
    model("b", parents=["a"], properties_path="models/b.yml"),
    model("c", parents=["b"], tags=frozenset({"daily"}), path="models/c/c.sql"),
    model("d", parents=["c", "x"]),
    model("x"),
    sources=[source("orders")],
)


OF_KINDS = project(
    model("a", parents=[RAW], materialized="table", path="models/x/a.sql", access="public", group="g"),
    model("v", version="2", materialized="view"),
    sources=[source("orders")],
)


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ("config.materialized:view", {"v.v2"}),
        ("source:raw", {"raw.orders"}),
        ("source:raw.ord*", {"raw.orders"}),
        ("raw.orders", set()),
        ("x", {"a"}),
        ("*", {"a", "v.v2"}),
        ("models/x", {"a"}),
        ("orders", set()),
        ("resource_type:source+", {"raw.orders", "a"}),
        ("access:public", {"a"}),
        ("group:g", {"a"}),
        ("file:a", {"a"}),
        ("a.sql", {"a"}),
        ("v_v2", {"v.v2"}),
        ("v", {"v.v2"}),
    ],
)
def test_kinds_of_selectors_mean_what_dbt_takes_them_for(selector: str, labels: set[str]) -> None:
    found = resolve(OF_KINDS, [selector], ()).nodes or frozenset()
    assert {OF_KINDS.by_id[unique_id].label for unique_id in found} == labels


def test_what_a_word_that_selects_nothing_may_mean_is_said() -> None:
    words = ["orders+", "raw", "x", "a v", "nothing", "a", "state:modified"]
    assert list(unmatched([OF_KINDS], words)) == [
        ("orders+", "a source is source:raw.orders"),
        ("raw", "a source is source:raw"),
        ("a v", "each has its own --select"),
        ("nothing", ""),
    ]


def test_all_that_something_needs_is_also_what_stands_on_it_with_it() -> None:
    """dbt takes an exposure of c for a child of b, and what else it reads is needed too."""
    apart = replace(CHAIN, models=(*CHAIN.models, model("far")))
    board = Exposure("exposure.shop.board", "board", ("model.shop.c", "model.shop.far"))
    found = resolve(replace(apart, exposures=(board,)), ["@b"], ()).nodes or frozenset()
    assert "model.shop.far" in found
    assert "model.shop.far" not in (resolve(apart, ["@b"], ()).nodes or frozenset())


class Earlier(State):
    """What `CHAIN` was before its last model but one changed."""

    _new = _body = _macros = frozenset[str]()
    _modified = frozenset({"model.shop.c"})

    def _as_dbt(self, word: str) -> frozenset[str]:
        raise AssertionError(word)


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        (["+c"], {"a", "b", "c", "orders"}),
        (["b+"], {"b", "c", "d"}),
        (["1+c+1"], {"b", "c", "d"}),
        (["@c"], {"a", "b", "c", "d", "x", "orders"}),
        (["+tag:daily"], {"a", "b", "c", "orders"}),
        (["models/c/c.sql"], {"c"}),
        (["models/b.yml"], {"b"}),
        (["path:models/b.yml+"], {"b", "c", "d"}),
        (["state:modified+"], {"c", "d"}),
        (["state:unmodified,state:old"], {"a", "b", "d", "x", "orders"}),
        (["state:new", "state:modified.body"], set()),
        (["b+,+c"], {"b", "c"}),
        (["x", "a"], {"a", "x"}),
        (["source:raw"], {"orders"}),
        (["source:raw.orders+1"], {"orders", "a"}),
        (["fqn:c.c", "package:that"], {"c"}),
        (["c.*"], {"c"}),
        (["shop.*,file:?.sql,path:models/*.sql"], {"a", "b", "d", "x"}),
        (["path:models/**/c.sql", "c.sql"], {"c"}),
        (["config.tags:daily", "config.materialized:table"], {"c"}),
        (["resource_type:source", "version:latest", "group:g", "access:public"], {"orders"}),
    ],
)
def test_selectors_follow_the_graph_as_dbts_do(selectors: list[str], names: set[str]) -> None:
    found = resolve(CHAIN, selectors, (), Earlier(CHAIN)).nodes or frozenset()
    assert {CHAIN.by_id[unique_id].name for unique_id in found} == names


def test_a_state_that_nobody_named_is_no_selection() -> None:
    with pytest.raises(UsageError, match="compared with"):
        resolve(CHAIN, ["state:modified"], ())
    for wrong in (
        "state:older", "state:modified.tests", "config:x", "+", "tag:", "@c+", "metric:x", "result:error",
        "config.alias:x", "version:1", "resource_type:table", "source:a.b.c.d", "tag.x:y",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="not a selector"):
            resolve(CHAIN, [wrong], ())


def test_what_is_modified_is_told_by_git_or_by_an_older_manifest(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    for name in ("one", "two"):
        (tmp_path / f"models/{name}.sql").write_text(f"select 1 as {name}\n")

    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=tmp_path, check=True
        )

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "begin")
    (tmp_path / "models/two.sql").write_text("select 2 as two\n")
    (tmp_path / "models/three.sql").write_text("select 3 as three\n")
    (tmp_path / "models/one.sql").write_bytes(b"select 1 as one\r\n")
    # What the checkout's own configuration would run, were git asked for a difference.
    (tmp_path / ".gitattributes").write_text("*.sql filter=x\n")
    git("config", "filter.x.clean", f"touch {tmp_path}/ran; cat")
    git("config", "core.fsmonitor", f"touch {tmp_path}/ran")
    hook = tmp_path / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    shop = read_project(tmp_path)
    assert beside(shop, "HEAD").selected("modified") == {"model.shop.two", "model.shop.three"}
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UsageError, match="compare"):
        beside(shop, "no-such-branch")
    with pytest.raises(UsageError, match="git revision"):
        beside(shop, "--output=x")


def test_a_manifest_of_another_project_is_nothing_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "models/one.sql").write_text("select 1 as one\n")
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "project_name": "other",
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"metadata": metadata, "nodes": {}, "sources": {}}))
    with pytest.raises(UsageError, match="another project") as refused:
        beside(read_project(tmp_path), str(tmp_path))
    assert "all of shop would be new" in refused.value.message


def test_a_model_differs_where_a_macro_that_it_calls_does(tmp_path: Path) -> None:
    """By its name, through another macro, or by dispatch; one that nobody calls changes nothing."""
    files = {
        "dbt_project.yml": "name: shop\n",
        "macros/all.sql": "{% macro outer() %}{{ inner() }}{% endmacro %}\n"
        "{% macro picked() %}{{ adapter.dispatch('shown')() }}{% endmacro %}\n",
        "macros/inner.sql": "{% macro inner() %}1{% endmacro %}",
        "macros/shown.sql": "{% macro default__shown() %}1{% endmacro %}",
        "macros/alone.sql": "{% macro alone() %}1{% endmacro %}",
        "models/direct.sql": "select {{ inner() }} as id",
        "models/through.sql": "select {{ shop.outer() }} as id",
        "models/dispatched.sql": "select {{ picked() }} as id",
        "models/none.sql": "select 1 as inner_id",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for command in (["init", "-q"], ["add", "-A"], [*_AS, "commit", "-qm", "a"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)

    def changed(macro: str) -> set[str]:
        file = tmp_path / f"macros/{macro}.sql"
        file.write_text(file.read_text().replace("1", "2"))
        found = beside(read_project(tmp_path), "HEAD").selected("modified")
        file.write_text(file.read_text().replace("2", "1"))
        return {unique_id.rpartition(".")[2] for unique_id in found}

    assert changed("inner") == {"direct", "through"}
    assert changed("shown") == {"dispatched"}
    assert changed("alone") == set()


_AS = ["-c", "user.name=x", "-c", "user.email=x@x.example"]


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ("metric:revenue", "not a selector: 'metric:revenue'"),
        ("{method: test_name, value: unique}", "not a selector: 'test_name:unique'"),
        ("'{{ var(\"x\") }}'", "only dbt can tell"),
        ("{method: selector, value: later}", "no selector later above"),
        ("{method: tag, parents: true}", "a method and a value"),
        ("{method: tag, value: x, child: true}", "has no child"),
        ("[tag:x]", "a text or a mapping"),
        ("{union: tag:x}", "no list"),
        ("{union: [{exclude: [a]}, {exclude: [b]}]}", "one exclude"),
        ("{union: [{method: tag, value: x, exclude: [a]}]}", "stands alone"),
        ("{method: tag, value: x, children: true, childrens_parents: true}", "not a selector"),
    ],
)
def test_a_selector_of_selectors_yml_that_cannot_be_told_is_refused_with_its_line(
    tmp_path: Path, definition: str, problem: str
) -> None:
    text = f"selectors:\n  - name: it\n    definition: {definition}\n  - {{name: later, definition: a}}\n"
    (tmp_path / "selectors.yml").write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        resolve(CHAIN, [], [], named=(NamedSelectors.read(tmp_path), "it"))
    assert problem in refused.value.message
    assert refused.value.where == f"{tmp_path / 'selectors.yml'}:3"


def test_a_selector_that_is_named_again_and_again_is_worked_out_once(tmp_path: Path) -> None:
    lines = ["selectors:", "  - {name: n0, definition: a}"]
    for number in range(1, 60):
        before = f"{{method: selector, value: n{number - 1}}}"
        lines.append(f"  - {{name: n{number}, definition: {{union: [{before}, {before}]}}}}")
    (tmp_path / "selectors.yml").write_text("\n".join(lines))
    found = resolve(CHAIN, [], [], named=(NamedSelectors.read(tmp_path), "n59"))
    assert found.nodes == resolve(CHAIN, ["a"], []).nodes


@pytest.mark.parametrize("part", ["columns", "config", "unrendered_config", "contract", "depends_on"])
@pytest.mark.parametrize("value", [None, [], "x"])
def test_a_manifest_of_another_shape_is_compared_or_refused_in_words(
    tmp_path: Path, part: str, value: object
) -> None:
    node = {
        "resource_type": "model", "name": "a", "package_name": "shop", "original_file_path": "models/a.sql",
        "unique_id": "model.shop.a", part: value,
    }  # fmt: skip
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "project_name": "shop",
        "adapter_type": "duckdb",
    }
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"metadata": metadata, "nodes": {"model.shop.a": node}}))
    try:
        state = beside(replace(read_manifest(file, tmp_path), manifest=file), str(file))
        assert [*state.selected("modified"), *state.selected("modified.configs")] == []
        assert not state.selected("modified.persisted_descriptions")
    except ConfigurationError as refused:
        assert value is not None
        assert refused.title == "dbt manifest does not have the expected shape"


def test_one_of_several_projects_has_to_have_the_selector_and_no_other_selects_models(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "b/selectors.yml").write_text("selectors: [{name: nightly, definition: 'a+'}]\n")
    folders = [tmp_path / "a", tmp_path / "b"]
    a, b = find(folders, "nightly")
    assert resolve(CHAIN, [], [], named=(a, "nightly")).nodes == frozenset()
    selection = resolve(CHAIN, ["E202"], [], named=(b, "nightly"))
    assert selection.nodes == {f"model.shop.{name}" for name in "abcd"}
    assert selection.rules == {"FLOE-E202"}
    with pytest.raises(UsageError, match="no selector nightli") as refused:
        find(folders, "nightli")
    assert refused.value.hint == "did you mean nightly?"
    with pytest.raises(UsageError, match="which models are judged"):
        resolve(CHAIN, ["tag:x"], [], named=(b, "nightly"))
