"""A house rule that is being written: what it says of its examples, as the text stands."""

from __future__ import annotations

import pytest

from floe_engine import Position, RuleTrial, try_rule_at, try_rules
from floe_engine.document.document import parse

TEXT = """\
governance:
  custom_rules:
    - id: gold-has-an-owner
      type: cel
      when: model.layer == 'gold'
      expr: model.owner != null
      message: "nobody answers for {model.name}"
      examples:
        pass: [{layer: gold, owner: core}]
        fail: [{layer: gold, name: orders}]
    - {id: tagged, type: require_tags_for_prefix, prefix: gold_, tags: [gold]}
    - id: deep
      type: cel
      expr: model.depth < 9
"""


def rule(text: str) -> RuleTrial:
    return try_rules(text)[0]


def test_an_example_that_shows_what_it_should_holds_and_says_what_a_finding_would() -> None:
    found = rule(TEXT)
    assert [(each.wanted, each.holds, each.said) for each in found.examples] == [
        ("pass", True, ""),
        ("fail", True, "nobody answers for orders"),
    ]
    assert found.examples[0].given == "layer: gold, owner: core"


@pytest.mark.parametrize(
    ("old", "new", "answer", "said"),
    [
        ("name: orders", "owner: core", "pass", ""),
        ("gold, name", "silver, name", "skip", ""),
        ("model.owner != null", "model.meta.sla > 1", "unknown", "sla"),
        ("name: orders", "nmae: orders", "", "no field `nmae`"),
        ("model.owner", "model.ownr", "", ""),
        ("{model.name}", "{model.name", "", ""),
        ("      expr: model.owner != null\n", "", "", ""),
    ],
)
def test_an_example_that_shows_something_else_says_what(old: str, new: str, answer: str, said: str) -> None:
    refused = next(each for each in rule(TEXT.replace(old, new)).examples if each.wanted == "fail")
    assert (refused.answer, refused.holds) == (answer, False)
    assert said in refused.said


def test_a_mistake_of_the_rule_is_told_and_nothing_is_asked() -> None:
    found = rule(TEXT.replace("model.owner", "model.ownr"))
    assert "ownr" in found.mistakes[0]
    assert {each.answer for each in found.examples} == {""}


def test_the_rule_that_a_place_lies_in_is_found_from_its_dash_to_its_last_line() -> None:
    document = parse(TEXT)

    def at(line: int, column: int = 0) -> str:
        found = try_rule_at(document, Position(line, column))
        return found.id if found is not None else ""

    assert [at(line) for line in range(15)] == ["", "", *["gold-has-an-owner"] * 8, "", *["deep"] * 3, ""]
    assert at(13, 21) == "deep"


@pytest.mark.parametrize("text", ["", "[]", "governance: 3", "governance: {custom_rules: {a: {type: cel}}}"])
def test_a_text_of_another_shape_has_no_rules(text: str) -> None:
    assert try_rules(text) == ()
    assert try_rule_at(parse(text), Position(0, 5)) is None
