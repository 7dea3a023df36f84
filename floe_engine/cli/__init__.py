"""The headless face: stdout carries data, stderr carries talk.

Parses the command line, calls one workflow and prints its result. Decides nothing else.
"""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Entry point of `floe` and `floe-engine`."""
    _open_streams()
    if sys.argv[1:] == ["--version"]:  # scripts ask often; answer before anything is imported
        from floe_engine import __version__

        try:
            sys.stdout.write(f"floe {__version__}\n")
            sys.stdout.flush()
        except OSError:  # what is wrong with it is said below, where the library for that is
            pass
        else:
            return
    # A command makes many objects that live until it ends: looking for rubbish among them costs a tenth
    # of its time. What runs for longer turns the collector on again.
    gc.disable()
    # pydantic would ask every installed package for plugins, at each start; floe uses none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from floe_engine.later import execute_when_asked
    from floe_engine.patterns import compiled_on_use

    # click and Python's own modules import them for what few commands do.
    execute_when_asked("inspect", "ipaddress", "textwrap")
    with compiled_on_use():  # uuid asks the one for the system's name, pathlib the other for a file's URL
        import platform  # noqa: F401
        import urllib.parse  # noqa: F401
    from floe_engine.cli.main import main

    try:
        main()
    except SystemExit as ended:
        _leave(ended.code)
        raise


def _leave(code: object) -> None:
    """End the process, if nothing else is running in it, without taking down object by object.

    All that a program may have asked for at its end is done first. Returns where the interpreter has to
    end it: another thread is at work, a profiler or a debugger is looking, or output cannot be written.
    """
    import atexit
    import threading

    at_work = [thread for thread in threading.enumerate() if not thread.daemon]
    if at_work != [threading.main_thread()] or sys.getprofile() or sys.gettrace():
        return
    if not isinstance(code, int | None):
        return
    try:
        atexit._run_exitfuncs()  # noqa: SLF001  (nothing public does that before the end)
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code or 0)


def _open_streams() -> None:
    """Python has no stream where its file descriptor was closed (`floe … >&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, mode))
