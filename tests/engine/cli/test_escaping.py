"""What others wrote is shown and never obeyed: by no terminal, runner, XML reader or Markdown page.

Every command runs as it does for its users. The words come from a platform's free text and from a
project's names, which nobody has to have checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from floe_engine.cli import findings
from floe_engine.text import printable
from tests.cli import Ran, floe, ok
from tests.engine.lsp.editor import Editor

NASTY = "nope\n::error::x\r\x1b[31m\x07\u202e\u200b\u180e\U000e0041\u3164<b>@all|`a`"
"""A line of its own that a runner obeys, colours, a bell, what reverses and what hides, and markup."""

_YAML = '"' + "".join(f"\\U{ord(character):08x}" for character in NASTY) + '"'
"""`NASTY` as YAML."""


def manifest(version: str) -> str:
    return (
        "apiVersion: floe.dev/v1\nkind: Manifest\n"
        f"metadata:\n  name: acme\n  version: {version}\n  owner: {_YAML}\n  description: {_YAML}\n"
        f"  labels: {{team: {_YAML}}}\n"
        "plugins:\n  compute: {type: duckdb}\n"
        "data_architecture: {naming: {enforcement: strict}}\n"
        "governance:\n  quality_gates: {minimum_test_coverage: 80}\n"
        "  classification:\n    meta_keys: [classification]\n"
        "  waiver_policy: {require_expiry: false}\n"
        f"  waivers:\n    - {{pattern: 'legacy_*', reason: {_YAML}, owner: {_YAML}}}\n"
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform of two versions in a layout, and a dbt project with names of its own."""
    root = tmp_path_factory.mktemp("house")
    platform = root / "platform"
    platform.mkdir()
    for version in ("1.0.0", "1.0.1"):
        text = manifest(version).replace(_YAML, _YAML if version == "1.0.0" else f'"more{_YAML[1:]}')
        (platform / "manifest.yaml").write_text(text)
        ok(floe(platform, "platform", "publish", f"v{version}", "--no-sign", "--registry", _registry(root)))
    models = root / "project" / "models"
    models.mkdir(parents=True)
    (root / "project" / "dbt_project.yml").write_text("name: shop\nprofile: shop\nmodel-paths: [models]\n")
    (models / "schema.yml").write_text(f"models:\n  - name: {_YAML}\n    description: {_YAML}\n")
    (models / "legacy_a.sql").write_text("select 1 as id")
    (models / "plain.sql").write_text("select 1 as id")
    (models / f"{NASTY.replace('/', '')}.sql").write_text("select 1 as id")
    (models / "odd\udcff.sql").write_text("select 1 as id")
    harmless(ok(floe(root / "project", "init", "--platform=v1.0.0", "--registry", _registry(root))))
    return root


