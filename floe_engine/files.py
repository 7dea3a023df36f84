"""The one way floe touches a disk: bounded reads, atomic writes, removals, locks, digests, JSON.

Nothing else in the house writes, removes or renames (tests/engine/test_perimeter.py holds that).
A `Directory` is given on somebody's word; below it no link is followed, whoever put it there and
however fast: every step is opened from the one before it by its descriptor, without following.
Nothing here knows what the bytes mean.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from msgspec import Struct

from floe_engine.errors import ConfigurationError, FloeError, StorageError, UnsafePath, UsageError
from floe_engine.events import CancelToken
from floe_engine.walk import FLAGS, Level, parts_of, try_lock, unlock

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another floe process before giving up."""
_LEAST = 4096
"""Bytes that are read at once where a file says it is shorter, as those of a kernel do."""

_PIECE = 65536


def sha256_digest(data: bytes) -> str:
    """The OCI digest of `data`: ``sha256:`` and 64 hex digits (OCI image-spec, descriptor.md)."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def git_object_id(data: bytes, *, like: str) -> str:
    """git's object ID of a file's bytes, by the hash of the repository that another ID, `like`, is from."""
    made = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return made(b"blob %d\0%s" % (len(data), data)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """`value` as UTF-8 JSON with sorted keys, two-space indent, LF and one final newline."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def rfc3339(moment: datetime) -> str:
    """A moment as floe writes it into files: UTC, whole seconds, ``2026-01-31T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def strict_toml(data: bytes) -> dict[str, Any]:
    """Parse TOML, refusing with `ValueError` what is none, is not UTF-8, or is nested beyond reading."""
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply to be read") from None


def strict_json(data: bytes | str) -> Any:
    """Parse JSON, refusing what is no JSON text or no value of it with `ValueError`.

    That is: duplicate keys, NaN, numbers beyond a double, invalid UTF-8 and half surrogate pairs.

    Two parsers that disagree about a duplicate key let a signer and a reader see different
    documents, so a duplicate is never accepted from outside.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise ValueError(f"duplicate key {key!r}")
            result[key] = value
        return result

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    def finite(digits: str) -> float:
        number = float(digits)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"{digits[:20]} is too large")
        return number

    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant, parse_float=finite)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()  # fails where half a pair stands alone
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def human_size(size: int) -> str:
    """`size` in bytes as people read it: ``812 B``, ``2.1 KB``, ``3.0 MB`` (1 KB = 1,000 bytes)."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("KB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def read_bounded(path: Path | str, limit: int, *, what: str = "file") -> bytes:
    """The bytes of a regular file of at most `limit` bytes; links on the way are followed.

    Raises `ConfigurationError` with the reason where the file is absent, is a directory or a
    device, may not be read, or is larger. `what` names it in the message ("manifest").
    """
    flags = os.O_RDONLY | (FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        return _read(os.open(path, flags), limit, what, path)
    except FileNotFoundError:
        raise ConfigurationError(f"{what} not found", where=str(path)) from None
    except (OSError, ValueError) as error:
        if os.path.isdir(path):  # noqa: PTH112 (never raises)  Windows opens none, and says something else
            raise ConfigurationError(f"{what} is a directory", where=str(path)) from None
        raise _unreadable(error, what, path) from None


def stands(path: Path) -> bool:
    """Whether something has this name, be it a link to nowhere.

    What a clone brings is never taken for absent because it cannot be read.
    """
    return os.path.lexists(path)


def write_file(path: Path, data: bytes, *, mode: int | None = None, project: Path | None = None) -> None:
    """Replace a file that the user named, as `Directory.write` does.

    The way to it is the user's own, links and all; but where it lies in `project`, from there on
    every step counts. What is there may only be a regular file.
    """
    directory, name = placed(path, project)
    directory.write(name, data, mode=mode)


def placed(path: Path, project: Path | None = None) -> tuple[Directory, str]:
    """Where a file that the user named is written: the directory to keep in, and the name below it."""
    if path.name in ("-", ""):
        raise UsageError(
            "the name of a file is needed",
            "it is not written to standard output",
            hint="name a file, such as ./file",
            where=str(path),
        )
    if project is not None:
        # Compared as written: to resolve would follow the very links that are not to be followed.
        here, there = (Path(os.path.abspath(one)) for one in (project, path))  # noqa: PTH100
        if there.is_relative_to(here):
            return Directory(project), there.relative_to(here).as_posix()
    return Directory(path.parent), path.name


def own_cache(name: str, *, outside: Path, make: bool = False) -> Path | None:
    """A folder in the user's cache; None where it is absent, shared, or part of the project `outside`."""
    from floe_engine.folders import user_cache

    folder = user_cache() / name
    try:
        if folder.resolve().is_relative_to(outside.resolve()):
            return None
        if make:
            Directory(folder).make(mode=0o700)
        found = folder.stat()
    except (OSError, RuntimeError, FloeError):  # Python 3.11 calls a loop of links a RuntimeError
        return None
    if sys.platform != "win32" and (found.st_mode & 0o022 or found.st_uid != os.geteuid()):
        return None
    return folder


