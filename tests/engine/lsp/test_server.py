"""What an editor sees of the real `floe lsp`."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import MANIFEST, floe
from tests.engine.lsp.editor import TIMEOUT, Editor, applied

BROKEN = MANIFEST.replace("type: duckdb", "type: duckbd")
SPEC = "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform:\n  ref: oci://ghcr.io/acme/platform:v1.2.3\n"


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    with Editor(tmp_path) as running:
        yield running


def codes(published: dict[str, Any]) -> list[str]:
    return [found["code"] for found in published["diagnostics"]]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n")) if words in line)


def test_problems_arrive_for_a_buffer_that_was_never_saved(editor: Editor) -> None:
    published = editor.open("manifest.yaml", BROKEN)
    (found,) = published["diagnostics"]
    assert (found["code"], found["severity"], found["source"]) == ("FLOE-M021", 1, "floe")
    line = line_of(BROKEN, "duckbd")
    assert found["range"] == {
        "start": {"line": line, "character": 10},
        "end": {"line": line, "character": 16},
    }
    assert "did you mean `duckdb`?" in found["message"]
    assert published["version"] == 1


def test_columns_are_utf16_code_units(editor: Editor) -> None:
    text = MANIFEST.replace(
        "  compute:\n    type: duckdb", "  compute: {config: {path: '🎉🎉'}, type: duckbd}"
    )
    (found,) = editor.open("manifest.yaml", text)["diagnostics"]
    place = found["range"]
    line = text.split("\n")[place["start"]["line"]].encode("utf-16-le")
    assert (
        line[2 * place["start"]["character"] : 2 * place["end"]["character"]].decode("utf-16-le") == "duckbd"
    )
    (action, _) = editor.actions("manifest.yaml", place)
    (change,) = action["edit"]["documentChanges"]
    assert applied(text, change["edits"]) == text.replace("duckbd", "duckdb")


def test_an_editor_may_count_in_another_encoding(tmp_path: Path) -> None:
    text = MANIFEST.replace(
        "  compute:\n    type: duckdb", "  compute: {config: {path: '🎉é'}, type: duckbd}"
    )
    with Editor(tmp_path, encodings=["utf-8"]) as editor:
        assert editor.server["capabilities"]["positionEncoding"] == "utf-8"
        (found,) = editor.open("manifest.yaml", text)["diagnostics"]
    place = found["range"]
    line = text.split("\n")[place["start"]["line"]].encode()
    assert line[place["start"]["character"] : place["end"]["character"]] == b"duckbd"


def test_a_line_separator_that_the_protocol_does_not_count_moves_nothing(editor: Editor) -> None:
    text = MANIFEST.replace("acme-data-platform", "acme  # one\u2028# two").replace(
        "type: duckdb", "type: duckbd"
    )
    (found,) = [
        each for each in editor.open("manifest.yaml", text)["diagnostics"] if each["code"] == "FLOE-M021"
    ]
    assert found["range"]["start"] == {"line": line_of(text, "duckbd"), "character": 10}


def test_only_the_newest_of_many_edits_is_judged(editor: Editor) -> None:
    editor.open("manifest.yaml", MANIFEST)
    for number in range(30):
        editor.type("manifest.yaml", MANIFEST.replace("coverage: 80", f"coverage: {800 + number}"))
    last = editor.type("manifest.yaml", MANIFEST)
    seen = []
    while not seen or seen[-1]["version"] != last:
        seen.append(editor.diagnostics("manifest.yaml"))
    assert seen[-1]["diagnostics"] == []
    assert len(seen) < 30
    versions = [each["version"] for each in seen]
    assert versions == sorted(set(versions))
    with pytest.raises(queue.Empty):
        editor.published.get(timeout=0.5)


def test_what_is_typed_is_completed_before_the_rest_is_over(editor: Editor) -> None:
    editor.open("manifest.yaml", MANIFEST)
    text = MANIFEST.replace("pattern: medallion", "pattern: med")
    editor.type("manifest.yaml", text)
    line = line_of(text, "pattern: med")
    offered = editor.at("completion", "manifest.yaml", line, len("  pattern: med"))
    (item,) = offered["items"]
    assert item["label"] == "medallion"
    assert applied(text, [item["textEdit"]]) == MANIFEST


def test_a_completed_section_keeps_its_indentation(editor: Editor) -> None:
    text = MANIFEST + "  classif"
    editor.open("manifest.yaml", text)
    items = editor.at("completion", "manifest.yaml", text.count("\n"), 9)["items"]
    (item,) = [each for each in items if each["label"] == "classification"]
    assert item["textEdit"]["newText"] == "classification:\n    "
    assert item["insertTextMode"] == 1
    assert item["documentation"]["kind"] == "markdown"


def test_hover_tells_what_a_key_means(editor: Editor) -> None:
    editor.open("manifest.yaml", MANIFEST)
    told = editor.at("hover", "manifest.yaml", line_of(MANIFEST, "minimum_test"), 8)
    assert "governance.quality_gates.minimum_test_coverage" in told["contents"]["value"]
    assert "80, from enterprise acme-data-platform@1.2.3" in told["contents"]["value"]
    assert editor.at("hover", "manifest.yaml", 6, 0) is None


def test_an_expression_of_a_house_rule_is_completed_and_explained(editor: Editor) -> None:
    text = f"{MANIFEST}  custom_rules:\n  - id: r\n    type: cel\n    expr: model.columns.all(c, c.desc"
    editor.open("manifest.yaml", text)
    last, end = text.count("\n"), len(text) - text.rfind("\n") - 1
    (item,) = editor.at("completion", "manifest.yaml", last, end)["items"]
    assert (item["label"], item["detail"]) == ("description", "string")
    done = applied(text, [item["textEdit"]]) + " != '')"
    editor.type("manifest.yaml", done)
    told = editor.at("hover", "manifest.yaml", last, end)
    assert told["contents"]["value"].startswith("**Column.description**: `string`")


def test_quick_fixes_and_one_for_the_whole_file(editor: Editor) -> None:
    text = BROKEN.replace("pattern: medallion", "pattern: medallon")
    (first, _) = editor.open("manifest.yaml", text)["diagnostics"]
    quick, every = editor.actions("manifest.yaml", first["range"])
    assert (quick["kind"], quick["isPreferred"], quick["title"]) == ("quickfix", True, "Write `duckdb`")
    assert quick["diagnostics"][0]["code"] == "FLOE-M021"
    (change,) = every["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 1
    assert applied(text, change["edits"]) == MANIFEST
    (alone,) = editor.actions("manifest.yaml", first["range"], only=["source.fixAll"])
    assert alone["kind"] == "source.fixAll.floe"
    nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    assert editor.actions("manifest.yaml", nowhere, only=["quickfix"]) == []


def test_the_outline_nests(editor: Editor) -> None:
    editor.open("manifest.yaml", MANIFEST)
    document = {"textDocument": {"uri": editor.uri("manifest.yaml")}}
    symbols = editor.ask("textDocument/documentSymbol", document)
    assert [symbol["name"] for symbol in symbols][-1] == "governance"
    plugins = next(symbol for symbol in symbols if symbol["name"] == "plugins")
    assert [child["name"] for child in plugins["children"]] == ["compute", "orchestrator", "catalog"]


def test_the_definition_of_an_inherited_setting_is_in_the_parent(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(MANIFEST)
    text = MANIFEST.replace("scope: enterprise", "scope: domain") + "parent: acme.yaml\n"
    assert codes(editor.open("manifest.yaml", text)) == []
    target = editor.at("definition", "manifest.yaml", line_of(text, "minimum_test"), 8)
    assert target["uri"] == editor.uri("acme.yaml")
    assert target["range"]["start"] == {"line": line_of(MANIFEST, "minimum_test"), "character": 4}


def test_a_saved_parent_makes_its_children_be_looked_at_again(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(MANIFEST)
    text = MANIFEST.replace("scope: enterprise", "scope: domain") + "parent: acme.yaml\n"
    assert codes(editor.open("manifest.yaml", text)) == []
    (tmp_path / "acme.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 90"))
    editor.save("acme.yaml")
    assert codes(editor.diagnostics("manifest.yaml")) == ["FLOE-M050"]


def test_floe_yaml_has_problems_completion_and_hover(editor: Editor) -> None:
    assert codes(editor.open("floe.yaml", SPEC + "governance: {}\n")) == ["FLOE-S002"]
    text = SPEC + "dbt:\n  reader: sta"
    editor.type("floe.yaml", text)
    (item,) = editor.at("completion", "floe.yaml", 5, 13)["items"]
    assert item["label"] == "static"
    assert codes(editor.diagnostics("floe.yaml")) == ["FLOE-S004"]
    keys = editor.at("completion", "floe.yaml", 5, 2)["items"]
    assert {"manifest", "vars"} <= {each["label"] for each in keys}
    told = editor.at("hover", "floe.yaml", 3, 3)
    assert "platform.ref" in told["contents"]["value"]


def test_a_policy_test_is_known_by_its_kind(editor: Editor) -> None:
    text = "apiVersion: floe.dev/v1\nkind: PolicyTest\nmetadata: {name: x}\ncases: []\n"
    assert codes(editor.open("names.yaml", text)) == ["FLOE-T003"]


def test_nothing_is_said_of_other_yaml(editor: Editor) -> None:
    assert editor.open("docker-compose.yaml", "services: {a: [}\n")["diagnostics"] == []
    assert editor.at("hover", "docker-compose.yaml", 0, 2) is None


def test_a_closed_file_has_no_problems_left(editor: Editor) -> None:
    editor.open("manifest.yaml", BROKEN)
    editor.close("manifest.yaml")
    assert editor.diagnostics("manifest.yaml")["diagnostics"] == []


def test_any_half_typed_text_is_answered(editor: Editor) -> None:
    editor.open("manifest.yaml", "")
    for text in ("\x00", "a: [", "\ud800", "- ", "'", "? ", "\ufeffapiVersion", "{}", "x: &a [*a]"):
        version = editor.type("manifest.yaml", text)
        editor.at("completion", "manifest.yaml", 0, len(text))
        editor.at("hover", "manifest.yaml", 0, 0)
        while editor.diagnostics("manifest.yaml")["version"] != version:
            pass


@pytest.mark.parametrize(
    "parameters",
    [
        {"position": {"line": -1, "character": 0}},
        {"position": {"line": 0, "character": "x"}},
        {"position": None},
        {},
        [],
        7,
    ],
)
def test_a_request_that_does_not_fit_is_told_so_and_the_next_one_is_answered(
    editor: Editor, parameters: Any
) -> None:
    editor.open("manifest.yaml", MANIFEST)
    if isinstance(parameters, dict):
        parameters = {"textDocument": {"uri": editor.uri("manifest.yaml")}, **parameters}
    assert editor.answer("textDocument/hover", parameters)["error"]["code"] == -32602  # InvalidParams
    assert editor.at("hover", "manifest.yaml", 2, 3) is not None


def test_a_method_that_there_is_not_is_told_so(editor: Editor) -> None:
    assert editor.answer("textDocument/none", {})["error"]["code"] == -32601  # MethodNotFound


def test_a_request_about_a_file_that_is_not_open_is_answered(editor: Editor) -> None:
    assert editor.at("hover", "nowhere/manifest.yaml", 0, 0) is None
    assert editor.at("documentSymbol", "floe.yaml", 0, 0) == []


@pytest.mark.parametrize(
    "kind", ["Manifest", "DataProduct", "PolicyTest", "{a: b}", "[Manifest]", "7", "", "*x", "Manifest: x"]
)
def test_a_buffer_without_a_file_is_judged_by_the_kind_that_it_names(editor: Editor, kind: str) -> None:
    uri = "untitled:Untitled-1"
    text = f"apiVersion: floe.dev/v1\nkind: {kind}\nmetadata: {{name: x}}\n"
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    found = editor.published.get(timeout=TIMEOUT)
    assert found["uri"] == uri
    assert bool(found["diagnostics"]) == (kind in ("Manifest", "DataProduct", "PolicyTest"))
    place = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 2}}
    editor.ask("textDocument/hover", place)


def test_a_file_that_is_closed_before_it_was_looked_at_is_not_looked_for(editor: Editor) -> None:
    document = {"uri": editor.uri("gone/manifest.yaml"), "languageId": "yaml", "version": 1, "text": MANIFEST}
    editor.tell("textDocument/didOpen", {"textDocument": document})
    editor.tell("textDocument/didClose", {"textDocument": {"uri": document["uri"]}})
    editor.open("manifest.yaml", MANIFEST)
    assert editor.noise == []
    assert editor.logged == []


def test_stdout_carries_the_protocol_alone_and_the_end_is_quiet(tmp_path: Path) -> None:
    with Editor(tmp_path) as editor:
        editor.open("manifest.yaml", BROKEN)
        assert editor.leave() == (0, "")
        assert editor.noise == []


def test_the_server_ends_with_its_editor(tmp_path: Path) -> None:
    ran = floe(tmp_path, "lsp")  # stdin is at its end from the start
    assert (ran.code, ran.out) == (0, "")


def test_without_its_packages_the_server_says_how_to_get_them(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['pygls'] = None; sys.argv = ['floe', 'lsp']\n"
        "from floe_engine.cli import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'floe-workbench[lsp]'" in done.stderr
