"""What an editor shows of a dbt project: the findings of `floe compile`, where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import floe, ok, platform_directory
from tests.engine.lsp.editor import Editor

YML = """\
version: 2
models:
  - name: bronze_orders
    description: d
    columns:
      - name: order_id
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that is pinned; its one model lacks the tests that its layer wants."""
    platform = platform_directory(tmp_path / "platform")
    environment = {"FLOE_REGISTRY": f"oci-layout:{tmp_path / 'registry'}"}
    ok(floe(platform, "platform", "publish", "v1.2.3", "--no-sign", env=environment))
    home = tmp_path / "my shop"
    (home / "models").mkdir(parents=True)
    (home / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (home / "models/bronze_orders.sql").write_text("select 1 as order_id\n")
    (home / "models/bronze.yml").write_text(YML)
    ok(floe(home, "init", "--platform=v1.2.3", env=environment))
    return home


@pytest.fixture
def editor(project: Path) -> Iterator[Editor]:
    with Editor(project) as running:
        yield running


def shown(editor: Editor, name: str, text: str) -> None:
    document = {"uri": editor.uri(name), "languageId": "yaml", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", {"textDocument": document})


def until(editor: Editor, name: str, *, findings: bool) -> list[dict[str, Any]]:
    """The first list about a file that has findings, or none."""
    for _ in range(20):
        published = editor.published.get(timeout=60)
        if published["uri"] == editor.uri(name) and bool(published["diagnostics"]) is findings:
            found: list[dict[str, Any]] = published["diagnostics"]
            return found
    raise AssertionError("it was never said")


def test_findings_stand_at_the_line_that_causes_them_and_go_when_it_is_mended(
    editor: Editor, project: Path
) -> None:
    shown(editor, "models/bronze.yml", YML)
    found = until(editor, "models/bronze.yml", findings=True)
    assert "FLOE-E230" in {each["code"] for each in found}
    for each in found:
        assert each["source"] == "floe"
        line = YML.split("\n")[each["range"]["start"]["line"]]
        assert line[each["range"]["start"]["character"] : each["range"]["end"]["character"]] == line.strip()

    mended = YML.replace("order_id\n", "order_id\n        data_tests: [not_null, unique]\n")
    (project / "models/bronze.yml").write_text(mended)
    editor.save("models/bronze.yml")
    until(editor, "models/bronze.yml", findings=False)


def test_a_line_with_a_finding_says_what_its_rule_is_for(editor: Editor) -> None:
    shown(editor, "models/bronze.yml", YML)
    found = next(
        each for each in until(editor, "models/bronze.yml", findings=True) if each["code"] == "FLOE-E230"
    )
    told = editor.at("hover", "models/bronze.yml", found["range"]["start"]["line"], 6)["contents"]["value"]
    assert "**FLOE-E230** The primary key is tested not to be null" in told
    assert editor.at("hover", "models/bronze.yml", 0, 0) is None


def test_what_a_file_that_is_not_open_causes_is_shown_as_well(editor: Editor, project: Path) -> None:
    (project / "models/Orders.sql").write_text("select 1\n")
    shown(editor, "models/bronze.yml", YML)
    assert "FLOE-E201" in {each["code"] for each in until(editor, "models/Orders.sql", findings=True)}


def test_a_project_that_cannot_be_judged_does_not_end_the_session(editor: Editor, project: Path) -> None:
    (project / "floe.yaml").write_text("nonsense: [\n")
    shown(editor, "models/bronze.yml", YML)
    assert until(editor, "models/bronze.yml", findings=False) == []
    assert editor.at("hover", "models/bronze.yml", 0, 0) is None


def test_a_file_outside_of_every_project_is_left_alone(tmp_path: Path) -> None:
    with Editor(tmp_path) as editor:
        shown(editor, "models.yml", YML)
        assert until(editor, "models.yml", findings=False) == []
