"""What an editor shows of a dbt project: the findings of `floe compile`, where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import MANIFEST, floe, ok, platform_directory
from tests.engine.lsp.editor import Editor, applied

WAIVABLE = "  waiver_policy: {allow_in_product: allow}\n"
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
    platform = platform_directory(tmp_path / "platform", MANIFEST + WAIVABLE)
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


def test_the_platform_s_levels_are_offered_in_a_file_of_its_project(editor: Editor) -> None:
    line = "        meta: {classification: p"
    shown(editor, "models/bronze.yml", YML)
    until(editor, "models/bronze.yml", findings=True)  # the project has been read
    editor._versions["models/bronze.yml"] = 1
    editor.type("models/bronze.yml", YML + line)
    found = editor.at("completion", "models/bronze.yml", YML.count("\n"), len(line))["items"]
    assert [each["label"] for each in found] == ["public", "pii", "phi"]


def test_a_level_that_a_file_names_says_what_holds_for_it(editor: Editor) -> None:
    line = "        meta: {classification: pii}"
    shown(editor, "models/bronze.yml", f"{YML}{line}\n")
    until(editor, "models/bronze.yml", findings=True)
    told = editor.at("hover", "models/bronze.yml", YML.count("\n"), line.index("pii"))
    assert told["contents"]["value"].startswith("**pii** — level 4 of 5")
    assert editor.at("hover", "models/bronze.yml", YML.count("\n"), line.index("classif")) is None


# --- what can be done about them -----------------------------------------------------------------


def offered(editor: Editor, code: str) -> dict[str, dict[str, Any]]:
    """The actions at a finding of models/bronze.yml, by the first word of their titles."""
    shown(editor, "models/bronze.yml", YML)
    published = until(editor, "models/bronze.yml", findings=True)
    found = next(each for each in published if each["code"] == code)
    actions = editor.actions("models/bronze.yml", found["range"])
    return {each["title"].split()[0]: each for each in actions if code in each["title"]}


def edits(action: dict[str, Any], uri: str) -> list[dict[str, Any]]:
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"]["uri"] == uri
    return list(change["edits"])


@pytest.mark.parametrize("resolves", [True, False], ids=["when it is chosen", "at once"])
def test_an_action_declares_what_a_rule_asks(project: Path, resolves: bool) -> None:
    with Editor(project, resolves=resolves) as editor:
        action = offered(editor, "FLOE-E230")["Declare"]
        assert action["isPreferred"]
        assert ("edit" in action) is not resolves
        if resolves:
            action = editor.ask("codeAction/resolve", action)
        mended = applied(YML, edits(action, editor.uri("models/bronze.yml")))
        assert "not_null" in mended
        assert (project / "models/bronze.yml").read_text() == YML, "the editor has the last word"
        (project / "models/bronze.yml").write_text(mended)
        editor.save("models/bronze.yml")
        while "FLOE-E230" in {each["code"] for each in editor.published.get(timeout=60)["diagnostics"]}:
            pass


def test_an_action_writes_a_waiver_that_does_not_count_until_somebody_says_why(project: Path) -> None:
    with Editor(project, resolves=True) as editor:
        action = editor.ask("codeAction/resolve", offered(editor, "FLOE-E230")["Waive"])
        before = (project / "floe.yaml").read_text()
        after = applied(before, edits(action, editor.uri("floe.yaml")))
        assert after.startswith(before.rstrip("\n"))
        (project / "floe.yaml").write_text(after)
        ran = floe(project, "compile", "--frozen")
        assert ran.code == 2 and ran.err.count("is empty; expected text") == 2
        (project / "floe.yaml").write_text(
            after.replace("reason: ''", "reason: goes in May").replace('reason: ""', "reason: goes in May")
            .replace("owner: ''", "owner: ann").replace('owner: ""', "owner: ann")
        )  # fmt: skip
        assert "FLOE-E230" not in floe(project, "compile", "--frozen").out


def test_an_action_is_not_worked_out_over_text_that_is_not_saved(project: Path) -> None:
    with Editor(project, resolves=True) as editor:
        action = offered(editor, "FLOE-E230")["Declare"]
        editor._versions["models/bronze.yml"] = 1
        editor.type("models/bronze.yml", f"# mine\n{YML}")
        assert "edit" not in editor.ask("codeAction/resolve", action)
        assert any("not saved" in each["message"] for each in editor.logged)


@pytest.mark.parametrize("data", [None, {}, {"verb": "fix", "root": 7, "rule": "x", "subject": "y"}])
def test_an_action_that_nobody_offered_is_no_edit_and_ends_nothing(project: Path, data: Any) -> None:
    with Editor(project, resolves=True) as editor:
        asked = {"title": "x", "kind": "quickfix", "data": data}
        assert "edit" not in editor.ask("codeAction/resolve", asked)
        assert (
            editor.actions(
                "models/bronze.yml",
                {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            )
            == []
        )
