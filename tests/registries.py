"""Real registries for tests: docker-registry on a free loopback port, with or without a lock on it."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from floe_engine.registry.reference import Reference
from tests.binaries import require_binary

USERNAME = "robot$floe+ci"
"""As Harbor names its robot accounts; every shell and many clients stumble over the $."""
PASSWORD = "p:ss wörd$1"
_HTPASSWD = "robot$floe+ci:$2y$04$U/j8KXb7qSsvyxjGzK9Hzegug8jiJ/ihE3m559UnNslPmbyXh8ub2\n"

Auth = Literal["htpasswd", "token"]


@dataclass(frozen=True)
class DockerRegistry:
    """A running docker-registry. `host` is ``127.0.0.1:port``; `log` is its access log."""

    host: str
    data: Path
    log: Path
    ca_file: Path | None = None
    tokens: TokenService | None = None
    username: str = USERNAME
    password: str = PASSWORD

    def reference(self, repository: str = "team/platform") -> Reference:
        return Reference.parse(f"oci://{self.host}/{repository}")

    def request_lines(self) -> list[str]:
        """Method and path of every request that the server has logged."""
        text = self.log.read_text(errors="replace")
        return [part.split(" HTTP/1")[0] for part in text.split('"') if " HTTP/1" in part]


@contextmanager
def docker_registry(folder: Path, *, auth: Auth | None = None, tls: bool = False) -> Iterator[DockerRegistry]:
    """Run a docker-registry below `folder` until the block ends."""
    program = require_binary("docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority.create(folder) if tls or auth == "token" else None
    tokens = TokenService(authority) if auth == "token" and authority else None
    try:
        for _ in range(5):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            process = _start(program, folder, port, auth, tls, tokens)
            if process is not None:
                break
        else:
            raise RuntimeError((folder / "log").read_text())
        try:
            yield DockerRegistry(
                f"127.0.0.1:{port}",
                folder / "data",
                folder / "log",
                authority.certificate if tls and authority else None,
                tokens,
            )
        finally:
            process.terminate()
            process.wait(10)
    finally:
        if tokens is not None:
            tokens.close()


def _start(
    program: str, folder: Path, port: int, auth: Auth | None, tls: bool, tokens: TokenService | None
) -> subprocess.Popen[bytes] | None:
    """The process once it listens, or None where somebody else took the port."""
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if tls:
        files = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
        config["http"] = {"addr": f"127.0.0.1:{port}", "tls": files}
    if auth == "htpasswd":
        (folder / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "floe", "path": str(folder / "htpasswd")}}
    if tokens is not None:
        config["auth"] = {
            "token": {
                "realm": tokens.url,
                "service": "floe-registry",
                "issuer": "floe-tests",
                "rootcertbundle": str(folder / "ca.pem"),
            }
        }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(folder / "config.yml")],
            stdout=log,
            stderr=log,
            env={"OTEL_TRACES_EXPORTER": "none"},
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if "listening on" in (folder / "log").read_text(errors="replace"):
            return process
        if process.poll() is not None:
            return None
        time.sleep(0.005)
    process.kill()
    process.wait()
    return None


@dataclass(frozen=True)
class Authority:
    """A certificate authority of one test, and the certificate of 127.0.0.1 that it has issued."""

    certificate: Path
    key: rsa.RSAPrivateKey
    leaf: x509.Certificate

    @classmethod
    def create(cls, folder: Path) -> Authority:
        ca_key = rsa.generate_private_key(65537, 2048)
        key = rsa.generate_private_key(65537, 2048)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "floe test authority")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        )
        authority = (
            _certificate(issuer, issuer, ca_key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        leaf = (
            _certificate(subject, issuer, key)
            .add_extension(names, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
        (folder / "server.pem").write_bytes(leaf.public_bytes(pem))
        (folder / "server.key").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return cls(folder / "ca.pem", key, leaf)


def _certificate(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


@dataclass
class TokenService:
    """docker's token service for a registry: a login, or a refresh token, for a bearer token.

    `asked` keeps (method, scope, Authorization or refresh token) of every request. `grant` is
    what it gives at most: a token with fewer actions than were asked for is how it says no.
    """

    authority: Authority
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    grant: frozenset[str] = frozenset({"pull", "push", "delete"})
    refresh_token: str = "the-identity-token"
    anonymous: bool = False

    def __post_init__(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None: ...

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                service._answer(self, "GET", query, self.headers.get("Authorization", ""))

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                service._answer(self, "POST", form, form.get("refresh_token", [""])[0])

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(
        self, handler: BaseHTTPRequestHandler, method: str, query: dict[str, list[str]], proof: str
    ) -> None:
        scope = query.get("scope", [""])[0]
        self.asked.append((method, scope, proof))
        login = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        known = proof == (self.refresh_token if method == "POST" else login)
        status = 200 if known or (self.anonymous and not proof) else 401
        body = json.dumps({"access_token": self.token_for(query["service"][0], scope)}).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body) if status == 200 else 0))
        handler.end_headers()
        if status == 200:
            handler.wfile.write(body)

    def token_for(self, service: str, scope: str) -> str:
        kind, name, actions = scope.split(":")
        granted = [action for action in actions.split(",") if action in self.grant]
        now = int(time.time())
        claims = {
            "iss": "floe-tests",
            "sub": "somebody",
            "aud": service,
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "jti": str(time.monotonic_ns()),
            "access": [{"type": kind, "name": name, "actions": granted}],
        }
        chain = base64.b64encode(self.authority.leaf.public_bytes(serialization.Encoding.DER)).decode()
        head = _segment({"alg": "RS256", "typ": "JWT", "x5c": [chain]})
        signed = f"{head}.{_segment(claims)}"
        signature = self.authority.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
