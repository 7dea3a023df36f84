"""The real program as a script meets it: exit codes, signals, pipes, locales, and hostile files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import MANIFEST, Ran, floe, ok, platform_directory
from tests.faults.double import Double, Reply, double
from tests.teams import new_key

PROJECT = Path(__file__).parents[3] / "examples" / "customer-analytics"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform team that publishes, signed, to a layout beside it."""
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    monkeypatch.setenv("FLOE_SIGNING_KEY", str(new_key(tmp_path / "cosign.key")))
    return platform_directory(tmp_path / "team")


@pytest.fixture
def server() -> Iterator[Double]:
    with double() as running:
        yield running


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "floe_engine", "platform", "compile"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "manifest.yaml" in ran.stderr and "Traceback" not in ran.stderr


# --- exit codes --------------------------------------------------------------------------------


def test_every_exit_code_has_its_reason(team: Path, tmp_path: Path) -> None:
    assert floe(team, "platform", "publish", "v1.2.3").code == 0

    (team / "manifest.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 70"))
    assert floe(team, "platform", "publish", "v1.2.3").code == 1  # a published version never changes
    (team / "manifest.yaml").write_text("kind: Manifest\n")
    assert floe(team, "platform", "compile").code == 2
    nobody = {"FLOE_REGISTRY": "oci://127.0.0.1:9/nobody"}
    assert floe(team, "platform", "list", env=nobody).code == 3

    product = tmp_path / "product"
    product.mkdir()
    ok(floe(product, "init", "--platform=v1.2.3"))
    (product / "dbt_project.yml").write_text("name: empty\nprofile: empty\n")
    nothing = floe(product, "compile")
    assert nothing.code == 4 and "no models" in nothing.err
    for file in (product / ".floe/platform/v1.2.3").rglob("*.json"):
        file.write_text("{}")
    assert floe(product, "platform", "pull", "--offline").code == 5

    stranger = new_key(tmp_path / "stranger.key").with_suffix(".pub")
    refused = floe(product, "platform", "verify", "v1.2.3", "--key", str(stranger))
    assert refused.code == 6 and "not made by a trusted key" in refused.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["list", "export v1.2.3.tar v1.2.3", "verify v1.2.3", "changelog"])
def test_a_command_that_is_interrupted_ends_at_once_with_130(
    team: Path, server: Double, tmp_path: Path, number: signal.Signals, command: str
) -> None:
    asked, released = threading.Event(), threading.Event()
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def stall(_: object) -> Reply | None:
        asked.set()
        return Reply(200, stall=released)

    server.bend = stall
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("floe")), "platform", *command.split(), "-o", "json"],
        cwd=team,
        env={**os.environ, "FLOE_REGISTRY": str(server.reference()), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert asked.wait(30)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    finally:
        released.set()
        process.kill()
    assert process.returncode == 130
    assert '"cancelled"' in out and "error[cancelled]: Cancelled" in err and "Traceback" not in err
    assert not (team / "v1.2.3.tar").exists()
    assert not [*temporary.iterdir(), *team.rglob(".floe-*")]


@pytest.mark.parametrize(
    "command, said",
    [
        ("platform pull sha256:abc", "it must be sha256: and 64 hex digits"),
        ("schema manifestt", "'manifestt' is not one of 'manifest', 'floe', 'policy-test', 'facts'"),
        ("platform list --registry=", "the reference is empty"),
    ],
)
def test_a_command_line_that_cannot_be_is_told_as_such(team: Path, command: str, said: str) -> None:
    ran = floe(team, *command.split())
    assert ran.code == 2 and said in ran.err and "Value error" not in ran.err


def test_a_manifest_with_the_other_ending_is_seen(team: Path) -> None:
    (team / "manifest.yaml").rename(team / "manifest.yml")
    assert "rename manifest.yml" in floe(team, "platform", "compile").err


# --- streams -----------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_failure(team: Path) -> None:
    program = Path(sys.executable).with_name("floe")
    process = subprocess.Popen(
        [str(program), "platform", "compile", "-o", "json"],
        cwd=team, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert (process.wait(30), err) == (0, b"")


def test_a_reader_that_goes_away_does_not_stop_the_work(team: Path) -> None:
    program = Path(sys.executable).with_name("floe")
    line = f"{program} platform publish v1.2.3 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", line], cwd=team, check=False).returncode == 0
    assert "v1.2.3" in ok(floe(team, "platform", "list")).out


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["--version", "--help", "platform check", "platform lst"])
def test_closed_streams_change_nothing_about_the_answer(team: Path, command: str, redirection: str) -> None:
    line = f"{Path(sys.executable).with_name('floe')} {command} {redirection}"
    done = subprocess.run(["bash", "-c", line], cwd=team, capture_output=True, text=True, check=False)
    assert done.returncode == (2 if command == "platform lst" else 0)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("form", ["text", "json"])
