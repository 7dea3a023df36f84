from __future__ import annotations

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.errors import UsageError
from floe_engine.versions import Constraint, Version, newest_first

NUMBERS = st.integers(0, 12)
PRERELEASES = st.sampled_from(["", "alpha", "rc.1", "rc.9", "rc.10", "1", "0a", "alpha.beta", "x-1"])
BUILDS = st.sampled_from(["", "b1", "001", "20260102.7"])
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, PRERELEASES, BUILDS)
RELEASES = st.builds(Version, NUMBERS, NUMBERS, NUMBERS)


def resolved(constraint: str, *tags: str) -> str | None:
    return Constraint.parse(constraint).resolve(tags).tag


# --- versions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "tag"),
    [
        ("v1.2.3", "1.2.3", "v1.2.3"),
        ("1.2.3", "1.2.3", "v1.2.3"),
        ("1.2.3-rc.1", "1.2.3-rc.1", "v1.2.3-rc.1"),
        ("1.2.3+b2", "1.2.3+b2", "v1.2.3_b2"),
        ("v1.2.3-rc.1_b2", "1.2.3-rc.1+b2", "v1.2.3-rc.1_b2"),
    ],
)
def test_a_version_is_read_from_text_and_tag_and_written_as_both(text: str, shown: str, tag: str) -> None:
    version = Version.parse(text)
    assert (str(version), version.tag) == (shown, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "v1",
        "1.2",
        "01.2.3",
        "1.2.3.4",
        "1.2.3-",
        "1.2.3-01",
        "١.٢.٣",
        "1.2.3\n",
        "V1.2.3",
        "vv1.2.3",
    ],
)
def test_what_is_no_semantic_version_is_refused(text: str) -> None:
    assert Version.from_tag(text) is None
    with pytest.raises(UsageError, match="not a version"):
        Version.parse(text)


def test_a_version_whose_tag_would_be_too_long_for_a_registry_is_refused() -> None:
    assert Version.from_tag("v1.2.3-" + "a" * 121) is not None
    assert Version.from_tag("1.2.3-" + "a" * 122) is None
    with pytest.raises(UsageError, match="at most 128"):
        Version.parse("1.2.3-" + "a" * 400)


def test_a_refusal_shows_control_characters_escaped() -> None:
    with pytest.raises(UsageError) as caught:
        Version.parse("\x1b[31m1.2.3")
    assert "\x1b" not in str(caught.value)


@given(VERSIONS)
def test_semver_reads_every_version_as_we_do(version: Version) -> None:
    assert str(semver.Version.parse(str(version))) == str(version)
    assert Version.parse(version.tag) == version == Version.parse(str(version))


@given(VERSIONS, VERSIONS)
def test_versions_sort_as_semver_sorts_them_and_builds_break_ties(one: Version, other: Version) -> None:
    expected = semver.Version.parse(str(one)).compare(str(other))
    if expected:
        assert (one < other) == (expected < 0)
    else:
        assert one == other or (one < other) != (other < one)


@given(VERSIONS, st.sampled_from(["patch", "minor", "major"]))
def test_the_next_version_is_the_one_semver_computes(version: Version, level: str) -> None:
    without_build = str(version).partition("+")[0]
    bumped = version.bump(level)  # type: ignore[arg-type]  # one of the literals
    assert str(bumped) == str(semver.Version.parse(without_build).next_version(level))


def test_a_prerelease_is_bumped_to_the_version_it_leads_to() -> None:
    assert str(Version.parse("1.3.0-rc.1").bump("minor")) == "1.3.0"
    assert str(Version.parse("1.3.0-rc.1").bump("major")) == "2.0.0"
    assert str(Version.parse("1.3.0-rc.1").bump("none")) == "1.3.0-rc.1"


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        ("1.2.3", "1.2.3", "same"),
        ("1.2.3", "1.2.3+b1", "build"),
        ("1.2.3-rc.1", "1.2.3", "prerelease"),
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.3.0", "minor"),
        ("1.2.3", "2.0.0-rc.1", "major"),
        ("1.2.3", "1.2.2", "older"),
    ],
)
def test_the_step_between_versions_is_named_by_the_place_that_moved(old: str, new: str, step: str) -> None:
    assert Version.parse(new).step_from(Version.parse(old)) == step


