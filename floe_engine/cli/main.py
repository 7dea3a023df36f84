"""The command line as a whole: its two groups and what stands beside them."""

from __future__ import annotations

from typing import Annotated

import typer

from floe_engine.cli import project, transfer, versions
from floe_engine.cli.platform import cache, platform

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
transfer.register(platform)
versions.register(app, platform)


def main() -> None:
    """Run the command line."""
    app()
