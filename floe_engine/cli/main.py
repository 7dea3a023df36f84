"""One run of the command line, from its words to its exit code."""

from __future__ import annotations

import os
import sys

import click

from floe_engine.cli.commands import completion_variable, floe


def main() -> None:
    """Run a command, or answer a shell that completes one (see `floe completion`)."""
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # `floe --help | head`; a command's own output never gets here
        _leave_stdout()
        code = 0
    except OSError as lost:  # help or the version; a command has answered for its own output
        _leave_stdout()
        code = _unwritable(lost)
    except click.ClickException as misuse:
        from floe_engine.cli.command import refuse

        code = refuse(misuse, sys.argv[1:])
    except (KeyboardInterrupt, click.Abort):  # before a command began, or while it asked something
        from floe_engine.errors import Cancelled

        code = Cancelled.exit_code
    sys.exit(code)


def _run() -> int:
    """What click's own `main` does, but that it hides a pipe that was closed behind an exit code of 1."""
    name = _name()
    variable = completion_variable(name)
    if asked := os.environ.get(variable):
        from click.shell_completion import shell_complete

        from floe_engine.cli import powershell  # noqa: F401  # makes itself known to click

        try:
            return shell_complete(floe, {}, name, variable, asked)
        except (KeyError, ValueError):  # nobody's script asks like that, and a prompt is no place to talk
            return 1
    try:
        with floe.make_context(name, sys.argv[1:]) as context:
            floe.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return 0


def _name() -> str:
    """What the user calls the program; how click works that out has changed, and answers name it."""
    return "floe-engine" if sys.argv[0].endswith("floe-engine") else "floe"


def _leave_stdout() -> None:
    from floe_engine.cli.output import divert

    divert(sys.stdout)


def _unwritable(lost: OSError) -> int:
    from floe_engine.cli.output import Output, unwritable

    error = unwritable(lost)
    Output("").error(error)
    return error.exit_code
