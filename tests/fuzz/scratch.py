"""Directories and files for harnesses that read from a disk: one place for a run, gone with it.

A forked worker works in its parent's, and only one of them works at a time.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def _base() -> Path:
    # In memory where there is such a place: a disk would be most of what is measured.
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="floe-fuzz-", dir=memory if os.access(memory, os.W_OK) else None))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def directory(name: str) -> Path:
    """The directory of a harness."""
    place = _base() / name
    place.mkdir(parents=True, exist_ok=True)
    return place


def put(name: str, file: str, data: bytes) -> Path:
    """A file of a harness, written plainly; the directory that it lies in."""
    place = directory(name)
    path = place / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return place