def test_tags_are_listed_newest_first_without_those_that_are_no_versions() -> None:
    tags = ["v1.9.0", "latest", "v1.10.0", "v1.10.0-rc.1", "1.2.0"]
    assert [tag for tag, _ in newest_first(tags)] == ["v1.10.0", "v1.10.0-rc.1", "v1.9.0", "1.2.0"]


# --- constraints -------------------------------------------------------------------------------

TAGS = [
    "v0.2.3",
    "v0.2.9",
    "v0.3.0",
    "v1.2.3",
    "v1.2.4",
    "v1.2.4_b2",
    "1.2.5",
    "v1.2.10",
    "v1.2.11-rc.1",
    "v1.3.0",
    "v1.10.0",
    "v2.0.0-rc.1",
    "v2.0.0",
    "v3.0.0-rc.9",
    "v3.0.0-rc.10",
    "latest",
    "v1",
    "v1.2",
    "v01.2.3",
    "sha-123",
]


@pytest.mark.parametrize(
    ("constraint", "tag"),
    [
        ("v1.2.3", "v1.2.3"),
        ("1.2.5", "1.2.5"),
        ("v1.2.4", "v1.2.4"),
        ("v1.2.4+b2", "v1.2.4_b2"),
        ("v1.2.4_b2", "v1.2.4_b2"),
        ("=1.2.4", "v1.2.4"),
        ("v1.2.*", "v1.2.10"),
        ("v1.2.x", "v1.2.10"),
        ("v1.2", "v1.2.10"),
        ("v1.*.*", "v1.10.0"),
        ("v1.*", "v1.10.0"),
        ("v1", "v1.10.0"),
        ("*", "v2.0.0"),
        ("v3.*.*", None),
        ("^1.2.3", "v1.10.0"),
        ("^0.2.3", "v0.2.9"),
        ("^0.0.3", None),
        ("^0", "v0.3.0"),
        ("~1.2.3", "v1.2.10"),
        ("~1", "v1.10.0"),
        (">=1.2", "v2.0.0"),
        (">=1.2 <2", "v1.10.0"),
        (">=1.2,<1.2.10", "1.2.5"),
        (">= 1.2 , < 1.2.10", "1.2.5"),
        (">1.2 <1.10", "v1.3.0"),
        (">1.2.4 <=1.2.5", "1.2.5"),
        (">1.2.4_b1 <1.2.5", "v1.2.4_b2"),
        ("<=1.2.4_b1", "v1.2.4"),
        ("<1.2.4", "v1.2.3"),
        ("v2.0.0-rc.1", "v2.0.0-rc.1"),
        ("^3.0.0-rc.1", "v3.0.0-rc.10"),
        (">=2.0.0-alpha <2.0.0", "v2.0.0-rc.1"),
        (">=2.0.0-alpha <2", None),
        (">2.0.0-rc.1 <=2.0.0", "v2.0.0"),
        ("<0.1", None),
        ("<*", None),
        (">2 <1", None),
    ],
)
def test_a_constraint_chooses_the_highest_tag_it_allows(constraint: str, tag: str | None) -> None:
    assert resolved(constraint, *TAGS) == tag


def test_a_pin_does_not_drift_to_another_build_of_its_version() -> None:
    assert resolved("1.2.4", "v1.2.4_b1", "v1.2.4", "v1.2.4_b2") == "v1.2.4"
    assert resolved("1.2.4", "v1.2.4_b1") is None


def test_the_choice_does_not_depend_on_the_order_of_the_tags() -> None:
    tags = ["1.2.4", "v1.2.4_2", "v1.2.4", "v1.2.4_10"]
    assert {resolved("v1.2.*", *order) for order in (tags, tags[::-1], sorted(tags))} == {"v1.2.4_10"}
    assert {resolved("1.2.4", *order) for order in (tags, tags[::-1])} == {"v1.2.4"}


def test_a_prerelease_is_chosen_only_where_one_of_its_version_is_named() -> None:
    tags = ["v1.2.0", "v1.3.0-rc.1", "v1.4.0-rc.1"]
    assert resolved("^1.2", *tags) == "v1.2.0"
    assert resolved(">=1.3.0-alpha <2", *tags) == "v1.3.0-rc.1"


def test_tags_that_are_no_versions_are_counted() -> None:
    resolution = Constraint.parse("v1.*.*").resolve([*TAGS, "v1.2.3-" + "a" * 200, "v1.2.3\nv9.9.9"])
    assert resolution.ignored == 7
    assert resolution.candidates == 7


