"""`floe platform check`, `floe explain`, `floe schema` and the rest of what helps while writing files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from floe_engine import errors
from floe_engine.cli.diagnostics import excerpt
from floe_engine.document.diagnostics import Span
from floe_engine.manifest.codes import CODES
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy_tests.case_file import MEANINGS as POLICY_TEST_CODES
from floe_engine.project.spec_check import MEANINGS as SPEC_CODES
from floe_engine.support.explain import explain_code, families
from floe_engine.text import cells
from floe_engine.upgrade.rules import all_rules
from tests.cli import MANIFEST, floe, ok, platform_directory

SARIF = Path(__file__).parents[1] / "output" / "sarif_parts.schema.json"

BROKEN = MANIFEST.replace("type: duckdb", "type: duckbd").replace("governance:", "govrnance:  # 日本語 🎉")


# --- floe platform check -----------------------------------------------------------------------


def test_check_shows_every_problem_with_its_line_and_a_caret(tmp_path: Path) -> None:
    ran = floe(platform_directory(tmp_path, BROKEN), "platform", "check")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0].startswith("manifest.yaml:10:11: error FLOE-M021 there is no compute plugin `duckbd`")
    assert lines[1].endswith("|     type: duckbd")
    assert lines[2].index("^^^^^^") == lines[1].index("duckbd")
    assert "    fix: Write `duckdb`" in lines
    assert any(line.startswith("manifest.yaml:21:1: error FLOE-M001") for line in lines)
    assert lines[-1] == "2 errors; 2 can be mended by --fix"


def test_check_says_so_where_nothing_is_wrong(tmp_path: Path) -> None:
    ran = ok(floe(platform_directory(tmp_path), "platform", "check"))
    assert ran.out == "manifest.yaml is valid\n"


def test_a_warning_alone_does_not_fail_the_check(tmp_path: Path) -> None:
    ran = floe(
        platform_directory(tmp_path, MANIFEST + "security: {require_signed_artifacts: true}\n"),
        "platform",
        "check",
    )
    assert "warning FLOE-M043" in ok(ran).out


def test_a_missing_manifest_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    ran = floe(tmp_path, "platform", "check", "--output", "json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "configuration-error")


@pytest.mark.parametrize(
    ("line", "start", "end", "marks"),
    [
        ("key: value", 5, 10, "     ^^^^^"),
        ("日本: x", 4, 5, "      ^"),
        ("日本: x", 0, 2, "^^^^"),
        ("\tkey: x", 1, 4, "    ^^^"),
        ("e\u0301: x", 4, 5, "   ^"),
        ("\x1b[31mx", 5, 6, "        ^"),
        ("key:", 4, 4, "    ^"),
    ],
)  # fmt: skip
def test_carets_stand_below_what_they_mean_in_cells(line: str, start: int, end: int, marks: str) -> None:
    shown, below = excerpt([line], Span.at(0, start, 0, end))
    assert below == marks
    assert "\x1b" not in shown


def test_of_a_very_long_line_only_the_part_around_the_problem_is_shown() -> None:
    shown, below = excerpt(["x" * 3000 + "BAD" + "y" * 3000], Span.at(0, 3000, 0, 3003))
    assert shown[below.index("^") :].startswith("BAD")
    assert cells(shown) < 110
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_json_has_places_and_fixes(tmp_path: Path) -> None:
    ran = floe(platform_directory(tmp_path, BROKEN), "platform", "check", "--output", "json")
    assert (ran.code, ran.json["ok"], ran.json["command"]) == (1, False, "platform check")
    first = ran.json["diagnostics"][0]
    assert (first["code"], first["path"]) == ("FLOE-M021", "plugins.compute.type")
    assert first["start"] == {"line": 10, "column": 11}
    assert ran.json["counts"] == {"error": 2, "warning": 0, "info": 0}


def test_sarif_counts_in_utf16_and_carries_the_fixes(tmp_path: Path) -> None:
    text = MANIFEST.replace(
        "  compute:\n    type: duckdb", "  compute: {config: {path: '🎉🎉'}, type: duckbd}"
    )
    ran = floe(platform_directory(tmp_path, text), "platform", "check", "--output", "sarif")
    assert ran.code == 1
    schema = json.loads(SARIF.read_text(encoding="utf-8"))
    jsonschema.validate(ran.json, schema)
    (run,) = ran.json["runs"]
    assert run["columnKind"] == "utf16CodeUnits"
    (result,) = run["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    line = text.splitlines()[region["startLine"] - 1]
    units = line.encode("utf-16-le")
    assert (
        units[2 * (region["startColumn"] - 1) : 2 * (region["endColumn"] - 1)].decode("utf-16-le") == "duckbd"
    )
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "duckdb"}}


def test_github_gets_an_annotation_a_problem(tmp_path: Path) -> None:
    ran = floe(platform_directory(tmp_path, BROKEN), "platform", "check", "--output", "github")
    first, second = ran.out.splitlines()
    assert first.startswith(
        "::error file=manifest.yaml,line=10,endLine=10,col=11,endColumn=17,title=FLOE-M021::"
    )
    assert "%0Ahint: " in first
    assert "title=FLOE-M001" in second


@pytest.mark.parametrize("form", ["github", "sarif", "gitlab"])
def test_code_hosts_find_the_file_from_the_top_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """In whatever folder of it the command is run; `.git` of a worktree is a file."""
    (tmp_path / "teams/a").mkdir(parents=True)
    directory = platform_directory(tmp_path / "teams/a", BROKEN)
    monkeypatch.chdir(directory)
    assert "teams" not in floe(directory, "platform", "check", "--output", form).out
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    named = directory.relative_to(tmp_path) / "manifest.yaml"
    assert named.as_posix() in floe(directory, "platform", "check", "--output", form).out


def test_fix_mends_what_it_can_and_touches_nothing_else(tmp_path: Path) -> None:
    directory = platform_directory(tmp_path)
    crlf = b"\xef\xbb\xbf" + BROKEN.replace("\n", "\r\n").encode()
    (directory / "manifest.yaml").write_bytes(crlf)
    (directory / "manifest.yaml").chmod(0o640)
    ran = ok(floe(directory, "platform", "check", "--fix"))
    assert "Mended 2 problems:" in ran.out
    assert "-    type: duckbd" in ran.out
    assert "+    type: duckdb" in ran.out
    wanted = crlf.replace(b"duckbd", b"duckdb").replace(b"govrnance", b"governance")
    assert (directory / "manifest.yaml").read_bytes() == wanted
    assert (directory / "manifest.yaml").stat().st_mode & 0o777 == 0o640
    assert ok(floe(directory, "platform", "check", "--fix")).out == "manifest.yaml is valid\n"


def test_fix_goes_on_until_nothing_is_left_to_mend(tmp_path: Path) -> None:
    # The misspelt section hides a number out of range until it has its name.
    text = MANIFEST.replace("governance:", "govrnance:").replace("coverage: 80", "coverage: 800")
    ran = ok(floe(platform_directory(tmp_path, text), "platform", "check", "--fix", "--output", "json"))
    assert [each["code"] for each in ran.json["mended"]] == ["FLOE-M001", "FLOE-M005"]
    assert (tmp_path / "manifest.yaml").read_text() == MANIFEST.replace("coverage: 80", "coverage: 100")


def test_what_cannot_be_mended_is_left_and_reported(tmp_path: Path) -> None:
    text = MANIFEST + "policy_tests: 7\n"
    ran = floe(platform_directory(tmp_path, text), "platform", "check", "--fix")
    assert ran.code == 1
    assert "FLOE-M003" in ran.out
    assert (tmp_path / "manifest.yaml").read_text() == text


# --- floe explain ------------------------------------------------------------------------------


def test_every_code_of_every_family_has_its_page() -> None:
    wanted = {*CODES, *SPEC_CODES, *POLICY_TEST_CODES, *(rule.id for rule in every_rule())}
    wanted |= {rule.id for rule in all_rules()}
    wanted |= {
        kind("").code for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.FloeError) and kind is not errors.FloeError
    }  # fmt: skip
    pages = [page for family in families() for page in family.pages]
    codes = [page.code for page in pages]
    assert wanted <= set(codes)
    assert len(codes) == len(set(codes))
    assert all(page.title and not page.title.endswith(".") for page in pages)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("FLOE-Y022", "FLOE-Y022: a tab indents a line"),
        ("m021", "FLOE-M021: unknown plugin type"),
        ("FLOE-S002", "FLOE-S002: A setting that belongs to the platform's manifest.yaml\n\nProducts cannot"),
        ("FLOE-T004", "FLOE-T004: "),
        ("e201", "FLOE-E201: A model's name starts with the prefix of its layer"),
        ("plg001", "PLG001: plugin swapped"),
        ("registry-unreachable", "registry-unreachable: No answer at all: connection refused"),
    ],
)
def test_explain_prints_the_page_of_a_code(asked: str, told: str, tmp_path: Path) -> None:
    assert ok(floe(tmp_path, "explain", asked)).out.startswith(told)


def test_an_error_is_explained_with_its_exit_code(tmp_path: Path) -> None:
    ran = ok(floe(tmp_path, "explain", "lock-mismatch"))
    assert "Exit code 5." in ran.out
    assert "A kind of integrity-error." in ran.out


def test_a_text_error_names_its_own_page(tmp_path: Path) -> None:
    said = floe(tmp_path, "platform", "check").err
    code = said.removeprefix("error[").partition("]")[0]
    assert ok(floe(tmp_path, "explain", code)).out.startswith(f"{code}: ")


def test_explain_alone_lists_every_code(tmp_path: Path) -> None:
    ran = ok(floe(tmp_path, "explain"))
    assert all(rule.id in ran.out for rule in every_rule())
    listed = ok(floe(tmp_path, "explain", "--output", "json")).json["families"]
    assert [family["pattern"] for family in listed][:3] == ["FLOE-Y…", "FLOE-M…", "FLOE-S…"]


def test_an_unknown_code_gets_the_nearest_one(tmp_path: Path) -> None:
    ran = floe(tmp_path, "explain", "FLOE-M21")
    assert ran.code == 2
    assert "did you mean FLOE-M021?" in ran.err
    with pytest.raises(errors.UsageError) as nothing:
        explain_code("zzz")
    assert "lists them all" in nothing.value.hint
    with pytest.raises(errors.UsageError) as setting:
        explain_code("governance.graph.max_children")
    assert "floe platform explain" in setting.value.hint


# --- floe platform explain ---------------------------------------------------------------------

COVERAGE = "governance.quality_gates.minimum_test_coverage"


def test_a_setting_is_explained_with_what_the_parent_says(tmp_path: Path) -> None:
    platform_directory(tmp_path / "enterprise")
    domain = MANIFEST.replace("scope: enterprise", "scope: domain").replace("coverage: 80", "coverage: 90")
    directory = platform_directory(tmp_path / "sales", domain + "parent: ../enterprise/manifest.yaml\n")
    ran = ok(floe(directory, "platform", "explain", COVERAGE))
    assert "Value:   90" in ran.out
    assert "From:    domain acme-data-platform@1.2.3" in ran.out
    assert "Above:   enterprise acme-data-platform@1.2.3: 80" in ran.out
    assert "Default: 80" in ran.out
    assert "Least test coverage" in ran.out
    facts = ok(floe(directory, "platform", "explain", COVERAGE, "-o", "json")).json
    assert (facts["path"], facts["value"]) == (COVERAGE, 90)


def test_an_unknown_setting_gets_the_nearest_one(tmp_path: Path) -> None:
    ran = floe(
        platform_directory(tmp_path), "platform", "explain", "governance.quality_gates.min_test_coverage"
    )
    assert ran.code == 2
    assert f"did you mean {COVERAGE}?" in ran.err


def test_settings_of_a_broken_manifest_are_not_guessed(tmp_path: Path) -> None:
    ran = floe(platform_directory(tmp_path, BROKEN), "platform", "explain", COVERAGE)
    assert ran.code == 2
    assert "FLOE-M001" in ran.err


# --- floe schema -------------------------------------------------------------------------------

SPEC = "apiVersion: floe.dev/v1\nkind: DataProduct\nplatform:\n  ref: oci://ghcr.io/acme/platform:v1.2.3\n"
POLICY_TEST = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: names}
cases:
  - name: a bronze model has its prefix
    given: {models: [{name: orders}]}
    expect: [{rule: FLOE-E201, resource: orders, result: fail}]
"""


