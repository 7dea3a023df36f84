"""A manifest.yaml judged where it lies."""

from __future__ import annotations

from pathlib import Path

from floe_engine.document.text import read_text
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.plugins import Catalogue


def check_file(path: Path, *, catalogue: Catalogue) -> Checked:
    """What is wrong with a file, and what it means; its parent is read by its own reference."""
    return check(read_text(path), path=path, catalogue=catalogue)
