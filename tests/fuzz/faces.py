"""Harnesses that go in by the front door: messages to `floe lsp`, and whole commands, in this process."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.engine.manifest.conftest import SEED
from tests.engine.upgrade.projects import GOOD, write_project
from tests.fuzz import scratch
from tests.fuzz.artifacts import baselines
from tests.fuzz.harness import CRASHED, Harness
from tests.fuzz.settings import SPEC, SUITE
from tests.teams import manifest

# --- the command line -----------------------------------------------------------------------------


def command(directory: Path, *arguments: str) -> tuple[int, str, str]:
    """Run `floe` in this process as its script does: its exit code, and what it printed."""
    from floe_engine.cli.main import main  # not `run`, which ends the process

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict") for _ in range(2))
    kept = (sys.argv, sys.stdout, sys.stderr, sys.stdin, Path.cwd(), dict(os.environ))
    home = str(directory.parent / "home")
    sys.argv, sys.stdout, sys.stderr, sys.stdin = ["floe", *arguments], out, err, io.StringIO()
    os.environ.clear()
    os.environ.update({"HOME": home, "PATH": "", "NO_COLOR": "1", "TMPDIR": str(scratch.directory("tmp"))})
    code = 0
    try:
        os.chdir(directory)
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.argv, sys.stdout, sys.stderr, sys.stdin = kept[:4]
        os.environ.clear()
        os.environ.update(kept[5])
        with suppress(OSError):
            os.chdir(kept[4])
    out.flush()
    err.flush()
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


class Crashed(AssertionError):
    """A command that ended as none may."""


@cache
def _world() -> Path:
    """A platform that is published, signed by nobody, and a project that is pinned to it."""
    base = scratch.directory("world")
    shutil.rmtree(base)
    team = base / "team"
    team.mkdir(parents=True)
    (base / "home").mkdir()
    (team / "manifest.yaml").write_text(manifest("1.0.0", coverage=50))
    registry = f"oci-layout:{base}/registry"
    project = write_project(base / "project", {"bronze_a": GOOD, "bronze_b": GOOD})
    for place, arguments in (
        (team, ("platform", "publish", "v1.0.0", "--no-sign", "--registry", registry)),
        (project, ("init", "--platform=v1.0.0", "--registry", registry)),
        (project, ("compile",)),
    ):
        code, out, err = command(place, *arguments)
        assert code == 0, f"{arguments}: {out}{err}"
    shutil.copytree(base, base.with_name("clean"), dirs_exist_ok=True)
    return base


def _fresh() -> Path:
    """The world as it was."""
    base = _world()
    clean = base.with_name("clean")
    for folder in ("project", "team", "registry"):
        shutil.rmtree(base / folder, ignore_errors=True)
        shutil.copytree(clean / folder, base / folder)
    return base


def run_with(file: str, lines: Sequence[Sequence[str]], data: bytes) -> None:
    """Put an input where `file` lies in the world, and run each command line until one refuses."""
    base = _fresh()
    path = base / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    directory = base / file.partition("/")[0] if not file.startswith("registry") else base / "project"
    for arguments in lines:
        code, out, err = command(directory, *arguments)
        if code == CRASHED or "Traceback" in err or code not in (0, 1, 2, 3, 4, 5, 6):
            where = err.partition("crashed")[2].split("\n")[1:2]
            raise Crashed(f"{arguments} ended with {code}: {where}\n{out}\n{err}")
        if "json" in arguments and out:
            json.loads(out)
        if code:
            return


def seed_of(file: str) -> list[bytes]:
    return [(_world() / file).read_bytes()]


def _cli(name: str, file: str, *lines: Sequence[str], seeds: Sequence[bytes] = ()) -> Harness:
    return Harness(
        f"cli-{name}",
        lambda: [*seeds] or seed_of(file),
        partial(run_with, file, lines),
        slow=True,
    )


COMPILE = ("compile", "-o", "json")
CLI = (
    _cli("manifest", "team/manifest.yaml", ("platform", "check", "-o", "json"), ("platform", "compile"),
         ("platform", "test"), ("platform", "explain", "governance")),
    _cli("floe-yaml", "project/floe.yaml", COMPILE, ("outdated",), ("platform", "doctor")),
    _cli("lock", "project/.floe/cache/artifacts.lock", COMPILE, ("platform", "pull"), ("upgrade",)),
    _cli("baseline", "project/known.json", ("compile", "--baseline", "known.json"), seeds=baselines()),
    _cli("dbt-project", "project/dbt_project.yml", COMPILE),
    _cli("properties", "project/models/schema.yml", ("compile", "-o", "sarif"), ("compile",)),
    _cli("journal", "project/.floe/cache/journal.json", COMPILE, seeds=[
        b'{"journalVersion": 1, "what": "the move to v1.1.0", "spec": "sha256:00", "files": {'
        b'".floe/cache/previous.json": null, ".floe/cache/artifacts.lock": "e30=", "floe.yaml": "e30="}}']),
    _cli("previous", "project/.floe/cache/previous.json", ("upgrade", "--undo"), seeds=[
        json.dumps({"stateVersion": 1, "spec": SPEC.decode(), "lock": "{}"}).encode()]),
    _cli("index", "registry/index.json", ("platform", "list", "-o", "json"), ("platform", "pull", "--force"),
         ("platform", "doctor", "--repair")),
    _cli("policy-test", "team/tests/policies/own.yaml", ("platform", "test", "-o", "json"), seeds=[SUITE]),
    _cli("stored-file", "project/.floe/platform/v1.0.0/manifest.json", COMPILE,
         ("platform", "inspect", "v1.0.0")),
)  # fmt: skip


# --- the language server --------------------------------------------------------------------------

_URI = "file:///nowhere/manifest.yaml"


def _request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": f"textDocument/{method}", "params": params}


def sessions() -> list[bytes]:
    """What an editor says about a file, as one JSON array; the harness frames each message."""
    document = {"uri": _URI}
    found = []
    for uri, text in ((_URI, SEED), ("untitled:x", SPEC.decode()), ("untitled:y", SUITE.decode())):
        document = {"uri": uri}
        place = {"textDocument": document, "position": {"line": 3, "character": 4}}
        span = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
        opened = {**document, "languageId": "yaml", "version": 1, "text": text}
        tell = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": opened}}
        changed = {"textDocument": {**document, "version": 2}, "contentChanges": [{"text": text + "x"}]}
        messages = [
            tell,
            _request(2, "completion", **place),
            {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": changed},
            _request(3, "hover", **place),
            _request(4, "documentSymbol", textDocument=document),
            _request(5, "definition", **place),
            _request(6, "codeAction", textDocument=document, range=span, context={"diagnostics": []}),
            {"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": document}},
        ]
        found.append(json.dumps(messages).encode())
    return found


class _Editor:
    """The other end of the server: what it wrote, taken apart."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.heard.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None: ...