def test_output_that_cannot_be_written_is_said_and_is_no_crash(team: Path, form: str) -> None:
    line = f"{Path(sys.executable).with_name('floe')} platform check -o {form} > /dev/full"
    done = subprocess.run(["bash", "-c", line], cwd=team, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error[usage-error]: the output could not be written\n  No space left on device\n"
    )


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_locale_without_unicode_changes_signs_and_no_meaning(team: Path, env: dict[str, str]) -> None:
    text = MANIFEST.replace("  scope: enterprise", "  scope: enterprise\n  description: Dönerstraße ✓ 🚀")
    (team / "manifest.yaml").write_text(text, encoding="utf-8")
    ran = ok(floe(team, "platform", "compile", env=env))
    assert "Schema validation passed" in ran.out
    ok(floe(team, "platform", "publish", "v1.2.3", env=env))
    document = ok(floe(team, "platform", "inspect", "v1.2.3", "-o", "json", env=env)).json
    assert document["manifest"]["metadata"]["version"] == "1.2.3"


def test_quiet_prints_problems_only(team: Path) -> None:
    assert ok(floe(team, "platform", "compile", "--quiet")) == Ran(0, "", "")
    (team / "manifest.yaml").write_text("kind: Manifest\n")
    ran = floe(team, "platform", "compile", "--quiet")
    assert (ran.code, ran.out) == (2, "") and "apiVersion" in ran.err


