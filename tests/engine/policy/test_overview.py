"""What is shown beside findings: coverage by owner, and where what is sensitive goes."""

from __future__ import annotations

from floe_engine.policy.overview import DEEPEST, Reached, overview
from tests.engine.policy.samples import Group, columns, generic, model, platform, project, source

PII = {"classification": "pii"}
GONE = {"floe": {"declassified": True}}
RAW = source("people", columns=columns("id", Email=PII))


def drawn(found: tuple[Reached, ...], depth: int = 0) -> list[str]:
    lines = []
    for reached in found:
        lines.append(f"{'  ' * depth}{reached.place} {reached.state}{' again' if reached.again else ''}")
        lines += drawn(reached.onward, depth + 1)
    return lines


def test_a_sensitive_column_is_followed_to_where_it_ends_and_each_place_says_what_it_declares() -> None:
    found = overview(
        platform(),
        project(
            model("bronze_people", columns=columns("id", email=PII), parents=[RAW.unique_id]),
            model("silver_people", parents=["bronze_people"]),
            model("gold_people", columns=columns("email"), parents=["silver_people"]),
            model("gold_counts", columns=columns(email=GONE), parents=["silver_people"]),
            model("gold_other", columns=columns("id"), parents=["silver_people"]),
            sources=[RAW],
        ),
    ).sensitive
    assert drawn(found) == [
        "raw.people.Email declared",
        "  bronze_people.email declared",
        "    silver_people.email passes",
        "      gold_people.email too low",
        "      gold_counts.email stopped",
    ]
    assert {found[0].level, found[0].onward[0].level} == {"pii"}


def test_what_a_model_itself_says_is_sensitive_begins_a_way_of_its_own() -> None:
    found = overview(platform(), project(model("silver_people", columns=columns(phone=PII)))).sensitive
    assert drawn(found) == ["silver_people.phone declared"]


def test_a_way_that_is_reached_twice_is_told_once_however_often_it_forks() -> None:
    layers = [model("a0", columns=columns(email=PII))]
    for number in range(1, 40):  # each of two selects from both before: 2 to the power of 40 ways
        above = ["a0"] if number == 1 else [f"a{number - 1}", f"b{number - 1}"]
        layers += [model(f"{side}{number}", parents=above) for side in "ab"]
    found = overview(platform(), project(*layers)).sensitive
    lines = drawn(found)
    assert len(lines) < 4 * 40
    assert any(line.endswith("again") for line in lines)


def test_a_way_of_thousands_of_steps_is_cut_and_ends_nothing() -> None:
    chain = [model("a0", columns=columns(email=PII))]
    chain += [model(f"a{number}", parents=[f"a{number - 1}"]) for number in range(1, 3000)]
    found = overview(platform(), project(*chain)).sensitive
    assert len(drawn(found)) == DEEPEST + 1


def test_coverage_is_counted_by_owner_the_least_tested_first() -> None:
    tested = {"columns": columns("a", "b"), "tests": (generic("not_null", "a"), generic("not_null", "b"))}
    owners = overview(
        platform(),
        project(
            model("gold_one", meta={"owner": "ada"}, columns=columns("a", "b")),
            model("gold_two", group="sales", **tested),
            model("gold_three", **tested),
            groups=(Group("sales", "sales@acme.example"),),
        ),
    ).owners
    assert [(owner, share.tested, share.total) for owner, share in owners.items()] == [
        ("ada", 0, 2),
        ("", 2, 2),
        ("sales@acme.example", 2, 2),
    ]
