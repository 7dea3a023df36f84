"""One step into a directory, so that no link is followed: what `files` walks with.

Where the system opens a name below an open directory, whoever swaps a component while we walk
gains nothing. Windows does not: there each component is looked at before it is used, which a fast
enough swap gets past; whoever may write into the directory meanwhile is not kept out there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from msgspec import Struct

from floe_engine.errors import UnsafePath
from floe_engine.patterns import pattern

BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether the system opens a name below an open directory."""

FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe would wait for its other end
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_TEMPORARY = pattern(r"\.floe-[0-9a-f]{16}\.tmp")
NOTE = pattern(r"\.floe-[0-9a-f]{16}\.note")
"""Names of the notes that say what is under way in a directory."""
_RESERVED = pattern(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[:\\].*|.*[. ]")
"""Names that mean something else to Windows."""


class Level(Struct, frozen=True):
    """One directory, held open where the system can walk by descriptors."""

    path: Path
    descriptor: int | None

    @classmethod
    def at(cls, root: Path, opened: contextlib.ExitStack) -> Level | None:
        """The root itself, links and all; None where it is absent."""
        if not BY_DESCRIPTOR:
            return cls(root, None) if root.is_dir() else None
        try:
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        opened.callback(os.close, descriptor)
        return cls(root, descriptor)

    def leaves(self) -> list[str]:
        """The names in it."""
        at = self.path if self.descriptor is None else self.descriptor
        return os.listdir(at)  # noqa: PTH208  # no Path lists an open directory

    def name(self, leaf: str) -> str:
        """What the system is told: the name alone where there is a descriptor to start from."""
        return str(self.path / leaf) if self.descriptor is None else leaf

    def stat(self, leaf: str) -> os.stat_result | None:
        """What has this name, be it a link; None where nothing has."""
        try:
            return os.stat(self.name(leaf), dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def regular(self, leaf: str) -> os.stat_result | None:
        """A regular file or None. Raises `UnsafePath` for anything else."""
        return self._of_kind(leaf, stat.S_ISREG)

    def directory(self, leaf: str) -> os.stat_result | None:
        """A directory or None. Raises `UnsafePath` for anything else."""
        return self._of_kind(leaf, stat.S_ISDIR)

    def _of_kind(self, leaf: str, wanted: Callable[[int], bool]) -> os.stat_result | None:
        found = self.stat(leaf)
        if found is not None and (not wanted(found.st_mode) or _is_reparse_point(found)):
            raise unsafe(self.path / leaf, found.st_mode)
        return found

    def enter(self, leaf: str, opened: contextlib.ExitStack, *, create: bool = False) -> Level | None:
        """The directory `leaf`; None where it is absent and not to be made."""
        if self.directory(leaf) is None:
            if not create:
                return None
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.name(leaf), dir_fd=self.descriptor)
        descriptor = None
        if self.descriptor is not None:
            try:
                descriptor = self.open(leaf, os.O_RDONLY | os.O_DIRECTORY)
            except NotADirectoryError:  # swapped since it was looked at
                raise unsafe(self.path / leaf, stat.S_IFLNK) from None
            opened.callback(os.close, descriptor)
        return Level(self.path / leaf, descriptor)

    def open(self, leaf: str, flags: int, mode: int = 0o666) -> int:
        """Open without following a link and without waiting for a pipe."""
        try:
            return os.open(self.name(leaf), flags | FLAGS, mode, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise unsafe(self.path / leaf, stat.S_IFLNK) from None
            raise

    def rename(self, leaf: str, new: str, *, to: Level | None = None) -> None:
        """Rename, replacing a file, to another name here or in another directory."""
        to = to or self
        os.replace(self.name(leaf), to.name(new), src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)

    def unlink(self, leaf: str) -> None:
        """Remove a name that is no directory's."""
        os.unlink(self.name(leaf), dir_fd=self.descriptor)

    def remove_tree(self, leaf: str) -> None:
        """Remove a directory and all in it; links in it are removed, not followed."""
        from shutil import rmtree

        rmtree(self.name(leaf), dir_fd=self.descriptor)

    def sync(self) -> None:
        """Make renames in here durable, where the system allows it."""
        if self.descriptor is not None:
            os.fsync(self.descriptor)

    @contextlib.contextmanager
    def temporary_file(self, mode: int) -> Iterator[tuple[str, int]]:
        """A new file, held so that no sweeper takes it, and gone at the end unless it was renamed."""
        while True:
            name = f".floe-{os.urandom(8).hex()}.tmp"
            handle = self.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            if _hold(handle, self, name):
                break
            os.close(handle)
        try:
            yield name, handle
        except BaseException:
            with contextlib.suppress(OSError):
                self.unlink(name)
            raise
        finally:
            with contextlib.suppress(OSError):
                os.close(handle)

    @contextlib.contextmanager
    def temporary_directory(self) -> Iterator[Level]:
        """A new directory, held so that no sweeper takes it, and gone with all in it at the end."""
        with contextlib.ExitStack() as opened:
            while True:
                name = f".floe-{os.urandom(8).hex()}.tmp"
                os.mkdir(self.name(name), 0o700, dir_fd=self.descriptor)
                level = self.enter(name, opened)
                if level is not None and (level.descriptor is None or _hold(level.descriptor, self, name)):
                    break
            try:
                yield level
            finally:
                with contextlib.suppress(OSError):
                    self.remove_tree(name)

    @contextlib.contextmanager
    def note(self, data: bytes) -> Iterator[None]:
        """A file that stands here, held, until the block ends: what nobody holds, a killed process left."""
        name = f".floe-{os.urandom(8).hex()}.note"
        handle = self.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            held = _hold(handle, self, name)
            os.write(handle, data)
            yield
        finally:
            with contextlib.suppress(OSError):
                if held:  # else somebody took it the moment it was made
                    self.unlink(name)
            os.close(handle)

    def forsaken(self, limit: int) -> list[bytes]:
        """Take away the notes that nobody holds: at most `limit` bytes of each."""
        found = []
        for leaf in sorted(filter(NOTE.fullmatch, self.leaves())):
            with contextlib.suppress(OSError, UnsafePath):  # taken by another, or none of ours
                if self.regular(leaf) is None or self.descriptor is None:
                    continue
                handle = self.open(leaf, os.O_RDONLY)
                try:
                    if try_lock(handle):
                        self.unlink(leaf)
                        found.append(os.read(handle, limit))
                finally:
                    os.close(handle)
        return found

    def sweep(self) -> None:
        """Remove the temporaries that nobody holds."""
        for leaf in self.leaves():
            if _TEMPORARY.fullmatch(leaf):
                with contextlib.suppress(OSError, UnsafePath):
                    self._sweep(leaf)

    def _sweep(self, leaf: str) -> None:
        found = self.stat(leaf)
        if found is None or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return  # not ours
        if self.descriptor is None:  # nobody can say who holds it: leave an hour to finish
            if time.time() - found.st_mtime > 3600:
                self.remove_tree(leaf) if stat.S_ISDIR(found.st_mode) else self.unlink(leaf)
            return
        handle = self.open(leaf, os.O_RDONLY)
        try:
            if try_lock(handle):
                self.remove_tree(leaf) if stat.S_ISDIR(found.st_mode) else self.unlink(leaf)
        finally:
            os.close(handle)


def parts_of(root: Path, *names: str | PurePath) -> list[str]:
    """The components of a relative path. Raises `UnsafePath` where it leads out by its own words."""
    parts: list[str] = []
    for name in names:
        text = name.as_posix() if isinstance(name, PurePath) else name
        pure = PurePosixPath(text)
        if (
            pure.is_absolute()
            or ".." in pure.parts
            or "\0" in text
            or (os.name != "posix" and any(_RESERVED.fullmatch(part) for part in pure.parts))
        ):
            raise UnsafePath(
                "the path leads outside its directory",
                f"{text!r} is not a plain relative path",
                hint="name something in the directory itself",
                where=str(root),
            )
        parts += pure.parts
    return parts


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFREG: "a file",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def unsafe(path: Path, mode: int) -> UnsafePath:
    """What to say of something that is not of the kind that is asked for."""
    if kind := _KINDS.get(stat.S_IFMT(mode)):
        return UnsafePath(
            f"{kind} stands in the way", hint="move it away, or name another path", where=str(path)
        )
    target = ""
    with contextlib.suppress(OSError):
        target = str(path.readlink())
    return UnsafePath(
        "a symbolic link is not followed here",
        f"{path.name} leads to {target}" if target else "",
        hint="put what it leads to in its place, or remove the link",
        where=str(path),
    )


def _is_reparse_point(found: os.stat_result) -> bool:
    """Whether it is a junction of Windows: a directory that leads elsewhere."""
    return bool(getattr(found, "st_reparse_tag", 0) == 0xA0000003)


def _hold(handle: int, level: Level, name: str) -> bool:
    """Lock what was just made; False where a sweeper was faster."""
    try:
        if not try_lock(handle):
            return False
    except OSError:
        return True  # a file system without locks: nobody sweeps there either
    found = level.stat(name)
    return found is not None and found.st_ino == os.fstat(handle).st_ino


if os.name == "posix":
    import fcntl

    def try_lock(handle: int) -> bool:
        """Lock an open file between processes; False where somebody else holds it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(handle: int) -> None:
        """Let go of it."""
        fcntl.flock(handle, fcntl.LOCK_UN)

else:  # pragma: no cover - exercised on Windows only
    import msvcrt

    def try_lock(handle: int) -> bool:
        """Lock an open file between processes; False where somebody else holds it."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # Windows has it
        except OSError:
            return False
        return True

    def unlock(handle: int) -> None:
        """Let go of it."""
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]  # Windows has it
