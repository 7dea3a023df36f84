"""Options and kinds of value that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from floe_engine import __version__
from floe_engine.scaffold.choices import Service

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class RelativePath(click.ParamType[Any]):
    """A path that a shell completes and that nobody looks at yet: it is relative to ``--dir``.

    `made` is what it becomes. click's own would ask for translations of its name.
    """

    def __init__(self, made: Callable[[str], Any] = str, *, directory: bool = False) -> None:
        self.name = "directory" if directory else "path"
        self._made = made

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it was written."""
        return self._made(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files, or directories alone."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir" if self.name == "directory" else "file")]


class Word(click.ParamType[str]):
    """A text of which a shell is offered the values that are known here (`completing.KNOWN`)."""

    name = "text"

    def __init__(self, known: str) -> None:
        self.known = known

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as it was written."""
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What is known, without asking a registry."""
        from floe_engine.cli.completing import offered

        return offered(self.known, ctx, incomplete)


class VersionOrPlace(RelativePath):
    """A published version, or a path."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files, and the versions that are known."""
        from floe_engine.cli.completing import offered

        # Where a shell's script is told of files it forgets what it was told before.
        return [*super().shell_complete(ctx, param, incomplete), *offered("version", ctx, incomplete)]


class _AsWritten(click.Parameter):
    """Its help is shown as it is written: click imports `inspect` to take indentation away."""

    def __init__(self, *arguments: Any, help: str = "", **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = help


class Option(_AsWritten, click.Option):
    """An option of floe's."""


class Argument(_AsWritten, click.Argument):
    """An argument of floe's."""


def option(*declarations: str, **attributes: Any) -> Callable[[Any], Any]:
    """Like `click.option`, of an `Option`."""
    return click.option(*declarations, cls=Option, **attributes)


def argument(*declarations: str, **attributes: Any) -> Callable[[Any], Any]:
    """Like `click.argument`, of an `Argument`."""
    return click.argument(*declarations, cls=Argument, **attributes)


def _show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"floe {__version__}", color=ctx.color)
        ctx.exit()


HELP = Option(
    ["-h", "--help", "asked_for_help"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_help,
    help="Show this message and exit.",
)
"""What click makes of each command, as an `Option`: a command has it by `get_help_option`."""

VERSION_OF_FLOE = Option(
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version.",
)

VERSION = Word("version")
CONSTRAINT = Word("constraint")
VERSION_OR_PLACE = VersionOrPlace()
FILE = RelativePath(Path)
DIRECTORY = RelativePath(Path, directory=True)
FILE_OR_NAME = RelativePath()
"""What may name a file or something else, such as a reference or ``env://NAME``: its text."""

offline = option("--offline", is_flag=True, help="Ask no registry; use what is cached.")
dry_run = option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
watch = option("--watch", "-w", is_flag=True, help="Do it again whenever a file changes.")

accept_breaking = option("--accept-breaking", is_flag=True, help="Move although the project would break.")
allow_downgrade = option(
    "--allow-downgrade", is_flag=True, help="Accept a lower version than the locked one."
)
require_trusted = option(
    "--require-trusted/--no-require-trusted",
    default=None,
    help="Whether somebody trusted must have signed it; unset: where anybody is trusted here.",
)

_SIGNING = (
    option(
        "--allow-readable-key", is_flag=True, help="Take a key file that others on this machine may read."
    ),
    option("--identity-token", metavar="TOKEN", help="OpenID token for --keyless (also SIGSTORE_ID_TOKEN)."),
    option("--keyless", is_flag=True, help="Sign with a Sigstore identity instead of a key."),
    option(
        "--key",
        "keys",
        type=FILE_OR_NAME,
        multiple=True,
        metavar="FILE",
        help="Signing key: a file or env://NAME; may be repeated (also FLOE_SIGNING_KEY, cosign.key).",
    ),
)


def signing(body: Any) -> Any:
    """The options of a command that signs, by their names in `SigningOptions`."""
    for each in _SIGNING:
        body = each(body)
    return body


def ci_service(default: Service, what: str) -> Callable[[Any], Any]:
    """Whose CI file to write; `what` says so, and `default` is for whoever says nothing."""
    services = get_args(Service)
    return option(
        "--ci",
        "service",
        type=click.Choice(services),
        default=default,
        show_default=True,
        metavar="SERVICE",
        help=f"{what}: {'|'.join(services)}.",
    )
