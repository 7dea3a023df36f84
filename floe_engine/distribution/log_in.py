"""A login for a registry: tried before it is kept, kept where docker keeps its own."""

from __future__ import annotations

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.events import CancelToken
from floe_engine.registry.reference import is_host
from floe_engine.workspace import Workspace


class LoggedIn(Struct, frozen=True):
    """What became of a login."""

    registry: str
    kept_by: str
    """The file or helper program that has it now."""
    wanted: bool
    """Whether the registry asked for one at all."""


class LoggedOut(Struct, frozen=True):
    """Where a login was removed from; empty where there was none."""

    registry: str
    removed_from: tuple[str, ...]
    by_environment: bool
    """Whether the environment still gives one for it."""


def registry_host(workspace: Workspace, named: str | None) -> str:
    """The ``host[:port]`` that a name, a reference or, without either, the workspace means.

    Raises `UsageError` where that is no host, or a folder.
    """
    if named is None:
        if host := workspace.registry.reference.registry:
            return host
        raise UsageError(
            "which registry is meant is not said",
            f"{workspace.registry.reference} is a folder and wants no login",
            hint="name the host, such as registry.example.com",
        )
    host = named.removeprefix("oci://").removeprefix("https://").partition("/")[0].lower()
    if not is_host(host):
        raise UsageError(
            f"{named!r} is not a registry",
            hint="name its host, such as registry.example.com or localhost:5000",
        )
    return host


def log_in(
    workspace: Workspace, registry: str, username: str, password: str, *, cancel: CancelToken | None = None
) -> LoggedIn:
    """Try a login and keep it. Raises `AuthenticationFailed` where the registry refuses it."""
    from floe_engine.registry.credentials import Credential
    from floe_engine.registry.login import check_login, save_login

    if not username or not password:
        raise UsageError("a login needs a name and a password", hint="a token is given as the password")
    credential = Credential("this login", username, password)
    wanted = check_login(registry, credential, workspace.transport, cancel=cancel)
    return LoggedIn(registry, save_login(registry, credential, workspace.environ), wanted)


def log_out(workspace: Workspace, registry: str) -> LoggedOut:
    """Forget a login everywhere it is kept."""
    from floe_engine.registry.credentials import of_environment
    from floe_engine.registry.login import forget_login

    removed = forget_login(registry, workspace.environ)
    return LoggedOut(registry, removed, of_environment(workspace.environ, registry) is not None)
