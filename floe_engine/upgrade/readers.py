"""Which policy rules a change can reach, worked out from what each rule says it reads.

Also whom a change reaches that cannot be seen: the platforms below an enterprise platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from floe_engine.artifact.paths import CLASSIFICATION, NAMING_RULES, QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.shape import Path, matches
from floe_engine.manifest.terms import STRICTNESS, Enforcement, Governor, governor_of
from floe_engine.policy.all_rules import every_rule, rule_by_id
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.reads import touches
from floe_engine.upgrade.change import Change

_SWITCHES: Mapping[Path, Governor] = {
    (NAMING_RULES, "enforcement"): "naming",
    (CLASSIFICATION, "propagation", "enforcement"): "propagation",
    (QUALITY_GATES, "block_on_failure"): "gates",
}
"""Places that decide how a group of policy rules bites."""

_OVER_ALL = (
    (QUALITY_GATES, "enforcement"),
    (QUALITY_GATES, "waivers", "**"),
    (QUALITY_GATES, "waiverPolicy", "**"),
)
"""Places that decide how every policy rule bites, or whom it spares."""


def readers(change: Change) -> frozenset[str]:
    """IDs of the policy rules whose findings a change can alter."""
    return frozenset[str]().union(*(_readers(path) for path in (change.path, *change.also)))


def over_all(path: Path) -> bool:
    """Whether a place concerns every policy rule alike."""
    return any(matches(pattern, path) for pattern in _OVER_ALL)


@lru_cache(maxsize=4096)
def _readers(path: Path) -> frozenset[str]:
    if over_all(path):
        return frozenset(rule.id for rule in every_rule())
    found = {rule.id for rule in every_rule() if any(touches(path, read) for read in rule.reads)}
    if path in _SWITCHES:
        found |= {rule.id for rule in every_rule() if governor_of(rule.id) == _SWITCHES[path]}
    if path[:2] == (QUALITY_GATES, "rules") and len(path) > 2:
        found.add(path[2])
    return frozenset(found)


def strictest(rule_ids: frozenset[str], platform: Platform) -> Enforcement:
    """How the strictest of some policy rules bites on a platform; off where it asks for none of them."""
    return max((bite(rule_id, platform) for rule_id in rule_ids), key=STRICTNESS.index, default="off")


def bite(rule_id: str, platform: Platform) -> Enforcement:
    """How a policy rule bites on a platform; one that this floe does not know is taken to stop builds.

    A rule of which the platform asks nothing never bites, nor does one that only informs.
    """
    rule = rule_by_id(rule_id)
    return "off" if rule is not None and not rule.active(platform) else enforced(rule_id, platform)


def enforced(rule_id: str, platform: Platform) -> Enforcement:
    """How a policy rule is set to bite, whether or not the platform asks anything of it."""
    rule = rule_by_id(rule_id)
    if rule is None:
        return "strict"
    return "off" if rule.advisory else enforcement_of(rule, platform)
