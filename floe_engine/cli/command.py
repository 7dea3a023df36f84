"""What all commands share: their common options, their end, and their exit code."""

from __future__ import annotations

import copy
import errno
import functools
import inspect
import re
import signal
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from floe_engine.cli.output import Output, error_document, unwritable, wants_colour
from floe_engine.errors import Cancelled, FloeError, StorageError, UsageError
from floe_engine.events import CancelToken
from floe_engine.files import keep_report, stands
from floe_engine.workspace import Workspace


class Crash(FloeError):
    """An unforeseen exception: a mistake in floe. 70 is EX_SOFTWARE of sysexits.h."""

    exit_code = 70


_METAVARS = {
    "baseline": "FILE", "code": "CODE", "constraint": "CONSTRAINT", "dir_": "DIRECTORY",
    "end": "TO", "exclude": "SELECTOR", "executor": "ADDRESS", "file": "FILE",
    "identity_token": "TOKEN", "impact": "PROJECT", "into": "DIRECTORY", "key": "FILE",
    "new": "NEW", "old": "OLD", "output": "FORM", "path": "SETTING", "platform": "VERSION",
    "profiles_dir": "DIRECTORY",
    "registry": "REPOSITORY", "select": "SELECTOR", "shell": "SHELL", "source": "SRC",
    "start": "FROM", "target": "DST", "to": "VERSION", "trusted_key": "FILE",
    "version": "VERSION", "workers": "NUMBER",
}  # fmt: skip
"""Parameter → what its value is called in help."""

Misused: Any = typer.BadParameter.__base__
"""What typer raises for a command line that it cannot parse; it exports that class under no name."""


_OF_THE_MACHINE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG, errno.ELOOP,
     errno.ENOTDIR, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOENT, errno.EISDIR, errno.EEXIST,
     errno.ENOTEMPTY, errno.EBUSY, errno.ESTALE, errno.EFBIG}
)  # fmt: skip
"""What a disk says of itself; nothing in floe is wrong then."""


@dataclass(frozen=True)
class Face:
    """What a command body works with."""

    output: Output
    workspace: Workspace
    cancel: CancelToken

    def path(self, named: Path) -> Path:
        """A file or folder of the command line: relative to ``--dir``, as with ``git -C``."""
        return self.workspace.directory / named


Body = Callable[..., int | None]


def command(
    app: typer.Typer,
    name: str,
    *,
    formats: Sequence[str] = ("text", "json"),
    registry: bool = False,
    examples: Mapping[str, str] | None = None,
) -> Callable[[Body], Body]:
    """Register a command body, `(face, **options) -> exit code or None`, under `name`.

    Adds ``--output``, ``--dir``, ``--quiet`` and ``--no-color``, and ``--registry`` where asked;
    turns every `FloeError` into its message and exit code. `examples` are command lines, each with
    what it is for; help shows them at its end.
    """
    listed = "|".join(formats)
    group = app.info.name
    title = name if group in (None, "floe") else f"{group} {name}"

    def decorate(body: Body) -> Body:
        @functools.wraps(body)
        def run(**options: Any) -> None:
            directory = options.pop("dir_")
            output = Output(
                title,
                format=options.pop("output"),
                quiet=options.pop("quiet"),
                colour=wants_colour(options.pop("no_color")),
            )
            registry_option = options.pop("registry") if registry else None
            raise typer.Exit(
                invoke(
                    lambda cancel: body(
                        _face(output, directory, registry_option, formats, cancel), **options
                    ),
                    output,
                )
            )

        common = [
            _option("output", str, "text", "--output", "-o", help=f"Form of the output: {listed}."),
            _option(
                "dir_",
                Path,
                Path(),
                "--dir",
                "-C",
                help="Work in this directory; other paths are relative to it.",
            ),
            _option("quiet", bool, False, "--quiet", "-q", help="Print results and problems only."),
            _option("no_color", bool, False, "--no-color", help="No colours (also NO_COLOR)."),
        ]
        if registry:
            common.insert(
                0,
                _option(
                    "registry",
                    str | None,
                    None,
                    "--registry",
                    help="Repository: oci://host/name or oci-layout:PATH (also FLOE_REGISTRY).",
                ),
            )
        signature = inspect.signature(body, eval_str=True)
        own = [_named(p) for key, p in signature.parameters.items() if key != "face"]
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]  # typer reads it
            parameters=[*own, *common], return_annotation=None
        )
        # typer asks typing.get_type_hints, which reads these rather than the signature.
        run.__annotations__ = {p.name: p.annotation for p in [*own, *common]}
        del run.__wrapped__
        # A list of commands shows the whole sentence: typer would cut it off in the middle.
        sentence = " ".join(inspect.cleandoc(body.__doc__ or "").partition("\n\n")[0].split())
        app.command(name, short_help=sentence, epilog=_epilog(examples or {}))(run)
        return body

    return decorate


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
        output.error(_crash(error))
        code = Crash.exit_code
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if (lost := output.finish()) is not None:
        output.error(unwritable(lost))
        code = code or UsageError.exit_code
    return code


