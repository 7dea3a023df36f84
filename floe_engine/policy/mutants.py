"""Weaker platforms: each is the platform with one demand taken away or made easier.

A mutant is what a careless edit of manifest.yaml would publish. Whether any case notices is asked
in `mutation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from floe_engine.artifact.model import LevelRule, Permission, RuleSetting
from floe_engine.artifact.platform import Platform
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.rule import Family
from floe_engine.policy.rules import RULES
from floe_engine.policy.suite_quality import RULE_OF_TEST


@dataclass(frozen=True)
class Mutant:
    """A weaker platform: which rule it weakens, and how, in the words of a change."""

    rule: str
    change: str
    platform: Platform


def mutants(platform: Platform) -> Iterator[Mutant]:
    """Every way in which one demand of the platform can be weakened, rule by rule."""
    for rule in RULES:
        level = enforcement_of(rule, platform)
        if rule.family is Family.WAIVERS or level == "off" or not rule.active(platform):
            continue
        yield _ruled(platform, rule.id, "off", f"{rule.id} is switched off")
        if level == "strict":
            yield _ruled(platform, rule.id, "warn", f"{rule.id} only warns")
    biting = {rule.id for rule in RULES if rule.active(platform) and enforcement_of(rule, platform) != "off"}
    for weaken in (_naming, _layers, _coverage, _levels, _access, _schemas):
        # What nobody enforces cannot be weakened.
        yield from (mutant for mutant in weaken(platform) if mutant.rule in biting)


def _ruled(platform: Platform, rule: str, enforcement: Any, change: str) -> Mutant:
    setting = platform.gates.rules.get(rule, RuleSetting())
    rules = {**platform.gates.rules, rule: structs.replace(setting, enforcement=enforcement)}
    return Mutant(rule, change, _gates(platform, rules=rules))


def _gates(platform: Platform, **update: Any) -> Platform:
    return replace(platform, gates=structs.replace(platform.gates, **update))


def _classified(platform: Platform, **update: Any) -> Platform:
    return replace(platform, classification=structs.replace(platform.classification, **update))


def _naming(platform: Platform) -> Iterator[Mutant]:
    naming = platform.naming
    for layer in naming.prefixes:
        prefixes = {**naming.prefixes, layer: ""}
        weaker = structs.replace(naming, prefixes=prefixes, more_prefixes={})
        yield Mutant("FLOE-E201", f"layer {layer} has no prefix", replace(platform, naming=weaker))
    if naming.prefixes and naming.name_pattern != ".*":
        weaker = structs.replace(naming, name_pattern=".*")
        yield Mutant("FLOE-E202", "any spelling is taken", replace(platform, naming=weaker))
    if naming.custom_patterns:
        weaker = structs.replace(naming, custom_patterns=(*naming.custom_patterns, ".*"))
        yield Mutant("FLOE-E203", "any name is taken", replace(platform, naming=weaker))


def _layers(platform: Platform) -> Iterator[Mutant]:
    for layer, constraint in platform.layers.items():
        for test in constraint.required_tests:
            if test in platform.gates.required_tests:
                continue
            left = tuple(name for name in constraint.required_tests if name != test)
            weaker = structs.replace(constraint, required_tests=left)
            yield Mutant(
                RULE_OF_TEST.get(test, "FLOE-E237"),
                f"layer {layer} does not require {test}",
                replace(platform, layers={**platform.layers, layer: weaker}),
            )
        if constraint.may_depend_on is not None:
            for other in ("source", *platform.layers):
                if other not in constraint.may_depend_on:
                    allowed = (*constraint.may_depend_on, other)
                    weaker = structs.replace(constraint, may_depend_on=allowed)
                    yield Mutant(
                        "FLOE-E205",
                        f"layer {layer} may select from {other}",
                        replace(platform, layers={**platform.layers, layer: weaker}),
                    )
    for test in platform.gates.required_tests:
        left = tuple(name for name in platform.gates.required_tests if name != test)
        yield Mutant(
            RULE_OF_TEST.get(test, "FLOE-E237"),
            f"{test} is not required of every model",
            _gates(platform, required_tests=left),
        )


def _coverage(platform: Platform) -> Iterator[Mutant]:
    gates = platform.gates
    rule = {"model": "FLOE-E210", "layer": "FLOE-E211", "project": "FLOE-E212"}[gates.coverage.scope]
    if gates.coverage.scope == "model" and gates.coverage.metric != "columns":
        # A single model has all or nothing: any minimum above nothing is the same.
        return
    if gates.minimum_test_coverage > 0:
        less = gates.minimum_test_coverage - 1
        yield Mutant(rule, f"the minimum coverage is {less}%", _gates(platform, minimum_test_coverage=less))
    for layer, constraint in platform.layers.items():
        least = constraint.minimum_test_coverage
        if least and gates.coverage.scope != "project":
            weaker = structs.replace(constraint, minimum_test_coverage=least - 1)
            yield Mutant(
                rule,
                f"the minimum coverage of layer {layer} is {least - 1}%",
                replace(platform, layers={**platform.layers, layer: weaker}),
            )


def _levels(platform: Platform) -> Iterator[Mutant]:
    policy = platform.classification
    for level, rule in policy.rules.items():
        for field, nothing, rule_id, change in (
            ("minimum_test_coverage", None, "FLOE-E213", "has no minimum coverage of its own"),
            ("forbidden_layers", (), "FLOE-E243", "is forbidden in no layer"),
            ("requires_meta", (), "FLOE-E244", "requires no meta"),
            ("allowed_roles", None, "FLOE-E261", "may be granted to any role"),
        ):
            if getattr(rule, field) not in (None, ()):
                weaker = structs.replace(rule, **{field: nothing})
                yield _level(platform, level, weaker, rule_id, f"{level} {change}")
        if rule.allowed_access is not None and "public" not in rule.allowed_access:
            weaker = structs.replace(rule, allowed_access=(*rule.allowed_access, "public"))
            yield _level(platform, level, weaker, "FLOE-E262", f"{level} may be public")
    for place, entry in enumerate(policy.name_patterns):
        left = policy.name_patterns[:place] + policy.name_patterns[place + 1 :]
        yield Mutant(
            "FLOE-E242",
            f"no column looks like {entry.level} by {entry.pattern}",
            _classified(platform, name_patterns=left),
        )
    mode = policy.propagation.mode
    if mode != "off":
        rule_id = {"model": "FLOE-E250", "name": "FLOE-E251", "column": "FLOE-E252"}[mode]
        weaker_flow = structs.replace(policy.propagation, mode="off")
        yield Mutant(rule_id, "no level follows its data", _classified(platform, propagation=weaker_flow))


def _level(platform: Platform, level: str, weaker: LevelRule, rule: str, change: str) -> Mutant:
    rules = {**platform.classification.rules, level: weaker}
    return Mutant(rule, change, _classified(platform, rules=rules))


def _access(platform: Platform) -> Iterator[Mutant]:
    access = platform.access
    if access.default == "deny":
        weaker = structs.replace(access, default="allow")
        yield Mutant("FLOE-E260", "what no permission names is allowed", replace(platform, access=weaker))
    everything = Permission(access="ADMIN")
    for role in access.roles:
        if everything not in access.permissions.get(role, ()) and not _administers(platform, role):
            permissions = {**access.permissions, role: (*access.permissions.get(role, ()), everything)}
            weaker = structs.replace(access, permissions=permissions)
            yield Mutant("FLOE-E260", f"{role} may do anything anywhere", replace(platform, access=weaker))


def _administers(platform: Platform, role: str) -> bool:
    """Whether a role may do anything in every namespace already, so that nothing could be added."""
    places = set(platform.namespaces.namespaces)
    held = {
        place
        for permission in platform.access.permissions.get(role, ())
        if permission.access == "ADMIN"
        for place in permission.namespaces or places
    }
    return places <= held


def _schemas(platform: Platform) -> Iterator[Mutant]:
    schemas = platform.schemas
    for layer, columns in schemas.required_columns.items():
        for column in columns:
            left = tuple(other for other in columns if other != column)
            weaker = structs.replace(schemas, required_columns={**schemas.required_columns, layer: left})
            yield Mutant(
                "FLOE-E272",
                f"layer {layer} does not require {column.name}",
                replace(platform, schemas=weaker),
            )
    for name in schemas.reserved_columns:
        left_names = tuple(other for other in schemas.reserved_columns if other != name)
        weaker = structs.replace(schemas, reserved_columns=left_names)
        yield Mutant("FLOE-E271", f"column {name} is not reserved", replace(platform, schemas=weaker))
    for place, custom in enumerate(platform.gates.custom_rules):
        left_rules = platform.gates.custom_rules[:place] + platform.gates.custom_rules[place + 1 :]
        rule = {
            "require_tags_for_prefix": "FLOE-E280",
            "require_meta_field": "FLOE-E281",
            "require_tests_of_type": "FLOE-E282",
        }[custom.type]
        yield Mutant(
            rule, f"custom rule {custom.id or custom.type} is gone", _gates(platform, custom_rules=left_rules)
        )
