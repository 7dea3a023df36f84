from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.upgrade.pins import pin_status, pinned, rewrite
from floe_engine.versions import Constraint, Version

TAGS = ["v1.2.3", "v1.2.9", "v1.4.0", "v2.0.1", "v2.1.0-rc.1", "latest"]


@pytest.mark.parametrize(
    ("constraint", "current", "wanted", "wanted_step", "latest", "latest_step"),
    [
        ("v1.2.*", "1.2.3", "1.2.9", "patch", "2.0.1", "major"),
        ("v1.*.*", "1.2.3", "1.4.0", "minor", "2.0.1", "major"),
        ("v1.2.3", "1.2.3", "1.2.3", "same", "2.0.1", "major"),
        ("^2", "2.0.1", "2.0.1", "same", "2.0.1", "same"),
        ("^2.1.0-rc.1", "2.1.0-rc.1", "2.1.0-rc.1", "same", "2.1.0-rc.1", "same"),
    ],
)
def test_the_outlook_of_a_pin_is_what_it_may_take_and_what_there_is(
    constraint: str, current: str, wanted: str, wanted_step: str, latest: str, latest_step: str
) -> None:
    view = pin_status(Constraint.parse(constraint), Version.parse(current), TAGS)
    assert (str(view.wanted), view.wanted_step) == (wanted, wanted_step)
    assert (str(view.latest), view.latest_step) == (latest, latest_step)
    assert view.outdated == (latest_step != "same")


def test_a_pin_that_nothing_satisfies_has_nothing_wanted_but_a_latest() -> None:
    view = pin_status(Constraint.parse("v3.*.*"), Version.parse("3.0.0"), TAGS)
    assert view.wanted is None
    assert (str(view.latest), view.latest_step, view.outdated) == ("2.0.1", "older", False)


@pytest.mark.parametrize(
    ("precision", "text"), [("pinned", "v1.2.3"), ("patch", "v1.2.*"), ("minor", "v1.*.*")]
)
def test_a_version_is_pinned_to_the_precision_asked_for(precision: str, text: str) -> None:
    assert pinned(Version.parse("1.2.3"), precision) == text  # type: ignore[arg-type]  # one of the literals


def test_a_prerelease_is_pinned_exactly() -> None:
    assert pinned(Version.parse("2.0.0-rc.1"), "minor") == "v2.0.0-rc.1"


@pytest.mark.parametrize(
    ("before", "version", "after"),
    [
        ("v1.2.3", "2.0.1", "v2.0.1"),
        ("1.2.3", "2.0.1", "2.0.1"),
        ("=1.2.3", "2.0.1", "=2.0.1"),
        ("v1.2.*", "2.0.1", "v2.0.*"),
        ("v1.2.x", "2.0.1", "v2.0.x"),
        ("v1.*.*", "2.0.1", "v2.*.*"),
        ("v1.2", "2.0.1", "v2.0"),
        ("1", "2.0.1", "2"),
        ("^1.2.3", "2.0.1", "^2.0.1"),
        ("^1.2.3", "1.9.0", "^1.2.3"),
        ("^ 1.2", "2.0.1", "^ 2.0"),
        ("~1.2.3", "1.4.0", "~1.4.0"),
        ("*", "2.0.1", "*"),
        (">=1.2 <2", "2.3.0", ">=1.2 <3"),
        (">=1.2.0, <2.0.0", "2.3.0", ">=1.2.0, <3.0.0"),
        (">=1.2 <1.4", "1.5.2", ">=1.2 <1.6"),
        (">=1.2 <=1.4", "1.5.2", ">=1.2 <=1.5"),
        (">=2 <3", "1.5.2", ">=1 <3"),
        ("v1.2.*", "2.0.0-rc.1", "v2.0.0-rc.1"),
        ("^1", "2.0.0-rc.1", "2.0.0-rc.1"),
        ("v1.2.3_b1", "1.2.4+b2", "v1.2.4_b2"),
        ("1.2.3+b1", "1.2.4+b2", "1.2.4+b2"),
    ],
)
def test_a_constraint_is_moved_as_precise_as_it_was(before: str, version: str, after: str) -> None:
    assert rewrite(before, Version.parse(version)) == after


NUMBERS = st.integers(0, 4)


@given(
    st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "rc.1"])),
    st.sampled_from(
        ["v1.2.3", "v1.2.*", "^0.2", "~1", ">=1.1 <1.3.0", ">2", "<=0.4.1", "*", "^1.0.0-rc.2", "<1 >=0.1"]
    ),
)
def test_a_moved_constraint_admits_the_version_it_was_moved_to(version: Version, text: str) -> None:
    moved = rewrite(text, version)
    assert Constraint.parse(moved).allows(version)
    assert rewrite(moved, version) == moved
