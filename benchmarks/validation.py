"""From an edit to its diagnostics, beside yaml-language-server over LSP in the same run.

    python benchmarks/validation.py [--rounds N] [--lines N,N,N]

Both get the same manifest and the same one-character edits; the peer validates it against the JSON
Schema that floe exports. The peer waits a fixed 200 ms after each change before it starts, which a
user waits too; the last ratio leaves that out. It is looked for in YAML_LANGUAGE_SERVER and on PATH,
and skipped where it is absent. A last column tells the worst gap of an event loop while a thread checks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from goals import Goals

from floe_engine.manifest.check import check
from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import manifest_json_schema

GOAL = 4.0
BUDGETS_MS = {2_000: 20.0, 20_000: 350.0}
GAP_MS = 20.0
DEBOUNCE_MS = 200.0

HEAD = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
plugins:
  compute: {type: duckdb}
governance:
  waiver_policy: {max_days: 100000}
  quality_gates:
    minimum_test_coverage: 80
  waivers:
"""


def manifest(lines: int) -> str:
    """A valid manifest of about that many lines."""
    count = max((lines - HEAD.count("\n")) // 6, 1)
    return HEAD + "".join(
        f"    - id: w{number}\n      pattern: legacy_{number}_*\n      reason: moves in spring\n"
        f"      owner: team-{number % 7}\n      expires: 2099-01-31\n      rules: [FLOE-E201, FLOE-E202]\n"
        for number in range(count)
    )


def edits(text: str, rounds: int) -> list[str]:
    """The text with a wrong word in another place each time: every one has exactly one error more."""
    return [text.replace("coverage: 80", f"coverage: {800 + number}") for number in range(rounds)]


def ours(texts: list[str], catalogue: Catalogue) -> float:
    """Milliseconds from a changed text to its diagnostics: the best of all."""
    best = float("inf")
    for text in texts:
        start = time.perf_counter()
        found = check(text, catalogue=catalogue).diagnostics
        best = min(best, time.perf_counter() - start)
        assert [item.code for item in found] == ["FLOE-M005"], found[:3]
    return best * 1e3


def worst_gap(text: str, catalogue: Catalogue) -> float:
    """The longest that an event loop waits for its turn while a thread checks, in milliseconds.

    The process runs as the workbench does: threads change turns every millisecond, and what the
    first check leaves behind is kept out of the collector's later passes.
    """
    from floe_tui.__main__ import SWITCH

    sys.setswitchinterval(SWITCH)
    check(text, catalogue=catalogue)
    gc.collect()
    gc.freeze()

    async def watch() -> float:
        worker = asyncio.get_running_loop().run_in_executor(None, lambda: check(text, catalogue=catalogue))
        worst, last = 0.0, time.perf_counter()
        while not worker.done():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            worst, last = max(worst, now - last), now
        await worker
        return worst * 1e3

    return min(asyncio.run(watch()) for _ in range(3))


class Peer:
    """yaml-language-server over stdio, spoken to as an editor does."""

    def __init__(self, program: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._settings = {
            "yaml": {
                "validate": True,
                "schemas": {(folder / "schema.json").as_uri(): "*.yaml"},
                "schemaStore": {"enable": False},
                "yamlVersion": "1.2",
            }
        }
        self._uri = (folder / "manifest.yaml").as_uri()
        self._version = 0
        self._published = threading.Condition()
        self._answers: dict[int, list[dict[str, Any]]] = {}
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"publishDiagnostics": {"versionSupport": True}},
        }
        self._send(
            {
                "id": 1,
                "method": "initialize",
                "params": {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities},
            }
        )
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": self._settings}})

    def open(self, text: str) -> list[dict[str, Any]]:
        """Open a document and wait for its first diagnostics."""
        self._version += 1
        document = {"uri": self._uri, "languageId": "yaml", "version": self._version, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return self._wait()

    def change(self, text: str) -> tuple[float, list[dict[str, Any]]]:
        """Milliseconds from a change to the diagnostics of the changed text, and these."""
        self._version += 1
        with self._published:
            self._answers.clear()
        start = time.perf_counter()
        self._send(
            {
                "method": "textDocument/didChange",
                "params": {
                    "textDocument": {"uri": self._uri, "version": self._version},
                    "contentChanges": [{"text": text}],
                },
            }
        )
        found = self._wait()
        return (time.perf_counter() - start) * 1e3, found

    def close(self) -> None:
        """Close the document and end the server."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> list[dict[str, Any]]:
        with self._published:
            if not self._published.wait_for(lambda: bool(self._answers), timeout=60):
                raise TimeoutError("yaml-language-server did not answer within a minute")
            return self._answers.popitem()[1]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        stream = self._process.stdout
        while True:
            size = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            if not size:
                return
            message = json.loads(stream.read(size))
            if message.get("method") == "textDocument/publishDiagnostics":
                with self._published:
                    self._answers[len(self._answers)] = message["params"]["diagnostics"]
                    self._published.notify_all()
            elif message.get("method") == "workspace/configuration":
                parts = [item.get("section", "") for item in message["params"]["items"]]
                result = [self._settings.get(part, {}) for part in parts]
                self._send({"id": message["id"], "result": result})
            elif "id" in message and "method" in message:
                self._send({"id": message["id"], "result": None})


def theirs(program: str, texts: list[str]) -> float:
    """Milliseconds from a change to the peer's diagnostics: the best of all."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schema.json").write_text(json.dumps(manifest_json_schema()))
        peer = Peer(program, Path(folder))
        try:
            peer.open(texts[0])
            best = float("inf")
            for text in texts:
                spent, found = peer.change(text)
                assert any("100" in item["message"] for item in found), found[:3]
                best = min(best, spent)
            return best
        finally:
            peer.close()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lines", default="100,2000,20000")
    goals = Goals(parser)
    options = parser.parse_args()
    program = shutil.which(os.environ.get("YAML_LANGUAGE_SERVER", "yaml-language-server"))
    goals.peer("yaml-language-server", _version(program), "npm install yaml-language-server")
    catalogue = Catalogue.load([])
    print(
        f"{'lines':>7} {'floe ms':>9} {'peer ms':>9} {'ratio':>7} {'but its wait':>13} {'worst gap ms':>13}"
    )
    for lines in map(int, options.lines.split(",")):
        texts = edits(manifest(lines), options.rounds)
        mine = ours(texts, catalogue)
        gap = worst_gap(texts[0], catalogue)
        row = f"{lines:>7,} {mine:>9.1f}"
        verdicts = [goals.at_most(f"{lines:,} lines, worst gap ms", gap, GAP_MS)]
        if lines in BUDGETS_MS:
            verdicts.append(goals.at_most(f"{lines:,} lines, ms", mine, BUDGETS_MS[lines]))
        if program is None:
            row += f" {'-':>9} {'-':>7} {'-':>13}"
        else:
            other = theirs(program, texts)
            row += f" {other:>9.1f} {other / mine:>6.1f}× {(other - DEBOUNCE_MS) / mine:>12.1f}×"
            if lines == 2_000:
                without = (other - DEBOUNCE_MS) / mine
                verdicts.append(goals.at_least(f"{lines:,} lines, ratio but its wait", without, GOAL))
        print(f"{row} {gap:>13.1f}  {' '.join(verdicts)}")
    goals.end(options.strict)


def _version(program: str | None) -> str | None:
    """What the server's package says of itself: it has no option for that."""
    if program is None:
        return None
    for folder in Path(program).resolve().parents:
        if (folder / "package.json").is_file():
            return str(json.loads((folder / "package.json").read_text()).get("version"))
    return "of unknown version"


if __name__ == "__main__":
    main()
