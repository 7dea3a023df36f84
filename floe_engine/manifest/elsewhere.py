"""Keys that other manifests of this apiVersion have, and what becomes of them here.

Manifests written for a whole platform's runtime also say how it is watched, kept and run. None of
that judges a dbt project, so none of it is in the artifact; who brings such a file is told so, and
not offered a key that merely looks alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RUNTIME: Mapping[str, str] = MappingProxyType(
    {
        "observability": "how the runtime is watched",
        "tracing": "how the runtime is watched",
        "logging": "how the runtime is watched",
        "lineage": "where the runtime sends lineage events",
        "audit_logging": "what the runtime writes down",
        "data_retention_days": "how long the runtime keeps data",
        "retention": "how long the runtime keeps data",
        "default_ttl_hours": "how long the runtime keeps data",
        "snapshot_keep_last": "how the runtime keeps tables",
        "stale_table_recovery_mode": "how the runtime keeps tables",
        "resource_presets": "what the runtime's jobs may use",
        "approved_sinks": "where the runtime may write to",
        "pii_encryption": "how the runtime stores sensitive columns",
        "network_policies": "how the runtime's services reach each other",
        "secrets": "where the runtime's secrets are kept",
    }
)
"""Key to what it is about."""

MOVED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "naming_enforcement": ("data_architecture", "naming", "enforcement"),
        "naming_pattern": ("data_architecture", "naming", "name_pattern"),
        "test_coverage": ("governance", "quality_gates", "minimum_test_coverage"),
        "data_classification": ("governance", "classification"),
    }
)
"""Key to where its like is written here."""
