from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.artifact.shape import Path
from floe_engine.document.document import parse
from floe_engine.upgrade.changes import diff
from floe_engine.upgrade.rows import one_column, side_by_side
from floe_engine.upgrade.rule import ABSENT
from floe_engine.upgrade.settings import locate, manifest_path
from tests.engine.upgrade.artifacts import artifact, documents, packed

CONFIG = (MANIFEST, "pluginDetails", "compute", "config")


def changes(before: dict[Path, Any], after: dict[Path, Any]) -> list[tuple[str, str, Any, Any]]:
    found = diff(artifact(before), artifact(after))
    return [(change.kind, ".".join(change.path[1:]), change.old, change.new) for change in found]


def test_a_list_of_names_has_no_order_where_order_means_nothing() -> None:
    tests = (QUALITY_GATES, "required_tests")
    assert changes({tests: ["a", "b"]}, {tests: ["b", "a"]}) == []
    assert changes({tests: ["a", "b"]}, {tests: ["b", "c"]}) == [
        ("removed", "required_tests.a", "a", None),
        ("added", "required_tests.c", None, "c"),
    ]


def test_a_list_whose_order_means_something_is_moved() -> None:
    levels = (CLASSIFICATION, "levels")
    assert changes({levels: ["a", "b", "c"]}, {levels: ["b", "a", "c"]}) == [
        ("moved", "levels", ["a", "b", "c"], ["b", "a", "c"])
    ]


def test_a_level_put_between_others_moves_none_of_them() -> None:
    levels = (CLASSIFICATION, "levels")
    assert changes({levels: ["a", "c"]}, {levels: ["a", "b", "c"]}) == [("added", "levels.b", None, "b")]


def test_items_are_told_apart_by_what_identifies_them() -> None:
    waivers = (QUALITY_GATES, "waivers")
    one, two = ({"id": name, "pattern": f"{name}_*", "reason": "r"} for name in "ab")
    later = {**two, "expires": "2027-01-01"}
    assert changes({waivers: [one, two]}, {waivers: [later, one]}) == [
        ("added", "waivers.b.expires", None, "2027-01-01")
    ]


def test_two_items_of_one_identity_are_kept_apart() -> None:
    rules = (SCHEMA_REGISTRY, "typeRules")
    one, two = ({"pattern": "x", "type": kind} for kind in ("int", "text"))
    assert changes({rules: [one, two]}, {rules: [one]}) == [("removed", "typeRules.x #2", two, None)]


def test_equal_content_under_another_name_is_a_rename() -> None:
    files = documents()
    layers = files[LAYER_CONSTRAINTS]
    layers["landing"] = layers.pop("bronze")
    layers["silver"]["may_depend_on"] = ["landing", "silver"]
    layers["_meta"]["order"] = ["landing", "silver", "gold"]
    files[NAMING_RULES]["prefixes"]["landing"] = files[NAMING_RULES]["prefixes"].pop("bronze")
    (change,) = diff(artifact(), packed(files))
    assert (change.kind, change.old, change.new) == ("renamed", "bronze", "landing")
    assert (NAMING_RULES, "prefixes", "landing") in change.also


def test_two_candidates_are_no_rename() -> None:
    same = {"required_tests": ["x"]}
    before = {(LAYER_CONSTRAINTS, "a"): same}
    after = {(LAYER_CONSTRAINTS, "b"): same, (LAYER_CONSTRAINTS, "c"): same}
    assert [kind for kind, *_ in changes(before, after)] == ["removed", "added", "added"]


def test_permissions_are_compared_by_what_they_permit() -> None:
    analyst = (ACCESS_CONTROL, "permissions", "analyst")
    grouped = [{"namespaces": ["gold", "silver"], "access": "READ_WRITE"}]
    split = [
        {"namespaces": ["silver"], "access": "READ"},
        {"namespaces": ["gold"], "access": "READ_WRITE"},
        {"namespaces": ["silver"], "access": "WRITE"},
    ]
    assert changes({analyst: grouped}, {analyst: split}) == []
    assert changes({analyst: grouped}, {analyst: split[:2]}) == [
        ("changed", "permissions.analyst.namespaces.silver", "READ_WRITE", "READ")
    ]