def test_quiet_keeps_what_was_asked_for(team: Path, tmp_path: Path) -> None:
    ok(floe(team, "platform", "publish", "v1.2.3", "--quiet"))
    assert "v1.2.3" in ok(floe(team, "platform", "list", "--quiet")).out
    assert "metadata" not in ok(floe(team, "platform", "compile", "--quiet")).out
    (team / "manifest.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 90"))
    assert "COV001" in ok(floe(team, "platform", "diff", "v1.2.3", "--quiet")).out

    product = tmp_path / "product"
    (product / "models").mkdir(parents=True)
    (product / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (product / "models/orders.sql").write_text("select 1 as id")
    ok(floe(product, "init", "--platform=v1.2.3", "--quiet"))
    ran = floe(product, "compile", "--quiet")
    assert ran.code == 1 and "FLOE-E201" in ran.out and "[1/4]" not in ran.out


def test_colours_are_for_terminals_and_can_be_refused(team: Path) -> None:
    import pexpect

    program = str(Path(sys.executable).with_name("floe"))

    def seen(*more: str, **env: str) -> str:
        terminal = {**os.environ, "TERM": "xterm-256color", **env}
        text, status = pexpect.run(
            " ".join([program, "platform", "compile", *more]),
            cwd=str(team),
            env=terminal,
            withexitstatus=True,
        )
        assert status == 0
        return str(text.decode())

    assert "\x1b[32m✓\x1b[0m" in seen()
    assert "\x1b" not in seen("--no-color")
    assert "\x1b" not in seen(NO_COLOR="1")
    assert "\x1b" not in seen(TERM="dumb")
    assert "\x1b" not in seen(CLICOLOR="0")
    assert "\x1b" not in ok(floe(team, "platform", "compile")).out


def test_colours_can_be_forced_where_there_is_no_terminal(team: Path) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        assert "\x1b[32m✓\x1b[0m" in ok(floe(team, "platform", "compile", env={name: "1"})).out
        assert "\x1b" not in ok(floe(team, "platform", "compile", env={name: "0"})).out
        assert "\x1b" not in ok(floe(team, "platform", "compile", env={name: "1", "NO_COLOR": "1"})).out
    assert (
        "\x1b" not in ok(floe(team, "platform", "compile", "--output", "json", env={"FORCE_COLOR": "1"})).out
    )


# --- help and paths ----------------------------------------------------------------------------


@pytest.mark.parametrize("group", [[], ["platform"]])
def test_help_is_whole_and_fits_a_terminal(team: Path, group: list[str]) -> None:
    listing = ok(floe(team, *group, "--help", env={"COLUMNS": "80"})).out
    listing = listing.partition("Commands:")[2]
    commands = re.findall(r"^  ([a-z]+)  ", listing, re.MULTILINE)
    assert len(commands) >= 10 and "..." not in listing
    for name in commands:
        text = ok(floe(team, *group, name, "--help", env={"COLUMNS": "80"})).out
        assert all(len(line) <= 80 for line in text.splitlines()), name
        for option, rest in re.findall(r"^  ((?:-\w, )?--[a-z-]+(?: / --[a-z-]+)?)(.*)$", text, re.MULTILINE):
            assert "<str>" not in rest and "list[" not in rest, (name, option)
            assert re.search(r"  \S", rest) or f"{option}\n" in text, (name, option)


def test_paths_are_relative_to_the_directory_to_work_in(team: Path, tmp_path: Path) -> None:
    there = ["--dir", "team", "--registry", "oci-layout:layout"]
    ok(floe(tmp_path, "platform", "publish", "v1.2.3", "--key", "../cosign.key", *there))
    ok(floe(tmp_path, "platform", "export", "v1.2.3.tar", "v1.2.3", *there))
    ok(floe(tmp_path, "platform", "import", "v1.2.3.tar", "oci-layout:copy", *there))
    ok(floe(tmp_path, "platform", "verify", "v1.2.3", "--key", "../cosign.pub", *there))
    ok(floe(tmp_path, "platform", "keygen", "--into", "keys", "--dir", "team", env={"COSIGN_PASSWORD": ""}))
    assert {path.name for path in team.iterdir()} >= {"layout", "copy", "v1.2.3.tar", "keys"}


# --- a product ---------------------------------------------------------------------------------


@pytest.fixture
def product(team: Path, tmp_path: Path) -> Path:
    """A dbt project beside the platform team, which has published."""
    ok(floe(team, "platform", "publish", "v1.2.3", "--quiet"))
    folder = tmp_path / "product"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "models/orders.sql").write_text("select 1 as id")
    return folder


def test_a_pull_within_a_compile_belongs_to_its_stage(product: Path) -> None:
    ok(floe(product, "init", "--platform=v1.2.3"))
    ok(floe(product, "platform", "cache", "clear"))
    lines = floe(product, "compile").out.splitlines()
    assert lines[0] == "[1/4] Loading platform artifacts"
    assert lines[1].startswith("      Pulling platform artifacts from ")
    assert all(line.startswith("      ") for line in lines[1 : lines.index("")])


@pytest.mark.parametrize("named", ["../team/other.yaml", "../nowhere", "../nowhere/manifest.yaml"])
def test_a_platform_beside_the_project_has_to_be_a_manifest(product: Path, named: str) -> None:
    header = "apiVersion: floe.dev/v1\nkind: DataProduct\n"
    (product / "floe.yaml").write_text(f"{header}platform: {{manifest: {named}}}\n")
    (product.parent / "team/other.yaml").write_text(MANIFEST)
    ran = floe(product, "compile")
    assert ran.code == 2 and "floe.yaml: platform.manifest names no manifest.yaml" in ran.err
    (product / "floe.yaml").write_text(f"{header}platform: {{manifest: ../team}}\n")
    assert "FLOE-E201" in floe(product, "compile").out


# --- disks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_the_way", [".floe", ".floe/cache", ".floe/platform", ".floe/platform/v1.2.3"])
@pytest.mark.parametrize("command", ["platform pull v1.2.3", "platform cache clear", "platform compile"])
def test_a_disk_that_refuses_is_said_and_is_no_crash(team: Path, command: str, in_the_way: str) -> None:
    ok(floe(team, "platform", "publish", "v1.2.3"))
    shutil.rmtree(team / ".floe")
    (team / in_the_way).parent.mkdir(parents=True, exist_ok=True)
    (team / in_the_way).write_text("a file")
    ran = floe(team, *command.split())
    assert ran.code in (0, 2), ran.err
    if ran.code:
        assert ": .floe" in ran.err and "a file stands in the way" in ran.err
        assert "hint: move it away" in ran.err


