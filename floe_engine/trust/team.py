"""The keys that a platform team's own directory names for its own platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.document.document import MAX_BYTES, Document, decode, parse
from floe_engine.files import read_bounded, stands
from floe_engine.manifest.parent import parent_reference

if TYPE_CHECKING:
    from floe_engine.signing.keys import PublicKey
    from floe_engine.workspace import Workspace

MANIFEST = "manifest.yaml"
PRIVATE_FILE = "cosign.key"
PUBLIC_FILE = "cosign.pub"


def own_keys(workspace: Workspace) -> tuple[str, tuple[PublicKey, ...]]:
    """Whom the team trusts to sign its platform, and which file says so.

    `security.trusted_keys` of manifest.yaml, its own or its parent's; else the public half of the
    key pair that lies here. A ``cosign.pub`` by itself is nobody's word: it comes with any clone.
    """
    entries, base = _listed(workspace.manifest_path)
    if not entries and stands(workspace.manifest_path):
        entries, base = _inherited(workspace)
    if entries:
        return MANIFEST, tuple(_key(entry, base) for entry in entries)
    public = workspace.directory / PUBLIC_FILE
    if public.is_file() and (workspace.directory / PRIVATE_FILE).is_file():
        return PUBLIC_FILE, (_key(PUBLIC_FILE, workspace.directory),)
    return "", ()


def _listed(manifest: Path) -> tuple[list[str], Path]:
    """`security.trusted_keys` as written, and what its paths are relative to."""
    if not manifest.is_file():
        return [], manifest.parent
    document = _parsed(manifest).value
    security = document.get("security") if isinstance(document, dict) else None
    listed = security.get("trusted_keys") if isinstance(security, dict) else None
    entries = [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list) else []
    return entries, manifest.parent


def _inherited(workspace: Workspace) -> tuple[list[str], Path]:
    """The parent's keys: of its file, or, for a parent in a registry, of the version that is locked."""
    reference = parent_reference(_parsed(workspace.manifest_path))
    if not reference:
        return [], workspace.directory
    if reference.startswith(("oci://", "oci-layout:")):
        lock = workspace.store.read_lock()
        return list(lock.trusted_keys) if lock is not None else [], workspace.directory
    path = workspace.directory / reference
    return _listed(path / MANIFEST if path.is_dir() else path)


def _parsed(path: Path) -> Document:
    return parse(decode(read_bounded(path, MAX_BYTES, what=path.name)))


def _key(entry: str, base: Path) -> PublicKey:
    from floe_engine.signing.keys import load_public, read_key_file

    pem = entry.encode() if entry.lstrip().startswith("-----BEGIN") else read_key_file(base / entry)
    return load_public(pem)