def test_none_where_a_list_may_be_is_a_state_of_its_own() -> None:
    edges = (LAYER_CONSTRAINTS, "gold", "may_depend_on")
    assert changes({edges: ABSENT}, {edges: []}) == [("added", "gold.may_depend_on", None, [])]


def test_the_settings_of_a_plugin_are_compared_without_knowing_them() -> None:
    before = {CONFIG: {"threads": 4, "attach": [{"name": "a", "path": "x"}, {"name": "b", "path": "y"}]}}
    after = {CONFIG: {"threads": 8, "attach": [{"name": "b", "path": "z"}, {"name": "a", "path": "x"}]}}
    assert changes(before, after) == [
        ("changed", "pluginDetails.compute.config.attach.b.path", "y", "z"),
        ("changed", "pluginDetails.compute.config.threads", 4, 8),
    ]


def test_true_is_not_one_where_no_type_says_so() -> None:
    before, after = (
        {CONFIG: {"debug": value}, (*CONFIG[:-1], "configDigest"): f"sha256:{value}"} for value in (True, 1)
    )
    assert changes(before, after) == [("changed", "pluginDetails.compute.config.debug", True, 1)]


def test_lists_without_identity_are_aligned() -> None:
    one, two, three = [{"x": 1, "y": 1}], [{"x": 2, "y": 2}], [{"x": 3, "y": 3}]
    found = changes({CONFIG: {"list": [one, two]}}, {CONFIG: {"list": [one, two, three]}})
    assert found == [("added", "pluginDetails.compute.config.list.2", None, three)]


def test_a_huge_list_without_identity_is_one_change() -> None:
    def long(extra: int) -> dict[str, Any]:
        return {"list": [[number, number] for number in range(1_000)] + [[extra, 0]]}

    found = changes({CONFIG: long(1)}, {CONFIG: long(2)})
    assert [(kind, path) for kind, path, *_ in found] == [("changed", "pluginDetails.compute.config.list")]


