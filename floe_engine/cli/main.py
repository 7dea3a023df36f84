"""The command line as a whole: its two groups and what stands beside them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from floe_engine.cli import doctor, manifest, project, transfer, trusting, versions
from floe_engine.cli.command import Misused, refuse
from floe_engine.cli.output import Output, divert, unwritable
from floe_engine.cli.platform import cache, platform
from floe_engine.errors import Cancelled, UsageError

app = typer.Typer(
    name="floe",
    help="Compile, test, sign, publish and pin data platform policies as OCI artifacts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from floe_engine import __version__

        typer.echo(f"floe {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Two teams, one chain: a platform team publishes policies, data teams pin and keep them."""


platform.add_typer(cache, name="cache")
app.add_typer(platform, name="platform")
project.register(app)
manifest.register(app, platform)
transfer.register(platform)
trusting.register(platform)
doctor.register(platform)
versions.register(app, platform)


def _name() -> str:
    """What the user calls the program; how click works that out has changed, and answers name it."""
    return "floe-engine" if sys.argv[0].endswith("floe-engine") else "floe"


def main() -> None:
    """Run the command line, or answer a shell that completes one (see `floe completion`)."""
    if {"_FLOE_COMPLETE", "_FLOE_ENGINE_COMPLETE"} & os.environ.keys():
        from typer.completion import completion_init  # type: ignore[attr-defined]  # not marked as exported

        completion_init()  # typer does this itself only with its own --install-completion
    try:
        code = app(standalone_mode=False, prog_name=_name())
        sys.stdout.flush()
    except BrokenPipeError:  # `floe --help | head`; a command's own output never gets here
        divert(sys.stdout)
        code = 0
    except SystemExit as ended:  # click's own answer to the same, where nothing is buffered, is 1
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        divert(sys.stdout)
        code = 0
    except OSError as lost:  # help or the version; a command has answered for its own output
        divert(sys.stdout)
        Output("").error(unwritable(lost))
        code = UsageError.exit_code
    except Misused as misuse:
        code = refuse(misuse, sys.argv[1:])
    except (KeyboardInterrupt, typer.Abort):  # before a command began, or while it asked something
        code = Cancelled.exit_code
    sys.exit(code)
