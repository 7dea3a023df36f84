from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import (
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
)
from floe_engine.artifact.shape import Pattern, matches, places
from floe_engine.errors import UsageError
from floe_engine.manifest.laws import AtMost
from floe_engine.manifest.plugins import Catalogue, PluginType
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.reads import touches
from floe_engine.policy.rule import Family
from floe_engine.policy.rule import Rule as PolicyRule
from floe_engine.upgrade.catalogue import in_plain_words
from floe_engine.upgrade.changes import NO_IMPACT
from floe_engine.upgrade.readers import readers
from floe_engine.upgrade.rule import ABSENT, ChangeExample, ChangeRule
from floe_engine.upgrade.rules import all_rules, compare, explain, rule
from tests.engine.upgrade.artifacts import artifact, documents, packed

EVERY_RULE = pytest.mark.parametrize("row", all_rules(), ids=lambda row: row.id)


def witnessed(row: ChangeRule) -> tuple[Artifact, Artifact]:
    """A platform before and after a rule's own example."""
    assert row.example is not None
    given = {each.at: each.value for each in row.example.given}
    before, after = (
        artifact({**given, row.example.at: value}) for value in (row.example.before, row.example.after)
    )
    return before, after


def found(old: Artifact, new: Artifact) -> dict[str, str]:
    return {entry.rule.id: entry.bump for entry in compare(old, new).entries}


# --- the catalogue as a whole ------------------------------------------------------------------


@EVERY_RULE
def test_every_rule_is_found_by_its_own_example(row: ChangeRule) -> None:
    assert row.id in found(*witnessed(row))


@EVERY_RULE
def test_every_rule_has_a_mirror_that_judges_the_way_back(row: ChangeRule) -> None:
    before, after = witnessed(row)
    assert set(row.mirror) & found(after, before).keys()
    for other in row.mirror:
        assert row.id in rule(other).mirror, f"{other} does not name {row.id} as its mirror"
        assert rule(other).direction == row.direction


@EVERY_RULE
def test_every_rule_is_explained_in_prose(row: ChangeRule) -> None:
    text = explain(row.id)
    assert text.startswith(f"{row.id}: ")
    assert row.reason in text
    assert "Example: " in text
    assert "{" not in text


@EVERY_RULE
def test_every_rule_says_what_changed_in_a_sentence(row: ChangeRule) -> None:
    entry = next(e for e in compare(*witnessed(row)).entries if e.rule.id == row.id)
    assert entry.sentence
    assert "None" not in entry.sentence
    assert "(absent)" not in entry.sentence
    assert not re.search(r"  | [:,]", entry.sentence), "a slot of the sentence is empty"


@EVERY_RULE
def test_a_change_whose_cost_its_readers_decide_has_readers(row: ChangeRule) -> None:
    (entry, *_) = (each for each in compare(*witnessed(row)).entries if each.rule.id == row.id)
    assert row.bump != "gated" or readers(entry.change)


@pytest.mark.parametrize(
    "policy", [p for p in every_rule() if p.family is not Family.WAIVERS], ids=lambda p: p.id
)
def test_every_policy_rule_is_one_that_an_upgrade_can_wake(policy: PolicyRule) -> None:
    always_on = {"FLOE-E263", "FLOE-E264"}  # no setting brings them or takes them away
    assert bool(policy.reads) != (policy.id in always_on)
    for read in policy.reads:
        assert any(touches(pattern, read) for row in all_rules() for pattern in row.paths), read


def test_a_setting_that_only_names_its_rules_has_sentences_and_an_example() -> None:
    law = AtMost(tighter="NEW001", looser="NEW002")
    place = (QUALITY_GATES, "limits", "*")
    more, less = (in_plain_words(rule, place, law) for rule in law.changes)
    assert (more.title, more.bump, more.direction) == ("limits demands more", "gated", "demand")
    assert (less.title, less.bump) == ("limits demands less", "minor")
    assert more.example == ChangeExample((QUALITY_GATES, "limits"), 2, 1)
    assert less.example is None, "it is the way back of the other"


def covered(place: Pattern) -> bool:
    sample = tuple("x" if part == "*" else part for part in place)
    rows = [row for row in all_rules() if row.id != "UNK000"]
    return any(matches(pattern, sample) for row in rows for pattern in row.paths) or any(
        matches(pattern, sample) for pattern in NO_IMPACT
    )


def test_every_field_of_every_file_has_a_rule_or_a_reason_to_have_none() -> None:
    without = sorted(place for place in set(places()) if not covered(place))
    assert not without, (
        "each needs a law that names a rule, a row in the catalogue, or one in NO_IMPACT with its reason"
    )


def test_every_pattern_is_of_a_place_that_exists() -> None:
    known = [tuple("x" if part == "*" else part for part in place) for place in places()]
    patterns = {
        pattern for row in all_rules() if row.id != "UNK000" for pattern in row.paths
    } | NO_IMPACT.keys()
    assert not [pattern for pattern in patterns if not any(matches(pattern, place) for place in known)]
    assert all(NO_IMPACT.values())


