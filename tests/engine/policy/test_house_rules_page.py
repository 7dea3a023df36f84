"""docs/house-rules.md: every rule of it stands in a valid manifest and passes its own examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from floe_engine.document.document import parse
from floe_engine.manifest.facts_schema import facts_schema
from floe_engine.manifest.rule_packages import installed
from floe_engine.policy_tests.running import run_policy_tests
from tests.engine.policy.samples import platform

PAGE = Path(__file__).parents[3] / "docs" / "house-rules.md"


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        document = parse(text)
        assert document.diagnostics == (), text
        value: Any = document.value
        found += value if isinstance(value, list) else value["governance"]["custom_rules"]
    return [rule for rule in found if rule["type"] == "cel"]


def block(language: str, word: str) -> str:
    """The page's one block of a language that has a word."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (each for each in blocks if word in each)
    return str(found)


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
        for text in re.findall(r"```yaml\n(- id.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        if "type: python" not in text
        for line in text.splitlines()
    )
    checked = check(f"{MANIFEST}  custom_rules:\n{indented}\n", path=tmp_path / "manifest.yaml")
    assert [found.message for found in checked.errors] == []


def test_the_page_s_package_is_a_rule_that_does_what_its_examples_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = parse(block("yaml", "type: python")).value[0]
    points = tomllib.loads(block("toml", "entry-points"))["project"]["entry-points"]["floe.rules"]
    info = f"{rule['package'].replace('-', '_')}-1.0.dist-info"
    files = {
        "acme_floe_rules.py": block("python", "def key_columns"),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {rule['package']}\nVersion: 1.0\n",
        f"{info}/entry_points.txt": "[floe.rules]\n" + "".join(f"{n} = {at}\n" for n, at in points.items()),
    }
    (tmp_path / info).mkdir()
    for name, text in {**files, f"{info}/RECORD": "".join(f"{name},,\n" for name in files)}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    rule["digest"] = installed(rule["package"]).digest
    run = run_policy_tests(platform(governance__custom_rules=[rule]))
    asked = [case for suite in run.suites for case in suite.cases if case.case.name.startswith(rule["id"])]
    assert len(asked) == 2
    assert [problem for case in asked for problem in case.problems] == []


def test_the_schema_of_the_facts_takes_every_example_of_the_page_and_no_other_field() -> None:
    schema = Draft202012Validator(facts_schema())
    for rule in rules():
        subject = rule.get("subject", "model")
        for example in [*rule["examples"]["pass"], *rule["examples"].get("fail", [])]:
            assert list(schema.iter_errors({subject: {subject: example}})) == []
            assert list(schema.iter_errors({subject: {subject: {**example, "nmae": 1}}})) != []
