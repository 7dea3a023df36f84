"""Who may sign a platform that has a parent: a part of whom the parent trusts, and nobody else.

The parent may delegate: keys that may sign the platform of one domain, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from floe_engine.errors import ConfigurationError
from floe_engine.fingerprint import fingerprint_of_pem, parse_fingerprint
from floe_engine.manifest.reading import plain
from floe_engine.manifest.root import Manifest, Security


def revoked(*sections: Security) -> frozenset[str]:
    """Fingerprints that any of the sections revokes; what is no fingerprint is told elsewhere."""
    found = set()
    for section in sections:
        for entry in section.revoked_keys:
            try:
                found.add(parse_fingerprint(entry))
            except ConfigurationError:
                continue
    return frozenset(found)


def signers_below(
    child: Manifest, parent: Manifest, key_text: Callable[[str], str]
) -> tuple[dict[str, list[Any]], list[tuple[str, int]]]:
    """The signers in effect by setting, and where `child` names one whom `parent` does not trust.

    Nothing is in effect where the parent names nobody: the child chooses freely then. A key that
    either revokes is left out without a word, so that a revocation breaks no platform below.
    `key_text` gives the PEM of an entry of the child's lists.
    """
    above, own = parent.security, child.security
    dead = revoked(above, own)
    keys = [*above.trusted_keys, *above.delegated_keys.get(child.metadata.name, ())]
    if not (keys or above.trusted_identities):
        return {}, []
    known = {"".join(pem.split()) for pem in keys}
    foreign: list[tuple[str, int]] = []
    listed: list[str] = []
    for number, key in enumerate(own.trusted_keys):
        pem = key_text(key)
        if "".join(pem.split()) in known:
            listed.append(key)
        elif fingerprint_of_pem(pem) not in dead:
            foreign.append(("trusted_keys", number))
    identities = list(above.trusted_identities)
    written = child.written.get("security", {})
    if "trusted_identities" in written:
        foreign += (
            ("trusted_identities", number)
            for number, who in enumerate(own.trusted_identities)
            if who not in identities
        )
        identities = [who for who in identities if who in own.trusted_identities]
    if "trusted_keys" not in written:
        listed = keys
    if not (listed or identities):  # an empty list would open to everybody what the parent closed
        listed, identities = keys, list(above.trusted_identities)
    alive = [key for key in listed if fingerprint_of_pem(key_text(key)) not in dead]
    signers: dict[str, list[Any]] = {"trusted_keys": alive if alive or identities else listed}
    if above.trusted_identities or own.trusted_identities:
        signers["trusted_identities"] = plain(identities)
    return signers, foreign
