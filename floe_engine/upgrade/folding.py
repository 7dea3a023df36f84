"""One cause, one change: what follows from another change is gathered under it.

A removed layer takes its prefix, its namespace and its threshold with it. Eight findings for one
decision would bury the next decision.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.artifact.shape import Path, Pattern, matches
from floe_engine.upgrade.change import Change

FOLLOWERS: tuple[tuple[Pattern, tuple[Pattern, ...]], ...] = (
    ((MANIFEST, "plugins", "*"), ((MANIFEST, "pluginDetails", "{}"),)),
    ((NAMING_RULES, "pattern"), ((MANIFEST, "architecture", "pattern"),)),
    ((NAMING_RULES, "enforcement"), ((MANIFEST, "architecture", "enforcement"),)),
    (
        (LAYER_CONSTRAINTS, "*"),
        (
            (LAYER_CONSTRAINTS, "*", "may_depend_on", "{}"),
            (NAMING_RULES, "prefixes", "{}"),
            (NAMING_RULES, "morePrefixes", "{}"),
            (NAMING_RULES, "aliases", "{}"),
            (QUALITY_GATES, "layerThresholds", "{}"),
            (NAMESPACES, "layers", "{}"),
            (SCHEMA_REGISTRY, "requiredColumns", "{}"),
            (SCHEMA_REGISTRY, "requireContract", "{}"),
        ),
    ),
    ((CLASSIFICATION, "levels", "*"), ((CLASSIFICATION, "rules", "{}"),)),
    (
        (ACCESS_CONTROL, "roles", "*"),
        (
            (ACCESS_CONTROL, "roleDefinitions", "{}"),
            (ACCESS_CONTROL, "permissions", "{}"),
            (NAMESPACES, "grants", "*", "{}"),
        ),
    ),
    ((NAMESPACES, "namespaces", "*"), ((NAMESPACES, "grants", "{}"),)),
)
"""Leading change → places that say the same thing again; ``{}`` is the name that the leader adds,
removes or renames."""


def fold(found: list[Change]) -> tuple[Change, ...]:
    """Gather what follows from another change under that change."""
    leaders = [
        (index, follower)
        for index, change in enumerate(found)
        for leader, followers in FOLLOWERS
        if matches(leader, change.path)
        for follower in _named(followers, change)
    ]
    if not leaders:
        return tuple(found)
    by_place: dict[tuple[str, str], list[tuple[int, Pattern]]] = {}
    for index, follower in leaders:
        by_place.setdefault((follower[0], follower[1]), []).append((index, follower))
    also: dict[int, list[Path]] = {}
    folded: set[int] = set()
    for position, change in enumerate(found):
        if len(change.path) < 3:
            continue
        candidates = (
            *by_place.get((change.path[0], change.path[1]), ()),
            *by_place.get((change.path[0], "*"), ()),
        )
        for index, follower in candidates:
            if index != position and matches((*follower, "**"), change.path):
                also.setdefault(index, []).append(change.path)
                folded.add(position)
                break
    return tuple(
        replace(change, also=tuple(also.get(position, ())))
        for position, change in enumerate(found)
        if position not in folded
    )


def _named(followers: Iterable[Pattern], change: Change) -> Iterable[Pattern]:
    names = [change.path[-1]]
    if change.kind == "renamed":
        names.append(str(change.new))
    for follower in followers:
        for name in names:
            yield tuple(name if part == "{}" else part for part in follower)