# --- what changes cost -------------------------------------------------------------------------


def test_equal_artifacts_need_nothing() -> None:
    assessment = compare(artifact(), artifact())
    assert assessment.required == "none"
    assert assessment.entries == ()


def test_the_costliest_change_decides_and_stands_first() -> None:
    new = artifact({(MANIFEST, "metadata", "owner"): "data", (MANIFEST, "plugins", "compute"): "snowflake"})
    assessment = compare(artifact(), new)
    assert assessment.required == "major"
    assert [entry.rule.id for entry in assessment.entries] == ["PLG001", "DOC001"]
    assert assessment.entries[0].sentence == "the compute plugin is snowflake instead of duckdb"
    assert assessment.entries[0].place == "plugins.compute.type"


@pytest.mark.parametrize(
    ("settings", "bump"),
    [
        ({}, "major"),
        ({(QUALITY_GATES, "block_on_failure"): False}, "minor"),
        ({(QUALITY_GATES, "enforcement"): "warn"}, "minor"),
        ({(QUALITY_GATES, "enforcement"): "off"}, "patch"),
    ],
    ids=["stops", "warns by gate", "warns by cap", "off"],
)
def test_a_tightened_demand_costs_what_the_new_platform_makes_of_it(settings: dict, bump: str) -> None:
    old = artifact(settings)
    new = artifact({**settings, (QUALITY_GATES, "minimum_test_coverage"): 90})
    assert found(old, new) == {"COV001": bump}


def test_one_setting_of_a_rule_is_not_gated_by_another_rule() -> None:
    settings = {(QUALITY_GATES, "rules"): {f"FLOE-E21{n}": {"enforcement": "warn"} for n in range(4)}}
    new = artifact({**settings, (QUALITY_GATES, "minimum_test_coverage"): 90})
    assert found(artifact(settings), new) == {"COV001": "minor"}


def test_a_layer_threshold_that_another_setting_overrides_costs_little() -> None:
    settings = {(LAYER_CONSTRAINTS, "gold", "minimum_test_coverage"): 95}
    new = artifact({**settings, (QUALITY_GATES, "layerThresholds"): {"gold": 99}})
    assert found(artifact(settings), new) == {"COV005": "patch"}


def test_a_removed_layer_is_one_change_that_names_all_its_places() -> None:
    files = documents()
    del files[LAYER_CONSTRAINTS]["gold"]
    files[LAYER_CONSTRAINTS]["_meta"]["order"].remove("gold")
    del files[NAMING_RULES]["prefixes"]["gold"]
    del files[NAMESPACES]["layers"]["gold"]
    assessment = compare(artifact(), packed(files))
    assert [entry.rule.id for entry in assessment.entries] == ["LAY001"]
    assert assessment.entries[0].change.also == (
        (NAMESPACES, "layers", "gold"),
        (NAMING_RULES, "prefixes", "gold"),
    )


def test_security_is_told_apart_from_the_bump() -> None:
    new = artifact({(CLASSIFICATION, "propagation"): {"mode": "off", "enforcement": "strict"}})
    assessment = compare(artifact(), new)
    assert assessment.required == "minor"
    assert [entry.rule.id for entry in assessment.security] == ["PRP002"]


def test_what_no_rule_knows_is_major() -> None:
    new = artifact({(MANIFEST, "futureSection"): {"x": 1}})
    assert found(artifact(), new) == {"UNK000": "major"}


def test_an_unknown_key_deep_in_a_known_place_is_major_too() -> None:
    new = artifact({(QUALITY_GATES, "coverage"): {"futureKnob": 3}})
    assert found(artifact(), new) == {"UNK000": "major"}


def test_writing_out_a_default_is_no_change() -> None:
    new = artifact(
        {
            (QUALITY_GATES, "coverage"): {"metric": "columns", "zeroColumns": "na"},
            (QUALITY_GATES, "waivers"): [],
            (CLASSIFICATION, "rules", "public"): {"required_tests": []},
            (MANIFEST, "security"): {"require_signed_artifacts": False},
        }
    )
    assert compare(artifact(), new).entries == ()


def test_a_new_clock_and_version_are_no_change() -> None:
    new = artifact(
        {
            (MANIFEST, "metadata", "created"): "2026-02-02T00:00:00Z",
            (MANIFEST, "metadata", "version"): "2.0.0",
        }
    )
    assert compare(artifact(), new).entries == ()


def test_a_fingerprint_stays_for_the_same_change_and_differs_for_another() -> None:
    def entry(coverage: int):
        return compare(artifact(), artifact({(QUALITY_GATES, "minimum_test_coverage"): coverage})).entries[0]

    assert entry(90).fingerprint == entry(90).fingerprint != entry(95).fingerprint
    assert len(entry(90).fingerprint) == 12


