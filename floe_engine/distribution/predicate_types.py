"""The predicate types of attestations, and their short names: what reading them needs, and no more."""

from __future__ import annotations

from collections.abc import Mapping

from floe_engine.signing.attestation import SHORT_TYPES

VERSION_GUARD = "https://floe.dev/attestation/version-guard/v1"

OUR_TYPES: Mapping[str, str] = {"version-guard": VERSION_GUARD}
"""Short names of predicate types that floe defines, for ``--require-attestation``."""


def short_name(predicate_type: str) -> str:
    """The short name of a predicate type, or the URI itself where it has none."""
    names = {uri: name for name, uri in {**SHORT_TYPES, **OUR_TYPES}.items()}
    return names.get(predicate_type, predicate_type)
