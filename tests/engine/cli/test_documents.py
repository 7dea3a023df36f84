"""`--output json`: exactly one document on stdout, for every command, whatever happens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.cli import commands as table
from floe_engine.cli.main import main
from tests.cli import MANIFEST, platform_directory
from tests.teams import new_key

PROJECT = Path(__file__).parents[3] / "examples" / "customer-analytics"

ARGUMENTS = {
    "version": "v1.2.3",
    "file": "manifest",
    "configuration": "dbt-bouncer.yml",
    "source": "v1.2.3",
    "target": "oci-layout:copy",
    "old": "manifest.yaml",
    "setting": "metadata.name",
    "shell": "bash",
    "finding": "E201 Orders",
    "--reason": "no time yet",
    "--owner": "data@acme.example",
    "--platform": "v1.2.3",
}
WAIVABLE = "  waiver_policy: {allow_in_product: allow, require_expiry: false}\n"
NO_DOCUMENTS = {
    "lsp": "speaks its own protocol on stdout",
    "mcp": "speaks its own protocol on stdout",
    "schema": "prints a JSON Schema, which is a document of another kind",
    "completion": "prints a shell script",
}


def commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that there is, with its words."""
    if isinstance(command, table.Deferred):
        yield name, command.load()
        return
    for word, inner in command.commands.items():
        yield from commands(inner, (*name, word))


COMMANDS = {" ".join(name): command for name, command in commands(table.floe) if name[0] not in NO_DOCUMENTS}


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], directory: Path, *arguments: str
) -> tuple[int, str, str]:
    """Run the command line in this process."""
    monkeypatch.chdir(directory)
    monkeypatch.setattr("sys.argv", ["floe", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


def line_for(name: str) -> list[str]:
    """The command with something for everything that it requires."""
    words = name.split()
    for parameter in COMMANDS[name].params:
        if not parameter.required:
            continue
        if parameter.param_type_name == "argument":
            words.append(ARGUMENTS[parameter.name])
        else:
            words += [parameter.opts[0], ARGUMENTS[parameter.opts[0]]]
    return words


def one_document(text: str) -> dict[str, Any]:
    document = json.loads(text)
    assert document["schemaVersion"] == 1
    assert isinstance(document["ok"], bool)
    assert text.isascii() and text.endswith("}\n")
    return dict(document)


def test_there_are_commands_to_test() -> None:
    assert {"platform publish", "platform copy", "compile", "init"} <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_in_an_empty_directory_answers_with_one_document(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    code, out, _ = run(monkeypatch, capsys, tmp_path, *line_for(name), "-o", "json")
    document = one_document(out)
    if not document["ok"] and "error" in document:
        assert code == document["error"]["exitCode"] != 0
        assert document["error"]["title"]


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"login"}))  # login: test_accounts.py
def test_a_command_where_everything_is_well_answers_with_one_document(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    team = platform_directory(tmp_path / "team", f"{MANIFEST}{WAIVABLE if name == 'waive' else ''}")
    key = str(new_key(tmp_path / "cosign.key"))
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    monkeypatch.setenv("FLOE_SIGNING_KEY", key)
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    assert run(monkeypatch, capsys, team, "platform", "publish", "v1.2.3")[0] == 0
    words = line_for(name)
    if name == "platform import":
        assert run(monkeypatch, capsys, team, "platform", "export", "manifest", "v1.2.3")[0] == 0
    if name in ("platform pull", "platform export"):
        words.append("v1.2.3")
    if name == "platform verify":
        words += ["v1.2.3", "--key", str(tmp_path / "cosign.pub")]
    if name == "platform fingerprint":
        words[-1] = str(tmp_path / "cosign.pub")
    if name == "platform keygen":
        words += ["--into", str(tmp_path / "new")]
    if name == "pin":
        words.append("--patch")
    if name == "logout":
        words.append("registry.example.com")
    where = team
    if name == "platform init":
        where = tmp_path / "begun"
        where.mkdir()
    if not name.startswith("platform") and name != "init":
        where = tmp_path / "product"
        shutil.copytree(PROJECT, where, ignore=shutil.ignore_patterns("target", ".floe", "floe.yaml"))
        assert run(monkeypatch, capsys, where, "init", "--platform=v1.2.3")[0] == 0
    if name == "platform import-rules":
        (where / "dbt-bouncer.yml").write_text("manifest_checks: [{name: check_model_has_semi_colon}]\n")
    if name == "waive":
        (where / "models" / "gold" / "Orders.sql").write_text("select 1 as id\n")
    code, out, _ = run(monkeypatch, capsys, where, *words, "-o", "json")
    document = one_document(out)
    assert document["command"] == name
    assert (code, document["ok"]) == (0, True), out


@pytest.mark.parametrize(
    "arguments",
    [
        ("platform", "compile", "--nonsense", "--output", "json"),
        ("platform", "compile", "--output=json", "surplus"),
        ("platform", "publish", "-o", "json"),
        ("platform", "nonsense", "-o", "json"),
        ("compile", "--what-if", "maybe", "-ojson"),
    ],
)
def test_a_command_line_that_is_wrong_answers_with_one_document_too(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(monkeypatch, capsys, tmp_path, *arguments)
    assert code == 2 and one_document(out)["error"]["code"] == "usage-error"
    assert "Usage: floe" in err


def test_without_json_a_wrong_command_line_leaves_stdout_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, tmp_path, "platform", "compile", "--nonsense")
    assert (code, out) == (2, "") and "--nonsense" in err


def test_an_unknown_form_of_output_is_named_with_the_possible_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, tmp_path, "platform", "compile", "-o", "toml")
    assert (code, out) == (2, "") and "'text', 'json'" in err


def test_every_problem_of_a_manifest_is_in_the_document_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MANIFEST.replace("type: duckdb", "type: duckbd").replace("coverage: 80", "coverage: 800")
    team = platform_directory(tmp_path / "team", text)
    code, out, _ = run(monkeypatch, capsys, team, "platform", "compile", "-o", "json")
    error = one_document(out)["error"]
    assert (code, error["code"], len(error["diagnostics"])) == (2, "configuration-error", 2)
    places = [(found["start"]["line"], found["path"]) for found in error["diagnostics"]]
    assert places == [(10, "plugins.compute.type"), (23, "governance.quality_gates.minimum_test_coverage")]


def test_a_crash_is_one_line_a_hint_and_a_file_and_never_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing\x1b[2J")

    monkeypatch.setattr("floe_engine.platform.compile_platform.compile_platform", broken)
    code, out, err = run(monkeypatch, capsys, tmp_path, "platform", "compile", "-o", "json")
    assert code == one_document(out)["error"]["exitCode"] == 70
    assert "Traceback" not in err and "\x1b" not in err
    assert "error[crash]: floe crashed" in err and "ZeroDivisionError" in err
    file = Path(err.split("with the file ")[1].split()[0])
    assert "ZeroDivisionError: by nothing" in file.read_text()
    file.unlink()
