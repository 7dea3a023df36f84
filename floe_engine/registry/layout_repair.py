"""An OCI image layout looked through and mended, as far as its own content allows.

Blobs are named by their digest, so a damaged one is known and its content is not: whoever made it
has to write it again. A signature or an attestation cannot be written again, only made anew; one that
nobody can read is listed no longer, so that a new one can take its place. Of a lost index.json the
manifests are found again, and their tags are not: which manifest a version's tag named, no blob may
claim by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.descriptor import MANIFEST_LIMIT, Descriptor, Manifest
from floe_engine.errors import ContentMismatch, FloeError
from floe_engine.events import CancelToken
from floe_engine.files import Directory, canonical_json, sha256_digest
from floe_engine.patterns import pattern
from floe_engine.registry.layout import Layout, stored_media_type, tag_of

_BLOB_LIMIT = 1024 * 1024 * 1024
_EMPTY = b"{}"
"""What configs of signatures and attestations hold (image-spec 1.1, "Guidance for an Empty Descriptor")."""
_BESIDE = pattern(r"sha256-[0-9a-f]{64}\.[a-z]+")
"""Tags of what belongs to a manifest, such as cosign's ``.sig`` and ``.att``."""


ConfigOf = Callable[[list[dict[str, Any]]], bytes]


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
    taken_out: int = 0
    """Damaged signatures and attestations that are listed no longer."""


def examine(
    root: Path,
    *,
    repair: bool = False,
    config_of: ConfigOf | None = None,
    cancel: CancelToken | None = None,
) -> LayoutHealth:
    """Read every blob that index.json leads to.

    With `repair`, rebuild an index.json that is damaged, and take out signatures and attestations that
    nobody can read; `config_of` then makes the config of an image of signatures from its layers.
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
    lost = _all_lost(layout, entries, cancel)
    taken_out = 0
    if repair and lost:
        layout.put_blob(sha256_digest(_EMPTY), _EMPTY)  # the one content that every digest's holder knows
        if config_of is not None:
            taken_out += sum(_keep_whole_layers(layout, entry, config_of) for entry in entries)
        taken_out += len(layout.take_out(lambda entry: _useless(layout, entry)))
        entries = layout.entries()
        lost = _all_lost(layout, entries, cancel)
    return LayoutHealth(len(entries), lost, problem, rebuilt, taken_out)


def _all_lost(layout: Layout, entries: list[dict[str, Any]], cancel: CancelToken | None) -> tuple[Lost, ...]:
    lost: list[Lost] = []
    for entry in entries:
        if cancel is not None:
            cancel.check()
        lost += _lost(layout, entry["digest"], tag_of(entry) or entry["digest"])
    return tuple(lost)


def _keep_whole_layers(layout: Layout, entry: dict[str, Any], config_of: ConfigOf) -> int:
    """Let an image of signatures, of which some are lost, hold those that are whole. How many were lost.

    What cosign keeps under one tag are the signatures of several, each a layer that stands by itself.
    """
    tag = tag_of(entry) or ""
    raw = _whole(layout, entry["digest"]) if _BESIDE.fullmatch(tag) else None
    if raw is None:
        return 0
    try:
        manifest = Manifest.parse(raw, stored_media_type(raw))
        listed = zip(manifest.document["layers"], manifest.layers, strict=True)
        layers = [written for written, layer in listed if _whole(layout, layer.digest) is not None]
    except (FloeError, ValueError, KeyError, TypeError):
        return 0  # whole, and not ours to understand
    lost = len(manifest.layers) - len(layers)
    config = manifest.config
    if not layers or config is None or (lost == 0 and _whole(layout, config.digest) is not None):
        return 0
    data = config_of(layers)
    layout.put_blob(sha256_digest(data), data)
    document = {
        **manifest.document,
        "config": {"mediaType": config.media_type, "size": len(data), "digest": sha256_digest(data)},
        "layers": layers,
    }
    layout.put_manifest(Manifest.parse(canonical_json(document), manifest.media_type), tag)
    return lost


def _useless(layout: Layout, entry: dict[str, Any]) -> bool:
    """Whether no tag of a version, or of anybody's making, names it, and nobody can read it."""
    digest, tag = entry["digest"], tag_of(entry)
    lost = list(_lost(layout, digest, digest)) if tag is None or _BESIDE.fullmatch(tag) else []
    return bool(lost)


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