def test_the_newest_release_outside_the_constraint_is_shown() -> None:
    assert str(Constraint.parse("v1.2.*").resolve(TAGS).newer) == "2.0.0"
    assert str(Constraint.parse("v3.*.*").resolve(TAGS).newer) == "2.0.0"
    assert Constraint.parse("*").resolve(TAGS).newer is None
    assert str(Constraint.parse("2.0.0-rc.1").resolve(TAGS).newer) == "2.0.0"
    assert Constraint.parse("1.2.4").resolve(["v1.2.4", "v1.2.4_b2"]).newer is None


def test_one_version_under_two_tags_is_reported_and_the_tag_of_floe_is_chosen() -> None:
    resolution = Constraint.parse("v1.2.*").resolve(["1.2.3", "v1.2.3", "1.0.0", "v2.0.0"])
    assert resolution.conflicts == (("1.2.3", "v1.2.3"),)
    assert resolution.tag == "v1.2.3"


def test_a_bare_tag_with_no_room_for_its_v_is_no_version_and_never_chosen() -> None:
    longest = "1.2.3-" + "a" * 121
    resolution = Constraint.parse(">=1.2.3-0").resolve([f"{longest}a", longest, f"v{longest}"])
    assert (resolution.tag, resolution.candidates, resolution.ignored) == (f"v{longest}", 2, 1)


def test_no_tags_resolve_to_nothing() -> None:
    resolution = Constraint.parse("v1").resolve([])
    assert (resolution.tag, resolution.candidates, resolution.ignored) == (None, 0, 0)


@pytest.mark.parametrize("constraint", ["v1.2.3", "=1.2.3"])
def test_a_version_alone_is_exact(constraint: str) -> None:
    assert Constraint.parse(constraint).is_exact


@pytest.mark.parametrize(
    "constraint", ["v1.2.*", "v1.2", "~1.2.3", "^0.2.3", "v1", "^1.2.3", "*", ">=1.2.3", ">=1 <2"]
)
def test_a_range_is_not_exact(constraint: str) -> None:
    assert not Constraint.parse(constraint).is_exact


@pytest.mark.parametrize("constraint", ["v0.*.*", "^0", "*", ">=1", ">=0.2 <1"])
def test_constraints_that_admit_breaking_changes_carry_a_warning(constraint: str) -> None:
    assert Constraint.parse(constraint).warnings


@pytest.mark.parametrize(
    "constraint", ["v1.2.3", "v1.2.*", "v1.*.*", "^0.2.3", "~0.2", ">=0.2 <0.3", "v0.2.3"]
)
def test_careful_constraints_carry_none(constraint: str) -> None:
    assert Constraint.parse(constraint).warnings == ()


@pytest.mark.parametrize(
    ("constraint", "place", "reason"),
    [
        ("", 1, "empty"),
        ("v1.*.3", 6, "may not follow a wildcard"),
        ("v1.2.3.4", 8, "three numbers"),
        ("1.02", 3, "leading zero"),
        (">=1 <", 6, "missing"),
        ("1.2,", 4, "comma"),
        ("latest", 1, "names can move"),
        ("^1 || ^2", 4, "alternatives"),
        ("!=1.2.3", 1, "exclusions"),
        ("1.2-rc.1", 3, "all three numbers"),
        ("1..2", 3, "missing"),
        (">=1.0 <2.0a", 10, "not a number"),
    ],
)
def test_a_mistake_in_a_constraint_is_shown_with_its_place(constraint: str, place: int, reason: str) -> None:
    with pytest.raises(UsageError, match="not a version constraint") as caught:
        Constraint.parse(constraint)
    assert f"character {place}:" in caught.value.message
    assert reason in caught.value.message
    assert "v1.2.*" in caught.value.hint


@given(st.text(max_size=20))
def test_any_text_is_a_constraint_or_a_usage_error(text: str) -> None:
    try:
        Constraint.parse(text).resolve(TAGS)
    except UsageError as error:
        assert error.hint


@given(st.text(alphabet="v0123.*^~<>=, -rx", max_size=14))
def test_any_constraint_like_text_is_a_constraint_or_a_usage_error(text: str) -> None:
    try:
        Constraint.parse(text).resolve(TAGS)
    except UsageError as error:
        assert "character" in error.message


@given(RELEASES, st.lists(VERSIONS, max_size=12), st.sampled_from([">=", "<=", ">", "<"]))
def test_comparisons_agree_with_semver(bound: Version, versions: list[Version], operator: str) -> None:
    constraint = Constraint.parse(f"{operator}{bound}")
    for version in versions:
        expected = not version.prerelease and semver.Version.parse(str(version)).match(f"{operator}{bound}")
        assert constraint.allows(version) == expected


