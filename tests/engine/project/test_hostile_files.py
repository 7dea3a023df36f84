"""Files of a dbt project that nobody wrote to be read: every one ends, soon, and its neighbours are told."""

# ruff: noqa: E501 - lists of keys
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from floe_engine.errors import FloeError
from floe_engine.policy.evaluate import evaluate
from floe_engine.project.dbt_source import read_source
from floe_engine.project.facts import Project
from floe_engine.project.project_file import read_project_file
from tests.engine.policy.samples import platform

OPENED: dict[str, Callable[[int], str]] = {
    "comments": lambda size: "{# " * (size // 3),
    "statements": lambda size: "{% " * (size // 3),
    "expressions": lambda size: "{{ " * (size // 3),
    "expressions and text": lambda size: "{{ 'a" * (size // 5),
    "SQL comments": lambda size: "/* " * (size // 3),
    "quotes": lambda size: "' \" ` " * (size // 6),
    "double quotes": lambda size: '"' * (size | 1),
    "brackets": lambda size: "[" * size,
    "parentheses": lambda size: "(" * size,
    "braces": lambda size: "{" * size,
    "braces and blanks": lambda size: "{" + " " * size,
    "dashes": lambda size: "- " * (size // 2),
    "minus": lambda size: "-" * size,
    "blanks": lambda size: " " * size + "x",
    "lines": lambda size: "\n" * size + "x",
    "selects": lambda size: "select a.b from " * (size // 16),
    "froms": lambda size: "from a.b , " * (size // 11),
    "joins": lambda size: "from a.b" + ".join" * (size // 5),
    "commas": lambda size: "select 1 from a.b" + ", c" * (size // 3),
    "macros": lambda size: "{% macro a(" * (size // 11),
    "snapshots": lambda size: "{% snapshot a %}{% endsnapshot %}\n" * (size // 34),
    "tests": lambda size: "{% test a(model) %}{% endtest %}\n" * (size // 33),
    "ifs": lambda size: "{% if a %}" * (size // 10),
    "docs": lambda size: "{% docs a %}" * (size // 12),
    "calls": lambda size: "{{ ref('a') }}" * (size // 14),
    "digits": lambda size: "9" * size,
    "sexagesimals": lambda size: "1" + ":1" * (size // 2),
    "aliases": lambda size: "models:\n- &a {name: x}\n" + "- *a\n" * (size // 5),
    "anchors": lambda size: "models:\n" + "- &a {name: x}\n" * (size // 15),
    "merges": lambda size: "models:\n- &a {name: x}\n" + "- {<<: *a}\n" * (size // 11),
    "names": lambda size: "models:\n" + "- name: x\n" * (size // 10),
    "hexadecimals": lambda size: "models: [{name: c, versions: [{v: 0x" + "f" * size + "}]}]\n",
    "zeros": lambda size: "\0" * size,
}
PLACES = [
    *("models/a.sql", "models/a.py", "models/a.yml", "macros/m.sql", "tests/generic/t.sql", "tests/s.sql"),
    *("snapshots/s.sql", "seeds/a.csv", "models/a.md", "packages.yml", "dependencies.yml", "selectors.yml"),
    *("profiles.yml", "dbt_packages/p/dbt_project.yml", "dbt_packages/p/macros/m.sql"),
]


def judged(directory: Path, files: dict[str, str]) -> Project | None:
    """A project with a model of its own beside `files`, read and judged; None where it is none."""
    small = {
        "dbt_project.yml": "name: shop\n",
        "models/b.sql": "select 1 as id from {{ ref('c') }} {{ m() }}",
    }
    for path, content in {**small, "models/c.sql": "select 1", **files}.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    try:
        project = read_source(read_project_file(directory, environ={}))
    except FloeError:
        return None
    evaluate(platform(), project)
    return project


def spent(directory: Path, content: str, places: Sequence[str] = PLACES) -> float:
    """Seconds of the processor until a project with that text in every one of its places is judged."""
    begun = time.process_time()
    project = judged(directory, dict.fromkeys(places, content))
    assert project is not None
    assert {"b", "c"} <= {model.name for model in project.models}
    return time.process_time() - begun


@pytest.mark.parametrize("opened", OPENED)
def test_no_file_costs_more_than_its_size(tmp_path: Path, opened: str) -> None:
    """Four times the size would be sixteen times the time, were it looked for again at each opening."""
    make = OPENED[opened]
    large = spent(tmp_path / "large", make(60_000))
    if large > 3:
        assert large < 10 * spent(tmp_path / "small", make(15_000))


@pytest.mark.parametrize("opened", OPENED)
def test_a_project_file_of_anything_is_none_or_read(tmp_path: Path, opened: str) -> None:
    for beside in ("", "name: shop\nmodels: ", "name: shop\nvars:\n  x: "):
        judged(tmp_path, {"dbt_project.yml": f"{beside}{OPENED[opened](20_000)}\n"})


def test_what_is_short_as_yaml_and_endless_as_a_value_is_refused(tmp_path: Path) -> None:
    laughing = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    deep = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 500))
    wide = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1_000)) + "}\nmodels:\n" + "- {<<: *a}\n" * 5_000
    files = {"models/1.yml": laughing, "models/2.yml": deep, "models/3.yml": wide}
    project = judged(tmp_path, files)
    assert project is not None
    assert sorted(said.split(": ", 1)[1] for said in project.warnings if "YAML" in said) == [
        "not valid YAML: aliases repeat more than 1,000,000 values",
        "not valid YAML: aliases repeat more than 1,000,000 values",
        "not valid YAML: nested too deeply",
    ]


ODD: list[Any] = [
    *(0, 1.5, True, None, "", "x", [], {}, [1], [[]], [{}], {1: 2}, {"a": {"b": [1]}}, [None], ["x", 3]),
    *([{"name": 5}], [{"name": "x", "config": []}], {"name": "x"}, float("nan")),
]
KEYS = {
    "models": "name description config meta tags access group docs columns tests data_tests constraints versions"
    " latest_version deprecation_date freshness contract",
    "columns": "name description data_type meta tags config tests data_tests constraints quote",
    "versions": "v defined_in description config columns tests data_tests constraints access docs",
    "sources": "name description schema database loader meta tags config freshness loaded_at_field tables quoting",
    "tables": "name description identifier meta tags config freshness loaded_at_field columns tests external",
    "exposures": "name type owner depends_on meta tags config label url maturity description",
    "unit_tests": "name model given expect overrides config versions description",
    "semantic_models": "name model entities dimensions measures config defaults description",
    "macros": "name description arguments meta config docs",
    "snapshots": "name relation config columns meta tags description",
    "seeds": "name config columns meta tags description tests",
    "groups": "name owner config description",
    "config": "enabled tags meta schema database materialized access group grants contract freshness alias severity"
    " where limit warn_if error_if store_failures unique_key",
}

SETTINGS = (
    "profile version model-paths seed-paths snapshot-paths test-paths macro-paths analysis-paths target-path"
    " packages-install-path models seeds snapshots sources tests data_tests exposures unit_tests vars dispatch"
)


def odd_entries(section: str) -> dict[str, Any]:
    """A properties file that says each odd thing under each key, of a model, column, table … of its own."""
    odd = [(key, value) for key in KEYS[section].split() for value in ODD]
    entries: list[dict[str, Any]] = [{"name": f"c{n}", key: value} for n, (key, value) in enumerate(odd)]
    match section:
        case "config":
            models = []
            for n, (key, value) in enumerate(odd):
                config = {"config": {key: value}}
                column = {"name": "id", **config, "data_tests": [{"unique": config}]}
                models.append({"name": f"c{n}", **config, "columns": [column]})
            return {"models": models}
        case "columns":
            return {"models": [{"name": "c0", "columns": entries}]}
        case "versions":
            versions = [
                {"name": f"c{n}", "versions": [{"v": 1, key: value}]} for n, (key, value) in enumerate(odd)
            ]
            return {"models": versions}
        case "tables":
            return {"sources": [{"name": "s", "tables": entries}]}
        case "sources":
            return {"sources": [{"tables": [{"name": "t"}], **entry} for entry in entries]}
    return {section: entries}


@pytest.mark.parametrize("section", KEYS)
def test_any_value_may_stand_under_any_key(tmp_path: Path, section: str) -> None:
    document = odd_entries(section)
    count = len(ODD) * len(KEYS[section].split()) if "models" in document else 0
    models = {f"models/c{number}.sql": "select 1 as id" for number in range(count)}
    assert judged(tmp_path, {**models, "models/p.yml": yaml.safe_dump(document)}) is not None
    tree = {f"+{key}": 1 for key in KEYS[section].split()}
    settings = {"name": "shop", section: {**tree, "shop": {**tree, "a": 2}, 5: 6}}
    judged(tmp_path, {"dbt_project.yml": yaml.safe_dump(settings)})


@pytest.mark.parametrize("key", SETTINGS.split())
def test_any_value_may_stand_under_any_key_of_the_project_file(tmp_path: Path, key: str) -> None:
    for value in (0, None, [[]], {1: 2}, {"a": {"b": [1]}}, ["x", 3]):
        judged(tmp_path, {"dbt_project.yml": yaml.safe_dump({"name": "shop", key: value})})


@pytest.mark.parametrize("section", [*KEYS, "metrics", "saved_queries", "analyses", "version"])
def test_any_value_may_stand_for_a_section(tmp_path: Path, section: str) -> None:
    files = {f"models/p{n}.yml": yaml.safe_dump({section: value}) for n, value in enumerate(ODD)}
    assert judged(tmp_path, files) is not None