@pytest.mark.parametrize(
    ("file", "good", "slip"),
    [
        ("manifest", MANIFEST, ("enforcement: strict", "enforcement: stern")),
        ("floe", SPEC, ("kind: DataProduct", "kind: Product")),
        ("policy-test", POLICY_TEST, ("expect:", "expects:")),
    ],
    ids=["manifest", "floe", "policy-test"],
)
def test_a_schema_takes_good_files_and_refuses_slips(
    file: str, good: str, slip: tuple[str, str], tmp_path: Path
) -> None:
    from floe_engine.document.document import parse

    schema = ok(floe(tmp_path, "schema", file)).json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(parse(good).value))
    assert list(validator.iter_errors(parse(good.replace(*slip)).value))
    for name, value in schema["properties"].items():
        assert "$ref" in value or value.get("description"), name


# --- floe completion ---------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_its_program(shell: str, tmp_path: Path) -> None:
    assert "_FLOE_COMPLETE" in ok(floe(tmp_path, "completion", shell)).out
    other = ok(floe(tmp_path, "completion", shell, program="floe-engine")).out
    assert "_FLOE_ENGINE_COMPLETE" in other


def test_bash_completes_commands_by_the_script(tmp_path: Path) -> None:
    script = (
        f"export PATH={Path(sys.executable).parent}:$PATH; source <(floe completion bash)\n"
        "COMP_WORDS=(floe platform che) COMP_CWORD=2; _floe_completion floe; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=os.environ.copy(),
    )
    assert done.stdout.split() == ["check"]
