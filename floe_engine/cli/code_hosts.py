"""Where code hosts look for files: from the top of the checkout, whatever folder a command was run in."""

from __future__ import annotations

import os
from pathlib import Path


def top() -> Path:
    """The checkout that the working directory lies in; itself, where it lies in none.

    GitHub and GitLab show an annotation, a SARIF result or a Code Quality issue at a path from there. Told
    by ``.git``, which is a folder, or a file in a worktree: a step of CI may have no git to ask.
    """
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def from_top(path: Path) -> Path:
    """A path of the command line, or below it, as a code host takes it."""
    return Path(os.path.relpath(path, top()))
