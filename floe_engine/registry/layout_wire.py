"""An OCI image layout behind the same requests: the distribution-spec's paths, without a socket.

The embedded default registry is this folder under the same client that speaks to real ones, so
there is one code path. It answers what a registry with the referrers API and immutable version
tags would.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

from floe_engine.acts import Act
from floe_engine.descriptor import DIGEST, MANIFEST_LIMIT, MANIFEST_TYPES, OCI_INDEX, Manifest
from floe_engine.errors import ContentMismatch, RegistryError
from floe_engine.events import CancelToken
from floe_engine.files import canonical_json, sha256_digest
from floe_engine.patterns import pattern
from floe_engine.registry.layout import Layout, TagTaken, stored_media_type
from floe_engine.registry.reference import TAG
from floe_engine.registry.wire import Answer, Exchange, Headers, OnChunk, Request

_BLOB_LIMIT = 1024 * 1024 * 1024
_UPLOAD = "blobs/uploads/"
_SESSION = "blobs/uploads/session"
_PATH = pattern(
    r"/v2/(?P<name>.+)/(?P<what>blobs/uploads/(?:session)?|(?:blobs|manifests|referrers)/[^/]+|tags/list)"
)


class _Answer(Struct, frozen=True):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class LayoutWire:
    """Serves one layout as the one repository of a registry."""

    def __init__(self, root: Path, cancel: CancelToken | None = None) -> None:
        self._root = root
        self._layout = Layout(root, cancel)

    def exchange(self, request: Request, count: OnChunk) -> Exchange:
        """Begin one, which a disk cannot hold up for ever; `count` is told how much of it has come."""
        return Exchange(partial(self._send, request, count), hang_up=lambda: None)

    def _send(self, request: Request, count: OnChunk) -> Answer:
        answer = self._answer(request)
        good = answer.status < 400
        body = b"" if request.method == "HEAD" else answer.body
        if good:
            body = body[: request.limit + 1]
            if body:
                count(len(body))
        headers = Headers({"Content-Length": str(len(answer.body)), **answer.headers})
        return Answer(request, answer.status, headers, body)

    def _answer(self, request: Request) -> _Answer:
        url = urlsplit(request.url)
        match = _PATH.fullmatch(unquote(url.path))
        if match is None:
            return _problem(404, "NAME_INVALID")
        what, method = match["what"], request.method
        body = request.data or b""
        if what.startswith(_UPLOAD):
            return self._upload(what, method, match["name"], parse_qs(url.query), body)
        if method in {"GET", "HEAD"}:
            return self._read(what, method)
        target = what.removeprefix("manifests/")
        if what.startswith("manifests/") and method == "PUT":
            return self._put_manifest(target, body, request.headers.get("Content-Type", ""))
        if what.startswith("manifests/") and method == "DELETE" and TAG.fullmatch(target):
            gone = self._layout.exists and self._layout.delete_tag(target)
            return _Answer(202) if gone else _problem(404, "MANIFEST_UNKNOWN")
        return _problem(405, "UNSUPPORTED")

    def _upload(
        self, what: str, method: str, name: str, query: Mapping[str, list[str]], body: bytes
    ) -> _Answer:
        if what == _UPLOAD and method == "POST":
            self._layout.create()
            return _Answer(202, headers={"Location": f"/v2/{name}/{_SESSION}"})
        digest = query.get("digest", [""])[0]
        if what != _SESSION or method != "PUT":
            return _problem(405, "UNSUPPORTED")
        if not DIGEST.fullmatch(digest) or not self._layout.put_blob(digest, body):
            return _problem(400, "DIGEST_INVALID")
        return _Answer(201, headers={"Docker-Content-Digest": digest})

    def _read(self, what: str, method: str) -> _Answer:
        if not self._layout.exists:
            return _problem(404, "NAME_UNKNOWN")
        kind, _, target = what.partition("/")
        if kind == "tags":
            return _json({"name": self._root.name, "tags": self._layout.tags()})
        if kind == "referrers":
            if not DIGEST.fullmatch(target):
                return _problem(400, "DIGEST_INVALID")
            found = [descriptor.document() for descriptor in self._layout.referrers(target)]
            return _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}, OCI_INDEX)
        if kind == "blobs":
            body = self._layout.read(target, _BLOB_LIMIT) if DIGEST.fullmatch(target) else None
            whole = body is not None and sha256_digest(body) == target
            if method == "GET" and DIGEST.fullmatch(target) and not whole:
                raise self._torn("a blob", target)  # nobody asks for one that no manifest lists
            if body is None or not whole:
                return _problem(404, "BLOB_UNKNOWN")
            return _Answer(200, body, {"Content-Type": "application/octet-stream"})
        return self._get_manifest(target)

    def _get_manifest(self, target: str) -> _Answer:
        digest = self._layout.resolve(target)
        if digest is None:
            return _problem(404, "MANIFEST_UNKNOWN")
        raw = self._layout.read(digest, MANIFEST_LIMIT)
        if raw is None or sha256_digest(raw) != digest:
            raise self._torn("a manifest", f"{target}, {digest}" if target != digest else digest)
        try:
            media_type = stored_media_type(raw)
        except ValueError:
            media_type = "application/octet-stream"  # the client says what is wrong with it
        return _Answer(200, raw, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _torn(self, what: str, which: str) -> ContentMismatch:
        return ContentMismatch(
            f"the OCI layout lacks {what} that it lists, or holds it damaged",
            which,
            hint="publish the version again to restore it; "
            f"{Act.DOCTOR:--registry oci-layout:{self._root}} tells what else is missing",
            where=str(self._root),
        )

    def _put_manifest(self, target: str, raw: bytes, media_type: str) -> _Answer:
        tag = None if DIGEST.fullmatch(target) else target
        if media_type not in MANIFEST_TYPES or (tag is not None and not TAG.fullmatch(tag)):
            return _problem(400, "MANIFEST_INVALID")
        try:
            manifest = Manifest.parse(raw, media_type)
            needed = (*((manifest.config,) if manifest.config else ()), *manifest.layers, *manifest.manifests)
            subject = manifest.subject
        except RegistryError:
            return _problem(400, "MANIFEST_INVALID")
        if tag is None and manifest.digest != target:
            return _problem(400, "DIGEST_INVALID")
        self._layout.create()
        if not all(self._layout.blob_path(descriptor.digest).is_file() for descriptor in needed):
            return _problem(404, "MANIFEST_BLOB_UNKNOWN")
        try:
            self._layout.put_manifest(manifest, tag)
        except TagTaken:
            return _problem(409, "TAG_IMMUTABLE")
        headers = {"Docker-Content-Digest": manifest.digest}
        if subject is not None:
            headers["OCI-Subject"] = subject.digest
        return _Answer(201, headers=headers)


def _json(document: object, media_type: str = "application/json") -> _Answer:
    return _Answer(200, canonical_json(document), {"Content-Type": media_type})


def _problem(status: int, code: str) -> _Answer:
    body = canonical_json({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]})
    return _Answer(status, body, {"Content-Type": "application/json"})
