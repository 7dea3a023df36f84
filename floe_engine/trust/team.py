"""Who a platform team's own directory says may sign its own platform."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from floe_engine.document.document import parse
from floe_engine.document.text import read_text
from floe_engine.files import stands
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.manifest.parent import parent_reference
from floe_engine.signing.verdict import Identity

if TYPE_CHECKING:
    from floe_engine.signing.keys import PublicKey
    from floe_engine.workspace import Workspace

MANIFEST = "manifest.yaml"
PRIVATE_FILE = "cosign.key"
PUBLIC_FILE = "cosign.pub"


class OwnSigners(Struct, frozen=True):
    """Whom a platform team trusts to sign its platform, and which file says so."""

    source: str = ""
    keys: tuple[PublicKey, ...] = ()
    identities: tuple[Identity, ...] = ()
    revoked: frozenset[str] = frozenset()
    """Fingerprints."""


def own_signers(workspace: Workspace) -> OwnSigners:
    """The signers that manifest.yaml lists, its own or its parent's; else the key pair that lies here.

    A ``cosign.pub`` by itself is nobody's word: it comes with any clone.
    """
    section, base = _section(workspace.manifest_path), workspace.directory
    listed = _texts(section, "trusted_keys"), _identities(section)
    if not any(listed) and stands(workspace.manifest_path):
        listed, base = _inherited(workspace)
    revoked = frozenset(parse_fingerprint(key, where=MANIFEST) for key in _texts(section, "revoked_keys"))
    if any(listed):
        keys = tuple(_key(entry, base) for entry in listed[0])
        return OwnSigners(MANIFEST, keys, listed[1], revoked)
    public = workspace.directory / PUBLIC_FILE
    if public.is_file() and (workspace.directory / PRIVATE_FILE).is_file():
        return OwnSigners(PUBLIC_FILE, (_key(PUBLIC_FILE, workspace.directory),), (), revoked)
    return OwnSigners(revoked=revoked)


_Listed = tuple[list[str], tuple[Identity, ...]]
"""Keys as written, and identities."""


def _section(manifest: Path) -> Mapping[str, Any]:
    """`security` of a manifest as written; empty where there is none."""
    section = parse(read_text(manifest)).find(("security",)) if manifest.is_file() else None
    return section.value if section is not None and isinstance(section.value, dict) else {}


def _texts(section: Mapping[str, Any], name: str) -> list[str]:
    listed = section.get(name)
    return [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list) else []


def _identities(section: Mapping[str, Any]) -> tuple[Identity, ...]:
    listed = section.get("trusted_identities")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple(Identity(str(e.get("identity") or ""), str(e.get("issuer") or "")) for e in entries)


def _inherited(workspace: Workspace) -> tuple[_Listed, Path]:
    """The parent's signers: of its file, or, for a parent in a registry, of the version that is locked."""
    document = parse(read_text(workspace.manifest_path))
    reference = parent_reference(document)
    if not reference:
        return ([], ()), workspace.directory
    if reference.startswith(("oci://", "oci-layout:")):
        lock = workspace.store.read_lock()
        if lock is None:
            return ([], ()), workspace.directory
        who = tuple(Identity(entry.identity, entry.issuer) for entry in lock.trusted_identities)
        return (list(lock.trusted_keys), who), workspace.directory
    path = workspace.directory / reference
    path = path / MANIFEST if path.is_dir() else path
    above = _section(path)
    delegated = above.get("delegated_keys")
    name = document.find(("metadata", "name"))
    keys = _texts(delegated, str(name.value)) if isinstance(delegated, dict) and name is not None else []
    return ([*_texts(above, "trusted_keys"), *keys], _identities(above)), path.parent


def _key(entry: str, base: Path) -> PublicKey:
    from floe_engine.signing.keys import key_text, load_public

    return load_public(key_text(entry, base))
