"""What was not foreseen: written down where it can be looked up, and told in one line."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from floe_engine import FloeError, read_bounded, write_file

EXIT_CODE = 70
"""Of an error inside floe (EX_SOFTWARE of sysexits.h), as of the command line's."""

LOG_LIMIT = 1_000_000
"""Bytes after which the log of failures is begun anew."""


def tell(problem: BaseException, log: Path, *, kept: bool = False) -> str:
    """Append the traceback to the log and say so in a line for the terminal; `kept`: unsaved text is."""
    where = write_log(log, problem)
    parts = [
        f"floe-tui: ended by an error inside floe: {type(problem).__name__}.",
        "Unsaved text is kept and offered at the next start." if kept else "",
        f"The traceback is in {where}" if where else "The traceback could not be written down",
    ]
    return " ".join(part for part in parts if part)


def write_log(path: Path, problem: BaseException) -> str:
    """Append a traceback to the log; its path, or nothing where the disk refuses."""
    text = "".join(traceback.format_exception(problem))
    entry = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{text}\n".encode("utf-8", "backslashreplace")
    try:
        before = read_bounded(path, LOG_LIMIT)
    except FloeError:
        before = b""  # there is none, or it is begun anew
    try:
        write_file(path, before + entry)
    except FloeError:
        return ""
    return str(path)
