"""Copying: to the system's own clipboard where a program for it is there, else by the terminal.

A terminal does not say whether it took an OSC 52 sequence, so the answer is honest about that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from floe_engine import child_environment

if TYPE_CHECKING:
    from textual.app import App

TIMEOUT = 2.0


def copy(app: App[Any], text: str) -> None:
    """Copy `text`, and tell in a notice how that went: the program may take its time, the screen not."""
    app.copy_to_clipboard(text)

    def native() -> None:
        said = _handed_over(text)
        app.call_from_thread(lambda: app.notify(said, markup=False))

    app.run_worker(native, name="copying", group="clipboard", thread=True, exit_on_error=False)


def _handed_over(text: str) -> str:
    """Give `text` to the system's own program; says in a sentence how that went."""
    command = _native()
    if command is None:
        return "Copied through the terminal (OSC 52); where it does not paste, the terminal forbids it."
    try:
        # The command is one of the four below, found on the user's own PATH.
        subprocess.run(command, input=text.encode(), check=True, timeout=TIMEOUT, stdout=subprocess.DEVNULL,  # noqa: S603
                       stderr=subprocess.DEVNULL, env=child_environment())  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"Copied through the terminal only: {command[0]} failed ({type(error).__name__})."
    return "Copied."


def _native() -> list[str] | None:
    """The system's copy program, where this session can use it."""
    if os.environ.get("SSH_TTY"):
        return None  # a program here would copy on the remote machine
    if sys.platform == "darwin":
        candidates = [["pbcopy"]]
    elif sys.platform == "win32":
        candidates = [["clip"]]
    elif os.environ.get("WAYLAND_DISPLAY"):
        candidates = [["wl-copy"]]
    elif os.environ.get("DISPLAY"):
        candidates = [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    else:
        candidates = []
    for command in candidates:
        if program := shutil.which(command[0]):
            return [program, *command[1:]]
    return None
