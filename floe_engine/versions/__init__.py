"""Versions of a platform, and constraints that choose one of its tags.

Nothing here knows a registry, a file or an artifact.
"""

from floe_engine.versions.comparator import Comparator, Precision
from floe_engine.versions.constraint import Constraint, Resolution
from floe_engine.versions.version import LEVELS, MAX_TAG, Level, Step, Version, newest_first, previous_version

__all__ = [
    "LEVELS",
    "MAX_TAG",
    "Comparator",
    "Constraint",
    "Level",
    "Precision",
    "Resolution",
    "Step",
    "Version",
    "newest_first",
    "previous_version",
]
