"""Who we are to a registry: what docker, podman and the environment know.

Looks up, never stores (`login.py` does). A secret leaves this room only inside a `Credential`, whose
repr hides it; no error here ever carries the content of a file, or what a helper program printed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from floe_engine.errors import AuthenticationFailed, ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.patterns import pattern
from floe_engine.registry.reference import is_host

HELPER_TIMEOUT = 30.0
"""Seconds for a credential helper; cloud helpers ask a server themselves."""

_CONFIG_LIMIT = 1024 * 1024
_HELPER_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEADER_SAFE = pattern(r"[\x21-\x7e]+")
DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
"""The names of one registry."""
_TOKEN_USER = "<token>"  # noqa: S105 - the marker of docker's helper protocol, not a secret


class Credential(Struct, frozen=True):
    """One way to prove who we are. `source` says where it was found, for messages.

    `identity_token` is an OAuth2 refresh token for the registry's token service;
    `registry_token` is a bearer token for the registry itself.
    """

    source: str
    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        """Without secrets."""
        return f"Credential(source={self.source!r}, username={self.username!r})"

    @property
    def basic(self) -> str | None:
        """The value of an ``Authorization: Basic`` header, or None without user and password."""
        if not self.username or not self.password:
            return None
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


class CredentialSource(Protocol):
    """Anything that knows who we are to a registry."""

    def lookup(self, registry: str, repository: str) -> Credential | None:
        """The credential for ``host[:port]`` and a repository in it, or None for anonymous."""


class Anonymous(Struct, frozen=True):
    """No credential for one registry; `otherwise` answers for all others.

    `registry` says which it is, when one asks who we are: a layout never does.
    """

    registry: Callable[[], str | None]
    otherwise: CredentialSource

    def lookup(self, registry: str, repository: str) -> Credential | None:
        """None where `registry` is the one to be anonymous at."""
        return None if registry == self.registry() else self.otherwise.lookup(registry, repository)


class Credentials(Struct, frozen=True):
    """The environment first, then ``REGISTRY_AUTH_FILE``, docker's config.json, podman's auth.json.

    ``FLOE_REGISTRY_TOKEN`` is a bearer token, ``FLOE_REGISTRY_USERNAME`` with
    ``FLOE_REGISTRY_PASSWORD`` a login. They are for the host that ``FLOE_REGISTRY_HOST`` names, else
    for that of ``FLOE_REGISTRY``, and for no other: which host is asked may be a file's word.
    """

    environ: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        """Without the environment, where secrets are."""
        return "Credentials()"

    def lookup(self, registry: str, repository: str) -> Credential | None:
        """The credential for a registry, or None.

        Raises `ConfigurationError` for a damaged file and for a login of the environment that names no
        host, `AuthenticationFailed` for a helper program that fails: who meant to be somebody is not
        silently nobody.
        """
        environ = os.environ if self.environ is None else self.environ
        if (given := of_environment(environ, registry)) is not None:
            return given
        for path in config_files(environ):
            if path.is_file() and (found := _from_file(path, environ, registry, repository)) is not None:
                return found
        given = _from_environment(environ)
        if given is not None and _host_of_environment(environ) is None:
            raise ConfigurationError(
                f"{given.source} is set, and not for which registry",
                f"{registry} wants a login, and was not given this one: a file may have named that host",
                hint=f"if it is for {registry}, set FLOE_REGISTRY_HOST={registry}",
            )
        return None


def of_environment(environ: Mapping[str, str], registry: str) -> Credential | None:
    """The environment's login, where it is for this registry."""
    given, host = _from_environment(environ), _host_of_environment(environ)
    return given if given is not None and host is not None and _same_host(host, registry) else None


def _from_environment(environ: Mapping[str, str]) -> Credential | None:
    token = environ.get("FLOE_REGISTRY_TOKEN", "").strip()
    username = environ.get("FLOE_REGISTRY_USERNAME", "")
    password = environ.get("FLOE_REGISTRY_PASSWORD", "")
    if not (token or username or password):
        return None
    if token:
        return Credential("FLOE_REGISTRY_TOKEN", registry_token=_header_safe(token, "FLOE_REGISTRY_TOKEN"))
    if not username or not password:
        missing = "FLOE_REGISTRY_PASSWORD" if username else "FLOE_REGISTRY_USERNAME"
        raise ConfigurationError(f"{missing} is not set", "a login needs a name and a password")
    return Credential("FLOE_REGISTRY_USERNAME", username, password)


def _host_of_environment(environ: Mapping[str, str]) -> str | None:
    """The host that the environment's login is for; "" for none, None where nothing says so."""
    if host := environ.get("FLOE_REGISTRY_HOST", "").strip():
        if not is_host(host):
            raise ConfigurationError(
                "FLOE_REGISTRY_HOST is not a host", hint="write it as registry.example.com or host:port"
            )
        return host.lower()
    if not (home := environ.get("FLOE_REGISTRY", "").strip()):
        return None
    if home.startswith("oci-layout:"):
        return ""
    host = home.removeprefix("oci://").partition("/")[0].lower()
    return host if is_host(host) else ""


def _same_host(named: str, registry: str) -> bool:
    return named == registry or {named, registry} <= DOCKER_HUB