def test_an_unknown_rule_gets_a_near_miss() -> None:
    assert rule("plg001").id == "PLG001"
    with pytest.raises(UsageError) as caught:
        explain("COV01")
    assert "COV0" in caught.value.hint


def test_a_waiver_that_ended_before_the_build_may_go_at_once() -> None:
    ended = {"id": "old", "pattern": "*", "reason": "r", "expires": "2025-12-31"}
    assert found(artifact({(QUALITY_GATES, "waivers"): [ended]}), artifact()) == {"WAI011": "patch"}
    running = {**ended, "expires": "2026-12-31"}
    assert found(artifact({(QUALITY_GATES, "waivers"): [running]}), artifact()) == {"WAI001": "major"}


def test_leaving_out_what_was_absent_is_no_change() -> None:
    assert (
        compare(artifact({(MANIFEST, "parent"): None}), artifact({(MANIFEST, "parent"): ABSENT})).entries
        == ()
    )


# --- settings of plugins -----------------------------------------------------------------------

CONFIG = (MANIFEST, "pluginDetails", "compute", "config")


def plugins(**types: dict[str, object]) -> Catalogue:
    """The catalogue with compute types of these config schemas, as an entry point adds them."""
    ours = Catalogue.load([])
    added = {name: PluginType("compute", name, config=schema) for name, schema in types.items()}
    compute = replace(ours.categories["compute"], types={**ours.categories["compute"].types, **added})
    return Catalogue({**ours.categories, "compute": compute})


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ({"threads": 4}, {"threads": 8}, "minor"),
        ({}, {"memory_limit": "4GB"}, "minor"),
        ({"path": "a.duckdb"}, {"path": "b.duckdb"}, "major"),
        ({}, {"path": "a.duckdb"}, "major"),
        ({"path": "a.duckdb"}, {}, "major"),
        ({}, {"schema": "main"}, "minor"),
        ({"schema": "main"}, {"schema": "marts"}, "major"),
        ({"unheard_of": 1}, {"unheard_of": 2}, "minor"),
        ({"attach": [{"path": "a"}]}, {"attach": [{"path": "b"}]}, "major"),
        ({"attach": [{"path": "a"}]}, {"attach": [{"path": "a"}, {"path": "b"}]}, "minor"),
        ({"attach": [{"path": "a"}, {"path": "b"}]}, {"attach": [{"path": "a"}]}, "major"),
        ({"attach": [{"path": "a"}]}, {}, "major"),
        ({}, {"attach": [{"path": "a"}]}, "minor"),
        ({"attach": [{"path": "a", "read_only": True}]}, {"attach": [{"path": "a"}]}, "minor"),
    ],
)
def test_a_setting_of_a_plugin_is_major_where_the_plugin_says_that_it_moves_data(
    old: dict, new: dict, bump: str
) -> None:
    assert found(artifact({CONFIG: old}), artifact({CONFIG: new})) == {"PLG010": bump}


NESTED = {
    "properties": {
        "place": {
            "x-floe-breaking": True,
            "properties": {"bucket": {}, "retries": {"x-floe-breaking": False}},
        },
        "stores": {"additionalProperties": {"properties": {"url": {"x-floe-breaking": True}, "speed": {}}}},
    }
}


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ({"place": {"bucket": "a"}}, {"place": {"bucket": "b"}}, "major"),
        ({"place": {"bucket": "a"}}, {"place": {"bucket": "a", "retries": 3}}, "minor"),
        ({}, {"place": {"retries": 3}}, "minor"),
        ({"place": {"bucket": "a", "retries": 3}}, {}, "major"),
        ({"place": "a"}, {"place": {"bucket": "a"}}, "major"),
        ({"stores": {"x": {"url": "a", "speed": 1}}}, {"stores": {"x": {"url": "a", "speed": 2}}}, "minor"),
        ({"stores": {"x": {"url": "a"}}}, {"stores": {"x": {"url": "b"}}}, "major"),
        ({"stores": {"x": {"url": "a"}}}, {"stores": {}}, "major"),
        ({"stores": {"x": {"url": "a"}}}, {"stores": {"x": {"url": "a"}, "y": {"url": "b"}}}, "minor"),
        ({}, {"stores": {"x": {"url": "a"}}}, "minor"),
        ({"stores": {"x": {"speed": 1}}}, {"stores": {"x": {"speed": 1, "url": "a"}}}, "major"),
    ],
)
def test_marks_of_an_installed_plugin_count_at_any_depth(old: dict, new: dict, bump: str) -> None:
    names = {(MANIFEST, "plugins", "compute"): "acmedb", (*CONFIG[:-1], "type"): "acmedb"}
    before, after = (artifact({**names, CONFIG: config}) for config in (old, new))
    known = compare(before, after, plugins=plugins(acmedb=NESTED))
    assert known.required == bump
    assert compare(before, after, plugins=Catalogue.load([])).required == "minor", "nothing is known of it"


def test_the_rule_for_settings_tells_of_the_mark() -> None:
    assert "x-floe-breaking" in explain("PLG010")
