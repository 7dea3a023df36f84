"""What all commands share: their common options, their end, and their exit code."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TypedDict

import click
from msgspec import Struct

from floe_engine.cli.options import DIRECTORY, HELP, Option
from floe_engine.cli.output import Output, error_document, unwritable, wants_colour
from floe_engine.errors import Cancelled, Crash, FloeError, StorageError, UsageError
from floe_engine.events import CancelToken, Report
from floe_engine.files import keep_report
from floe_engine.workspace import Workspace

_OF_THE_MACHINE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG, errno.ELOOP,
     errno.ENOTDIR, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOENT, errno.EISDIR, errno.EEXIST,
     errno.ENOTEMPTY, errno.EBUSY, errno.ESTALE, errno.EFBIG}
)  # fmt: skip
"""What a disk says of itself; nothing in floe is wrong then."""


class Progress(TypedDict):
    """What every workflow takes: whom it tells what it does, and by what it is stopped."""

    report: Report
    cancel: CancelToken


class Context(Struct, frozen=True):
    """What a command body works with."""

    output: Output
    workspace: Workspace
    cancel: CancelToken

    @property
    def progress(self) -> Progress:
        """The command's own, for a workflow: ``publish(…, **context.progress)``."""
        return {"report": self.output.report, "cancel": self.cancel}

    def path(self, named: Path) -> Path:
        """A file or folder of the command line: relative to ``--dir``, as with ``git -C``."""
        return self.workspace.directory / named

    @staticmethod
    def keep(result: object) -> None:
        """Leave a large result to the end of the process: taking it apart object by object takes longer."""
        _KEPT[:] = [result]


_KEPT: list[object] = []
"""The last one, so that whoever runs many commands in one process keeps no more than that."""

Body = Callable[..., int | None]
"""What a command does with a `Context` and the values of its own options: its exit code, or None for 0."""

_DIRECTORY = Option(
    ["--dir", "-C", "directory"],
    type=DIRECTORY,
    default=Path(),
    metavar="DIRECTORY",
    help="Work in this directory; other paths are relative to it.",
)
_QUIET = Option(["--quiet", "-q"], is_flag=True, help="Print results and problems only.")
_NO_COLOR = Option(["--no-color"], is_flag=True, help="No colours (also NO_COLOR).")
_REGISTRY = Option(
    ["--registry"],
    metavar="REPOSITORY",
    help="Repository: oci://host/name or oci-layout:PATH (also FLOE_REGISTRY).",
)


class Command(click.Command):
    """A command of floe: beside its own options it takes ``--output``, ``--dir``, ``--quiet`` and
    ``--no-color``, and ``--registry`` where asked; every `FloeError` becomes its message and exit code.
    """

    def __init__(
        self,
        *arguments: Any,
        formats: Sequence[str] = ("text", "json"),
        registry: bool = False,
        examples: Mapping[str, str] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*arguments, **attributes)
        if "json" in formats:  # whatever is a document can be read as YAML too
            formats = (*formats, "yaml")
        self.epilog = _epilog(examples or {})
        output = Option(
            ["--output", "-o"],
            type=click.Choice(formats),
            default="text",
            show_default=True,
            metavar="FORM",
            help=f"Form of the output: {'|'.join(formats)}.",
        )
        self.params += [*([_REGISTRY] if registry else []), output, _DIRECTORY, _QUIET, _NO_COLOR]

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """``--help``."""
        return HELP

    def invoke(self, ctx: click.Context) -> None:
        """Run the body to its exit code."""
        options = dict(ctx.params)
        directory, registry = options.pop("directory"), options.pop("registry", None)
        output = Output(
            ctx.command_path.partition(" ")[2],
            format=options.pop("output"),
            quiet=options.pop("quiet"),
            colour=wants_colour(options.pop("no_color")),
        )
        body = self.callback
        assert body is not None
        ctx.exit(
            invoke(lambda cancel: body(_context(output, directory, registry, cancel), **options), output)
        )


def command(name: str, **attributes: Any) -> Callable[[Body], Command]:
    """Declare a function, `(context, **options) -> exit code or None`, as the command `name`.

    Its docstring is its help. `attributes` are those of a `Command`: `examples` are command lines, each with
    what it is for; help shows them at its end. The command is reached where `commands.py` names it.
    """
    return click.command(name, cls=Command, **attributes)


def invoke(body: Callable[[CancelToken], int | None], output: Output) -> int:
    """Run a command body to its exit code; nothing it raises gets past here."""
    cancel = CancelToken()

    def interrupt(number: int, frame: FrameType | None) -> None:
        cancel.cancel()
        raise KeyboardInterrupt

    previous = {s: signal.signal(s, interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = body(cancel) or 0
    except FloeError as error:
        output.error(error)
        code = error.exit_code
    except KeyboardInterrupt:
        output.error(Cancelled())
        code = Cancelled.exit_code
    except OSError as error:
        refusal = StorageError.of(error) if error.errno in _OF_THE_MACHINE else _crash(error)
        output.error(refusal)
        code = refusal.exit_code
    except Exception as error:  # the face: a crash is one line for people, the rest goes to a file
        # A library may make an error of its own of a Ctrl-C, as pydantic does while it builds a model.
        failure = Cancelled() if cancel.cancelled else _crash(error)
        output.error(failure)
        code = failure.exit_code
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if (lost := output.finish()) is not None:
        output.error(unwritable(lost))
        code = code or UsageError.exit_code
    return code


def refuse(misuse: click.ClickException, arguments: Sequence[str]) -> int:
    """Say what is wrong with a command line, also as a document where it asks for that; the exit code."""
    misuse.show()
    asked = re.search(r"(^| )(-o ?|--output )(json|yaml)( |$)", " ".join(arguments).replace("=", " "))
    if asked is not None:
        context = getattr(misuse, "ctx", None)
        title = context.command_path.partition(" ")[2] if context else ""
        error = UsageError(misuse.format_message().rstrip("."))
        Output(title, format=asked[3]).result(error=error_document(error), ok=False)
    return UsageError.exit_code


def _context(output: Output, directory: Path, registry: str | None, cancel: CancelToken) -> Context:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            "the working directory is gone", error.strerror or "", hint="go to one that exists (`cd ~`)"
        ) from None
    if not directory.is_dir():
        raise UsageError("--dir is not a directory", where=str(directory))
    workspace = Workspace.open(directory, registry=registry)
    if workspace.unsettled:
        from floe_engine.distribution.interrupted import settle

        settle(workspace, output.report, cancel)
    return Context(output, workspace, cancel)


def _epilog(examples: Mapping[str, str]) -> str | None:
    """What stands below the options: a line for each example."""
    if not examples:
        return None
    width = max(map(len, examples))
    lines = [f"  {line:<{width}}  # {purpose}" for line, purpose in examples.items()]
    return "\b\nExamples:\n" + "\n".join(lines)  # after \b the lines are left as they are


def _crash(error: Exception) -> Crash:
    import traceback

    told = "".join(traceback.format_exception(error))
    try:
        hint = f"please report it with the file {keep_report('floe-crash', told)}"
    except FloeError:
        hint = "please report it; the traceback could not be written down"
    return Crash("floe crashed, and that is a mistake in floe", f"{type(error).__name__}: {error}", hint=hint)
