"""``floe-tui``: reads its command line before it loads anything heavy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine import __version__

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

SWITCH = 0.001
"""Seconds that a worker may keep the interpreter while the screen waits (CPython's own: 0.005)."""


class Parser(argparse.ArgumentParser):
    """A parser whose output is written, or fails: argparse passes over what it cannot write."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        stream = file or sys.stderr
        if message and stream is not None:  # None where it was closed
            stream.write(message)
            if sys.stdout is not None:
                sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = Parser(
        prog="floe-tui",
        description="Work on platform artifacts: manifest, versions, policy, registry, project.",
    )
    result.add_argument(
        "--dir", type=Path, default=Path(), metavar="DIR", help="where to work (default: here)"
    )
    result.add_argument("--read-only", action="store_true", help="look, but change nothing")
    result.add_argument(
        "--theme",
        default="",
        metavar="NAME",
        help="floe-dark, -light, -ansi, -colour-blind, or one of your own",
    )
    result.add_argument("--web", action="store_true", help="serve the workbench to a browser on this machine")
    result.add_argument("--port", type=int, default=8765, help="port for --web (default: 8765)")
    result.add_argument("--version", action="version", version=f"floe-tui {__version__}")
    return result


def run(argv: Sequence[str] | None = None) -> int:
    """Run the workbench; returns the exit code."""
    try:
        arguments = parser().parse_args(argv)
    except BrokenPipeError:  # `floe-tui --help | head`
        return _diverted(0)
    except OSError as lost:
        sys.stderr.write(f"floe-tui: the output could not be written: {lost.strerror}\n")
        return _diverted(2)
    directory: Path = arguments.dir
    if not directory.is_dir():
        sys.stderr.write(f"floe-tui: {directory}: not a directory\n")
        return 2
    if arguments.web:
        return _serve(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and not _in_browser():
        sys.stderr.write("floe-tui: needs a terminal; in scripts, use floe-engine\n")
        return 2
    return _work(directory.resolve(), arguments)


def _diverted(code: int) -> int:
    """Python would write again what was left over when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _work(directory: Path, arguments: argparse.Namespace) -> int:
    import gc
    import signal

    from floe_engine.later import execute_when_asked
    from floe_engine.patterns import compiled_on_use

    # asyncio and msgspec import them for what the workbench asks late, or never.
    execute_when_asked("ssl", "asyncio.sslproto", "msgspec.inspect")
    with (
        compiled_on_use()
    ):  # imported here for this alone: others import them, and ask few of their expressions
        import gettext  # noqa: F401
        import logging  # noqa: F401
        import platform  # noqa: F401

        import platformdirs  # noqa: F401
    from floe_tui import crash, session

    gc.disable()  # until the first paint: what is loaded for it stays, and is no garbage
    sys.setswitchinterval(SWITCH)
    # pydantic would ask every installed package for plugins, at each start; floe uses none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    try:
        _settle(directory)
        from floe_tui.app import Workbench
        from floe_tui.settings import Options

        app = Workbench(Options(directory, arguments.read_only, arguments.theme))
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the terminal is the workbench's now
        app.run()
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the face: what fails before or after the app has its loop
        sys.stderr.write(f"{crash.tell(error, session.log_path())}\n")
        return crash.EXIT_CODE
    if app.crash:  # the terminal is the shell's again
        sys.stderr.write(f"{app.crash}\n")
    return app.return_code or 0


def _settle(directory: Path) -> None:
    """Take back what a killed command left half done here, as every command does; said before the screen."""
    from floe_engine import Event, FloeError, Notice, Workspace, settle

    def say(event: Event) -> None:
        if isinstance(event, Notice):
            sys.stderr.write(f"floe-tui: {event.message}\n")

    try:
        workspace = Workspace.open(directory)
        if workspace.unsettled:
            settle(workspace, say)
    except FloeError as error:
        sys.stderr.write(f"floe-tui: {error.title}\n")


def _in_browser() -> bool:
    """Whether textual-serve started this process: it talks through pipes."""
    return "TEXTUAL_DRIVER" in os.environ


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from floe_tui.web.server import serve
    except ImportError:
        sys.stderr.write("floe-tui: --web needs the extra: pip install 'floe-workbench[web]'\n")
        return 2
    return serve(
        arguments.dir.resolve(), read_only=arguments.read_only, theme=arguments.theme, port=arguments.port
    )


if __name__ == "__main__":
    sys.exit(run())