def keep_report(name: str, text: str) -> Path:
    """Write a text that somebody is to send us among the temporary files, for its owner alone."""
    from tempfile import gettempdir

    path = Path(gettempdir()) / f"{name}-{os.urandom(4).hex()}.txt"
    write_file(path, text.encode("utf-8", "backslashreplace"), mode=0o600)
    return path


class Directory(Struct, frozen=True):
    """A directory, and what floe may read, write and remove in it.

    `root` is taken on the caller's word, links and all. Everything below it, `below` first, is a
    relative path in which no component may be a link, and whose end is absent or of the kind that
    is asked for. Anything else is `UnsafePath`; a disk that refuses is `StorageError`.
    """

    root: Path
    below: str = ""

    def __truediv__(self, name: str | PurePath) -> Directory:
        return Directory(self.root, "/".join(parts_of(self.root, self.below, name)))

    @property
    def path(self) -> Path:
        """Where it is; to show, not to write to."""
        return self.root / self.below

    def read(self, name: str | PurePath, limit: int, *, what: str = "file") -> bytes | None:
        """The bytes of a regular file of at most `limit` bytes, or None where nothing has its name.

        Raises `ConfigurationError` where it may not be read or is larger.
        """
        path = self.path / name
        with self._parent(name, "cannot read") as (level, leaf):
            if level is None or level.regular(leaf) is None:
                return None
            try:
                return _read(level.open(leaf, os.O_RDONLY), limit, what, path)
            except OSError as error:
                raise _unreadable(error, what, path) from None

    def names(self, name: str | PurePath = "") -> tuple[str, ...]:
        """What lies in a directory, sorted; nothing where there is none."""
        with self._walk(parts_of(self.root, self.below, name), "cannot read") as level:
            return () if level is None else tuple(sorted(level.leaves()))

    def make(self, *, mode: int = 0o777) -> None:
        """Make the directory itself, and those on the way to it; `mode` is its root's where that is new."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=mode)
        except OSError as error:
            raise StorageError.of(error, "cannot make directory", where=str(self.root)) from error
        with self._walk(parts_of(self.root, self.below), "cannot make directory", create=True):
            pass

    def write(
        self,
        name: str | PurePath,
        data: bytes,
        *,
        mode: int | None = None,
        tidy: bool = True,
        durable: bool = True,
    ) -> None:
        """Replace a file by `data`, so that a reader sees the old bytes or the new, never a part.

        Makes the directories on the way. Without a `mode` an old file keeps its own. A temporary
        file beside it is made durable and renamed; those that killed writers left there are
        removed, unless not `tidy` (where many files lie and `sweep` is called by itself). What is not
        `durable` may be cut short after a power failure, and its reader has to see that.
        """
        with self._parent(name, "cannot write file", create=True) as (level, leaf):
            assert level is not None
            found = level.regular(leaf)
            if mode is None and found is not None:
                mode = stat.S_IMODE(found.st_mode) & 0o777
            if tidy:
                level.sweep()
            with level.temporary_file(0o666 if mode is None else mode) as (temporary, handle):
                _write(handle, data, durable=durable)
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(handle, mode)
                if level.descriptor is None:
                    os.close(handle)  # Windows renames no open file
                level.rename(temporary, leaf)
            if durable:
                level.sync()

    def write_tree(self, name: str | PurePath, files: Mapping[str, bytes]) -> None:
        """Replace a directory by one that holds `files`; a reader finds the old one, none, or the new."""
        with self._parent(name, "cannot write directory", create=True) as (level, leaf):
            assert level is not None
            level.sweep()
            old = level.directory(leaf)
            with level.temporary_directory() as staging:
                for path, data in files.items():
                    _write_new(staging, ["new", *parts_of(self.root, path)], data)
                if old is not None:
                    level.rename(leaf, "old", to=staging)
                staging.rename("new", leaf, to=level)
                level.sync()

    def remove(self, name: str | PurePath) -> bool:
        """Remove a regular file; False where nothing has its name."""
        with self._parent(name, "cannot remove") as (level, leaf):
            if level is None or level.regular(leaf) is None:
                return False
            level.unlink(leaf)
            level.sync()
            return True

    def remove_tree(self, name: str | PurePath) -> bool:
        """Remove a directory and all in it, at once for whoever looks; False where there is none."""
        with self._parent(name, "cannot remove directory") as (level, leaf):
            if level is None or level.directory(leaf) is None:
                return False
            level.sweep()
            with level.temporary_directory() as staging:
                level.rename(leaf, "old", to=staging)
                level.sync()
            return True

    def sweep(self, name: str | PurePath = "") -> None:
        """Remove what killed writers left in a directory; what a living one holds stays."""
        with self._walk(parts_of(self.root, self.below, name), "cannot read") as level:
            if level is not None:
                level.sweep()

    @contextlib.contextmanager
    def note(self, data: bytes) -> Iterator[None]:
        """Keep a note in the directory until the block ends; `forsaken` finds those of killed processes.

        Where nothing may be written there is none.
        """
        with contextlib.ExitStack() as opened:
            with contextlib.suppress(StorageError):
                level = opened.enter_context(self._walk(parts_of(self.root, self.below), "cannot write file"))
                if level is not None:
                    with contextlib.suppress(OSError):
                        opened.enter_context(level.note(data))
            yield

    def forsaken(self, limit: int = 64 * 1024) -> list[bytes]:
        """Take away the notes of processes that were killed."""
        with self._walk(parts_of(self.root, self.below), "cannot read") as level:
            return level.forsaken(limit) if level is not None else []

    @contextlib.contextmanager
    def lock(
        self, name: str | PurePath, *, cancel: CancelToken | None = None, timeout: float = LOCK_TIMEOUT
    ) -> Iterator[None]:
        """Hold an advisory lock on a file (made if absent) between floe processes.

        Waits at most `timeout` seconds, then raises `StorageError`; a crash releases the lock. Not
        re-entrant: a second lock of the same file in one thread waits for the first.
        """
        with self._parent(name, "cannot write file", create=True) as (level, leaf):
            assert level is not None
            level.regular(leaf)
            handle = level.open(leaf, os.O_RDWR | os.O_CREAT)
        try:
            _wait_for_lock(handle, self.path / name, cancel, timeout)
            try:
                yield
            finally:
                unlock(handle)
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _parent(
        self, name: str | PurePath, failing: str, *, create: bool = False
    ) -> Iterator[tuple[Level | None, str]]:
        """The directory that holds `name`, open, and the name in it."""
        *way, leaf = parts_of(self.root, self.below, name) or [""]
        if not leaf:
            raise UnsafePath("a name is needed", where=str(self.path))
        with self._walk(way, failing, create=create, where=self.path / name) as level:
            yield level, leaf

    @contextlib.contextmanager
    def _walk(
        self, way: list[str], failing: str, *, create: bool = False, where: Path | None = None
    ) -> Iterator[Level | None]:
        """The directory at the end of `way`; None where it, or one before it, is absent."""
        try:
            if create:
                self.root.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as opened:
                level = Level.at(self.root, opened)
                for step in way:
                    level = level.enter(step, opened, create=create) if level is not None else None
                if level is None and create:
                    raise FileNotFoundError(errno.ENOENT, "somebody removes it meanwhile")
                yield level
        except OSError as error:
            raise StorageError.of(error, failing, where=str(where or self.path)) from error
        except ValueError as error:  # a name that no system has: half a surrogate
            raise UnsafePath("no file can have this name", str(error), where=repr(str(where))) from None


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory of this process alone, where the system keeps temporary files, for a block.

    Those that killed processes left there are removed.
    """
    from tempfile import gettempdir

    place = Path(gettempdir())
    try:
        with contextlib.ExitStack() as opened:
            level = Level.at(place, opened)
            if level is None:
                raise FileNotFoundError("no such directory")
            level.sweep()
            made = opened.enter_context(level.temporary_directory())
            yield made.path
    except OSError as error:
        raise StorageError.of(error, "cannot use the temporary directory", where=str(place)) from error


