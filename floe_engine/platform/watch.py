"""Doing something again whenever a file that it depends on changes.

Files are looked at, not subscribed to: a handful of them a few times a second costs nothing, and
works alike on every file system, over a network, and for editors that save by renaming.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from floe_engine.document.document import parse
from floe_engine.document.text import read_text
from floe_engine.errors import FloeError
from floe_engine.events import CancelToken
from floe_engine.manifest.check import FILE_NAME
from floe_engine.manifest.parent import parent_reference
from floe_engine.manifest.root import POLICY_TESTS
from floe_engine.workspace import Workspace

INTERVAL = 0.2
"""Seconds between two looks."""

Stamps = tuple[tuple[Path, int, int, int], ...]


def changes(files: Callable[[], Iterable[Path]], cancel: CancelToken) -> Iterator[tuple[Path, ...]]:
    """Yield at once, and again for every change, the files that changed (none the first time).

    `files` is asked at every look, so files may come and go. A change counts once nothing has
    moved between two looks, because a save is several writes. What changes while the caller is at
    work is noticed afterwards. Raises `Cancelled`.
    """
    known = stamps(files())
    yield ()
    while True:
        cancel.sleep(INTERVAL)
        now = stamps(files())
        if now == known:
            continue
        while True:
            cancel.sleep(INTERVAL)
            settled, now = now, stamps(files())
            if settled == now:
                break
        moved = {entry[0] for entry in set(known) ^ set(now)}
        known = now
        yield tuple(sorted(moved))


def platform_files(workspace: Workspace, *, cases: bool = False) -> Callable[[], tuple[Path, ...]]:
    """What decides about a manifest: itself, its parent by path, keys it names, and `cases`.

    The manifest is read again only when it has changed; a broken one keeps what was known.
    """
    stamp: Stamps = ()
    named: tuple[Path, ...] = ()
    globs: tuple[str, ...] = ()

    def files() -> tuple[Path, ...]:
        nonlocal stamp, named, globs
        now = stamps([workspace.manifest_path])
        if now != stamp:
            stamp = now
            named, globs = _named(workspace) or (named, globs)
        found = set(named)
        if cases:
            found |= {path for glob in globs for path in _glob(workspace.directory, glob)}
        return (workspace.manifest_path, *sorted(found))

    return files


def stamps(files: Iterable[Path]) -> Stamps:
    """What tells whether any of `files` changed: each with its time, size and inode."""
    state = []
    for path in dict.fromkeys(files):
        try:
            found = path.stat()
        except (OSError, ValueError):
            state.append((path, 0, -1, 0))
        else:
            state.append((path, found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(state)


def _named(workspace: Workspace) -> tuple[tuple[Path, ...], tuple[str, ...]] | None:
    """Files that the manifest's text names, and its patterns of policy tests; None while unreadable."""
    try:
        document = parse(read_text(workspace.manifest_path))
    except FloeError:
        return None
    value = document.value if isinstance(document.value, dict) else {}
    found = []
    reference = parent_reference(document)
    if reference and "://" not in reference and not reference.startswith("oci-layout:"):
        parent = workspace.directory / reference
        found.append(parent / FILE_NAME if parent.is_dir() else parent)
    found += (workspace.directory / key for key in _keys(value.get("security")) if "-----BEGIN" not in key)
    globs = value.get("policy_tests", POLICY_TESTS)
    listed = globs if isinstance(globs, list | tuple) else ()
    return tuple(found), tuple(glob for glob in listed if isinstance(glob, str))


def _keys(security: object) -> Iterator[str]:
    """Every key that the section names, of itself or of a domain."""
    if not isinstance(security, dict):
        return
    delegated = security.get("delegated_keys")
    for listed in (
        security.get("trusted_keys"),
        *(delegated.values() if isinstance(delegated, dict) else ()),
    ):
        yield from (key for key in (listed if isinstance(listed, list) else ()) if isinstance(key, str))


def _glob(directory: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from (path for path in directory.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):
        return  # no pattern at all; the check of the manifest says so
