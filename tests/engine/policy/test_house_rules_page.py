"""docs/house-rules.md: every rule of it stands in a valid manifest and passes its own examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from floe_engine.document.document import parse
from floe_engine.manifest.facts_schema import facts_schema
from floe_engine.policy.running import run_policy_tests
from tests.engine.policy.samples import platform

PAGE = Path(__file__).parents[3] / "docs" / "house-rules.md"


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        document = parse(block)
        assert document.diagnostics == (), block
        value: Any = document.value
        found += value if isinstance(value, list) else value["governance"]["custom_rules"]
    return found


def test_there_are_ten_and_the_one_that_explains_them() -> None:
    assert len({rule["id"] for rule in rules()}) == 11


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["id"]))
def test_a_rule_of_the_page_does_what_its_examples_say(rule: dict[str, Any]) -> None:
    run = run_policy_tests(platform(governance__custom_rules=[rule]))
    asked = [case for suite in run.suites for case in suite.cases if case.case.name.startswith(rule["id"])]
    assert len(asked) == sum(map(len, rule["examples"].values()))
    assert [problem for case in asked for problem in case.problems] == []


def test_all_of_them_stand_in_one_manifest_that_is_valid(tmp_path: Path) -> None:
    from floe_engine.manifest.check import check
    from tests.cli import MANIFEST

    indented = "\n".join(
        f"    {line}"
        for block in re.findall(r"```yaml\n(- id.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
    )
    checked = check(f"{MANIFEST}  custom_rules:\n{indented}\n", path=tmp_path / "manifest.yaml")
    assert [found.message for found in checked.errors] == []


def test_the_schema_of_the_facts_takes_every_example_of_the_page_and_no_other_field() -> None:
    schema = Draft202012Validator(facts_schema())
    for rule in rules():
        subject = rule.get("subject", "model")
        for example in [*rule["examples"]["pass"], *rule["examples"].get("fail", [])]:
            assert list(schema.iter_errors({subject: {subject: example}})) == []
            assert list(schema.iter_errors({subject: {subject: {**example, "nmae": 1}}})) != []
