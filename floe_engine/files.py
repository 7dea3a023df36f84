"""The one way floe touches a disk: bounded reads, atomic writes, locks, digests, JSON.

Nothing here knows what the bytes mean.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from floe_engine.errors import ConfigurationError, StorageError
from floe_engine.events import CancelToken

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another floe process before giving up."""


def sha256_digest(data: bytes) -> str:
    """The OCI digest of `data`: ``sha256:`` and 64 hex digits (OCI image-spec, descriptor.md)."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def canonical_json(value: Any) -> bytes:
    """`value` as UTF-8 JSON with sorted keys, two-space indent, LF and one final newline."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def rfc3339(moment: datetime) -> str:
    """A moment as floe writes it into files: UTC, whole seconds, ``2026-01-31T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def strict_json(data: bytes | str) -> Any:
    """Parse JSON, refusing duplicate keys, NaN and invalid UTF-8 with `ValueError`.

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

    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


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


def read_bounded(path: Path, limit: int, *, what: str = "file") -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    Raises `ConfigurationError` with the reason where the file is absent, is a directory or a
    device, may not be read, or is larger. `what` names it in the message ("manifest").
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigurationError(f"{what} is a directory", where=str(path))
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise ConfigurationError(f"{what} is not a regular file", where=str(path))
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise ConfigurationError(f"{what} not found", where=str(path)) from None
    except OSError as error:
        raise ConfigurationError(
            f"{what} cannot be read", error.strerror or str(error), where=str(path)
        ) from None
    if len(data) > limit:
        raise ConfigurationError(
            f"{what} is larger than {human_size(limit)}",
            hint="check that the path names the right file",
            where=str(path),
        )
    return data


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` by `data` so that a reader sees the old bytes or the new, never a part.

    Temp file beside it, fsync, rename, fsync of the directory. Creates parent directories.
    A symbolic link keeps being one: what it points to is replaced. Raises `StorageError` where
    the disk refuses.
    """
    target = path.resolve() if path.is_symlink() else path
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
        temporary = None
        sync_directory(target.parent)
    except OSError as error:
        raise StorageError.of(error, "cannot write file", where=str(path)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable, where the system allows it (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def exclusive_lock(
    path: Path, *, cancel: CancelToken | None = None, timeout: float = LOCK_TIMEOUT
) -> Iterator[None]:
    """Hold an advisory lock on the file `path` (made if absent) between floe processes.

    Waits at most `timeout` seconds, then raises `StorageError`; a crash releases the lock. Not
    re-entrant: a second `exclusive_lock` of the same path in one thread waits for the first.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+b")
    except OSError as error:
        raise StorageError.of(error, "cannot write file", where=str(path)) from error
    deadline = time.monotonic() + timeout
    with opened as stream:
        while not _try_lock(stream.fileno()):
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
        try:
            yield
        finally:
            _unlock(stream.fileno())


if os.name == "posix":
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)

else:  # pragma: no cover - exercised on Windows only
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # Windows has it
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]  # Windows has it
