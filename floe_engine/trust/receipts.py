"""What this user has seen to be good already: kept in the user's cache, never in a project.

A receipt is an empty file whose name is a digest over everything that it vouches for, so that
nothing has to be read out of it. Where the cache is not the user's own there are no receipts, and
everything is looked at again.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from floe_engine.errors import FloeError
from floe_engine.files import Directory, own_cache, sha256_digest

if TYPE_CHECKING:
    from floe_engine.workspace import Workspace


Kind = Literal["published", "good"]
"""What a receipt says: that a digest was published into a repository from here, or that signatures were
good by exactly these facts."""


def noted(workspace: Workspace, kind: Kind, *facts: str) -> bool:
    """Whether this user has seen that, on this machine."""
    folder = _folder(workspace)
    return folder is not None and (folder / _name(kind, *facts)).is_file()


def note(workspace: Workspace, kind: Kind, *facts: str) -> None:
    """Remember it."""
    folder = _folder(workspace, make=True)
    if folder is not None:
        # A full disk, or something in the way, costs a second look and no more.
        with contextlib.suppress(FloeError):
            Directory(folder).write(_name(kind, *facts), b"", mode=0o600, tidy=False)


def _name(*facts: str) -> str:
    return sha256_digest("\0".join(facts).encode()).removeprefix("sha256:")


def _folder(workspace: Workspace, *, make: bool = False) -> Path | None:
    """The user's own folder of receipts; None where it is absent, shared, or part of the project."""
    return own_cache("receipts", outside=workspace.directory, make=make)