def texts(value: Any) -> Iterator[str]:
    """Every text of a JSON document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def _registry(root: Path) -> str:
    return f"oci-layout:{root / 'registry' / 'platform'}"


def harmless(ran: Ran) -> Ran:
    """`ran` itself; fails where anything that it printed would be obeyed, or would not be seen."""
    for text in (ran.out, ran.err):
        assert text.replace("\u200b", "") == printable(text.replace("\u200b", ""), lines=True)
        for line in text.splitlines():
            assert not line.lstrip().startswith("::error::x"), text
    return ran


def test_no_command_of_a_data_team_passes_on_what_a_platform_says(house: Path) -> None:
    registry, project = _registry(house), house / "project"
    harmless(ok(floe(project, "platform", "pull", "v1.0.0", "--registry", registry)))
    harmless(ok(floe(project, "platform", "list", "--details", "--registry", registry)))
    harmless(ok(floe(project, "platform", "inspect", "v1.0.0", "--registry", registry)))
    harmless(ok(floe(project, "upgrade", "--dry-run")))
    harmless(ok(floe(project, "outdated")))


@pytest.mark.parametrize("form", ["text", "unified", "side-by-side", "json", "github", "markdown"])
def test_no_form_of_a_diff_does(house: Path, form: str) -> None:
    how = (f"--{form}",) if form in ("unified", "side-by-side") else ("-o", form)
    ran = floe(house, "platform", "diff", "v1.0.0", "v1.0.1", *how, "--registry", _registry(house))
    assert ran.code == 0, ran.err
    assert "more" in harmless(ran).out


@pytest.mark.parametrize("form", findings.FORMATS)
def test_no_report_passes_on_what_a_project_says(house: Path, form: str) -> None:
    ran = harmless(floe(house / "project", "compile", "-o", form))
    assert ran.code == 1, ran.err
    assert "nope" in ran.out
    assert "odd" in ran.out, "a file whose name is no text is shown too"
    if form == "sarif":
        # What a viewer shows is what stands in the document once it is decoded.
        seen = [text for text in texts(json.loads(ran.out)) if "nope" in text]
        assert seen
        for text in seen:
            assert text == printable(text, lines=True), text
    if form == "json":
        assert json.dumps(ran.json, ensure_ascii=False).encode("utf-8"), "every character of it is one"
    if form == "gitlab":
        for issue in ran.json:
            assert printable(issue["description"]) == issue["description"]
            assert printable(issue["location"]["path"]) == issue["location"]["path"]
    if form == "junit":
        ElementTree.fromstring(ran.out)
    if form == "github":
        assert all(line.startswith(("::error ", "::warning ")) for line in ran.out.splitlines())
    if form == "markdown":
        assert "<b>" not in ran.out
        assert "@all" not in ran.out


def test_a_baseline_takes_a_file_whose_name_is_no_text(house: Path) -> None:
    for _ in ("written", "read"):
        floe(house / "project", "compile", "--baseline", "known.json")
    assert "odd\ufffd" in (house / "project" / "known.json").read_text()


# --- an editor -----------------------------------------------------------------------------------

_HIDDEN = NASTY.replace("`a`", "")
_LAYERS = json.dumps({_HIDDEN: {"prefix": _HIDDEN, "required_tests": [_HIDDEN]}})
BENT = {
    "names": manifest("1.0.0").replace("name: acme", f"name: {_YAML}"),
    "an unknown key": manifest("1.0.0") + f"{_YAML}: 1\n",
    "a plugin": manifest("1.0.0").replace("type: duckdb", f"type: {_YAML}"),
    "levels": manifest("1.0.0").replace("meta_keys:", f"levels: [{_YAML}, {_YAML}]\n    meta_keys:"),
    "layers": manifest("1.0.0").replace(
        "data_architecture: {naming", f"data_architecture: {{layers: {_LAYERS}, naming"
    ),
    "keys": manifest("1.0.0") + f"security: {{trusted_keys: [{_YAML}], revoked_keys: [{_YAML}]}}\n",
    "a parent": manifest("1.0.0") + f"parent: {_YAML}\n",
    "a registry": manifest("1.0.0") + f"artifacts: {{registry: {_YAML}}}\n",
    "expressions": manifest("1.0.0").replace("enforcement: strict", f"name_pattern: {_YAML}"),
    "the text itself": manifest("1.0.0") + "owner: [\u202e\x07\n",
}


@pytest.mark.parametrize("name", BENT)
def test_an_editor_is_shown_nothing_raw(tmp_path: Path, name: str) -> None:
    text = BENT[name]
    with Editor(tmp_path) as editor:
        published = editor.open("manifest.yaml", text)
        assert published["diagnostics"]
        told: list[Any] = [
            [
                found["message"],
                found["code"],
                [each["message"] for each in found.get("relatedInformation", [])],
            ]
            for found in published["diagnostics"]
        ]
        for number, line in enumerate(text.split("\n")):
            hover = editor.at("hover", "manifest.yaml", number, max(0, len(line) - 2))
            told.append((hover or {}).get("contents", ""))
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": text.count("\n"), "character": 0}}
        told += [action["title"] for action in editor.actions("manifest.yaml", whole)]
        outline = editor.ask(
            "textDocument/documentSymbol", {"textDocument": {"uri": editor.uri("manifest.yaml")}}
        )
        told += names(outline)
    for shown in texts(told):
        assert shown == printable(shown, lines=True), shown


def names(symbols: Any) -> list[str]:
    """What an outline shows, at every depth."""
    return [
        name
        for symbol in symbols or ()
        for name in (symbol["name"], symbol.get("detail") or "", *names(symbol.get("children")))
    ]


def test_an_editor_shows_the_findings_of_floe_yaml_the_same_way(tmp_path: Path) -> None:
    text = (
        "apiVersion: floe.dev/v1\nkind: DataProduct\n"
        f"metadata: {{name: {_YAML}}}\nplatform: {{ref: {_YAML}}}\n{_YAML}: 1\n"
    )
    with Editor(tmp_path) as editor:
        found = editor.open("floe.yaml", text)["diagnostics"]
    assert found
    for item in found:
        assert item["message"] == printable(item["message"], lines=True), item
