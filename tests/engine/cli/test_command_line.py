"""The command line itself: its table, its help, what it says to mistakes, and its completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from floe_engine.cli import commands
from tests.cli import floe
from tests.teams import PlatformTeam

ROOT = Path(__file__).resolve().parents[3]


def deferred(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, commands.Deferred]]:
    """Every command below a group, by its words."""
    found: list[tuple[str, commands.Deferred]] = []
    for word, entry in group.commands.items():
        if isinstance(entry, commands.Deferred):
            found.append((" ".join((*words, word)), entry))
        else:
            assert isinstance(entry, click.Group)
            found += deferred(entry, (*words, word))
    return found


COMMANDS = dict(deferred(commands.floe))


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_of_the_table_says_what_its_command_says(name: str) -> None:
    row = COMMANDS[name]
    command = row.load()
    assert command.name == row.name
    first = (command.help or "").partition("\n\n")[0]
    assert " ".join(first.split()) == row.short_help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    for parameter in COMMANDS[name].load().params:
        assert parameter.help, parameter.name


def test_the_page_of_commands_is_what_help_says() -> None:
    script = ROOT / "scripts" / "commands_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_line_of_any_help_is_wider_than_a_terminal_or_coloured() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    helps = page.split("```text\n")[1:]
    assert len(helps) == len(COMMANDS) + 3
    lines = [line for text in helps for line in text.partition("```")[0].splitlines()]
    examples = ("floe ", "vi ")
    assert not [line for line in lines if len(line) > 80 and not line.strip().startswith(examples)]
    assert "\x1b" not in page


# --- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("complie", "No such command 'complie'. (Did you mean one of: 'compile', 'completion'?)"),
        ("platform pubish", "No such command 'pubish'. Did you mean 'publish'?"),
        ("platform cache nonsense", "No such command 'nonsense'."),
        ("platform publish", "Missing argument 'VERSION'."),
        ("platform publish v1 v2", "Got unexpected extra argument (v2)"),
        ("platform publish --key", "Option '--key' requires an argument."),
        ("platform publish --nosign v1", "No such option '--nosign'. Did you mean '--no-sign'?"),
        ("platform compile --quiet=yes", "Option '--quiet' does not take a value."),
        ("platform compile -o toml", "for '--output' / '-o': 'toml' is not one of 'text', 'json', 'yaml'."),
        ("platform test --workers 0", "Invalid value for '--workers': 0 is not in the range 1<=x<=64."),
        ("platform bump --level huge", "'huge' is not one of 'patch', 'minor', 'major'."),
        ("compile --what-if maybe", "'maybe' is not one of 'off', 'warn', 'strict'."),
        ("init", "Missing option '--platform'."),
        ("schema nonsense", "Invalid value for 'FILE': 'nonsense' is not one of"),
        ("completion tcsh", "'tcsh' is not one of 'bash', 'zsh', 'fish', 'powershell'."),
        ("--bogus", "No such option '--bogus'."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_the_help_to_ask_for(line: str, said: str) -> None:
    done = CliRunner().invoke(commands.floe, line.split(), prog_name="floe")
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert said.startswith("Option ") or "Try 'floe" in done.stderr


@pytest.mark.parametrize("line", ["", "platform", "platform cache"])
def test_a_group_alone_lists_its_commands_and_is_a_mistake(line: str) -> None:
    done = CliRunner().invoke(commands.floe, line.split(), prog_name="floe")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: floe") and "Commands:" in done.stderr


def test_a_path_is_looked_at_below_dir_and_not_where_the_command_was_run(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file of that name where the command is run")
    (tmp_path / "team").mkdir()
    done = floe(
        tmp_path, "platform", "keygen", "--dir", "team", "--into", "keys", env={"COSIGN_PASSWORD": ""}
    )
    assert done.code == 0, done.err
    assert (tmp_path / "team" / "keys" / "cosign.pub").is_file()


# --- completion --------------------------------------------------------------------------------


SHELLS = ("bash", "zsh", "fish", "powershell")
"""PowerShell itself is in no package that tests can get: what its script is given is held here."""


def completed(shell: str, line: str, directory: Path) -> list[list[str]]:
    """What a shell's script is told could stand at the end of a line: rows of kind, value and help."""
    words = line.split(" ")
    position = words[-1] if shell in ("fish", "powershell") else str(len(words) - 1)
    asked = {"_FLOE_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": position}
    done = subprocess.run(
        [Path(sys.executable).with_name("floe")], cwd=directory, env={**os.environ, **asked},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    if shell == "zsh":
        return [lines[row : row + 3] for row in range(0, len(lines) - 2, 3)]
    return [line.replace("\t", ",").split(",") for line in lines]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("floe o", ["outdated"]),
        ("floe platform ch", ["check", "changelog"]),
        ("floe platform cache ", ["clear"]),
        ("floe platform publish --no-s", ["--no-sign"]),
        ("floe compile --what-if ", ["off", "warn", "strict"]),
        ("floe platform bump --level m", ["minor", "major"]),
        ("floe platform test --output j", ["json", "junit"]),
        ("floe schema ", ["manifest", "floe", "policy-test", "facts"]),
        ("floe platform list v1", []),
    ],
)
def test_a_shell_completes_words_options_and_values(
    shell: str, line: str, values: list[str], tmp_path: Path
) -> None:
    rows = completed(shell, line, tmp_path)
    found = [row[1] if len(row) > 1 else row[0] for row in rows if row[0] == "plain"]
    assert found == values


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A directory in which there is something of every kind to complete."""
    registry = tmp_path / "registry"
    team = PlatformTeam(tmp_path, f"oci-layout:{registry}")
    for version in ("1.2.3", "1.3.0"):
        team.publish(version)
    (tmp_path / "dbt_project.yml").write_text("name: shop\nmodel-paths: [\"{{ 'models' }}\", more]\n")
    for path in ("models/gold/gold_orders.sql", "more/gold_customers.sql"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("select 1 as id\n")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("floe platform inspect v", ["v1.3.0", "v1.2.3"]),
        ("floe platform inspect v1.2", ["v1.2.3"]),
        ("floe platform diff v1.3", ["v1.3.0"]),
        ("floe pin v1.2", ["v1.2.3", "v1.2.*"]),
        ("floe upgrade --to v1.", ["v1.3.0", "v1.2.3", "v1.3.*", "v1.2.*", "v1.*.*"]),
        ("floe platform publish ", ["v1.3.0"]),
        ("floe explain PLG0", ["PLG001", "PLG002"]),
        ("floe explain registry-u", ["registry-unreachable"]),
        (
            "floe platform explain governance.quality_gates.minimum",
            ["governance.quality_gates.minimum_test_coverage"],
        ),
        ("floe fix gold_", ["gold_customers", "gold_orders"]),
        ("floe compile --select gold_o", ["gold_orders"]),
        ("floe waive FLOE-E20", ["FLOE-E201"]),
    ],
)
def test_a_shell_completes_what_is_known_here(
    shell: str, line: str, values: list[str], house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{house}/registry")
    rows = completed(shell, line, house)
    found = [row[1] for row in rows if row[0] == "plain"]
    assert found[: len(values)] == values


def test_completion_asks_no_registry_and_says_nothing_of_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", "oci://registry.invalid/team")
    assert completed("zsh", "floe platform inspect v", tmp_path) == []
    (tmp_path / "dbt_project.yml").write_bytes(b"\xff: [")
    assert completed("bash", "floe fix ", tmp_path)[0][1].startswith("FLOE-")
    (tmp_path / "manifest.yaml").write_text("[")
    assert completed("zsh", "floe platform publish ", tmp_path) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"_FLOE_COMPLETE": "bash_complete"},
        {"_FLOE_COMPLETE": "bash_complete", "COMP_WORDS": "floe ", "COMP_CWORD": "many"},
        {"_FLOE_COMPLETE": "zsh_complete", "COMP_WORDS": "floe pin"},
        {"_FLOE_COMPLETE": "nonsense"},
    ],
)
def test_who_asks_for_completions_in_another_way_gets_nothing(asked: dict[str, str], tmp_path: Path) -> None:
    done = floe(tmp_path, env={"COMP_WORDS": "", "COMP_CWORD": "", **asked})
    assert (done.code, done.out, done.err) == (1, "", "")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("floe platform sign v1.2.3 --key c", "file"),
        ("floe platform fingerprint ", "file"),
        ("floe platform diff ", "file"),
        ("floe compile --dir ", "dir"),
        ("floe compile --profiles-dir ", "dir"),
    ],
)
def test_a_shell_is_left_to_complete_files_and_directories(line: str, kind: str, tmp_path: Path) -> None:
    assert [row[0] for row in completed("bash", line, tmp_path)] == [kind]
