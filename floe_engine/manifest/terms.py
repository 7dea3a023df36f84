"""The words that manifest.yaml and the compiled artifact share. Types and constants only.

Apart from `base`, because whoever reads an artifact needs these words and none of pydantic.
"""

from __future__ import annotations

from typing import Literal

API_VERSION = "floe.dev/v1"

SEMVER = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?$"
)
"""Semver 2.0.0 without build metadata: an OCI tag cannot spell ``+``."""

Enforcement = Literal["off", "warn", "strict"]
"""How a rule bites: not at all, as a warning, as an error."""

Access = Literal["READ", "WRITE", "READ_WRITE", "ADMIN"]
"""What a role may do with the tables of a namespace."""

Scope = Literal["enterprise", "domain"]
"""Where a platform stands in a three-tier house; absent in a two-tier one."""

Pattern = Literal["medallion", "kimball", "data_vault", "custom"]
"""The data architecture whose layers are the default."""
