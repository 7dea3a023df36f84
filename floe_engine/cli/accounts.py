"""`floe login`, `logout`, `config` and `version`: who one is to a registry, and what is in force here."""

from __future__ import annotations

import sys

from floe_engine.cli import asking
from floe_engine.cli.command import Context, command
from floe_engine.cli.options import argument, option
from floe_engine.errors import UsageError
from floe_engine.text import plural

_PASSWORD_LIMIT = 64 * 1024

registry_argument = argument(
    "host", required=False, help="registry.example.com, host:port or a reference; absent: the one in use."
)

_LOGIN = {
    "floe login ghcr.io": "asks who you are",
    "floe login ghcr.io -u ann --password-stdin < token": "for a script",
}


@command("login", examples=_LOGIN)
@registry_argument
@option("--username", "-u", metavar="NAME", help="Who to log in as; asked for at a terminal.")
@option("--password-stdin", is_flag=True, help="Read the password or token from stdin.")
def login(context: Context, *, host: str | None, username: str | None, password_stdin: bool) -> None:
    """Log in to a registry: tried first, then kept where docker keeps its logins."""
    from floe_engine.distribution.log_in import log_in, registry_host

    registry = registry_host(context.workspace, host)
    if not password_stdin and not asking.at_terminal():
        raise UsageError(
            "nobody can be asked for the password here", hint="send it: --password-stdin, with --username"
        )
    if username is None:
        if password_stdin:
            raise UsageError("a login needs a name", hint="add --username NAME")
        username = asking.line(f"Name for {registry}: ")
    if password_stdin:
        password = sys.stdin.buffer.read(_PASSWORD_LIMIT + 1).decode("utf-8", "strict").rstrip("\r\n")
    else:
        ask = asking.password()
        assert ask is not None
        password = ask(f"Password or token for {username}: ")
    done = log_in(context.workspace, registry, username, password, cancel=context.cancel)
    context.output.line(f"Logged in to {done.registry} as {username}; kept by {done.kept_by}")
    if not done.wanted:
        context.output.warning(f"{done.registry} lets anybody in, so the login was not tried")
    context.output.result(registry=done.registry, keptBy=done.kept_by, tried=done.wanted)


@command("logout")
@registry_argument
def logout(context: Context, *, host: str | None) -> None:
    """Forget the login for a registry, wherever it is kept."""
    from floe_engine.distribution.log_in import log_out, registry_host

    done = log_out(context.workspace, registry_host(context.workspace, host))
    if done.removed_from:
        context.output.line(f"Logged out of {done.registry}: removed from {', '.join(done.removed_from)}")
    else:
        context.output.line(f"No login for {done.registry} is kept")
    if done.by_environment:
        context.output.warning(f"the environment still has one for {done.registry}", "unset FLOE_REGISTRY_…")
    context.output.result(
        registry=done.registry, removedFrom=list(done.removed_from), environment=done.by_environment
    )


@command("config", registry=True)
def config(context: Context) -> None:
    """What is set here, and where each value is from; secrets are not shown."""
    from floe_engine.support.configuration import settings_in_force

    found = settings_in_force(context.workspace)
    width = max(len(setting.name) for setting in found)
    for setting in found:
        source = f"  ({setting.source})" if setting.source else ""
        context.output.answer(f"{setting.name:<{width}}  {setting.value or '-'}{source}")
    context.output.result(
        settings=[
            {"name": setting.name, "value": setting.value or None, "source": setting.source}
            for setting in found
        ]
    )


@command("version")
def version(context: Context) -> None:
    """The version of floe, of Python, and of the libraries that decide what it does."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    from floe_engine import __version__

    libraries = {}
    for name in ("cryptography", "jinja2", "msgspec", "oras", "pydantic", "sigstore", "sqlglot", "textual"):
        try:
            libraries[name] = installed(name)
        except PackageNotFoundError:  # sqlglot is an extra
            libraries[name] = ""
    out = context.output
    out.answer(f"floe {__version__}")
    out.line(f"Python {platform.python_version()} on {platform.platform()}, {sys.executable}")
    missing = [name for name, number in libraries.items() if not number]
    out.line(", ".join(f"{name} {number}" for name, number in libraries.items() if number))
    if missing:
        out.line(f"{plural(len(missing), 'library')} not installed: {', '.join(missing)}")
    out.result(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        executable=sys.executable,
        libraries={name: number or None for name, number in libraries.items()},
    )
