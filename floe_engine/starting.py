"""The first instructions of floe's programs: what Ctrl-C does, and what may be imported.

`floe_engine` calls `begin` while it is itself imported, before anything else is: a Ctrl-C at that moment
is no traceback, and a ``json.py`` of a directory in which somebody works is not run. What Python has done
until then is out of reach: with ``python -m`` and with a relative PYTHONPATH it looks for its own first
modules, and for floe, in the working directory (``python -P -m`` does not).

Only what is part of the interpreter is imported here, for the same two reasons.
"""

import _signal  # type: ignore[import-not-found]  # the interpreter's own, under `signal`
import _thread
import os
import sys
from types import FrameType

_PROGRAMS = ("floe", "floe-engine", "floe-tui", "floe-workbench")
_CANCELLED = 130


def is_program() -> bool:
    """Whether this process is one of floe's programs, rather than one that uses the library."""
    called = sys.argv[0] if getattr(sys, "argv", None) else ""
    if called == "-m":  # Python is still looking for what it was asked to run
        return any(word in ("floe_engine", "floe_tui") for word in sys.orig_argv)
    return called.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in _PROGRAMS


def begin() -> None:
    """Answer Ctrl-C with 130 from here on, and import nothing from the working directory."""
    # Whoever started this with Ctrl-C ignored (nohup, a shell's background job) wants it so.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _stop)
        sys.unraisablehook = _swallowed
    leave_out_working_directory()


def leave_out_working_directory() -> None:
    """Take the working directory, and what is relative to it, off the import path."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # it was deleted
        here = ""
    # A checkout of floe in which somebody stands is where floe itself is.
    sys.path[:] = [
        path
        for path in sys.path
        if os.path.isabs(path) and (path == own or not _same(path, here))  # noqa: PTH117
    ]
    sys.path_importer_cache.pop(here, None)


def _same(path: str, here: str) -> bool:
    try:
        return os.path.samefile(path, here)  # noqa: PTH121
    except OSError:
        return path == here


def _stop(number: int, frame: FrameType | None) -> None:
    """Nothing has been begun: a command sets a handler of its own when it begins."""
    os._exit(_CANCELLED)


def _swallowed(what: "sys.UnraisableHookArgs") -> None:
    """A Ctrl-C that met a destructor would be printed and lost: send it again when that has ended."""
    if what.exc_type is KeyboardInterrupt:
        import threading

        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(what)
