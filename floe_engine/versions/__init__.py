"""Versions of a platform, and constraints that choose one of its tags.

Nothing here knows a registry, a file or an artifact.
"""

from floe_engine.versions.comparator import Comparator, Precision
from floe_engine.versions.constraint import Constraint, Resolution
from floe_engine.versions.version import (
    LEVELS,
    MAX_TAG,
    Level,
    Version,
    VersionStep,
    newest_first,
    previous_version,
)

__all__ = [
    "LEVELS",
    "MAX_TAG",
    "Comparator",
    "Constraint",
    "Level",
    "Precision",
    "Resolution",
    "Version",
    "VersionStep",
    "newest_first",
    "previous_version",
]
