"""What this user has seen to be good already: kept in the user's cache, never in a project.

A receipt is an empty file whose name is a digest over everything that it vouches for, so that
nothing has to be read out of it. Where the cache is not the user's own there are no receipts, and
everything is looked at again.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.errors import FloeError
from floe_engine.files import Directory, own_cache, sha256_digest

if TYPE_CHECKING:
    from floe_engine.registry.reference import Reference
    from floe_engine.workspace import Workspace


def note_published(workspace: Workspace, repository: Reference, digest: str) -> None:
    """Remember that `digest` was published into `repository` from here."""
    _note(workspace, "published", repository.name, digest)


def was_published(workspace: Workspace, repository: Reference, digest: str) -> bool:
    """Whether this user published `digest` into `repository`, on this machine."""
    return _noted(workspace, "published", repository.name, digest)


def note_good(workspace: Workspace, *facts: str) -> None:
    """Remember that the signatures that `facts` tell of were good."""
    _note(workspace, "good", *facts)


def was_good(workspace: Workspace, *facts: str) -> bool:
    """Whether exactly these facts have led to a good verdict before."""
    return _noted(workspace, "good", *facts)


def _noted(workspace: Workspace, *facts: str) -> bool:
    folder = _folder(workspace)
    return folder is not None and (folder / _name(facts)).is_file()


def _note(workspace: Workspace, *facts: str) -> None:
    folder = _folder(workspace, make=True)
    if folder is not None:
        # A full disk, or something in the way, costs a second look and no more.
        with contextlib.suppress(FloeError):
            Directory(folder).write(_name(facts), b"", mode=0o600, tidy=False)


def _name(facts: tuple[str, ...]) -> str:
    return sha256_digest("\0".join(facts).encode()).removeprefix("sha256:")


def _folder(workspace: Workspace, *, make: bool = False) -> Path | None:
    """The user's own folder of receipts; None where it is absent, shared, or part of the project."""
    return own_cache("receipts", outside=workspace.directory, make=make)
