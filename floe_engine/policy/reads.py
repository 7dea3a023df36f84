"""What policy rules read of a platform, by place, so that a change's readers are known and not kept by hand.

A rule names its places in `Rule.reads`; a recording platform proves them in the tests.
"""

from __future__ import annotations

from floe_engine.artifact.paths import (
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    NAMING_RULES,
    QUALITY_GATES,
)

Place = tuple[str, ...]
"""A file and keys below it: all that stands there. A final ``*`` means which names there are, and no
more; any other ``*`` stands for any name."""

PLACEMENT: tuple[Place, ...] = (
    (NAMING_RULES, "prefixes"),
    (NAMING_RULES, "morePrefixes"),
    (NAMING_RULES, "aliases"),
    (LAYER_CONSTRAINTS, "*"),
)
"""Which layer a model belongs to."""

SENSITIVITY: tuple[Place, ...] = (
    (CLASSIFICATION, "levels"),
    (CLASSIFICATION, "default"),
    (CLASSIFICATION, "metaKeys"),
)
"""Which level of sensitivity something has."""

REQUIRED_TESTS: tuple[Place, ...] = (
    *PLACEMENT,
    *SENSITIVITY,
    (QUALITY_GATES, "required_tests"),
    (LAYER_CONSTRAINTS, "*", "required_tests"),
    (CLASSIFICATION, "rules", "*", "required_tests"),
)
"""Which tests a model must have."""

COUNTING: tuple[Place, ...] = (
    (QUALITY_GATES, "coverage", "metric"),
    (QUALITY_GATES, "coverage", "countWarnSeverity"),
    (QUALITY_GATES, "coverage", "zeroColumns"),
)
"""What counts as tested."""

CUSTOM_RULES: tuple[Place, ...] = ((QUALITY_GATES, "customRules"),)

WAIVERS: tuple[Place, ...] = (
    (QUALITY_GATES, "waivers"),
    (QUALITY_GATES, "waiverPolicy"),
    (QUALITY_GATES, "rules", "*", "overridable"),
)


def touches(path: Place, read: Place) -> bool:
    """Whether a change at `path` changes what stands at `read`."""
    if any(key != part and "*" not in (key, part) for key, part in zip(path, read, strict=False)):
        return False
    return len(path) <= len(read) or read[-1] != "*"
