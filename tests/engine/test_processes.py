"""What a program that floe starts gets to know, and how long and how much it may answer."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path

import pytest

import floe_engine
import floe_tui
from floe_engine.errors import Cancelled, UsageError
from floe_engine.events import CancelToken
from floe_engine.processes import answer_of, child_environment, find_program, signer_environment
from tests.teams import PlatformTeam, manifest

KEY = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"
SECRETS = {
    "COSIGN_PASSWORD": "1",
    "FLOE_REGISTRY_PASSWORD": "2",
    "FLOE_SIGNING_KEY": "env://A",
    "SIGSTORE_ID_TOKEN": "3",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "4",
    "GITHUB_TOKEN": "5",
    "DBT_ENV_SECRET_X": "6",
    "DOCKER_AUTH_CONFIG": "7",
    "COSIGN_PRIVATE_KEY": "8",
    "INNOCENT": KEY,
    "api_key": "9",
}
CLOUDS = {"AWS_SECRET_ACCESS_KEY": "a", "AZURE_CLIENT_SECRET": "b", "GOOGLE_APPLICATION_CREDENTIALS": "c"}
PLAIN = {"PATH": "/usr/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "HTTPS_PROXY": "http://proxy"}


def test_no_password_token_or_key_reaches_a_program_of_the_users() -> None:
    everything = {**SECRETS, **CLOUDS, **PLAIN, "EDITOR": "vi", "SSH_AUTH_SOCK": "/s"}
    assert child_environment(everything) == {**PLAIN, "EDITOR": "vi", "SSH_AUTH_SOCK": "/s"}
    assert child_environment(everything, clouds=True) == {
        **PLAIN,
        **CLOUDS,
        "EDITOR": "vi",
        "SSH_AUTH_SOCK": "/s",
    }


def test_a_signer_gets_the_ordinary_and_its_cloud_and_no_relative_path() -> None:
    given = {**SECRETS, **CLOUDS, **PLAIN, "EDITOR": "vi", "PYTHONPATH": "/x", "LD_PRELOAD": "/y"}
    given["PATH"] = os.pathsep.join(["", ".", "bin", "/usr/bin", "../x"])
    assert signer_environment(given) == {**PLAIN, **CLOUDS}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


STARTERS = ("run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
SHELLS = ("os.system", "os.popen", "os.startfile", "pty.spawn", "webbrowser.open", "webbrowser.open_new_tab")


def test_every_program_is_started_with_an_environment_of_one_making() -> None:
    started, wrong = 0, []
    for package in (floe_engine, floe_tui):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            place = path.relative_to(root.parent).as_posix()
            for name, call in calls(ast.parse(path.read_text())):
                starts = name in {f"subprocess.{starter}" for starter in STARTERS} or (
                    "create_subprocess" in name
                )
                started += starts
                if name in SHELLS or name.startswith(("os.exec", "os.spawn", "os.posix_spawn")):
                    wrong.append(f"{place}:{call.lineno}: {name}")
                elif starts:
                    made = next((ast.unparse(word.value) for word in call.keywords if word.arg == "env"), "")
                    if not made.startswith("child_environment(") and place != "floe_engine/processes.py":
                        wrong.append(f"{place}:{call.lineno}: {name} with env={made or 'everything'}")
    assert not wrong
    assert started >= 5  # the test still sees them


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A directory of programs that write down their environment, in place of the real ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def test_git_inherits_no_password(tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plays git: what the real one would have inherited is all that is asked."""
    platform = PlatformTeam(tmp_path / "platform", f"oci-layout:{tmp_path / 'registry'}")
    program = told / "git"
    program.write_text(f"#!/bin/sh\n/usr/bin/env >> {told}/seen\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{told}{os.pathsep}{os.environ['PATH']}")
    platform.environ = {**os.environ, **SECRETS, "FLOE_SIGNING_KEY": ""}
    platform.publish(text=manifest())
    seen = (told / "seen").read_text()
    assert "PATH=" in seen
    assert not any(name in seen for name in SECRETS)
    assert "abc" not in seen


def run(script: str, **options: object):  # type: ignore[no-untyped-def]
    chosen = {"timeout": 20.0, "limit": 100, "environ": {"PATH": os.environ["PATH"]}, **options}
    return answer_of([sys.executable, "-I", "-c", script], **chosen)  # type: ignore[arg-type]


def test_an_answer_comes_with_what_was_given_and_from_an_empty_directory() -> None:
    done = run("import os,sys; print(sys.stdin.read(), os.listdir(), sorted(os.environ))", stdin=b"x" * 20)
    assert done.stdout.startswith(b"x" * 20 + b" []") and not done.problem
    assert b"HOME" not in done.stdout


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("import sys; print('why', file=sys.stderr); sys.exit(3)", "exit code 3"),
        ("import sys; sys.stdout.write('x' * 1_000_000)", "more than 100 bytes"),
        ("import sys\nwhile True: sys.stdout.write('x')", "more than 100 bytes"),
        ("import time; time.sleep(600)", "no answer within 1 s"),
        ("import os, time; os.close(1); time.sleep(600)", "no answer within 1 s"),
        ("import subprocess, sys; subprocess.Popen(['sleep', '600']).wait()", "no answer within 1 s"),
        ("import sys\nwhile True: sys.stderr.write('x' * 10000)", "no answer within 1 s"),
    ],
)
def test_a_program_that_misbehaves_is_ended_in_time(script: str, problem: str) -> None:
    start = time.monotonic()
    done = run(script, timeout=1.0 if "within" in problem else 20.0)
    assert problem in done.problem
    assert time.monotonic() - start < 15
    if "why" in script:
        assert done.stderr == "why"


def test_a_program_is_ended_when_the_work_is_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        run("import time; time.sleep(600)", cancel=cancel)


def test_a_program_is_found_on_the_path_or_where_one_stands(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = told / "sign"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_program("sign", {"PATH": str(told)}) == str(program)
    monkeypatch.chdir(told.parent)
    assert find_program("bin/sign", {"PATH": ""}) == str(program)
    for name, environ in (("sign", {"PATH": ""}), ("sign", {}), ("./sign", {"PATH": str(told)})):
        with pytest.raises(UsageError, match="no program"):
            find_program(name, environ)