def _read(handle: int, limit: int, what: str, path: Path | str) -> bytes:
    # Not through a stream: asked for so many bytes it makes room for all of them, however small the file is.
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            kind = "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
            raise ConfigurationError(f"{what} {kind}", where=str(path))
        pieces = [os.read(handle, min(status.st_size, limit) + 1)]
        left = limit + 1 - len(pieces[0])
        while left and (piece := os.read(handle, min(left, _PIECE))):  # it may be longer than it said
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(handle)
    if not left:
        raise ConfigurationError(
            f"{what} is larger than {human_size(limit)}",
            hint="check that the path names the right file",
            where=str(path),
        )
    return b"".join(pieces)


def _unreadable(error: OSError | ValueError, what: str, path: Path | str) -> ConfigurationError:
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return ConfigurationError(f"{what} cannot be read", reason, where=str(path))


def _write(handle: int, data: bytes, *, durable: bool = True) -> None:
    with os.fdopen(handle, "wb", closefd=False) as stream:
        stream.write(data)
        stream.flush()
        if durable:
            os.fsync(handle)


def _write_new(level: Level, way: list[str], data: bytes) -> None:
    """Write a file below a directory that nobody else knows yet."""
    *steps, leaf = way
    with contextlib.ExitStack() as opened:
        place: Level | None = level
        for step in steps:
            place = place.enter(step, opened, create=True) if place is not None else None
        assert place is not None
        handle = place.open(leaf, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            _write(handle, data)
        finally:
            os.close(handle)


def _wait_for_lock(handle: int, path: Path, cancel: CancelToken | None, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not try_lock(handle):
        if time.monotonic() > deadline:
            raise StorageError(
                "another floe process holds the lock",
                hint="wait for it to finish, or stop it, and run the command again",
                where=str(path),
            )
        if cancel is not None:
            cancel.sleep(0.02)
        else:
            time.sleep(0.02)