def test_clearing_the_cache_follows_no_link(team: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "v1.2.3").mkdir(parents=True)
    (team / ".floe").mkdir()
    (team / ".floe/platform").symlink_to(elsewhere)
    ran = floe(team, "platform", "cache", "clear")
    assert (
        ran.code == 2
        and "error[unsafe-path]: .floe/platform: a symbolic link is not followed here" in ran.err
    )
    assert (elsewhere / "v1.2.3").is_dir() and (team / ".floe/platform").is_symlink()


# --- text from outside -------------------------------------------------------------------------


HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]x[/]\u202e\u009b31m"


def test_nothing_from_outside_is_obeyed_by_a_terminal(team: Path) -> None:
    (team / "manifest.yaml").write_text(
        MANIFEST.replace("type: duckdb", r'type: "\e[2Jduck\u202edb[bold]"'), encoding="utf-8"
    )
    for arguments in (["-o", "text"], ["-o", "json"]):
        ran = floe(team, "platform", "compile", *arguments)
        assert ran.code == 2
        for stream in (ran.out, ran.err):
            assert not any(bad in stream for bad in ("\x1b", "\u202e", "\u009b"))
        assert "[bold]" in ran.err  # shown as it is: nothing here is markup


def test_annotations_and_tags_of_a_foreign_registry_are_shown_escaped(
    team: Path, server: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    monkeypatch.setenv("FLOE_REGISTRY", str(server.reference()))
    ok(floe(team, "platform", "publish", "v1.2.3"))
    raw, media_type = server.manifests[server.tags["v1.2.3"]]
    document = json.loads(raw)
    document["annotations"] |= {"dev.floe.platform.name": HOSTILE, HOSTILE: "x"}
    server.holds_manifest(json.dumps(document).encode(), "v1.2.3", media_type)
    server.tags[HOSTILE] = server.tags["v1.2.3"]
    for arguments in (["inspect", "v1.2.3"], ["list"], ["list", "--details"], ["verify", "v1.2.3"]):
        for form in ("text", "json"):
            ran = floe(team, "platform", *arguments, "-o", form)
            for stream in (ran.out, ran.err):
                assert not any(bad in stream for bad in ("\x1b", "\x07", "\u202e", "\u009b")), arguments


@pytest.mark.parametrize("where", ["error", "message", "page"])
def test_what_a_registry_says_in_an_error_is_shown_escaped(team: Path, server: Double, where: str) -> None:
    from tests.faults.double import problem

    if where == "page":
        server.bend = lambda _: Reply(403, f"<html>{HOSTILE}</html>".encode(), {"Content-Type": "text/html"})
    else:
        server.bend = lambda _: problem(403, HOSTILE if where == "error" else "DENIED", HOSTILE)
    ran = floe(team, "platform", "list", env={"FLOE_REGISTRY": str(server.reference())})
    assert ran.code == 3
    assert not any(bad in ran.err for bad in ("\x1b", "\x07", "\u202e", "\u009b"))


# --- files that are no manifest ----------------------------------------------------------------


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#" * (50 << 20), "larger than"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 8, "UTF-8"),
        (b"PK\x03\x04\x00\x00\x00", "character"),
        (b"apiVersion: floe.dev/v1\nmetadata:\n\tname: x\n", "tab"),
        (ALIASES.encode(), "alias"),
        (b"", "empty"),
        (b"- a\n- b\n", "list"),
        (b"[" * 5000, "deep"),
    ],
    ids=["50 MB", "binary", "zip", "tab", "aliases", "empty", "list", "deep"],
)
def test_a_file_that_is_no_manifest_has_a_message_of_its_own(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "manifest.yaml").write_bytes(content)
    ran = floe(tmp_path, "platform", "compile", timeout=30)
    assert ran.code == 2
    assert said.lower() in ran.err.lower(), ran.err[:2000]
    assert "manifest.yaml" in ran.err and len(ran.err) < 8000


