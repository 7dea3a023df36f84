"""Logging in and out, as docker does: into its config.json, or with the helper program that it names.

What is written here `credentials.py` finds, and docker, podman, ORAS and cosign with it.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from floe_engine.errors import AuthenticationFailed, ConfigurationError, NotFound, UsageError
from floe_engine.events import CancelToken
from floe_engine.files import write_file
from floe_engine.registry.credentials import (
    Credential,
    config_files,
    key_of,
    matching,
    read_config,
    run_helper,
)
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport


@dataclass(frozen=True, slots=True)
class _Given:
    """A login that is being tried: the answer for one registry, and no other."""

    registry: str
    credential: Credential = field(repr=False)

    def lookup(self, registry: str, repository: str) -> Credential | None:
        return self.credential if registry == self.registry else None


def check_login(
    registry: str, credential: Credential, transport: Transport, *, cancel: CancelToken | None = None
) -> bool:
    """Ask a registry whether it takes a login. True where it wanted one, False where it lets anybody in.

    Raises `AuthenticationFailed` where it refuses it, and what reaching it raises.
    """
    from floe_engine.registry.session import Session  # slow to import

    settings = replace(transport, credentials=_Given(registry, credential))
    session = Session(Reference.parse(f"oci://{registry}/floe-login"), settings, cancel)
    response = session.do_request(f"{session.home}/v2/")
    if response.status_code == 401:
        raise AuthenticationFailed(
            f"{registry} refuses this login",
            hint="check the name and the password; many registries want an access token as the password",
        )
    if response.status_code == 404:
        raise NotFound(f"{registry} is no OCI registry", "it has no /v2/", hint="check the host and its port")
    if response.status_code != 200:
        raise session.failure(response, "logging in", where=registry)
    return session.authorization.credential is not None


def save_login(registry: str, credential: Credential, environ: Mapping[str, str]) -> str:
    """Keep a login where docker does; what keeps it, for people (a file's path or a helper's name)."""
    if ":" in credential.username:
        raise UsageError("a user name holds no colon", "docker's files put one between name and password")
    path = next(config_files(environ))
    config = read_config(path) if path.is_file() else {}
    key = key_of(registry)
    if helper := _helper_for(config, registry):
        secret = {"ServerURL": key, "Username": credential.username, "Secret": credential.password}
        run_helper(helper, "store", json.dumps(secret), key, environ, path)
        return f"docker-credential-{helper}"
    pair = base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode("ascii")
    auths = config.get("auths")
    kept = dict(auths) if isinstance(auths, dict) else {}
    for other, _ in matching(kept, registry, ""):
        del kept[other]
    _write(path, {**config, "auths": {**kept, key: {"auth": pair}}})
    return str(path)


def forget_login(registry: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Remove a login wherever one is found; what it was removed from."""
    removed = []
    for path in config_files(environ):
        if not path.is_file():
            continue
        config = read_config(path)
        key = key_of(registry)
        if (helper := _helper_for(config, registry)) and _erased(helper, key, environ, path):
            removed.append(f"docker-credential-{helper}")
        auths = config.get("auths")
        found = [other for other, _ in matching(auths, registry, "")] if isinstance(auths, dict) else []
        if found:
            _write(path, {**config, "auths": {k: v for k, v in config["auths"].items() if k not in found}})
            removed.append(str(path))
    return tuple(removed)


def _erased(helper: str, key: str, environ: Mapping[str, str], path: Path) -> bool:
    """Whether a helper had a login, and has it no longer."""
    known = False
    with contextlib.suppress(AuthenticationFailed):  # it says so where it has none
        known = bool(run_helper(helper, "get", key, key, environ, path))
        run_helper(helper, "erase", key, key, environ, path)
    return known


def _helper_for(config: Mapping[str, Any], registry: str) -> str:
    """The helper that a config names for a registry; empty for none."""
    named: Iterator[object] = iter(())
    if isinstance(helpers := config.get("credHelpers"), dict):
        named = (helper for _, helper in matching(helpers, registry, ""))
    helper = next(named, config.get("credsStore")) or ""
    if not isinstance(helper, str):
        raise ConfigurationError("a credential helper's name is not a text")
    return helper


def _write(path: Path, config: Mapping[str, Any]) -> None:
    """Replace a config, for its owner alone; where it is a link, the file that is meant."""
    text = json.dumps(config, indent="\t", ensure_ascii=False)
    write_file(path.resolve(), f"{text}\n".encode(), mode=0o600)
