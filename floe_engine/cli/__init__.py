"""The headless face: stdout carries data, stderr carries talk.

Parses the command line, calls one workflow and prints its result. Decides nothing else.
"""

from __future__ import annotations

import sys


def run() -> None:
    """Entry point of `floe` and `floe-engine`."""
    if sys.argv[1:] == ["--version"]:  # scripts ask often; answer before anything is imported
        from floe_engine import __version__

        sys.stdout.write(f"floe {__version__}\n")
        return
    from floe_engine.cli.main import main

    main()