def test_comparing_what_has_identity_never_loads_deepdiff() -> None:
    program = (
        "import sys\n"
        "from floe_engine.upgrade.rules import compare\n"
        "from tests.engine.upgrade.artifacts import artifact\n"
        "compare(artifact(), artifact({('manifest.json', 'plugins', 'compute'): 'spark'}))\n"
        "print('deepdiff' in sys.modules, 'distributed' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_any_two_settings_differ_exactly_where_something_is_found(one: Any, other: Any) -> None:
    found = diff(artifact({CONFIG: {"x": one}}), artifact({CONFIG: {"x": other}}))
    if one == other:
        assert not found
    elif not _same_but_for_nulls(one, other):
        assert found


def _same_but_for_nulls(one: Any, other: Any) -> bool:
    """An absent key and a null one are the same; so are 0 and false to Python's equality."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(inner) for key, inner in value.items() if inner is not None}
        return [bare(inner) for inner in value] if isinstance(value, list) else value

    return bool(bare(one) == bare(other))


# --- where a change is written -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "setting"),
    [
        ((MANIFEST, "plugins", "compute"), "plugins.compute.type"),
        ((MANIFEST, "pluginDetails", "compute", "config", "maxDays"), "plugins.compute.config.maxDays"),
        ((MANIFEST, "metadata", "owner"), "metadata.owner"),
        ((MANIFEST, "security", "require_signed_artifacts"), "security.require_signed_artifacts"),
        ((CLASSIFICATION, "default"), "governance.classification.default_level"),
        ((CLASSIFICATION, "metaKeys", "pii"), "governance.classification.meta_keys.pii"),
        (
            (CLASSIFICATION, "rules", "pii", "required_tests", "x"),
            "governance.classification.rules.pii.required_tests.x",
        ),
        (
            (ACCESS_CONTROL, "roleDefinitions", "admin", "inherits", "x"),
            "governance.access_control.roles.admin.inherits.x",
        ),
        ((QUALITY_GATES, "enforcement"), "governance.policy_enforcement_level"),
        ((QUALITY_GATES, "coverage", "zeroColumns"), "governance.quality_gates.zero_column_behavior"),
        ((QUALITY_GATES, "minimum_test_coverage"), "governance.quality_gates.minimum_test_coverage"),
        ((QUALITY_GATES, "waivers", "old"), "governance.waivers.old"),
        (
            (SCHEMA_REGISTRY, "requiredColumns", "gold", "id"),
            "catalog.schema_registry.required_columns.gold.id",
        ),
        ((NAMING_RULES, "enforcement"), "data_architecture.naming.enforcement"),
        ((NAMING_RULES, "prefixes", "gold"), "data_architecture.layers.gold.prefix"),
        ((LAYER_CONSTRAINTS, "gold", "may_depend_on"), "data_architecture.layers.gold.may_depend_on"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_is_named_by_the_setting_of_manifest_yaml(path: Path, setting: str) -> None:
    from floe_engine.upgrade.change import Change

    assert ".".join(manifest_path(Change("changed", path))) == setting


def test_a_setting_is_located_as_deep_as_the_manifest_has_it() -> None:
    text = (
        "governance:\n"
        "  waivers:\n"
        "    - id: first\n"
        "      pattern: a\n"
        "    - id: old\n"
        "      pattern: b\n"
        "  quality_gates:\n"
        "    required_tests: [not_null_pk, freshness]\n"
    )
    document = parse(text)

    def line(*path: str) -> int | None:
        span = locate(path, document)
        return None if span is None else span.start.line + 1

    assert line("governance", "waivers", "old", "pattern") == 6
    assert line("governance", "quality_gates", "required_tests", "freshness") == 8
    assert line("governance", "quality_gates", "block_on_failure") == 7
    assert line("catalog", "namespaces") is None


# --- text side by side -------------------------------------------------------------------------


def shown(left: str, right: str, **options: Any) -> list[tuple[int | None, int | None, str]]:
    return [(row.left_no, row.right_no, row.kind) for row in side_by_side(left, right, **options)]


def test_lines_stand_beside_what_they_became() -> None:
    assert shown("a\nb\nc\n", "a\nB\nc\nd\n") == [
        (1, 1, "same"),
        (2, 2, "changed"),
        (3, 3, "same"),
        (None, 4, "added"),
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [row.left for row in side_by_side("a\u2028b\r\nc\n", "")] == ["a\u2028b", "c"]


def test_lines_far_from_a_change_are_folded_and_counted() -> None:
    left = "\n".join(map(str, range(20)))
    folded = side_by_side(left, left.replace("10", "ten"), context=1)
    assert [(row.kind, row.hidden) for row in folded] == [
        ("folded", 9),
        ("same", 0),
        ("changed", 0),
        ("same", 0),
        ("folded", 8),
    ]


def test_one_column_shows_what_went_before_what_came() -> None:
    kinds = [(row.kind, row.left or row.right) for row in one_column(side_by_side("a\nb\n", "x\ny\n"))]
    assert kinds == [("removed", "a"), ("removed", "b"), ("added", "x"), ("added", "y")]


def test_texts_too_long_to_align_keep_every_line() -> None:
    left, right = ("".join(f"{side} {n}\n" for n in range(15_000)) for side in "ab")
    aligned = side_by_side(left, right)
    assert len(aligned) == 15_000
    assert {row.kind for row in aligned} == {"changed"}


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_rows_hold_both_texts_in_order(left: list[str], right: list[str]) -> None:
    aligned = side_by_side("".join(f"{line}\n" for line in left), "".join(f"{line}\n" for line in right))
    assert [row.left for row in aligned if row.left_no] == left
    assert [row.right for row in aligned if row.right_no] == right
    assert [row.left_no for row in aligned if row.left_no] == list(range(1, len(left) + 1))
