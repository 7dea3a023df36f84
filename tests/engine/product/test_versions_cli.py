"""The data team's commands as scripts and bots see them: exit codes, JSON, and what stays untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import Ran, floe, ok
from tests.engine.upgrade.projects import HALF, write_project
from tests.teams import DataTeam, PlatformTeam, manifest


@pytest.fixture
def product(platform: PlatformTeam, data: DataTeam) -> Path:
    """A project pinned to v1.0.0, of which v1.1.0 asks nothing new and v2.0.0 too much."""
    for version, coverage in (("1.0.0", 50), ("1.1.0", 50), ("2.0.0", 80)):
        platform.publish(version, text=manifest(version, coverage=coverage))
    write_project(data.directory, {"bronze_a": HALF})
    data.pin("v1.0.0")
    data.pull_pinned()
    return data.directory


def run(product: Path, *arguments: str) -> Ran:
    return floe(product, *arguments)


def test_outdated_is_a_table_json_and_an_exit_code(product: Path) -> None:
    table = ok(run(product, "outdated")).out.splitlines()
    assert table[0].split() == ["platform", "pinned", "current", "wanted", "latest"]
    assert table[1].split() == ["acme", "v1.0.0", "v1.0.0", "v1.0.0", "v2.0.0", "(major)"]
    ran = run(product, "outdated", "--exit-code", "-o", "json")
    assert (ran.code, ran.json["ok"], ran.json["outdated"]) == (1, False, True)
    assert ran.json["latest"] == {"version": "v2.0.0", "level": "major"}
    ok(run(product, "upgrade", "--accept-breaking"))
    ok(run(product, "outdated", "--exit-code"))


def test_a_bot_sees_what_an_upgrade_would_break_and_nothing_is_written(product: Path) -> None:
    before = (product / "floe.yaml").read_bytes()
    for arguments in (("--dry-run",), ()):
        ran = run(product, "upgrade", *arguments, "-o", "json")
        assert (ran.code, ran.json["ok"], ran.json["state"], ran.json["level"]) == (
            1,
            False,
            "refused",
            "major",
        )
        assert ran.json["impact"]["counts"]["new"] == 1
        assert ran.json["impact"]["effects"][0]["causes"] == ["COV001"]
        assert ran.json["error"]["title"] == "v2.0.0 would break this project"
        assert [change["rule"] for change in ran.json["changes"]["changes"]] == ["COV001"]
    text = run(product, "upgrade", "--dry-run")
    assert "✗ new" in text.out and "by COV001" in text.out and "--accept-breaking" in text.err
    assert (product / "floe.yaml").read_bytes() == before
    assert ok(run(product, "upgrade", "--to", "v1.1.0", "--dry-run", "-o", "json")).json["state"] == "planned"
    assert (product / "floe.yaml").read_bytes() == before


def test_upgrade_moves_says_how_to_undo_and_undoes(product: Path) -> None:
    moved = ok(run(product, "upgrade", "--to", "v1.1.0", "-o", "json")).json
    assert (moved["state"], moved["from"]["version"], moved["to"]["version"]) == ("moved", "v1.0.0", "v1.1.0")
    assert ":v1.1.0" in (product / "floe.yaml").read_text()
    again = ok(run(product, "upgrade", "--to", "v1.1.0"))
    assert "Nothing to do: v1.1.0 is what is wanted" in again.out
    assert ok(run(product, "upgrade", "--undo", "-o", "json")).json["version"] == "v1.0.0"
    assert ":v1.0.0" in (product / "floe.yaml").read_text()
    assert run(product, "upgrade", "--undo").code == 2
    assert run(product, "upgrade", "--undo", "--to", "v1.1.0").code == 2


def test_pin_takes_a_version_or_a_precision(product: Path) -> None:
    assert ok(run(product, "pin", "--patch")).out.splitlines()[0].endswith(":v1.0.*")
    ok(run(product, "pin", "--minor"))
    assert ":v1.*.*" in (product / "floe.yaml").read_text()
    ok(run(product, "pin", "v1.1.0"))
    assert (
        "  ref: " in (product / "floe.yaml").read_text() and ":v1.1.0" in (product / "floe.yaml").read_text()
    )
    assert run(product, "pin", "v2.0.0").code == 1
    assert run(product, "pin", "v9.0.0").code == 3
    assert run(product, "pin").code == 2
    assert run(product, "pin", "--patch", "--minor").code == 2
    ok(run(product, "compile", "--frozen"))


@pytest.mark.parametrize(
    "command",
    ["platform diff", "platform bump", "platform changelog", "outdated", "upgrade", "pin", "explain"],
)
def test_help_ends_with_examples_of_this_command_that_fit_a_terminal(tmp_path: Path, command: str) -> None:
    shown = ok(floe(tmp_path, *command.split(), "--help", env={"COLUMNS": "80"})).out
    lines = shown.partition("Examples:\n")[2].rstrip().splitlines()
    assert len(lines) >= 2
    assert all(line.startswith(f"    floe {command}") and "  # " in line for line in lines)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_dry_run_says_what_would_be_written(product: Path) -> None:
    before = (product / "floe.yaml").read_bytes()
    shown = ok(run(product, "pin", "--patch", "--dry-run")).out.splitlines()
    assert shown[0].endswith(":v1.0.* (dry run)")
    assert shown[1].startswith("Locked: v1.0.0 sha256:") and shown[1].endswith(" (dry run)")
    assert ":v1.1.0 (dry run)" in ok(run(product, "upgrade", "--to", "v1.1.0", "--dry-run")).out
    assert ":v2.0.0 (dry run)" in ok(run(product, "upgrade", "--dry-run", "--accept-breaking")).out
    assert ok(run(product, "pin", "v1.0.0", "--dry-run")).out == "Nothing to do: v1.0.0 is what is wanted\n"
    assert (product / "floe.yaml").read_bytes() == before


def test_comments_that_offer_a_version_that_was_left_are_kept_and_named(product: Path) -> None:
    path = product / "floe.yaml"
    ref = next(line for line in path.read_text().splitlines() if "ref:" in line).split()[-1].strip('"')
    name = ref.removesuffix(":v1.0.0")
    comments = f"# ref: {name}:v1.0.*  # patches\n# ref: {name}:v1.*.*\n# see {name}: it is ours\n"
    path.write_text(path.read_text().rstrip() + "\n" + comments)
    first = path.read_text().splitlines().index(comments.splitlines()[0]) + 1
    moved = ok(run(product, "upgrade", "--to", "v1.1.0")).out
    assert f"Comments of floe.yaml that name another version stay as they are: line {first}\n" in moved
    assert path.read_text().endswith(comments)
    assert "Comments" not in ok(run(product, "pin", "v1.0.*", "--allow-downgrade")).out


def test_with_nothing_to_undo_the_way_back_is_told(product: Path) -> None:
    ran = run(product, "upgrade", "--undo")
    assert (ran.code, "floe.yaml: there is no upgrade to undo" in ran.err) == (2, True)
    assert "--allow-downgrade" in ran.err
