"""What the git of this machine knows of a directory. Nothing is changed, and no filter or hook is run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from floe_engine.processes import child_environment

_LONGEST = 120
"""Seconds that git may take."""


class NoAnswer(Exception):
    """git is not here, or says no; the first line of what it said."""


class TreeEntry(Struct, frozen=True):
    """A file at a revision: its path from where git was asked, and git's ID of its bytes."""

    path: str
    object_id: str


def ask(directory: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> bytes:
    """What git prints. Raises `NoAnswer`; callers let no argument of a user's begin with a dash."""
    try:
        done = subprocess.run(  # noqa: S603  (no shell, and git from PATH, as users expect)
            # A folder that a clone brings may look like a bare repository, and its config names programs.
            ["git", "-c", "safe.bareRepository=explicit", *arguments],  # noqa: S607
            cwd=directory,
            # Files are asked for by their names: none of them is a pattern. Nothing is fetched, whatever
            # the repository's config says: an older git knows the last of these alone.
            env=child_environment(environ)
            | {"GIT_LITERAL_PATHSPECS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoAnswer(str(error)) from None
    if done.returncode:
        raise NoAnswer(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0])
    return done.stdout


def files_at(
    directory: Path, revision: str, *, environ: Mapping[str, str] | None = None
) -> Iterator[TreeEntry]:
    """The regular files at `revision` below `directory`; links and submodules are none. Raises `NoAnswer`."""
    if revision.startswith("-"):
        raise NoAnswer(f"not a git revision: {revision}")
    # Without sizes: a clone that has left blobs behind would fetch every one to tell them.
    listed = ask(directory, "ls-tree", "-r", "-z", revision, environ=environ)
    for row in listed.decode("utf-8", "surrogateescape").split("\0"):
        kind, tab, path = row.partition("\t")
        if tab and kind.startswith("100"):
            yield TreeEntry(path, kind.split()[-1])
