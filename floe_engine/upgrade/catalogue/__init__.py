"""The catalogue of upgrade rules, one file a part of the platform. A new rule is one row.

Order counts within a file: the first row that fits a change judges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from floe_engine.upgrade.rule import Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are tried."""
    from floe_engine.upgrade.catalogue import (
        access,
        architecture,
        classification,
        exceptions,
        identity,
        plugins,
        quality,
        schemas,
    )

    return (
        *plugins.RULES,
        *architecture.RULES,
        *quality.RULES,
        *exceptions.RULES,
        *classification.RULES,
        *access.RULES,
        *schemas.RULES,
        *identity.RULES,
    )


@cache
def by_id() -> Mapping[str, Rule]:
    """Rule ID to rule."""
    return {rule.id: rule for rule in rules()}
