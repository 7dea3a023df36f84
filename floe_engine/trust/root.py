"""Which Sigstore certifies the identities that a reader trusts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floe_engine.signing.keyless import TrustRoot
    from floe_engine.workspace import Workspace


def trust_root(workspace: Workspace) -> TrustRoot | None:
    """The Sigstore that the user's settings name (FLOE_TRUST_ROOT, `trust_root`); None: the public one."""
    path = workspace.environ.get("FLOE_TRUST_ROOT") or workspace.settings.trust_root
    if not path:
        return None
    from floe_engine.signing.keyless import TrustRoot

    config = workspace.environ.get("FLOE_SIGNING_CONFIG")
    return TrustRoot.read(Path(path), Path(config) if config else None)