def refuse(misuse: Any, arguments: Sequence[str]) -> int:
    """Say what is wrong with a command line, also as JSON where it asks for that; the exit code."""
    # typer passes on what pydantic calls every wrong value.
    misuse.message = misuse.message.replace("Value error, ", "")
    misuse.show()
    asked = " ".join(arguments).replace("=", " ")
    if re.search(r"(^| )(-o ?|--output )json( |$)", asked):
        title = misuse.ctx.command_path.partition(" ")[2] if misuse.ctx else ""
        error = UsageError(misuse.format_message().rstrip("."))
        Output(title, format="json").result({"error": error_document(error)}, ok=False)
    return UsageError.exit_code


def _face(
    output: Output, directory: Path, registry: str | None, formats: Sequence[str], cancel: CancelToken
) -> Face:
    if output.format not in formats:
        wanted = output.format
        output.format = "text"
        raise UsageError(f"--output {wanted} is not possible here", hint=f"use one of: {', '.join(formats)}")
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            "the working directory is gone", error.strerror or "", hint="go to one that exists (`cd ~`)"
        ) from None
    if not directory.is_dir():
        raise UsageError("--dir is not a directory", where=str(directory))
    workspace = Workspace.open(directory, registry=registry)
    if stands(workspace.store.root / "cache" / "journal.json"):
        from floe_engine.workflows.interrupted import settle

        settle(workspace, output.report, cancel)
    return Face(output, workspace, cancel)


def _option(name: str, kind: Any, default: Any, *flags: str, help: str) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, typer.Option(*flags, help=help, metavar=_METAVARS.get(name))],
    )


def _epilog(examples: Mapping[str, str]) -> str | None:
    """What stands below the options: a line for each example."""
    if not examples:
        return None
    width = max(map(len, examples))
    lines = [f"  {line:<{width}}  # {purpose}" for line, purpose in examples.items()]
    return "\b\nExamples:\n" + "\n".join(lines)  # after \b the lines are left as they are


def _named(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter with the word for its value that help shows, instead of a Python type."""
    if not hasattr(parameter.annotation, "__metadata__"):
        return parameter
    kind, *more = get_args(parameter.annotation)
    infos = [copy.copy(entry) for entry in more]
    for info in infos:
        if isinstance(info, (ArgumentInfo, OptionInfo)) and info.metavar is None:
            info.metavar = _METAVARS.get(parameter.name)
    return parameter.replace(annotation=Annotated[kind, *infos])


def _crash(error: Exception) -> Crash:
    told = "".join(traceback.format_exception(error))
    try:
        hint = f"please report it with the file {keep_report('floe-crash', told)}"
    except FloeError:
        hint = "please report it; the traceback could not be written down"
    return Crash("floe crashed, and that is a mistake in floe", f"{type(error).__name__}: {error}", hint=hint)
