"""An editor of a few lines: it starts the real `floe lsp` and speaks JSON-RPC over its pipes."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

TIMEOUT = 60
"""Seconds to wait for an answer: long, for a busy machine; a good answer takes milliseconds."""


class Editor:
    """One session. Texts are what the editor shows; nothing needs to be on the disk."""

    def __init__(
        self, directory: Path, *, encodings: list[str] | None = None, resolves: bool = False
    ) -> None:
        self.directory = directory
        program = Path(sys.executable).with_name("floe")
        self._server = subprocess.Popen(
            [str(program), "lsp"],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ.copy(),
        )
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self.published: queue.Queue[dict[str, Any]] = queue.Queue()
        self.noise: list[bytes] = []
        """Whatever stood on stdout that was no message."""
        self.logged: list[dict[str, Any]] = []
        """What the server told the editor to note or to show."""
        self._number = 0
        self._versions: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        capabilities: dict[str, Any] = {"workspace": {"workspaceEdit": {"documentChanges": True}}}
        if resolves:
            support = {"dataSupport": True, "resolveSupport": {"properties": ["edit"]}}
            capabilities["textDocument"] = {"codeAction": support}
        if encodings:
            capabilities["general"] = {"positionEncodings": encodings}
        self.server = self.ask(
            "initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities}
        )
        self.tell("initialized", {})

    def __enter__(self) -> Editor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> tuple[int, str]:
        """End the session politely; the server's exit code and what it said on stderr."""
        if self._server.poll() is None:
            self.ask("shutdown", None)
            self.tell("exit", None)
        _, stderr = self._server.communicate(timeout=TIMEOUT)
        self._reader.join(TIMEOUT)
        return self._server.returncode, stderr.decode()

    # --- files ---

    def uri(self, name: str) -> str:
        return (self.directory / name).as_uri()

    def open(self, name: str, text: str) -> dict[str, Any]:
        """Open a buffer; its first diagnostics."""
        self._versions[name] = 1
        document = {"uri": self.uri(name), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(name)

    def type(self, name: str, text: str) -> int:
        """Make the buffer's text another; its version."""
        self._versions[name] += 1
        version = self._versions[name]
        document = {"uri": self.uri(name), "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        return version

    def save(self, name: str) -> None:
        self.tell("textDocument/didSave", {"textDocument": {"uri": self.uri(name)}})

    def close(self, name: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def diagnostics(self, name: str) -> dict[str, Any]:
        """The next diagnostics that the server publishes; they have to be about `name`."""
        found = self.published.get(timeout=TIMEOUT)
        while found["uri"] != self.uri(name) and not found["diagnostics"]:  # another was closed
            found = self.published.get(timeout=TIMEOUT)
        assert found["uri"] == self.uri(name)
        return found

    # --- questions ---

    def at(self, method: str, name: str, line: int, character: int) -> Any:
        """The answer to a question about a place."""
        place = {"line": line, "character": character}
        return self.ask(
            f"textDocument/{method}", {"textDocument": {"uri": self.uri(name)}, "position": place}
        )

    def actions(self, name: str, range_: dict[str, Any], *, only: list[str] | None = None) -> Any:
        context: dict[str, Any] = {"diagnostics": []} | ({"only": only} if only else {})
        parameters = {"textDocument": {"uri": self.uri(name)}, "range": range_, "context": context}
        return self.ask("textDocument/codeAction", parameters)

    # --- messages ---

    def ask(self, method: str, parameters: Any) -> Any:
        answer = self.answer(method, parameters)
        assert "error" not in answer, answer
        return answer.get("result")

    def answer(self, method: str, parameters: Any) -> dict[str, Any]:
        """What comes back, be it an error."""
        self._number += 1
        number = self._number
        self._answers[number] = queue.Queue()
        self._send({"id": number, "method": method, "params": parameters})
        return self._answers[number].get(timeout=TIMEOUT)

    def tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin is not None
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._server.stdin.flush()

    def _read(self) -> None:
        stream = self._server.stdout
        assert stream is not None
        while True:
            size = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.startswith(b"Content-Length:"):
                    size = int(line.split(b":")[1])
                elif not line.startswith(b"Content-Type:"):
                    self.noise.append(line)
            if not size:
                return
            message = json.loads(stream.read(size))
            if message.get("method") == "textDocument/publishDiagnostics":
                self.published.put(message["params"])
            elif message.get("method") in ("window/logMessage", "window/showMessage"):
                self.logged.append(message["params"])
            elif "id" in message and message["id"] in self._answers:
                self._answers[message["id"]].put(message)


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """`text` with the protocol's edits made; positions in UTF-16, as LSP has them by default."""
    units = text.encode("utf-16-le")
    lines = text.split("\n")

    def offset(place: dict[str, int]) -> int:
        before = "".join(f"{line}\n" for line in lines[: place["line"]])
        return len(before.encode("utf-16-le")) + 2 * place["character"]

    for one in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(one["range"]["start"]), offset(one["range"]["end"])
        units = units[:start] + one["newText"].encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")