def test_a_directory_a_pipe_and_a_secret_are_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").mkdir()
    ran = floe(tmp_path, "platform", "compile")
    assert ran.code == 2 and "is a directory" in ran.err
    (tmp_path / "manifest.yaml").rmdir()
    os.mkfifo(tmp_path / "manifest.yaml")
    ran = floe(tmp_path, "platform", "compile", timeout=10)
    assert ran.code == 2 and "not a regular file" in ran.err
    (tmp_path / "manifest.yaml").unlink()
    if os.geteuid() == 0:
        return  # root reads everything
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    (tmp_path / "manifest.yaml").chmod(0)
    ran = floe(tmp_path, "platform", "compile")
    assert ran.code == 2 and "Permission denied" in ran.err


@pytest.mark.parametrize("change", ["bom", "crlf", "both"])
def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path, change: str) -> None:
    text = MANIFEST.replace("\n", "\r\n") if change != "bom" else MANIFEST
    data = text.encode("utf-8-sig") if change != "crlf" else text.encode()
    (tmp_path / "manifest.yaml").write_bytes(data)
    ok(floe(tmp_path, "platform", "compile"))
    plain = platform_directory(tmp_path / "plain")
    ok(floe(plain, "platform", "compile"))
    for file in (plain / ".floe/artifacts").rglob("*.json"):
        same = tmp_path / ".floe/artifacts" / file.relative_to(plain / ".floe/artifacts")
        if file.name != "manifest.json":  # which has the time of the build
            assert same.read_bytes() == file.read_bytes()


# --- options that contradict each other --------------------------------------------------------


@pytest.mark.parametrize("other", ["--offline", "--frozen"])
def test_force_contradicts_offline_and_frozen(team: Path, other: str) -> None:
    ran = floe(team, "platform", "pull", "v1.2.3", "--force", other)
    assert ran.code == 2 and f"--force and {other} contradict" in ran.err


@pytest.mark.parametrize(
    "options", [["--keyless", "--no-sign"], ["--key", "x.key", "--no-sign"], ["--key", "x.key", "--keyless"]]
)
def test_ways_to_sign_contradict_each_other(team: Path, options: list[str]) -> None:
    ran = floe(team, "platform", "publish", "v1.2.3", *options)
    assert ran.code == 2 and "contradict" in ran.err


def test_work_in_another_directory(team: Path, tmp_path: Path) -> None:
    ok(floe(tmp_path, "platform", "compile", "--dir", "team"))
    assert (team / ".floe/artifacts/manifest.json").exists()
    ran = floe(tmp_path, "platform", "compile", "-C", "absent")
    assert ran.code == 2 and "not a directory" in ran.err


def test_settings_are_read_and_their_mistakes_explained(team: Path, tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    env = {"FLOE_CONFIG": str(settings)}
    for text, said in (
        ('trusted_kees = ["x"]', "trusted_keys"),
        ("registry = 1", "Expected `str | null`"),
        ("first_use = 'maybe'", "`accept` or `refuse`"),
        ("= broken", "not valid TOML"),
        ("x = " + "[" * 5000, "nested too deeply"),
    ):
        settings.write_text(text)
        ran = floe(team, "platform", "verify", "v1.2.3", env=env)
        assert ran.code == 2 and said in ran.err and "config.toml" in ran.err
    ran = floe(team, "platform", "verify", "v1.2.3", env={"FLOE_CONFIG": str(tmp_path / "absent")})
    assert ran.code == 2 and "FLOE_CONFIG" in ran.err


def test_the_example_compiles_from_lock_and_cache_alone(team: Path, tmp_path: Path) -> None:
    ok(floe(team, "platform", "publish", "v1.2.3"))
    product = tmp_path / "product"
    shutil.copytree(PROJECT, product, ignore=shutil.ignore_patterns("target", ".floe", "floe.yaml"))
    ok(floe(product, "init", "--platform=v1.2.3"))
    shutil.rmtree(tmp_path / "registry")
    assert "Compilation successful" in ok(floe(product, "compile", "--offline", "--frozen")).out