def config_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where logins are kept, in the order in which they are looked for; the first is where one is written."""
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:  # a user without a home has no login there
        home = Path(os.devnull)
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    yield (
        Path(environ["DOCKER_CONFIG"]) if environ.get("DOCKER_CONFIG") else home / ".docker"
    ) / "config.json"
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    if configured := environ.get("XDG_CONFIG_HOME"):
        yield Path(configured) / "containers" / "auth.json"
    yield home / ".config" / "containers" / "auth.json"


def _from_file(path: Path, environ: Mapping[str, str], registry: str, repository: str) -> Credential | None:
    config = read_config(path)
    helpers, auths = config.get("credHelpers"), config.get("auths")
    if isinstance(helpers, dict):
        for key, helper in matching(helpers, registry, repository):
            if helper != "":  # docker's way to say: none for this host
                return _from_helper(helper, key, environ, path)
    if isinstance(auths, dict):
        for _, entry in matching(auths, registry, repository):
            if isinstance(entry, dict) and (found := _from_entry(entry, path)) is not None:
                return found
    if store := config.get("credsStore"):
        return _from_helper(store, key_of(registry), environ, path)
    return None


def read_config(path: Path) -> dict[str, Any]:
    """A file of docker's or podman's. Raises `ConfigurationError`, which quotes nothing of it."""
    try:
        # As docker has it, a file without a byte is one without a login.
        config = json.loads(read_bounded(path, _CONFIG_LIMIT, what="credentials file").strip() or b"{}")
    except (ValueError, RecursionError):
        raise ConfigurationError(
            "credentials file is not JSON", hint="repair it, or log in again", where=str(path)
        ) from None
    if not isinstance(config, dict):
        raise ConfigurationError("credentials file is not a JSON object", where=str(path))
    return config


def matching(entries: Mapping[str, Any], registry: str, repository: str) -> Iterator[tuple[str, Any]]:
    """The entries for a repository, the most specific first (podman has keys with a path)."""
    hosts = DOCKER_HUB if registry in DOCKER_HUB else {registry}
    by_name: dict[str, tuple[str, Any]] = {}
    for key, value in entries.items():
        name = re.sub(r"^https?://", "", key).rstrip("/")
        host, slash, path = name.partition("/")
        name = f"{host.lower()}{slash}{path}"
        by_name.setdefault(re.sub(r"/v[12]$", "", name), (key, value))
    parts = repository.split("/")
    for length in range(len(parts), -1, -1):
        for host in sorted(hosts):
            name = "/".join([host, *parts[:length]])
            if name in by_name:
                yield by_name[name]


def key_of(registry: str) -> str:
    """What docker calls a registry in its files: its own by an address, any other by the host."""
    return "https://index.docker.io/v1/" if registry in DOCKER_HUB else registry


def _from_entry(entry: Mapping[str, Any], path: Path) -> Credential | None:
    def text(key: str) -> str:
        value = entry.get(key)
        return value if isinstance(value, str) else ""

    username, password = text("username"), text("password")
    if encoded := text("auth"):
        try:
            # Line ends may stand in base64, as `base64` writes them and Go's programs read them.
            pair = base64.b64decode(re.sub(r"[\r\n]", "", encoded), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise ConfigurationError(
                "an auth entry is not base64", hint="log in again", where=str(path)
            ) from None
        username, _, password = pair.rstrip("\0").partition(":")
    identity, registry_token = text("identitytoken"), text("registrytoken")
    if not (identity or registry_token or (username and password)):
        return None
    source = str(path)
    if registry_token:
        _header_safe(registry_token, source)
    return Credential(source, username, password, identity, registry_token)


def _from_helper(helper: object, server: str, environ: Mapping[str, str], path: Path) -> Credential | None:
    answered = run_helper(helper, "get", server, server, environ, path)
    if not answered:
        return None
    name = f"docker-credential-{helper}"
    try:
        answer = json.loads(answered)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _helper_failed(name, server, "its answer is not the JSON of docker's protocol") from None
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _helper_failed(name, server, "its answer is not the JSON of docker's protocol")
    if not secret:
        return None
    if username == _TOKEN_USER:
        return Credential(name, identity_token=secret)
    return Credential(name, username, secret)


def run_helper(
    helper: object, verb: str, said: str, server: str, environ: Mapping[str, str], path: Path
) -> bytes:
    """What a credential helper answers to a verb of docker's protocol; empty where it knows no login.

    `path` is the file that names the helper. Raises `AuthenticationFailed` where it fails.
    """
    import shutil

    from floe_engine.processes import answer_of, child_environment

    if not isinstance(helper, str) or not _HELPER_NAME.fullmatch(helper):
        raise ConfigurationError("a credential helper's name is not valid", where=str(path))
    name = f"docker-credential-{helper}"
    program = shutil.which(name, path=environ.get("PATH"))
    if program is None:
        raise AuthenticationFailed(
            f"the credential helper {name} is not installed",
            f"{path} names it for {server}",
            hint=f"put {name} on PATH, or remove it from that file",
        )
    environment = child_environment(environ, clouds=True)
    done = answer_of(
        [os.path.abspath(program), verb],  # noqa: PTH100 - as written, links and all
        environ=environment,
        stdin=said.encode(),
        timeout=HELPER_TIMEOUT,
        limit=_CONFIG_LIMIT,
    )
    if done.problem and b"credentials not found" not in done.stdout:
        raise _helper_failed(name, server, done.problem)
    return b"" if done.problem else done.stdout


def _helper_failed(name: str, server: str, reason: str) -> AuthenticationFailed:
    return AuthenticationFailed(
        f"the credential helper {name} gave no credentials for {server}",
        reason,
        hint=f"to see why, run: echo {server} | {name} get",
    )


def _header_safe(token: str, source: str) -> str:
    """`token` if it can stand in a header; an HTTP library would quote a bad one in its error."""
    if not _HEADER_SAFE.fullmatch(token):
        raise ConfigurationError("a registry token has spaces or control characters", where=source)
    return token
