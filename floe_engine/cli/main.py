"""One run of the command line, from its words to its exit code."""

from __future__ import annotations

import sys

import click

from floe_engine.cli.commands import floe


def main() -> None:
    """Run a command, or answer a shell that completes one (see `floe completion`)."""
    try:
        code = floe(standalone_mode=False, prog_name=_name())
        sys.stdout.flush()
    except BrokenPipeError:  # `floe --help | head`; a command's own output never gets here
        _leave_stdout()
        code = 0
    except SystemExit as ended:  # click's own answer to the same, where nothing is buffered, is 1
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
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
