"""Odd names, odd values and large files, through the commands: an answer each time, and a short one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.fuzz.faces import command
from tests.teams import manifest

MANY = 20_000


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "team").mkdir()
    return tmp_path / "team"


# --- names of files -----------------------------------------------------------------------------


@pytest.fixture
def named_0xff(project: Path) -> Path:
    """A project with a model whose file name is not UTF-8."""
    (project / "models" / os.fsdecode(b"bad\xff.sql")).write_text("select 1 as id\n")
    return project


@pytest.mark.parametrize(
    "form", ["text", "json", "sarif", "junit", "github", "gitlab", "tap", "html", "markdown"]
)
def test_a_model_whose_name_is_not_utf8_is_in_every_report(named_0xff: Path, form: str) -> None:
    code, out, err = command(named_0xff, "compile", "-o", form)
    assert (code, err) == (0, "")
    assert any(f"bad{odd}" in out for odd in ("\\udcff", "\\\\udcff", "\\ufffd", "\ufffd"))
    if form in ("json", "sarif", "gitlab"):
        json.loads(out)


def test_a_model_whose_name_is_not_utf8_can_be_in_a_baseline(named_0xff: Path) -> None:
    assert command(named_0xff, "compile", "--baseline", "known.json")[0] == 0
    known = (named_0xff / "known.json").read_bytes().decode()
    assert "bad" in known and json.loads(known)
    code, _, err = command(named_0xff, "compile", "--baseline", "known.json")
    assert code == 0 and "is new" not in err
    assert command(named_0xff, "fix")[0] == 0


@pytest.mark.parametrize("path", ["\\0", "a\\0b", "\\ud800", "~nobody-here/x", "../../.."])
@pytest.mark.parametrize("key", ["model", "macro", "seed", "snapshot", "test"])
def test_a_folder_of_dbts_that_no_system_can_hold_is_named(project: Path, key: str, path: str) -> None:
    file = project / "dbt_project.yml"
    file.write_text(f'name: shop\nversion: "1.0"\nprofile: shop\n{key}-paths: ["{path}"]\n')
    code, out, err = command(project, "compile")
    assert code in (0, 2, 4), out + err
    if "\\0" in path:
        assert "null byte" in err or "dbt_project.yml" in err, out + err


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [4_301, 20_000])
def test_a_number_of_thousands_of_digits_is_a_finding_at_its_place(team: Path, digits: int) -> None:
    (team / "manifest.yaml").write_text(manifest().replace("80}", "9" * digits + "}"))
    for arguments in (("check",), ("check", "--fix"), ("check", "-o", "json"), ("compile",), ("test",)):
        code, out, err = command(team, "platform", *arguments)
        assert code == (1 if arguments[0] == "check" else 2)
        assert "FLOE-M003" in out + err
        assert len(out + err) < 10_000


@pytest.mark.parametrize(
    "plugins",
    [
        "compute:\n  approved: 5\n",
        "compute:\n  approved: true\n",
        "compute:\n  approved:\n  - b\n  - name: flak\n",
        "g:\n  path:\n",
    ],
)
def test_a_plugin_of_another_shape_is_a_finding_and_its_fixes_can_be_made(team: Path, plugins: str) -> None:
    head = manifest().split("plugins:")[0]
    (team / "manifest.yaml").write_text(f"{head}plugins:\n {plugins}")
    assert command(team, "platform", "check")[0] == 1
    code, out, err = command(team, "platform", "check", "--fix")
    assert (code, "FLOE-M" in out, err) == (1, True, "")


# --- sizes: what costs more than a line's share shows as a test that never ends -----------------


def rows(text: str, count: int = MANY) -> str:
    return "".join(text.replace("#", str(number)) for number in range(count))


LARGE = {
    "unknown keys": manifest() + rows("k#: 1\n"),
    "unknown keys of a section": manifest().replace("80}", "80, " + rows("k#: 1, ") + "z: 1}"),
    "one key again and again": manifest() + rows("catalog: {}\n"),
    "rules of no kind": manifest().replace(
        "governance:\n", "governance:\n  custom_rules:\n" + rows("  - {type: x#}\n")
    ),
    "brackets": manifest() + "x: " + "[" * MANY + "\n",
    "lines that are no YAML": manifest() + rows(": : #\n- a\n"),
}


@pytest.mark.parametrize("what", LARGE)
def test_a_large_manifest_is_told_of_in_short(team: Path, what: str) -> None:
    (team / "manifest.yaml").write_text(LARGE[what])
    code, out, err = command(team, "platform", "check")
    assert code == 1
    assert 0 < len(out + err) < 400_000


def test_thousands_of_fixes_are_made_some_at_a_time(team: Path) -> None:
    text = manifest() + "data_architecture:\n layers:\n" + rows('  "L #": {}\n', 5_000)
    (team / "manifest.yaml").write_text(text)
    code, out, err = command(team, "platform", "check", "--fix")
    assert code == 1
    assert len(out + err) < 400_000
    assert "can be mended by --fix" in out


@pytest.mark.parametrize("more", ["k#: 1\n", "  - type: x#\n"])
def test_a_large_floe_yaml_is_told_of_in_short(project: Path, more: str) -> None:
    with (project / "floe.yaml").open("a") as file:
        file.write(rows(more))
    code, out, err = command(project, "compile")
    assert code == 2
    assert 0 < len(out + err) < 200_000


@pytest.mark.parametrize("more", ["k#: 1\n", "tests:\n  - {name: x}\n"])
def test_a_large_policy_test_is_told_of_in_short(team: Path, more: str) -> None:
    (team / "manifest.yaml").write_text(manifest())
    (team / "tests" / "policies").mkdir(parents=True)
    (team / "tests" / "policies" / "x.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: PolicyTest\n" + rows(more)
    )
    code, out, err = command(team, "platform", "test")
    assert code == 2
    assert 0 < len(out + err) < 200_000
