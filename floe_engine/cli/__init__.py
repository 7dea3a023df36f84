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
    # A command makes many objects that live until it ends; looking for rubbish among them so often
    # costs a tenth of the time.
    gc.set_threshold(100_000, 50, 50)
    # pydantic would ask every installed package for plugins, at each start; floe uses none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from floe_engine.cli.main import main

    main()


def _open_streams() -> None:
    """Python has no stream where its file descriptor was closed (`floe … >&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, mode))
