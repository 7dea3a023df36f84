"""What the static reader found before, told again while every input is the same: the user's cache.

An entry's name is the digest of all that its facts depend on: the bytes of every file, the settings of
dbt_project.yml as rendered, installed packages' macros, the environment where a file asks for it, and
the code that reads. So nothing can be out of date; an entry that is damaged, foreign or of another shape
is as good as none. What could not be kept exactly is not kept. ``FLOE_NO_CACHE=1`` does without.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from floe_engine import __version__
from floe_engine.errors import ConfigurationError, FloeError
from floe_engine.files import Directory, own_cache, read_bounded
from floe_engine.project.facts import (
    Exposure,
    Group,
    Macro,
    Model,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
)
from floe_engine.project.folders import File
from floe_engine.project.project_file import LIMIT, ProjectFile

if TYPE_CHECKING:
    from floe_engine.project.gathering import Contents
    from floe_engine.project.jinja.macros import Files

FEWEST = 100
"""Files below which reading them is as quick."""

MOST, LARGEST = 16, 64 * 1024 * 1024
"""Entries that are kept, of all projects, and bytes of one and of all of them."""

_FOLDER = "facts"
_LIBRARIES = ("jinja2", "yaml")
_DIGEST = hashlib.sha256().digest_size


class _Facts(Struct, frozen=True):
    """Of a `Project`, what comes from its files."""

    models: tuple[Model, ...]
    sources: tuple[Source, ...]
    exposures: tuple[Exposure, ...]
    macros: tuple[Macro, ...]
    semantic_models: tuple[SemanticModel, ...]
    unit_tests: tuple[UnitTest, ...]
    tests: tuple[ProjectTest, ...]
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]


def recalled(settings: ProjectFile, files: list[File], read: Callable[[Contents | None], Project]) -> Project:
    """What `read` finds in `files`, or found when all of them were the same."""
    if len(files) < FEWEST or settings.environ.get("FLOE_NO_CACHE"):
        return read(None)
    folder = own_cache(_FOLDER, outside=settings.directory, make=True)
    if folder is None:
        return read(None)
    key, contents = _inputs(settings, files)
    facts = _load(folder / key, key)
    if facts is not None:
        return _project(settings, files, facts, contents)
    project = read(contents)
    _keep(
        folder,
        key,
        _Facts(*(getattr(project, name) for name in _Facts.__struct_fields__)),
    )
    return project


def _project(settings: ProjectFile, files: list[File], facts: _Facts, contents: Contents) -> Project:
    from floe_engine.project.gathering import Gathering

    gathered = Gathering(settings, contents)
    gathered.find_macros(files)
    return Project(
        name=settings.name,
        directory=settings.directory,
        models=facts.models,
        sources=facts.sources,
        exposures=facts.exposures,
        macros=facts.macros,
        semantic_models=facts.semantic_models,
        unit_tests=facts.unit_tests,
        tests=facts.tests,
        groups=facts.groups,
        reader="static",
        warnings=facts.warnings,
        templates=gathered.templates,
    )


def _inputs(settings: ProjectFile, files: list[File]) -> tuple[str, Contents]:
    """The digest of all inputs, in hex, and those of them that are files: they are read once."""
    from floe_engine.project.gathering import Contents
    from floe_engine.project.packages import installed_packages

    read: dict[str, bytes] = {}
    packages: dict[str, Files] = {}
    digest = hashlib.sha256()
    asks = False

    def take(*parts: bytes) -> None:
        for part in parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)

    take(*(line.encode("utf-8", "surrogateescape") for line in _code()))
    take(repr((settings.name, settings.settings, settings.variables)).encode("utf-8", "surrogateescape"))
    for file in files:
        data = b""
        if file.suffix != ".csv" and not file.problem:  # of a seed only the name is read
            try:
                data = read[file.path] = read_bounded(settings.directory / file.path, LIMIT)
            except ConfigurationError as error:
                data = f"\0{error.title}: {error.message}".encode("utf-8", "surrogateescape")
        asks = asks or b"env_var" in data
        take(*(part.encode("utf-8", "surrogateescape") for part in (file.path, file.folder, file.problem)))
        take(data)
    for name, contents in sorted(installed_packages(settings).items()):
        take(b"package", name.encode("utf-8", "surrogateescape"))
        packages[name] = _again(texts := list(contents()))
        for path, text in texts:
            asks = asks or "env_var" in text
            take(path.encode("utf-8", "surrogateescape"), text.encode("utf-8", "surrogateescape"))
    if asks:  # which variables, only reading would tell
        take(repr(sorted(settings.environ.items())).encode("utf-8", "surrogateescape"))
    return digest.hexdigest(), Contents(read, packages)


def _again(texts: list[tuple[str, str]]) -> Files:
    return lambda: texts


def _code() -> Iterator[str]:
    """What reads: floe's version, the interpreter's, and when the code of both floe and its libraries was
    written, for whoever works on them.
    """
    yield __version__
    yield sys.version
    own = Path(__file__).parent
    for folder in (own, own / "jinja"):
        with os.scandir(folder) as listing:
            for entry in sorted(listing, key=lambda entry: entry.name):
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    yield f"{entry.name} {status.st_mtime_ns} {status.st_size}"
    for name in _LIBRARIES:
        found = importlib.util.find_spec(name)
        origin = found.origin if found is not None else None
        yield f"{origin} {Path(origin).stat().st_mtime_ns if origin else ''}"


def _load(path: Path, key: str) -> _Facts | None:
    try:
        data = read_bounded(path, LARGEST + _DIGEST)
    except ConfigurationError:
        return None
    seal, content = data[:_DIGEST], data[_DIGEST:]
    if seal != _seal(key, content):
        return None
    try:
        return msgspec.msgpack.decode(content, type=_Facts)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _keep(folder: Path, key: str, facts: _Facts) -> None:
    try:
        content = msgspec.msgpack.encode(facts)
        # A date of YAML would come back as text: what is not the same again is read each time.
        exact = len(content) <= LARGEST and msgspec.msgpack.decode(content, type=_Facts) == facts
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError):
        return
    if not exact:
        return
    # A full disk, or something in the way, costs time and no more.
    with contextlib.suppress(FloeError, OSError):
        Directory(folder).write(key, _seal(key, content) + content, mode=0o600, tidy=False)
        _bound(folder)


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()


def _bound(folder: Path) -> None:
    """Remove the oldest entries, so that at most `MOST` and `LARGEST` bytes stay."""
    with os.scandir(folder) as listing:
        entries = [(entry.stat(), entry.name) for entry in listing if entry.is_file(follow_symlinks=False)]
    size = 0
    newest_first = sorted(entries, key=lambda found: found[0].st_mtime_ns, reverse=True)
    for number, (status, name) in enumerate(newest_first):
        size += status.st_size
        if number and (number >= MOST or size > LARGEST):
            Directory(folder).remove(name)
