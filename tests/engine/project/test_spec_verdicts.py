"""floe.yaml is read by structs, and its mistakes are told by models made from them: both say the same."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from floe_engine.document.document import parse
from floe_engine.project.spec import Spec
from floe_engine.project.spec_model import read

FULL = parse(
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
"""
).value

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


PLACES = places(FULL)[1:]


def changed(changes: list[tuple[tuple[Any, ...], str, Any]]) -> Any:
    """The document with values put at places, added beside them, or taken away."""
    document = copy.deepcopy(FULL)
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


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(PLACES),
            st.sampled_from(["put", "put", "put", "drop", "add"]),
            st.sampled_from(ODD),
        ),
        max_size=3,
    )
)
@example([(("metadata", "version"), "put", "1.0.0\n")])
@example([(("quality", "minimum_coverage"), "put", 80.0)])
@example([(("schedule", "enabled"), "put", 1)])
def test_what_the_structs_take_the_models_take_as_the_same(changes: list[Any]) -> None:
    value = changed(changes)
    try:
        taken = msgspec.convert(value, Spec)
    except msgspec.ValidationError:
        return
    assert read(value) == taken


@settings(max_examples=300)
@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_what_the_structs_refuse_has_a_mistake_that_is_told(path: tuple[Any, ...], odd: Any) -> None:
    value = changed([(path, "put", odd)])
    try:
        msgspec.convert(value, Spec)
    except msgspec.ValidationError:
        with pytest.raises(ValidationError):
            read(value)


def test_waivers_are_read_by_the_models() -> None:
    waiver = {"pattern": "legacy_*", "reason": "old", "owner": "team", "expires": "2030-01-31"}
    read_one = read({**FULL, "waivers": [waiver]})
    assert read_one.waivers[0].target == "legacy_*"
    assert msgspec.structs.replace(read_one, waivers=()) == msgspec.convert(FULL, Spec)
