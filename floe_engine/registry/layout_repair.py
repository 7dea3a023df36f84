"""An OCI image layout looked through and mended, as far as its own content allows.

Blobs are named by their digest, so a damaged one is known and its content is not: whoever made it
has to write it again. Of a lost index.json the manifests are found again, and their tags are not:
which manifest a version's tag named, no blob may claim by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from floe_engine.errors import ContentMismatch, FloeError
from floe_engine.events import CancelToken
from floe_engine.files import Directory, sha256_digest
from floe_engine.registry.descriptor import MANIFEST_LIMIT, Descriptor, Manifest
from floe_engine.registry.layout import Layout, stored_media_type, tag_of

_BLOB_LIMIT = 1024 * 1024 * 1024


class Lost(Struct, frozen=True):
    """A blob that is absent, or is not what its name says; `of` is the tag or manifest that lists it."""

    digest: str
    of: str


class LayoutHealth(Struct, frozen=True):
    """What was found."""

    versions: int
    """Manifests that index.json lists."""
    lost: tuple[Lost, ...]
    index: str = ""
    """What is wrong with index.json; empty where nothing is."""
    rebuilt: int = 0
    """Manifests that were listed anew, without their tags."""


def examine(root: Path, *, repair: bool = False, cancel: CancelToken | None = None) -> LayoutHealth:
    """Read every blob that index.json leads to. With `repair`, rebuild an index.json that is damaged.

    Raises `ConfigurationError` where the folder is no layout that we know.
    """
    layout = Layout(root, cancel)
    problem, rebuilt = "", 0
    try:
        whole = layout.index_is_whole()
        entries = layout.entries()
    except ContentMismatch as error:
        if not repair:
            return LayoutHealth(0, (), error.title)
        found = list(_manifests(root))
        layout.replace_index(found)
        problem, rebuilt, entries = error.title, len(found), layout.entries()
    else:
        if not whole:
            problem = "the OCI layout's index.json is damaged, and floe has a copy of it"
            if repair:
                layout.replace_index(None)
    lost: list[Lost] = []
    for entry in entries:
        if cancel is not None:
            cancel.check()
        lost += _lost(layout, entry["digest"], tag_of(entry) or entry["digest"])
    return LayoutHealth(len(entries), tuple(lost), problem, rebuilt)


def _lost(layout: Layout, digest: str, name: str) -> Iterator[Lost]:
    raw = _whole(layout, digest)
    if raw is None:
        yield Lost(digest, name)
        return
    try:
        manifest = Manifest.parse(raw, stored_media_type(raw))
        listed = (*((manifest.config,) if manifest.config else ()), *manifest.layers)
    except (FloeError, ValueError):
        return  # whole, and not ours to understand
    for descriptor in listed:
        if _whole(layout, descriptor.digest) is None:
            yield Lost(descriptor.digest, name)


def _whole(layout: Layout, digest: str) -> bytes | None:
    try:
        data = layout.read(digest, _BLOB_LIMIT)
    except FloeError:
        return None
    return data if data is not None and sha256_digest(data) == digest else None


def _manifests(root: Path) -> Iterator[Descriptor]:
    """Every blob that is a manifest."""
    files = Directory(root)
    for name in files.names("blobs/sha256"):
        try:
            raw = files.read(f"blobs/sha256/{name}", MANIFEST_LIMIT)
            if raw is None or sha256_digest(raw) != f"sha256:{name}" or b'"schemaVersion"' not in raw:
                continue
            yield Manifest.parse(raw, stored_media_type(raw)).descriptor
        except (FloeError, ValueError):
            continue
