"""What is set here, and where each value is from: shown, so that nobody has to guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from floe_engine.files import stands
from floe_engine.folders import site_config, user_cache, user_config, user_data
from floe_engine.processes import is_secret
from floe_engine.workspace import Workspace

VARIABLES = (
    "FLOE_REGISTRY", "FLOE_REGISTRY_USERNAME", "FLOE_REGISTRY_PASSWORD", "FLOE_REGISTRY_TOKEN",
    "FLOE_REGISTRY_HOST", "FLOE_PLAIN_HTTP", "FLOE_CA_FILE", "FLOE_SIGNING_KEY", "FLOE_ALLOW_READABLE_KEY",
    "FLOE_TRUST_ROOT", "FLOE_SIGNING_CONFIG", "FLOE_CONFIG",
    "FLOE_NO_CACHE",
    "COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE", "NO_COLOR", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "SOURCE_DATE_EPOCH",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
)  # fmt: skip
"""The environment variables that floe reads, in the order of docs/environment.md."""

_LOGIN = re.compile(r"//[^/@\s]*@")

UNSHOWN = "(set, not shown)"


class ConfiguredValue(Struct, frozen=True):
    """One value, and who says so; `value` is empty where nothing is set."""

    name: str
    value: str
    source: str


def settings_in_force(workspace: Workspace) -> tuple[ConfiguredValue, ...]:
    """What a command run here would work with. Asks no registry and no helper; secrets are never shown."""
    return (*_choices(workspace), *_files(workspace), *_environment(workspace))


def _choices(workspace: Workspace) -> Iterator[ConfiguredValue]:
    user, environ = workspace.settings, workspace.environ
    choice = workspace.registry
    yield ConfiguredValue("registry", str(choice.reference), choice.source)
    if environ.get("FLOE_CA_FILE"):
        yield ConfiguredValue("ca_file", environ["FLOE_CA_FILE"], "FLOE_CA_FILE")
    else:
        yield ConfiguredValue("ca_file", user.ca_file or "", str(user.path) if user.ca_file else "")
    plain = workspace.transport.plain_http
    said = "FLOE_PLAIN_HTTP" if environ.get("FLOE_PLAIN_HTTP", "").strip() else str(user.path)
    if plain is False:
        yield ConfiguredValue("plain_http", "none, not even this machine", said)
    else:
        hosts = ", ".join(sorted(plain))
        yield ConfiguredValue("plain_http", hosts or "this machine alone", said if hosts else "the default")
    if environ.get("FLOE_SIGNING_KEY"):
        yield ConfiguredValue("signing key", _shown("", environ["FLOE_SIGNING_KEY"]), "FLOE_SIGNING_KEY")
    else:
        own = workspace.directory / "cosign.key"
        yield ConfiguredValue(
            "signing key", "cosign.key" if stands(own) else "", "here" if stands(own) else ""
        )
    first = user.first_use
    yield ConfiguredValue(
        "first_use", first or "ask, or accept in a script", str(user.path) if first else "the default"
    )


def _files(workspace: Workspace) -> Iterator[ConfiguredValue]:
    for path in (workspace.manifest_path, workspace.spec_path, workspace.store.lock_path):
        yield _file(path.name, path)
    yield _file("settings", workspace.settings.path)
    for folder in (user_config(), *site_config()):
        yield _file("trust policy", folder / "trust.toml")
    yield ConfiguredValue("embedded registry", str(user_data() / "registry"), "the user's data directory")
    yield ConfiguredValue("receipts and read projects", str(user_cache()), "the user's cache directory")


def _file(name: str, path: Path) -> ConfiguredValue:
    return ConfiguredValue(name, str(path), "" if stands(path) else "does not exist")


def _environment(workspace: Workspace) -> Iterator[ConfiguredValue]:
    for name in VARIABLES:
        if (value := workspace.environ.get(name)) is not None:
            yield ConfiguredValue(name, _shown(name, value), "the environment")


def _shown(name: str, value: str) -> str:
    """A value without what is secret of it: all of a password's, and the login that a proxy's URL holds."""
    return UNSHOWN if is_secret(name, value) else _LOGIN.sub("//", value)
