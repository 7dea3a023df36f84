"""What the benchmarks share: which peers the goals are for, and what a missed goal does.

A goal is a ratio to a peer, or a time, of one run on one machine. It is printed beside the figure;
`--strict` makes a missed one, or a peer that was not there, an exit code of 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = {
    "cosign": "3",
    "dbt": "1.11",
    "dbt-bouncer": "4.3",
    "dbt-score": "0.19",
    "deepdiff": "9",
    "docker-registry": "2.8",
    "harlequin": "2",
    "oras": "1.3",
    "posting": "2",
    "semver": "3",
    "yaml-language-server": "1.25",
}
"""The versions that the goals were set against: a major, or a minor where the peer is young."""


class Goals:
    """The goals of one benchmark, and those that it missed."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--strict", action="store_true", help="exit with 1 where a goal is missed")
        self._missed: list[str] = []

    def peer(self, name: str, found: str | None, how: str = "") -> bool:
        """Say which version of a peer this run is beside; False where there is none."""
        if found is None:
            self._miss(f"{name} is not here{f': {how}' if how else ''}")
            return False
        pinned = PEERS[name]
        if f"{found}.".startswith(f"{pinned}."):
            print(f"beside {name} {found}")
        else:
            self._miss(f"{name} is {found}; the goals are for {pinned}")
        return True

    def at_most(self, what: str, figure: float, limit: float) -> str:
        """What to print behind a figure that should be small."""
        return self._verdict(what, figure, figure <= limit, f"≤ {limit:g}")

    def at_least(self, what: str, figure: float, limit: float) -> str:
        """What to print behind a figure that should be large."""
        return self._verdict(what, figure, figure >= limit, f"≥ {limit:g}")

    def end(self, strict: bool) -> None:
        """Tell what was missed, and end the process."""
        if self._missed:
            print("missed:", *self._missed, sep="\n  ")
        sys.exit(1 if strict and self._missed else 0)

    def _verdict(self, what: str, figure: float, met: bool, goal: str) -> str:
        if not met:
            self._missed.append(f"{what}: {figure:.2f}, goal {goal}")
        return f"(goal {goal}{'' if met else ', missed'})"

    def _miss(self, what: str) -> None:
        print(what)
        self._missed.append(what)


def version_of(command: Sequence[str]) -> str | None:
    """The first version number that a program prints about itself; None where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    number = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return number[0] if number else "of unknown version"


def version_beside(program: str, name: str) -> str | None:
    """The version of a package in the environment of a program that does not say its own."""
    python = Path(program).resolve().with_name("python")
    ask = f"import importlib.metadata as m; print(m.version({name!r}))"
    return version_of([str(python), "-I", "-c", ask])


def version_of_package(name: str) -> str | None:
    """The version of a library in this environment."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
