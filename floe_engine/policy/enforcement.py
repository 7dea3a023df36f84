"""How hard a rule bites: from the platform's settings to the severity of a finding."""

from __future__ import annotations

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.finding import FindingSeverity, Result
from floe_engine.policy.rule import Family, Rule

_STRENGTH: dict[Enforcement, int] = {"off": 0, "warn": 1, "strict": 2}


def enforcement_of(rule: Rule, platform: Platform, what_if: Enforcement | None = None) -> Enforcement:
    """How a rule is enforced: its own setting, else its section's, under the platform's cap.

    `what_if` takes the place of section and cap; a rule that the platform switches off by its ID
    stays off, because no tightening of the platform's level would bring it back.
    """
    setting = platform.gates.rules.get(rule.id)
    own = setting.enforcement if setting is not None else None
    if what_if is not None and rule.family is not Family.WAIVERS:
        return "off" if own == "off" else what_if
    level = own or rule.enforcement(platform)
    return min(level, platform.gates.enforcement, key=_STRENGTH.__getitem__)


def severity_of(rule: Rule, enforcement: Enforcement) -> FindingSeverity:
    """What an enforcement (``warn`` or ``strict``) makes of a rule's findings."""
    if rule.advisory:
        return "info"
    return "error" if enforcement == "strict" else "warning"


def said_of(
    rule: Rule, platform: Platform, passes: bool | None, severity: FindingSeverity = "error"
) -> Result:
    """What a platform says of a resource that a rule passes, or not; None: that the rule is not asked of.

    `severity` is the most that enforcement may make of it.
    """
    enforcement = enforcement_of(rule, platform)
    if passes is None or enforcement == "off" or not rule.active(platform):
        return "skip"
    if passes:
        return "pass"
    return "fail" if severity == "error" == severity_of(rule, enforcement) else "warn"


def overridable(rule_id: str, platform: Platform) -> bool:
    """Whether a waiver below the platform may touch a rule."""
    setting = platform.gates.rules.get(rule_id)
    return setting is None or setting.overridable
