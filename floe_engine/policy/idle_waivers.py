"""Waivers of a platform that excuse nothing: the rules that they name are off, unknown, or not asked."""

from __future__ import annotations

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.rules.waivers import Waivers


def covers_nothing(waiver: Waiver, platform: Platform) -> str:
    """Why a waiver can excuse nothing in any project of a platform; empty where it can."""
    reasons = []
    for name in waiver.rules:
        rule = rule_by_id(name)
        if rule is None:
            reasons.append(f"there is no rule {name}")
        elif not rule.active(platform):
            reasons.append(f"the platform asks nothing of {rule.id}")
        elif enforcement_of(rule, platform) == "off":
            reasons.append(f"{rule.id} is off")
        else:
            return ""
    return ", ".join(reasons)


def note_on_idle(waivers: Waivers) -> str:
    """A line on the platform's waivers that hold no longer, or cover nothing under this platform."""
    platform = waivers.platform
    told = (
        (entry.waiver, entry.why or covers_nothing(entry.waiver, platform))
        for entry in waivers.entries
        if entry.origin == "platform"
    )
    gone = [(waiver, why) for waiver, why in told if why]
    if not gone:
        return ""
    named = ", ".join(f"{waiver.id} ({why})" for waiver, why in gone[:3])
    more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
    return f"{platform.name} has waivers that excuse nothing now: {named}{more}"
