"""What the sections take, and what the models made from them take to tell mistakes, is the same."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from floe_engine.document.document import parse
from floe_engine.manifest import models
from floe_engine.manifest.base import Section, WrongShape
from floe_engine.manifest.reading import plain, respelled
from floe_engine.manifest.root import Manifest
from floe_engine.project.spec import Spec
from tests.engine.variations import PLAIN, VALUES, edited

FLOE = parse(
    """\
apiVersion: floe.dev/v1
kind: DataProduct
metadata:
  {name: shop, version: "1.0.0", domain: sales, owner: team, description: All of it., labels: {tier: gold}}
platform:
  ref: oci://registry.example.com/acme:v1.2.*
  trusted_keys: [cosign.pub]
  trusted_identities: [{identity: a@example.com, issuer: https://issuer.example.com}]
  first_use: refuse
transforms:
  - {type: dbt, path: models/, project_dir: ., compute: duckdb, profiles_dir: out, target: dev}
schedule: {cron: 0 6 * * *, timezone: UTC, enabled: true}
quality: {minimum_coverage: 90, required_tests: [unique]}
dbt: {manifest: target/manifest.json, reader: auto, vars: {start: 2024, flags: [true, null]}}
output_ports: [{name: orders, ref: orders, description: What was ordered}]
input_ports: [{name: raw}]
waivers: [{pattern: legacy_*, reason: old, owner: team, expires: 2030-01-31}]
"""
).value
MANIFEST = json.loads(
    edited(
        PLAIN,
        [
            (path, next(each for each in reversed(values) if each))
            for path, values in VALUES.items()
            if any(values)
        ],
    )
)

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 80, 100, 101, 80.0, 80.5, float("nan"), float("inf"), 10**30, "", " ", "x",
    "80", "true", "1.0.0", "1.0.0\n", "1.0", "a\n", "\n", "é", "x" * 501, "-a", "auto", "dbt",
    "refuse", [], [1], [""], ["a"], [None], {}, {"a": 1}, {"a": "b"}, {1: "a"}, {None: 1}, [{}],
    [{"name": "a"}], "2024-01-31",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a document."""
    found = [path]
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        found += places(inner, (*path, key))
    return found


SECTIONS: dict[str, tuple[type[Section], Any]] = {
    "floe.yaml": (Spec, FLOE),
    "manifest.yaml": (Manifest, MANIFEST),
}
PLACES = st.sampled_from(
    [(file, path) for file, (_, document) in SECTIONS.items() for path in places(document)[1:]]
)


def changed(document: Any, changes: list[tuple[tuple[Any, ...], str, Any]]) -> Any:
    """The document with values put at places, added beside them, or taken away."""
    document = copy.deepcopy(document)
    for path, kind, value in changes:
        holder = document
        try:
            for part in path[:-1]:
                holder = holder[part]
            if kind == "put":
                holder[path[-1]] = value
            elif kind == "drop":
                del holder[path[-1]]
            elif isinstance(holder, dict):
                holder[f"{path[-1]}s"] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return document


def taken(section: type[Section], value: Any) -> Section | None:
    """What the sections themselves make of a document; None where they refuse it."""
    try:
        return msgspec.convert(respelled(section, value), section)
    except msgspec.ValidationError:
        return None


@settings(max_examples=600)
@given(
    st.lists(
        st.tuples(PLACES, st.sampled_from(["put", "put", "put", "drop", "add"]), st.sampled_from(ODD)),
        max_size=3,
    )
)
@example([(("floe.yaml", ("metadata", "version")), "put", "1.0.0\n")])
@example([(("floe.yaml", ("quality", "minimum_coverage")), "put", 80.0)])
@example([(("floe.yaml", ("schedule", "enabled")), "put", 1)])
@example([(("manifest.yaml", ("metadata", "name")), "put", "acme\n")])
@example([(("manifest.yaml", ("governance", "quality_gates", "minimum_test_coverage")), "put", 80.0)])
def test_what_the_sections_take_the_models_take_as_the_same(changes: list[Any]) -> None:
    for file, (section, document) in SECTIONS.items():
        value = changed(document, [(path, *rest) for (of, path), *rest in changes if of == file])
        mine = taken(section, value)
        if mine is not None:
            assert models.read(section, value) == mine


@settings(max_examples=600)
@given(PLACES, st.sampled_from(ODD))
def test_what_the_sections_refuse_has_a_mistake_that_is_told(place: tuple[str, Any], odd: Any) -> None:
    section, document = SECTIONS[place[0]]
    value = changed(document, [(place[1], "put", odd)])
    if taken(section, value) is None:
        with pytest.raises(WrongShape):
            models.read(section, value)


def test_the_documents_are_whole() -> None:
    assert all(taken(section, document) is not None for section, document in SECTIONS.values())


def test_two_spellings_of_one_key_are_a_mistake() -> None:
    head = {"apiVersion": "floe.dev/v1", "kind": "Manifest", "metadata": {"name": "a", "version": "1.0.0"}}
    both = {**head, "parent": "oci://a/b:v1.0.0", "parent_manifest": "oci://a/b:v1.0.0"}
    with pytest.raises(WrongShape):
        Manifest.read(both)


def test_what_is_written_otherwise_is_kept_in_one_spelling() -> None:
    rules = [{"pattern": "a", "type": ["date", "timestamp"]}]
    manifest = Manifest.read(
        {
            "kind": "Manifest",
            "apiVersion": "floe.dev/v1",
            "parent_manifest": "../manifest.yaml",
            "metadata": {"version": "1.0.0", "name": "a"},
            "catalog": {"schema_registry": {"type_rules": rules}},
            "artifacts": {"registry": "oci://a/b"},
        }
    )
    assert list(manifest.written) == ["apiVersion", "kind", "metadata", "parent", "catalog", "artifacts"]
    assert manifest.written["parent"] == {"ref": "../manifest.yaml"}
    assert manifest.written["artifacts"] == {"registry": {"uri": "oci://a/b"}}
    assert manifest.catalog.schema_registry.type_rules[0].type == "date | timestamp"


def test_plain_values_are_those_that_the_file_has_whatever_they_are() -> None:
    odd = {"large": 10**30, "half": "\ud800", "none": None, "list": [1.5, {"a": []}]}
    choice = Manifest.read({**PLAIN, "plugins": {"compute": {"type": "duckdb", "config": odd}}}).plugins[
        "compute"
    ]
    assert plain(choice)["config"] == odd
    assert plain({"x": (choice,)})["x"][0]["approved"] == []
    assert plain(taken(Spec, FLOE))["waivers"][0]["expires"] == "2030-01-31"
