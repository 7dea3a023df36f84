"""What the static reader found before, told again while its inputs are the same: the user's cache.

There are two kinds of entries. One has what each file says by itself, by the digest of the file, for
whatever all files are read with: the settings of dbt_project.yml as rendered, macros, the variables of the
environment that a file asks for, and the code that reads. Where one of 2,000 files changed, one is read. The
other has the facts of a whole project; its name is the digest of all that they depend on, which of most files
is what they say, of the others their bytes. The code of a model is never among them: it is in the file, which
was read for its digest. So where SQL changed and no call did, nothing is made anew. Nothing can be out of
date; an entry that is damaged, foreign or of another shape is as good as none. What could not be kept exactly
is not kept. ``FLOE_NO_CACHE=1`` does without.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from floe_engine import __version__
from floe_engine.errors import ConfigurationError, FloeError
from floe_engine.files import Directory, own_cache, read_bounded
from floe_engine.patterns import pattern
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
from floe_engine.typed import built

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
_T = TypeVar("_T")

_ENV_VAR = pattern(r"""env_var\s*\(\s*(['"])(\w+)\1\s*[,)]""")
"""A variable of the environment that is asked for by its name."""
_OF_SETTINGS = tuple(name for name in ProjectFile.__struct_fields__ if name not in {"directory", "environ"})
"""What all facts depend on: the directory does not count, and of the environment what is asked for."""
_UNSET = "\0"
"""In place of its value; no variable can have it."""


class _Facts(Struct, frozen=True):
    """Of a `Project`, what comes from its files; models are without their code."""

    models: tuple[Model, ...]
    sources: tuple[Source, ...]
    exposures: tuple[Exposure, ...]
    macros: tuple[Macro, ...]
    semantic_models: tuple[SemanticModel, ...]
    unit_tests: tuple[UnitTest, ...]
    tests: tuple[ProjectTest, ...]
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]


class _Said(Struct, frozen=True):
    """What files say by themselves, as `said.say` wrote it, by the digest of the file; empty for one that has
    to be read each time.
    """

    by_digest: dict[bytes, bytes]


def recalled(settings: ProjectFile, files: list[File], read: Callable[[Contents | None], Project]) -> Project:
    """What `read` finds in `files`, or found when all of them were the same."""
    if len(files) < FEWEST:
        return read(None)
    kept = not settings.environ.get("FLOE_NO_CACHE")
    folder = own_cache(_FOLDER, outside=settings.directory, make=True) if kept else None
    inputs = _Inputs(settings, files)
    contents, new = _with_said(folder, inputs, settings, files)
    key = inputs.key(contents.said)
    facts = _load(folder, key, _Facts)
    if facts is not None:
        return _project(settings, files, facts, contents)
    project = read(contents)
    # What a project was between two edits is seldom asked for again; what it still is, it is the next time.
    if new in (0, len(inputs.told)):
        found = {name: getattr(project, name) for name in _Facts.__struct_fields__}
        found["models"] = tuple(
            replace(model, code="", checksum="") if model.resource_type == "model" else model
            for model in project.models
        )
        _keep(folder, key, _Facts(**found), exactly=True)
    return project


def _with_said(
    folder: Path | None, inputs: _Inputs, settings: ProjectFile, files: list[File]
) -> tuple[Contents, int]:
    """The contents of files with what they say, as they said it before, else as they do now; and how many
    were new.
    """
    from floe_engine.project.gathering import Gathering
    from floe_engine.project.said import say_all

    before = _load(folder, inputs.common, _Said) or _Said({})
    said: dict[str, bytes] = {}
    new: dict[str, tuple[str, bool]] = {}
    documents: Mapping[str, Any] = {}
    for path, (name, is_yaml) in inputs.told.items():
        if (known := before.by_digest.get(name)) is not None:
            said[path] = known
        elif (text := _decoded(inputs.contents.files[path])) is not None:
            new[path] = text, is_yaml
    if new:
        gathered = Gathering(settings, inputs.contents)
        gathered.find_macros(files)
        # What nobody could say stays unsaid while the file is the same: another try would take as long.
        newly, documents = say_all(new, gathered.templates, gathered.warnings)
        said |= dict.fromkeys(new, b"") | newly
        by_digest = {name: said[path] for path, (name, _) in inputs.told.items() if path in said}
        _keep(folder, inputs.common, _Said(by_digest))
    return replace(inputs.contents, said=said, documents=documents), len(new)


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # a warning, which is told where it is read
        return None


def _with_code(model: Model, contents: Contents) -> Model:
    from floe_engine.project.gathering import checksum_of

    if model.resource_type != "model":
        return model
    code = contents.files[model.path].decode("utf-8-sig")
    return replace(model, code=code, checksum=checksum_of(code))


def _project(settings: ProjectFile, files: list[File], facts: _Facts, contents: Contents) -> Project:
    from floe_engine.project.gathering import Gathering

    gathered = Gathering(settings, contents)
    gathered.find_macros(files)
    found = {name: getattr(facts, name) for name in _Facts.__struct_fields__}
    found["models"] = tuple(_with_code(model, contents) for model in facts.models)
    return Project(
        name=settings.name,
        directory=settings.directory,
        adapter=settings.adapter,
        reader="static",
        templates=gathered.templates,
        **found,
    )


class _Inputs:
    """All that facts depend on, read once."""

    def __init__(self, settings: ProjectFile, files: list[File]) -> None:
        from floe_engine.project.gathering import Contents
        from floe_engine.project.packages import installed_packages, nodes_of_packages

        self._environ = settings.environ
        self.told: dict[str, tuple[bytes, bool]] = {}
        """Path to the digest of what a file says by itself, and whether it is YAML."""
        read: dict[str, bytes] = {}
        packages: dict[str, Files] = {}
        common = _Digest(*_code())
        own_words = repr([getattr(settings, name) for name in _OF_SETTINGS])
        common.take(own_words, self._asked(own_words.encode("utf-8", "surrogateescape")))
        for name, contents in sorted(installed_packages(settings).items()):
            common.take("package", name)
            packages[name] = _again(texts := list(contents()))
            for path, text in texts:
                common.take(path, text, self._asked(text.encode("utf-8", "surrogateescape")))
        self._whole = _Digest(repr(sorted(nodes_of_packages(settings).items())))
        self._own: list[tuple[File, bytes, bool]] = []
        """Each file, the digest of its bytes, and whether facts have more of it than what it says."""
        told_in, macro_paths = {*settings.model_paths, *settings.test_paths}, settings.macro_paths
        root = os.fspath(settings.directory)
        for file in files:
            data, suffix = b"", file.suffix
            if suffix != ".csv" and not file.problem:  # of a seed only the name is read
                try:
                    data = read[file.path] = read_bounded(f"{root}/{file.path}", LIMIT)
                except ConfigurationError as error:
                    data = f"\0{error.title}: {error.message}".encode("utf-8", "surrogateescape")
            is_yaml = suffix in {".yml", ".yaml"}
            own = _Digest(data, self._asked(data), "yaml" if is_yaml else "").digest()
            defines = not is_yaml and settings.defines_generic_tests(file.folder, file.folders)
            self._own.append((file, own, defines))
            if file.path not in read:
                continue
            if file.folder in macro_paths:
                common.take(file.path, file.folder, own)
            if is_yaml or (suffix == ".sql" and file.folder in told_in):
                self.told[file.path] = own, is_yaml
        self.common = common.digest().hex()
        """Of what every file is read with: settings, macros, packages, code."""
        self.contents = Contents(read, packages)

    def key(self, said: Mapping[str, bytes]) -> str:
        """Of all that facts depend on, where files say so much."""
        whole = self._whole
        for file, own, more in self._own:
            heard = b"" if more else said.get(file.path, b"")
            whole.take(file.path, file.folder, file.problem, heard, b"" if heard else own)
        whole.take(self.common)
        return whole.digest().hex()

    def _asked(self, data: bytes) -> str:
        """The variables of the environment that a text asks for; all, where it does not name them."""
        if not (calls := data.count(b"env_var")):
            return ""
        names = _ENV_VAR.findall(data.decode("utf-8", "surrogateescape"))
        if len(names) < calls:
            return repr(sorted(self._environ.items()))
        return repr(sorted({(name, self._environ.get(name, _UNSET)) for _, name in names}))


class _Digest:
    """The sha256 of parts that cannot run into each other."""

    def __init__(self, *parts: str | bytes) -> None:
        self._hash = hashlib.sha256()
        self.take(*parts)

    def take(self, *parts: str | bytes) -> None:
        found = [part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part for part in parts]
        self._hash.update(b"".join(b"%d:%b" % (len(data), data) for data in found))

    def digest(self) -> bytes:
        return self._hash.digest()


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


def _load(folder: Path | None, key: str, kind: type[_T]) -> _T | None:
    if folder is None:
        return None
    try:
        data = read_bounded(folder / key, LARGEST + _DIGEST)
    except ConfigurationError:
        return None
    seal, content = data[:_DIGEST], data[_DIGEST:]
    if seal != _seal(key, content):
        return None
    try:
        return msgspec.msgpack.decode(content, type=built(kind))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _keep(folder: Path | None, key: str, entry: Struct, *, exactly: bool = False) -> None:
    """Write an entry; with `exactly` only one that comes back the same."""
    if folder is None:
        return
    try:
        content = msgspec.msgpack.encode(entry)
        # A date of YAML would come back as text: what is not the same again is read each time.
        if exactly and msgspec.msgpack.decode(content, type=built(type(entry))) != entry:
            return
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError):
        return
    if len(content) > LARGEST:
        return
    # A full disk, or something in the way, costs time and no more.
    with contextlib.suppress(FloeError, OSError):
        sealed = _seal(key, content) + content  # which shows what a power failure cut short
        Directory(folder).write(key, sealed, mode=0o600, tidy=False, durable=False)
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