@cache
def _server(process: int) -> tuple[Any, asyncio.AbstractEventLoop, _Editor]:
    from floe_engine.lsp.server import make_server

    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs each message that it cannot read
    server, loop, editor = make_server(), asyncio.new_event_loop(), _Editor()
    server.protocol.set_writer(editor)
    hello = {"processId": None, "rootUri": None, "capabilities": {}}
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    ):
        loop.run_until_complete(_say(server, json.dumps(message).encode()))
    return server, loop, editor


class _Stream:
    """A stream of framed messages, as pygls reads its stdin."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._bytes = io.BytesIO(b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(b), b) for b in bodies))

    async def readline(self) -> bytes:
        await asyncio.sleep(0)
        return self._bytes.readline()

    async def readexactly(self, size: int) -> bytes:
        return self._bytes.read(size)


async def _say(server: Any, *bodies: bytes) -> None:
    import threading

    from pygls.io_ import run_async

    await run_async(threading.Event(), _Stream(bodies), server.protocol, None, server.report_server_error)
    for _ in range(50):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        await asyncio.wait(others, timeout=0.2)


def converse(data: bytes) -> None:
    """Every request of a session gets an answer, and none of them is that floe or its server broke."""
    server, loop, editor = _server(os.getpid())
    try:
        messages = json.loads(data)
    except (ValueError, RecursionError):
        messages = None
    bodies = [data]
    if isinstance(messages, list):
        bodies = [json.dumps(message).encode() for message in messages]
        # What ends a session has a test of its own: this server is to hear the next input too.
        bodies = [body for body in bodies if b'"exit"' not in body and b'"shutdown"' not in body]
    editor.heard.clear()
    loop.run_until_complete(_say(server, *bodies))
    answered = {json.dumps(heard["id"]) for heard in editor.heard if heard.get("id") is not None}
    for heard in editor.heard:
        error = heard.get("error") or {}
        assert error.get("code") != -32603, f"internal error: {error}"
        assert "crashed" not in json.dumps(heard.get("params", {})), heard
    for message in messages if isinstance(messages, list) else ():
        if (
            isinstance(message, dict)
            and message.get("jsonrpc") == "2.0"
            and isinstance(message.get("method"), str)
        ):
            number = message.get("id")
            if type(number) in (int, str) and message["method"] not in ("exit", "shutdown"):
                assert json.dumps(number) in answered, f"no answer to {json.dumps(message)[:500]}"


HARNESSES = (Harness("lsp", sessions, converse), *CLI)
