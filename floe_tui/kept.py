"""Text that is not saved yet, kept for after a crash: a folder an edited file, in it a file an instance.

An instance holds a lock for as long as it runs. What lies there without its lock held is of one that
ended, and its text waits until somebody decides about it; what is locked names who else edits the file.
Nothing here removes another's text but `Keeper.forget`, which a person asks for.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field

from floe_engine import Directory, FloeError, StorageError
from floe_tui.session import home, path_name, read_json

LIMIT = 64_000_000
"""Bytes of a kept text that are read back."""


class Kept(Struct, frozen=True):
    """Text of an instance that is gone."""

    id: str
    text: str
    base: str
    """Digest of the file's bytes that it was made from."""
    at: str
    """When it was kept last, RFC 3339 in UTC."""


class Other(Struct, frozen=True):
    """An instance that has the same file open now."""

    process: int
    since: str
    """RFC 3339 in UTC."""

    def __str__(self) -> str:
        return f"process {self.process}, since {self.since[11:16]} UTC"


def folder_of(file: Path) -> Path:
    """Where the kept texts of a file lie: not beside it, which may be in a repository."""
    return home() / "swap" / path_name(file)


class Keeper(Struct, eq=False):
    """This instance's own kept text of `file`, and a look at the others'. May be used by several threads."""

    file: Path
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    _since: str = ""
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _ended: bool = False
    _turn: int = 0

    def begin(self) -> None:
        """Say that this instance has the file open. Raises `FloeError` where the disk refuses."""
        with self._mutex:
            self._begin()

    def keep(self, text: str | None, base: str, turn: int = 0) -> None:
        """Keep `text`; None: there is nothing unsaved any more.

        Of several threads the last `turn` counts, whichever comes last. Raises `FloeError` where the disk
        refuses.
        """
        with self._mutex:
            if turn >= self._turn and self._begin():
                self._turn = turn
                self._write(text, base)

    def end(self) -> None:
        """The instance ends: unsaved text stays, and whoever comes next is offered it."""
        with self._mutex:
            self._ended = True
            if not self._since:
                return
            kept = read_json(self._path(self.id), LIMIT).get("text")
            self._held.close()
            if not isinstance(kept, str):
                self._remove(self.id)

    def others(self) -> tuple[tuple[Kept, ...], tuple[Other, ...]]:
        """What ended instances left, newest first, and who else has the file open."""
        left: list[Kept] = []
        running: list[Other] = []
        with contextlib.suppress(FloeError):
            for name in self._folder.names():
                if name.endswith(".json") and name != f"{self.id}.json":
                    self._look_at(name.removesuffix(".json"), left, running)
        return tuple(sorted(left, key=lambda kept: kept.at, reverse=True)), tuple(running)

    def forget(self, kept: Kept) -> None:
        """A person decided: the text of an ended instance is saved, taken over, or not wanted."""
        with self._unless_running(kept.id) as gone:
            if gone:
                self._remove(kept.id)

    # --- files -----------------------------------------------------------------------------

    @property
    def _folder(self) -> Directory:
        return Directory(folder_of(self.file))

    def _path(self, name: str) -> Path:
        return folder_of(self.file) / f"{name}.json"

    def _begin(self) -> bool:
        if not self._since and not self._ended:
            self._held.enter_context(self._folder.lock(f"{self.id}.lock", timeout=0))
            self._since = _now()
            self._write(None, "")
        return not self._ended

    def _write(self, text: str | None, base: str) -> None:
        values = {
            "file": str(self.file), "process": os.getpid(), "since": self._since,
            "base": base, "text": text, "at": _now(),
        }  # fmt: skip
        self._folder.write(f"{self.id}.json", json.dumps(values).encode(), mode=0o600)

    def _look_at(self, name: str, left: list[Kept], running: list[Other]) -> None:
        with self._unless_running(name) as gone:
            values = read_json(self._path(name), LIMIT)
            text, base, at = (values.get(key) for key in ("text", "base", "at"))
            if not gone:
                process = values.get("process")
                running.append(
                    Other(process if isinstance(process, int) else 0, str(values.get("since", "")))
                )
            elif isinstance(text, str):
                left.append(Kept(name, text, str(base), str(at)))
            elif values:  # a torn or unreadable one is left to a person
                self._remove(name)

    @contextlib.contextmanager
    def _unless_running(self, name: str) -> Iterator[bool]:
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self._folder.lock(f"{name}.lock", timeout=0))
            except StorageError:
                yield False
            else:
                yield True

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FloeError):
            self._folder.remove(f"{name}.json")
            self._folder.remove(f"{name}.lock")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