@given(
    st.lists(VERSIONS, min_size=1, max_size=20),
    st.sampled_from(["v1.2.*", "^1.2", "~3", ">=2 <9", "*", ">=3.1.0-rc.1", "<=4.0.0-rc.9", "5", "^0.0.1"]),
)
def test_resolving_tags_picks_the_highest_version_allowed(versions: list[Version], text: str) -> None:
    constraint = Constraint.parse(text)
    allowed = [version for version in versions if constraint.allows(version)]
    resolution = constraint.resolve(version.tag for version in versions)
    assert resolution.version == max(allowed, default=None)
    assert resolution.candidates == len(allowed)
    above = [v.core for v in versions if not v.prerelease and (not allowed or v.core > max(allowed))]
    assert resolution.newer == max(above, default=None)


# --- resolving, beside what one would write with `semver` and no thought of speed -----------------

OPERATORS = st.sampled_from(["", "=", "^", "~", ">=", "<=", ">", "<"])
PARTS = st.tuples(OPERATORS, st.lists(st.integers(0, 4), min_size=1, max_size=3), PRERELEASES)
SMALL = st.integers(0, 4)
SMALL_VERSIONS = st.builds(Version, SMALL, SMALL, SMALL, PRERELEASES, BUILDS)
OTHER_TAGS = st.sampled_from(
    ["latest", "", "v1", "v1.2", "v01.2.3", "1.2.3-01", "v1.2.3-", "1.2.3\nv9.9.9", "v"]
)
TAGS_OF_A_REGISTRY = st.one_of(
    SMALL_VERSIONS.map(lambda version: version.tag),
    SMALL_VERSIONS.map(lambda version: version.tag.removeprefix("v")),
    OTHER_TAGS,
)


def written(operator: str, numbers: list[int], prerelease: str) -> str:
    suffix = f"-{prerelease}" if prerelease and len(numbers) == 3 else ""
    return f"{operator}{'.'.join(map(str, numbers))}{suffix}"


def holds(operator: str, numbers: list[int], prerelease: str, version: Version) -> bool:
    """Whether one part of a constraint holds, as docs/versions.md tells it."""
    core = (version.major, version.minor, version.patch)
    start = (*numbers, 0, 0)[:3]
    places = len(numbers)
    if places == 3:
        operand = written("", numbers, prerelease)
        order = semver.Version.parse(str(version)).compare(operand)
    else:  # 1.2 stands for all that begin so
        order = -1 if core < start else 1 if core[:places] > tuple(numbers) else 0
    if operator in ("", "="):
        return order == 0 and (places < 3 or not version.build)
    if operator == "^":
        kept = next((place for place, number in enumerate(numbers) if number), places - 1) + 1
        return order >= 0 and core[:kept] == start[:kept]
    if operator == "~":
        kept = min(2, places)
        return order >= 0 and core[:kept] == start[:kept]
    return {">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0}[operator]


@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(TAGS_OF_A_REGISTRY, max_size=25, unique=True))
def test_resolving_agrees_with_asking_every_tag_by_itself(
    parts: list[tuple[str, list[int], str]], tags: list[str]
) -> None:
    named = {tuple(numbers) for _, numbers, prerelease in parts if prerelease and len(numbers) == 3}
    versions = {tag: version for tag in tags if (version := Version.from_tag(tag)) is not None}
    allowed = {
        tag: version
        for tag, version in versions.items()
        if all(holds(*part, version) for part in parts)
        and (not version.prerelease or (version.major, version.minor, version.patch) in named)
    }
    best = max(allowed, key=lambda tag: (allowed[tag], tag[0] == "v"), default=None)
    chosen = allowed[best] if best else None
    above = [v.core for v in versions.values() if not v.prerelease and (not chosen or v.core > chosen)]

    resolution = Constraint.parse(" ".join(written(*part) for part in parts)).resolve(tags)
    assert (resolution.tag, resolution.version) == (best, chosen)
    assert resolution.candidates == len(allowed)
    assert resolution.ignored == len(tags) - len(versions)
    assert resolution.newer == max(above, default=None)
    assert resolution.conflicts == tuple(
        (tag, f"v{tag}") for tag in sorted(versions) if f"v{tag}" in versions
    )
