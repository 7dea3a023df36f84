"""The files of a dbt project, folder by folder, in a fixed order. Reads no content.

Source: dbt's own file search: hidden files and what ``.dbtignore`` names are left out; folders of
dbt and of installed packages too.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path, PurePosixPath

from msgspec import Struct

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded, stands

_HIDDEN = (".", "#", "~")
_MAX_FILES = 200_000
_MAX_ENTRIES = 500_000
"""Of every kind, looked at below the folders: beyond that somebody's link leads out into the machine."""
_MAX_IGNORED = 64 * 1024
"""Bytes of a ``.dbtignore``: each of its lines is held against each file."""


class File(Struct, frozen=True):
    """A file of a project. Its path is taken apart by hand: pathlib is a tenth of the time of reading it."""

    path: str
    """POSIX, relative to the project."""
    folder: str
    """The configured folder that it was found in."""
    modified: float
    """Seconds since the epoch."""
    problem: str = ""
    """Why nobody could look inside, where it is a folder that may not be read; empty for a file."""

    @property
    def suffix(self) -> str:
        """The extension in lower case, with its dot."""
        return _suffix(self.path)

    @property
    def stem(self) -> str:
        """The name without folders and extension."""
        name = self.path.rpartition("/")[2]
        stem, _, extension = name.rpartition(".")
        return stem if stem and extension else name

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders between the configured one and the file."""
        inside = self.path if self.folder == "." else self.path[len(self.folder) + 1 :]
        return tuple(inside.split("/")[:-1])


def project_files(
    directory: Path, folders: Sequence[str], excluded: Sequence[str], suffixes: frozenset[str]
) -> list[File]:
    """Every file with one of `suffixes` below `folders`, each once, sorted by path.

    `excluded` are folders relative to the project. A link to a folder is followed once. A folder that
    exists and cannot be read is among them, with its `problem`: what it holds is not absent; so is a link
    to a folder that holds the project itself. Raises `ConfigurationError` for a ``.dbtignore`` that cannot
    be read, and for folders that hold more than any project has.
    """
    ignored = _ignored(directory)
    found: dict[str, File] = {}
    seen: set[tuple[int, int]] = set()
    skip = frozenset(excluded)
    entries = count()
    for folder in folders:
        name = PurePosixPath(folder).as_posix()
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            continue  # dbt allows it, but such files are another project's
        for path, modified, problem in _walk(directory, "" if name == "." else name, skip, seen, entries):
            if len(found) >= _MAX_FILES:
                break
            if problem:
                found.setdefault(path, File(path, name, modified, problem))
            elif _suffix(path) in suffixes and not _matches(path, ignored):
                found.setdefault(path, File(path, name, modified))
    return sorted(found.values(), key=lambda file: file.path)


def _walk(
    directory: Path, relative: str, skip: frozenset[str], seen: set[tuple[int, int]], entries: Iterator[int]
) -> Iterator[tuple[str, float, str]]:
    """Path, time and problem of what lies below a folder; `entries` counts what was looked at."""
    waiting = [relative]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(directory / current) as listing:
                found = list(listing)
        except FileNotFoundError:  # dbt's own defaults need not exist
            continue
        except (OSError, ValueError) as error:
            yield current, 0.0, (error.strerror if isinstance(error, OSError) else "") or str(error)
            continue
        for entry in found:
            path = f"{current}/{entry.name}" if current else entry.name
            if next(entries) >= _MAX_ENTRIES:
                raise ConfigurationError(
                    "the folders of the dbt project hold more than floe looks through",
                    f"more than {_MAX_ENTRIES:,} files and folders; the last are in {current}",
                    hint="look for a link that leads out of the project",
                    where=str(directory),
                )
            if entry.name.startswith(_HIDDEN) or path in skip:
                continue
            try:
                if entry.is_dir():
                    if entry.is_symlink():
                        if not _first_time(entry, seen):
                            continue
                        if directory.resolve().is_relative_to((directory / path).resolve()):
                            yield path, 0.0, "it is a link to a folder that holds the project itself"
                            continue
                    waiting.append(path)
                elif entry.is_file():
                    yield path, entry.stat().st_mtime, ""
            except OSError as error:
                yield path, 0.0, error.strerror or str(error)


def _suffix(path: str) -> str:
    # pathlib would be half of the time that the search of a large project takes
    name = path.rpartition("/")[2]
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""


def _first_time(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    status = entry.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _ignored(directory: Path) -> tuple[str, ...]:
    """The patterns of ``.dbtignore``: globs over paths or names, a trailing slash for folders."""
    path = directory / ".dbtignore"
    if not stands(path):
        return ()
    lines = read_bounded(path, _MAX_IGNORED, what=path.name).decode("utf-8", "replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return False
    parts = path.split("/")
    prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    for pattern in patterns:
        bare = pattern.strip("/").replace("**/", "")
        anchored = "/" in pattern.strip("/")
        for prefix, name in zip(prefixes, parts, strict=True):
            if pattern.endswith("/") and prefix == path:
                continue
            if fnmatch.fnmatchcase(prefix if anchored else name, bare):
                return True
    return False
