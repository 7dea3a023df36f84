"""A registry whose every answer can be bent, for what a well-behaved one never does.

It plays: an OCI registry in memory (blobs, manifests, tags; the referrers API with
``OCI-Subject`` if `referrers_api`), as docker-registry would answer. A `bend` function sees each
call first and may answer instead: faults (5xx, 429, HTML, wrong digests), Link pages, redirects,
foreign upload Locations, moved tags, stalls, dripping and broken-off bodies. A second double
plays the foreign host and shows what it was sent. Nothing here is our client's own code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from floe_engine.registry.reference import Reference

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Call:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass(frozen=True)
class Reply:
    """An answer. `cut` breaks off after so many bytes; `drip` sends byte by byte until it is set;
    `stall` waits for an event before anything is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall: threading.Event | None = None
    drip: threading.Event | None = None


Bend = Callable[[Call], Reply | None]


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def problem(status: int, code: str, message: str = "", **headers: str) -> Reply:
    return as_json({"errors": [{"code": code, "message": message or code.lower()}]}, status, **headers)


WEB_PAGE = Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"})


class Double:
    """The registry in memory, and what it was asked."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.port = int(server.server_address[1])
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{scheme}://{self.host}"
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.tags: dict[str, str] = {}
        self.referrers_api = False
        self.login: tuple[str, str] | None = None
        self.bend: Bend = lambda call: None
        self.calls: list[Call] = []
        self.connections = 0
        self._lock = threading.Lock()

    def reference(self, repository: str = "team/platform") -> Reference:
        return Reference.parse(f"oci://{self.host}/{repository}")

    def holds(self, data: bytes) -> str:
        """Put a blob there; returns its digest."""
        digest = _digest(data)
        self.blobs[digest] = data
        return digest

    def holds_manifest(self, raw: bytes, tag: str | None = None, media_type: str = MANIFEST) -> str:
        digest = _digest(raw)
        self.manifests[digest] = (raw, media_type)
        if tag is not None:
            self.tags[tag] = digest
        return digest

    def asked(self, method: str, part: str = "") -> list[Call]:
        return [call for call in self.calls if call.method == method and part in call.path]

    def answer(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
        if (bent := self.bend(call)) is not None:
            return bent
        with self._lock:
            return self._as_registry(call)

    def _as_registry(self, call: Call) -> Reply:
        if self.login is not None:
            proof = base64.b64encode(":".join(self.login).encode()).decode()
            if call.authorization != f"Basic {proof}":
                return problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": 'Basic realm="double"'})
        if "/blobs/uploads/" in call.path:
            if call.method == "POST":
                return Reply(202, headers={"Location": f"{call.path}session?state=1"})
            digest = call.query["digest"][0]
            if _digest(call.body) != digest:
                return problem(400, "DIGEST_INVALID")
            self.blobs[digest] = call.body
            return Reply(201, headers={"Docker-Content-Digest": digest})
        if "/blobs/" in call.path:
            data = self.blobs.get(call.path.rpartition("/")[2])
            return problem(404, "BLOB_UNKNOWN") if data is None else Reply(200, data)
        if call.path.endswith("/tags/list"):
            return as_json({"name": "x", "tags": sorted(self.tags)})
        if "/referrers/" in call.path and self.referrers_api:
            return self._referrers(call.path.rpartition("/")[2])
        if "/manifests/" in call.path:
            return self._manifest(call, call.path.rpartition("/")[2])
        return Reply(404, b"404 page not found", {"Content-Type": "text/plain"})

    def _manifest(self, call: Call, ref: str) -> Reply:
        if call.method == "PUT":
            tag = None if ref.startswith("sha256:") else ref
            digest = self.holds_manifest(call.body, tag, call.headers["content-type"])
            headers = {"Docker-Content-Digest": digest}
            subject = json.loads(call.body).get("subject")
            if subject and self.referrers_api:
                headers["OCI-Subject"] = subject["digest"]
            return Reply(201, headers=headers)
        if call.method == "DELETE":
            return problem(405, "UNSUPPORTED")
        digest = self.tags.get(ref, ref)
        if digest not in self.manifests:
            return problem(404, "MANIFEST_UNKNOWN")
        raw, media_type = self.manifests[digest]
        return Reply(200, raw, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _referrers(self, subject: str) -> Reply:
        found = [
            {"mediaType": media_type, "digest": digest, "size": len(raw)}
            for digest, (raw, media_type) in self.manifests.items()
            if (json.loads(raw).get("subject") or {}).get("digest") == subject
        ]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
        return as_json(index, **{"Content-Type": INDEX})


@contextmanager
def double(certificate: tuple[Path, Path] | None = None) -> Iterator[Double]:
    """Run a double on a free loopback port; with `certificate` (chain, key) it speaks TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    registry = Double(server, "https" if certificate else "http")
    server.registry = registry  # type: ignore[attr-defined]  # how a handler finds it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.registry.connections += 1  # type: ignore[attr-defined]  # set by `double`

    def log_message(self, *args: object) -> None: ...

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # a client that hangs up is what some tests are about

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        registry: Double = self.server.registry  # type: ignore[attr-defined]  # set by `double`
        reply = registry.answer(Call(self.command, url.path, parse_qs(url.query), headers, body))
        if reply.stall is not None:
            reply.stall.wait(20)
        self.send_response(reply.status)
        sent = {"Content-Type": "application/octet-stream", "Content-Length": str(len(reply.body))}
        for name, value in {**sent, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.drip is not None:
            for position in range(len(reply.body)):
                self.wfile.write(reply.body[position : position + 1])
                if reply.drip.wait(0.02):
                    break
            self.close_connection = True
        elif reply.cut is not None:
            self.wfile.write(reply.body[: reply.cut])
            self.close_connection = True
        else:
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - http.server's names


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
