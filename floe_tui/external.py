"""The user's own editor, in the terminal that the workbench steps out of for a while."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from floe_engine import ConfigurationError, child_environment, read_bounded, scratch, write_file
from floe_tui.session import home
from floe_tui.settings import load_or_default, settings_path

LIMIT = 64_000_000

NAMES = ("VISUAL", "EDITOR")


def editor_command() -> list[str]:
    """The editor of the settings file, ``$VISUAL`` or ``$EDITOR`` in words.

    Raises `ConfigurationError` where neither is set: starting an editor that the user did not
    choose, and may not know how to leave, would be worse.
    """
    settings, _ = load_or_default()
    for name, value in (("editor", settings.editor), *((f"${n}", os.environ.get(n, "")) for n in NAMES)):
        if value.strip():
            try:
                return shlex.split(value)
            except ValueError as error:
                raise ConfigurationError(f"{name} cannot be read", str(error)) from None
    raise ConfigurationError(
        "no editor is set",
        "The settings file names none, and neither $VISUAL nor $EDITOR has a value.",
        hint=f'write editor = "vim" into {settings_path()}, or export EDITOR=vim',
    )


def edit_text(text: str, *, suffix: str = ".yaml") -> str:
    """Let the user edit `text` and return what they left. Call it while the app is suspended."""
    with scratch() as folder:
        path = folder / f"manifest{suffix}"
        write_file(path, text.encode())
        _run([*editor_command(), str(path)])
        data: bytes = read_bounded(path, LIMIT, what="edited text")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            kept = home() / "not-utf-8.txt"  # a text that somebody wrote is not thrown away
            write_file(kept, data, mode=0o600)
            raise ConfigurationError(
                "the editor wrote something that is not UTF-8",
                "The text here stays as it was.",
                hint=f"what it wrote is in {kept}; set the editor's encoding to UTF-8",
            ) from None


def open_at(path: Path, line: int = 1) -> None:
    """Open a file at a line. Call it while the app is suspended.

    ``+LINE`` is what vi, emacs, nano, micro, joe and helix take; VS Code and Zed are told theirs.
    """
    command = editor_command()
    name = Path(command[0]).stem
    if name in {"code", "codium", "cursor"}:
        command += ["--goto", f"{path}:{line}"]
    elif name in {"zed", "subl", "hx"}:
        command.append(f"{path}:{line}")
    else:
        command += [f"+{line}", str(path)]
    _run(command)


def _run(command: list[str]) -> None:
    try:
        # The user's own $EDITOR, without a shell.
        code = subprocess.run(command, check=False, env=child_environment()).returncode  # noqa: S603
    except OSError as error:
        raise ConfigurationError(
            "the editor does not start", f"{command[0]}: {error.strerror or error}", hint="check $EDITOR"
        ) from None
    if code:
        raise ConfigurationError("the editor failed", f"{command[0]} ended with status {code}")
